"""A worker from its start to its end, on an engine that knows nothing."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any, ClassVar

import pytest
from blockbuster import BlockBuster
from google.protobuf.message import Message
from temporalio.api.enums.v1 import CommandType, EventType, TaskQueueType, WorkflowTaskFailedCause
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflowservice.v1 import (
    GetWorkflowExecutionHistoryResponse,
    PollActivityTaskQueueResponse,
    PollWorkflowTaskQueueResponse,
    RespondWorkflowTaskCompletedResponse,
    StartWorkflowExecutionResponse,
)
from typing_extensions import override

from mainspring import activity, workflow
from mainspring.client import Client
from mainspring.client import Interceptor as ClientInterceptor
from mainspring.converter import DataConverter
from mainspring.runtime import MetricBuffer, Runtime, TelemetryConfig
from mainspring.service import ConnectConfig, DirectServiceClient, RPCError, RPCStatusCode
from mainspring.worker import (
    ExecuteWorkflowInput,
    Interceptor,
    Plugin,
    PollerBehaviorSimpleMaximum,
    Worker,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)
from mainspring.worker._activating import ThreadActivator
from tests.worker.fake_engine import FakeEngine, Options

NEVER = 3600


@activity.defn
async def greet(name: str) -> str:
    return f"hello {name}"


@activity.defn
async def wait_for_ever() -> None:
    started.set()
    await asyncio.sleep(NEVER)


started = asyncio.Event()


@workflow.defn
class Echo:
    @workflow.run
    async def run(self, text: str) -> str:
        return text


@workflow.defn
class Greets:
    @workflow.run
    async def run(self, text: str) -> str:
        timeout = timedelta(seconds=5)
        calls = [workflow.start_activity(name, text, start_to_close_timeout=timeout) for name in ("greet", "another")]
        calls += [workflow.start_activity(greet, text, start_to_close_timeout=timeout) for _ in range(5)]
        return str(await asyncio.gather(*calls))


def first_task(workflow_type: str, *args: Any, run_id: str = "run") -> PollWorkflowTaskQueueResponse:
    """The first workflow task of a run."""
    begun = HistoryEvent(event_id=1, event_type=EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED)
    attributes = begun.workflow_execution_started_event_attributes
    attributes.workflow_type.name, attributes.task_queue.name = workflow_type, "tq"
    attributes.original_execution_run_id = attributes.first_execution_run_id = run_id
    attributes.input.payloads.extend(DataConverter.default.payload_converter.to_payloads(args))
    scheduled = HistoryEvent(event_id=2, event_type=EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED)
    scheduled.workflow_task_scheduled_event_attributes.attempt = 1
    task_started = HistoryEvent(event_id=3, event_type=EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED)
    task_started.workflow_task_started_event_attributes.scheduled_event_id = 2
    task = PollWorkflowTaskQueueResponse(task_token=b"token", started_event_id=3, attempt=1)
    task.workflow_execution.workflow_id, task.workflow_execution.run_id = "n1", run_id
    task.workflow_type.name = workflow_type
    task.history.events.extend([begun, scheduled, task_started])
    return task


@pytest.fixture
def engine() -> FakeEngine:
    started.clear()
    return FakeEngine()


def a_worker(engine: FakeEngine, **options: Any) -> Worker:
    made: Options = {"workflows": [Echo, Greets], **options}
    client = made.pop("client", None) or engine.client()
    return Worker(client, task_queue="tq", **made)


async def test_a_task_is_answered(engine: FakeEngine) -> None:
    async with a_worker(engine) as worker:
        engine.give(first_task("Echo", "hello"))
        answer = await engine.said("respond_workflow_task_completed")
        assert worker.is_running
    assert worker.is_shutdown
    result = answer.commands[0].complete_workflow_execution_command_attributes.result
    assert DataConverter.default.payload_converter.from_payloads(result.payloads) == ["hello"]
    assert answer.sticky_attributes.worker_task_queue.name.startswith("me-")


async def test_at_its_end_the_server_is_told_of_its_queues(engine: FakeEngine) -> None:
    async with a_worker(engine, activities=[greet]):
        pass
    told = await engine.said("shutdown_worker")
    assert told.task_queue == "tq"
    assert told.sticky_task_queue.startswith("me-")
    assert list(told.task_queue_types) == [
        TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
        TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
    ]
    assert engine.polls_out == 0


async def test_polls_are_shared_out_among_the_queues(engine: FakeEngine) -> None:
    async with a_worker(engine, workflow_task_poller_behavior=PollerBehaviorSimpleMaximum(7)):
        while engine.polls_out < 7:  # noqa: ASYNC110 - what is waited for is no event
            await asyncio.sleep(0)
    assert engine.most_polls == 7


async def test_without_a_cache_there_is_no_queue_of_its_own(engine: FakeEngine) -> None:
    async with a_worker(engine, max_cached_workflows=0, max_concurrent_workflow_tasks=1):
        engine.give(first_task("Echo", "hello"))
        answer = await engine.said("respond_workflow_task_completed")
    assert not answer.HasField("sticky_attributes")


async def test_a_namespace_that_is_not_there_ends_the_run(engine: FakeEngine) -> None:
    engine.errors["describe_namespace"] = RPCError("no such namespace", RPCStatusCode.NOT_FOUND, b"")
    worker = a_worker(engine)
    with pytest.raises(RuntimeError, match="Worker validation failed: no such namespace"):
        await worker.run()
    await asyncio.wait_for(worker.shutdown(), 1)


async def test_a_worker_that_fails_cancels_the_block_and_raises_after_it(engine: FakeEngine) -> None:
    engine.errors["poll_workflow_task_queue"] = RPCError("no", RPCStatusCode.PERMISSION_DENIED, b"")
    told: list[BaseException] = []

    async def on_fatal_error(error: BaseException) -> None:
        told.append(error)
        raise ValueError("in the callback")

    with pytest.raises(RuntimeError, match="Workflow worker failed") as raised:
        async with a_worker(engine, on_fatal_error=on_fatal_error):
            await asyncio.sleep(NEVER)
    assert told == [raised.value]
    assert str(raised.value.__cause__) == "no"


async def test_an_error_in_the_block_is_the_one_that_is_raised(engine: FakeEngine) -> None:
    with pytest.raises(ValueError, match="in the block"):
        async with a_worker(engine):
            raise ValueError("in the block")


async def test_an_activity_side_that_fails_ends_the_worker(engine: FakeEngine) -> None:
    engine.errors["poll_activity_task_queue"] = RPCError("no", RPCStatusCode.UNIMPLEMENTED, b"")
    with pytest.raises(RuntimeError, match="Activity worker failed"):
        await a_worker(engine, activities=[greet]).run()


async def test_cancelling_the_run_ends_the_worker(engine: FakeEngine) -> None:
    worker = a_worker(engine)
    running = asyncio.create_task(worker.run())
    while not engine.polls_out:  # noqa: ASYNC110 - what is waited for is no event
        await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert worker.is_shutdown
    assert engine.polls_out == 0


async def test_a_worker_told_to_end_before_it_began_ends_at_once(engine: FakeEngine) -> None:
    worker = a_worker(engine)
    ending = asyncio.create_task(worker.shutdown())
    await asyncio.sleep(0)
    await asyncio.wait_for(worker.run(), 5)
    await ending


async def test_a_worker_runs_once(engine: FakeEngine) -> None:
    async with a_worker(engine) as worker:
        with pytest.raises(RuntimeError, match="Already started"):
            await worker.__aenter__()
        while not worker.is_running:  # noqa: ASYNC110 - what is waited for is no event
            await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="Already started"):
            await worker.run()
        assert worker.is_running
    with pytest.raises(RuntimeError, match="Never started"):
        await a_worker(engine).__aexit__(None)


async def test_an_activity_is_cancelled_when_its_grace_is_over(engine: FakeEngine) -> None:
    async with a_worker(engine, activities=[wait_for_ever], graceful_shutdown_timeout=timedelta(milliseconds=1)):
        task = PollActivityTaskQueueResponse(task_token=b"t", activity_id="1", attempt=1)
        task.activity_type.name = "wait_for_ever"
        task.start_to_close_timeout.seconds = 60
        engine.give(task)
        await started.wait()
    failed = await engine.said("respond_activity_task_failed")
    assert failed.failure.application_failure_info.type == "WorkerShutdown"


async def test_activities_that_are_here_are_asked_for_at_once(engine: FakeEngine) -> None:
    reply = RespondWorkflowTaskCompletedResponse()
    given = reply.activity_tasks.add(task_token=b"t", activity_id="1", attempt=1)
    given.activity_type.name = "greet"
    given.start_to_close_timeout.seconds = 60
    given.input.payloads.extend(DataConverter.default.payload_converter.to_payloads(["you"]))
    engine.replies["respond_workflow_task_completed"] = reply
    async with a_worker(engine, activities=[greet]):
        engine.give(first_task("Greets", "you"))
        answer = await engine.said("respond_workflow_task_completed")
        done = await engine.said("respond_activity_task_completed")
    wishes = [one.schedule_activity_task_command_attributes.request_eager_execution for one in answer.commands]
    assert wishes == [True, False, True, True, False, False, False]
    assert DataConverter.default.payload_converter.from_payloads(done.result.payloads) == ["hello you"]


@pytest.mark.parametrize(
    "options",
    [
        {"activities": [greet], "disable_eager_activity_execution": True},
        {"activities": [greet], "no_remote_activities": True},
        {"activities": [wait_for_ever]},
        {},
    ],
)
async def test_activities_that_it_cannot_or_shall_not_run_are_not_asked_for(
    options: Options, engine: FakeEngine
) -> None:
    async with a_worker(engine, **options):
        engine.give(first_task("Greets", "you"))
        answer = await engine.said("respond_workflow_task_completed")
    assert not any(one.schedule_activity_task_command_attributes.request_eager_execution for one in answer.commands)


async def test_an_answer_too_large_fails_its_task(engine: FakeEngine) -> None:
    engine.namespace.namespace_info.limits.blob_size_limit_error = 10_000
    async with a_worker(engine):
        engine.give(first_task("Echo", "x" * 20_000))
        failed = await engine.said("respond_workflow_task_failed")
    assert failed.cause == WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_PAYLOADS_TOO_LARGE
    assert "[TMPRL1103]" in failed.failure.message


class RefusesOnce(FakeEngine):
    """Refuses the first answer, as a server does that has a signal for a run which believes that it is over."""

    has_refused = False

    @override
    async def call(
        self, service: str, rpc: str, request: Message, metadata: Mapping[str, str | bytes], timeout: timedelta | None
    ) -> Message:
        reply = await super().call(service, rpc, request, metadata, timeout)
        if rpc == "respond_workflow_task_completed" and not self.has_refused:
            self.has_refused = True
            raise RPCError("UnhandledCommand", RPCStatusCode.INVALID_ARGUMENT, b"")
        return reply


async def test_a_run_whose_end_was_refused_is_replayed_and_ends_once() -> None:
    engine = RefusesOnce()
    first, again = first_task("Echo", "hello"), first_task("Echo", "hello")
    history = first_task("Echo", "hello").history
    again.attempt, again.task_token = 2, b"again"
    del again.history.events[:]  # as on the worker's own queue: the server believes that the worker has the run
    engine.replies["get_workflow_execution_history"] = GetWorkflowExecutionHistoryResponse(history=history)
    async with a_worker(engine):
        engine.give(first)
        await engine.said("respond_workflow_task_completed")
        engine.give(again)
        answer = await engine.said("respond_workflow_task_completed")
    assert answer.task_token == b"again"
    assert [CommandType.Name(command.command_type) for command in answer.commands] == [
        "COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION"
    ]
    assert not engine.has_said("respond_workflow_task_failed")


async def test_a_task_that_fails_again_is_left_to_its_timeout_since_the_server_would_give_it_back_at_once(
    engine: FakeEngine,
) -> None:
    engine.namespace.namespace_info.limits.blob_size_limit_error = 10_000
    failing, working = first_task("Echo", "x" * 20_000, run_id="fails"), first_task("Echo", "x")
    failing.attempt = 2
    async with a_worker(engine):
        engine.give(failing)
        engine.give(working)
        await engine.said("respond_workflow_task_completed")  # of the task that was given last
    assert not engine.has_said("respond_workflow_task_failed")


class Shouts(ClientInterceptor, Interceptor):
    """An interceptor of a client that is for its workers, too."""

    @override
    def workflow_interceptor_class(self, input: WorkflowInterceptorClassInput) -> type[WorkflowInboundInterceptor]:
        return ShoutsInbound


class ShoutsInbound(WorkflowInboundInterceptor):
    @override
    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:
        return (await super().execute_workflow(input)).upper()


async def test_an_interceptor_of_the_client_is_the_workers_too(engine: FakeEngine) -> None:
    async with a_worker(engine, client=engine.client(interceptors=[Shouts()])):
        engine.give(first_task("Echo", "hello"))
        answer = await engine.said("respond_workflow_task_completed")
    assert b"HELLO" in answer.SerializeToString()


class Wraps(Plugin):
    def __init__(self, name: str, said: list[str]) -> None:
        self._name = name
        self._said = said

    @override
    def configure_worker(self, config: Any) -> Any:
        return config

    @override
    async def run_worker(self, worker: Worker, next: Callable[[Worker], Awaitable[None]]) -> None:
        self._said.append(f"{self._name} begins")
        await next(worker)
        self._said.append(f"{self._name} ends")

    @override
    def configure_replayer(self, config: Any) -> Any:
        return config

    @override
    def run_replayer(self, replayer: Any, histories: Any, next: Any) -> Any:
        return next(replayer, histories)


async def test_plugins_are_around_the_run_in_their_order(engine: FakeEngine) -> None:
    said: list[str] = []
    async with a_worker(engine, plugins=[Wraps("outer", said), Wraps("inner", said)]):
        pass
    assert said == ["outer begins", "inner begins", "inner ends", "outer ends"]


class Lingers(Wraps):
    @override
    async def run_worker(self, worker: Worker, next: Callable[[Worker], Awaitable[None]]) -> None:
        await next(worker)
        await asyncio.sleep(NEVER)


async def test_a_plugin_that_lingers_is_cancelled(engine: FakeEngine) -> None:
    options: Options = {"plugins": [Lingers("p", [])], "plugin_shutdown_timeout": timedelta(milliseconds=1)}
    async with asyncio.timeout(5):
        async with a_worker(engine, **options):
            pass


async def test_another_client_makes_the_next_calls(engine: FakeEngine) -> None:
    other = FakeEngine()
    async with a_worker(engine) as worker:
        engine.give(first_task("Echo", "hello"))
        await engine.said("respond_workflow_task_completed")
        worker.client = other_client = other.client()
        assert worker.client is other_client
        engine.give(first_task("Echo", "again", run_id="run-2"))
        assert await other.said("respond_workflow_task_completed")
        engine._stopped.set()  # whose polls are out yet


async def test_a_client_of_another_runtime_is_refused(engine: FakeEngine) -> None:
    config = ConnectConfig("nowhere:1", runtime=Runtime(telemetry=TelemetryConfig()))
    worker = a_worker(engine)
    with pytest.raises(ValueError, match="not on the same runtime"):
        worker.client = Client(DirectServiceClient(config, engine))


async def test_debug_mode_runs_workflow_code_in_the_loops_thread(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMPORAL_DEBUG", "1")
    worker = a_worker(engine)
    async with worker:
        engine.give(first_task("Echo", "hello"))
        assert await engine.said("respond_workflow_task_completed")
        assert worker._parts.workflows is not None
        assert worker._parts.workflows._options.is_inline


async def test_a_run_that_the_worker_s_client_starts_may_begin_at_once(engine: FakeEngine) -> None:
    reply = StartWorkflowExecutionResponse(run_id="run")
    reply.eager_workflow_task.CopyFrom(first_task("Echo", "hello"))
    engine.replies["start_workflow_execution"] = reply
    client = engine.client()
    async with a_worker(engine, client=client):  # before the worker has begun, too
        await client.start_workflow(Echo.run, "hello", id="n1", task_queue="tq", request_eager_start=True)
        started_with = await engine.said("start_workflow_execution")
        assert started_with.request_eager_execution
        assert await engine.said("respond_workflow_task_completed")
    await client.start_workflow(Echo.run, "hello", id="n1", task_queue="tq", request_eager_start=True)
    assert not (await engine.said("start_workflow_execution")).request_eager_execution


@workflow.defn
class Waits:
    @workflow.run
    async def run(self) -> None:
        await workflow.wait_condition(lambda: False)

    @workflow.query
    def ask(self) -> str:
        return "here"


async def test_a_query_for_a_run_that_is_not_held_replays_it(engine: FakeEngine) -> None:
    begun = first_task("Waits")
    history = GetWorkflowExecutionHistoryResponse()
    history.history.events.extend(begun.history.events)
    engine.replies["get_workflow_execution_history"] = history
    asked = PollWorkflowTaskQueueResponse(task_token=b"token")
    asked.workflow_execution.CopyFrom(begun.workflow_execution)
    asked.query.query_type = "ask"
    async with a_worker(engine, workflows=[Waits]):
        engine.give(asked)
        answer = await engine.said("respond_query_task_completed")
    assert answer.error_message == ""
    assert b"here" in answer.SerializeToString()


@workflow.defn
class Blocks:
    entered: ClassVar[list[str]] = []
    gate: ClassVar[threading.Event] = threading.Event()

    @workflow.run
    async def run(self, text: str) -> str:
        self.entered.append(text)
        with workflow.unsafe.sandbox_unrestricted():
            self.gate.wait()
        return text


async def test_a_run_that_blocks_its_thread_gets_no_other(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, nothing_blocks_the_loop: BlockBuster
) -> None:
    nothing_blocks_the_loop.deactivate()  # this one blocks, and means it
    impatient = partial(ThreadActivator, deadlock_s=0.05)
    monkeypatch.setattr("mainspring.worker._workflow_worker.ThreadActivator", impatient)
    threads = concurrent.futures.ThreadPoolExecutor(2)
    async with a_worker(engine, workflows=[Blocks, Echo], workflow_task_executor=threads):
        engine.give(first_task("Blocks", "first"))
        assert "deadlock" in (await engine.said("respond_workflow_task_failed")).failure.message
        engine.give(first_task("Blocks", "again"))
        engine.give(first_task("Echo", "hello", run_id="another"))
        await engine.said("respond_workflow_task_completed")
        assert Blocks.entered == ["first"]
        Blocks.gate.set()
        while not engine.has_said("respond_workflow_task_completed"):
            engine.give(first_task("Blocks", "later"))
            await asyncio.sleep(0.01)
    assert Blocks.entered[:2] == ["first", "later"]


def ended(runtime_buffer: MetricBuffer) -> list[tuple[str, object]]:
    """The metrics of the worker's tasks: name and workflow type."""
    return [
        (update.metric.name, update.attributes["workflow_type"])
        for update in runtime_buffer.retrieve_updates()
        if "workflow_type" in update.attributes
    ]


async def test_a_worker_counts_the_runs_that_end_and_the_tasks_that_fail(engine: FakeEngine) -> None:
    buffer = MetricBuffer(100)
    runtime = Runtime(telemetry=TelemetryConfig(metrics=buffer, metric_prefix="ours_"))
    client = Client(DirectServiceClient(ConnectConfig("nowhere:1", runtime=runtime), engine))
    async with a_worker(engine, client=client):
        engine.give(first_task("Echo", "hello"))
        await engine.said("respond_workflow_task_completed")
        engine.give(first_task("Unknown", "hello", run_id="another"))
        await engine.said("respond_workflow_task_failed")
    assert ended(buffer) == [
        ("ours_workflow_task_execution_latency", "Echo"),
        ("ours_workflow_completed", "Echo"),
        ("ours_workflow_endtoend_latency", "Echo"),
        ("ours_workflow_task_execution_latency", "Unknown"),
        ("ours_workflow_task_execution_failed", "Unknown"),
    ]


async def test_the_history_has_the_build_of_a_worker_without_versioning(engine: FakeEngine) -> None:
    async with a_worker(engine, build_id="7"):
        engine.give(first_task("Echo", "hello"))
        answer = await engine.said("respond_workflow_task_completed")
    assert answer.worker_version_stamp.build_id == "7"
