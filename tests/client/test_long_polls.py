"""Results that are waited for by long polls: a poll whose time is over is made again, a cancelled one ends the wait."""

from __future__ import annotations

import asyncio

import pytest
from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload
from temporalio.api.workflowservice.v1 import PollActivityExecutionResponse, PollNexusOperationExecutionResponse

from mainspring.client import ActivityHandle, NexusOperationHandle
from mainspring.service import RPCError, RPCStatusCode
from tests.client.fakes import Engine, a_client

SEVEN = Payload(metadata={"encoding": b"json/plain"}, data=b"7")


def activity_ended() -> PollActivityExecutionResponse:
    reply = PollActivityExecutionResponse()
    reply.outcome.result.payloads.append(SEVEN)
    return reply


KINDS = [
    (ActivityHandle, "poll_activity_execution", PollActivityExecutionResponse(), activity_ended()),
    (
        NexusOperationHandle,
        "poll_nexus_operation_execution",
        PollNexusOperationExecutionResponse(),
        PollNexusOperationExecutionResponse(result=SEVEN),
    ),
]


@pytest.mark.parametrize("kind, rpc, empty, ended", KINDS)
async def test_a_poll_is_made_again_until_there_is_a_result(
    kind: type, rpc: str, empty: Message, ended: Message
) -> None:
    engine = Engine()
    engine.answer(rpc, RPCError("late", RPCStatusCode.DEADLINE_EXCEEDED, b""), empty, ended)
    handle = kind(a_client(engine), "seven")
    assert (await handle.result(), await handle.result()) == (7, 7)
    assert len(engine.requests(rpc)) == 3, "a known result is asked for again"


@pytest.mark.parametrize("kind, rpc, empty, ended", KINDS)
async def test_a_poll_that_is_cancelled_ends_the_wait(kind: type, rpc: str, empty: Message, ended: Message) -> None:
    del empty, ended
    engine = Engine()
    engine.answer(rpc, RPCError("gone", RPCStatusCode.CANCELLED, b""))
    with pytest.raises(asyncio.CancelledError):
        await kind(a_client(engine), "seven").result()
