"""Signals and cancel requests to other runs: what the sender writes down when one goes out, and how it went."""

from __future__ import annotations

import pytest
from google.protobuf.json_format import MessageToDict
from temporalio.api.command.v1 import Command
from temporalio.api.command.v1 import RequestCancelExternalWorkflowExecutionCommandAttributes as Cancel
from temporalio.api.command.v1 import SignalExternalWorkflowExecutionCommandAttributes as Signal
from temporalio.api.common.v1 import Header, WorkflowExecution
from temporalio.api.enums.v1 import CancelExternalWorkflowExecutionFailedCause as CancelCause
from temporalio.api.enums.v1 import SignalExternalWorkflowExecutionFailedCause as SignalCause
from temporalio.api.history.v1 import HistoryEvent

from mainspring.server.engine import external
from mainspring.server.engine.changes import EffectKind
from mainspring.server.engine.errors import (
    InvalidArgument,
    NamespaceNotFound,
    NotFound,
    ServiceError,
    WorkflowCompleted,
)
from mainspring.server.engine.limits import Limits
from mainspring.server.engine.records import ExternalRequest
from tests.differential.commands import cancel_external, payload, payloads, signal_external
from tests.engine.table import Table

START = 4  # WorkflowExecutionStarted, WorkflowTaskScheduled, WorkflowTaskStarted, WorkflowTaskCompleted
INITIATED = START + 1
RUN_ID = "00000000-0000-4000-8000-000000000000"
TARGET = {"workflowId": "target", "runId": RUN_ID}
INPUT, HEADER = payloads("in"), Header(fields={"h": payload("header")})
SIGNAL = signal_external(
    "target",
    Signal(
        execution=WorkflowExecution(workflow_id="target", run_id=RUN_ID),
        signal_name="go",
        control="control",
        input=INPUT,
        header=HEADER,
        child_workflow_only=True,
    ),
)
CANCEL = cancel_external("target", Cancel(run_id=RUN_ID, control="control", reason="enough", child_workflow_only=True))
RESULT = {
    "initiatedEventId": str(INITIATED),
    "namespace": "default",
    "namespaceId": "namespace-id",
    "workflowExecution": TARGET,
}


def a_run_that_sent(command: Command) -> Table:
    table = Table()
    table.play("poll")
    assert table.complete(command)
    return table


def attributes_of(event: HistoryEvent) -> object:
    return MessageToDict(getattr(event, str(event.WhichOneof("attributes"))))


def the_request(**more: str) -> ExternalRequest:
    return ExternalRequest(
        initiated_event_id=INITIATED,
        request_id="id-2",
        namespace="default",
        namespace_id="namespace-id",
        workflow_id="target",
        run_id=RUN_ID,
        child_only=True,
        control="control",
        **more,
    )


def effects_of(table: Table) -> list[tuple[EffectKind, int]]:
    return [(effect.kind, effect.ref) for effect in table.commits[-1].effects]


# -- going out


def test_a_signal_goes_out() -> None:
    table = a_run_that_sent(SIGNAL)
    assert table.names(START) == ["SignalExternalWorkflowExecutionInitiated"]
    assert attributes_of(table.events[-1]) == {
        "workflowTaskCompletedEventId": str(START),
        "namespaceId": "namespace-id",
        "workflowExecution": TARGET,
        "signalName": "go",
        "control": "control",
        "childWorkflowOnly": True,
        "input": MessageToDict(INPUT),
        "header": MessageToDict(HEADER),
    }
    assert list(table.run.signals.values()) == [the_request(signal_name="go")]
    assert effects_of(table) == [(EffectKind.SIGNAL_EXTERNAL, INITIATED)]


def test_a_cancel_request_goes_out() -> None:
    table = a_run_that_sent(CANCEL)
    assert table.names(START) == ["RequestCancelExternalWorkflowExecutionInitiated"]
    assert attributes_of(table.events[-1]) == {
        "workflowTaskCompletedEventId": str(START),
        "namespaceId": "namespace-id",
        "workflowExecution": TARGET,
        "control": "control",
        "childWorkflowOnly": True,
        "reason": "enough",
    }
    assert list(table.run.cancels.values()) == [the_request(reason="enough")]
    assert effects_of(table) == [(EffectKind.CANCEL_EXTERNAL, INITIATED)]


def test_too_many_signals_under_way_fail_the_task() -> None:
    table = Table(limits=Limits(pending_signals_count=1))
    table.play("poll")
    assert not table.complete(SIGNAL, SIGNAL)
    assert len(table.run.signals) == 0


def test_too_many_cancel_requests_under_way_fail_the_task() -> None:
    table = Table(limits=Limits(pending_cancel_requests_count=1))
    table.play("poll")
    assert not table.complete(CANCEL, CANCEL)
    assert len(table.run.cancels) == 0


# -- coming back


def test_a_signal_that_arrived_wakes_the_sender() -> None:
    table = a_run_that_sent(SIGNAL)
    table.do(lambda run: external.record_result(run, external.SIGNAL, the_request(), None))
    assert table.names(INITIATED) == ["ExternalWorkflowExecutionSignaled", "WorkflowTaskScheduled"]
    assert attributes_of(table.events[INITIATED]) == {**RESULT, "control": "control"}
    assert len(table.run.signals) == 0


def test_a_cancel_request_that_arrived_wakes_the_sender() -> None:
    table = a_run_that_sent(CANCEL)
    table.do(lambda run: external.record_result(run, external.CANCEL, the_request(), None))
    assert table.names(INITIATED) == ["ExternalWorkflowExecutionCancelRequested", "WorkflowTaskScheduled"]
    assert attributes_of(table.events[INITIATED]) == RESULT
    assert len(table.run.cancels) == 0


def test_a_signal_that_was_refused_wakes_the_sender() -> None:
    table = a_run_that_sent(SIGNAL)
    cause = SignalCause.SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_NAMESPACE_NOT_FOUND
    table.do(lambda run: external.record_result(run, external.SIGNAL, the_request(), cause))
    assert table.names(INITIATED) == ["SignalExternalWorkflowExecutionFailed", "WorkflowTaskScheduled"]
    wanted = {**RESULT, "control": "control", "cause": SignalCause.Name(cause)}
    assert attributes_of(table.events[INITIATED]) == wanted
    assert len(table.run.signals) == 0


def test_a_cancel_request_that_was_refused_wakes_the_sender() -> None:
    table = a_run_that_sent(CANCEL)
    cause = CancelCause.CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_NAMESPACE_NOT_FOUND
    table.do(lambda run: external.record_result(run, external.CANCEL, the_request(), cause))
    assert table.names(INITIATED) == ["RequestCancelExternalWorkflowExecutionFailed", "WorkflowTaskScheduled"]
    assert attributes_of(table.events[INITIATED]) == {**RESULT, "cause": CancelCause.Name(cause)}
    assert len(table.run.cancels) == 0


@pytest.mark.parametrize(
    "refusal, why",
    [
        (NotFound("nobody"), "EXTERNAL_WORKFLOW_EXECUTION_NOT_FOUND"),
        (WorkflowCompleted(), "EXTERNAL_WORKFLOW_EXECUTION_NOT_FOUND"),
        (NamespaceNotFound("nowhere"), "NAMESPACE_NOT_FOUND"),
        (InvalidArgument("too many"), "SIGNAL_COUNT_LIMIT_EXCEEDED"),
    ],
)
def test_why_a_signal_failed(refusal: ServiceError, why: str) -> None:
    assert isinstance(refusal, external.SIGNAL.refusals)
    cause = external.SIGNAL.cause_of(refusal)
    assert cause == SignalCause.Value(f"SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_{why}")


@pytest.mark.parametrize(
    "refusal, why",
    [
        (NotFound("nobody"), "EXTERNAL_WORKFLOW_EXECUTION_NOT_FOUND"),
        (NamespaceNotFound("nowhere"), "NAMESPACE_NOT_FOUND"),
    ],
)
def test_why_a_cancel_request_failed(refusal: ServiceError, why: str) -> None:
    assert isinstance(refusal, external.CANCEL.refusals)
    cause = external.CANCEL.cause_of(refusal)
    assert cause == CancelCause.Value(f"CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_{why}")


def test_a_cancel_request_to_a_run_that_has_ended_does_not_fail() -> None:
    assert external.CANCEL.cause_of(WorkflowCompleted()) is None
