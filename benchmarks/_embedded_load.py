"""Mainspring's SDK in one process, for the SDK's benchmark: engine, worker and client over one file, in a new process.

    python -m benchmarks._embedded_load steps FILE WORKFLOWS STEPS IN_FLIGHT     -> see `_steps_load.StepsMeasured`
    python -m benchmarks._embedded_load sleepers FILE COUNT                      -> {"memory_mb", "grown_mb", "seconds"}

A process of its own, since its CPU and memory are what is measured.
"""

from __future__ import annotations

import sys
import time
import uuid

import msgspec
import psutil
import uvloop

import mainspring
from benchmarks._steps import Sleeper, Steps, add
from benchmarks._steps_load import Load, in_lanes, measure

STARTED_TOGETHER = 50
SLEEP_S = 3600.0


class SleepersMeasured(msgspec.Struct):
    """A process with so many sleeping workflows."""

    memory_mb: float
    grown_mb: float  # since before the first one
    seconds: float  # to start them and get them to sleep


async def steps(path: str, load: Load) -> str:
    async with mainspring.embedded(path, workflows=[Steps], activities=[add]) as client:

        async def one(step_count: int) -> None:
            total = await client.execute_workflow(Steps.run, step_count, id=uuid.uuid4().hex, task_queue="default")
            assert total == step_count, total

        return await measure(one, load)


async def sleepers(path: str, count: int) -> str:
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
        memory, seconds = process.memory_info().rss, time.perf_counter() - began
        return msgspec.json.encode(SleepersMeasured(memory / 2**20, (memory - before) / 2**20, seconds)).decode()


def main() -> None:
    what, path, *words = sys.argv[1:]
    if what == "steps":
        print(uvloop.run(steps(path, Load.from_words(words))))
    else:
        print(uvloop.run(sleepers(path, int(words[0]))))


if __name__ == "__main__":
    main()
