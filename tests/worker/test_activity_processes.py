"""Activities that run in another process."""

from __future__ import annotations

import asyncio
import concurrent.futures
import multiprocessing
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from temporalio.api.workflowservice.v1 import RecordActivityTaskHeartbeatResponse

from mainspring import activity
from mainspring.worker._activity_registry import ActivityRegistry
from mainspring.worker._activity_shared_state import SharedStateManager
from tests.worker.activity_server import FakeServer, Running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]


@activity.defn
def tell() -> list[Any]:
    activity.heartbeat("from", "afar")
    return [activity.info().activity_type, activity.is_worker_shutdown()]


@activity.defn
def until_cancelled() -> str:
    activity.heartbeat("waiting")
    activity.wait_for_cancelled_sync(timedelta(seconds=30))
    return f"cancelled: {activity.is_cancelled()}"


@activity.defn
def fail() -> None:
    raise ValueError("broken")


@pytest.fixture(scope="module")
def shared() -> Iterator[tuple[concurrent.futures.ProcessPoolExecutor, SharedStateManager]]:
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager, concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as executor:
        yield executor, SharedStateManager.create_from_multiprocessing(manager)


@pytest.fixture
def registry(shared: tuple[concurrent.futures.ProcessPoolExecutor, SharedStateManager]) -> ActivityRegistry:
    return ActivityRegistry([tell, until_cancelled, fail], *shared)


async def test_an_activity_in_another_process_knows_its_attempt_and_sends_heartbeats(
    registry: ActivityRegistry,
) -> None:
    server = FakeServer()
    async with Running(server, [], registry=registry):
        server.give("tell")
        said = await server.end()
    assert said.result == ["tell", False]
    assert await server.heartbeats.get() == ["from", "afar"]


async def test_an_activity_in_another_process_learns_that_it_is_cancelled(registry: ActivityRegistry) -> None:
    server = FakeServer()
    server.reply = RecordActivityTaskHeartbeatResponse(cancel_requested=True)
    async with Running(server, [], registry=registry):
        server.give("until_cancelled")
        said = await server.end()
    assert said.result == "cancelled: True"


async def test_an_error_comes_back_from_another_process(registry: ActivityRegistry) -> None:
    server = FakeServer()
    async with Running(server, [], registry=registry):
        server.give("fail")
        said = await server.end()
    assert said.failure is not None
    assert (said.failure.message, said.failure.application_failure_info.type) == ("broken", "ValueError")


async def test_a_heartbeat_that_fails_stops_no_other_activitys(
    shared: tuple[concurrent.futures.ProcessPoolExecutor, SharedStateManager],
) -> None:
    heard: list[str] = []

    def refuse(*_: Any) -> None:
        raise RuntimeError("an interceptor does not like it")

    _, state = shared
    first = await state.register_heartbeater(b"first", refuse)
    second = await state.register_heartbeater(b"second", heard.append)
    await asyncio.to_thread(first.send_heartbeat, b"first", "lost")
    await asyncio.to_thread(second.send_heartbeat, b"second", "heard")
    await state.unregister_heartbeater(b"first")
    await state.unregister_heartbeater(b"second")
    assert heard == ["heard"]
