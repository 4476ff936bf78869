"""The workflow of `_steps.py`, written for the official SDK."""

from __future__ import annotations

from datetime import timedelta

from temporalio import activity, workflow


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
