"""Time and chance of the standard library, as workflow code sees them.

    time.time()      the time of the workflow task, which stands still while the task runs; so do all clocks
    random.random()  the next number of the run's own generator; `os.urandom`, `secrets` and `uuid` draw from it too

Each function here stands in for one of the standard library's, called `real`, and is that one for every other caller.
Queries and update validators may change nothing, the generators included, so they get real chance.
"""

from __future__ import annotations

import random
import sys
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from typing import Any

from mainspring.determinism._places import is_observed
from mainspring.determinism._running import looking_like, random_of, restricted_runtime
from mainspring.workflow._runtime import Runtime

Function = Callable[..., Any]
UUID_EPOCH_100NS = 0x01B21DD213814000  # from the UUID epoch, 1582-10-15, to the Unix epoch
CLOCKS: dict[str, Callable[[int], Any]] = {  # what each makes of the workflow's time, in ns since the epoch
    "time": lambda now: now / 1e9,
    "time_ns": lambda now: now,
    "monotonic": lambda now: now / 1e9,
    "monotonic_ns": lambda now: now,
    "perf_counter": lambda now: now / 1e9,
    "perf_counter_ns": lambda now: now,
}
CHANCES = ("random", "getrandbits", "gauss")
SELDOM = ("seed", "getstate", "setstate")  # what is called so seldom that its guard may stay
CALENDARS = {"localtime": 0, "gmtime": 0, "ctime": 0, "asctime": 0, "strftime": 1}  # how many arguments before the time


def clock(real: Function, name: str) -> Callable[[], Any]:
    """`time.time` and its like."""
    of_workflow = CLOCKS[name]

    @looking_like(real)
    def guarded() -> Any:
        runtime = restricted_runtime()
        if runtime is None or is_observed(sys._getframe(1)):
            return real()
        return of_workflow(runtime.workflow_time_ns())

    return guarded


def calendar(real: Function, name: str) -> Callable[..., Any]:
    """`time.localtime` and its like: the present, if no other time is given."""
    before = CALENDARS[name]

    @looking_like(real)
    def guarded(*args: Any) -> Any:
        runtime = restricted_runtime()
        is_of_now = len(args) == before or (len(args) == before + 1 and args[before] is None)
        if runtime is None or not is_of_now or is_observed(sys._getframe(1)):
            return real(*args)
        now = runtime.workflow_time_ns() / 1e9
        return real(*args[:before], time.localtime(now) if name in {"asctime", "strftime"} else now)

    return guarded


def chance(real: Function, name: str) -> Callable[..., Any]:
    """A function of module `random`, which is a method of the one generator of the process."""
    method = getattr(random.Random, name)

    @looking_like(real)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        runtime = _may_draw(sys._getframe(1))
        return real(*args, **kwargs) if runtime is None else method(random_of(runtime), *args, **kwargs)

    return guarded


def random_bytes(real: Function, _name: str) -> Callable[[int], bytes]:
    """`os.urandom`, by which `uuid.uuid4` and `secrets` draw too."""

    @looking_like(real)
    def guarded(size: int, /) -> bytes:
        runtime = _may_draw(sys._getframe(1))
        return real(size) if runtime is None else random_of(runtime).randbytes(size)

    return guarded


def uuid1(real: Function, _name: str) -> Callable[..., uuid.UUID]:
    """A UUID of the workflow's time. The machine's address is not told: it differs from worker to worker."""

    @looking_like(real)
    def guarded(node: int | None = None, clock_seq: int | None = None) -> uuid.UUID:
        runtime = _may_draw(sys._getframe(1))
        if runtime is None:
            return real(node, clock_seq)  # type: ignore[no-any-return]  # the real one
        generator = random_of(runtime)
        stamp = runtime.workflow_time_ns() // 100 + UUID_EPOCH_100NS
        sequence = generator.getrandbits(14) if clock_seq is None else clock_seq
        of_node = generator.getrandbits(48) | 1 << 40 if node is None else node  # the bit says that it is no address
        return uuid.UUID(
            fields=(
                *(stamp & 0xFFFFFFFF, stamp >> 32 & 0xFFFF, stamp >> 48 & 0x0FFF),
                *(sequence >> 8 & 0x3F, sequence & 0xFF, of_node),
            ),
            version=1,
        )

    return guarded


def uuid7(real: Function, _name: str) -> Callable[[], uuid.UUID]:
    """A UUID of the workflow's time. The standard library's counts within a millisecond, for the whole process."""

    @looking_like(real)
    def guarded() -> uuid.UUID:
        runtime = _may_draw(sys._getframe(1))
        if runtime is None:
            return real()  # type: ignore[no-any-return]  # the real one
        generator = random_of(runtime)
        milliseconds = (runtime.workflow_time_ns() // 1_000_000) & (1 << 48) - 1
        low = 0b10 << 62 | generator.getrandbits(62)
        return uuid.UUID(int=milliseconds << 80 | 7 << 76 | generator.getrandbits(12) << 64 | low)

    return guarded


def now(real: Function, _name: str) -> Any:
    """`datetime.now`."""

    def guarded(cls: type[datetime], tz: tzinfo | None = None) -> datetime:
        runtime = restricted_runtime()
        if runtime is None or is_observed(sys._getframe(1)):
            return real.__get__(None, cls)(tz)  # type: ignore[no-any-return]  # the real one
        return cls.fromtimestamp(runtime.workflow_time_ns() / 1e9, tz)

    return classmethod(guarded)


def utcnow(real: Function, _name: str) -> Any:
    """`datetime.utcnow`, which says the time in UTC and does not say that it is UTC."""

    def guarded(cls: type[datetime]) -> datetime:
        runtime = restricted_runtime()
        if runtime is None or is_observed(sys._getframe(1)):
            return real.__get__(None, cls)()  # type: ignore[no-any-return]  # the real one
        return cls.fromtimestamp(runtime.workflow_time_ns() / 1e9, UTC).replace(tzinfo=None)

    return classmethod(guarded)


def _may_draw(frame: Any) -> Runtime | None:
    """The run whose generator the caller is to have; None for the process's."""
    runtime = restricted_runtime()
    if runtime is None or runtime.workflow_is_read_only() or is_observed(frame):
        return None
    return runtime
