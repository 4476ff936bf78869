"""Histories are read whichever tool wrote them."""

from __future__ import annotations

import json
from typing import Any

import pytest
import temporalio.client
from temporalio.api.enums.v1 import EventType, RetryState, TaskQueueKind, TimeoutType
from temporalio.api.history.v1 import HistoryEvent

from mainspring.client import WorkflowHistory

SHORT: Any = {
    "events": [
        {
            "eventId": "1",
            "eventType": "WorkflowExecutionStarted",
            "workflowExecutionStartedEventAttributes": {
                "originalExecutionRunId": "r",
                "taskQueue": {"name": "q", "kind": "Normal"},
                "initiator": "Retry",
                "continuedFailure": {
                    "message": "outer",
                    "cause": {"message": "inner", "timeoutFailureInfo": {"timeoutType": "StartToClose"}},
                },
            },
        },
        {
            "eventId": "2",
            "eventType": "EVENT_TYPE_ACTIVITY_TASK_FAILED",
            "activityTaskFailedEventAttributes": {
                "retryState": "MaximumAttemptsReached",
                "failure": {"activityFailureInfo": {"retryState": "InProgress"}},
            },
        },
    ],
    "newerFieldThatNobodyKnows": 1,
}


@pytest.mark.parametrize("text", [SHORT, json.dumps(SHORT)])
def test_short_names_of_enums_are_understood(text: Any) -> None:
    first, second = WorkflowHistory.from_json("w", text).events
    started = first.workflow_execution_started_event_attributes
    assert first.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED
    assert started.task_queue.kind == TaskQueueKind.TASK_QUEUE_KIND_NORMAL
    inner = started.continued_failure.cause.timeout_failure_info
    assert inner.timeout_type == TimeoutType.TIMEOUT_TYPE_START_TO_CLOSE
    failed = second.activity_task_failed_event_attributes
    assert failed.retry_state == RetryState.RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED
    assert failed.failure.activity_failure_info.retry_state == RetryState.RETRY_STATE_IN_PROGRESS


def test_the_official_sdk_understands_the_same() -> None:
    ours = WorkflowHistory.from_json("w", SHORT)
    theirs = temporalio.client.WorkflowHistory.from_json("w", SHORT)
    assert list(ours.events) == list(theirs.events)
    assert ours.to_json() == theirs.to_json()
    assert ours.to_json_dict() == theirs.to_json_dict()


def test_an_object_that_is_read_stays_as_it_was() -> None:
    before = json.dumps(SHORT)
    WorkflowHistory.from_json("w", SHORT)
    assert json.dumps(SHORT) == before


def test_what_was_written_is_read_again() -> None:
    history = WorkflowHistory.from_json("w", SHORT)
    assert WorkflowHistory.from_json("w", history.to_json()) == history
    assert history.run_id == "r"


@pytest.mark.parametrize(
    "text, message",
    [
        ("[]", "JSON history not a dictionary"),
        ("{}", "History does not have iterable 'events'"),
        ('{"events": ["x"]}', "Event not a dictionary"),
    ],
)
def test_what_is_no_history_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        WorkflowHistory.from_json("w", text)


@pytest.mark.parametrize(
    "events, message", [([], "No events"), ([HistoryEvent()], "First event is not workflow start")]
)
def test_a_run_id_needs_a_first_event(events: list[HistoryEvent], message: str) -> None:
    with pytest.raises(RuntimeError, match=message):
        _ = WorkflowHistory("w", events).run_id
