"""What happens between a client and the server when a network, a client or the server itself misbehaves.

`MAINSPRING_IDLE_S=180` makes the idle test the three minutes that it is meant for (official clients ping every 30 s, so
that outlasts every default of gRPC); without it, the test with raw pings stands in. `MAINSPRING_CANCELLING_S=600` lets
clients cancel at random for ten minutes.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import socket
import sqlite3
import struct
import subprocess
import sys
import time
import uuid
from collections.abc import Awaitable, Callable, Generator, Iterator
from datetime import timedelta
from typing import cast

import grpc
import grpc.aio
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from temporalio.api.common.v1 import Payload, Payloads, WorkflowExecution
from temporalio.api.workflowservice import v1 as api
from temporalio.client import Client
from temporalio.worker import Worker

from benchmarks import lean
from tests.scenario.steps import STEP_COUNT, Steps, step
from tests.server_process import CHECKOUT, ServerProcess

IDLE_S = float(os.environ.get("MAINSPRING_IDLE_S", "3"))
CANCELLING_S = float(os.environ.get("MAINSPRING_CANCELLING_S", "4"))
PING_EVERY_S = 10.2  # the least that the real server allows is 10 s
SERVICES = ["temporal.api.workflowservice.v1.WorkflowService", "temporal.api.operatorservice.v1.OperatorService"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("connections")) as running:
        yield running


# -- idle connections --------------------------------------------------------------------------------------------------


class Http2:
    """A connection that sends nothing but what it is told to: no library keeps it alive, or gives it up."""

    PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    SETTINGS, PING, GOAWAY = 4, 6, 7
    ACK = 1

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=5)
        self._socket.sendall(self.PREFACE + self._frame(self.SETTINGS, b""))

    def close(self) -> None:
        self._socket.close()

    def ping(self, payload: bytes) -> None:
        """Send a ping and read until it is answered.

        Raises:
            ConnectionError: the server says goodbye instead; the message holds its reason.
        """
        self._socket.sendall(self._frame(self.PING, payload))
        while True:
            kind, flags, body = self._read_frame()
            if kind == self.PING and flags & self.ACK:
                assert body == payload
                return
            if kind == self.GOAWAY:
                raise ConnectionError(f"GOAWAY {body[8:].decode(errors='replace')}")
            if kind == self.SETTINGS and not flags & self.ACK:
                self._socket.sendall(self._frame(self.SETTINGS, b"", self.ACK))

    @staticmethod
    def _frame(kind: int, body: bytes, flags: int = 0) -> bytes:
        return struct.pack(">I", len(body))[1:] + struct.pack(">BBI", kind, flags, 0) + body

    def _read_frame(self) -> tuple[int, int, bytes]:
        header = self._read(9)
        return header[3], header[4], self._read(int.from_bytes(header[:3]))

    def _read(self, size: int) -> bytes:
        read = b""
        while len(read) < size:
            part = self._socket.recv(size - len(read))
            if not part:
                raise ConnectionError("the server closed the connection")
            read += part
        return read


@pytest.mark.slow
@pytest.mark.timeout(60)
def test_a_connection_without_calls_may_ping_every_ten_seconds(server: ServerProcess) -> None:
    with contextlib.closing(Http2(server.port)) as connection:
        for number in range(4):  # a server with gRPC's default policy says `too_many_pings` at the fourth
            if number:
                time.sleep(PING_EVERY_S)
            connection.ping(struct.pack(">Q", number))

        connection.ping(b"goodbye?")  # a GOAWAY for the last one would be read here


@pytest.mark.slow
@pytest.mark.timeout(60 + IDLE_S)
async def test_an_idle_client_and_worker_still_work_after_a_while(server: ServerProcess) -> None:
    client = await Client.connect(server.address)
    queue = lean.new_id("idle")
    async with Worker(client, task_queue=queue, workflows=[Steps], activities=[step]):
        await asyncio.sleep(IDLE_S)

        result = await client.execute_workflow(Steps.run, id=lean.new_id("idle"), task_queue=queue)

    assert result == sum(range(STEP_COUNT))


# -- the server goes away ----------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "death",
    [
        "stopped",
        "killed",
    ],
)
async def test_a_restart_under_load_surfaces_no_error_and_loses_no_task(
    death: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    server = ServerProcess(tmp_path_factory.mktemp("restart"))
    await asyncio.to_thread(server.start)
    try:
        client = await Client.connect(server.address)
        queue = lean.new_id("restart")
        run_count = 24

        async def one(number: int) -> int:
            await asyncio.sleep(number * 0.1)  # some start before, some while it is away, some after
            return await client.execute_workflow(
                Steps.run, id=f"{queue}-{number}", task_queue=queue, task_timeout=timedelta(seconds=2)
            )

        async with Worker(client, task_queue=queue, workflows=[Steps], activities=[step]):
            running = asyncio.gather(*(one(number) for number in range(run_count)))
            await asyncio.sleep(1)
            await asyncio.to_thread(server.stop if death == "stopped" else server.kill)
            await asyncio.to_thread(server.start)
            results = await running
    finally:
        await asyncio.to_thread(server.kill)

    assert results == [sum(range(STEP_COUNT))] * run_count


# -- bytes on the wire -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
async def test_requests_may_be_compressed(server: ServerProcess, compression: grpc.Compression) -> None:
    service = lean.RawService(server.address, compression=compression)
    request = lean.start_request(lean.new_id("gzip"), lean.new_id("gzip"))
    text = "all work and no play " * 5000
    request.input.CopyFrom(lean.text_payloads(text))

    reply = await service.start_workflow(request)
    events = await service.events(request.workflow_id, reply.run_id)
    await service.close()

    assert events[0].workflow_execution_started_event_attributes.input == lean.text_payloads(text)


async def refusal_of_five_megabytes(server: ServerProcess, compression: grpc.Compression) -> grpc.aio.AioRpcError:
    service = lean.RawService(server.address, compression=compression)
    request = lean.start_request("too-large", "too-large")
    request.input.CopyFrom(Payloads(payloads=[Payload(data=bytes(5 << 20))]))
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await service.start_workflow(request)
    await service.describe_namespace(api.DescribeNamespaceRequest(namespace="default"))  # the connection lives
    await service.close()
    return refused.value


async def test_a_request_over_four_mebibytes_is_refused_in_the_words_that_sdks_look_for(server: ServerProcess) -> None:
    error = await refusal_of_five_megabytes(server, grpc.Compression.NoCompression)

    assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    size, limit = (error.details() or "").removeprefix("grpc: received message larger than max (").split(" vs. ")
    assert int(size) > 5 << 20
    assert limit == "4194304)"


async def test_a_large_request_that_compresses_well_is_refused_too(server: ServerProcess) -> None:
    error = await refusal_of_five_megabytes(server, grpc.Compression.Gzip)

    assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert (error.details() or "").startswith("grpc: received message")


# -- clients that vanish -----------------------------------------------------------------------------------------------

VANISHING_POLLER = """
import sys, grpc
from temporalio.api.workflowservice import v1 as api
with grpc.insecure_channel(sys.argv[1]) as channel:
    request = getattr(api, sys.argv[2] + "Request")(namespace="default")
    request.task_queue.name = sys.argv[3]
    poll = getattr(api.WorkflowServiceStub(channel), sys.argv[2]).future(request, timeout=70)
    print("polling", flush=True)
    poll.result()
"""


@contextlib.contextmanager
def a_poller_that_was_killed(server: ServerProcess, rpc: str, queue: str) -> Generator[None, None, None]:
    """A process that polls, and is killed before it is given anything: its connection breaks without goodbye."""
    command = [sys.executable, "-c", VANISHING_POLLER, server.address, rpc, queue]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=CHECKOUT) as poller:
        assert poller.stdout is not None
        assert poller.stdout.readline() == b"polling\n"
        time.sleep(0.5)  # the request is on its way, not yet surely there
        poller.kill()
    time.sleep(0.1)
    yield


async def test_a_workflow_task_goes_to_the_next_poller_when_one_vanished(server: ServerProcess) -> None:
    queue = lean.new_id("vanish")
    with a_poller_that_was_killed(server, "PollWorkflowTaskQueue", queue):
        async with lean.connected(server.address) as service:
            started = await service.start_workflow(lean.start_request(lean.new_id("vanish"), queue))
            task = await service.poll_workflow_task(lean.workflow_poll(queue), timeout=8)

    assert (task.workflow_execution.run_id, task.attempt) == (started.run_id, 1)


async def test_an_activity_task_goes_to_the_next_poller_when_one_vanished(server: ServerProcess) -> None:
    queue = lean.new_id("vanish")
    with a_poller_that_was_killed(server, "PollActivityTaskQueue", queue):
        async with lean.connected(server.address) as service:
            await service.start_workflow(lean.start_request(lean.new_id("vanish"), queue))
            workflow_task = await service.poll_workflow_task(lean.workflow_poll(queue), timeout=8)
            scheduled = lean.task_completed(workflow_task, [lean.schedule_activity("a", queue)])
            await service.complete_workflow_task(scheduled)
            task = await service.poll_activity_task(lean.activity_poll(queue), timeout=8)

    assert (task.activity_id, task.attempt) == ("a", 1)


async def test_a_cancelled_poll_frees_its_place_at_once(server: ServerProcess) -> None:
    queue = lean.new_id("cancel")
    async with lean.connected(server.address) as service:
        for _ in range(5):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(service.poll_workflow_task(lean.workflow_poll(queue)), 0.2)
        started = await service.start_workflow(lean.start_request(lean.new_id("cancel"), queue))
        task = await service.poll_workflow_task(lean.workflow_poll(queue), timeout=8)

    assert (task.workflow_execution.run_id, task.attempt) == (started.run_id, 1)


# -- clients that cancel at random -------------------------------------------------------------------------------------

ALLOWED = {
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.NOT_FOUND,  # the task, or the run, has gone since
    grpc.StatusCode.ALREADY_EXISTS,
    grpc.StatusCode.FAILED_PRECONDITION,  # a poll whose deadline is too short
    grpc.StatusCode.RESOURCE_EXHAUSTED,
}


class RestlessClient:
    """Calls one RPC after another on a few shared workflows and gives up on most of them."""

    def __init__(self, service: lean.RawService, queue: str, rng: random.Random) -> None:
        self._service = service
        self._queue = queue
        self._rng = rng
        self.answered_count = 0

    async def run(self, until_s: float) -> None:
        calls: list[Callable[[], Awaitable[object]]] = [
            self._start, self._signal, self._history, self._terminate, self._describe, self._count, self._work,
        ]  # fmt: skip
        while time.monotonic() < until_s:
            call = asyncio.ensure_future(self._rng.choice(calls)())
            done, _ = await asyncio.wait([call], timeout=self._rng.expovariate(1 / 0.15))
            if not done:
                call.cancel()
                await asyncio.wait([call])
            if call.cancelled():
                continue
            error = call.exception()
            if error is None:
                self.answered_count += 1
            elif not (isinstance(error, grpc.aio.AioRpcError) and error.code() in ALLOWED):
                raise error

    def _execution(self) -> WorkflowExecution:
        return WorkflowExecution(workflow_id=f"{self._queue}-{self._rng.randrange(20)}")

    async def _start(self) -> None:
        await self._service.start_workflow(lean.start_request(self._execution().workflow_id, self._queue))

    async def _signal(self) -> None:
        request = api.SignalWorkflowExecutionRequest(
            namespace="default", workflow_execution=self._execution(), signal_name="s", request_id=str(uuid.uuid4())
        )
        await self._service.signal_workflow(request)

    async def _history(self) -> None:
        request = api.GetWorkflowExecutionHistoryRequest(
            namespace="default", execution=self._execution(), wait_new_event=True
        )
        await self._service.history(request)

    async def _terminate(self) -> None:
        request = api.TerminateWorkflowExecutionRequest(namespace="default", workflow_execution=self._execution())
        await self._service.terminate_workflow(request)

    async def _describe(self) -> None:
        request = api.DescribeWorkflowExecutionRequest(namespace="default", execution=self._execution())
        await self._service.describe_workflow(request)

    async def _count(self) -> None:
        request = api.CountWorkflowExecutionsRequest(namespace="default", query="WorkflowType = 'Lean'")
        await self._service.count_workflows(request)

    async def _work(self) -> None:
        task = await self._service.poll_workflow_task(lean.workflow_poll(self._queue), timeout=5)
        if task.task_token:
            commands = [] if self._rng.random() < 0.7 else [lean.complete_workflow()]
            with contextlib.suppress(grpc.aio.AioRpcError):  # the run was terminated, or something new came
                await self._service.complete_workflow_task(lean.task_completed(task, commands))


@pytest.mark.slow
@pytest.mark.timeout(60 + CANCELLING_S)
async def test_clients_that_cancel_at_random_break_nothing(server: ServerProcess) -> None:
    client_count = 64
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    queue = lean.new_id("restless")
    async with contextlib.AsyncExitStack() as stack:
        services = [await stack.enter_async_context(lean.connected(server.address)) for _ in range(client_count)]
        clients = [RestlessClient(service, queue, random.Random(seed + n)) for n, service in enumerate(services)]
        while sum(client.answered_count for client in clients) <= client_count:  # a slow machine needs longer
            until_s = time.monotonic() + CANCELLING_S
            await asyncio.gather(*(client.run(until_s) for client in clients))

    assert await asyncio.wait_for(lean.drive(server.address, 3, 3), 15) > 0
    assert "Traceback" not in server.log()
    db = sqlite3.connect(f"file:{server.db_path}?mode=ro", uri=True)
    assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    db.close()


# -- health and reflection ---------------------------------------------------------------------------------------------


def test_health_answers_for_the_server_and_for_each_service(server: ServerProcess) -> None:
    with grpc.insecure_channel(server.address) as channel:
        check = health_pb2_grpc.HealthStub(channel).Check
        answers = {name: check(health_pb2.HealthCheckRequest(service=name)).status for name in ["", *SERVICES]}
        with pytest.raises(grpc.RpcError) as unknown:
            check(health_pb2.HealthCheckRequest(service="nope"))

    assert set(answers.values()) == {health_pb2.HealthCheckResponse.SERVING}
    refusal = cast("grpc.Call", unknown.value)  # every error of a call is one; the stubs do not say so
    assert (refusal.code(), refusal.details()) == (grpc.StatusCode.NOT_FOUND, "unknown service")


def test_reflection_lists_the_services_and_describes_them(server: ServerProcess) -> None:
    asked = [
        reflection_pb2.ServerReflectionRequest(list_services="*"),
        reflection_pb2.ServerReflectionRequest(file_containing_symbol=SERVICES[0]),
    ]
    with grpc.insecure_channel(server.address) as channel:
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        listed, described = stub.ServerReflectionInfo(iter(asked))

    names = {service.name for service in listed.list_services_response.service}
    assert names >= {*SERVICES, "grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"}
    assert any(b"StartWorkflowExecution" in file for file in described.file_descriptor_response.file_descriptor_proto)
