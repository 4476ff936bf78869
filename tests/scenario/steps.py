"""A workflow of several activities, for tests in which the server goes away in the middle."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

STEP_COUNT = 6


@activity.defn
async def step(number: int) -> int:
    await asyncio.sleep(0.05)
    return number


@workflow.defn
class Steps:
    """Runs `STEP_COUNT` activities, a short timer after each, and returns their sum."""

    @workflow.run
    async def run(self) -> int:
        total = 0
        for number in range(STEP_COUNT):
            total += await workflow.execute_activity(
                step,
                number,
                start_to_close_timeout=timedelta(seconds=3),  # what was handed out when the server died comes again
                retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=100)),
            )
            await asyncio.sleep(0.05)
        return total
