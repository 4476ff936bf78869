"""What the server did and how long it took: one source for `/metrics` and for the start page of the web UI.

    RPC ends -> ended(method, began_s)          totals since the start, by door and method
                     |  every 10 s, by whichever RPC ends next
                     v
                  a mark: copies of all totals -> recent(): what came since the youngest mark that is a minute old

Nothing runs while nothing is called. An RPC costs a clock reading, a bisection and two additions.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Final, Literal, TypeAlias

import msgspec

from mainspring.server.engine.errors import ServiceError
from mainspring.server.persistence.durations import Durations

DoorName: TypeAlias = Literal["grpc", "http", "ui"]
CANCELLED: Final = 1
_MARK_S: Final = 10.0
_RECENT_S: Final = 60.0


class MethodStatistics:
    """One method, as called through one door."""

    __slots__ = ("durations", "errors")

    def __init__(self) -> None:
        self.durations = Durations()
        self.errors: dict[int, int] = {}  # by gRPC code

    def failed(self, error: ServiceError | None) -> None:
        """The call, which ends too, gets an error; None: its client has gone."""
        code = CANCELLED if error is None else int(error.code)
        self.errors[code] = self.errors.get(code, 0) + 1

    @property
    def error_count(self) -> int:
        """Of every code."""
        return sum(self.errors.values())


class Recent(msgspec.Struct, frozen=True):
    """What came in the last minute or so."""

    window_s: float
    durations: Mapping[tuple[DoorName, str], Durations]  # of methods that were called, by door and path
    commits: Durations


class _Mark(msgspec.Struct, frozen=True):
    at_s: float
    durations: Mapping[tuple[DoorName, str], Durations]
    commits: Durations


class Statistics:
    """Totals of all methods. `commits` gives those of the store."""

    def __init__(self, commits: Callable[[], Durations], clock: Callable[[], float] = time.monotonic) -> None:
        self._commits = commits
        self._clock = clock
        self._methods: dict[tuple[DoorName, str], MethodStatistics] = {}
        self.started_s = clock()
        self._marks = deque([_Mark(self.started_s, {}, commits())], maxlen=int(_RECENT_S // _MARK_S) + 2)
        self._next_mark_s = self.started_s + _MARK_S

    def method(self, door: DoorName, path: str) -> MethodStatistics:
        """Where its calls are counted."""
        return self._methods.setdefault((door, path), MethodStatistics())

    def called(self) -> dict[tuple[DoorName, str], MethodStatistics]:
        """The methods that were called, by door and path."""
        return {key: method for key, method in self._methods.items() if method.durations.count}

    def ended(self, method: MethodStatistics, began_s: float) -> None:
        """A call that began at `began_s` of the monotonic clock is over."""
        now_s = self._clock()
        method.durations.add(now_s - began_s)
        if now_s >= self._next_mark_s:
            self._mark(now_s)

    def recent(self) -> Recent:
        """What came since the youngest mark that is a minute old; since the start, if there is none."""
        now_s = self._clock()
        mark = self._marks[0]
        for each in self._marks:
            if each.at_s <= now_s - _RECENT_S:
                mark = each
        found: dict[tuple[DoorName, str], Durations] = {}
        for key, method in self.called().items():
            earlier = mark.durations.get(key)
            durations = method.durations.copy() if earlier is None else method.durations.since(earlier)
            if durations.count:
                found[key] = durations
        return Recent(max(now_s - mark.at_s, 1.0), found, self._commits().since(mark.commits))

    def _mark(self, now_s: float) -> None:
        durations = {key: method.durations.copy() for key, method in self.called().items()}
        self._marks.append(_Mark(now_s, durations, self._commits()))
        self._next_mark_s = now_s + _MARK_S
