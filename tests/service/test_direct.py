"""Calls into an engine in this process."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta

import pytest
from google.protobuf.message import Message
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    DescribeNamespaceResponse,
    StartWorkflowExecutionRequest,
    StartWorkflowExecutionResponse,
)
from typing_extensions import override

from mainspring.service import ConnectConfig, DirectServiceClient, RetryConfig, RPCError, RPCStatusCode
from tests.service.by_name import CalledByName

AT_ONCE = RetryConfig(initial_interval_millis=1, max_interval_millis=1)


class Recording(CalledByName):
    """An engine that keeps what it is asked, and fails as it was told."""

    def __init__(self, reply: Message, *errors: RPCError) -> None:
        self.reply = reply
        self.errors = list(errors)
        self.calls: list[tuple[str, str, Message, dict[str, str | bytes], timedelta | None]] = []

    @override
    async def call(
        self, service: str, rpc: str, request: Message, metadata: Mapping[str, str | bytes], timeout: timedelta | None
    ) -> Message:
        self.calls.append((service, rpc, request, dict(metadata), timeout))
        if self.errors:
            raise self.errors.pop(0)
        return self.reply


class Silent(CalledByName):
    @override
    async def call(
        self, service: str, rpc: str, request: Message, metadata: Mapping[str, str | bytes], timeout: timedelta | None
    ) -> Message:
        await asyncio.Event().wait()
        raise AssertionError


async def test_messages_go_as_they_are() -> None:
    engine = Recording(StartWorkflowExecutionResponse(run_id="r"))
    client = DirectServiceClient(ConnectConfig("here"), engine)
    request = StartWorkflowExecutionRequest(workflow_id="w")

    reply = await client.workflow_service.start_workflow_execution(request, metadata={"Mine": "1"})

    assert reply is engine.reply
    ((service, rpc, sent, metadata, timeout),) = engine.calls
    assert (service, rpc, timeout) == ("workflow", "start_workflow_execution", None)
    assert sent is request
    assert metadata["mine"] == "1"


async def test_errors_are_tried_again_as_over_the_network() -> None:
    busy = RPCError("busy", RPCStatusCode.UNAVAILABLE, b"")
    engine = Recording(DescribeNamespaceResponse(), busy, busy)
    client = DirectServiceClient(ConnectConfig("here", retry_config=AT_ONCE), engine)

    with pytest.raises(RPCError) as raised:
        await client.workflow_service.describe_namespace(DescribeNamespaceRequest())
    assert raised.value is busy

    await client.workflow_service.describe_namespace(DescribeNamespaceRequest(), retry=True)
    assert len(engine.calls) == 3


async def test_a_call_past_its_time_says_so() -> None:
    client = DirectServiceClient(ConnectConfig("here"), Silent())
    with pytest.raises(RPCError) as raised:
        await client.workflow_service.describe_namespace(DescribeNamespaceRequest(), timeout=timedelta(milliseconds=1))
    assert raised.value.status is RPCStatusCode.DEADLINE_EXCEEDED


async def test_metadata_and_key_can_be_changed() -> None:
    engine = Recording(DescribeNamespaceResponse())
    client = DirectServiceClient(ConnectConfig("here", rpc_metadata={"old": "1"}), engine)
    client.update_rpc_metadata({"new": "2"})
    client.update_api_key("k")

    await client.workflow_service.describe_namespace(DescribeNamespaceRequest())

    metadata = engine.calls[0][3]
    assert (metadata.get("old"), metadata["new"], metadata["authorization"]) == (None, "2", "Bearer k")
