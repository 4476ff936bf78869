"""DBOS, for the SDK's benchmark: the load of `benchmarks/_steps_load.py` in one process, by a Python that has it.

PYTHON -m benchmarks.peers.dbos_steps DATABASE_URL WORKFLOWS STEPS IN_FLIGHT [PID ...]
"""

from __future__ import annotations

import sys

import uvloop
from dbos import DBOS, DBOSConfig

from benchmarks._steps_load import Load, measure


@DBOS.step()
async def add(number: int) -> int:
    return number + 1


@DBOS.workflow()
async def steps(count: int) -> int:
    total = 0
    for _ in range(count):
        total = await add(total)
    return total


async def one(step_count: int) -> None:
    handle = await DBOS.start_workflow_async(steps, step_count)
    assert await handle.get_result() == step_count


def main() -> None:
    url, *words = sys.argv[1:]
    config: DBOSConfig = {"name": "bench", "system_database_url": url, "log_level": "ERROR"}
    DBOS(config=config)
    DBOS.launch()
    print(uvloop.run(measure(one, Load.from_words(words))))
    DBOS.destroy()


if __name__ == "__main__":
    main()
