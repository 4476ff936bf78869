from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import json
import logging
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from google.protobuf import json_format
from nexusrpc import HandlerError, HandlerErrorType, Link, OperationError, OperationErrorState
from nexusrpc.handler import (
    CancelOperationContext,
    OperationHandler,
    StartOperationContext,
    StartOperationResultAsync,
    StartOperationResultSync,
    operation_handler,
    service_handler,
    sync_operation,
)
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import NexusHandlerErrorRetryBehavior as RetryBehavior
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.failure.v1 import Failure
from typing_extensions import override

from mainspring import nexus
from mainspring.client import Client
from mainspring.converter import DataConverter, PayloadCodec
from mainspring.exceptions import ApplicationError, WorkflowAlreadyStartedError
from mainspring.runtime import MetricBuffer, Runtime, TelemetryConfig
from mainspring.service import ConnectConfig, DirectServiceClient, PayloadLimitsConfig, RPCError, RPCStatusCode
from mainspring.worker import (
    CustomSlotSupplier,
    ExecuteNexusOperationCancelInput,
    ExecuteNexusOperationStartInput,
    FixedSizeSlotSupplier,
    Interceptor,
    NexusOperationInboundInterceptor,
    NexusSlotInfo,
    SlotMarkUsedContext,
    SlotPermit,
    SlotReleaseContext,
    SlotReserveContext,
    Worker,
    WorkerTuner,
)
from mainspring.worker._nexus_cancellation import seconds_of
from mainspring.worker._nexus_handlers import handler_of
from mainspring.worker._payload_limits import SizeLimits
from tests.worker.fake_engine import FakeEngine
from tests.worker.nexus_server import WITHIN_S, FakeNexusServer, Serving, a_cancellation, a_start

NEVER = 3600
UNSAID = RetryBehavior.NEXUS_HANDLER_ERROR_RETRY_BEHAVIOR_UNSPECIFIED
RETRIED = RetryBehavior.NEXUS_HANDLER_ERROR_RETRY_BEHAVIOR_RETRYABLE
NOT_RETRIED = RetryBehavior.NEXUS_HANDLER_ERROR_RETRY_BEHAVIOR_NON_RETRYABLE

seen: list[Any] = []


class Later(OperationHandler[str, str]):
    """An operation that goes on."""

    @override
    async def start(self, ctx: StartOperationContext, input: str) -> StartOperationResultAsync:
        ctx.outbound_links.append(Link(url="temporal:///x", type="y"))
        return StartOperationResultAsync(f"token of {input}")

    @override
    async def cancel(self, ctx: CancelOperationContext, token: str) -> None:
        seen.append((token, ctx.service, ctx.operation, nexus.info().endpoint))
        if token == "unknown":
            raise HandlerError("no such token", type=HandlerErrorType.NOT_FOUND)


class Wrong(OperationHandler[str, str]):
    """Returns what is no result."""

    @override
    async def start(self, ctx: StartOperationContext, input: str) -> StartOperationResultSync[str]:
        return input  # type: ignore[return-value]  # what is tested

    @override
    async def cancel(self, ctx: CancelOperationContext, token: str) -> None:
        raise NotImplementedError


@service_handler
class Words:
    def __init__(self, error: BaseException | None = None) -> None:
        """`error`: what `fail` raises."""
        self.error = error or ValueError()
        self.began = asyncio.Event()
        self.stopped_for: asyncio.Queue[str | None] = asyncio.Queue()

    @sync_operation
    async def greet(self, ctx: StartOperationContext, name: str) -> str:
        seen.append(ctx)
        return f"hello {name}"

    @sync_operation
    async def about(self, ctx: StartOperationContext, _: None) -> list[str]:
        nexus.logger.info("asked")
        info = nexus.info()
        seen.append((nexus.in_operation(), nexus.client(), nexus.is_worker_shutdown()))
        nexus.metric_meter().create_counter("words").add(1)
        return [info.endpoint, info.namespace, info.task_queue]

    @sync_operation
    async def fail(self, ctx: StartOperationContext, _: None) -> None:
        raise self.error

    @sync_operation
    async def wait(self, ctx: StartOperationContext, _: None) -> str:
        self.began.set()
        try:
            await ctx.task_cancellation.wait_until_cancelled()
            await asyncio.sleep(NEVER)
        finally:
            self.stopped_for.put_nowait(ctx.task_cancellation.cancellation_reason())
        return "never"

    @sync_operation
    async def end_at_shutdown(self, ctx: StartOperationContext, _: None) -> str:
        self.began.set()
        await nexus.wait_for_worker_shutdown()
        return "ended"

    @sync_operation
    async def unserializable(self, ctx: StartOperationContext, _: None) -> Any:
        return object()

    @operation_handler
    def later(self) -> OperationHandler[str, str]:
        return Later()

    @operation_handler
    def wrong(self) -> OperationHandler[str, str]:
        return Wrong()


VARIABLE: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="not set")


@service_handler(name="Words")
class InThreads:
    @sync_operation
    def where(self, ctx: StartOperationContext, _: None) -> list[str]:
        return [threading.current_thread().name, nexus.info().endpoint, VARIABLE.get()]

    @sync_operation
    def wait(self, ctx: StartOperationContext, _: None) -> str:
        assert ctx.task_cancellation.wait_until_cancelled_sync(WITHIN_S)
        finished.set_result(ctx.task_cancellation.cancellation_reason())
        return "not told"

    @sync_operation
    def end_at_shutdown(self, ctx: StartOperationContext, _: None) -> str:
        started.set()
        nexus.wait_for_worker_shutdown_sync(WITHIN_S)
        return f"ended, {nexus.is_worker_shutdown()}"


finished: concurrent.futures.Future[str | None] = concurrent.futures.Future()
started = threading.Event()


@pytest.fixture(autouse=True)
def nothing_seen() -> None:
    seen.clear()


@pytest.fixture
def threads() -> Iterator[concurrent.futures.ThreadPoolExecutor]:
    with concurrent.futures.ThreadPoolExecutor(2, thread_name_prefix="handlers") as executor:
        yield executor


@pytest.fixture
async def server() -> FakeNexusServer:
    return FakeNexusServer()


# -- starting and cancelling


async def test_an_operation_that_ends_at_once_gives_its_result(server: FakeNexusServer) -> None:
    async with Serving(server, [Words()]):
        server.tasks.put_nowait(
            a_start(
                "greet",
                "you",
                headers={"Trace": "7", "request-timeout": "9.5s"},
                callback="http://caller",
                callback_header={"Token": "t"},
                links=[("temporal:///a", "b")],
            )
        )
        said = await server.answer()
    assert said.value == "hello you"
    context = seen[0]
    assert (context.service, context.operation, context.request_id) == ("Words", "greet", "request-1")
    assert context.headers == {"trace": "7", "request-timeout": "9.5s"}
    assert (context.callback_url, context.callback_headers) == ("http://caller", {"token": "t"})
    assert context.inbound_links == [Link(url="temporal:///a", type="b")]
    assert 8 < (context.request_deadline - datetime.now(UTC)).total_seconds() < 9.5


async def test_an_operation_that_goes_on_gives_its_token_and_links(server: FakeNexusServer) -> None:
    async with Serving(server, [Words()]):
        server.tasks.put_nowait(a_start("later", "you"))
        said = await server.answer()
    assert said.response is not None
    answer = said.response.start_operation.async_success
    assert answer.operation_token == "token of you"
    assert [(link.url, link.type) for link in answer.links] == [("temporal:///x", "y")]


async def test_a_started_operation_is_cancelled_by_its_token(server: FakeNexusServer) -> None:
    async with Serving(server, [Words()]):
        server.tasks.put_nowait(a_cancellation("later", "7"))
        said = await server.answer()
        server.tasks.put_nowait(a_cancellation("later", "unknown"))
        unknown = await server.answer()
        server.tasks.put_nowait(a_cancellation("greet", "7"))
        at_once = await server.answer()
    assert said.response is not None
    assert said.response.HasField("cancel_operation")
    assert seen[0] == ("7", "Words", "later", "shop")
    assert unknown.handler_error == ("NOT_FOUND", "no such token", UNSAID)
    assert at_once.handler_error == ("INTERNAL", "Internal handler error", UNSAID)


async def test_handlers_know_where_they_are_asked(server: FakeNexusServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "mainspring.nexus")
    serving = Serving(server, [Words()])
    async with serving:
        server.tasks.put_nowait(a_start("about"))
        assert (await server.answer()).value == ["shop", "default", "tq"]
    assert seen == [(True, serving.client, False)]
    record = next(one for one in caplog.records if one.message == "asked")
    assert (vars(record)["service"], vars(record)["operation"], vars(record)["task_queue"]) == ("Words", "about", "tq")


def test_elsewhere_there_is_no_operation() -> None:
    assert not nexus.in_operation()
    for function in (nexus.info, nexus.client, nexus.metric_meter, nexus.is_worker_shutdown):
        with pytest.raises(RuntimeError, match="Not in Nexus operation context"):
            function()
    with pytest.raises(RuntimeError, match="Not in Nexus operation context"):
        nexus.wait_for_worker_shutdown_sync(0)


async def test_a_def_runs_on_the_executor_in_the_context_of_its_request(
    server: FakeNexusServer, threads: concurrent.futures.ThreadPoolExecutor
) -> None:
    class Sets(Interceptor):
        @override
        def intercept_nexus_operation(self, next: NexusOperationInboundInterceptor) -> NexusOperationInboundInterceptor:
            VARIABLE.set("set")
            return next

    async with Serving(server, [InThreads()], executor=threads, interceptors=[Sets()]):
        server.tasks.put_nowait(a_start("where"))
        thread, endpoint, variable = (await server.answer()).value
    assert thread.startswith("handlers")
    assert (endpoint, variable) == ("shop", "set")


class Notes(Interceptor):
    """Notes what passes through it."""

    def __init__(self, name: str) -> None:
        self.name = name

    @override
    def intercept_nexus_operation(self, next: NexusOperationInboundInterceptor) -> NexusOperationInboundInterceptor:
        return Noting(next, self.name)


class Noting(NexusOperationInboundInterceptor):
    def __init__(self, following: NexusOperationInboundInterceptor, name: str) -> None:
        super().__init__(following)
        self._name = name

    @override
    async def execute_nexus_operation_start(self, input: ExecuteNexusOperationStartInput) -> Any:
        seen.append(f"{self._name} {input.ctx.operation} {input.input}")
        return await super().execute_nexus_operation_start(input)

    @override
    async def execute_nexus_operation_cancel(self, input: ExecuteNexusOperationCancelInput) -> None:
        seen.append(f"{self._name} {input.ctx.operation} {input.token}")
        await super().execute_nexus_operation_cancel(input)


async def test_interceptors_are_around_both_the_first_outermost(server: FakeNexusServer) -> None:
    async with Serving(server, [Words()], interceptors=[Notes("outer"), Notes("inner")]):
        server.tasks.put_nowait(a_start("later", "you"))
        await server.answer()
        server.tasks.put_nowait(a_cancellation("later", "7"))
        await server.answer()
    assert seen[:2] == ["outer later you", "inner later you"]
    assert seen[2:4] == ["outer later 7", "inner later 7"]


# -- failing

FAILURES: list[tuple[BaseException, tuple[str, str, int]]] = [
    (ValueError("no"), ("INTERNAL", "Internal handler error", UNSAID)),
    (HandlerError("not you", type=HandlerErrorType.UNAUTHORIZED), ("UNAUTHORIZED", "not you", UNSAID)),
    (
        HandlerError("later", type=HandlerErrorType.BAD_REQUEST, retryable_override=True),
        ("BAD_REQUEST", "later", RETRIED),
    ),
    (ApplicationError("no"), ("INTERNAL", "Handler failed with non-retryable application error", RETRIED)),
    (
        ApplicationError("no", non_retryable=True),
        ("INTERNAL", "Handler failed with non-retryable application error", NOT_RETRIED),
    ),
    (
        WorkflowAlreadyStartedError("w", "W"),
        ("INTERNAL", "Workflow execution already started", NOT_RETRIED),
    ),
    (RPCError("no", RPCStatusCode.INVALID_ARGUMENT, b""), ("BAD_REQUEST", "no", UNSAID)),
    (RPCError("no", RPCStatusCode.OUT_OF_RANGE, b""), ("INTERNAL", "no", NOT_RETRIED)),
    (RPCError("no", RPCStatusCode.UNAVAILABLE, b""), ("UNAVAILABLE", "no", UNSAID)),
    (RPCError("no", RPCStatusCode.PERMISSION_DENIED, b""), ("INTERNAL", "no", UNSAID)),
    (RPCError("no", RPCStatusCode.NOT_FOUND, b""), ("NOT_FOUND", "no", UNSAID)),
    (RPCError("no", RPCStatusCode.RESOURCE_EXHAUSTED, b""), ("RESOURCE_EXHAUSTED", "no", UNSAID)),
    (RPCError("no", RPCStatusCode.UNIMPLEMENTED, b""), ("NOT_IMPLEMENTED", "no", UNSAID)),
    (RPCError("no", RPCStatusCode.DEADLINE_EXCEEDED, b""), ("UPSTREAM_TIMEOUT", "no", UNSAID)),
    (asyncio.CancelledError("of its own"), ("INTERNAL", "Internal handler error", UNSAID)),
]


@pytest.mark.parametrize("error, expected", FAILURES, ids=[repr(error) for error, _ in FAILURES])
async def test_what_a_handler_raises_is_a_handler_error(
    error: BaseException, expected: tuple[str, str, int], server: FakeNexusServer
) -> None:
    async with Serving(server, [Words(error)]):
        server.tasks.put_nowait(a_start("fail"))
        said = await server.answer()
    assert said.handler_error == expected
    assert said.failure is not None
    assert said.failure.HasField("cause") != isinstance(error, HandlerError)


@pytest.mark.parametrize("state", OperationErrorState)
async def test_a_failed_operation_is_an_answer(state: OperationErrorState, server: FakeNexusServer) -> None:
    error = OperationError("no", state=state)
    error.__cause__ = ValueError("why")
    async with Serving(server, [Words(error)]):
        server.tasks.put_nowait(a_start("fail"))
        said = await server.answer()
    assert said.response is not None
    failure = said.response.start_operation.failure
    assert (failure.message, failure.cause.message) == ("no", "why")
    if state is OperationErrorState.CANCELED:
        assert failure.HasField("canceled_failure_info")
    else:
        info = failure.application_failure_info
        assert (info.type, info.non_retryable) == ("OperationError", True)


UNUSABLE = [
    (a_start("greet", service="Numbers"), ("NOT_FOUND", "No handler for service 'Numbers'.", UNSAID)),
    (a_start("sing"), ("NOT_FOUND", "Nexus service definition 'Words' has no operation 'sing'.", UNSAID)),
    (a_start("greet", 7), ("BAD_REQUEST", "Payload converter failed to decode Nexus operation input", NOT_RETRIED)),
    (a_start("wrong", "x"), ("INTERNAL", "Internal handler error", UNSAID)),
    (a_start("unserializable"), ("INTERNAL", "Internal handler error", UNSAID)),
]


@pytest.mark.parametrize("task, expected", UNUSABLE, ids=[expected[1] for _, expected in UNUSABLE])
async def test_what_cannot_be_done_is_a_handler_error(
    task: Any, expected: tuple[str, str, int], server: FakeNexusServer
) -> None:
    async with Serving(server, [Words()]):
        server.tasks.put_nowait(task)
        said = await server.answer()
    kind, message, behavior = said.handler_error
    assert (kind, behavior) == (expected[0], expected[2])
    assert message.startswith(expected[1])


async def test_a_request_of_a_kind_that_is_not_known_is_refused(server: FakeNexusServer) -> None:
    task = a_start("greet")
    task.request.ClearField("start_operation")
    async with Serving(server, [Words()]):
        server.tasks.put_nowait(task)
        said = await server.answer()
    assert said.handler_error[0] == "NOT_IMPLEMENTED"


async def test_a_server_that_takes_no_failures_is_told_in_the_older_form(server: FakeNexusServer) -> None:
    error = HandlerError("not you", type=HandlerErrorType.UNAUTHORIZED, retryable_override=False)
    task = a_start("fail")
    task.request.capabilities.temporal_failure_responses = False
    async with Serving(server, [Words(error)]):
        server.tasks.put_nowait(task)
        told = (await server.answer()).error
    assert told is not None
    assert (told.error_type, told.retry_behavior, told.failure.message) == ("UNAUTHORIZED", NOT_RETRIED, "not you")
    assert dict(told.failure.metadata) == {"type": "temporal.api.failure.v1.Failure"}
    details = json_format.ParseDict(json.loads(told.failure.details), Failure())
    assert (details.message, details.nexus_handler_failure_info.type) == ("", "UNAUTHORIZED")


# -- payloads


class Reversing(PayloadCodec):
    @override
    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [Payload(metadata=one.metadata, data=one.data[::-1]) for one in payloads]

    @override
    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        if any(one.data == b"bad" for one in payloads):
            raise ValueError("no key")
        return await self.encode(payloads)


async def test_a_codec_is_around_what_comes_and_goes(server: FakeNexusServer) -> None:
    codec = Reversing()
    coded = DataConverter(payload_codec=codec)
    async with Serving(server, [Words()], data_converter=coded):
        server.tasks.put_nowait(a_start("greet", payload=(await coded.encode(["you"]))[0]))
        said = await server.answer()
        server.tasks.put_nowait(a_start("greet", payload=Payload(data=b"bad")))
        bad = await server.answer()
    assert said.response is not None
    assert await coded.decode([said.response.start_operation.sync_success.payload]) == ["hello you"]
    assert bad.handler_error == ("INTERNAL", "Payload codec failed to decode Nexus operation input", UNSAID)


async def test_a_result_larger_than_the_namespace_allows_fails(server: FakeNexusServer) -> None:
    limits = SizeLimits(PayloadLimitsConfig())
    limits.payloads_bytes = 100
    async with Serving(server, [Words()], limits=limits):
        server.tasks.put_nowait(a_start("greet", "x" * 1000))
        said = await server.answer()
    assert said.error is not None
    assert (said.error.error_type, said.error.retry_behavior) == ("PayloadsTooLarge", RETRIED)


# -- ending


async def test_a_handler_is_cancelled_when_its_deadline_has_passed(server: FakeNexusServer) -> None:
    words = Words()
    async with Serving(server, [words]):
        server.tasks.put_nowait(a_start("wait", headers={"Request-Timeout": "20ms"}))
        assert await asyncio.wait_for(words.stopped_for.get(), WITHIN_S) == "TIMED_OUT"
    assert server.answers.empty()


async def test_a_thread_is_told_when_its_deadline_has_passed(
    server: FakeNexusServer, threads: concurrent.futures.ThreadPoolExecutor
) -> None:
    async with Serving(server, [InThreads()], executor=threads):
        server.tasks.put_nowait(a_start("wait", headers={"request-timeout": "20ms"}))
        reason = await asyncio.wait_for(asyncio.wrap_future(finished), WITHIN_S)
    assert reason == "TIMED_OUT"
    assert server.answers.empty()


async def test_a_worker_that_ends_lets_others_be_asked(server: FakeNexusServer) -> None:
    words = Words()
    async with Serving(server, [words]) as worker:
        server.tasks.put_nowait(a_start("wait"))
        await words.began.wait()
        worker.stop_polling()
        worker.cancel_all()
        said = await server.answer()
        server.tasks.put_nowait(a_start("greet", "you"))
        late = await server.answer()
    assert said.handler_error == late.handler_error == ("UNAVAILABLE", "Worker is shutting down", UNSAID)
    assert words.stopped_for.get_nowait() == "WORKER_SHUTDOWN"


async def test_handlers_learn_of_a_shutdown_and_may_end(
    server: FakeNexusServer, threads: concurrent.futures.ThreadPoolExecutor
) -> None:
    words = Words()
    async with Serving(server, [words]) as worker:
        server.tasks.put_nowait(a_start("end_at_shutdown"))
        await words.began.wait()
        worker.stop_polling()
        assert (await server.answer()).value == "ended"
    async with Serving(server, [InThreads()], executor=threads) as worker:
        server.tasks.put_nowait(a_start("end_at_shutdown"))
        await asyncio.to_thread(started.wait)
        worker.stop_polling()
        assert (await server.answer()).value == "ended, True"


async def test_an_executor_that_is_gone_ends_the_worker(server: FakeNexusServer) -> None:
    class Broken(concurrent.futures.Executor):
        @override
        def submit(self, *args: Any, **kwargs: Any) -> Any:
            raise concurrent.futures.BrokenExecutor("gone")

    serving = Serving(server, [InThreads()], executor=Broken())
    async with serving:
        server.tasks.put_nowait(a_start("where"))
        assert (await server.answer()).handler_error[0] == "INTERNAL"
        server.end_polls()
        with pytest.raises(concurrent.futures.BrokenExecutor):
            await asyncio.wait_for(serving.task, WITHIN_S)


async def test_an_answer_that_is_not_taken_is_logged(server: FakeNexusServer, caplog: pytest.LogCaptureFixture) -> None:
    server.refuses_with = RPCError("busy", RPCStatusCode.RESOURCE_EXHAUSTED, b"")
    async with Serving(server, [Words()]):
        server.tasks.put_nowait(a_start("greet", "you"))
        await server.answer()
    assert "the answer to a Nexus request was not taken: busy" in caplog.text


# -- a whole worker


async def test_a_worker_answers_by_its_client_counts_and_says_that_it_ends() -> None:
    engine, buffer = FakeEngine(), MetricBuffer(1000)
    runtime = Runtime(telemetry=TelemetryConfig(metrics=buffer))
    client = Client(DirectServiceClient(ConnectConfig("nowhere:1", identity="me", runtime=runtime), engine))
    async with Worker(client, task_queue="tq", nexus_service_handlers=[Words()], build_id="1"):
        engine.give(a_start("greet", "you"))
        completed = await engine.said("respond_nexus_task_completed")
        engine.give(a_start("fail"))
        failed = await engine.said("respond_nexus_task_failed")
    stopped = await engine.said("shutdown_worker")
    assert (completed.namespace, completed.identity, completed.task_token) == ("default", "me", b"token")
    assert completed.response.start_operation.HasField("sync_success")
    assert failed.failure.nexus_handler_failure_info.type == "INTERNAL"
    assert list(stopped.task_queue_types) == [TaskQueueType.TASK_QUEUE_TYPE_NEXUS]
    updates = buffer.retrieve_updates()
    counted = {update.metric.name: dict(update.attributes) for update in updates}
    assert counted["temporal_nexus_task_execution_failed"]["failure_reason"] == "handler_error_INTERNAL"
    assert counted["temporal_worker_task_slots_used"]["worker_type"] == "NexusWorker"
    assert counted["temporal_num_pollers"]["poller_type"] == "nexus_task"
    assert {
        *("temporal_nexus_task_endtoend_latency", "temporal_nexus_task_execution_latency"),
        *("temporal_nexus_task_schedule_to_start_latency", "temporal_nexus_poll_no_task"),
    } <= counted.keys()


async def test_a_supplier_of_ones_own_is_told_of_the_operation() -> None:
    class Tells(CustomSlotSupplier):
        @override
        async def reserve_slot(self, ctx: SlotReserveContext) -> SlotPermit:
            return SlotPermit()

        @override
        def try_reserve_slot(self, ctx: SlotReserveContext) -> SlotPermit | None:
            return None

        @override
        def mark_slot_used(self, ctx: SlotMarkUsedContext) -> None:
            assert isinstance(ctx.slot_info, NexusSlotInfo)
            seen.append((ctx.slot_info.service, ctx.slot_info.operation))

        @override
        def release_slot(self, ctx: SlotReleaseContext) -> None:
            seen.append(ctx.slot_info is not None)

    fixed = FixedSizeSlotSupplier(5)
    tuner = WorkerTuner.create_composite(
        workflow_supplier=fixed, activity_supplier=fixed, local_activity_supplier=fixed, nexus_supplier=Tells()
    )
    engine = FakeEngine()
    async with Worker(engine.client(), task_queue="tq", nexus_service_handlers=[Words()], tuner=tuner):
        engine.give(a_cancellation("later", "7"))
        await engine.said("respond_nexus_task_completed")
    assert ("Words", "later") in seen
    assert True in seen


# -- what is refused early


@service_handler
class AlsoWords:
    @sync_operation
    def greet(self, ctx: StartOperationContext, name: str) -> str:
        return name


@pytest.mark.parametrize(
    "services, error, message",
    [
        ([Words], TypeError, "Expected a service instance, but got a class"),
        ([object()], RuntimeError, "does not have a service definition"),
        ([AlsoWords(), AlsoWords()], RuntimeError, "'AlsoWords' has already been registered"),
        ([AlsoWords()], RuntimeError, "is not an `async def` method"),
    ],
)
def test_what_is_no_service_handler_is_refused(services: list[Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        handler_of(services, None, [])


@pytest.mark.parametrize(
    "text, seconds",
    [("10s", 10), ("1m30.5s", 90.5), ("250ms", 0.25), ("2h", 7200), ("5µs", 5e-6), ("-3s", 0), (" 1s ", 1), ("0s", 0)],
)
def test_durations_are_read_as_go_writes_them(text: str, seconds: float) -> None:
    assert seconds_of(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "10", "10x", "s", "1s2", "1.2.3s", "-"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"duration|float"):
        seconds_of(text)
