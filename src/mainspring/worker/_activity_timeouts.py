"""Timeouts of the attempts at work: one timer for all of them, since hardly any timeout comes.

    timeouts.begin(stop, after_s) ... timeouts.end(stop)        `stop` is requested if its time comes before its end

The timer is set for the earliest timeout there is. Attempts that end leave it alone: when it is over, it is set anew.
"""

from __future__ import annotations

import asyncio

from mainspring.activity import ActivityCancellationDetails
from mainspring.worker._activity_running import Stop
from mainspring.worker._own_loop import OwnLoop

TIMED_OUT = ActivityCancellationDetails(timed_out=True)


class Timeouts:
    """See the module."""

    def __init__(self) -> None:
        self._due_at: dict[Stop, float] = {}  # by the loop's clock
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._is_closing = False
        self._loop = OwnLoop()

    def begin(self, stop: Stop, after_s: float) -> None:
        """An attempt begins, and is to be stopped after that time."""
        loop = self._loop.get()
        due_at = self._due_at[stop] = loop.time() + after_s
        if self._timer is None or due_at < self._timer_at:
            self._set(loop, due_at)

    def end(self, stop: Stop) -> None:
        """The attempt has ended."""
        del self._due_at[stop]
        if self._is_closing:
            self.close()

    def close(self) -> None:
        """Hold the loop no longer than attempts are at work."""
        self._is_closing = True
        if self._timer is not None and not self._due_at:
            self._timer.cancel()
            self._timer = None

    def _set(self, loop: asyncio.AbstractEventLoop, due_at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = due_at
        self._timer = loop.call_at(due_at, self._look)

    def _look(self) -> None:
        self._timer = None
        loop = self._loop.get()
        now = loop.time()
        waiting: list[float] = []
        for stop, due_at in self._due_at.items():
            if due_at <= now:
                stop.request(TIMED_OUT)
            else:
                waiting.append(due_at)
        if waiting:
            self._set(loop, min(waiting))
