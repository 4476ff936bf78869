"""How many polls for workflow tasks an embedded worker has out, and that it goes on with few slots and with many."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from mainspring import activity, workflow
from mainspring._embedded import embedded
from mainspring._embedded._open import poll_in_this_process
from mainspring.worker import (
    PollerBehaviorAutoscaling,
    PollerBehaviorSimpleMaximum,
    WorkerOptions,
    WorkerTuner,
)

LOOK = WorkerTuner.create_resource_based(
    target_memory_usage=0.5, target_cpu_usage=0.5, workflow_config=None, activity_config=None
)


@pytest.mark.parametrize(
    "said, polls",
    [
        (WorkerOptions(), PollerBehaviorSimpleMaximum(50)),
        (WorkerOptions(max_concurrent_workflow_tasks=500), PollerBehaviorSimpleMaximum(250)),
        (WorkerOptions(max_concurrent_workflow_tasks=10), None),
        (WorkerOptions(max_concurrent_workflow_task_polls=3), None),
        (WorkerOptions(tuner=LOOK), None),
        (WorkerOptions(workflow_task_poller_behavior=PollerBehaviorAutoscaling()), PollerBehaviorAutoscaling()),
    ],
    ids=["nothing", "many slots", "few slots", "polls", "tuner", "behavior"],
)
def test_half_of_the_slots_poll_if_nothing_else_is_said(said: WorkerOptions, polls: object) -> None:
    poll_in_this_process(said)
    assert said.get("workflow_task_poller_behavior") == polls


@activity.defn(start_to_close_timeout=timedelta(seconds=10))
async def next_of(number: int) -> int:
    return number + 1


@workflow.defn
async def count(to: int) -> int:
    number = 0
    while number < to:
        number = await next_of(number)
    return number


@pytest.mark.parametrize("slots", [2, 12, 100])
async def test_more_workflows_than_slots_or_polls_end(slots: int) -> None:
    async with embedded(workflows=[count], activities=[next_of], max_concurrent_workflow_tasks=slots) as client:
        ended = [client.execute_workflow(count, 3, id=f"count-{number}") for number in range(120)]
        assert await asyncio.gather(*ended) == [3] * 120
