"""Heartbeats of one attempt: an activity may send as many as it likes, the server gets few.

The first goes out at once; after it, the last that came within an interval goes out at its end. What is still waiting
when the activity ends is the last that is known of it: it goes out with its failure.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec

Details = Sequence[Any]

OF_TIMEOUT = 0.8  # a heartbeat that takes a while must still come in time


class Throttle(msgspec.Struct, kw_only=True, frozen=True):
    """How long to wait between heartbeats, in seconds."""

    without_timeout_s: float = 30.0
    most_s: float = 60.0

    def interval_s(self, timeout_s: float) -> float:
        """The interval for an activity with this heartbeat timeout; 0 = it has none."""
        wanted = timeout_s * OF_TIMEOUT if timeout_s else self.without_timeout_s
        return min(wanted, self.most_s)


class Heartbeats:
    """See the module. `send` never raises."""

    def __init__(
        self, send: Callable[[Details], Awaitable[None]], interval_s: float, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._send = send
        self._interval_s = interval_s
        self._waiting: Details | None = None
        self._last: Details = ()
        self._is_over = False
        self._over: asyncio.Event | None = None  # for those who wait between heartbeats; most activities send none
        self._loop = loop
        self._sending: asyncio.Task[None] | None = None

    def beat(self, *details: Any) -> None:
        """Take a heartbeat, from any thread. After the end of the activity it is dropped."""
        if self._is_over:
            return
        self._waiting = self._last = details
        if asyncio._get_running_loop() is self._loop:  # pyright: ignore[reportPrivateUsage] - None where none runs
            self._go_on_sending()
        else:
            self._loop.call_soon_threadsafe(self._go_on_sending)

    def _go_on_sending(self) -> None:
        is_sending = self._sending is not None and not self._sending.done()
        if not is_sending and not self._is_over:
            self._sending = asyncio.create_task(self._send_those_that_wait())

    async def beat_by_itself(self) -> None:
        """Repeat the last heartbeat until cancelled: for activities whose worker does it for them."""
        while True:
            self.beat(*self._last)
            await asyncio.sleep(self._interval_s)

    async def end(self) -> Details | None:
        """Send no more. Returns: the last that was not sent."""
        self._is_over = True
        if self._over is not None:
            self._over.set()
        if self._sending is not None:
            await self._sending
        return self._waiting

    async def _send_those_that_wait(self) -> None:
        if self._over is None:
            self._over = asyncio.Event()
        while self._waiting is not None and not self._is_over:
            details, self._waiting = self._waiting, None
            await self._send(details)
            await _wait(self._over, self._interval_s)


async def _wait(event: asyncio.Event, at_most_s: float) -> None:
    waiting = asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait([waiting], timeout=at_most_s)
    finally:
        waiting.cancel()
