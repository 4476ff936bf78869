"""Workers of this SDK on a real server: alone, after one another, and in turn with workers of the official SDK."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, TypeVar

import pytest
import temporalio.activity
import temporalio.client
import temporalio.worker
import temporalio.workflow
from temporalio.api.enums.v1 import EventType, WorkflowTaskFailedCause
from temporalio.api.history.v1 import HistoryEvent

from mainspring import activity, workflow
from mainspring.client import Client, WorkflowExecutionStatus, WorkflowHandle
from mainspring.converter import DataConverter, PayloadCodec
from mainspring.worker import Worker, WorkerTuner
from tests.server_process import ServerProcess, mainspring_command, temporary_server
from tests.worker.fake_engine import Options
from tests.worker.test_payload_codec import Reverse

T = TypeVar("T")
NON_DETERMINISTIC = WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR
SHORT = timedelta(seconds=5)

pytestmark = pytest.mark.timeout(60)


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    with temporary_server(mainspring_command()) as started:
        yield started


@pytest.fixture
async def client(server: ServerProcess) -> Client:
    return await Client.connect(server.address)


@pytest.fixture
def queue() -> str:
    return f"tq-{uuid.uuid4().hex}"


@activity.defn
async def greet(name: str) -> str:
    return f"hello {name}"


@workflow.defn
class Child:
    @workflow.run
    async def run(self, number: int) -> int:
        await asyncio.sleep(0.01)
        return number + 1


@workflow.defn
class Everything:
    """Timers, signals, queries, updates, activities, children and continue-as-new in one."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.is_over = False

    @workflow.run
    async def run(self, rounds: int) -> str:
        await asyncio.sleep(0.01)
        await workflow.wait_condition(lambda: len(self.names) >= 2)
        greetings = await asyncio.gather(
            *(workflow.execute_activity(greet, name, start_to_close_timeout=SHORT) for name in sorted(self.names))
        )
        local = await workflow.execute_local_activity(greet, "here", start_to_close_timeout=SHORT)
        child = await workflow.execute_child_workflow(Child.run, 1)
        await workflow.wait_condition(lambda: self.is_over)
        if rounds:
            workflow.continue_as_new(rounds - 1)
        return f"{', '.join(greetings)}, {local}, {child}"

    @workflow.signal
    def add(self, name: str) -> None:
        self.names.append(name)

    @workflow.signal
    def end(self) -> None:
        self.is_over = True

    @workflow.query
    def count(self) -> int:
        return len(self.names)

    @workflow.update
    async def add_now(self, name: str) -> int:
        self.names.append(name)
        await asyncio.sleep(0.01)
        return len(self.names)

    @add_now.validator
    def check_name(self, name: str) -> None:
        if not name:
            raise ValueError("a name is needed")


def a_worker(client: Client, queue: str, **options: Any) -> Worker:
    made: Options = {"workflows": [Everything, Child], "activities": [greet], **options}
    return Worker(client, task_queue=queue, **made)


async def one_round(client: Client, handle: WorkflowHandle[Any, Any]) -> None:
    run = client.get_workflow_handle(handle.id)
    await run.signal(Everything.add, "ann")
    assert await run.query(Everything.count) == 1
    assert await run.execute_update(Everything.add_now, "bob") == 2
    await run.signal(Everything.end)


async def eventually(ask: Callable[[], Awaitable[T]], holds: Callable[[T], bool]) -> T:
    async with asyncio.timeout(20):
        while not holds(found := await ask()):  # noqa: ASYNC110 - the server is asked again
            await asyncio.sleep(0.05)
        return found


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"max_cached_workflows": 0},
        {"max_cached_workflows": 1},
        {"debug_mode": True},
        {"disable_eager_activity_execution": True, "max_concurrent_workflow_tasks": 2},
        {"tuner": WorkerTuner.create_resource_based(target_memory_usage=0.99, target_cpu_usage=1.0)},
    ],
    ids=str,
)
async def test_a_workflow_of_everything(options: Options, client: Client, queue: str) -> None:
    async with a_worker(client, queue, **options):
        handle = await client.start_workflow(Everything.run, 1, id=queue, task_queue=queue)
        await one_round(client, handle)
        await eventually(
            client.get_workflow_handle(queue).describe, lambda found: found.run_id != handle.first_execution_run_id
        )
        await one_round(client, handle)
        assert await handle.result() == "hello ann, hello bob, hello here, 2"


@pytest.mark.parametrize("cached", [0, 1])
async def test_runs_that_throw_each_other_out_of_the_cache(cached: int, client: Client, queue: str) -> None:
    async with a_worker(client, queue, max_cached_workflows=cached):
        handles = [
            await client.start_workflow(Everything.run, 0, id=f"{queue}-{number}", task_queue=queue)
            for number in range(5)
        ]
        await asyncio.gather(*(one_round(client, handle) for handle in handles))
        results = await asyncio.gather(*(handle.result() for handle in handles))
    assert results == ["hello ann, hello bob, hello here, 2"] * 5


async def test_a_worker_that_ends_in_the_middle_leaves_its_runs_to_the_next(client: Client, queue: str) -> None:
    async with a_worker(client, queue):
        handle = await client.start_workflow(Everything.run, 0, id=queue, task_queue=queue)
        await handle.signal(Everything.add, "ann")
        assert await handle.query(Everything.count) == 1
    async with a_worker(client, queue):
        assert await handle.execute_update(Everything.add_now, "bob") == 2
        await handle.signal(Everything.end)
        assert await handle.result() == "hello ann, hello bob, hello here, 2"


async def failed_task(handle: WorkflowHandle[Any, Any]) -> HistoryEvent | None:
    history = await handle.fetch_history()
    failed = EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED
    return next((event for event in history.events if event.event_type == failed), None)


@workflow.defn(name="Changing")
class Before:
    @workflow.run
    async def run(self) -> str:
        await asyncio.sleep(0.01)
        await workflow.wait_condition(lambda: False)
        return "never"


@workflow.defn(name="Changing")
class After:
    @workflow.run
    async def run(self) -> str:
        await workflow.execute_activity(greet, "first", start_to_close_timeout=SHORT)
        return "done"


async def test_code_that_left_its_history_fails_the_task(client: Client, queue: str) -> None:
    async with a_worker(client, queue, workflows=[Before]):
        handle = await client.start_workflow(Before.run, id=queue, task_queue=queue)
        await eventually(handle.fetch_history, lambda history: len(history.events) > 8)
    async with a_worker(client, queue, workflows=[After]):
        await handle.signal("wake")
        failed = await eventually(lambda: failed_task(handle), lambda event: event is not None)
        assert failed is not None
        assert failed.workflow_task_failed_event_attributes.cause == NON_DETERMINISTIC


async def test_code_that_left_its_history_fails_the_run_where_that_is_wanted(client: Client, queue: str) -> None:
    async with a_worker(client, queue, workflows=[Before]):
        handle = await client.start_workflow(Before.run, id=queue, task_queue=queue)
        await eventually(handle.fetch_history, lambda history: len(history.events) > 8)
    async with a_worker(client, queue, workflows=[After], workflow_failure_exception_types=[Exception]):
        await handle.signal("wake")
        await eventually(handle.describe, lambda found: found.status == WorkflowExecutionStatus.FAILED)


mended = asyncio.Event()


@workflow.defn
class Breaks:
    @workflow.run
    async def run(self) -> str:
        await asyncio.sleep(0.01)
        if not mended.is_set():
            raise RuntimeError("a mistake")
        return "mended"


async def test_a_mistake_in_workflow_code_can_be_mended_while_runs_wait(client: Client, queue: str) -> None:
    mended.clear()
    async with a_worker(client, queue, workflows=[Breaks]):
        handle = await client.start_workflow(Breaks.run, id=queue, task_queue=queue)
        failed = await eventually(lambda: failed_task(handle), lambda event: event is not None)
        assert failed is not None
        assert failed.workflow_task_failed_event_attributes.failure.message == "a mistake"
        mended.set()
        assert await handle.result() == "mended"


class Codec(Reverse, PayloadCodec):
    """Data turned round."""


async def test_all_that_the_server_keeps_is_encoded(server: ServerProcess, queue: str) -> None:
    client = await Client.connect(server.address, data_converter=DataConverter(payload_codec=Codec()))
    async with a_worker(client, queue, max_cached_workflows=0):
        handle = await client.start_workflow(Everything.run, 0, id=queue, task_queue=queue, memo={"secret": "ann"})
        await one_round(client, handle)
        assert await handle.result() == "hello ann, hello bob, hello here, 2"
    history = await handle.fetch_history()
    kept = b"".join(event.SerializeToString() for event in history.events)
    assert b"ann" not in kept
    assert b"hello" not in kept


# -- in turn with the official SDK


@temporalio.activity.defn(name="greet")
async def official_greet(name: str) -> str:
    return f"hello {name}"


@temporalio.workflow.defn(name="InTurn")
class OfficialInTurn:
    def __init__(self) -> None:
        self.rounds = 0

    @temporalio.workflow.run
    async def run(self) -> str:
        await asyncio.sleep(0.01)
        local = await temporalio.workflow.execute_local_activity(official_greet, "l", start_to_close_timeout=SHORT)
        is_new = temporalio.workflow.patched("a-change")
        await temporalio.workflow.wait_condition(lambda: self.rounds >= 1)
        greeting = await temporalio.workflow.execute_activity(official_greet, "a", start_to_close_timeout=SHORT)
        chance = temporalio.workflow.random().randint(0, 10**6)
        await temporalio.workflow.wait_condition(lambda: self.rounds >= 2)
        again = await temporalio.workflow.execute_activity(official_greet, str(chance), start_to_close_timeout=SHORT)
        return f"{local} {is_new} {greeting} {again == f'hello {chance}'}"

    @temporalio.workflow.update
    async def next_round(self) -> int:
        self.rounds += 1
        return self.rounds


@workflow.defn(name="InTurn")
class OurInTurn:
    def __init__(self) -> None:
        self.rounds = 0

    @workflow.run
    async def run(self) -> str:
        await asyncio.sleep(0.01)
        local = await workflow.execute_local_activity(greet, "l", start_to_close_timeout=SHORT)
        is_new = workflow.patched("a-change")
        await workflow.wait_condition(lambda: self.rounds >= 1)
        greeting = await workflow.execute_activity(greet, "a", start_to_close_timeout=SHORT)
        chance = workflow.random().randint(0, 10**6)
        await workflow.wait_condition(lambda: self.rounds >= 2)
        again = await workflow.execute_activity(greet, str(chance), start_to_close_timeout=SHORT)
        return f"{local} {is_new} {greeting} {again == f'hello {chance}'}"

    @workflow.update
    async def next_round(self) -> int:
        self.rounds += 1
        return self.rounds


@asynccontextmanager
async def official_worker(server: ServerProcess, queue: str) -> AsyncGenerator[None]:
    official = await temporalio.client.Client.connect(server.address)
    async with temporalio.worker.Worker(
        official,
        task_queue=queue,
        workflows=[OfficialInTurn],
        activities=[official_greet],
        workflow_runner=temporalio.worker.UnsandboxedWorkflowRunner(),
    ):
        yield


@asynccontextmanager
async def our_worker(client: Client, queue: str) -> AsyncGenerator[None]:
    async with a_worker(client, queue, workflows=[OurInTurn]):
        yield


@pytest.mark.parametrize("first", ["ours", "official"])
async def test_workers_of_both_sdks_take_turns_in_one_run(
    first: str, server: ServerProcess, client: Client, queue: str
) -> None:
    def turn(number: int) -> Any:
        is_ours = (first == "ours") == (number % 2 == 0)
        return our_worker(client, queue) if is_ours else official_worker(server, queue)

    async with turn(0):
        handle = await client.start_workflow("InTurn", id=queue, task_queue=queue, result_type=str)
        await eventually(handle.fetch_history, lambda history: has_marker(history.events))
    async with turn(1):
        assert await handle.execute_update("next_round") == 1
    async with turn(2):
        assert await handle.execute_update("next_round") == 2
        assert await handle.result() == "hello l True hello a True"
    failed = await failed_task(handle)
    assert failed is None


def has_marker(events: Any) -> bool:
    return any(event.event_type == EventType.EVENT_TYPE_MARKER_RECORDED for event in events)
