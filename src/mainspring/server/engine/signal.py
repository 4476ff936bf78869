"""Signals and cancel requests that reach a run, from clients and from other runs.

Both are de-duplicated by request id for the life of the run. A signal never gets lost: while a worker has the workflow
task it is held back, and if too much is held back the task is failed so that everything is delivered.
Reference: tests/differential/test_signals.py, test_ending.py.
"""

from __future__ import annotations

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType, WorkflowTaskFailedCause
from temporalio.api.workflowservice.v1 import (
    RequestCancelWorkflowExecutionRequest,
    RespondWorkflowTaskFailedRequest,
    SignalWorkflowExecutionRequest,
)

from mainspring.server.engine import events, events_external, workflow_task
from mainspring.server.engine.errors import InvalidArgument, WorkflowClosing, WorkflowCompleted
from mainspring.server.engine.records import MadeByRequest
from mainspring.server.engine.run import Run


def signal(run: Run, request: SignalWorkflowExecutionRequest, source: WorkflowExecution | None = None) -> None:
    """A signal arrived; `source` is the run that sent it, if one did.

    Raises:
        NotFound: the run is closed.
        InvalidArgument: it has had all the signals it may have.
        WorkflowClosing: it tries to close; whether it does is known soon.
    """
    check_running(run)
    if request.request_id and request.request_id in run.requests:
        return
    if run.state.close_attempted and run.has_started_task:
        raise WorkflowClosing
    limit = run.limits.signals_count
    if limit and run.state.signal_count >= limit:
        raise InvalidArgument("exceeded workflow execution limit for signal events")
    workflow_task.record_speculative(run)
    if source is None:
        events.workflow_execution_signaled(run, request)
    else:
        events_external.workflow_execution_signaled_by(run, request, source)
    run.state.signal_count += 1
    remember_request(run, request.request_id, EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED)
    workflow_task.want(run)
    deliver_if_too_much(run)


def remember_request(run: Run, request_id: str, event_type: EventType.ValueType) -> None:
    """The request was carried out: the same one again is answered without doing anything.

    Its event, which is always held back first, tells its id when it is flushed.
    """
    if request_id:
        run.requests.put(request_id, MadeByRequest(event_type))


def deliver_if_too_much(run: Run) -> None:
    """Too many events are held back: fail the started task, so that the next one delivers them all."""
    task = run.state.task
    limits = run.limits
    if task is None or not task.started_event_id:
        return
    too_many = run.history.buffered_count > limits.buffered_events_count
    if not too_many and run.history.buffered_size_bytes() <= limits.buffered_events_size_bytes:
        return
    cause = WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_FORCE_CLOSE_COMMAND
    workflow_task.fail(run, task, RespondWorkflowTaskFailedRequest(cause=cause, identity="history-service"))
    workflow_task.schedule(run)


def request_cancel(
    run: Run,
    request: RequestCancelWorkflowExecutionRequest,
    source: WorkflowExecution | None = None,
    initiated_event_id: int = 0,
) -> None:
    """Somebody asks the run to cancel itself. Asking again, with whatever request id, changes nothing.

    Raises:
        NotFound: the run is closed.
    """
    check_running(run)
    if run.state.cancel_requested:
        return
    workflow_task.record_speculative(run)
    if source is None:
        events.workflow_execution_cancel_requested(run, request)
    else:
        events_external.workflow_execution_cancel_requested_by(run, request, source, initiated_event_id)
    run.state.cancel_requested = True
    if run.state.task is None:
        workflow_task.schedule(run)  # even during the wait for the first one


def check_running(run: Run) -> None:
    """Raises: NotFound: the run is closed."""
    if not run.is_running:
        raise WorkflowCompleted
