"""asyncio's own functions that go by the addresses of objects, in an order that a replay repeats.

Tasks and futures of a workflow's loop hash by their number, so that a set of them has one order. What is left:
`as_completed` puts coroutines into a set before it makes tasks of them, and the future that `gather` gives is none of
the loop's own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from mainspring.determinism._running import looking_like
from mainspring.workflow._runtime import Runtime

Function = Callable[..., Any]


def as_completed(real: Function, _name: str) -> Callable[..., Any]:
    """`asyncio.as_completed`, given tasks that were made in the order of what was given."""

    @looking_like(real)
    def ordered(fs: Iterable[Awaitable[Any]], **options: Any) -> Any:
        if Runtime.maybe_current() is None or asyncio.isfuture(fs) or asyncio.iscoroutine(fs):
            return real(fs, **options)
        return real([asyncio.ensure_future(one) for one in dict.fromkeys(fs)], **options)

    return ordered


def ordered_gathering(real: Function, _name: str) -> Any:
    """The class of futures that `gather` gives, with a place in the order of its loop's."""
    gathering: Any = real

    class Gathering(gathering):  # type: ignore[misc]  # private to asyncio, without a type
        """What `asyncio.gather` gives."""

        def __init__(self, children: Any, *, loop: asyncio.AbstractEventLoop) -> None:
            gathering.__init__(self, children, loop=loop)
            next_number: Callable[[], int] | None = getattr(loop, "next_number", None)  # a workflow's loop has it
            self._number = None if next_number is None else next_number()

        def __hash__(self) -> int:
            return object.__hash__(self) if self._number is None else self._number

        __eq__ = object.__eq__

    return Gathering
