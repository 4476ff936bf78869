"""DBOS on SQLite, for the SDK's benchmark: the same steps as `benchmarks/_embedded_load.py`, in one process, by a
Python that has it.

PYTHON dbos_steps.py FILE WORKFLOWS STEPS IN_FLIGHT     -> {"steps_per_s", "cpu_ms", "p50_ms"}
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

from dbos import DBOS, DBOSConfig

WARM_UP_COUNT = 5


@DBOS.step()
async def add(number: int) -> int:
    return number + 1


@DBOS.workflow()
async def steps(count: int) -> int:
    total = 0
    for _ in range(count):
        total = await add(total)
    return total


async def measure(workflow_count: int, step_count: int, in_flight: int) -> dict[str, float]:
    step_ms: list[float] = []

    async def in_lanes(count: int) -> None:
        waiting = iter(range(count))

        async def lane() -> None:
            for _ in waiting:
                began = time.perf_counter()
                handle = await DBOS.start_workflow_async(steps, step_count)
                assert await handle.get_result() == step_count
                step_ms.append((time.perf_counter() - began) * 1000 / step_count)

        await asyncio.gather(*(lane() for _ in range(in_flight)))

    await in_lanes(WARM_UP_COUNT)
    step_ms.clear()
    began, cpu_s = time.perf_counter(), time.process_time()
    await in_lanes(workflow_count)
    done = workflow_count * step_count
    return {
        "steps_per_s": done / (time.perf_counter() - began),
        "cpu_ms": (time.process_time() - cpu_s) * 1000 / done,
        "p50_ms": sorted(step_ms)[len(step_ms) // 2],
    }


def main() -> None:
    path, *numbers = sys.argv[1:]
    config: DBOSConfig = {"name": "bench", "system_database_url": f"sqlite:///{path}", "log_level": "ERROR"}
    DBOS(config=config)
    DBOS.launch()
    print(json.dumps(asyncio.run(measure(*map(int, numbers)))))
    DBOS.destroy()


if __name__ == "__main__":
    main()
