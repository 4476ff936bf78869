"""This SDK's client against a Mainspring server, with workers of the official SDK: what one writes the other reads."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import temporalio.activity
import temporalio.client
import temporalio.common
import temporalio.workflow
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.exceptions import ApplicationError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from mainspring.client import (
    Client,
    ConflictChoice,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
    WithStartWorkflowOperation,
    WorkflowContinuedAsNewError,
    WorkflowExecutionStatus,
    WorkflowFailureError,
    WorkflowHistory,
    WorkflowQueryFailedError,
    WorkflowQueryRejectedError,
    WorkflowUpdateFailedError,
    WorkflowUpdateStage,
)
from mainspring.common import (
    QueryRejectCondition,
    SearchAttributeKey,
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
)
from mainspring.exceptions import (
    ApplicationError as OurApplicationError,
)
from mainspring.exceptions import (
    CancelledError,
    TerminatedError,
    WorkflowAlreadyStartedError,
)
from mainspring.service import RPCError, RPCStatusCode
from tests.server_process import ServerProcess, mainspring_command, real_server_command, temporary_server

pytestmark = pytest.mark.scenario


@dataclass
class Greeting:
    name: str
    count: int = 1


@temporalio.workflow.defn
class Greet:
    @temporalio.workflow.run
    async def run(self, greeting: Greeting) -> Greeting:
        return Greeting(f"hello {greeting.name}", greeting.count + 1)


@temporalio.workflow.defn
class Wait:
    def __init__(self) -> None:
        self.words: list[str] = []

    @temporalio.workflow.run
    async def run(self) -> list[str]:
        await temporalio.workflow.wait_condition(lambda: "stop" in self.words)
        return self.words

    @temporalio.workflow.signal
    def say(self, *words: str) -> None:
        self.words.extend(words)

    @temporalio.workflow.query
    def heard(self, least: int) -> list[str]:
        if len(self.words) < least:
            raise ApplicationError("too few")
        return self.words

    @temporalio.workflow.update
    async def add(self, word: str) -> int:
        if word == "bad":
            raise ApplicationError("bad word", "the detail", type="BadWord")
        self.words.append(word)
        return len(self.words)

    @add.validator
    def check(self, word: str) -> None:
        if not word:
            raise ValueError("no word")


@temporalio.workflow.defn
class Other:
    @temporalio.workflow.run
    async def run(self) -> None:
        await asyncio.sleep(1000)


@temporalio.workflow.defn
class CountDown:
    @temporalio.workflow.run
    async def run(self, count: int) -> str:
        if count:
            temporalio.workflow.continue_as_new(count - 1)
        return "zero"


@temporalio.workflow.defn
class Fail:
    @temporalio.workflow.run
    async def run(self) -> None:
        raise ApplicationError("no luck", {"left": 3}, type="Luck", non_retryable=True)


@temporalio.activity.defn
async def leave() -> dict[str, bool]:
    temporalio.activity.raise_complete_async()


@temporalio.workflow.defn
class Delegate:
    @temporalio.workflow.run
    async def run(self) -> Any:
        return await temporalio.workflow.execute_activity(
            leave,
            activity_id="leave",
            start_to_close_timeout=timedelta(seconds=60),
            retry_policy=temporalio.common.RetryPolicy(maximum_attempts=1),
        )


WORKFLOWS = [Greet, Wait, Other, CountDown, Fail, Delegate]


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    with temporary_server(mainspring_command()) as started:
        yield started


@pytest.fixture
async def client(server: ServerProcess) -> Client:
    return await Client.connect(server.address)


@pytest.fixture
def name() -> str:
    return f"w-{uuid.uuid4()}"


@asynccontextmanager
async def worker(server: ServerProcess, queue: str) -> AsyncGenerator[str]:
    """An official worker on a task queue."""
    official = await temporalio.client.Client.connect(server.address)
    async with Worker(
        official,
        task_queue=queue,
        workflows=WORKFLOWS,
        activities=[leave],
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        yield queue


@pytest.fixture
async def queue(server: ServerProcess, name: str) -> AsyncGenerator[str]:
    async with worker(server, f"q-{name}") as polled:
        yield polled


async def test_a_workflow_gets_values_and_gives_them_back(client: Client, name: str, queue: str) -> None:
    handle = await client.start_workflow("Greet", Greeting("you"), id=name, task_queue=queue, result_type=Greeting)
    assert await handle.result() == Greeting("hello you", 2)
    description = await handle.describe()
    assert description.status is WorkflowExecutionStatus.COMPLETED
    assert description.run_id == handle.result_run_id == handle.first_execution_run_id
    assert description.workflow_type == "Greet"


async def test_a_result_is_the_one_of_the_last_run_unless_one_run_is_meant(
    client: Client, name: str, queue: str
) -> None:
    handle = await client.start_workflow("CountDown", 2, id=name, task_queue=queue)
    assert await handle.result() == "zero"
    with pytest.raises(WorkflowContinuedAsNewError) as raised:
        await handle.result(follow_runs=False)
    assert raised.value.new_execution_run_id


async def test_how_a_workflow_failed_can_be_read(client: Client, name: str, queue: str) -> None:
    with pytest.raises(WorkflowFailureError) as raised:
        await client.execute_workflow("Fail", id=name, task_queue=queue)
    cause = raised.value.cause
    assert isinstance(cause, OurApplicationError)
    assert (str(cause), cause.type, list(cause.details)) == ("Luck: no luck", "Luck", [{"left": 3}])


async def test_signals_queries_and_updates_reach_a_workflow(client: Client, name: str, queue: str) -> None:
    handle = await client.start_workflow("Wait", id=name, task_queue=queue)
    await handle.signal("say", args=["a", "b"])
    assert await handle.query("heard", 2) == ["a", "b"]
    with pytest.raises(WorkflowQueryFailedError, match="too few"):
        await handle.query("heard", 5)
    assert await handle.execute_update("add", "c") == 3
    started = await handle.start_update("add", "d", wait_for_stage=WorkflowUpdateStage.ACCEPTED, id="mine")
    assert await started.result() == 4
    assert await handle.get_update_handle("mine").result() == 4
    with pytest.raises(WorkflowUpdateFailedError) as rejected:
        await handle.execute_update("add", "")
    assert "no word" in str(rejected.value.cause)
    with pytest.raises(WorkflowUpdateFailedError) as failed:
        await handle.execute_update("add", "bad")
    assert isinstance(failed.value.cause, OurApplicationError)
    assert list(failed.value.cause.details) == ["the detail"]
    await handle.signal("say", "stop")
    assert await handle.result() == ["a", "b", "c", "d", "stop"]
    with pytest.raises(WorkflowQueryRejectedError) as closed:
        await handle.query("heard", 0, reject_condition=QueryRejectCondition.NOT_OPEN)
    assert closed.value.status is WorkflowExecutionStatus.COMPLETED


async def test_a_workflow_can_be_cancelled_and_terminated(client: Client, name: str, queue: str) -> None:
    first = await client.start_workflow("Wait", id=f"{name}-1", task_queue=queue)
    await first.cancel(reason="enough")
    with pytest.raises(WorkflowFailureError) as cancelled:
        await first.result()
    assert isinstance(cancelled.value.cause, CancelledError)

    second = await client.start_workflow("Wait", id=f"{name}-2", task_queue=queue)
    await second.terminate("detail", 2, reason="enough")
    with pytest.raises(WorkflowFailureError) as terminated:
        await second.result()
    assert isinstance(terminated.value.cause, TerminatedError)
    assert (str(terminated.value.cause), list(terminated.value.cause.details)) == ("enough", ["detail", 2])


async def test_a_signal_may_start_its_workflow(client: Client, name: str, queue: str) -> None:
    handle = await client.start_workflow(
        "Wait", id=name, task_queue=queue, start_signal="say", start_signal_args=["stop"]
    )
    assert await handle.result() == ["stop"]


async def test_an_update_may_start_its_workflow(client: Client, name: str, queue: str) -> None:
    def operation(policy: WorkflowIDConflictPolicy) -> WithStartWorkflowOperation[Any, Any]:
        return WithStartWorkflowOperation("Wait", id=name, task_queue=queue, id_conflict_policy=policy)

    starting = operation(WorkflowIDConflictPolicy.USE_EXISTING)
    assert await client.execute_update_with_start_workflow("add", "a", start_workflow_operation=starting) == 1
    handle = await starting.workflow_handle()
    joining = operation(WorkflowIDConflictPolicy.USE_EXISTING)
    assert await client.execute_update_with_start_workflow("add", "b", start_workflow_operation=joining) == 2
    refused = operation(WorkflowIDConflictPolicy.FAIL)
    with pytest.raises(WorkflowAlreadyStartedError) as raised:
        await client.execute_update_with_start_workflow("add", "c", start_workflow_operation=refused)
    with pytest.raises(WorkflowAlreadyStartedError):
        await refused.workflow_handle()
    assert raised.value.run_id == handle.result_run_id
    await handle.terminate()


async def test_a_second_start_under_an_id_says_who_runs(client: Client, name: str) -> None:
    handle = await client.start_workflow("Wait", id=name, task_queue="nobody-polls")
    with pytest.raises(WorkflowAlreadyStartedError) as raised:
        await client.start_workflow("Wait", id=name, task_queue="nobody-polls")
    assert (raised.value.workflow_id, raised.value.run_id) == (name, handle.result_run_id)


async def test_of_another_type_the_running_workflow_is_replaced_and_of_the_same_type_joined(
    client: Client, name: str
) -> None:
    other = await client.start_workflow("Other", id=name, task_queue="nobody-polls")

    async def start() -> str | None:
        handle = await client.start_workflow(
            "Wait", id=name, task_queue="nobody-polls", conflict=ConflictChoice.TERMINATE_IF_OTHER_TYPE
        )
        return handle.result_run_id

    run_ids = set(await asyncio.gather(*(start() for _ in range(8))))
    assert len(run_ids) == 1
    assert other.result_run_id not in run_ids
    ended = await client.get_workflow_handle(name, run_id=other.result_run_id).describe()
    assert ended.status is WorkflowExecutionStatus.TERMINATED
    running = await client.get_workflow_handle(name).describe()
    assert (running.workflow_type, running.status) == ("Wait", WorkflowExecutionStatus.RUNNING)


async def test_what_a_workflow_was_started_with_can_be_read(client: Client, name: str) -> None:
    key = SearchAttributeKey.for_keyword("Kind")
    register = AddSearchAttributesRequest(
        namespace="default", search_attributes={"Kind": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD}
    )
    await client.operator_service.add_search_attributes(register)
    handle = await client.start_workflow(
        "Wait",
        id=name,
        task_queue="nobody-polls",
        memo={"a": 1, "b": Greeting("x")},
        search_attributes=TypedSearchAttributes([SearchAttributePair(key, "k")]),
        static_summary="in short",
        static_details="at length",
    )
    description = await handle.describe()
    assert await description.memo() == {"a": 1, "b": {"name": "x", "count": 1}}
    assert await description.memo_value("b", type_hint=Greeting) == Greeting("x")
    assert await description.memo_value("c", None) is None
    assert description.typed_search_attributes.get(key) == "k"
    assert await description.static_summary() == "in short"
    assert await description.static_details() == "at length"


async def test_workflows_are_listed_counted_and_their_histories_fetched(client: Client, name: str) -> None:
    for number in range(5):
        await client.start_workflow("Wait", id=f"{name}-{number}", task_queue=name)
    query = f"TaskQueue = '{name}'"
    assert len([one async for one in client.list_workflows(query, page_size=2)]) == 5
    assert len([one async for one in client.list_workflows(query, page_size=2, limit=3)]) == 3
    assert (await client.count_workflows(query)).count == 5
    grouped = await client.count_workflows(f"{query} GROUP BY ExecutionStatus")
    assert [(one.count, one.group_values) for one in grouped.groups] == [(5, ["Running"])]
    histories = [one async for one in client.list_workflows(query, limit=2).map_histories()]
    assert [len(one.events) for one in histories] == [2, 2]
    again = WorkflowHistory.from_json(histories[0].workflow_id, histories[0].to_json())
    assert again == histories[0]


async def test_an_activity_is_completed_from_outside(client: Client, name: str, queue: str) -> None:
    workflow = await client.start_workflow("Delegate", id=name, task_queue=queue)
    handle = client.get_async_activity_handle(workflow_id=name, run_id=None, activity_id="leave")
    await until_waiting(client, name)
    await handle.heartbeat("half")
    await handle.complete({"done": True})
    assert await workflow.result() == {"done": True}


async def until_waiting(client: Client, workflow_id: str) -> None:
    """Wait until the workflow's activity is started and left by its worker."""
    events = client.get_workflow_handle(workflow_id).fetch_history_events
    while True:
        description = await client.get_workflow_handle(workflow_id).describe()
        if any(one.HasField("last_started_time") for one in description.raw_description.pending_activities):
            return
        _ = [event async for event in events()]


@pytest.mark.skipif(real_server_command() is None, reason="no real server is installed")
async def test_a_schedule_lives(name: str) -> None:
    """On the real server, since Mainspring has no schedules yet."""
    command = [*(real_server_command() or ())]
    with temporary_server(command) as real:
        await live(await Client.connect(real.address), name)


async def live(client: Client, name: str) -> None:
    action = ScheduleActionStartWorkflow("Greet", Greeting("you"), id=name, task_queue="nobody-polls")
    schedule = Schedule(action=action, spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=timedelta(days=1))]))
    handle = await client.create_schedule(name, schedule, memo={"m": 1})
    with pytest.raises(ScheduleAlreadyRunningError):
        await client.create_schedule(name, schedule)

    await handle.pause(note="later")
    description = await handle.describe()
    assert (description.schedule.state.paused, description.schedule.state.note) == (True, "later")
    assert await description.memo() == {"m": 1}

    async def change(given: ScheduleUpdateInput) -> ScheduleUpdate:
        given.description.schedule.state.note = "changed"
        return ScheduleUpdate(given.description.schedule)

    await handle.update(change)
    changed = await handle.describe()
    assert changed.schedule.state.note == "changed"
    assert isinstance(changed.schedule.action, ScheduleActionStartWorkflow)
    assert await client.data_converter.decode(changed.schedule.action.args, [Greeting]) == [Greeting("you")]
    await handle.delete()
    with pytest.raises(RPCError) as raised:
        await handle.describe()
    assert raised.value.status is RPCStatusCode.NOT_FOUND


async def test_a_call_to_nobody_says_so(client: Client, name: str) -> None:
    with pytest.raises(RPCError) as raised:
        await client.get_workflow_handle(name).signal("say")
    assert raised.value.status is RPCStatusCode.NOT_FOUND
    assert await client.service_client.check_health()


async def test_a_client_lives_through_a_restart_of_the_server(name: str) -> None:
    with temporary_server(mainspring_command()) as server:
        client = await Client.connect(server.address)
        handle = await client.start_workflow("Wait", id=name, task_queue="nobody-polls")
        await asyncio.to_thread(server.stop)
        signalling = asyncio.create_task(handle.signal("say", "a"))
        await asyncio.to_thread(server.start)
        await signalling
        assert (await handle.describe()).status is WorkflowExecutionStatus.RUNNING
