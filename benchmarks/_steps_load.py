"""The load that all libraries of `benchmarks/sdk.py` get: workflows of steps that run one after the other.

    measure(one, Load.from_words(words), clean)      -> the line of JSON that the benchmark reads

`one(steps)` runs one workflow from its start to its result. Also imported by the Pythons of the other libraries, hence
nothing here but the standard library and `psutil`.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import asdict, dataclass

import psutil

WARM_UP_COUNT = 5


@dataclass(frozen=True)
class Load:
    """How much, and the processes besides this one whose CPU counts."""

    workflow_count: int
    step_count: int
    in_flight: int
    server_pids: Sequence[int] = ()

    @classmethod
    def from_words(cls, words: Sequence[str]) -> Load:
        """From a command line: WORKFLOWS STEPS IN_FLIGHT [PID ...]."""
        workflows, steps, in_flight, *pids = map(int, words)
        return cls(workflows, steps, in_flight, pids)


@dataclass(frozen=True)
class StepsMeasured:
    """Steps of all workflows; `p50_ms` of one step, with so many workflows in flight."""

    steps_per_s: float
    cpu_ms: float  # of one step: this process with all threads, and its servers
    p50_ms: float


async def measure(one: Callable[[int], Awaitable[None]], load: Load) -> str:
    """Run the load and write down what it took."""
    step_ms: list[float] = []

    async def timed() -> None:
        began = time.perf_counter()
        await one(load.step_count)
        step_ms.append((time.perf_counter() - began) * 1000 / load.step_count)

    await in_lanes(timed, WARM_UP_COUNT, load.in_flight)
    step_ms.clear()
    began, cpu_s = time.perf_counter(), cpu_seconds(load.server_pids)
    await in_lanes(timed, load.workflow_count, load.in_flight)
    done = load.workflow_count * load.step_count
    measured = StepsMeasured(
        steps_per_s=done / (time.perf_counter() - began),
        cpu_ms=(cpu_seconds(load.server_pids) - cpu_s) * 1000 / done,
        p50_ms=sorted(step_ms)[len(step_ms) // 2],
    )
    return json.dumps(asdict(measured))


async def in_lanes(one: Callable[[], Awaitable[None]], count: int, lanes: int) -> None:
    """Do something `count` times, so many at a time."""
    waiting: Iterable[int] = iter(range(count))

    async def lane() -> None:
        for _ in waiting:
            await one()

    await asyncio.gather(*(lane() for _ in range(lanes)))


def cpu_seconds(pids: Sequence[int]) -> float:
    """CPU of this process and of those: with their children, also those that have ended."""
    processes = [psutil.Process(pid) for pid in pids]
    processes += [child for process in processes for child in process.children(recursive=True)]
    times = [process.cpu_times() for process in processes]
    return time.process_time() + sum(t.user + t.system + t.children_user + t.children_system for t in times)
