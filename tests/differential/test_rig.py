"""The rig itself: equal behaviour has equal normal forms, a difference shows in the diff, a meant one does not."""

from __future__ import annotations

import uuid

import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.enums.v1 import EventType
from temporalio.api.errordetails.v1 import NotFoundFailure
from temporalio.api.history.v1 import (
    History,
    HistoryEvent,
    WorkflowExecutionSignaledEventAttributes,
    WorkflowTaskStartedEventAttributes,
)
from temporalio.api.workflowservice import v1 as api

from tests.differential import rig
from tests.differential.commands import payloads
from tests.differential.differences import Difference
from tests.differential.normal_form import normal_form
from tests.differential.servers import Pair
from tests.differential.transcript import Refused, Transcript


def a_transcript(run_id: str, *, seconds: int, signal_name: str = "go") -> Transcript:
    transcript = Transcript()
    transcript.begin("StartWorkflowExecution", "w").outcome = api.StartWorkflowExecutionResponse(run_id=run_id)
    signaled = HistoryEvent(
        event_id=1,
        event_type=EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED,
        event_time=Timestamp(seconds=seconds),
        task_id=seconds,
        workflow_execution_signaled_event_attributes=WorkflowExecutionSignaledEventAttributes(
            signal_name=signal_name, input=payloads("x")
        ),
    )
    started = HistoryEvent(
        event_id=2,
        event_type=EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED,
        workflow_task_started_event_attributes=WorkflowTaskStartedEventAttributes(request_id=run_id),
    )
    reply = api.GetWorkflowExecutionHistoryResponse(history=History(events=[signaled, started]))
    for _ in range(2):
        transcript.begin("GetWorkflowExecutionHistory", "w").outcome = reply
    detail = AnyMessage()
    detail.Pack(NotFoundFailure(current_cluster="here"))
    transcript.begin("DescribeWorkflowExecution", "w").outcome = Refused("NOT_FOUND", f"no run {run_id}", [detail])
    return transcript


A_PAIR = Pair(scenario="signals::one", namespace="n", specification="", candidate="", candidate_is_mainspring=True)


def test_the_normal_form_keeps_structure_and_renames_ids() -> None:
    assert normal_form(a_transcript(str(uuid.uuid4()), seconds=5)) == [
        'StartWorkflowExecution w -> {run_id="<id0>"}',
        "GetWorkflowExecutionHistory w -> {history=2 events}",
        '  1 WORKFLOW_EXECUTION_SIGNALED {signal_name="go" input={payloads=[<json/plain:""x"">]}}',
        '  2 WORKFLOW_TASK_STARTED {request_id="<id0>"} WITHOUT A TIME',
        "GetWorkflowExecutionHistory w -> {history=2 events}",
        "  1..2 as before",
        'DescribeWorkflowExecution w -> NOT_FOUND "no run <id0>" NotFoundFailure{current_cluster="here"}',
    ]


def test_runs_that_differ_in_ids_and_times_only_are_equal() -> None:
    one = normal_form(a_transcript(str(uuid.uuid4()), seconds=5))
    other = normal_form(a_transcript(str(uuid.uuid4()), seconds=6))
    rig.compare(A_PAIR, one, other)


def test_a_difference_shows_as_a_diff_of_one_line() -> None:
    one = normal_form(a_transcript(str(uuid.uuid4()), seconds=5))
    other = normal_form(a_transcript(str(uuid.uuid4()), seconds=5, signal_name="stop"))
    with pytest.raises(pytest.fail.Exception) as raised:
        rig.compare(A_PAIR, one, other)
    changed = [line for line in str(raised.value).splitlines() if line.startswith(("-  ", "+  "))]
    assert [line.split()[:3] for line in changed] == [
        ["-", "1", "WORKFLOW_EXECUTION_SIGNALED"],
        ["+", "1", "WORKFLOW_EXECUTION_SIGNALED"],
    ]


def test_a_scenario_that_stops_on_the_real_server_fails() -> None:
    lines = [f"# {rig.STOPPED} NoTaskError: no workflow task came"]
    with pytest.raises(pytest.fail.Exception, match="on the real server"):
        rig.compare(A_PAIR, lines, lines)


def test_a_meant_difference_counts_only_where_it_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    one = normal_form(a_transcript(str(uuid.uuid4()), seconds=5))
    other = normal_form(a_transcript(str(uuid.uuid4()), seconds=5, signal_name="stop"))
    meant = Difference(scenarios="signals::*", pattern=r'signal_name="\w+"', reason="a test")
    monkeypatch.setattr(rig, "MEANT", [meant])
    rig.compare(A_PAIR, one, other)
    elsewhere = Pair(
        scenario="timers::one", namespace="n", specification="", candidate="", candidate_is_mainspring=True
    )
    with pytest.raises(pytest.fail.Exception):
        rig.compare(elsewhere, one, other)


def test_a_deadline_is_one_whoever_notices_it_first() -> None:
    cut_off = Refused("CANCELLED", "Stream removed (RST_STREAM (Received RST_STREAM with error code 8))", [])
    lines: list[str] = []
    for outcome in (Refused("DEADLINE_EXCEEDED", "Deadline Exceeded", []), cut_off):
        transcript = Transcript()
        transcript.begin("QueryWorkflow", "w").outcome = outcome
        lines.extend(normal_form(transcript))
    assert lines == ["QueryWorkflow w -> DEADLINE_EXCEEDED"] * 2


def test_of_a_long_text_its_length_and_a_checksum_are_compared() -> None:
    def line(text: str) -> str:
        transcript = Transcript()
        transcript.begin("StartWorkflowExecution", "w").outcome = Refused("INTERNAL", text, [])
        (made,) = normal_form(transcript)
        return made

    long = "x" * 100_000
    assert len(line(long)) < 200
    assert line(long) == line(long)
    assert len({line(long), line(long + "x"), line(long[:-1] + "y")}) == 3
