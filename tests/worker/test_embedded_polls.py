"""How many polls for workflow tasks an embedded worker has out, and that it goes on with few slots and with many."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest
from temporalio.api.workflowservice.v1 import PollWorkflowTaskQueueRequest

from mainspring import activity, workflow
from mainspring._embedded import embedded
from mainspring._embedded._engine import EmbeddedEngine
from mainspring._embedded._open import poll_in_this_process
from mainspring.service._client import TaskToCome
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


@workflow.defn
class Waiting:
    def __init__(self) -> None:
        self._number, self._is_over = 0, False

    @workflow.run
    async def run(self) -> int:
        self._number = await next_of(0)
        await workflow.wait_condition(lambda: self._is_over)
        return self._number

    @workflow.query
    def number(self) -> int:
        return self._number

    @workflow.signal
    async def end(self) -> None:
        self._is_over = True


@pytest.mark.parametrize("slots", [2, 12, 100])
async def test_more_workflows_than_slots_or_polls_end(slots: int) -> None:
    async with embedded(workflows=[count], activities=[next_of], max_concurrent_workflow_tasks=slots) as client:
        ended = [client.execute_workflow(count, 3, id=f"count-{number}") for number in range(120)]
        assert await asyncio.gather(*ended) == [3] * 120


async def test_what_comes_of_outcomes_needs_no_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker listens on its own queue; the first task of a run comes by a poll."""
    heard = 0
    listen = EmbeddedEngine.listen

    def counting(
        engine: EmbeddedEngine,
        request: PollWorkflowTaskQueueRequest,
        has_room: Callable[[], bool],
        take: Callable[[TaskToCome], None],
    ) -> Callable[[], None] | None:
        def taken(reply: TaskToCome) -> None:
            nonlocal heard
            heard += 1
            take(reply)

        return listen(engine, request, has_room, taken)

    monkeypatch.setattr(EmbeddedEngine, "listen", counting)
    async with embedded(workflows=[count], activities=[next_of]) as client:
        assert await client.execute_workflow(count, 5, id="count") == 5
    assert heard == 5


async def test_queries_reach_a_worker_that_listens() -> None:
    async with embedded(workflows=[Waiting], activities=[next_of]) as client:
        handle = await client.start_workflow(Waiting.run, id="waiting")
        async with asyncio.timeout(5):
            while await handle.query(Waiting.number) != 1:
                pass
        await handle.signal(Waiting.end)
        assert await handle.result() == 1
