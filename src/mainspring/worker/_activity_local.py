"""Local activities: run in this worker, and tried again here, on behalf of a workflow task that waits.

    LocalActivityTask -> attempt -> wait -> attempt ... -> LocalResult
                                    wait longer than the threshold -> a backoff: the workflow sets a timer

Cancelling `run` cancels the activity; it still returns how that ended. One that timed out may still be at work: whoever
ends the worker waits for all.
"""

from __future__ import annotations

import asyncio
import dataclasses
import time
from typing import TYPE_CHECKING

import msgspec
from temporalio.api.common.v1 import ActivityType, RetryPolicy
from temporalio.api.enums.v1 import RetryState, TimeoutType
from temporalio.api.failure.v1 import ActivityFailureInfo, ApplicationFailureInfo, Failure, TimeoutFailureInfo

from mainspring.activity import ActivityCancellationDetails
from mainspring.common import MetricMeter
from mainspring.replay.activation import Backoff, Outcome
from mainspring.replay.local import LocalResult
from mainspring.replay.requests import LocalActivityTask
from mainspring.worker._activity_attempt import Attempt, Ending, Surroundings
from mainspring.worker._activity_metrics import ActivityMetrics
from mainspring.worker._activity_tasks import assignment_of_local
from mainspring.worker._slots import Slots, UsedByActivity
from mainspring.workflow._info import Info

if TYPE_CHECKING:
    from mainspring.client import Client

SECOND = 1_000_000_000
LONGEST_OF_INITIAL = 100  # the longest wait, in first ones, if the policy does not say it
CANCELLED = ActivityCancellationDetails(cancel_requested=True)
SHUTDOWN = ActivityCancellationDetails(worker_shutdown=True)
TIMED_OUT = ActivityCancellationDetails(timed_out=True)


class LocalActivities:
    """Runs the local activities of a worker, as many at once as there are slots."""

    def __init__(self, surroundings: Surroundings, slots: Slots, metrics: ActivityMetrics | None = None) -> None:
        self._around = surroundings
        self._slots = slots
        self._metrics = metrics or ActivityMetrics(MetricMeter.noop)
        self._working: set[asyncio.Task[Ending]] = set()
        self._why_cancelled = CANCELLED

    def set_client(self, client: Client) -> None:
        """The client that activities get from now on."""
        self._around = dataclasses.replace(self._around, client=client)

    def give_up(self) -> None:
        """The worker ends: whoever is cancelled from now on is told that this is why."""
        self._why_cancelled = SHUTDOWN

    async def ended(self) -> None:
        """Wait for all that are at work, and for those that timed out and do not mind."""
        while self._working:
            await asyncio.wait(self._working)

    async def run(self, task: LocalActivityTask, by: Info) -> LocalResult:
        """Run one to its end, or to a wait that is too long to be spent here."""
        began = time.monotonic_ns()
        first_at = task.original_schedule_at or time.time_ns()
        number, is_cancelled = task.attempt, False
        while True:
            attempt = Attempt(assignment_of_local(task, number, first_at, by), self._around)
            ending, is_cancelled = await self._attempt(attempt, task, first_at)
            outcome = _decided(ending, task, number, first_at)
            if outcome.backoff is None or is_cancelled:
                break
            if outcome.backoff.wait_ns > task.local_retry_threshold_ns:
                break
            try:
                await asyncio.sleep(outcome.backoff.wait_ns / SECOND)
            except asyncio.CancelledError:
                is_cancelled = True
                break
            number += 1
        if is_cancelled and outcome.backoff is not None:
            outcome = _cancelled(ending, task)
        runtime_ns = time.monotonic_ns() - began
        return LocalResult(outcome, runtime_ns=runtime_ns, attempt=number, original_schedule_at=first_at)

    async def _attempt(self, attempt: Attempt, task: LocalActivityTask, first_at: int) -> tuple[Ending, bool]:
        """One attempt in a slot. Returns: how it ended, and whether the activity was cancelled meanwhile."""
        try:
            timeout_s = task.schedule_to_start_ns / SECOND or None
            async with asyncio.timeout(timeout_s):  # `wait_for` would forget a cancellation that meets a free slot
                permit = await self._slots.reserve()
        except TimeoutError:
            return _timeout(TimeoutType.TIMEOUT_TYPE_SCHEDULE_TO_START), False
        except asyncio.CancelledError:
            return Ending(failure=_cancellation(), is_cancelled=True), True
        self._slots.mark_used(permit, UsedByActivity(task.activity_type))
        self._metrics.began(attempt.assignment)
        began = time.monotonic()
        working = asyncio.create_task(attempt.run())
        self._working.add(working)
        working.add_done_callback(self._working.discard)
        working.add_done_callback(lambda _: self._slots.release(permit))
        ending, is_cancelled = await self._watched(attempt, working, _Deadline.of(task, first_at))
        self._metrics.ended(attempt.assignment, ending, began)
        return ending, is_cancelled

    async def _watched(
        self, attempt: Attempt, working: asyncio.Task[Ending], deadline: _Deadline
    ) -> tuple[Ending, bool]:
        is_cancelled = False
        while not working.done():
            try:
                await asyncio.wait([working], timeout=deadline.left_s())
            except asyncio.CancelledError:
                is_cancelled = True
                attempt.stop.request(self._why_cancelled)
                continue
            if not working.done():
                attempt.stop.request(TIMED_OUT)
                return _timeout(deadline.kind), is_cancelled
        return working.result(), is_cancelled


class _Deadline(msgspec.Struct, frozen=True):
    """When an attempt has taken too long, and by which timeout."""

    at: float | None  # by the monotonic clock, in seconds
    kind: TimeoutType.ValueType

    @classmethod
    def of(cls, task: LocalActivityTask, first_at: int) -> _Deadline:
        of_attempt = task.start_to_close_ns or None
        of_all = max(0, task.schedule_to_close_ns - (time.time_ns() - first_at)) if task.schedule_to_close_ns else None
        now = time.monotonic()
        if of_all is not None and (of_attempt is None or of_all <= of_attempt):
            return cls(now + of_all / SECOND, TimeoutType.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE)
        return cls(now + of_attempt / SECOND if of_attempt else None, TimeoutType.TIMEOUT_TYPE_START_TO_CLOSE)

    def left_s(self) -> float | None:
        return None if self.at is None else max(0.0, self.at - time.monotonic())


def _decided(ending: Ending, task: LocalActivityTask, attempt: int, first_at: int) -> Outcome:
    """What follows from an attempt: its result, a wait before the next, or the failure of the activity."""
    if ending.result is not None:
        return Outcome(result=ending.result)
    failure = ending.failure
    if failure is None:
        message = "a local activity cannot be completed from elsewhere: do not raise_complete_async in one"
        info = ApplicationFailureInfo(type="IllegalLocalActivity", non_retryable=True)
        failure = Failure(message=message, application_failure_info=info)
    if ending.is_cancelled:
        return _cancelled(ending, task)
    final = _why_not_again(failure, task, attempt)
    if final is None:
        wait_ns = _wait_ns(failure, task.retry_policy, attempt)
        left_ns = task.schedule_to_close_ns - (time.time_ns() - first_at) if task.schedule_to_close_ns else None
        if left_ns is None or wait_ns < left_ns:
            return Outcome(backoff=Backoff(attempt=attempt + 1, wait_ns=wait_ns, original_schedule_at=first_at))
        final = RetryState.RETRY_STATE_TIMEOUT
    if failure.HasField("timeout_failure_info"):
        return Outcome(failure=_of_activity("Activity task timed out", failure, task, final))
    return Outcome(failure=failure)  # as official workers give it: what the activity raised, bare


def _why_not_again(failure: Failure, task: LocalActivityTask, attempt: int) -> RetryState.ValueType | None:
    """Why a failure is the last; None if the policy says to try again."""
    policy = task.retry_policy
    timeout = failure.timeout_failure_info.timeout_type
    if timeout in {TimeoutType.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE, TimeoutType.TIMEOUT_TYPE_SCHEDULE_TO_START}:
        return RetryState.RETRY_STATE_TIMEOUT
    application = failure.application_failure_info
    listed = policy.non_retryable_error_types if policy is not None else ()
    if failure.HasField("application_failure_info") and (application.non_retryable or application.type in listed):
        return RetryState.RETRY_STATE_NON_RETRYABLE_FAILURE
    if policy is not None and 0 < policy.maximum_attempts <= attempt:
        return RetryState.RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED
    return None


def _wait_ns(failure: Failure, policy: RetryPolicy | None, attempt: int) -> int:
    """How long to wait after the attempt of this number: as the error says, else as the policy does."""
    application = failure.application_failure_info
    if application.HasField("next_retry_delay"):
        return application.next_retry_delay.ToNanoseconds()
    given = policy if policy is not None else RetryPolicy()
    first = given.initial_interval.ToNanoseconds() or SECOND
    longest = given.maximum_interval.ToNanoseconds() or first * LONGEST_OF_INITIAL
    factor = given.backoff_coefficient or 2.0
    try:
        return round(min(first * factor ** (attempt - 1), longest))
    except OverflowError:
        return longest


def _cancelled(ending: Ending, task: LocalActivityTask) -> Outcome:
    """It failed, and was cancelled before it could be tried again."""
    cause = ending.failure if ending.is_cancelled and ending.failure is not None else _cancellation()
    state = RetryState.RETRY_STATE_CANCEL_REQUESTED
    return Outcome(failure=_of_activity("Activity cancelled", cause, task, state), is_cancelled=True)


def _cancellation() -> Failure:
    failure = Failure(message="Cancelled")
    failure.canceled_failure_info.SetInParent()
    return failure


def _timeout(kind: TimeoutType.ValueType) -> Ending:
    name = TimeoutType.Name(kind).removeprefix("TIMEOUT_TYPE_").title().replace("_T", "T").replace("_", "")
    info = TimeoutFailureInfo(timeout_type=kind)
    return Ending(failure=Failure(message=f"activity {name} timeout", timeout_failure_info=info))


def _of_activity(message: str, cause: Failure, task: LocalActivityTask, state: RetryState.ValueType) -> Failure:
    """The failure as the workflow gets it: that of the activity, with what happened as its cause."""
    info = ActivityFailureInfo(
        activity_type=ActivityType(name=task.activity_type), activity_id=task.activity_id, retry_state=state
    )
    return Failure(message=message, cause=cause, activity_failure_info=info)
