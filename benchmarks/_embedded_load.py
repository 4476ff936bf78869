"""Mainspring's SDK in one process, for the SDK's benchmark: engine, worker and client over one file, in a new process.

    python -m benchmarks._embedded_load steps FILE WORKFLOWS STEPS IN_FLIGHT     -> {"steps_per_s", "cpu_ms", "p50_ms"}
    python -m benchmarks._embedded_load sleepers FILE COUNT                      -> {"memory_mb", "grown_mb", "seconds"}

A process of its own, since its CPU and memory are what is measured.
"""

from __future__ import annotations

import asyncio
import sys
import time
import uuid
from collections.abc import Awaitable, Callable, Iterable

import msgspec
import psutil
import uvloop

import mainspring
from benchmarks._report import percentile
from benchmarks._steps import Sleeper, Steps, add

WARM_UP_COUNT = 5
STARTED_TOGETHER = 50
SLEEP_S = 3600.0


class StepsMeasured(msgspec.Struct):
    """Steps of all workflows; `p50_ms` of one step, with so many workflows in flight."""

    steps_per_s: float
    cpu_ms: float  # of one step, all threads
    p50_ms: float


class SleepersMeasured(msgspec.Struct):
    """A process with so many sleeping workflows."""

    memory_mb: float
    grown_mb: float  # since before the first one
    seconds: float  # to start them and get them to sleep


async def steps(path: str, workflow_count: int, step_count: int, in_flight: int) -> StepsMeasured:
    """Run workflows of so many activities, `in_flight` at a time."""
    step_ms: list[float] = []
    async with mainspring.embedded(path, workflows=[Steps], activities=[add]) as client:

        async def one() -> None:
            began = time.perf_counter()
            total = await client.execute_workflow(Steps.run, step_count, id=uuid.uuid4().hex, task_queue="default")
            assert total == step_count, total
            step_ms.append((time.perf_counter() - began) * 1000 / step_count)

        await in_lanes(one, WARM_UP_COUNT, in_flight)
        step_ms.clear()
        began, cpu_s = time.perf_counter(), time.process_time()
        await in_lanes(one, workflow_count, in_flight)
        done = workflow_count * step_count
        return StepsMeasured(
            steps_per_s=done / (time.perf_counter() - began),
            cpu_ms=(time.process_time() - cpu_s) * 1000 / done,
            p50_ms=percentile(step_ms, 50),
        )


async def sleepers(path: str, count: int) -> SleepersMeasured:
    """Start so many workflows that sleep, and read the memory of the process when all of them do."""
    process = psutil.Process()
    async with mainspring.embedded(path, workflows=[Sleeper, Steps]) as client:
        before = process.memory_info().rss
        began = time.perf_counter()
        ids = iter([uuid.uuid4().hex for _ in range(count)])

        async def one() -> None:
            await client.start_workflow(Sleeper.run, SLEEP_S, id=next(ids), task_queue="default")

        await in_lanes(one, count, STARTED_TOGETHER)
        # Tasks are handed out in the order of their making: when one that comes last is done, all sleep.
        assert await client.execute_workflow(Steps.run, 0, id=uuid.uuid4().hex, task_queue="default") == 0
        memory = process.memory_info().rss
        return SleepersMeasured(memory / 2**20, (memory - before) / 2**20, time.perf_counter() - began)


async def in_lanes(one: Callable[[], Awaitable[None]], count: int, lanes: int) -> None:
    """Do something `count` times, so many at a time."""
    waiting: Iterable[int] = iter(range(count))

    async def lane() -> None:
        for _ in waiting:
            await one()

    await asyncio.gather(*(lane() for _ in range(lanes)))


def main() -> None:
    what, path, *numbers = sys.argv[1:]
    counts = [int(number) for number in numbers]
    measured = uvloop.run(steps(path, *counts)) if what == "steps" else uvloop.run(sleepers(path, *counts))
    print(msgspec.json.encode(measured).decode())


if __name__ == "__main__":
    main()
