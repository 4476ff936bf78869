"""The workflows that the SDK's benchmark drives: activities one after the other, and one that sleeps."""

from __future__ import annotations

from datetime import timedelta

from mainspring import activity, workflow


@activity.defn(name="add")
async def add(number: int) -> int:
    return number + 1


@workflow.defn
class Steps:
    @workflow.run
    async def run(self, count: int) -> int:
        total = 0
        for _ in range(count):
            total = await workflow.execute_activity(add, total, start_to_close_timeout=timedelta(seconds=60))
        return total


@workflow.defn
class Sleeper:
    @workflow.run
    async def run(self, seconds: float) -> None:
        await workflow.sleep(seconds)
