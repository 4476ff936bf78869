"""What the start page of the web UI says of the server itself, from the same numbers as `/metrics`."""

from __future__ import annotations

import asyncio
import os
import time
from functools import reduce
from pathlib import Path
from typing import Final

from mainspring.server.persistence.durations import Durations
from mainspring.server.process.assembly import Assembly
from mainspring.server.process.statistics import Recent
from mainspring.server.ui.service import MethodSpeed, ServerStatistics, Speed

_STATM: Final = Path("/proc/self/statm")
_OF_CLIENTS: Final = ("grpc", "http")  # pages of the UI would count themselves


async def vital_signs(assembly: Assembly) -> ServerStatistics:
    """The present numbers."""
    statistics = assembly.door.statistics
    size = await assembly.store.size()
    recent = statistics.recent()
    methods = _methods(recent)
    return ServerStatistics(
        uptime_s=time.monotonic() - statistics.started_s,
        methods=methods,
        calls_per_s=sum(method.speed.per_s for method in methods),
        commits=_speed(recent.commits, recent.window_s),
        database_bytes=size.database_bytes,
        wal_bytes=size.wal_bytes,
        resident_bytes=await asyncio.to_thread(_resident_bytes),
    )


def _methods(recent: Recent) -> tuple[MethodSpeed, ...]:
    """Every method that clients called, the most frequent first."""
    by_name: dict[str, list[Durations]] = {}
    for (door, path), durations in recent.durations.items():
        if door in _OF_CLIENTS:
            by_name.setdefault(path.rpartition("/")[2], []).append(durations)
    found = [
        MethodSpeed(name=name, speed=_speed(reduce(Durations.plus, each), recent.window_s))
        for name, each in by_name.items()
    ]
    return tuple(sorted(found, key=lambda method: (-method.speed.per_s, method.name)))


def _speed(durations: Durations, window_s: float) -> Speed:
    return Speed(per_s=durations.count / window_s, median_s=durations.quantile(0.5), slowest_s=durations.quantile(0.99))


def _resident_bytes() -> int | None:
    """Memory of this process; None where the system does not tell."""
    try:
        pages = int(_STATM.read_text("ascii").split()[1])
    except OSError:
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")
