"""What all calls of a client have in common: they are tried again, and carry their input's metadata and timeout."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from google.protobuf.internal.containers import MessageMap
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.common.v1 import Payload, WorkflowExecution

from mainspring.client._inputs import Sent
from mainspring.common import HeaderCodecBehavior
from mainspring.converter import DataConverter, WorkflowSerializationContext
from mainspring.service._methods import Rpc

if TYPE_CHECKING:
    from mainspring.client._client import Client
    from mainspring.client._interceptor import OutboundInterceptor

RequestT = TypeVar("RequestT", bound=Message)
ResponseT = TypeVar("ResponseT", bound=Message)


async def call(rpc: Rpc[RequestT, ResponseT], request: RequestT, sent: Sent) -> ResponseT:
    """Send a request as its input says."""
    return await rpc(request, retry=True, metadata=sent.rpc_metadata, timeout=sent.rpc_timeout)


def outbound(client: Client) -> OutboundInterceptor:
    """Where the calls of a client's user begin: the first of its interceptors."""
    return client._impl  # pyright: ignore[reportPrivateUsage] # the official name


def execution(workflow_id: str, run_id: str | None) -> WorkflowExecution:
    """A workflow, and the run if one is meant."""
    return WorkflowExecution(workflow_id=workflow_id, run_id=run_id or "")


def workflow_converter(client: Client, workflow_id: str) -> DataConverter:
    """The client's converter, knowing whose values it converts."""
    context = WorkflowSerializationContext(namespace=client.namespace, workflow_id=workflow_id)
    return client.data_converter.with_context(context)


async def put_headers(
    client: Client, source: Mapping[str, Payload] | None, to: MessageMap[str, Payload], *, encoded: bool = False
) -> None:
    """Copy headers into a request, through the codec if the configuration says so and they are not `encoded`."""
    if not source:
        return
    codec = client.data_converter.payload_codec
    uses_codec = client.config(active_config=True)["header_codec_behavior"] is HeaderCodecBehavior.CODEC
    for key, payload in source.items():
        if uses_codec and codec is not None and not encoded:
            (payload,) = await codec.encode([payload])  # noqa: PLW2901 # the same one, encoded
        to[key].CopyFrom(payload)


def time_of(message: Message, field: str) -> datetime | None:
    """A time, in UTC, if the message has it."""
    if not message.HasField(field):
        return None
    timestamp: Timestamp = getattr(message, field)
    return timestamp.ToDatetime(UTC)
