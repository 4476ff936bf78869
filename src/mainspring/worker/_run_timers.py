"""Timers of one run, and what waits by them: `asyncio.sleep`, `workflow.sleep`, timeouts, `workflow.wait_condition`.

A condition is a function that is asked again whenever the run has done something; it needs no timer of its own.
"""

from __future__ import annotations

import asyncio
import contextvars
import math
from collections.abc import Callable, Sequence

from temporalio.api.sdk.v1 import EventGroupMarker, UserMetadata

from mainspring.replay.activation import FireTimer
from mainspring.replay.requests import CancelTimer, StartTimer
from mainspring.worker._loop import WorkflowTimerHandle
from mainspring.worker._run_state import RunState
from mainspring.workflow._event_groups import EventGroup, event_group_markers

LONGEST_NS = 315_576_000_000 * 1_000_000_000  # 10,000 years: the most that a protobuf Duration can hold

Options = tuple[UserMetadata | None, Sequence[EventGroupMarker] | None]
Condition = tuple[Callable[[], bool], asyncio.Future[bool]]

# What asyncio's own functions cannot pass on to the timer that they start.
_options: contextvars.ContextVar[Options] = contextvars.ContextVar("mainspring_timer_options", default=(None, None))


class RunTimers:
    """The timers of one run by number, and the conditions that are waited for."""

    def __init__(self) -> None:
        self._state: RunState
        self._pending: dict[int, WorkflowTimerHandle] = {}
        self._conditions: list[Condition] = []

    def begin(self, state: RunState) -> None:
        """The loop needs its timers before the state can have its loop."""
        self._state = state

    # -- for the loop

    def start_timer(self, handle: WorkflowTimerHandle, delay_s: float) -> None:
        """Ask for a timer.

        Raises:
            ValueError: The delay is negative or no number.
        """
        self._state.assert_may_act("schedule timer")
        if delay_s < 0 or math.isnan(delay_s):
            raise ValueError(f"Attempting to schedule timer with negative delay: {delay_s} s")
        metadata, groups = _options.get()
        wait_ns = LONGEST_NS if math.isinf(delay_s) else min(int(delay_s * 1e9), LONGEST_NS)
        handle.seq = self._state.next_seq("timer")
        markers = event_group_markers(None) if groups is None else groups
        self._state.ask(StartTimer(seq=handle.seq, wait_ns=wait_ns, user_metadata=metadata, event_groups=markers))
        self._pending[handle.seq] = handle

    def cancel_timer(self, handle: WorkflowTimerHandle) -> None:
        """Take a timer back.

        Raises:
            _WorkflowBeingEvictedError: The run is thrown out of the cache. So a sleep ends by this then, not by the
                cancellation that it is unwound with, which would look like one that somebody asked for.
        """
        if self._pending.pop(handle.seq, None) is not None:
            self._state.ask(CancelTimer(seq=handle.seq))

    # -- for jobs

    def fire(self, job: FireTimer) -> None:
        """A timer is over; one that was cancelled within this activation is not there any more."""
        handle = self._pending.pop(job.seq, None)
        if handle is not None:
            self._state.loop.fire(handle)

    @property
    def has_conditions(self) -> bool:
        """Whether anybody waits for one."""
        return bool(self._conditions)

    def check_conditions(self) -> None:
        """Wake whoever waits for a condition that is true now. One that raises wakes its waiter with that."""
        self._conditions[:] = [one for one in self._conditions if not one[1].done() and not _met(*one)]

    # -- for workflow code

    async def sleep(self, duration: float, summary: str | None, event_groups: Sequence[EventGroup] | None) -> None:
        future = self._state.loop.create_future()
        options = self._state.summary(summary), event_group_markers(event_groups)
        token = _options.set(options)
        try:
            handle = self._state.loop.call_later(duration, _finish, future)
        finally:
            _options.reset(token)
        future.add_done_callback(lambda done: handle.cancel() if done.cancelled() else None)
        await future

    async def wait_condition(
        self,
        fn: Callable[[], bool],
        timeout: float | None,
        summary: str | None,
        event_groups: Sequence[EventGroup] | None,
    ) -> None:
        self._state.assert_may_act("wait condition")
        future: asyncio.Future[bool] = self._state.loop.create_future()
        self._conditions.append((fn, future))
        options = self._state.summary(summary), event_group_markers(event_groups)

        async def wait() -> None:
            _options.set(options)
            await asyncio.wait_for(future, timeout)

        was_cancelled = self._state.cancel_reason is not None
        # Called in a copy of the context, so that the options are seen by this wait's timer only.
        waiting = contextvars.copy_context().run(wait)
        try:
            await waiting
        except TimeoutError:
            if self._is_newly_cancelled(was_cancelled=was_cancelled):
                raise asyncio.CancelledError from None
            raise
        if self._is_newly_cancelled(was_cancelled=was_cancelled):
            raise asyncio.CancelledError

    def _is_newly_cancelled(self, *, was_cancelled: bool) -> bool:
        """With all jobs applied at once, a wait may end together with the cancellation, which asyncio then drops."""
        return self._state.is_single_batch and not was_cancelled and self._state.cancel_reason is not None


def _met(fn: Callable[[], bool], future: asyncio.Future[bool]) -> bool:
    try:
        is_met = fn()
    except Exception as error:  # noqa: BLE001 - whoever waits is told
        future.set_exception(error)
        return True
    if is_met:
        future.set_result(True)
    return bool(is_met)


def _finish(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
