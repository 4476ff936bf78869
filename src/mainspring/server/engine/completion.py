"""A worker answers a workflow task: completed, with commands and messages, or failed.

    RespondWorkflowTaskCompleted
        complete the task -> apply commands in order -> apply remaining messages -> reject updates left unanswered
        -> schedule the next task if one is needed, and start it at once if the worker asks for it

`BadCommand` means that the run in memory must be dropped; the caller loads it again and calls `fail_for_bad_command`.
Reference: tests/differential/test_workflow_tasks.py, test_bad_commands.py.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from temporalio.api.command.v1 import Command
from temporalio.api.enums.v1 import WorkflowTaskFailedCause
from temporalio.api.failure.v1 import Failure, ServerFailureInfo
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.protocol.v1 import Message
from temporalio.api.workflowservice.v1 import RespondWorkflowTaskCompletedRequest, RespondWorkflowTaskFailedRequest

from mainspring.server.engine import activity, close, command_checks, commands, update, workflow_task
from mainspring.server.engine.commands import Batch
from mainspring.server.engine.errors import BadCommand, InvalidArgument
from mainspring.server.engine.records import Activity, WorkflowTask
from mainspring.server.engine.run import Run
from mainspring.server.engine.succession import Chain

INLINE_REQUEST_ID = "request-from-RespondWorkflowTaskCompleted"


class Completed(msgspec.Struct, kw_only=True):
    """What the worker gets back."""

    completed_event_id: int  # 0: the task was speculative and left no trace
    reset_to_event_id: int = 0  # then: the worker rewinds its copy to this event
    next_task: WorkflowTask | None = None  # started for this worker already
    another_follows: bool = False  # a task is pending: `next_task`, or one that is in its queue
    next_messages: list[Message] = []
    eager_activities: list[tuple[Activity, HistoryEvent]] = []  # started already; the event says what
    heartbeat_is_over: bool = False


class Worker(msgspec.Struct, frozen=True, kw_only=True):
    """What a completion needs besides the request."""

    new_id: Callable[[], str]
    chain: Chain | None


def respond_completed(
    run: Run, task: WorkflowTask, request: RespondWorkflowTaskCompletedRequest, worker: Worker
) -> Completed:
    """Apply a completion to the run whose started task the worker's token named.

    Raises:
        BadCommand: some command or message cannot be applied; the run in memory must be dropped.
        InvalidArgument: the order of the commands makes no sense; nothing may be committed.
    """
    # Lists, since they are gone through more than once: a repeated field makes each of its messages anew.
    all_commands, messages = request.commands[:], request.messages[:]
    command_checks.check_sequence(all_commands)
    is_heartbeat = request.force_create_new_workflow_task and not all_commands and not messages
    if is_heartbeat and workflow_task.is_heartbeat_over(run, task):
        workflow_task.end_heartbeats(run, task)
        workflow_task.schedule(run)
        return Completed(completed_event_id=0, heartbeat_is_over=True, another_follows=True)
    had_buffered_events = run.has_buffered_events
    completed_by = workflow_task.complete(run, task, request)
    workflow_task.set_sticky(run, request)
    batch = Batch(
        completed_by=completed_by,
        identity=request.identity,
        new_id=worker.new_id,
        chain=worker.chain,
        messages={message.id: message for message in messages},
        had_buffered_events=had_buffered_events,
    )
    for command in all_commands:
        commands.apply(run, own_copy(command), batch)
    _handle_messages(run, request, batch)
    answer = Completed(completed_event_id=completed_by)
    if not completed_by:
        answer.reset_to_event_id = run.state.last_completed_started_event_id
    if run.is_running:
        answer.eager_activities = _start_eager(run, batch)
        heartbeat_of = task.original_scheduled_at if is_heartbeat else 0
        _next_task(run, request, batch, answer, heartbeat_of)
    answer.another_follows = run.state.task is not None
    return answer


def _handle_messages(run: Run, request: RespondWorkflowTaskCompletedRequest, batch: Batch) -> None:
    for message in batch.messages.values():
        update.handle_message(run, message)
    if run.updates and run.is_running and not request.force_create_new_workflow_task:
        update.reject_unprocessed(run)


def own_copy(command: Command) -> Command:
    """A copy that checks may fill defaults into: the request may be applied again after a conflict."""
    copy = Command()
    copy.CopyFrom(command)
    return copy


def _start_eager(run: Run, batch: Batch) -> list[tuple[Activity, HistoryEvent]]:
    started: list[tuple[Activity, HistoryEvent]] = []
    for scheduled in batch.eager:
        pending = run.activities.get(scheduled.event_id)
        if pending is None:
            continue  # cancelled by a later command of the same batch
        activity.mark_started(run, pending, identity=batch.identity, request_id=batch.new_id(), worker_version=None)
        started.append((pending, scheduled))
    return started


def _next_task(
    run: Run, request: RespondWorkflowTaskCompletedRequest, batch: Batch, answer: Completed, heartbeat_of: int
) -> None:
    is_needed = (
        request.force_create_new_workflow_task
        or batch.had_buffered_events
        or batch.wants_task
        or run.has_buffered_events
    )
    inline = request.return_new_workflow_task
    if is_needed:
        workflow_task.schedule(run, heartbeat_of=heartbeat_of, dispatch=not inline)
    elif update.has_waiting(run):
        workflow_task.schedule(run, is_speculative=inline, dispatch=not inline)
    if inline and run.state.task is not None:
        task = workflow_task.start_scheduled(run, identity=request.identity, request_id=INLINE_REQUEST_ID)
        answer.next_task = task
        answer.next_messages = update.send(run, task)


# -- failures


def fail_for_bad_command(
    run: Run, task: WorkflowTask, request: RespondWorkflowTaskCompletedRequest, error: BadCommand
) -> None:
    """The freshly loaded run's started task fails, because its completion could not be applied.

    Raises:
        InvalidArgument: it is not the first attempt; nothing is written, the task will time out and come again.
    """
    if task.attempt > 1 and not _is_unhandled_command(error):
        raise InvalidArgument(error.text)
    failure = Failure(message=error.text, server_failure_info=ServerFailureInfo())
    failed = RespondWorkflowTaskFailedRequest(
        cause=error.cause, failure=failure, identity=request.identity, binary_checksum=request.binary_checksum
    )
    update.take_back(run, seen_are_failed=True)
    workflow_task.fail(run, task, failed)
    if error.terminates:
        run.flush_buffered()
        close.terminate(run, reason=error.text, details=None, identity="history-service")
    else:
        workflow_task.schedule(run)


def respond_failed(run: Run, task: WorkflowTask, request: RespondWorkflowTaskFailedRequest) -> None:
    """The worker could not handle its task: another attempt follows, unless none could ever be answered."""
    if request.cause == WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_GRPC_MESSAGE_TOO_LARGE:
        close.terminate(run, reason="GrpcMessageTooLarge", details=None, identity="history-service")
        return
    update.take_back(run, seen_are_failed=False)
    workflow_task.fail(run, task, request)
    workflow_task.schedule(run)


def _is_unhandled_command(error: BadCommand) -> bool:
    return error.cause == WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND
