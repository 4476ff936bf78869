"""A program with the engine in itself, to be killed.

    python -m tests.crash.embedded_program FILE DIRECTORY NAME COUNT

It starts COUNT journeys, sees all that were ever begun in FILE to their end, and ends. In DIRECTORY it writes a line,
in one write, for whatever it does or learns, so that a test can hold the file against them:

    effects     <workflow id> <stop> <token>     an activity ran, as far as that
    started     <workflow id> <run id>           a start was acknowledged
    completed   <workflow id> <tokens>           a result was acknowledged
    opened      <name>                           the engine is open, and workflows run
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import uuid
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import mainspring
from mainspring import activity, workflow
from mainspring.client import Client, WorkflowHandle
from mainspring.common import RetryPolicy

STOPS = [0, 1, 2, 5]  # of a journey itself
STOPS_OF_LEG = [3, 4]  # of the child
LONGEST_STAY_S = 0.1
NEVER = timedelta(hours=1)  # no step waits for a timeout: the next life knows that this one is over


@dataclass(frozen=True)
class Stop:
    directory: str
    number: int


@activity.defn(
    start_to_close_timeout=NEVER,
    retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=20), maximum_interval=timedelta(milliseconds=200)),
)
async def visit(stop: Stop) -> str:
    """Leave a token that no other attempt leaves; the one that is returned is the one that counts."""
    token = uuid.uuid4().hex
    note(stop.directory, "effects", f"{activity.info().workflow_id} {stop.number} {token}")
    await asyncio.sleep(random.uniform(0, LONGEST_STAY_S))  # so that deaths fall between the effect and its record
    return token


@workflow.defn
async def leg(directory: str) -> list[str]:
    return [await visit(Stop(directory, number)) for number in STOPS_OF_LEG]


@workflow.defn
async def journey(directory: str) -> list[str]:
    first = await visit(Stop(directory, 0))
    await workflow.sleep(0.05)
    at_once = await asyncio.gather(visit(Stop(directory, 1)), visit(Stop(directory, 2)))
    of_leg = await leg.with_options(id=f"{workflow.info().workflow_id}/leg")(directory)
    last = await visit(Stop(directory, 5))
    return [first, *at_once, *of_leg, last]


def note(directory: str, file: str, line: str) -> None:
    """Append a line so that a kill leaves all of it or nothing."""
    opened = os.open(Path(directory) / file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(opened, f"{line}\n".encode())
    finally:
        os.close(opened)


async def begin(client: Client, directory: str, workflow_id: str) -> None:
    handle = await client.start_workflow(journey, directory, id=workflow_id, task_timeout=NEVER)
    note(directory, "started", f"{workflow_id} {handle.first_execution_run_id}")


async def see_to_their_end(client: Client, directory: str) -> None:
    """Wait for all that runs, whichever life of this program began it."""
    running = [run async for run in client.list_workflows("WorkflowType = 'journey' AND ExecutionStatus = 'Running'")]

    async def see(workflow_id: str) -> None:
        handle: WorkflowHandle[object, list[str]] = client.get_workflow_handle(workflow_id, result_type=list[str])
        note(directory, "completed", " ".join([workflow_id, *await handle.result()]))

    await asyncio.gather(*(see(run.id) for run in running))


async def main(file: str, directory: str, name: str, count: int) -> None:
    async with mainspring.embedded(file, workflows=[journey, leg], activities=[visit]) as client:
        note(directory, "opened", name)
        for number in range(count):
            await begin(client, directory, f"{name}-{number}")
        await see_to_their_end(client, directory)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
