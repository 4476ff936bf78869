"""Wait in an activity for something that only can be asked for: with heartbeats, and an end when it is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Literal, TypeVar

from mainspring.activity._context import Context, heartbeat, is_cancelled, wait_for_cancelled_sync
from mainspring.exceptions import CancelledError

T = TypeVar("T")


async def poll_until(check: Callable[[], Awaitable[T | Literal[False] | None]], interval: timedelta | float) -> T:
    """Ask `check` again and again until it says something true, and return that; in `async def` activities.

    Heartbeats as often as the heartbeat timeout needs, whatever the interval. Ends with the cancellation of the
    activity, by whoever asks for it.

    Args:
        check: Asked at once, and then an interval after each answer. What it raises goes on.
        interval: Seconds, or a timedelta.
    """
    while True:
        heartbeat()
        found = await check()
        if found is not None and found is not False:
            return found
        for pause in _pauses(_seconds(interval)):
            heartbeat()
            await asyncio.sleep(pause)


def poll_until_sync(check: Callable[[], T | Literal[False] | None], interval: timedelta | float) -> T:
    """`poll_until` for `def` activities; blocks the thread.

    Raises:
        CancelledError: the activity was told to stop.
    """
    while True:
        heartbeat()
        found = check()
        if found is not None and found is not False:
            return found
        for pause in _pauses(_seconds(interval)):
            heartbeat()
            wait_for_cancelled_sync(pause)
            if is_cancelled():
                raise CancelledError("Cancelled while polling")


def _pauses(interval: float) -> list[float]:
    """The interval in pieces, none longer than half of the heartbeat timeout."""
    timeout = Context.current().info().heartbeat_timeout
    longest = timeout.total_seconds() / 2 if timeout else interval
    if longest <= 0 or interval <= longest:
        return [interval]
    count = int(-(-interval // longest))
    return [interval / count] * count


def _seconds(interval: timedelta | float) -> float:
    return interval.total_seconds() if isinstance(interval, timedelta) else interval
