"""A worker for the command line's tests: `python worker_program.py ADDRESS`. Says `ready` when it is."""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta

from mainspring import activity, workflow
from mainspring.client import Client
from mainspring.exceptions import ApplicationError
from mainspring.worker import Worker

SHORT = timedelta(seconds=30)


@activity.defn
async def double(number: int) -> int:
    return 2 * number


@workflow.defn
class Sum:
    """Adds what it is told to, until it is told to end."""

    @workflow.init
    def __init__(self, begin: int = 0) -> None:
        self.total = begin
        self.is_over = False

    @workflow.run
    async def run(self, begin: int = 0) -> int:  # what `__init__` takes
        await workflow.wait_condition(lambda: self.is_over)
        return self.total

    @workflow.signal
    def end(self, more: int = 0) -> None:
        self.total += more
        self.is_over = True

    @workflow.update
    async def add(self, number: int) -> dict[str, int]:
        if number > 100:
            raise ApplicationError("too much", {"most": 100}, type="TooMuch")
        self.total += number
        return {"total": self.total}

    @add.validator
    def check_add(self, number: int) -> None:
        if number < 0:
            raise ApplicationError("less than nothing")

    @workflow.update
    async def never(self) -> None:
        await workflow.wait_condition(lambda: False)

    @workflow.query(description="Says how much it is by now.")
    def state(self) -> int:
        return self.total


@workflow.defn
class Family:
    """Has a child, which has one, and so on."""

    @workflow.run
    async def run(self, generations: int) -> int:
        await workflow.sleep(0.01)
        doubled = await workflow.execute_activity(double, generations, start_to_close_timeout=SHORT)
        if generations:
            own = workflow.info().workflow_id
            await workflow.execute_child_workflow(Family.run, generations - 1, id=f"{own}/child")
        return doubled


@workflow.defn
class Broken:
    """Fails."""

    @workflow.run
    async def run(self) -> None:
        raise ApplicationError("it is broken")


@activity.defn
async def held() -> None:
    """Tells its workflow that it has begun, and leaves its end to others."""
    own = activity.client().get_workflow_handle(activity.info().workflow_id or "")
    await own.signal(Holds.begin)
    activity.raise_complete_async()


@workflow.defn
class Holds:
    """Waits for an activity that somebody else completes."""

    def __init__(self) -> None:
        self.is_begun = False

    @workflow.run
    async def run(self) -> None:
        await workflow.execute_activity(held, activity_id="held", start_to_close_timeout=SHORT)

    @workflow.signal
    def begin(self) -> None:
        self.is_begun = True

    @workflow.update
    async def has_begun(self) -> bool:
        await workflow.wait_condition(lambda: self.is_begun)
        return True


async def main(address: str) -> None:
    client = await Client.connect(address)
    workflows = [Sum, Family, Broken, Holds]
    async with Worker(client, task_queue="worked", workflows=workflows, activities=[double, held]):
        print("ready", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
