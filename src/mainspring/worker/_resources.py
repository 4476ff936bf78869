"""How much of this machine, or of this container, is in use: memory and processors, each from 0 to 1.

What the operating system does not say counts as nothing: then only the bounds of the slots hold.
"""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

MEASURED_FOR_S = 0.1  # a measurement is good for so long
CGROUP = Path("/sys/fs/cgroup")
PROC = Path("/proc")


class Resources:
    """Measures, at most every 100 ms; that reads files. The paths stand in for the real ones in tests."""

    def __init__(self, proc: Path = PROC, cgroup: Path = CGROUP) -> None:
        self._proc = proc
        self._cgroup = cgroup
        self._measured_at = -MEASURED_FOR_S
        self._processors = 0.0
        self._busy_s = self._total_s = 0.0
        self.usage = (0.0, 0.0)  # memory and processors, as last measured

    async def look(self) -> None:
        """Measure again, in another thread, if the last time is too long ago."""
        now = time.monotonic()
        if now - self._measured_at >= MEASURED_FOR_S:
            self._measured_at = now
            await asyncio.to_thread(self.measure)

    def measure(self) -> None:
        """Measure now. Processors count from the last time on."""
        self.usage = (self._memory_in_use(), self._processors_in_use())

    def _memory_in_use(self) -> float:
        limit, current = _number(self._cgroup / "memory.max"), _number(self._cgroup / "memory.current")
        if limit and current is not None:
            return current / limit
        values = dict(line.split(":", 1) for line in _lines(self._proc / "meminfo"))
        if "MemTotal" not in values or "MemAvailable" not in values:
            return 0.0
        return 1.0 - int(values["MemAvailable"].split()[0]) / int(values["MemTotal"].split()[0])

    def _processors_in_use(self) -> float:
        busy_s, total_s = self._processor_times()
        elapsed_s = total_s - self._total_s
        if elapsed_s <= 0:
            return self._processors
        self._processors = (busy_s - self._busy_s) / elapsed_s
        self._busy_s, self._total_s = busy_s, total_s
        return self._processors

    def _processor_times(self) -> tuple[float, float]:
        """Seconds that all processors worked, and seconds that they had, since some moment."""
        for line in _lines(self._proc / "stat"):
            if line.startswith("cpu "):
                ticks = [int(number) for number in line.split()[1:9]]
                idle = ticks[3] + ticks[4]
                per_s = os.sysconf("SC_CLK_TCK")
                return (sum(ticks) - idle) / per_s, sum(ticks) / per_s
        return 0.0, 0.0


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []


def _number(path: Path) -> int | None:
    lines = _lines(path)
    return int(lines[0]) if lines and lines[0].isdigit() else None
