"""Signals and cancel requests that a run sends to other runs: initiated by a command, carried out by an effect.

    signal_external_workflow_execution          --.
    request_cancel_external_workflow_execution  --'-->  [outbox]  -->  record_result: it arrived, or was refused

Once they are under way both go one way; a `Kind` says what they differ in.
Reference: tests/differential/test_external.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

import msgspec
from temporalio.api.command.v1 import (
    RequestCancelExternalWorkflowExecutionCommandAttributes,
    SignalExternalWorkflowExecutionCommandAttributes,
)
from temporalio.api.enums.v1 import (
    CancelExternalWorkflowExecutionFailedCause,
    SignalExternalWorkflowExecutionFailedCause,
    WorkflowTaskFailedCause,
)
from temporalio.api.history.v1 import (
    HistoryEvent,
    RequestCancelExternalWorkflowExecutionInitiatedEventAttributes,
    SignalExternalWorkflowExecutionInitiatedEventAttributes,
)

from mainspring.server.engine import effects, events_external, workflow_task
from mainspring.server.engine.changes import EffectKind
from mainspring.server.engine.errors import (
    BadCommand,
    InvalidArgument,
    NamespaceNotFound,
    NotFound,
    ServiceError,
    WorkflowCompleted,
)
from mainspring.server.engine.records import ExternalRequest
from mainspring.server.engine.run import Records, Run

_SignalInitiated = SignalExternalWorkflowExecutionInitiatedEventAttributes
_CancelInitiated = RequestCancelExternalWorkflowExecutionInitiatedEventAttributes
_Initiated = _SignalInitiated | _CancelInitiated
_Cause = WorkflowTaskFailedCause
_SignalCause = SignalExternalWorkflowExecutionFailedCause
_CancelCause = CancelExternalWorkflowExecutionFailedCause
C = TypeVar("C")


class Kind(msgspec.Struct, Generic[C], frozen=True, kw_only=True):
    """What signals and cancel requests under way differ in; `C` is the enum of why one failed."""

    effect: EffectKind
    pending: Callable[[Run], Records[int, ExternalRequest]]
    arrived: Callable[[Run, ExternalRequest], HistoryEvent]
    failed: Callable[[Run, ExternalRequest, C], HistoryEvent]
    causes: Mapping[type[ServiceError], C | None]  # by what the target says, subclasses first; None: that is no failure

    @property
    def refusals(self) -> tuple[type[ServiceError], ...]:
        """The errors of the target that are a result; others mean that it is to be tried again."""
        return tuple(self.causes)

    def cause_of(self, refusal: ServiceError) -> C | None:
        """Why it failed, if one of `refusals` means that it did."""
        return next(cause for error, cause in self.causes.items() if isinstance(refusal, error))


SIGNAL: Kind[SignalExternalWorkflowExecutionFailedCause.ValueType] = Kind(
    effect=EffectKind.SIGNAL_EXTERNAL,
    pending=lambda run: run.signals,
    arrived=events_external.external_workflow_execution_signaled,
    failed=events_external.signal_external_workflow_execution_failed,
    causes={
        NamespaceNotFound: _SignalCause.SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_NAMESPACE_NOT_FOUND,
        NotFound: _SignalCause.SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_EXTERNAL_WORKFLOW_EXECUTION_NOT_FOUND,
        InvalidArgument: _SignalCause.SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_SIGNAL_COUNT_LIMIT_EXCEEDED,
    },
)
CANCEL: Kind[CancelExternalWorkflowExecutionFailedCause.ValueType] = Kind(
    effect=EffectKind.CANCEL_EXTERNAL,
    pending=lambda run: run.cancels,
    arrived=events_external.external_workflow_execution_cancel_requested,
    failed=events_external.request_cancel_external_workflow_execution_failed,
    causes={
        WorkflowCompleted: None,  # it has ended, which is what was wanted
        NamespaceNotFound: _CancelCause.CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_NAMESPACE_NOT_FOUND,
        NotFound: _CancelCause.CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_EXTERNAL_WORKFLOW_EXECUTION_NOT_FOUND,
    },
)

# -- commands


def check_signal_external_workflow_execution(
    run: Run, command: SignalExternalWorkflowExecutionCommandAttributes
) -> None:
    """There is room for another signal under way."""
    del command
    _check_room(
        len(run.signals),
        run.limits.pending_signals_count,
        "pending signals to external workflows",
        _Cause.WORKFLOW_TASK_FAILED_CAUSE_PENDING_SIGNALS_LIMIT_EXCEEDED,
    )


def signal_external_workflow_execution(
    run: Run, command: SignalExternalWorkflowExecutionCommandAttributes, completed_by: int, *, request_id: str
) -> HistoryEvent:
    """COMMAND_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION, already checked."""
    namespace_id = run.settings.namespace_ids.get(command.namespace, run.key.namespace_id)
    event = events_external.signal_external_workflow_execution_initiated(run, command, completed_by, namespace_id)
    initiated = event.signal_external_workflow_execution_initiated_event_attributes
    _send(run, SIGNAL, event.event_id, initiated, request_id)
    return event


def check_request_cancel_external_workflow_execution(
    run: Run, command: RequestCancelExternalWorkflowExecutionCommandAttributes
) -> None:
    """There is room for another cancel request under way."""
    del command
    _check_room(
        len(run.cancels),
        run.limits.pending_cancel_requests_count,
        "pending requests to cancel external workflows",
        _Cause.WORKFLOW_TASK_FAILED_CAUSE_PENDING_REQUEST_CANCEL_LIMIT_EXCEEDED,
    )


def request_cancel_external_workflow_execution(
    run: Run, command: RequestCancelExternalWorkflowExecutionCommandAttributes, completed_by: int, *, request_id: str
) -> HistoryEvent:
    """COMMAND_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION, already checked."""
    namespace_id = run.settings.namespace_ids.get(command.namespace, run.key.namespace_id)
    event = events_external.request_cancel_external_workflow_execution_initiated(
        run, command, completed_by, namespace_id
    )
    initiated = event.request_cancel_external_workflow_execution_initiated_event_attributes
    _send(run, CANCEL, event.event_id, initiated, request_id)
    return event


def _check_room(pending: int, limit: int, what: str, cause: WorkflowTaskFailedCause.ValueType) -> None:
    if pending >= limit:
        raise BadCommand(cause, f"the number of {what}, {pending}, has reached the per-workflow limit of {limit}")


def _send(run: Run, kind: Kind[C], initiated_event_id: int, initiated: _Initiated, request_id: str) -> None:
    """Keep what was initiated until its result is there, and have the outbox carry it out."""
    request = ExternalRequest(
        initiated_event_id=initiated_event_id,
        request_id=request_id,
        namespace=initiated.namespace or run.settings.name,
        namespace_id=initiated.namespace_id,
        workflow_id=initiated.workflow_execution.workflow_id,
        run_id=initiated.workflow_execution.run_id,
        child_only=initiated.child_workflow_only,
        signal_name=initiated.signal_name if isinstance(initiated, _SignalInitiated) else "",
        control=initiated.control,
        reason=initiated.reason if isinstance(initiated, _CancelInitiated) else "",
    )
    kind.pending(run).put(initiated_event_id, request)
    effects.add(run, kind.effect, initiated_event_id)


# -- results


def record_result(run: Run, kind: Kind[C], request: ExternalRequest, cause: C | None) -> None:
    """The target has it, or `cause` says why not."""
    workflow_task.record_speculative(run)
    kind.pending(run).remove(request.initiated_event_id)
    if cause is None:
        kind.arrived(run, request)
    else:
        kind.failed(run, request, cause)
    workflow_task.want(run)
