"""A worker has a workflow task whose start the store then refuses, or confirms to nobody: the task is not lost."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from random import Random

import pytest
from temporalio.api.workflowservice import v1 as api

from benchmarks import lean
from mainspring.server.engine.errors import NotFound
from mainspring.server.persistence.sqlite import open_sqlite
from mainspring.server.process.assembly import Assembly
from tests.assembled import assembled, call
from tests.simulation.faults import FaultyStore

REFUSED, LOST = 1.0, 0.4
"""As `FaultyStore.chance`, when luck is 0.5: nothing is written, or all is but the answer is lost."""


class EvenLuck(Random):
    def random(self) -> float:
        return 0.5


@asynccontextmanager
async def server() -> AsyncGenerator[tuple[Assembly, FaultyStore]]:
    store = FaultyStore(await open_sqlite(None), EvenLuck(0), chance=0)
    async with assembled(store.as_store()) as assembly:
        try:
            yield assembly, store
        finally:
            store.chance = 0


async def polled(assembly: Assembly) -> api.PollWorkflowTaskQueueResponse:
    reply = await call(assembly, "PollWorkflowTaskQueue", lean.workflow_poll("queue"))
    assert isinstance(reply, api.PollWorkflowTaskQueueResponse)
    assert reply.task_token, "no task"
    return reply


async def complete(assembly: Assembly, task: api.PollWorkflowTaskQueueResponse) -> None:
    answer = api.RespondWorkflowTaskCompletedRequest(
        namespace=lean.NAMESPACE, task_token=task.task_token, commands=[lean.complete_workflow()]
    )
    await call(assembly, "RespondWorkflowTaskCompleted", answer)


async def start_and_poll(assembly: Assembly, store: FaultyStore, fate: float) -> api.PollWorkflowTaskQueueResponse:
    await call(assembly, "StartWorkflowExecution", lean.start_request("workflow", "queue"))
    store.chance = fate
    task = await polled(assembly)
    store.chance = 0
    return task


@pytest.mark.parametrize("fate", [REFUSED, LOST])
async def test_its_worker_completes_it_or_is_refused(fate: float) -> None:
    async with server() as (assembly, store):
        first = await start_and_poll(assembly, store, fate)
        if fate == LOST:
            await complete(assembly, first)
            return
        with pytest.raises(NotFound):
            await complete(assembly, first)
        second = await polled(assembly)
        assert (second.attempt, second.started_event_id) == (1, 3)
        await complete(assembly, second)


async def test_it_is_ready_again_without_an_answer() -> None:
    async with server() as (assembly, store):
        await start_and_poll(assembly, store, REFUSED)
        await complete(assembly, await polled(assembly))


async def test_what_is_shown_is_durable() -> None:
    """A history that somebody has seen does not lose its last event."""
    async with server() as (assembly, store):
        await start_and_poll(assembly, store, REFUSED)
        request = api.GetWorkflowExecutionHistoryRequest(namespace=lean.NAMESPACE)
        request.execution.workflow_id = "workflow"
        reply = await call(assembly, "GetWorkflowExecutionHistory", request)
        assert isinstance(reply, api.GetWorkflowExecutionHistoryResponse)
        assert [event.event_id for event in reply.history.events] == [1, 2]
