"""What a workflow's event loop has not: threads, sockets, subprocesses. Each says what to do instead."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from mainspring.determinism._errors import ForbiddenCallError
from mainspring.determinism._places import caller_of
from mainspring.determinism._refusals import message
from mainspring.determinism._rules import LOOP_CALLS


class RefusingLoop(asyncio.AbstractEventLoop):
    """The base of a workflow's loop: an event loop that has nothing."""


def _refusing(name: str) -> Callable[..., NoReturn]:
    def refused(self: RefusingLoop, *args: Any, **kwargs: Any) -> NoReturn:
        del self, args, kwargs
        raise ForbiddenCallError(message(f"loop.{name}()", LOOP_CALLS[name], caller_of(sys._getframe(1))))

    refused.__name__ = name
    refused.__qualname__ = f"RefusingLoop.{name}"
    return refused


for _name in LOOP_CALLS:
    setattr(RefusingLoop, _name, _refusing(_name))
