"""A worker in the server's process listens: what is started for it comes without a poll, all else as ever."""

from __future__ import annotations

from collections.abc import Callable, Coroutine

import pytest

from mainspring.server.engine.changes import Task
from mainspring.server.matching.records import Handed, Listener
from tests.matching.hall import NORMAL, STICKY, Hall, a_poller, a_query, a_sticky_task, a_task, on_virtual_time, play

NAME = "listening"


class Ear:
    """A listener with so much room, and what it heard."""

    def __init__(self, room: int = 10) -> None:
        self.room = room
        self.heard: list[object] = []
        self.as_listener = Listener(a_poller(NAME), lambda: self.room > 0, self._take)

    def _take(self, handed: Handed) -> None:
        self.room -= 1
        self.heard.append(handed.started)

    def on(self, hall: Hall) -> Callable[[], None] | None:
        return hall.matching.listen(STICKY, self.as_listener, sticky=True)


def start(hall: Hall, task: Task, started: str) -> str | None:
    """Start a task as the history room does. Returns: for whom."""
    poller = hall.matching.next_poller(task)
    if poller is None:
        return None
    hall.matching.hand_over(task, started, lambda: None)
    return poller.identity


@on_virtual_time
async def test_what_is_started_goes_to_the_listener_before_any_poll(hall: Hall) -> None:
    ear = Ear()
    ear.on(hall)
    poll = hall.poll(STICKY, poller=a_poller("polling"), sticky=True)
    await hall.settle()
    assert [start(hall, a_sticky_task(ref), f"{ref}") for ref in (1, 2)] == [NAME, NAME]
    await hall.settle()
    assert ear.heard == ["1", "2"]
    assert not poll.done()
    statistics = hall.matching.statistics()
    assert (statistics.added_count, statistics.matched_count, statistics.sync_matched_count) == (2, 2, 2)
    assert NAME in {seen.poller.identity for seen in hall.matching.describe(STICKY).pollers}


@on_virtual_time
async def test_without_room_it_goes_to_a_poll_and_without_a_poll_it_waits(hall: Hall) -> None:
    ear = Ear(room=1)
    ear.on(hall)
    poll = hall.poll(STICKY, poller=a_poller("polling"), sticky=True)
    await hall.settle()
    assert [start(hall, a_sticky_task(ref), f"{ref}") for ref in (1, 2, 3)] == [NAME, "polling", None]
    await hall.settle()
    assert isinstance(found := poll.result(), Handed)
    assert (ear.heard, found.started) == (["1"], "2")


@on_virtual_time
async def test_tasks_that_waited_and_queries_go_to_polls(hall: Hall) -> None:
    ear = Ear()
    ear.on(hall)
    hall.commit(a_sticky_task(1))
    assert hall.matching.next_poller(a_sticky_task(2)) is None, "another stands before it"
    assert await hall.take(STICKY) == a_sticky_task(1)
    query = a_query(queue=STICKY)
    poll = hall.poll(STICKY, sticky=True)
    await hall.settle()
    asked = hall.loop.create_task(hall.matching.ask(query, hall.loop.time() + 5))
    assert await poll == query
    asked.cancel()
    assert ear.heard == []


ENDS: dict[str, Callable[[Hall, Callable[[], None]], object]] = {
    "its own": lambda _hall, end: end(),
    "the queue's": lambda hall, _end: hall.matching.forget_queue(STICKY),
    "the worker's": lambda hall, _end: hall.matching.cancel_polls(a_poller(NAME).worker_instance_key),
    "the server's": lambda hall, _end: hall.matching.stop(),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_nobody_listens_any_more_once_that_has_ended(end: Callable[[Hall, Callable[[], None]], object]) -> None:
    async def scene(hall: Hall) -> None:
        ear = Ear()
        ended = end(hall, hear_one(hall, ear))
        if isinstance(ended, Coroutine):
            await ended
        assert start(hall, a_sticky_task(2), "not heard") is None
        assert ear.heard == ["heard"]

    play(scene)


def hear_one(hall: Hall, ear: Ear) -> Callable[[], None]:
    end = ear.on(hall)
    assert end is not None
    assert start(hall, a_sticky_task(1), "heard") == NAME
    return end


@on_virtual_time
async def test_an_old_end_does_not_end_what_came_after(hall: Hall) -> None:
    end_first = Ear().on(hall)
    assert end_first is not None
    second = Ear()
    second.on(hall)
    end_first()
    assert start(hall, a_sticky_task(1), "heard") == NAME
    assert second.heard == ["heard"]


@on_virtual_time
async def test_nobody_begins_to_listen_after_the_stop(hall: Hall) -> None:
    await hall.matching.stop()
    ear = Ear()
    assert ear.on(hall) is None
    assert start(hall, a_sticky_task(1), "1") is None


@on_virtual_time
async def test_a_queue_is_not_forgotten_while_somebody_listens(hall: Hall) -> None:
    ear = Ear()
    ear.on(hall)
    await hall.pass_time(3_600)
    assert start(hall, a_sticky_task(1), "1") == NAME
    assert start(hall, a_task(1, NORMAL), "1") is None, "it listens to one queue"
