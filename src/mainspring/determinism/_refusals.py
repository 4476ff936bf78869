"""Functions and methods that refuse workflow code, and are the real ones for every other caller."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from mainspring.determinism._errors import ForbiddenCallError
from mainspring.determinism._places import Caller, Place, caller_of, is_observed
from mainspring.determinism._rules import (
    OPEN_TO_READ,
    OPEN_TO_WRITE,
    Kind,
    Rule,
    advice,
    is_for_writing,
)
from mainspring.determinism._running import looking_like, restricted_runtime

Function = Callable[..., Any]
CHANGING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def refusing(real: Function, name: str, rule: Rule) -> Callable[..., Any]:
    """`real`, but for workflow code. `name`: what the error calls it."""

    @looking_like(real)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        if restricted_runtime() is not None:
            refuse(name, rule, sys._getframe(1))
        return real(*args, **kwargs)

    return guarded


def called(owner: str, name: str) -> str:
    """How the error names a function or method."""
    if owner == "os._Environ":
        return "os.environ[...]"
    if name == "__init__":
        return f"{owner}()"
    return f"{name}()" if owner == "builtins" else f"{owner}.{name}()"


def opening(real: Function, _name: str) -> Callable[..., Any]:
    """`open`: what it may depends on the mode."""

    @looking_like(real)
    def guarded(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        if restricted_runtime() is not None and not _is_time_zone(file):
            refuse("open()", OPEN_TO_WRITE if is_for_writing(mode) else OPEN_TO_READ, sys._getframe(1))
        return real(file, mode, *args, **kwargs)

    return guarded


def opening_by_number(real: Function, _name: str) -> Callable[..., Any]:
    """`os.open`: what it may depends on the flags."""

    @looking_like(real)
    def guarded(path: Any, flags: int, *args: Any, **kwargs: Any) -> Any:
        if restricted_runtime() is not None:
            refuse("os.open()", OPEN_TO_WRITE if flags & CHANGING else OPEN_TO_READ, sys._getframe(1))
        return real(path, flags, *args, **kwargs)

    return guarded


def _is_time_zone(file: object) -> bool:
    """Whether this is a file of the time zones, which module `zoneinfo` opens in the name of who asks for a zone."""
    zoneinfo = sys.modules.get("zoneinfo")
    return zoneinfo is not None and isinstance(file, str) and file.startswith(tuple(zoneinfo.TZPATH))


def refuse(name: str, rule: Rule, frame: FrameType | None) -> None:
    """Raise, unless the caller may make such a call.

    Raises:
        ForbiddenCallError: It may not.
    """
    if is_observed(frame):
        return
    caller = caller_of(frame)
    if rule.kind is Kind.READ and (caller.is_reader or caller.place in {Place.LIBRARY, Place.OURS}):
        return
    raise ForbiddenCallError(message(name, rule, caller))


def message(name: str, rule: Rule, caller: Caller) -> str:
    return (
        f"{advice(name, rule)} ({caller.where}). "
        "If it does no harm in a replay, put it into `with workflow.unsafe.sandbox_unrestricted():`"
    )
