"""What tells the handler of a Nexus request to stop: its deadline has passed, or its worker stops.

The deadline comes as a header of the request, as Go writes durations. A caller that waits longer asks again, so a
handler that is stopped answers nothing.
"""

from __future__ import annotations

import re
from enum import StrEnum

from nexusrpc.handler import OperationTaskCancellation
from typing_extensions import override

from mainspring.common._composite_event import LateCompositeEvent

DURATION = re.compile(r"\s*([+-]?)((?:[0-9.]+(?:ns|us|µs|μs|ms|s|m|h))+)\s*")
PART = re.compile(r"([0-9.]+)(\D+)")
SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


class Reason(StrEnum):
    """Why a handler is to stop, in the words that handlers of the official SDK know."""

    TIMED_OUT = "TIMED_OUT"
    WORKER_SHUTDOWN = "WORKER_SHUTDOWN"


class TaskCancellation(OperationTaskCancellation):
    """What a handler sees of it. `cancel` is called in the worker's event loop; what handlers call, anywhere."""

    def __init__(self) -> None:
        self._event = LateCompositeEvent()
        self._reason: Reason | None = None

    @override
    def is_cancelled(self) -> bool:
        return self._event.is_set()

    @override
    def cancellation_reason(self) -> str | None:
        return self._reason

    @override
    def wait_until_cancelled_sync(self, timeout: float | None = None) -> bool:
        return self._event.for_threads().wait(timeout)

    @override
    async def wait_until_cancelled(self) -> None:
        await self._event.wait()

    def cancel(self, reason: Reason) -> bool:
        """Tell it. Returns: whether this is the first reason, which is the one that counts."""
        if self._event.is_set():
            return False
        self._reason = reason
        self._event.set()
        return True


def seconds_of(duration: str) -> float:
    """A duration such as `9.8s` or `1m30s` in seconds; 0 for a negative one, whose end has passed.

    Raises:
        ValueError: It is none.
    """
    found = DURATION.fullmatch(duration)
    if found is None:
        raise ValueError(f"expected a duration such as '10s', got {duration!r}")
    sign, parts = found.groups()
    seconds = sum(float(number) * SECONDS[unit] for number, unit in PART.findall(parts))
    return 0.0 if sign == "-" else seconds
