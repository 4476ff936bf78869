"""The life of a run's workflow task: wanted, scheduled, started by a poll, then completed, failed or timed out.

    want -> schedule -> [poll] start -> complete (commands follow) | fail | time_out -> schedule again

Three kinds. A *normal* task has its Scheduled and Started events written as they happen. A *transient* one (attempt >
1) writes none until it completes, so that a failing workflow does not grow its history. A *speculative* one, made only
to carry updates, writes none until it turns out to matter: a rejected update leaves no trace.

While a task is started, events from outside are held back (`history_builder`). At most one task is pending at a time.
Reference: tests/differential/test_workflow_tasks.py, test_updates.py.
"""

from __future__ import annotations

from temporalio.api.enums.v1 import SuggestContinueAsNewReason, TimeoutType, WorkflowTaskFailedCause
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflowservice.v1 import RespondWorkflowTaskCompletedRequest, RespondWorkflowTaskFailedRequest

from mainspring.server.engine import events, reported_problems, reset_points
from mainspring.server.engine.changes import Nanos, QueueKey, Task, TaskKind
from mainspring.server.engine.errors import NotFound
from mainspring.server.engine.history_builder import HistoryBuilder
from mainspring.server.engine.records import WorkflowTask
from mainspring.server.engine.run import Run
from mainspring.server.engine.spelling import value_name
from mainspring.server.engine.times import SECOND

NOT_FOUND = "Workflow task not found."
UNCOUNTED_CAUSES = frozenset(
    {
        WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW,
        WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_FAILOVER_CLOSE_COMMAND,
    }
)
"""Failures that are not the worker's: the next attempt is a first one."""


# -- scheduling


def want(run: Run) -> None:
    """Something happened that the workflow must learn of: schedule a task unless one is pending."""
    if run.state.task is None and run.is_running and not run.state.first_task_at:
        schedule(run)


def schedule(run: Run, *, is_speculative: bool = False, heartbeat_of: Nanos = 0, dispatch: bool = True) -> WorkflowTask:
    """Schedule a task now; held back events are flushed first, and make it a normal one.

    `heartbeat_of`: when the first task in a row of heartbeats was scheduled. `dispatch`: make a task for matching (not
    if the caller starts it in the same transition).
    """
    state = run.state
    if run.has_buffered_events:
        state.next_attempt = 1
        is_speculative = False
        run.flush_buffered()
    state.task_stamp = max(state.task_stamp + 1, run.least_stamp)
    is_sticky = bool(state.sticky_queue)
    is_recorded = state.next_attempt == 1 and not is_speculative
    task = WorkflowTask(
        scheduled_event_id=run.history.next_event_id,
        attempt=state.next_attempt,
        stamp=state.task_stamp,
        scheduled_at=run.now,
        original_scheduled_at=heartbeat_of or run.now,
        timeout_ns=_task_timeout_ns(run),
        queue=state.sticky_queue or state.task_queue,
        is_sticky=is_sticky,
        is_speculative=is_speculative,
        is_recorded=is_recorded,
        start_timeout_ns=_start_timeout_ns(run, is_speculative=is_speculative),
    )
    if is_recorded:
        events.workflow_task_scheduled(run, task, run.now)
    state.task = task
    state.first_task_at = 0
    run.touched()
    if dispatch:
        dispatch_task(run, task)
    return task


def _task_timeout_ns(run: Run) -> int:
    limits = run.limits
    extra = run.state.next_attempt - limits.workflow_task_retry_min_attempts_count
    plain_ns = run.state.task_timeout_ns
    if extra <= 0:
        return plain_ns
    step_s = min(limits.workflow_task_retry_initial_s * 2 ** min(extra - 1, 20), limits.workflow_task_retry_max_s)
    return plain_ns + int(step_s * SECOND)


def _start_timeout_ns(run: Run, *, is_speculative: bool) -> int:
    if run.state.sticky_queue:
        return run.state.sticky_timeout_ns
    return int(run.limits.speculative_schedule_to_start_s * SECOND) if is_speculative else 0


def dispatch_task(run: Run, task: WorkflowTask) -> None:
    """Make the pending task known to matching."""
    priority = run.state.priority
    run.tasks.append(
        Task(
            run=run.key,
            queue=QueueKey(run.key.namespace_id, task.queue, TaskKind.WORKFLOW),
            ref=task.scheduled_event_id,
            stamp=task.stamp,
            created_at=run.now,
            normal_queue=run.state.task_queue if task.is_sticky else "",
            priority=priority.level,
            fairness_key=priority.fairness_key,
            fairness_weight=priority.fairness_weight or 1.0,
        )
    )


def record_speculative(run: Run) -> None:
    """Something else is written while a speculative task is pending: it becomes a normal one, events and all."""
    task = run.state.task
    if task is None or not task.is_speculative or task.is_recorded:
        return
    task.is_speculative = False
    _write_scheduled(run, task)
    if task.started_event_id:
        _write_started(run, task, "")


# -- starting


def start(
    run: Run, *, ref: int, stamp: int, queue: str, identity: str, request_id: str, worker_version_bytes: bytes = b""
) -> WorkflowTask:
    """A poll of `queue` takes the pending task.

    Raises:
        NotFound: the task is stale: another took it, or it timed out. Nothing was changed.
    """
    task = run.state.task
    if task is None or task.scheduled_event_id != ref or task.stamp != stamp or task.started_event_id:
        raise NotFound(NOT_FOUND)
    if task.is_sticky and queue != task.queue:
        clear_sticky(run)
    run.finish_task(TaskKind.WORKFLOW, ref)
    task.worker_version_bytes = worker_version_bytes
    _mark_started(run, task, request_id, identity)
    return task


def start_scheduled(run: Run, *, identity: str, request_id: str, worker_version_bytes: bytes = b"") -> WorkflowTask:
    """The pending task starts in the transition that scheduled it: for its caller, or for a poll that waits."""
    task = run.state.task
    if task is None:
        raise NotFound(NOT_FOUND)
    task.worker_version_bytes = worker_version_bytes
    _mark_started(run, task, request_id, identity)
    return task


def _mark_started(run: Run, task: WorkflowTask, request_id: str, identity: str) -> None:
    if not task.is_recorded and task.scheduled_event_id != run.history.next_event_id:
        # Events came since it was scheduled: the worker would see a gap, so it becomes a normal task.
        task.attempt = run.state.next_attempt = 1
        task.is_speculative = False
        task.is_sticky = bool(run.state.sticky_queue)
        task.queue = run.state.sticky_queue or run.state.task_queue
        task.scheduled_at = run.now
        _write_scheduled(run, task)
    reasons = _suggest_reasons(run)
    task.suggests_continue_as_new = bool(reasons)
    task.suggest_reasons = tuple(reasons)
    task.history_size_bytes = run.state.history_size_bytes
    task.started_at = run.now
    task.request_id = request_id
    task.identity = identity
    if task.is_recorded:
        _write_started(run, task, identity)
    else:
        task.started_event_id = task.scheduled_event_id + 1
    run.touched()


def _write_scheduled(run: Run, task: WorkflowTask) -> None:
    task.scheduled_event_id = events.workflow_task_scheduled(run, task, task.scheduled_at).event_id
    task.is_recorded = True


def _write_started(run: Run, task: WorkflowTask, identity: str) -> None:
    task.started_event_id = events.workflow_task_started(run, task, identity).event_id
    run.history.new_batch()


def _suggest_reasons(run: Run) -> list[SuggestContinueAsNewReason.ValueType]:
    reasons: list[SuggestContinueAsNewReason.ValueType] = []
    limits = run.limits
    if run.state.history_size_bytes >= limits.history_size_suggest_bytes:
        reasons.append(SuggestContinueAsNewReason.SUGGEST_CONTINUE_AS_NEW_REASON_HISTORY_SIZE_TOO_LARGE)
    if run.history.next_event_id >= limits.history_suggest_count:
        reasons.append(SuggestContinueAsNewReason.SUGGEST_CONTINUE_AS_NEW_REASON_TOO_MANY_HISTORY_EVENTS)
    if len(run.updates) + len(run.completed_updates) >= limits.updates_total_count * limits.updates_suggest_fraction:
        reasons.append(SuggestContinueAsNewReason.SUGGEST_CONTINUE_AS_NEW_REASON_TOO_MANY_UPDATES)
    return reasons


def unrecorded_events(run: Run, task: WorkflowTask, identity: str = "") -> list[HistoryEvent]:
    """The events of a transient or speculative task as a worker must see them, though the history lacks them.

    `identity`: of the worker, which its own task names, and nothing else does.
    """
    if task.is_recorded or task.scheduled_event_id != run.history.next_event_id:
        return []
    preview = HistoryBuilder(task.scheduled_event_id)
    kept, run.history = run.history, preview
    try:
        shown = [events.workflow_task_scheduled(run, task, task.scheduled_at)]
        if task.started_event_id:
            shown.append(events.workflow_task_started(run, task, identity))
    finally:
        run.history = kept
    return shown


# -- ending


def started_task(run: Run, *, scheduled_event_id: int, started_event_id: int, attempt: int, stamp: int) -> WorkflowTask:
    """The started task that a worker's token names.

    Raises:
        NotFound: the token is stale.
    """
    task = run.state.task
    if (
        task is None
        or not run.is_running
        or task.scheduled_event_id != scheduled_event_id
        or not task.started_event_id
        or task.attempt != attempt
        or (stamp and task.stamp != stamp)
        or (started_event_id and task.started_event_id != started_event_id)
    ):
        raise NotFound(NOT_FOUND)
    return task


def complete(run: Run, task: WorkflowTask, request: RespondWorkflowTaskCompletedRequest) -> int:
    """The worker answered: write WorkflowTaskCompleted, unless the task was speculative and nothing came of it.

    Returns: the event's id; 0 if none was written.
    """
    state = run.state
    state.task = None
    state.next_attempt = 1
    state.close_attempted = False
    run.touched()
    if task.is_speculative and _leaves_no_trace(run, request):
        return 0
    if not task.is_recorded:
        _write_scheduled(run, task)
        _write_started(run, task, request.identity)
    event = events.workflow_task_completed(run, task, request)
    state.last_completed_started_event_id = task.started_event_id
    state.completed_tasks += 1
    reset_points.note_completion(run, event)
    reported_problems.clear(run)
    return event.event_id


def _leaves_no_trace(run: Run, request: RespondWorkflowTaskCompletedRequest) -> bool:
    if request.commands or request.force_create_new_workflow_task:
        return False
    unseen = run.history.next_event_id - (run.state.last_completed_started_event_id + 2)
    discards = request.capabilities.discard_speculative_workflow_task_with_events
    allowed = run.limits.speculative_events_count if discards else 0
    if unseen > allowed:
        return False
    return all(m.body.TypeName() == "temporal.api.update.v1.Rejection" for m in request.messages)


def set_sticky(run: Run, request: RespondWorkflowTaskCompletedRequest) -> None:
    """Remember, or forget, the queue of the worker that has the run in its cache."""
    attributes = request.sticky_attributes
    run.state.sticky_queue = attributes.worker_task_queue.name
    timeout = attributes.schedule_to_start_timeout
    run.state.sticky_timeout_ns = timeout.seconds * SECOND + timeout.nanos if run.state.sticky_queue else 0


def clear_sticky(run: Run) -> None:
    """The next task goes to the normal queue, with the whole history."""
    run.state.sticky_queue = ""
    run.state.sticky_timeout_ns = 0
    run.touched()


def fail(run: Run, task: WorkflowTask, request: RespondWorkflowTaskFailedRequest) -> None:
    """The task failed: write WorkflowTaskFailed on the first attempt only. A new task is the caller's business."""
    is_first = task.attempt == 1
    if task.is_speculative and not task.is_recorded:
        _write_scheduled(run, task)
        _write_started(run, task, request.identity)
    if is_first:
        events.workflow_task_failed(run, task, request)
    cause = value_name(WorkflowTaskFailedCause, request.cause, "WORKFLOW_TASK_FAILED_CAUSE_")
    counts = request.cause not in UNCOUNTED_CAUSES
    _end_badly(run, task, counts=counts, problem=("WorkflowTaskFailed", cause))
    if request.cause == WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND:
        run.state.close_attempted = True


def time_out(run: Run) -> None:
    """The pending task's time is over: write WorkflowTaskTimedOut (first attempts only) and schedule another."""
    task = run.state.task
    if task is None:
        return
    if task.started_event_id:
        if task.is_speculative and not task.is_recorded:
            _write_scheduled(run, task)
            _write_started(run, task, "")
        if task.attempt == 1:
            events.workflow_task_timed_out(run, task, TimeoutType.TIMEOUT_TYPE_START_TO_CLOSE)
        _end_badly(run, task, counts=True, problem=("WorkflowTaskTimedOut", "StartToClose"))
    else:
        if not task.is_recorded and task.is_speculative:
            _write_scheduled(run, task)
        if task.is_recorded:
            events.workflow_task_timed_out(run, task, TimeoutType.TIMEOUT_TYPE_SCHEDULE_TO_START)
        run.finish_task(TaskKind.WORKFLOW, task.scheduled_event_id)
        _end_badly(run, task, counts=False, problem=("WorkflowTaskTimedOut", "ScheduleToStart"))
    schedule(run)


def _end_badly(run: Run, task: WorkflowTask, *, counts: bool, problem: tuple[str, str]) -> None:
    state = run.state
    state.task = None
    state.close_attempted = False
    if state.sticky_queue:
        # The worker's cache may be the fault: the next try replays the whole history before attempts are counted.
        clear_sticky(run)
        counts = False
    state.next_attempt = task.attempt + 1 if counts else 1
    if counts:
        reported_problems.note(run, problem)
    run.touched()


def drop_for_close(run: Run, *, completed: bool) -> None:
    """The run closes: no task may be pending. A started one is failed first, unless it is what closes the run."""
    task = run.state.task
    if task is None:
        return
    if task.started_event_id and not completed:
        if not task.is_recorded and task.is_speculative:
            _write_scheduled(run, task)
            _write_started(run, task, task.identity)
        if task.attempt == 1:
            events.workflow_task_force_closed(
                run, task, WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_FORCE_CLOSE_COMMAND
            )
        run.state.task = None
        run.flush_buffered()
    run.finish_task(TaskKind.WORKFLOW, task.scheduled_event_id)
    run.state.task = None


def is_heartbeat_over(run: Run, task: WorkflowTask) -> bool:
    """The worker has kept the task alive without progress for longer than it may."""
    return run.now > task.original_scheduled_at + run.limits.workflow_task_heartbeat_s * SECOND


def end_heartbeats(run: Run, task: WorkflowTask) -> None:
    """Time out a task that was only kept alive for too long."""
    if not task.is_recorded:
        _write_scheduled(run, task)
        _write_started(run, task, task.identity)
    events.workflow_task_timed_out(run, task, TimeoutType.TIMEOUT_TYPE_START_TO_CLOSE)
    _end_badly(run, task, counts=True, problem=("WorkflowTaskTimedOut", "StartToClose"))
