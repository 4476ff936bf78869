"""Child workflows, as their parent sees them: initiated by a command, started by an effect, closed when they close.

    start_child_workflow_execution -> [outbox starts it] -> record_started | record_start_failed -> record_closed

The child is a run of its own. Its first workflow task waits until the parent knows that it started.
Reference: tests/differential/test_children.py.
"""

from __future__ import annotations

from temporalio.api.command.v1 import StartChildWorkflowExecutionCommandAttributes
from temporalio.api.enums.v1 import ParentClosePolicy, StartChildWorkflowExecutionFailedCause, WorkflowTaskFailedCause
from temporalio.api.history.v1 import HistoryEvent

from mainspring.server.engine import effects, events_external, workflow_task
from mainspring.server.engine.changes import EffectKind, RunKey
from mainspring.server.engine.errors import BadCommand
from mainspring.server.engine.records import Child
from mainspring.server.engine.run import Run
from mainspring.server.engine.stages import CHILD_MOVES, ChildStage, move

_Policy = ParentClosePolicy


def check_start_child_workflow_execution(run: Run, command: StartChildWorkflowExecutionCommandAttributes) -> None:
    """There is room for another child."""
    del command
    limit = run.limits.pending_children_count
    if len(run.children) >= limit:
        raise BadCommand(
            WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_PENDING_CHILD_WORKFLOWS_LIMIT_EXCEEDED,
            f"the number of pending child workflow executions, {len(run.children)}, "
            f"has reached the per-workflow limit of {limit}",
        )


def start_child_workflow_execution(
    run: Run, command: StartChildWorkflowExecutionCommandAttributes, completed_by: int
) -> HistoryEvent:
    """COMMAND_TYPE_START_CHILD_WORKFLOW_EXECUTION, already checked."""
    namespace_id = run.settings.namespace_ids.get(command.namespace, run.key.namespace_id)
    event = events_external.start_child_workflow_execution_initiated(run, command, completed_by, namespace_id)
    child = Child(
        initiated_event_id=event.event_id,
        namespace=command.namespace,
        namespace_id=namespace_id,
        workflow_id=command.workflow_id,
        workflow_type=command.workflow_type.name,
        create_request_id=f"{run.key.run_id}:{event.event_id}:0",  # makes the start idempotent
        parent_close_policy=command.parent_close_policy,
        control=command.control,
        header_bytes=command.header.SerializeToString(),
    )
    run.children.put(child.initiated_event_id, child)
    effects.add(run, EffectKind.START_CHILD, child.initiated_event_id)
    return event


# -- results


def record_started(run: Run, child: Child, run_id: str) -> None:
    """The child runs."""
    move(child, ChildStage.STARTED, CHILD_MOVES)
    workflow_task.record_speculative(run)
    child.run_id = run_id
    run.children.touch(child.initiated_event_id)
    events_external.child_workflow_execution_started(run, child)
    workflow_task.want(run)


def note_started_late(run: Run, child: Child, run_id: str) -> None:
    """The child was started, but its parent closed meanwhile: no event may follow the close, only the record knows."""
    move(child, ChildStage.STARTED, CHILD_MOVES)
    child.run_id = run_id
    run.children.touch(child.initiated_event_id)


def record_start_failed(run: Run, child: Child, cause: StartChildWorkflowExecutionFailedCause.ValueType) -> None:
    """The child could not be started."""
    move(child, ChildStage.CLOSED, CHILD_MOVES)
    workflow_task.record_speculative(run)
    run.children.remove(child.initiated_event_id)
    events_external.start_child_workflow_execution_failed(run, child, cause)
    workflow_task.want(run)


def record_closed(run: Run, child: Child, closed: RunKey, outcome: HistoryEvent, first_run_id: str) -> None:
    """The child, or the last run of its chain, has closed; `outcome` is its close event."""
    if child.stage is ChildStage.INITIATED:
        record_started(run, child, first_run_id)
    move(child, ChildStage.CLOSED, CHILD_MOVES)
    workflow_task.record_speculative(run)
    run.children.remove(child.initiated_event_id)
    child.run_id = closed.run_id
    events_external.child_workflow_execution_closed(run, child, outcome)
    workflow_task.want(run)


# -- the parent closes


def apply_close_policies(run: Run) -> None:
    """The run closes: children that are not to outlive it are told; those still being started, by the outbox."""
    for child in run.children.values():
        if child.stage is ChildStage.STARTED and child.parent_close_policy != _Policy.PARENT_CLOSE_POLICY_ABANDON:
            effects.add(run, EffectKind.CLOSE_CHILD, child.initiated_event_id, closing(child))


def closing(child: Child) -> effects.CloseChild:
    """What the parent's close does to a started child that is not abandoned."""
    key = RunKey(child.namespace_id, child.workflow_id, child.run_id)
    cancels = child.parent_close_policy == _Policy.PARENT_CLOSE_POLICY_REQUEST_CANCEL
    return effects.CloseChild(child=key, terminate=not cancels)


def outlives_parent(child: Child) -> bool:
    """The child is to be started, and to run, even if its parent closes first."""
    return child.parent_close_policy == _Policy.PARENT_CLOSE_POLICY_ABANDON
