"""What all calls of a client have in common: they are tried again, and carry their input's metadata and timeout.

call(...)           one request            ask_until(...)      a long poll, made again until it is answered
already_there(...)  what a refusal tells   time_of(...)        fields of replies, None if they are not there
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from google.protobuf.internal.containers import MessageMap
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.common.v1 import Payload, WorkflowExecution

from mainspring.client._caller import CALLER
from mainspring.client._inputs import Sent
from mainspring.common import HeaderCodecBehavior
from mainspring.converter import (
    DataConverter,
    StorageDriverStoreContext,
    StorageDriverWorkflowInfo,
    WorkflowSerializationContext,
)
from mainspring.service import RPCError, RPCStatusCode
from mainspring.service._methods import Rpc

if TYPE_CHECKING:
    from mainspring.client._client import Client
    from mainspring.client._interceptor import OutboundInterceptor

RequestT = TypeVar("RequestT", bound=Message)
ResponseT = TypeVar("ResponseT", bound=Message)


async def call(rpc: Rpc[RequestT, ResponseT], request: RequestT, sent: Sent) -> ResponseT:
    """Send a request as its input says, and with what a caller that wants to be known puts into it."""
    caller = CALLER.get()
    if caller is not None:
        caller.prepare(request)
    reply = await rpc(request, retry=True, metadata=sent.rpc_metadata, timeout=sent.rpc_timeout)
    if caller is not None:
        caller.answered(request, reply)
    return reply


async def ask_until(ask: Callable[[], Awaitable[ResponseT]], is_answer: Callable[[ResponseT], bool]) -> ResponseT:
    """Ask by a long poll until its reply is the answer; one whose time is over is made again.

    Raises: asyncio.CancelledError: the call was cancelled, by whichever side.
    """
    while True:
        try:
            reply = await ask()
        except RPCError as error:
            if error.status is RPCStatusCode.DEADLINE_EXCEEDED:
                continue
            if error.status is RPCStatusCode.CANCELLED:
                raise asyncio.CancelledError from error
            raise
        if is_answer(reply):
            return reply


def already_there(error: RPCError, kind: type[ResponseT]) -> ResponseT | None:
    """What the server tells of what has the id already, if the error says so by a detail of this kind."""
    if error.status is not RPCStatusCode.ALREADY_EXISTS or not error.grpc_status.details:
        return None
    details = kind()
    return details if error.grpc_status.details[0].Unpack(details) else None


def outbound(client: Client) -> OutboundInterceptor:
    """Where the calls of a client's user begin: the first of its interceptors."""
    return client._impl  # pyright: ignore[reportPrivateUsage] # the official name


def execution(workflow_id: str, run_id: str | None) -> WorkflowExecution:
    """A workflow, and the run if one is meant."""
    return WorkflowExecution(workflow_id=workflow_id, run_id=run_id or "")


def workflow_converter(
    client: Client, workflow_id: str, *, run_id: str | None = None, workflow_type: str | None = None
) -> DataConverter:
    """The client's converter, knowing whose values it converts and, as far as is known, for whom it stores them."""
    context = WorkflowSerializationContext(namespace=client.namespace, workflow_id=workflow_id)
    target = StorageDriverWorkflowInfo(
        namespace=client.namespace, id=workflow_id, run_id=run_id or None, type=workflow_type
    )
    return client.data_converter._with_contexts(context, StorageDriverStoreContext(target))  # pyright: ignore[reportPrivateUsage] # the official name


async def put_headers(
    client: Client, source: Mapping[str, Payload] | None, to: MessageMap[str, Payload], *, encoded: bool = False
) -> None:
    """Copy headers into a request, encoded and stored if the configuration says so and they are not `encoded`."""
    if not source:
        return
    uses_codec = client.config(active_config=True)["header_codec_behavior"] is HeaderCodecBehavior.CODEC
    for key, payload in source.items():
        if uses_codec and not encoded:
            outbound_payload = client.data_converter._transform_outbound_payload  # pyright: ignore[reportPrivateUsage] # the official name
            payload = await outbound_payload(payload)  # noqa: PLW2901 # the same one, encoded
        to[key].CopyFrom(payload)


def time_of(message: Message, field: str) -> datetime | None:
    """A time, in UTC, if the message has it."""
    if not message.HasField(field):
        return None
    timestamp: Timestamp = getattr(message, field)
    return timestamp.ToDatetime(UTC)


def duration_of(message: Message, field: str) -> timedelta | None:
    """A duration, if the message has it."""
    return getattr(message, field).ToTimedelta() if message.HasField(field) else None
