"""Calls over gRPC, against a server that keeps what it gets."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import warnings
from collections.abc import AsyncGenerator, Mapping
from datetime import timedelta
from typing import Any

import grpc
import pytest
from temporalio.api.common.v1 import GrpcStatus
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest, ListSearchAttributesResponse
from temporalio.api.workflowservice.v1 import (
    CountWorkflowExecutionsResponse,
    DescribeNamespaceRequest,
    GetSystemInfoRequest,
    GetSystemInfoResponse,
    GetWorkflowExecutionHistoryRequest,
    PollWorkflowTaskQueueRequest,
    StartWorkflowExecutionRequest,
    StartWorkflowExecutionResponse,
)

from mainspring.service import (
    ConnectConfig,
    HttpConnectProxyConfig,
    RetryConfig,
    RPCError,
    RPCStatusCode,
    ServiceClient,
    TLSConfig,
)
from mainspring.service._grpc import GrpcServiceClient, target_of
from tests.service.capture import CaptureServer, Refusal, Silence, capture_server

AT_ONCE = RetryConfig(initial_interval_millis=1, max_interval_millis=1)


@pytest.fixture
async def server() -> AsyncGenerator[CaptureServer]:
    async with capture_server() as captured:
        yield captured


async def connect(server: CaptureServer, **settings: object) -> GrpcServiceClient:
    config = ConnectConfig(server.address, **settings)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    return await GrpcServiceClient.connect(config)


async def test_a_call_brings_its_request_there_and_its_reply_back(server: CaptureServer) -> None:
    server.answer("StartWorkflowExecution", StartWorkflowExecutionResponse(run_id="r"))
    client = await connect(server)

    reply = await client.workflow_service.start_workflow_execution(StartWorkflowExecutionRequest(workflow_id="w"))

    assert reply == StartWorkflowExecutionResponse(run_id="r")
    (call,) = server.of("StartWorkflowExecution")
    assert call.path == "/temporal.api.workflowservice.v1.WorkflowService/StartWorkflowExecution"
    assert StartWorkflowExecutionRequest.FromString(call.body).workflow_id == "w"


async def test_connecting_asks_who_is_there_and_lazily_does_not(server: CaptureServer) -> None:
    await connect(server, lazy=True)
    assert server.calls == []

    await connect(server)
    assert [call.rpc for call in server.calls] == ["GetSystemInfo"]


async def test_a_server_older_than_the_greeting_is_a_server(server: CaptureServer) -> None:
    server.answer("GetSystemInfo", Refusal(grpc.StatusCode.UNIMPLEMENTED, "unknown method GetSystemInfo"))
    assert isinstance(await ServiceClient.connect(ConnectConfig(server.address)), ServiceClient)


async def test_a_server_that_refuses_the_greeting_is_none(server: CaptureServer) -> None:
    server.answer("GetSystemInfo", Refusal(grpc.StatusCode.PERMISSION_DENIED, "who are you"))
    with pytest.raises(RuntimeError, match="Failed client connect: PERMISSION_DENIED: who are you"):
        await connect(server)


async def test_no_server_is_said_at_once() -> None:
    with pytest.raises(RuntimeError, match="Failed client connect: UNAVAILABLE"):
        await ServiceClient.connect(ConnectConfig("127.0.0.1:1"))


async def test_an_error_carries_status_message_and_details(server: CaptureServer) -> None:
    details = GrpcStatus(code=5, message="gone")
    server.answer("DescribeNamespace", Refusal(grpc.StatusCode.NOT_FOUND, "gone", details.SerializeToString()))
    client = await connect(server)

    with pytest.raises(RPCError) as raised:
        await client.workflow_service.describe_namespace(DescribeNamespaceRequest(), retry=True)

    assert raised.value.status is RPCStatusCode.NOT_FOUND
    assert raised.value.message == str(raised.value) == "gone"
    assert raised.value.raw_grpc_status == details.SerializeToString()
    assert raised.value.grpc_status == details
    assert len(server.of("DescribeNamespace")) == 1


async def test_an_error_without_details_has_an_empty_status(server: CaptureServer) -> None:
    server.answer("DescribeNamespace", Refusal(grpc.StatusCode.NOT_FOUND, "gone"))
    client = await connect(server)
    with pytest.raises(RPCError) as raised:
        await client.workflow_service.describe_namespace(DescribeNamespaceRequest())
    assert raised.value.grpc_status == GrpcStatus()


async def test_only_a_call_that_asks_for_it_is_tried_again(server: CaptureServer) -> None:
    server.answer("ListSearchAttributes", Refusal(grpc.StatusCode.UNAVAILABLE), ListSearchAttributesResponse())
    client = await connect(server, retry_config=AT_ONCE)
    service = client.operator_service

    with pytest.raises(RPCError):
        await service.list_search_attributes(ListSearchAttributesRequest())
    assert await service.list_search_attributes(ListSearchAttributesRequest()) == ListSearchAttributesResponse()

    server.answer("ListSearchAttributes", Refusal(grpc.StatusCode.UNAVAILABLE), ListSearchAttributesResponse())
    await service.list_search_attributes(ListSearchAttributesRequest(), retry=True)
    assert len(server.of("ListSearchAttributes")) == 4


async def test_metadata_of_client_and_call_go_together_and_the_calls_wins(server: CaptureServer) -> None:
    client = await connect(
        server, rpc_metadata={"Mine": "1", "both": "client", "raw-bin": b"\0"}, api_key="k", tls=False
    )

    await client.workflow_service.describe_namespace(DescribeNamespaceRequest(), metadata={"BOTH": "call"})

    metadata = server.calls[-1].metadata
    assert {key: metadata[key] for key in ("mine", "both", "raw-bin", "authorization", "client-name")} == {
        "mine": "1",
        "both": "call",
        "raw-bin": b"\0",
        "authorization": "Bearer k",
        "client-name": "mainspring-python",
    }


async def test_metadata_and_key_can_be_changed(server: CaptureServer) -> None:
    client = await connect(server, rpc_metadata={"old": "1"})
    client.update_rpc_metadata({"new": "2"})
    client.update_api_key("k2")

    await client.workflow_service.describe_namespace(DescribeNamespaceRequest())

    metadata = server.calls[-1].metadata
    assert (metadata.get("old"), metadata["new"], metadata["authorization"]) == (None, "2", "Bearer k2")


async def test_an_authorization_of_the_users_own_is_kept(server: CaptureServer) -> None:
    client = await connect(server, rpc_metadata={"Authorization": "Basic x"}, api_key="k", tls=False)
    await client.workflow_service.describe_namespace(DescribeNamespaceRequest())
    assert server.calls[-1].metadata["authorization"] == "Basic x"


@pytest.mark.parametrize(
    "metadata, error",
    [({"a-bin": "text"}, ValueError), ({"a": b"bytes"}, ValueError), ({"a": "é"}, ValueError), ({"a": 1}, TypeError)],
)
async def test_metadata_that_cannot_be_sent_is_refused_and_the_old_stays(
    server: CaptureServer, metadata: dict[str, str | bytes], error: type[Exception]
) -> None:
    client = await connect(server, rpc_metadata={"old": "1"})
    with pytest.raises(error):
        client.update_rpc_metadata(metadata)
    with pytest.raises(error):
        await client.workflow_service.describe_namespace(DescribeNamespaceRequest(), metadata=metadata)
    await client.workflow_service.describe_namespace(DescribeNamespaceRequest())
    assert server.calls[-1].metadata["old"] == "1"


async def test_calls_have_the_time_that_they_need(server: CaptureServer) -> None:
    client = await connect(server)
    service = client.workflow_service
    await service.describe_namespace(DescribeNamespaceRequest())
    await service.poll_workflow_task_queue(PollWorkflowTaskQueueRequest())
    await service.get_workflow_execution_history(GetWorkflowExecutionHistoryRequest(wait_new_event=True))
    await service.get_workflow_execution_history(GetWorkflowExecutionHistoryRequest())
    await service.describe_namespace(DescribeNamespaceRequest(), timeout=timedelta(seconds=7))

    timeouts = [call.timeout_s for call in server.calls[1:]]
    assert [timeout is not None and round(timeout, -1) for timeout in timeouts] == [30, 70, 70, 30, 10]


async def test_a_call_past_its_time_says_so(server: CaptureServer) -> None:
    server.answer("DescribeNamespace", Silence())
    client = await connect(server)
    with pytest.raises(RPCError) as raised:
        await client.workflow_service.describe_namespace(DescribeNamespaceRequest(), timeout=timedelta(milliseconds=9))
    assert raised.value.status is RPCStatusCode.DEADLINE_EXCEEDED


async def test_a_method_is_bound_once(server: CaptureServer) -> None:
    client = await connect(server, lazy=True)
    first = client.workflow_service.describe_namespace
    await first(DescribeNamespaceRequest())
    bound = client.workflow_service.describe_namespace
    await first(DescribeNamespaceRequest())
    assert client.workflow_service.describe_namespace is bound


async def test_large_requests_are_compressed_and_arrive_whole(server: CaptureServer) -> None:
    client = await connect(server)
    request = StartWorkflowExecutionRequest(workflow_id="w" * 100_000)
    await client.workflow_service.start_workflow_execution(request)
    assert StartWorkflowExecutionRequest.FromString(server.calls[-1].body) == request


async def test_a_closed_client_connects_anew(server: CaptureServer) -> None:
    client = await connect(server)
    await client.close()
    await client.close()
    await client.workflow_service.describe_namespace(DescribeNamespaceRequest())
    assert len(server.of("DescribeNamespace")) == 1


async def test_a_client_may_be_used_from_another_loop(server: CaptureServer) -> None:
    client = await connect(server)

    async def elsewhere() -> None:
        await client.workflow_service.describe_namespace(DescribeNamespaceRequest())
        await client.close()

    await asyncio.to_thread(asyncio.run, elsewhere())
    await client.workflow_service.describe_namespace(DescribeNamespaceRequest())
    assert len(server.of("DescribeNamespace")) == 2


async def test_a_client_of_the_users_own_needs_one_method_for_all_calls(server: CaptureServer) -> None:
    inner = await connect(server)
    seen: list[tuple[str, str, type]] = []

    class Wrapping(ServiceClient):
        @property
        def worker_service_client(self) -> ServiceClient:
            return inner

        def update_rpc_metadata(self, metadata: Mapping[str, str | bytes]) -> None:
            inner.update_rpc_metadata(metadata)

        def update_api_key(self, api_key: str | None) -> None:
            inner.update_api_key(api_key)

        async def _rpc_call(self, rpc: str, req: Any, resp_type: Any, *, service: str, **call: Any) -> Any:
            seen.append((rpc, service, resp_type))
            return await getattr(inner.workflow_service, rpc)(req, **call)

    await Wrapping(inner.config).workflow_service.get_system_info(GetSystemInfoRequest())
    assert seen == [("get_system_info", "workflow", GetSystemInfoResponse)]


def test_encryption_follows_from_a_key_unless_it_is_refused() -> None:
    assert target_of(ConnectConfig("h:1")).credentials is None
    assert target_of(ConnectConfig("h:1", api_key="k")).credentials is not None
    assert target_of(ConnectConfig("h:1", api_key="k", tls=False)).credentials is None
    assert target_of(ConnectConfig("h:1", tls=True)).credentials is not None


def test_a_name_to_ask_for_overrides_the_hosts() -> None:
    options = dict(target_of(ConnectConfig("h:1", tls=TLSConfig(domain="d"))).options)
    assert options["grpc.ssl_target_name_override"] == options["grpc.default_authority"] == "d"


@pytest.mark.parametrize(
    "tls", [TLSConfig(client_cert=b"c"), TLSConfig(client_private_key=b"k"), TLSConfig(verification_server_name="n")]
)
def test_tls_that_cannot_work_is_refused(tls: TLSConfig) -> None:
    with pytest.raises(ValueError, match=r"must be given together|is not supported"):
        target_of(ConnectConfig("h:1", tls=tls))


def test_a_scheme_is_taken_off_with_a_warning() -> None:
    with pytest.warns(UserWarning, match="scheme no longer supported"):
        target = target_of(ConnectConfig("https://h:1"))
    assert target.address == "h:1"
    assert target.credentials is not None
    with warnings.catch_warnings(action="ignore"):
        assert target_of(ConnectConfig("http://h:1")).credentials is None


def test_a_proxy_gets_user_and_password() -> None:
    config = ConnectConfig("h:1", http_connect_proxy_config=HttpConnectProxyConfig("p:2", ("me", "secret")))
    options = dict(target_of(config).options)
    assert (options["grpc.http_proxy"], options["grpc.enable_http_proxy"]) == ("http://me:secret@p:2", 1)


AFTER_FORK = """
import asyncio, os
from mainspring.client import Client

async def connect(*, lazy):
    return await Client.connect({address!r}, lazy=lazy)

async def use(client):
    try:
        await asyncio.wait_for(client.count_workflows(), 10)
        print("answered", flush=True)
    except RuntimeError as error:
        print(error, flush=True)

client = asyncio.run(connect(lazy={lazy}))
child = os.fork()
if not child:
    asyncio.run(use(client))
    os._exit(0)
os.waitpid(child, 0)
asyncio.run(use(client))
"""


async def after_fork(server: CaptureServer, *, lazy: bool) -> list[str]:
    """What the client's use says in a process forked from the one that made it, then in that one."""
    command = [sys.executable, "-W", "ignore", "-c", AFTER_FORK.format(address=server.address, lazy=lazy)]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks")
async def test_a_client_that_has_connected_says_so_after_a_fork(server: CaptureServer) -> None:
    server.answer("CountWorkflowExecutions", CountWorkflowExecutionsResponse())
    in_child, in_parent = await after_fork(server, lazy=False)
    assert "had connected to a server when it forked this one" in in_child
    assert in_parent == "answered"


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks")
async def test_a_client_that_has_not_connected_yet_does_so_after_a_fork(server: CaptureServer) -> None:
    server.answer("CountWorkflowExecutions", CountWorkflowExecutionsResponse())
    assert await after_fork(server, lazy=True) == ["answered", "answered"]


def test_grpc_is_told_of_forks_before_it_is_loaded() -> None:
    code = "import mainspring, os, sys; print(os.environ['GRPC_ENABLE_FORK_SUPPORT'], 'grpc' in sys.modules)"
    environment = {name: value for name, value in os.environ.items() if name != "GRPC_ENABLE_FORK_SUPPORT"}
    said = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["0", "False"]
