"""The whole server below its transport, on a store that fails, and restarted in the middle: nothing is lost or doubled.

Clients and workers call the services as gRPC would, and try again what is refused with `Unavailable`. In the end every
workflow that was acknowledged has completed, its history is sound, and each of its signals is in it once.
`MAINSPRING_SIMULATION_SEEDS` says how many seeds are tried; a failure names its seed.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from random import Random
from typing import TypeVar

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from temporalio.api.command.v1 import Command
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflowservice import v1 as api

from benchmarks import lean
from mainspring.server.engine.errors import NotFound, ResourceExhausted, Unavailable
from mainspring.server.persistence.sqlite import open_sqlite
from mainspring.server.process.assembly import Assembly, assemble
from mainspring.server.process.config import Config
from tests.assembled import call
from tests.engine.table import check_history
from tests.simulation.faults import FaultyStore

R = TypeVar("R", bound=Message)

SEEDS = range(int(os.environ.get("MAINSPRING_SIMULATION_SEEDS", "4")))
WORKFLOW_COUNT = 12
SIGNAL_COUNT = 3
CHANCE = 0.04
WITHIN_S = 60


class World:
    """A server that is replaced now and then, and those who use it."""

    def __init__(self, store: FaultyStore, random: Random) -> None:
        self.store = store
        self.random = random
        self.assembly: Assembly | None = None
        self.is_done = False

    async def restart(self) -> None:
        if self.assembly is not None:
            await self.assembly.drain()
            await self.assembly.close()
        chance, self.store.chance = self.store.chance, 0  # a server on a store that says no does not start
        self.assembly = await assemble(Config(), self.store.as_store(), address="simulated")
        self.store.chance = chance

    async def call(self, name: str, request: Message, reply_type: type[R]) -> R:
        """One call as a client makes it: what is unavailable is tried again."""
        while True:
            assert self.assembly is not None
            copy = type(request).FromString(request.SerializeToString())
            try:
                message = await call(self.assembly, name, copy)
            except (Unavailable, ResourceExhausted):
                await asyncio.sleep(0.001)
                continue
            assert isinstance(message, reply_type)
            return message


async def client(world: World, number: int) -> str:
    """Start a workflow and signal it, each as often as it takes."""
    workflow_id = f"workflow-{number}"
    start = lean.start_request(workflow_id, "queue")
    start.workflow_task_timeout.CopyFrom(Duration(seconds=1))
    await world.call("StartWorkflowExecution", start, api.StartWorkflowExecutionResponse)
    for index in range(SIGNAL_COUNT):
        signal = api.SignalWorkflowExecutionRequest(
            namespace=lean.NAMESPACE,
            workflow_execution=WorkflowExecution(workflow_id=workflow_id),
            signal_name=f"signal-{index}",
            request_id=f"{workflow_id}-{index}",
        )
        # The workflow may end by a signal whose answer was lost, before that is repeated: counted in the end.
        await or_stale(world.call("SignalWorkflowExecution", signal, api.SignalWorkflowExecutionResponse))
        await asyncio.sleep(world.random.random() * 0.02)
    return workflow_id


def decide(events: list[HistoryEvent]) -> list[Command]:
    """A workflow: one activity, then the end as soon as all signals are there."""
    kinds = [event.event_type for event in events]
    commands: list[Command] = []
    if EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED not in kinds:
        commands.append(lean.schedule_activity("a", "queue", start_to_close_s=1))
    signals = kinds.count(EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED)
    if EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED in kinds and signals >= SIGNAL_COUNT:
        commands.append(lean.complete_workflow())
    return commands


async def workflow_worker(world: World) -> None:
    while not world.is_done:
        task = await world.call("PollWorkflowTaskQueue", lean.workflow_poll("queue"), api.PollWorkflowTaskQueueResponse)
        if not task.task_token:
            await asyncio.sleep(0.001)
            continue
        answer = api.RespondWorkflowTaskCompletedRequest(
            namespace=lean.NAMESPACE, task_token=task.task_token, commands=decide(list(task.history.events))
        )
        await or_stale(world.call("RespondWorkflowTaskCompleted", answer, api.RespondWorkflowTaskCompletedResponse))


async def activity_worker(world: World) -> None:
    while not world.is_done:
        task = await world.call("PollActivityTaskQueue", lean.activity_poll("queue"), api.PollActivityTaskQueueResponse)
        if not task.task_token:
            await asyncio.sleep(0.001)
            continue
        answer = lean.activity_completed(task, "done")
        await or_stale(world.call("RespondActivityTaskCompleted", answer, api.RespondActivityTaskCompletedResponse))


async def or_stale(call: Awaitable[Message]) -> None:
    """A task may have timed out, or been answered by a call whose own answer was lost."""
    try:
        await call
    except NotFound:
        return


async def chaos(world: World) -> None:
    """The server is replaced a few times."""
    for _ in range(3):
        await asyncio.sleep(0.2 + world.random.random() * 0.4)
        await world.restart()


async def history_of(world: World, workflow_id: str) -> list[HistoryEvent]:
    request = api.GetWorkflowExecutionHistoryRequest(
        namespace=lean.NAMESPACE, execution=WorkflowExecution(workflow_id=workflow_id)
    )
    reply = await world.call("GetWorkflowExecutionHistory", request, api.GetWorkflowExecutionHistoryResponse)
    return list(reply.history.events)


async def until_closed(world: World, workflow_id: str) -> list[HistoryEvent]:
    while True:
        events = await history_of(world, workflow_id)
        if events[-1].event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
            return events
        await asyncio.sleep(0.02)


async def live(world: World) -> list[list[HistoryEvent]]:
    await world.restart()
    workers: list[Callable[[World], Awaitable[None]]] = [workflow_worker, workflow_worker, activity_worker]
    async with asyncio.TaskGroup() as group:
        for worker in workers:
            group.create_task(_as_coroutine(worker(world)))
        chaotic = group.create_task(chaos(world))
        names = await asyncio.gather(*(client(world, number) for number in range(WORKFLOW_COUNT)))
        await chaotic
        histories = [await until_closed(world, name) for name in names]
        world.is_done = True
        world.store.chance = 0
        assert world.assembly is not None
        await world.assembly.drain()
    await world.assembly.close()
    return histories


async def _as_coroutine(work: Awaitable[None]) -> None:
    await work


@pytest.mark.slow
@pytest.mark.timeout(WITHIN_S + 10)
@pytest.mark.parametrize("seed", SEEDS)
async def test_nothing_is_lost_or_doubled(seed: int) -> None:
    random = Random(seed)
    real = await open_sqlite(None)
    store = FaultyStore(real, random, chance=CHANCE)
    try:
        histories = await asyncio.wait_for(live(World(store, random)), WITHIN_S)
    finally:
        await real.close()
    for events in histories:
        check_history(events, is_closed=True, since=0)
        kinds = [event.event_type for event in events]
        assert kinds.count(EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED) == SIGNAL_COUNT
        assert kinds.count(EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED) == 1
    assert store.refused_count + store.lost_count > 0, "nothing went wrong, so nothing was tried"
