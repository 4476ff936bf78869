"""Signals and cancel requests that a run sends to other runs: initiated by a command, carried out by an effect.

    signal_external_workflow_execution  -> [outbox] -> record_signaled | record_signal_failed
    request_cancel_external_...         -> [outbox] -> record_cancel_requested | record_cancel_failed

Reference: tests/differential/test_external.py.
"""

from __future__ import annotations

from temporalio.api.command.v1 import (
    RequestCancelExternalWorkflowExecutionCommandAttributes,
    SignalExternalWorkflowExecutionCommandAttributes,
)
from temporalio.api.enums.v1 import (
    CancelExternalWorkflowExecutionFailedCause,
    SignalExternalWorkflowExecutionFailedCause,
    WorkflowTaskFailedCause,
)
from temporalio.api.history.v1 import HistoryEvent

from mainspring.server.engine import effects, events_external, workflow_task
from mainspring.server.engine.changes import EffectKind
from mainspring.server.engine.errors import BadCommand
from mainspring.server.engine.records import ExternalRequest
from mainspring.server.engine.run import Run

_Cause = WorkflowTaskFailedCause


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
    request = ExternalRequest(
        initiated_event_id=event.event_id,
        request_id=request_id,
        namespace=command.namespace or run.settings.name,
        namespace_id=namespace_id,
        workflow_id=command.execution.workflow_id,
        run_id=command.execution.run_id,
        child_only=command.child_workflow_only,
        signal_name=command.signal_name,
        control=command.control,
    )
    run.signals.put(event.event_id, request)
    effects.add(run, EffectKind.SIGNAL_EXTERNAL, event.event_id)
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
    request = ExternalRequest(
        initiated_event_id=event.event_id,
        request_id=request_id,
        namespace=command.namespace or run.settings.name,
        namespace_id=namespace_id,
        workflow_id=command.workflow_id,
        run_id=command.run_id,
        child_only=command.child_workflow_only,
        control=command.control,
        reason=command.reason,
    )
    run.cancels.put(event.event_id, request)
    effects.add(run, EffectKind.CANCEL_EXTERNAL, event.event_id)
    return event


def _check_room(pending: int, limit: int, what: str, cause: WorkflowTaskFailedCause.ValueType) -> None:
    if pending >= limit:
        raise BadCommand(cause, f"the number of {what}, {pending}, has reached the per-workflow limit of {limit}")


# -- results


def record_signaled(run: Run, request: ExternalRequest) -> None:
    """The target has the signal."""
    workflow_task.record_speculative(run)
    run.signals.remove(request.initiated_event_id)
    events_external.external_workflow_execution_signaled(run, request)
    workflow_task.want(run)


def record_signal_failed(
    run: Run, request: ExternalRequest, cause: SignalExternalWorkflowExecutionFailedCause.ValueType
) -> None:
    """The target could not be signalled."""
    workflow_task.record_speculative(run)
    run.signals.remove(request.initiated_event_id)
    events_external.signal_external_workflow_execution_failed(run, request, cause)
    workflow_task.want(run)


def record_cancel_requested(run: Run, request: ExternalRequest) -> None:
    """The target knows that it is to cancel."""
    workflow_task.record_speculative(run)
    run.cancels.remove(request.initiated_event_id)
    events_external.external_workflow_execution_cancel_requested(run, request)
    workflow_task.want(run)


def record_cancel_failed(
    run: Run, request: ExternalRequest, cause: CancelExternalWorkflowExecutionFailedCause.ValueType
) -> None:
    """The target could not be asked to cancel."""
    workflow_task.record_speculative(run)
    run.cancels.remove(request.initiated_event_id)
    events_external.request_cancel_external_workflow_execution_failed(run, request, cause)
    workflow_task.want(run)
