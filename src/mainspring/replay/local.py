"""Local activities of one run: to be run by the worker, or known from their markers.

schedule -> its marker is ahead -> told
            else waiting -> given to the worker -> `finish` -> marker + told

Each end is told in an activation of its own, in the order of the markers, live and in a replay. A marker says in which
activation of its workflow task that was: official workers tell those that end by being cancelled at once together.
"""

from __future__ import annotations

from collections import deque
from typing import Protocol

import msgspec
from temporalio.api.enums.v1 import RetryState
from temporalio.api.failure.v1 import CanceledFailureInfo, Failure
from temporalio.api.history.v1 import HistoryEvent

from mainspring.replay.activation import Outcome, ResolveLocalActivity
from mainspring.replay.markers import LocalActivityMark, local_activity_marker, read_local_activity
from mainspring.replay.outcomes import activity_info, local_activity_failure
from mainspring.replay.pending import Core, different
from mainspring.replay.requests import ActivityCancellation, LocalActivityTask

CANCELLED = "Activity cancelled"
TIMED_OUT = "Activity task timed out"


class LocalActivity:
    """One local activity of the run."""

    def __init__(self, task: LocalActivityTask, scheduled_at: int) -> None:
        self.task = task
        self.scheduled_at = scheduled_at  # ns since the epoch, by the workflow's clock
        self.is_given = False  # to the worker


class LocalResult(msgspec.Struct, frozen=True):
    """How the worker's run of one ended."""

    outcome: Outcome
    runtime_ns: int
    attempt: int
    original_schedule_at: int  # ns since the epoch, by the real clock


class ReplayingCore(Core, Protocol):
    """What ends of local activities have to know of their run."""

    is_replaying: bool


class LocalActivities:
    """All local activities of one run."""

    def __init__(self, core: ReplayingCore) -> None:
        self._core = core
        self._open: dict[int, LocalActivity] = {}
        self._from_history: dict[int, LocalActivity] = {}  # resolved by reading ahead; their markers are to come
        self._ahead: dict[int, LocalActivityMark] = {}  # of the coming workflow task, in the order of the markers
        self._ended: deque[tuple[LocalActivity, LocalResult]] = deque()  # here; workflow code is to be told
        self._to_cancel: list[int] = []

    def schedule(self, task: LocalActivityTask, now: int) -> None:
        """Workflow code asks for one."""
        self._open[task.seq] = LocalActivity(task, now)

    def look_ahead(self, event: HistoryEvent) -> None:
        """A marker that the coming workflow task leaves."""
        mark = read_local_activity(event.marker_recorded_event_attributes)
        self._ahead[mark.seq] = mark

    def tell_next(self, activation_index: int) -> int | None:
        """Tell what ended next. Returns the workflow's time from here on, None if there was nothing to tell."""
        if self._ended:
            return self._tell_ended(*self._ended.popleft(), activation_index)
        if not self._ahead:
            return None
        ready = [mark for seq, mark in self._ahead.items() if seq in self._open]
        if not ready:
            return None
        return max(self._tell_marked(mark) for mark in ready if mark.activation_index == ready[0].activation_index)

    def is_from_history(self, event: HistoryEvent) -> bool:
        """Whether a marker is of one that was resolved by reading ahead, so that no command stands for it."""
        return read_local_activity(event.marker_recorded_event_attributes).seq in self._from_history

    def mismatch(self, event: HistoryEvent) -> str:
        """What is different between a marker and the call that workflow code made. The call is over by that."""
        mark = read_local_activity(event.marker_recorded_event_attributes)
        task = self._from_history.pop(mark.seq).task
        return different("local activity type", mark.activity_type, task.activity_type) or different(
            "local activity id", mark.activity_id, task.activity_id
        )

    def cancel(self, seq: int, now: int) -> None:
        """Its caller was cancelled."""
        known = self._open.get(seq)
        if known is None or seq in self._ahead:
            return  # it has ended: the next activations tell how
        is_waited_for = known.task.cancellation == ActivityCancellation.WAIT_CANCELLATION_COMPLETED
        is_given = known.is_given or (is_waited_for and self._core.is_replaying)
        if is_given:
            self._to_cancel.append(seq)
        if not is_given or not is_waited_for:
            self.finish(seq, self._given_up(known, now))

    def take(self) -> tuple[list[LocalActivityTask], list[int]]:
        """Those that the worker must run now, and the numbers of those that it must cancel."""
        waiting = [known for known in self._open.values() if not known.is_given]
        for known in waiting:
            known.is_given = True
        to_cancel, self._to_cancel = self._to_cancel, []
        return [known.task for known in waiting], to_cancel

    @property
    def is_any_running(self) -> bool:
        return bool(self._open)

    def finish(self, seq: int, result: LocalResult) -> None:
        """The worker ran it, or nobody waits for that. Nothing happens if it was given up before."""
        known = self._open.pop(seq, None)
        if known is not None:
            self._ended.append((known, result))

    def _tell_ended(self, known: LocalActivity, result: LocalResult, activation_index: int) -> int:
        task, outcome = known.task, result.outcome
        completed_at = known.scheduled_at + result.runtime_ns
        mark = LocalActivityMark(
            seq=task.seq,
            attempt=result.attempt,
            activity_id=task.activity_id,
            activity_type=task.activity_type,
            completed_at=completed_at,
            original_schedule_at=result.original_schedule_at,
            backoff_ns=outcome.backoff.wait_ns if outcome.backoff else None,
            result=outcome.result,
            failure=outcome.failure,
            activation_index=activation_index,
        )
        self._core.add(local_activity_marker(task, mark))
        self._core.tell(ResolveLocalActivity(seq=task.seq, outcome=outcome))
        return completed_at

    def _tell_marked(self, mark: LocalActivityMark) -> int:
        del self._ahead[mark.seq]
        self._from_history[mark.seq] = self._open.pop(mark.seq)
        failure = None if mark.backoff_ns is not None or mark.failure is None else _wrapped(mark, mark.failure)
        is_cancelled = failure is not None and failure.cause.HasField("canceled_failure_info")
        outcome = Outcome(mark.result, failure, is_cancelled=is_cancelled, backoff=mark.backoff)
        self._core.tell(ResolveLocalActivity(seq=mark.seq, outcome=outcome))
        return mark.completed_at or 0

    def _given_up(self, known: LocalActivity, now: int) -> LocalResult:
        cause = Failure(canceled_failure_info=CanceledFailureInfo())
        info = activity_info(known.task.activity_type, known.task.activity_id, 0)
        failure = local_activity_failure(info, CANCELLED, cause, RetryState.RETRY_STATE_CANCEL_REQUESTED)
        return LocalResult(
            outcome=Outcome(failure=failure, is_cancelled=True),
            runtime_ns=max(0, now - known.scheduled_at),
            attempt=known.task.attempt,
            original_schedule_at=known.task.original_schedule_at or now,
        )


def _wrapped(mark: LocalActivityMark, failure: Failure) -> Failure:
    """What workflow code gets: of cancellations and timeouts official markers have the cause alone."""
    info = activity_info(mark.activity_type, mark.activity_id, 0)
    if failure.HasField("canceled_failure_info"):
        return local_activity_failure(info, CANCELLED, failure, RetryState.RETRY_STATE_CANCEL_REQUESTED)
    if failure.HasField("timeout_failure_info"):
        return local_activity_failure(info, TIMED_OUT, failure, RetryState.RETRY_STATE_TIMEOUT)
    return failure
