from __future__ import annotations

import asyncio
import concurrent.futures
from datetime import timedelta
from typing import Any

from mainspring import activity
from mainspring.exceptions import ApplicationError
from mainspring.worker._activity_heartbeats import Details, Heartbeats, Throttle
from mainspring.worker._activity_registry import ActivityRegistry
from tests.worker.activity_server import FakeServer, Running

MANY = 1000


class Sent:
    """Heartbeats that went out."""

    def __init__(self) -> None:
        self.details: list[Details] = []
        self.some = asyncio.Event()

    async def send(self, details: Details) -> None:
        self.details.append(details)
        self.some.set()


def test_the_interval_is_most_of_the_timeout() -> None:
    assert Throttle().interval_s(10) == 8


def test_the_interval_has_a_bound_and_a_default() -> None:
    assert Throttle().interval_s(1000) == 60
    assert Throttle().interval_s(0.0) == 30


async def test_the_first_goes_out_at_once_and_the_last_of_many_after_the_interval() -> None:
    sent = Sent()
    heartbeats = Heartbeats(sent.send, 0.001, asyncio.get_running_loop())
    for number in range(3):
        heartbeats.beat(number)
        await sent.some.wait()
    sent.some.clear()
    await asyncio.wait_for(sent.some.wait(), 5)
    await heartbeats.end()
    assert sent.details == [(0,), (2,)]


async def test_what_was_not_sent_is_known_at_the_end_and_nothing_is_taken_after_it() -> None:
    sent = Sent()
    heartbeats = Heartbeats(sent.send, 3600, asyncio.get_running_loop())
    heartbeats.beat("first")
    await sent.some.wait()
    heartbeats.beat("second")
    unsent: Any = await heartbeats.end()
    heartbeats.beat("third")
    assert (sent.details, unsent) == ([("first",)], ("second",))


async def test_a_heartbeat_from_another_thread_with_a_loop_of_its_own_is_one_too() -> None:
    sent = Sent()
    heartbeats = Heartbeats(sent.send, 0, asyncio.get_running_loop())

    async def elsewhere() -> None:
        heartbeats.beat("from afar")

    await asyncio.to_thread(asyncio.run, elsewhere())
    await asyncio.wait_for(sent.some.wait(), 5)
    assert await heartbeats.end() is None
    assert sent.details == [("from afar",)]


async def test_all_sent_leaves_nothing_at_the_end() -> None:
    sent = Sent()
    heartbeats = Heartbeats(sent.send, 0, asyncio.get_running_loop())
    heartbeats.beat("only")
    await sent.some.wait()
    assert await heartbeats.end() is None


async def test_heartbeats_by_the_thousand_cost_the_server_one_and_hold_nobody_up() -> None:
    server, is_over = FakeServer(), asyncio.Event()

    @activity.defn
    def beat_in_thread() -> None:
        for number in range(MANY):
            activity.heartbeat(number)
        raise ApplicationError("that was the last")

    @activity.defn
    async def serve_others() -> int:
        turns = 0
        while not is_over.is_set():
            await asyncio.sleep(0)
            turns += 1
        return turns

    with concurrent.futures.ThreadPoolExecutor(1) as threads:
        registry = ActivityRegistry([beat_in_thread, serve_others], threads, None)
        async with Running(server, [], registry=registry):
            server.give("serve_others")
            server.give("beat_in_thread", heartbeat_timeout=timedelta(hours=1))
            failed = await server.end()
            is_over.set()
            served = await server.end()

    assert server.heartbeats.get_nowait() == [0]
    assert server.heartbeats.empty()
    assert failed.last_heartbeat == [MANY - 1]
    assert served.result > MANY, "the loop turned between them"
