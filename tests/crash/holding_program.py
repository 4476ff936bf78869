"""A program with the engine in itself that holds a task of each kind until it is killed.

    python -m tests.crash.holding_program FILE DIRECTORY

A line for each in `held` says that it is in hand: `activity`, `only`, `workflow-task`, and `left <workflow id> <token>`
for an activity that somebody else is to complete. With the second of those the first is surely left: it has given its
slot away. No timeout here comes within a test.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import mainspring
from mainspring import activity, workflow
from mainspring.common import RetryPolicy
from tests.crash.embedded_program import note

NEVER = timedelta(hours=1)
AT_ONCE = RetryPolicy(initial_interval=timedelta(milliseconds=1))


@dataclass(frozen=True)
class Life:
    directory: str
    process_id: int

    def hold(self, what: str) -> bool:
        """Whether this is still that life: then the caller holds what it has, for ever."""
        if os.getpid() == self.process_id:
            note(self.directory, "held", what)
        return os.getpid() == self.process_id


@activity.defn(start_to_close_timeout=NEVER, retry_policy=AT_ONCE)
async def held_activity(life: Life) -> int:
    if life.hold("activity"):
        await asyncio.Event().wait()
    return activity.info().attempt


@activity.defn(start_to_close_timeout=NEVER, retry_policy=RetryPolicy(maximum_attempts=1))
async def only_activity(life: Life) -> int:
    if life.hold("only"):
        await asyncio.Event().wait()
    return activity.info().attempt


@activity.defn(start_to_close_timeout=NEVER)
async def left_activity(life: Life) -> str:
    life.hold(f"left {activity.info().workflow_id} {activity.info().task_token.hex()}")
    activity.raise_complete_async()


@activity.defn
async def held_local_activity(life: Life) -> str:
    """The workflow task is held for as long as this runs."""
    if life.hold("workflow-task"):
        await asyncio.Event().wait()
    return "done"


@workflow.defn
async def of_activity(life: Life) -> int:
    return await held_activity(life)


@workflow.defn
async def of_only_activity(life: Life) -> int:
    return await only_activity(life)


@workflow.defn
async def of_left_activity(life: Life) -> str:
    return await left_activity(life)


@workflow.defn
async def of_workflow_task(life: Life) -> str:
    return await workflow.execute_local_activity(held_local_activity, life, start_to_close_timeout=NEVER)


WORKFLOWS: list[Callable[..., Any]] = [of_activity, of_only_activity, of_workflow_task, of_left_activity]
ACTIVITIES: list[Callable[..., Any]] = [held_activity, only_activity, left_activity, held_local_activity]
SLOTS = 3  # two are held, and the last goes from one activity that is left to the next


async def main(file: str, directory: str) -> None:
    life = Life(directory, os.getpid())
    async with mainspring.embedded(
        file, workflows=WORKFLOWS, activities=ACTIVITIES, max_concurrent_activities=SLOTS
    ) as client:
        for one in WORKFLOWS:
            await client.start_workflow(one, life, id=one.__name__, task_timeout=NEVER)
        await client.start_workflow(of_left_activity, life, id="another-left", task_timeout=NEVER)
        await asyncio.Event().wait()


if __name__ == "__main__":
    Path(sys.argv[2], "held").touch()
    asyncio.run(main(sys.argv[1], sys.argv[2]))
