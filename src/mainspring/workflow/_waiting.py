"""Ways to wait in a workflow: for a time, for a condition, for tasks in an order that a replay repeats.

asyncio's own `wait` and `as_completed` keep tasks in sets, whose order differs from process to process; those here keep
the order in which the tasks were given.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any, TypeVar, overload

from mainspring.types import AnyType
from mainspring.workflow._event_groups import EventGroup
from mainspring.workflow._runtime import Runtime

FT = TypeVar("FT", bound=asyncio.Future[Any])

WAYS_TO_WAIT = (asyncio.FIRST_COMPLETED, asyncio.FIRST_EXCEPTION, asyncio.ALL_COMPLETED)


async def sleep(
    duration: float | timedelta, *, summary: str | None = None, event_groups: Sequence[EventGroup] | None = None
) -> None:
    """Wait for a time, in seconds or as a timedelta. The server keeps the timer; the worker may come and go.

    Args:
        duration: How long.
        summary: A line about the timer for user interfaces.
        event_groups: The groups that the timer belongs to, beside those of the scope.
    """
    await Runtime.current().workflow_sleep(_seconds(duration), summary=summary, event_groups=event_groups)


async def wait_condition(
    fn: Callable[[], bool],
    *,
    timeout: timedelta | float | None = None,
    timeout_summary: str | None = None,
    event_groups: Sequence[EventGroup] | None = None,
) -> None:
    """Wait until a function says True. It is asked whenever something happened in the workflow, and changes nothing.

    Args:
        fn: The condition.
        timeout: How long at most, in seconds or as a timedelta. There is a timer only if this is given, so to add or
            drop it is a change for which running workflows need a patch.
        timeout_summary: A line about the timer for user interfaces.
        event_groups: The groups that the timer belongs to, beside those of the scope.

    Raises:
        TimeoutError: the time is over, and the condition does not hold.
    """
    await Runtime.current().workflow_wait_condition(
        fn,
        timeout=None if timeout is None else _seconds(timeout),
        timeout_summary=timeout_summary,
        event_groups=event_groups,
    )


def _seconds(duration: float | timedelta) -> float:
    return duration.total_seconds() if isinstance(duration, timedelta) else duration


@overload
async def wait(
    fs: Iterable[FT], *, timeout: float | None = None, return_when: str = asyncio.ALL_COMPLETED
) -> tuple[list[FT], list[FT]]: ...


@overload
async def wait(
    fs: Iterable[asyncio.Task[AnyType]], *, timeout: float | None = None, return_when: str = asyncio.ALL_COMPLETED
) -> tuple[list[asyncio.Task[AnyType]], list[asyncio.Task[AnyType]]]: ...


async def wait(
    fs: Iterable[Any], *, timeout: float | None = None, return_when: str = asyncio.ALL_COMPLETED
) -> tuple[list[Any], list[Any]]:
    """Wait for tasks; give those that are done and those that are not, each in the order in which they were given.

    Args:
        fs: Tasks or futures, no coroutines.
        timeout: How many seconds at most; then those that are done so far are given.
        return_when: One of asyncio's FIRST_COMPLETED, FIRST_EXCEPTION, ALL_COMPLETED.
    """
    if asyncio.isfuture(fs) or asyncio.iscoroutine(fs):
        raise TypeError(f"Expect an iterable of Tasks/Futures, not {type(fs).__name__}")
    futures = list(fs)
    if not futures:
        raise ValueError("Sequence of Tasks/Futures must not be empty.")
    if return_when not in WAYS_TO_WAIT:
        raise ValueError(f"Invalid return_when value: {return_when}")
    if any(asyncio.iscoroutine(one) for one in futures):
        raise TypeError("Passing coroutines is forbidden, use tasks explicitly.")
    await wait_for_any(futures, timeout, return_when, asyncio.get_running_loop())
    return [one for one in futures if one.done()], [one for one in futures if not one.done()]


async def wait_for_any(
    futures: Sequence[asyncio.Future[Any]], timeout: float | None, return_when: str, loop: asyncio.AbstractEventLoop
) -> None:
    """Return when enough of the futures are done, or the time is over."""
    pending = [one for one in futures if not one.done()]
    if not pending or is_enough([one for one in futures if one.done()], return_when):
        return
    waiter: asyncio.Future[None] = loop.create_future()
    left = len(pending)

    def note(done: asyncio.Future[Any]) -> None:
        nonlocal left
        left -= 1
        if left <= 0 or is_enough([done], return_when):
            release_waiter(waiter)

    timer = None if timeout is None else loop.call_later(timeout, release_waiter, waiter)
    for one in pending:
        one.add_done_callback(note)
    try:
        await waiter
    finally:
        if timer is not None:
            timer.cancel()
        for one in pending:
            one.remove_done_callback(note)


def is_enough(done: Sequence[asyncio.Future[Any]], return_when: str) -> bool:
    """Whether those that are done are what was waited for, though others may be left."""
    if return_when == asyncio.FIRST_COMPLETED:
        return bool(done)
    return return_when == asyncio.FIRST_EXCEPTION and any(
        not one.cancelled() and one.exception() is not None for one in done
    )


def release_waiter(waiter: asyncio.Future[Any], *args: object) -> None:
    """Let whoever waits go on, unless it does already."""
    del args
    if not waiter.done():
        waiter.set_result(None)


def as_completed(fs: Iterable[Awaitable[AnyType]], *, timeout: float | None = None) -> Iterator[Awaitable[AnyType]]:
    """Awaitables, one for each that was given, which give the results in the order in which they come.

    Args:
        fs: What to wait for; coroutines become tasks.
        timeout: How many seconds at most; then those that are left raise `TimeoutError`.
    """
    if asyncio.isfuture(fs) or asyncio.iscoroutine(fs):
        raise TypeError(f"expect an iterable of futures, not {type(fs).__name__}")
    loop = asyncio.get_running_loop()
    todo: list[asyncio.Future[AnyType]] = [asyncio.ensure_future(one, loop=loop) for one in fs]
    done: asyncio.Queue[asyncio.Future[AnyType] | None] = asyncio.Queue()

    def note(one: asyncio.Future[AnyType]) -> None:
        todo.remove(one)
        done.put_nowait(one)
        if not todo and timer is not None:
            timer.cancel()

    def give_up() -> None:
        for one in todo:
            one.remove_done_callback(note)
            done.put_nowait(None)
        todo.clear()

    async def next_one() -> AnyType:
        one = await done.get()
        if one is None:
            raise TimeoutError
        return one.result()

    timer = loop.call_later(timeout, give_up) if todo and timeout is not None else None
    for one in list(todo):
        one.add_done_callback(note)
    for _ in range(len(todo)):
        yield next_one()
