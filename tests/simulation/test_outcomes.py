"""A worker has the workflow task of an outcome that the store then refuses: it is not taken for the next one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflowservice.v1 import (
    DescribeWorkflowExecutionRequest,
    DescribeWorkflowExecutionResponse,
    GetWorkflowExecutionHistoryRequest,
    GetWorkflowExecutionHistoryResponse,
    PollActivityTaskQueueResponse,
    PollWorkflowTaskQueueResponse,
    RespondWorkflowTaskCompletedRequest,
    SignalWorkflowExecutionRequest,
)

from benchmarks import lean
from mainspring.server.engine.changes import Task
from mainspring.server.engine.errors import InvalidArgument, NotFound, Unavailable
from mainspring.server.matching.matching import Matching
from mainspring.server.persistence.sqlite import SqliteStore, open_sqlite
from mainspring.server.process.assembly import Assembly, assemble
from mainspring.server.process.config import Config
from tests.assembled import call
from tests.simulation.faults import FaultyStore
from tests.simulation.test_starts import LOST, REFUSED, EvenLuck

WITHIN_S = 20  # whoever is going to wait needs far less


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

    async def waiting_poll(self) -> asyncio.Task[PollWorkflowTaskQueueResponse]:
        """A worker that waits for a workflow task before there is one."""
        before = self.assembly.matching.statistics().waiting_poll_count
        polling = asyncio.create_task(self.workflow_task())
        async with asyncio.timeout(WITHIN_S):
            while self.assembly.matching.statistics().waiting_poll_count == before:  # noqa: ASYNC110 - no event
                await asyncio.sleep(0)
        return polling

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

    async def refused(self, task: PollActivityTaskQueueResponse, *, is_awaited: bool) -> PollWorkflowTaskQueueResponse:
        """The activity's worker is told that it failed; the workflow's worker has the task that came of it."""
        self.store.chance = REFUSED
        polling = await self.waiting_poll() if is_awaited else None
        completing = asyncio.create_task(self.complete(task))
        early = await (polling or self.workflow_task())
        with pytest.raises(Unavailable):
            await completing
        self.store.chance = 0
        return early

    async def history(self) -> list[HistoryEvent]:
        request = GetWorkflowExecutionHistoryRequest(namespace=lean.NAMESPACE)
        request.execution.workflow_id = "workflow"
        reply = await call(self.assembly, "GetWorkflowExecutionHistory", request)
        assert isinstance(reply, GetWorkflowExecutionHistoryResponse)
        return list(reply.history.events)

    async def events(self) -> list[EventType.ValueType]:
        return [event.event_type for event in await self.history()]

    async def transition_count(self) -> int:
        request = DescribeWorkflowExecutionRequest(namespace=lean.NAMESPACE)
        request.execution.workflow_id = "workflow"
        reply = await call(self.assembly, "DescribeWorkflowExecution", request)
        assert isinstance(reply, DescribeWorkflowExecutionResponse)
        return reply.workflow_execution_info.state_transition_count


@asynccontextmanager
async def world(store: SqliteStore | None = None, *, are_workers_here: bool = False) -> AsyncGenerator[World]:
    faulty = FaultyStore(store or await open_sqlite(None), EvenLuck(0), chance=0)
    assembly = await assemble(Config(), faulty.as_store(), address="simulated", are_workers_here=are_workers_here)
    try:
        yield World(faulty, assembly)
    finally:
        faulty.chance = 0
        await assembly.drain()
        await assembly.close()
        if store is None:
            await faulty.close()  # type: ignore[attr-defined]  # the real store's


@pytest.mark.parametrize("are_workers_here", [False, True])
@pytest.mark.parametrize("is_awaited", [False, True])
async def test_its_worker_is_refused_and_the_repeated_outcome_has_a_task_of_its_own(
    *, is_awaited: bool, are_workers_here: bool
) -> None:
    async with world(are_workers_here=are_workers_here) as here:
        activity = await here.started_activity()
        early = await here.refused(activity, is_awaited=is_awaited)
        await here.complete(activity)
        with pytest.raises(NotFound):
            await here.answer(early, lean.complete_workflow())
        await here.answer(await here.workflow_task(), lean.complete_workflow())
        kinds = await here.events()
        assert kinds.count(EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED) == 1
        assert kinds[-1] == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED


@pytest.mark.parametrize("is_awaited", [False, True])
async def test_its_worker_is_refused_after_a_restart_too(*, is_awaited: bool) -> None:
    """The same events as before, but another result: what a worker made of the first is not for the second."""
    store = await open_sqlite(None)
    async with world(store) as before:
        activity = await before.started_activity()
        early = await before.refused(activity, is_awaited=is_awaited)
    async with world(store) as after:
        await after.complete(activity, "another result")
        second = await after.workflow_task()
        assert second.started_event_id == early.started_event_id
        with pytest.raises(NotFound):
            await after.answer(early, lean.complete_workflow())
        await after.answer(second, lean.complete_workflow())
    await store.close()


@pytest.mark.parametrize("are_workers_here", [False, True])
@pytest.mark.parametrize("is_awaited", [False, True])
async def test_what_is_shown_is_durable(*, is_awaited: bool, are_workers_here: bool) -> None:
    async with world(are_workers_here=are_workers_here) as here:
        activity = await here.started_activity()
        here.store.chance = REFUSED
        polling = await here.waiting_poll() if is_awaited else None
        completing = asyncio.create_task(here.complete(activity))
        await (polling or here.workflow_task())
        assert EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED not in await here.events()
        here.store.chance = 0
        with pytest.raises(Unavailable):
            await completing


@pytest.mark.parametrize("are_workers_here", [False, True])
@pytest.mark.parametrize("is_awaited", [False, True])
async def test_an_outcome_and_the_answer_to_its_task_are_one_commit(
    *, is_awaited: bool, are_workers_here: bool
) -> None:
    async with world(are_workers_here=are_workers_here) as here:
        activity = await here.started_activity()
        polling = await here.waiting_poll() if is_awaited else asyncio.create_task(here.workflow_task())
        before = here.assembly.store.statistics()
        await asyncio.gather(here.complete(activity), answered(here, polling))
        commits = here.assembly.store.statistics().commits.since(before.commits).count
        assert commits == 1


async def answered(here: World, polling: asyncio.Task[PollWorkflowTaskQueueResponse]) -> None:
    await here.answer(await polling, lean.complete_workflow())


async def test_the_history_does_not_tell_whether_the_task_was_awaited() -> None:
    told: list[tuple[list[bytes], int]] = []
    for is_awaited, are_workers_here in ((False, False), (True, False), (True, True)):
        async with world(are_workers_here=are_workers_here) as here:
            activity = await here.started_activity()
            polling = await here.waiting_poll() if is_awaited else None
            await here.complete(activity)
            await here.answer(await (polling or here.workflow_task()), lean.complete_workflow())
            told.append(([timeless(event) for event in await here.history()], await here.transition_count()))
    assert told[0] == told[1] == told[2]


def timeless(event: HistoryEvent) -> bytes:
    """Without what is different in every run."""
    event.ClearField("event_time")
    event.workflow_execution_started_event_attributes.SetInParent()
    for started in (event.workflow_task_started_event_attributes, event.activity_task_started_event_attributes):
        started.request_id = ""
    return event.SerializeToString(deterministic=True)


async def test_a_task_whose_poll_is_cancelled_in_the_same_moment_goes_to_the_next_poll(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with world() as here:
        activity = await here.started_activity()
        gone = await here.waiting_poll()
        hand_over = Matching.hand_over

        def cancelled(matching: Matching, task: Task, started: object, give_up: Callable[[], None]) -> None:
            hand_over(matching, task, started, give_up)
            gone.cancel()

        monkeypatch.setattr(Matching, "hand_over", cancelled)
        await here.complete(activity)
        assert gone.cancelled()
        monkeypatch.undo()
        await here.answer(await here.workflow_task(), lean.complete_workflow())
        kinds = await here.events()
        assert kinds.count(EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT) == 1, "it was started, and given up at once"
        assert kinds[-1] == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED


# -- what an outcome is left open for, if workers are in this process


async def test_an_answer_goes_on_with_the_outcome_in_one_transition_of_the_store() -> None:
    async with world(are_workers_here=True) as here:
        activity = await here.started_activity()
        polling = await here.waiting_poll()
        before = here.assembly.store.statistics().write_count
        await asyncio.gather(here.complete(activity), answered(here, polling))
        assert here.assembly.store.statistics().write_count == before + 1


async def test_an_outcome_is_durable_soon_without_an_answer() -> None:
    async with world(are_workers_here=True) as here:
        activity = await here.started_activity()
        polling = await here.waiting_poll()
        async with asyncio.timeout(WITHIN_S):
            await here.complete(activity)
        assert EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED in await here.events()
        await here.answer(await polling, lean.complete_workflow())


SIGNAL = SignalWorkflowExecutionRequest(namespace=lean.NAMESPACE, signal_name="signal")
SIGNAL.workflow_execution.workflow_id = "workflow"


async def test_what_comes_before_the_answer_finds_the_outcome() -> None:
    """A signal is a transition of its own: held back, since a worker has the task."""
    async with world(are_workers_here=True) as here:
        activity = await here.started_activity()
        polling = await here.waiting_poll()
        completing = asyncio.create_task(here.complete(activity))
        task = await polling
        await call(here.assembly, "SignalWorkflowExecution", SIGNAL)
        await completing
        await here.answer(task)
        await here.answer(await here.workflow_task(), lean.complete_workflow())
        kinds = await here.events()
        assert kinds.index(EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED) < kinds.index(
            EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
        )
        assert kinds[-1] == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED


async def test_an_answer_that_cannot_be_applied_takes_no_outcome_along() -> None:
    """The outcome is made anew; its task is another one, and its worker is told so."""
    async with world(are_workers_here=True) as here:
        activity = await here.started_activity()
        polling = await here.waiting_poll()
        completing = asyncio.create_task(here.complete(activity))
        unusable = lean.schedule_activity("b", "queue")
        unusable.schedule_activity_task_command_attributes.ClearField("activity_type")
        with pytest.raises(NotFound):
            await here.answer(await polling, unusable)
        await completing
        with pytest.raises(InvalidArgument):
            await here.answer(await here.workflow_task(), unusable)
        await here.answer(await here.workflow_task(), lean.complete_workflow())
        kinds = await here.events()
        assert kinds.count(EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED) == 1
        assert kinds.count(EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED) == 1
        assert kinds[-1] == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED


async def test_a_late_answer_to_another_task_takes_no_outcome_along() -> None:
    async with world(are_workers_here=True) as here:
        await call(here.assembly, "StartWorkflowExecution", lean.start_request("workflow", "queue"))
        first = await here.workflow_task()
        await here.answer(first, lean.schedule_activity("a", "queue"))
        activity = await call(here.assembly, "PollActivityTaskQueue", lean.activity_poll("queue"))
        assert isinstance(activity, PollActivityTaskQueueResponse)
        polling = await here.waiting_poll()
        completing = asyncio.create_task(here.complete(activity))
        second = await polling
        with pytest.raises(NotFound):
            await here.answer(first)
        await completing
        await here.answer(second, lean.complete_workflow())
        assert (await here.events()).count(EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED) == 1


@pytest.mark.parametrize("is_lost", [False, True])
async def test_a_refused_answer_is_a_refused_outcome(*, is_lost: bool) -> None:
    """Both workers are told; both may ask again, whether or not the store has it after all."""
    async with world(are_workers_here=True) as here:
        activity = await here.started_activity()
        polling = await here.waiting_poll()
        completing = asyncio.create_task(here.complete(activity))
        task = await polling
        here.store.chance = LOST if is_lost else REFUSED
        with pytest.raises(Unavailable):
            await here.answer(task, lean.complete_workflow())
        with pytest.raises(Unavailable):
            await completing
        here.store.chance = 0
        if not is_lost:
            await here.complete(activity)
            await here.answer(await here.workflow_task(), lean.complete_workflow())
        kinds = await here.events()
        assert kinds.count(EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED) == 1
        assert kinds[-1] == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED
