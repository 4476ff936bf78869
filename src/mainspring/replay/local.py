"""Local activities of one run: to be run by the worker, or known from their markers.

schedule -> known from a marker ahead? -> told
            else waiting -> given to the worker -> `finish` -> marker + told
"""

from __future__ import annotations

import msgspec
from temporalio.api.common.v1 import ActivityType
from temporalio.api.enums.v1 import RetryState
from temporalio.api.failure.v1 import ActivityFailureInfo, CanceledFailureInfo, Failure
from temporalio.api.history.v1 import HistoryEvent

from mainspring.replay.activation import Outcome, ResolveLocalActivity
from mainspring.replay.markers import LocalActivityMark, local_activity_marker, read_local_activity
from mainspring.replay.pending import Core, different
from mainspring.replay.requests import ActivityCancellation, LocalActivityTask


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


class LocalActivities:
    """All local activities of one run."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._open: dict[int, LocalActivity] = {}
        self._from_history: dict[int, LocalActivity] = {}  # resolved by reading ahead; their markers are to come
        self._ahead: dict[int, LocalActivityMark] = {}
        self._to_cancel: list[int] = []

    def schedule(self, task: LocalActivityTask, now: int) -> int | None:
        """Workflow code asks for one. Returns the workflow's time if its end is known and changes it."""
        self._open[task.seq] = LocalActivity(task, now)
        mark = self._ahead.pop(task.seq, None)
        return self._resolve_from(mark) if mark is not None else None

    def look_ahead(self, event: HistoryEvent) -> int | None:
        """A marker that the coming workflow task leaves. Returns the workflow's time if that changes."""
        mark = read_local_activity(event.marker_recorded_event_attributes)
        if mark.seq in self._open:
            return self._resolve_from(mark)
        self._ahead[mark.seq] = mark
        return None

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
        if known is None:
            return
        if known.is_given:
            self._to_cancel.append(seq)
        if not known.is_given or known.task.cancellation != ActivityCancellation.WAIT_CANCELLATION_COMPLETED:
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

    def finish(self, seq: int, result: LocalResult) -> int | None:
        """The worker ran it. Returns the workflow's time from here on; None if it was given up before."""
        known = self._open.pop(seq, None)
        if known is None:
            return None
        completed_at = known.scheduled_at + result.runtime_ns
        outcome = result.outcome
        mark = LocalActivityMark(
            seq=seq,
            attempt=result.attempt,
            activity_id=known.task.activity_id,
            activity_type=known.task.activity_type,
            completed_at=completed_at,
            original_schedule_at=result.original_schedule_at,
            backoff_ns=outcome.backoff.wait_ns if outcome.backoff else None,
            result=outcome.result,
            failure=outcome.failure,
        )
        self._core.add(local_activity_marker(known.task, mark))
        self._core.tell(ResolveLocalActivity(seq=seq, outcome=outcome))
        return completed_at

    def _resolve_from(self, mark: LocalActivityMark) -> int | None:
        self._from_history[mark.seq] = self._open.pop(mark.seq)
        is_cancelled = mark.failure is not None and mark.failure.cause.HasField("canceled_failure_info")
        failure = None if mark.backoff_ns is not None else mark.failure
        outcome = Outcome(mark.result, failure, is_cancelled=is_cancelled, backoff=mark.backoff)
        self._core.tell(ResolveLocalActivity(seq=mark.seq, outcome=outcome))
        return mark.completed_at

    def _given_up(self, known: LocalActivity, now: int) -> LocalResult:
        info = ActivityFailureInfo(
            activity_type=ActivityType(name=known.task.activity_type),
            activity_id=known.task.activity_id,
            retry_state=RetryState.RETRY_STATE_CANCEL_REQUESTED,
        )
        cause = Failure(canceled_failure_info=CanceledFailureInfo())
        failure = Failure(message="Activity cancelled", cause=cause, activity_failure_info=info)
        return LocalResult(
            outcome=Outcome(failure=failure, is_cancelled=True),
            runtime_ns=max(0, now - known.scheduled_at),
            attempt=known.task.attempt,
            original_schedule_at=known.task.original_schedule_at or now,
        )
