"""A run ends: completed, failed, cancelled, terminated, timed out, or continued in another run.

Whatever the way: the pending workflow task goes, children are told by their parent close policies, the parent learns of
it (unless another run follows), updates that wait are answered, and the row in the lists says so. At most one close
event is ever written, and nothing follows it.
Reference: tests/differential/test_ending.py, test_children.py, test_chains.py.
"""

from __future__ import annotations

from collections.abc import Iterable

from temporalio.api.command import v1 as commands
from temporalio.api.common.v1 import Link, Payloads
from temporalio.api.enums.v1 import RetryState, TimeoutType, WorkflowExecutionStatus
from temporalio.api.failure.v1 import Failure, TimeoutFailureInfo

from mainspring.server.engine import child, effects, events, start, succession, update, workflow_task
from mainspring.server.engine.changes import EffectKind, RunKey, TaskKind
from mainspring.server.engine.errors import WorkflowCompleted
from mainspring.server.engine.notices import RunClosed
from mainspring.server.engine.run import Run
from mainspring.server.engine.stages import ActivityStage
from mainspring.server.engine.succession import Chain

_Status = WorkflowExecutionStatus

# -- by command


def complete_workflow_execution(
    run: Run, command: commands.CompleteWorkflowExecutionCommandAttributes, completed_by: int, chain: Chain | None
) -> None:
    """COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION."""
    following = succession.after_success(run, chain)
    result = command.result if command.HasField("result") else None
    next_run_id = following.run_id if following else ""
    events.workflow_execution_completed(run, result, completed_by, next_run_id)
    if following is not None and chain is not None:
        succession.open_next(run, following, chain, result=result or Payloads())
    _close(run, _Status.WORKFLOW_EXECUTION_STATUS_COMPLETED, completed=True)


def fail_workflow_execution(
    run: Run, command: commands.FailWorkflowExecutionCommandAttributes, completed_by: int, chain: Chain | None
) -> None:
    """COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION."""
    retry_state, following = succession.after_failure(run, command.failure, chain)
    next_run_id = following.run_id if following else ""
    events.workflow_execution_failed(run, command.failure, retry_state, completed_by, next_run_id)
    if following is not None and chain is not None:
        succession.open_next(run, following, chain, failure=command.failure)
    _close(run, _Status.WORKFLOW_EXECUTION_STATUS_FAILED, completed=True)


def cancel_workflow_execution(
    run: Run, command: commands.CancelWorkflowExecutionCommandAttributes, completed_by: int
) -> None:
    """COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION."""
    details = command.details if command.HasField("details") else None
    events.workflow_execution_canceled(run, details, completed_by)
    _close(run, _Status.WORKFLOW_EXECUTION_STATUS_CANCELED, completed=True)


def continue_as_new_workflow_execution(
    run: Run, command: commands.ContinueAsNewWorkflowExecutionCommandAttributes, completed_by: int, chain: Chain
) -> None:
    """COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION."""
    next_run_id = chain.new_id()
    events.workflow_execution_continued_as_new(run, command, completed_by, next_run_id)
    succession.continue_as_new(run, command, chain, next_run_id)
    _close(run, _Status.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW, completed=True)


# -- from outside


def terminate(run: Run, *, reason: str, details: Payloads | None, identity: str, links: Iterable[Link] = ()) -> None:
    """Somebody ends the run at once.

    Raises:
        NotFound: it is closed already.
    """
    if not run.is_running:
        raise WorkflowCompleted
    workflow_task.drop_for_close(run, completed=False)
    run.flush_buffered()
    events.workflow_execution_terminated(run, reason, details, identity, links)
    _close(run, _Status.WORKFLOW_EXECUTION_STATUS_TERMINATED, completed=False)


def time_out(run: Run, chain: Chain | None) -> None:
    """The run timeout, or the execution timeout of its chain, has come."""
    state = run.state
    workflow_task.drop_for_close(run, completed=False)
    run.flush_buffered()
    is_over = 0 < state.execution_expires_at <= run.now
    retry_state: RetryState.ValueType = RetryState.RETRY_STATE_TIMEOUT
    following = None
    info = TimeoutFailureInfo(timeout_type=TimeoutType.TIMEOUT_TYPE_START_TO_CLOSE)
    failure = Failure(message="workflow timeout", source="Server", timeout_failure_info=info)
    if not is_over:
        retry_state, following = succession.after_failure(run, failure, chain)
    events.workflow_execution_timed_out(run, retry_state, following.run_id if following else "")
    if following is not None and chain is not None:
        succession.open_next(run, following, chain, failure=failure)
    _close(run, _Status.WORKFLOW_EXECUTION_STATUS_TIMED_OUT, completed=False)


# -- what all have in common


def _close(run: Run, status: WorkflowExecutionStatus.ValueType, *, completed: bool) -> None:
    state = run.state
    workflow_task.drop_for_close(run, completed=completed)
    state.status = status
    state.closed_at = run.now
    state.delete_at = run.now + run.settings.retention_ns if run.settings.retention_ns else 0
    state.first_task_at = 0
    for activity in run.activities.values():
        if activity.stage is ActivityStage.SCHEDULED and activity.is_dispatched:
            run.finish_task(TaskKind.ACTIVITY, activity.scheduled_event_id)
    child.apply_close_policies(run)
    if state.parent is not None and run.successor is None:
        _tell_parent(run)
    update.abort_all(run, continues=run.successor is not None)
    if run.successor is None:
        run.current = start.current_run(run)
        run.expected_current = run.key.run_id
    run.notices.append(RunClosed())
    run.show()
    run.touched()


def _tell_parent(run: Run) -> None:
    parent = run.state.parent
    if parent is None:
        return
    content = effects.ChildClosed(
        parent=RunKey(parent.namespace_id, parent.workflow_id, parent.run_id),
        initiated_event_id=parent.initiated_event_id,
        first_run_id=run.state.first_run_id,
        workflow_type=run.state.workflow_type,
    )
    effects.add(run, EffectKind.CHILD_CLOSED, parent.initiated_event_id, content)
