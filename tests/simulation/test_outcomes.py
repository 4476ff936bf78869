"""A worker has the workflow task of an outcome that the store then refuses: it is not taken for the next one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import (
    GetWorkflowExecutionHistoryRequest,
    GetWorkflowExecutionHistoryResponse,
    PollActivityTaskQueueResponse,
    PollWorkflowTaskQueueResponse,
    RespondWorkflowTaskCompletedRequest,
)

from benchmarks import lean
from mainspring.server.engine.errors import NotFound, Unavailable
from mainspring.server.persistence.sqlite import SqliteStore, open_sqlite
from mainspring.server.process.assembly import Assembly, assemble
from mainspring.server.process.config import Config
from tests.assembled import call
from tests.simulation.faults import FaultyStore
from tests.simulation.test_starts import REFUSED, EvenLuck


class World:
    """A server on a store that can be told to refuse, and what its workers do."""

    def __init__(self, store: FaultyStore, assembly: Assembly) -> None:
        self.store = store
        self.assembly = assembly

    async def workflow_task(self) -> PollWorkflowTaskQueueResponse:
        reply = await call(self.assembly, "PollWorkflowTaskQueue", lean.workflow_poll("queue"))
        assert isinstance(reply, PollWorkflowTaskQueueResponse)
        assert reply.task_token, "no task"
        return reply

    async def answer(self, task: PollWorkflowTaskQueueResponse, *commands: object) -> None:
        answer = RespondWorkflowTaskCompletedRequest(namespace=lean.NAMESPACE, task_token=task.task_token)
        answer.commands.extend(commands)  # type: ignore[arg-type]  # commands
        await call(self.assembly, "RespondWorkflowTaskCompleted", answer)

    async def started_activity(self) -> PollActivityTaskQueueResponse:
        """A workflow whose only activity a worker has."""
        await call(self.assembly, "StartWorkflowExecution", lean.start_request("workflow", "queue"))
        await self.answer(await self.workflow_task(), lean.schedule_activity("a", "queue"))
        reply = await call(self.assembly, "PollActivityTaskQueue", lean.activity_poll("queue"))
        assert isinstance(reply, PollActivityTaskQueueResponse)
        assert reply.task_token
        return reply

    async def complete(self, task: PollActivityTaskQueueResponse, result: str = "done") -> None:
        await call(self.assembly, "RespondActivityTaskCompleted", lean.activity_completed(task, result))

    async def refused(self, task: PollActivityTaskQueueResponse) -> PollWorkflowTaskQueueResponse:
        """The activity's worker is told that it failed; the workflow's worker has the task that came of it."""
        self.store.chance = REFUSED
        completing = asyncio.create_task(self.complete(task))
        early = await self.workflow_task()
        with pytest.raises(Unavailable):
            await completing
        self.store.chance = 0
        return early

    async def events(self) -> list[EventType.ValueType]:
        request = GetWorkflowExecutionHistoryRequest(namespace=lean.NAMESPACE)
        request.execution.workflow_id = "workflow"
        reply = await call(self.assembly, "GetWorkflowExecutionHistory", request)
        assert isinstance(reply, GetWorkflowExecutionHistoryResponse)
        return [event.event_type for event in reply.history.events]


@asynccontextmanager
async def world(store: SqliteStore | None = None) -> AsyncGenerator[World]:
    faulty = FaultyStore(store or await open_sqlite(None), EvenLuck(0), chance=0)
    assembly = await assemble(Config(), faulty.as_store(), address="simulated")
    try:
        yield World(faulty, assembly)
    finally:
        faulty.chance = 0
        await assembly.drain()
        await assembly.close()
        if store is None:
            await faulty.close()  # type: ignore[attr-defined]  # the real store's


async def test_its_worker_is_refused_and_the_repeated_outcome_has_a_task_of_its_own() -> None:
    async with world() as here:
        activity = await here.started_activity()
        early = await here.refused(activity)
        await here.complete(activity)
        with pytest.raises(NotFound):
            await here.answer(early, lean.complete_workflow())
        await here.answer(await here.workflow_task(), lean.complete_workflow())
        kinds = await here.events()
        assert kinds.count(EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED) == 1
        assert kinds[-1] == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED


async def test_its_worker_is_refused_after_a_restart_too() -> None:
    """The same events as before, but another result: what a worker made of the first is not for the second."""
    store = await open_sqlite(None)
    async with world(store) as before:
        activity = await before.started_activity()
        early = await before.refused(activity)
    async with world(store) as after:
        await after.complete(activity, "another result")
        second = await after.workflow_task()
        assert second.started_event_id == early.started_event_id
        with pytest.raises(NotFound):
            await after.answer(early, lean.complete_workflow())
        await after.answer(second, lean.complete_workflow())
    await store.close()


async def test_what_is_shown_is_durable() -> None:
    async with world() as here:
        activity = await here.started_activity()
        here.store.chance = REFUSED
        completing = asyncio.create_task(here.complete(activity))
        await here.workflow_task()
        here.store.chance = 0
        assert EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED not in await here.events()
        with pytest.raises(Unavailable):
            await completing


async def test_an_outcome_and_the_answer_to_its_task_are_one_commit() -> None:
    async with world() as here:
        activity = await here.started_activity()
        before = here.assembly.store.statistics()
        await asyncio.gather(here.complete(activity), answered(here))
        commits = here.assembly.store.statistics().commits.since(before.commits).count
        assert commits == 1


async def answered(here: World) -> None:
    await here.answer(await here.workflow_task(), lean.complete_workflow())
