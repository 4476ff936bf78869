"""What an activity says and cannot be sent: told as its failure, since its workflow would wait for it in vain."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from mainspring import activity
from mainspring.converter import DataConverter, DefaultPayloadConverter
from mainspring.exceptions import ApplicationError
from mainspring.service import PayloadLimitsConfig
from mainspring.worker._activity_attempt import MOST_SENT_BYTES
from mainspring.worker._payload_limits import SizeLimits
from tests.worker.activity_server import FakeServer, Running

LIMIT_BYTES = 1000
NEVER = 3600
HOUR = timedelta(hours=1)


def limits(*, disabled: bool = False) -> SizeLimits:
    made = SizeLimits(PayloadLimitsConfig(), is_error_disabled=disabled)
    made.payloads_bytes = LIMIT_BYTES
    return made


@activity.defn
async def give_much() -> str:
    return "x" * LIMIT_BYTES


@activity.defn
async def say_much() -> None:
    activity.heartbeat("x" * LIMIT_BYTES)
    await asyncio.sleep(NEVER)


@pytest.mark.parametrize("name", ["give_much", "say_much"])
async def test_a_result_and_a_heartbeat_that_are_too_large_fail_the_attempt(name: str) -> None:
    server = FakeServer()
    async with Running(server, [give_much, say_much], limits=limits()):
        server.give(name)
        said = await server.end()
    assert said.failure is not None
    assert said.failure.application_failure_info.type == "PayloadsTooLarge"
    assert "[TMPRL1103]" in said.failure.message
    assert not said.failure.application_failure_info.non_retryable


async def test_whoever_does_not_want_the_limit_has_the_servers_word() -> None:
    server = FakeServer()
    async with Running(server, [give_much], limits=limits(disabled=True)):
        server.give("give_much")
        said = await server.end()
    assert said.result == "x" * LIMIT_BYTES


async def test_a_failure_that_grpc_would_not_carry_is_cut() -> None:
    @activity.defn
    async def fail() -> None:
        raise ApplicationError("no room " + "x" * MOST_SENT_BYTES, type="Full", non_retryable=True)

    server = FakeServer()
    async with Running(server, [fail]):
        server.give("fail")
        said = await server.end()
    assert said.failure is not None
    assert said.failure.message.startswith("no room xxx")
    assert said.failure.ByteSize() < 10_000
    info = said.failure.application_failure_info
    assert (info.type, info.non_retryable) == ("Full", True)


class Odd:
    """What the converter below cannot convert."""


class OwnError(Exception):
    """No error that a converter should raise."""


class RefusesOdd(DefaultPayloadConverter):
    def to_payloads(self, values: Any) -> Any:
        if any(isinstance(value, Odd) for value in values):
            raise OwnError
        return super().to_payloads(values)


async def test_a_failure_is_told_though_the_last_heartbeat_cannot_be_converted() -> None:
    server = FakeServer()

    @activity.defn
    async def fail() -> None:
        activity.heartbeat(1)
        while server.heartbeats.empty():  # noqa: ASYNC110 - what is waited for is no event
            await asyncio.sleep(0)
        activity.heartbeat(Odd())
        raise ApplicationError("no room")

    converter = DataConverter(payload_converter_class=RefusesOdd)
    async with Running(server, [fail], data_converter=converter):
        server.give("fail", heartbeat_timeout=HOUR)
        said = await server.end()
    assert said.failure is not None
    assert said.failure.message == "no room"
    assert said.last_heartbeat is None
