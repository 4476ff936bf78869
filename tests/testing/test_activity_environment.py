"""An activity by itself: what it can ask for, and how it is stopped."""

from __future__ import annotations

import asyncio
import dataclasses
import threading
from collections.abc import Callable
from contextvars import copy_context
from datetime import timedelta
from typing import Any

import pytest

from mainspring import activity
from mainspring.activity import ActivityCancellationDetails
from mainspring.exceptions import CancelledError
from mainspring.testing import ActivityEnvironment, WorkflowEnvironment


@activity.defn
async def greet(name: str) -> str:
    return f"hello {name}"


@activity.defn
def add(left: int, right: int) -> int:
    activity.heartbeat(left, right)
    return left + right


async def test_a_coroutine_function_gives_its_result() -> None:
    assert await ActivityEnvironment().run(greet, "you") == "hello you"


def test_a_function_gives_its_result_at_once_and_heartbeats() -> None:
    env = ActivityEnvironment()
    heartbeats: list[tuple[Any, ...]] = []
    env.on_heartbeat = lambda *details: heartbeats.append(details)

    assert env.run(add, 1, 2) == 3
    assert heartbeats == [(1, 2)]


def test_a_callable_object_is_an_activity_too() -> None:
    class Adder:
        def __call__(self, left: int, right: int) -> int:
            return add(left, right)

    assert ActivityEnvironment().run(Adder(), 1, 2) == 3


def test_info_is_what_the_test_says() -> None:
    env = ActivityEnvironment()
    env.info = dataclasses.replace(env.info, attempt=3, heartbeat_timeout=timedelta(seconds=9))

    assert env.run(activity.info) is env.info
    assert env.info.workflow_id == "test"
    assert env.info.activity_type == "unknown"


def test_the_context_ends_with_the_activity() -> None:
    env = ActivityEnvironment()

    with pytest.raises(ZeroDivisionError):
        env.run(lambda: 1 // 0)

    assert not activity.in_activity()


def test_the_context_goes_along_to_threads() -> None:
    def in_thread() -> None:
        thread = threading.Thread(target=copy_context().run, args=[activity.heartbeat, "from a thread"])
        thread.start()
        thread.join()

    env = ActivityEnvironment()
    heartbeats: list[str] = []
    env.on_heartbeat = heartbeats.append

    env.run(in_thread)

    assert heartbeats == ["from a thread"]


async def test_cancelling_stops_a_coroutine_and_says_why() -> None:
    has_begun = asyncio.Event()

    async def wait() -> ActivityCancellationDetails | None:
        has_begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return activity.cancellation_details() if activity.is_cancelled() else None
        return None

    env = ActivityEnvironment()
    running = asyncio.create_task(env.run(wait))
    await has_begun.wait()

    env.cancel(ActivityCancellationDetails(timed_out=True))
    env.cancel(ActivityCancellationDetails(paused=True))

    assert await running == ActivityCancellationDetails(timed_out=True)


def begun(env: ActivityEnvironment, wait: Callable[[], str], has_begun: threading.Event) -> Callable[[], str]:
    """Run it in a thread until it has begun. Returns: what waits for its end and says it."""
    seen: list[str] = []

    def record() -> None:
        try:
            seen.append(env.run(wait))
        except CancelledError:
            seen.append("cancelled")

    thread = threading.Thread(target=record)
    thread.start()
    has_begun.wait()

    def ended() -> str:
        thread.join()
        return seen[0]

    return ended


def test_cancelling_raises_in_the_thread_after_the_shield() -> None:
    has_begun, shielded_until = threading.Event(), threading.Event()
    survived: list[bool] = []

    def wait() -> str:
        with activity.shield_thread_cancel_exception():
            has_begun.set()
            activity.wait_for_cancelled_sync()
            shielded_until.wait()
            survived.append(activity.is_cancelled())
        return "not cancelled"

    env = ActivityEnvironment()
    ended = begun(env, wait, has_begun)

    env.cancel()
    shielded_until.set()

    assert ended() == "cancelled"
    assert survived == [True]


def test_an_activity_may_forbid_being_interrupted() -> None:
    has_begun = threading.Event()

    @activity.defn(no_thread_cancel_exception=True)
    def wait() -> str:
        has_begun.set()
        activity.wait_for_cancelled_sync()
        return "asked nicely"

    env = ActivityEnvironment()
    ended = begun(env, wait, has_begun)

    env.cancel()

    assert ended() == "asked nicely"


async def test_activities_that_come_after_the_cancellation_are_cancelled() -> None:
    env = ActivityEnvironment()
    env.cancel()

    assert env.run(activity.is_cancelled)
    with pytest.raises(asyncio.CancelledError):
        await env.run(greet, "you")


async def test_the_end_of_the_worker_is_seen() -> None:
    has_begun = asyncio.Event()

    async def wait() -> bool:
        has_begun.set()
        await activity.wait_for_worker_shutdown()
        return activity.is_worker_shutdown()

    env = ActivityEnvironment()
    running = asyncio.create_task(env.run(wait))
    await has_begun.wait()

    env.worker_shutdown()

    assert await running
    assert env.run(activity.is_worker_shutdown)


async def test_the_client_is_the_one_given() -> None:
    async def client() -> object:
        return activity.client()

    with pytest.raises(RuntimeError, match="No client available"):
        await ActivityEnvironment().run(client)
    async with await WorkflowEnvironment.start_time_skipping() as env:
        assert await ActivityEnvironment(env.client).run(client) is env.client


def test_converter_and_meter_are_there() -> None:
    env = ActivityEnvironment()

    assert env.run(activity.payload_converter) is env.payload_converter
    assert env.run(activity.metric_meter) is not None
