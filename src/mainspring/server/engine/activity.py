"""Activities: scheduled by a command, tried until they succeed or their policy ends, closed by one event.

    schedule -> dispatch -> start_attempt -> complete | fail | cancel | time_out
                   ^------------- backoff ------------'

Attempts live in the record only: the Started event is written together with the outcome, so that retries do not grow
the history. Input and header stay in the ActivityTaskScheduled event.
Reference: tests/differential/test_activities.py.
"""

from __future__ import annotations

from temporalio.api.command.v1 import RequestCancelActivityTaskCommandAttributes
from temporalio.api.common.v1 import Payload, Payloads, WorkerVersionStamp
from temporalio.api.common.v1 import Priority as PriorityMessage
from temporalio.api.enums.v1 import RetryState, TimeoutType, WorkflowTaskFailedCause
from temporalio.api.failure.v1 import ApplicationFailureInfo, Failure, TimeoutFailureInfo
from temporalio.api.history.v1 import HistoryEvent

from mainspring.server.engine import events, retry, workflow_task
from mainspring.server.engine.activity_options import ActivityOptions
from mainspring.server.engine.changes import Nanos, QueueKey, Task, TaskKind
from mainspring.server.engine.errors import BadCommand, InvalidArgument, NotFound, WorkflowCompleted
from mainspring.server.engine.records import Activity, Priority
from mainspring.server.engine.run import Run
from mainspring.server.engine.stages import ACTIVITY_MOVES, ActivityStage, move

_Cause = WorkflowTaskFailedCause
_Retry = RetryState

NOT_FOUND = "invalid activityID or activity already timed out or invoking workflow is completed"
NOT_STARTED_DETAILS = "ACTIVITY_ID_NOT_STARTED"


# -- commands


def check_schedule_activity_task(run: Run, options: ActivityOptions) -> None:
    """The run can schedule it: the id is free and there is room."""
    limit = run.limits.pending_activities_count
    if len(run.activities) >= limit:
        raise BadCommand(
            _Cause.WORKFLOW_TASK_FAILED_CAUSE_PENDING_ACTIVITIES_LIMIT_EXCEEDED,
            f"the number of pending activities, {len(run.activities)}, has reached the per-workflow limit of {limit}",
        )
    if options.activity_id in run.activity_ids:
        raise BadCommand(
            _Cause.WORKFLOW_TASK_FAILED_CAUSE_SCHEDULE_ACTIVITY_DUPLICATE_ID,
            "invalid history builder state for action: add-activitytask-scheduled-event, "
            f"ActivityID: {options.activity_id}",
        )


def schedule_activity_task(
    run: Run, options: ActivityOptions, completed_by: int, *, dispatch: bool = True
) -> HistoryEvent:
    """COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK, already checked. `dispatch` False: the caller starts it at once (eager)."""
    event = events.activity_task_scheduled(run, options, completed_by)
    event_id = event.event_id
    timeouts, base_priority = options.timeouts, run.state.priority
    has_priority = options.command.HasField("priority")
    activity = Activity(
        scheduled_event_id=event_id,
        activity_id=options.activity_id,
        activity_type=options.activity_type,
        queue=options.queue,
        retry=options.retry,
        schedule_to_close_ns=timeouts.schedule_to_close_ns,
        schedule_to_start_ns=timeouts.schedule_to_start_ns,
        start_to_close_ns=timeouts.start_to_close_ns,
        heartbeat_ns=timeouts.heartbeat_ns,
        first_scheduled_at=run.now,
        scheduled_at=run.now,
        priority=merged_priority(base_priority, options.command.priority) if has_priority else base_priority,
    )
    run.activity_ids[options.activity_id] = event_id
    if dispatch:
        dispatch_attempt(run, activity)
    else:
        activity.is_dispatched = True
        run.activities.put(event_id, activity)  # its deadline comes with its start
    return event


def merged_priority(base: Priority, own: PriorityMessage) -> Priority:
    """The command's priority, with what it leaves open taken from the run's."""
    return Priority(
        key=own.priority_key or base.key,
        fairness_key=own.fairness_key or base.fairness_key,
        fairness_weight=own.fairness_weight or base.fairness_weight,
    )


def check_request_cancel_activity_task(run: Run, command: RequestCancelActivityTaskCommandAttributes) -> None:
    """The activity is pending, and not asked to cancel yet; or it has just closed and the worker cannot know."""
    activity = run.activities.get(command.scheduled_event_id)
    is_known = activity is not None or run.history.has_activity_outcome(command.scheduled_event_id)
    if not is_known or (activity is not None and activity.cancel_requested_event_id):
        raise BadCommand(
            _Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_REQUEST_CANCEL_ACTIVITY_ATTRIBUTES,
            "invalid history builder state for action: add-activitytask-cancel-requested-event, "
            f"ScheduledEventID: {command.scheduled_event_id}",
        )


def request_cancel_activity_task(
    run: Run, command: RequestCancelActivityTaskCommandAttributes, completed_by: int, identity: str
) -> bool:
    """COMMAND_TYPE_REQUEST_CANCEL_ACTIVITY_TASK, already checked.

    Returns: the activity was not started, so it is cancelled at once and the workflow needs another task.
    """
    event = events.activity_task_cancel_requested(run, command.scheduled_event_id, completed_by)
    activity = run.activities.get(command.scheduled_event_id)
    if activity is None:
        return False
    activity.cancel_requested_event_id = event.event_id
    run.put_activity(activity)
    if activity.stage is not ActivityStage.SCHEDULED:
        return False
    details = Payloads(payloads=[_text_payload(NOT_STARTED_DETAILS)])
    _close(run, activity)
    events.activity_task_canceled(run, activity, details, identity)
    return True


def _text_payload(text: str) -> Payload:
    return Payload(metadata={"encoding": b"json/plain"}, data=f'"{text}"'.encode())


# -- attempts


def dispatch_attempt(run: Run, activity: Activity) -> None:
    """The attempt may start: make it known to matching."""
    activity.is_dispatched = True
    activity.stamp += 1
    run.put_activity(activity)
    run.tasks.append(
        Task(
            run=run.key,
            queue=QueueKey(run.key.namespace_id, activity.queue, TaskKind.ACTIVITY),
            ref=activity.scheduled_event_id,
            stamp=activity.stamp,
            created_at=run.now,
            priority=activity.priority.level,
            fairness_key=activity.priority.fairness_key,
            fairness_weight=activity.priority.fairness_weight or 1.0,
            expires_at=_latest_start(activity),
        )
    )


def _latest_start(activity: Activity) -> Nanos | None:
    """After this the attempt's timeout will have closed it, so that handing it out makes no sense."""
    bounds: list[Nanos] = []
    if activity.schedule_to_start_ns:
        bounds.append(activity.scheduled_at + activity.schedule_to_start_ns)
    if activity.schedule_to_close_ns:
        bounds.append(activity.expires_at)
    return min(bounds) if bounds else None


def start_attempt(
    run: Run, *, ref: int, stamp: int, identity: str, request_id: str, worker_version: WorkerVersionStamp | None
) -> Activity:
    """A poll takes the attempt.

    Raises:
        NotFound: the task is stale. Nothing was changed.
    """
    activity = run.activities.get(ref)
    if (
        activity is None
        or activity.stamp != stamp
        or activity.stage is not ActivityStage.SCHEDULED
        or not run.is_running
    ):
        raise NotFound(NOT_FOUND)
    run.finish_task(TaskKind.ACTIVITY, ref)
    mark_started(run, activity, identity=identity, request_id=request_id, worker_version=worker_version)
    return activity


def mark_started(
    run: Run, activity: Activity, *, identity: str, request_id: str, worker_version: WorkerVersionStamp | None
) -> None:
    """A worker has the attempt from now on."""
    move(activity, ActivityStage.STARTED, ACTIVITY_MOVES)
    activity.started_at = run.now
    activity.is_left = False
    activity.identity = activity.last_worker_identity = identity
    activity.request_id = request_id
    activity.worker_version_bytes = worker_version.SerializeToString() if worker_version is not None else b""
    run.put_activity(activity)


def started_activity(run: Run, *, ref: int, activity_id: str, attempt: int, needs_start: bool = True) -> Activity:
    """The activity that a worker's token, or a client by its id, names.

    `ref` 0: by `activity_id`. `attempt` 0: any.

    Raises:
        NotFound: it is not pending, not started, or at another attempt.
    """
    if not run.is_running:
        raise WorkflowCompleted
    if not ref:
        ref = run.activity_ids.get(activity_id, 0)
        if not ref:
            raise NotFound(
                f"cannot find pending activity with ActivityID {activity_id}, "
                "check workflow execution history for more details"
            )
    activity = run.activities.get(ref)
    is_started = activity is not None and activity.stage is ActivityStage.STARTED
    if activity is None or (needs_start and not is_started) or (attempt and activity.attempt != attempt):
        raise NotFound(NOT_FOUND)
    return activity


def record_heartbeat(run: Run, activity: Activity, details: Payloads | None) -> None:
    """The worker is alive; its details reach the next attempt."""
    activity.heartbeat_at = run.now
    if details is not None:
        activity.heartbeat_details_bytes = details.SerializeToString()
    run.put_activity(activity)


def leave(run: Run, activity: Activity) -> None:
    """The worker has done its part: the attempt goes on without it, until somebody completes it from elsewhere."""
    activity.is_left = True
    run.put_activity(activity)


# -- outcomes


def complete(run: Run, activity: Activity, result: Payloads | None, identity: str) -> None:
    """The worker finished it."""
    _close(run, activity)
    _write_started(run, activity)
    events.activity_task_completed(run, activity.scheduled_event_id, result, identity)
    _tell(run)


def fail(run: Run, activity: Activity, failure: Failure, identity: str, version: WorkerVersionStamp | None) -> None:
    """The attempt failed: try again later, or close the activity with the failure."""
    activity.last_attempt_completed_at = run.now
    state = _try_again(run, activity, failure)
    if state == _Retry.RETRY_STATE_IN_PROGRESS:
        return
    _close(run, activity)
    _write_started(run, activity)
    events.activity_task_failed(run, activity, failure, retry_state=state, identity=identity, worker_version=version)
    _tell(run)


def cancel(run: Run, activity: Activity, details: Payloads | None, identity: str) -> None:
    """The worker acknowledges that the activity was cancelled.

    Raises:
        InvalidArgument: nobody asked for that.
    """
    if not activity.cancel_requested_event_id:
        raise InvalidArgument("unable to mark activity as canceled without activity being request canceled first")
    _close(run, activity)
    _write_started(run, activity)
    events.activity_task_canceled(run, activity, details, identity)
    _tell(run)


def time_out(run: Run, activity: Activity, timeout: int, message: str = "") -> None:
    """One of its timeouts has come (a TimeoutType). `message`: why, if it came before its time."""
    failure = _timeout_failure(message or f"activity {retry.timeout_name(timeout)} timeout", timeout)
    state: RetryState.ValueType
    if timeout in (TimeoutType.TIMEOUT_TYPE_SCHEDULE_TO_START, TimeoutType.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE):
        state = _Retry.RETRY_STATE_TIMEOUT
        if activity.cancel_requested_event_id:
            state = _Retry.RETRY_STATE_CANCEL_REQUESTED
    else:
        activity.last_attempt_completed_at = run.now
        state = _try_again(run, activity, failure)
    if state == _Retry.RETRY_STATE_IN_PROGRESS:
        return
    if state == _Retry.RETRY_STATE_TIMEOUT and timeout != TimeoutType.TIMEOUT_TYPE_SCHEDULE_TO_START:
        failure = _timeout_failure(
            "Not enough time to schedule next retry before activity ScheduleToClose timeout, giving up retrying",
            TimeoutType.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE,
        )
    _close_timed_out(run, activity, failure, state)


def _close_timed_out(run: Run, activity: Activity, failure: Failure, state: RetryState.ValueType) -> None:
    if activity.heartbeat_details_bytes:
        failure.timeout_failure_info.last_heartbeat_details.ParseFromString(activity.heartbeat_details_bytes)
    if activity.last_failure_bytes:
        failure.cause.ParseFromString(activity.last_failure_bytes)
    was_started = activity.stage is ActivityStage.STARTED
    _close(run, activity)
    if was_started:
        _write_started(run, activity)
    events.activity_task_timed_out(run, activity, failure, state)
    _tell(run)


def _timeout_failure(message: str, timeout: int) -> Failure:
    info = TimeoutFailureInfo(timeout_type=timeout)  # type: ignore[arg-type]  # a TimeoutType number
    return Failure(message=message, source="Server", timeout_failure_info=info)


def _try_again(run: Run, activity: Activity, failure: Failure) -> RetryState.ValueType:
    if activity.cancel_requested_event_id:
        return _Retry.RETRY_STATE_CANCEL_REQUESTED
    state, wait_ns = retry.next_try(
        activity.retry, activity.attempt, failure, expires_at=activity.expires_at, now=run.now
    )
    if state != _Retry.RETRY_STATE_IN_PROGRESS:
        return state
    move(activity, ActivityStage.SCHEDULED, ACTIVITY_MOVES)
    activity.attempt += 1
    activity.scheduled_at = run.now + wait_ns
    activity.started_at = 0
    activity.request_id = ""
    activity.is_dispatched = False
    activity.last_failure_bytes = kept_failure(failure, run.limits.activity_failure_size_error_bytes)
    if wait_ns:
        run.put_activity(activity)
    else:
        dispatch_attempt(run, activity)
    return state


def kept_failure(failure: Failure, limit_bytes: int) -> bytes:
    """A failure small enough to be carried with every attempt: over the limit only its texts are kept, cut."""
    whole = failure.SerializeToString()
    if len(whole) <= limit_bytes:
        return whole
    info = ApplicationFailureInfo(
        type=failure.application_failure_info.type, non_retryable=failure.application_failure_info.non_retryable
    )
    room = max(0, limit_bytes - 512)
    cut = Failure(
        message=failure.message.encode()[: room // 2].decode("utf-8", "ignore"),
        stack_trace=failure.stack_trace.encode()[: room // 2].decode("utf-8", "ignore"),
        source=failure.source,
        application_failure_info=info,
    )
    return cut.SerializeToString()


def _close(run: Run, activity: Activity) -> None:
    if activity.stage is ActivityStage.SCHEDULED and activity.is_dispatched:
        run.finish_task(TaskKind.ACTIVITY, activity.scheduled_event_id)
    move(activity, ActivityStage.CLOSED, ACTIVITY_MOVES)
    run.remove_activity(activity)


def _write_started(run: Run, activity: Activity) -> None:
    """Outcomes name the Started event, whose id is known only when it is flushed: the builder wires it."""
    workflow_task.record_speculative(run)
    events.activity_task_started(run, activity)


def _tell(run: Run) -> None:
    workflow_task.want(run)
