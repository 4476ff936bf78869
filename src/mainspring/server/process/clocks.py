"""Clocks: the machine's, and one that can skip. Each tells the time and wakes who waits for a time.

    clock.now() -> Nanos              clock.call_at(at, callback) -> Alarm

Whoever waits for time on the server's behalf, wake-ups of runs above all, waits here and not with the event loop: so a
clock that skips skips for all of them, and for what is built later.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from mainspring.server.engine.changes import Nanos

LONGEST_SLEEP_S = 3600.0  # also bounds how late a changed wall clock is noticed
NANOS_PER_S = 1_000_000_000


class WallClock:
    """The time of the machine."""

    def now(self) -> Nanos:
        return time.time_ns()

    def call_at(self, at: Nanos, callback: Callable[[], None]) -> asyncio.TimerHandle:
        """See `history.ports.Clock`. Rings early for what is far away."""
        return asyncio.get_running_loop().call_later(_delay_s(at - self.now()), callback)


class SkippingAlarm:
    """One who waits for a time."""

    def __init__(self, clock: SkippingClock, at: Nanos, callback: Callable[[], None]) -> None:
        self.at = at
        self.callback = callback
        self._clock = clock

    def cancel(self) -> None:
        """Not to be rung (any more)."""
        self._clock.forget(self)


class SkippingClock:
    """A time that passes like any other, and can be moved on to any later instant. It never goes back.

    Those who wait are few, one for each loop of the server and each sleeping caller, so they are not kept in order.
    """

    def __init__(self, *, began_at: Nanos | None = None) -> None:
        self._ahead_ns = (time.time_ns() if began_at is None else began_at) - time.monotonic_ns()
        self._alarms: dict[SkippingAlarm, None] = {}
        self._timer: asyncio.TimerHandle | None = None

    def __repr__(self) -> str:
        return f"<SkippingClock {self.now()} alarms={len(self._alarms)}>"

    def now(self) -> Nanos:
        return time.monotonic_ns() + self._ahead_ns

    def call_at(self, at: Nanos, callback: Callable[[], None]) -> SkippingAlarm:
        """See `history.ports.Clock`. Never rings early."""
        alarm = SkippingAlarm(self, at, callback)
        self._alarms[alarm] = None
        self._plan()
        return alarm

    def forget(self, alarm: SkippingAlarm) -> None:
        self._alarms.pop(alarm, None)

    def next_at(self) -> Nanos | None:
        """The earliest time that anybody waits for."""
        return min((alarm.at for alarm in self._alarms), default=None)

    def skip_to(self, at: Nanos) -> None:
        """It is `at` now, unless it is later already; who waited for it is rung before this returns."""
        self._ahead_ns += max(0, at - self.now())
        self._ring_due()

    def stop(self) -> None:
        """Ring nobody any more."""
        self._alarms.clear()
        self._plan()

    def _ring_due(self) -> None:
        now = self.now()
        for alarm in sorted((alarm for alarm in self._alarms if alarm.at <= now), key=lambda alarm: alarm.at):
            if alarm in self._alarms:  # one that was rung before may have cancelled it
                del self._alarms[alarm]
                alarm.callback()
        self._plan()

    def _plan(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        at = self.next_at()
        if at is not None:
            self._timer = asyncio.get_running_loop().call_later(_delay_s(at - self.now()), self._ring_due)


def _delay_s(delay_ns: int) -> float:
    return min(max(0.0, delay_ns / NANOS_PER_S), LONGEST_SLEEP_S)
