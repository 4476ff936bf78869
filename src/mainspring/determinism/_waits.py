"""`asyncio.wait_for` and `gather` as they are since Python 3.12, on every Python.

Python 3.11 runs what `wait_for` is given in a task of its own, and lets `gather` of what is done already end a turn of
the loop later. So the commands of two waits side by side came in another order, and a run could not go on where another
Python is installed. Runs whose history does not say that they have the newer waits, such as those of official workers,
have the waits of the Python that runs them (docs/decisions/0022-one-order-of-waits-on-every-python.md).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from mainspring.determinism._running import looking_like
from mainspring.workflow._runtime import Runtime

Function = Callable[..., Any]


def wait_for(real: Function, _name: str) -> Function:
    """`asyncio.wait_for`, which awaits what it is given itself."""

    @looking_like(real)
    async def direct(fut: Awaitable[Any], timeout: float | None) -> Any:
        if timeout is None or timeout <= 0 or not _is_new():
            return await real(fut, timeout)
        async with asyncio.timeout(timeout):
            return await fut

    return direct


def gather(real: Function, _name: str) -> Function:
    """`asyncio.gather`, which is done at once if all that it is given is."""

    @looking_like(real)
    def at_once(*coros_or_futures: Any, return_exceptions: bool = False) -> Any:
        outer = real(*coros_or_futures, return_exceptions=return_exceptions)
        is_any_done = any(asyncio.isfuture(one) and one.done() for one in coros_or_futures)
        if is_any_done and _is_new() and not outer.done():
            _end(outer, outer._children, return_exceptions=return_exceptions)
        return outer

    return at_once


def _is_new() -> bool:
    """Whether a run calls that waits as Python 3.12 does."""
    runtime = Runtime.maybe_current()
    return runtime is not None and runtime.workflow_waits_as_python_3_12()


def _end(outer: asyncio.Future[Any], children: Sequence[asyncio.Future[Any]], *, return_exceptions: bool) -> None:
    """End what `gather` gave if it has to wait for nothing: the first failure is there, or all results are."""
    errors = [_error(one) if one.done() else None for one in children]
    failure = next((error for error in errors if error is not None), None)
    if failure is not None and not return_exceptions:
        outer.set_exception(failure)
    elif all(one.done() for one in children):
        pairs = zip(children, errors, strict=True)
        outer.set_result([one.result() if error is None else error for one, error in pairs])


def _error(done: asyncio.Future[Any]) -> BaseException | None:
    return done._make_cancelled_error() if done.cancelled() else done.exception()
