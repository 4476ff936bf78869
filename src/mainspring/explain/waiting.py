"""Why does a run not go on? In one sentence, and what stands behind it.

    Known + now  --reasons-->  (Reason, ...)        the first is the answer, the others are pending too

A closed run has one reason: how it ended, and why. An open run has one for each thing that is pending, what wants a
person first (the order of `Kind`). Pending timers are not in a description; they are found among the newest events,
which tell of each timer that was started in them and has not fired.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from temporalio.api.enums.v1 import (
    PendingActivityState,
    PendingWorkflowTaskState,
    TaskQueueType,
    TimeoutType,
    WorkflowExecutionStatus,
    WorkflowTaskFailedCause,
)
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflow.v1 import PendingActivityInfo

from mainspring.explain.closing import how_it_ended
from mainspring.explain.failure_text import FailurePart, FailureText, failure_text
from mainspring.explain.names import enum_words
from mainspring.explain.polling import missing_poller, pinned_version
from mainspring.explain.reasons import Kind, Known, Reason
from mainspring.explain.times import Nanos, instant_of, since, span, until

_OPEN: Final = {
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING,
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_PAUSED,
}
_MOST_OF_A_KIND: Final = 200
_KINDS: Final = list(Kind)
_WORKFLOW: Final = TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW
_ACTIVITY: Final = TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY
_WITH_WORKER: Final = {
    PendingActivityState.PENDING_ACTIVITY_STATE_STARTED,
    PendingActivityState.PENDING_ACTIVITY_STATE_CANCEL_REQUESTED,
    PendingActivityState.PENDING_ACTIVITY_STATE_PAUSE_REQUESTED,
}


def waiting(known: Known, now: Nanos) -> Reason:
    """The one answer."""
    return reasons(known, now)[0]


def reasons(known: Known, now: Nanos) -> tuple[Reason, ...]:
    """Everything that the run waits for, the most telling first; never empty."""
    if known.described.workflow_execution_info.status not in _OPEN:
        return (how_it_ended(known),)
    found = [
        *_paused(known, now),
        *_workflow_task(known, now),
        *_activities(known, now),
        *_nexus(known, now),
        *_children(known),
        *_timers(known, now),
    ]
    found.sort(key=lambda reason: (_KINDS.index(reason.kind), -reason.attempt, reason.until_at or 0))
    return tuple(found) or (_message(known),)


def _paused(known: Known, now: Nanos) -> Iterator[Reason]:
    pause = known.described.workflow_extended_info.pause_info
    status = known.described.workflow_execution_info.status
    if status != WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_PAUSED and not pause.HasField("paused_time"):
        return
    at = instant_of(pause.paused_time)
    by = f" by {pause.identity}" if pause.identity else ""
    why = f": {pause.reason}" if pause.reason else ""
    yield Reason(kind=Kind.PAUSED, sentence=f"It was paused{by}{_ago(at, now)}{why}.", is_bad=True, since_at=at)


def _ago(at: Nanos | None, now: Nanos) -> str:
    return "" if at is None else f" {span(now - at)} ago"


# -- the workflow task


def _workflow_task(known: Known, now: Nanos) -> Iterator[Reason]:
    info = known.described.workflow_execution_info
    if not known.described.HasField("pending_workflow_task"):
        yield from _start_delay(known, now)
        return
    task = known.described.pending_workflow_task
    is_started = task.state == PendingWorkflowTaskState.PENDING_WORKFLOW_TASK_STATE_STARTED
    at = instant_of(task.original_scheduled_time) or instant_of(task.scheduled_time)
    queue = known.queues.get((info.task_queue, _WORKFLOW))
    missing = missing_poller(f"task queue {info.task_queue}", queue, pinned_version(info), now)
    if missing and not is_started:
        sentence = f"{_capital(missing)}; its workflow task has waited{since(at, now)}."
        yield Reason(kind=Kind.NO_WORKER, sentence=sentence, subject=info.task_queue, is_bad=True, since_at=at)
    if task.attempt > 1:
        yield _failing_workflow_task(known, now)
    elif is_started:
        at = instant_of(task.started_time)
        sentence = f"A worker{_task_worker(known)} has had its workflow task{since(at, now)}."
        yield Reason(kind=Kind.WORKFLOW_TASK_STARTED, sentence=sentence, subject=info.task_queue, since_at=at)
    elif not missing:
        sentence = f"Its workflow task has waited{since(at, now)} for a worker on task queue {info.task_queue}."
        yield Reason(kind=Kind.WORKFLOW_TASK_SCHEDULED, sentence=sentence, subject=info.task_queue, since_at=at)


def _start_delay(known: Known, now: Nanos) -> Iterator[Reason]:
    info = known.described.workflow_execution_info
    at = instant_of(info.execution_time)
    if at is not None and at > now:
        sentence = f"It was started with a delay, or waits for its next time: it begins {until(at, now)}."
        yield Reason(kind=Kind.START_DELAY, sentence=sentence, until_at=at)


def _failing_workflow_task(known: Known, now: Nanos) -> Reason:
    """Only the first failure in a row is in the history; those after it look like it."""
    task = known.described.pending_workflow_task
    at = instant_of(task.original_scheduled_time) or instant_of(task.scheduled_time)
    head = f"Its workflow task has failed{since(at, now)}, attempt {task.attempt:,}"
    cause, failure = _task_failure(known)
    return Reason(
        kind=Kind.WORKFLOW_TASK_FAILING,
        sentence=f"{head}: {cause}." if cause else f"{head}.",
        subject=known.described.workflow_execution_info.task_queue,
        is_bad=True,
        since_at=at,
        attempt=task.attempt,
        failure=failure,
    )


def _task_failure(known: Known) -> tuple[str, FailureText | None]:
    """Why the newest workflow task failed, in words and as a failure."""
    for event in known.newest:
        if event.HasField("workflow_task_completed_event_attributes"):
            break
        if event.HasField("workflow_task_timed_out_event_attributes"):
            kind = enum_words(TimeoutType, event.workflow_task_timed_out_event_attributes.timeout_type, "TIMEOUT_TYPE_")
            return f"the worker did not answer in time ({kind})", None
        if event.HasField("workflow_task_failed_event_attributes"):
            failed = event.workflow_task_failed_event_attributes
            cause = enum_words(WorkflowTaskFailedCause, failed.cause, "WORKFLOW_TASK_FAILED_CAUSE_")
            if not failed.HasField("failure"):
                return cause, None
            failure = failure_text(failed.failure)
            return f"{_one_line(failure.root)} ({cause})", failure
    return "", None


def _task_worker(known: Known) -> str:
    for event in known.newest:
        if event.HasField("workflow_task_started_event_attributes"):
            return f", {event.workflow_task_started_event_attributes.identity},"
        if event.HasField("workflow_task_completed_event_attributes"):
            break
    return ""


# -- activities


def _activities(known: Known, now: Nanos) -> Iterator[Reason]:
    for activity in known.described.pending_activities[:_MOST_OF_A_KIND]:
        yield _activity(known, activity, now)


def _activity(known: Known, activity: PendingActivityInfo, now: Nanos) -> Reason:
    kind, what, at = _activity_state(known, activity, now)
    failure = failure_text(activity.last_failure) if activity.HasField("last_failure") else None
    last_error = f"; last error: {_one_line(failure.root)}" if failure is not None else ""
    next_at = instant_of(activity.next_attempt_schedule_time)
    return Reason(
        kind=kind,
        sentence=f"Activity {activity.activity_type.name} {what}{last_error}.",
        subject=activity.activity_type.name,
        is_bad=kind in {Kind.ACTIVITY_FAILING, Kind.ACTIVITY_NO_WORKER, Kind.ACTIVITY_PAUSED},
        since_at=at,
        until_at=next_at,
        attempt=activity.attempt,
        failure=failure,
    )


def _activity_state(known: Known, activity: PendingActivityInfo, now: Nanos) -> tuple[Kind, str, Nanos | None]:
    """Its kind of waiting, the middle of the sentence, and since when."""
    info = known.described.workflow_execution_info
    started_at, scheduled_at = instant_of(activity.last_started_time), instant_of(activity.scheduled_time)
    attempt = _attempt(activity)
    if activity.state in _WITH_WORKER and started_at is not None:
        kind = Kind.ACTIVITY_FAILING if activity.HasField("last_failure") else Kind.ACTIVITY_STARTED
        heartbeat_at = instant_of(activity.last_heartbeat_time)
        heartbeat = f", last heartbeat{_ago(heartbeat_at, now)}" if heartbeat_at is not None else ""
        asked = _asked(activity)
        worker = f" on {activity.last_worker_identity}" if activity.last_worker_identity else ""
        return kind, f"has run{since(started_at, now)}{worker}, {attempt}{heartbeat}{asked}", started_at
    if activity.paused or activity.state == PendingActivityState.PENDING_ACTIVITY_STATE_PAUSED:
        return Kind.ACTIVITY_PAUSED, f"is paused, {attempt}", scheduled_at
    next_at = instant_of(activity.next_attempt_schedule_time)
    if next_at is not None and next_at > now:
        failed_at = instant_of(activity.last_attempt_complete_time)  # it is scheduled for the next attempt already
        return Kind.ACTIVITY_FAILING, f"fails: {attempt} comes {until(next_at, now)}", failed_at
    queue = activity.activity_options.task_queue.name or info.task_queue
    missing = missing_poller(f"task queue {queue}", known.queues.get((queue, _ACTIVITY)), None, now)
    waited = f"has waited{since(scheduled_at, now)}"
    if missing:
        return Kind.ACTIVITY_NO_WORKER, f"{waited}, {attempt}: {missing} for activities", scheduled_at
    kind = Kind.ACTIVITY_FAILING if activity.HasField("last_failure") else Kind.ACTIVITY_SCHEDULED
    return kind, f"{waited} for a worker on task queue {queue}, {attempt}", scheduled_at


def _asked(activity: PendingActivityInfo) -> str:
    if activity.state == PendingActivityState.PENDING_ACTIVITY_STATE_CANCEL_REQUESTED:
        return ", was asked to cancel"
    if activity.state == PendingActivityState.PENDING_ACTIVITY_STATE_PAUSE_REQUESTED:
        return ", pauses after this attempt"
    return ""


def _attempt(activity: PendingActivityInfo) -> str:
    of_how_many = f" of {activity.maximum_attempts:,}" if activity.maximum_attempts else ""
    return f"attempt {max(1, activity.attempt):,}{of_how_many}"


# -- what else can be pending


def _nexus(known: Known, now: Nanos) -> Iterator[Reason]:
    for operation in known.described.pending_nexus_operations[:_MOST_OF_A_KIND]:
        name = f"{operation.service}.{operation.operation}"
        is_failing = operation.HasField("last_attempt_failure")
        failure = failure_text(operation.last_attempt_failure) if is_failing else None
        at, next_at = instant_of(operation.scheduled_time), instant_of(operation.next_attempt_schedule_time)
        again = f", next attempt {until(next_at, now)}" if next_at is not None else ""
        blocked = f": {operation.blocked_reason}" if operation.blocked_reason else ""
        why = f"; last error: {_one_line(failure.root)}" if failure is not None else blocked
        yield Reason(
            kind=Kind.NEXUS_FAILING if is_failing else Kind.NEXUS,
            sentence=f"It has waited{since(at, now)} for Nexus operation {name} of {operation.endpoint}{again}{why}.",
            subject=name,
            is_bad=is_failing,
            since_at=at,
            until_at=next_at,
            attempt=operation.attempt,
            failure=failure,
        )


def _children(known: Known) -> Iterator[Reason]:
    for child in known.described.pending_children[:_MOST_OF_A_KIND]:
        start = "" if child.run_id else " to start"
        yield Reason(
            kind=Kind.CHILD,
            sentence=f"It waits for its child {child.workflow_id} ({child.workflow_type_name}){start}.",
            subject=child.workflow_id,
            workflow_id=child.workflow_id,
            run_id=child.run_id,
        )


def _timers(known: Known, now: Nanos) -> Iterator[Reason]:
    started = pending_timers(known)
    for event in started[:_MOST_OF_A_KIND]:
        attributes = event.timer_started_event_attributes
        at = (instant_of(event.event_time) or 0) + attributes.start_to_fire_timeout.ToNanoseconds()
        yield Reason(
            kind=Kind.TIMER,
            sentence=f"It waits for timer {attributes.timer_id}, which fires {until(at, now)}.",
            subject=attributes.timer_id,
            since_at=instant_of(event.event_time),
            until_at=at,
        )


def pending_timers(known: Known) -> list[HistoryEvent]:
    """The events that started those timers of the newest events that have neither fired nor been cancelled."""
    over: set[int] = set()
    found: list[HistoryEvent] = []
    for event in known.newest:
        if event.HasField("timer_fired_event_attributes"):
            over.add(event.timer_fired_event_attributes.started_event_id)
        elif event.HasField("timer_canceled_event_attributes"):
            over.add(event.timer_canceled_event_attributes.started_event_id)
        elif event.HasField("timer_started_event_attributes") and event.event_id not in over:
            found.append(event)
    return found


def _message(known: Known) -> Reason:
    """Nothing is pending."""
    is_whole = any(event.event_id == 1 for event in known.newest)
    what = "a signal or an update" if is_whole else "a signal, an update, or a timer that was started long ago"
    at = instant_of(known.newest[0].event_time) if known.newest else None
    return Reason(kind=Kind.MESSAGE, sentence=f"It waits for {what}: nothing else is pending.", since_at=at)


def _one_line(part: FailurePart) -> str:
    line = " ".join(part.line.split())
    return line if len(line) <= 300 else f"{line[:300]}…"


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
