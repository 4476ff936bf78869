"""Poll loops: slots, backoff, scaling, and their end."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
from temporalio.api.taskqueue.v1 import PollerScalingDecision
from temporalio.api.workflowservice.v1 import PollActivityTaskQueueResponse

from mainspring.service import RPCError, RPCStatusCode
from mainspring.worker import PollerBehavior, PollerBehaviorAutoscaling, PollerBehaviorSimpleMaximum, _pollers
from mainspring.worker._poller_behavior import PollScale
from mainspring.worker._pollers import PolledQueue, Pollers
from mainspring.worker._slots import CountedSlots, FixedLimit, UsedByActivity

Reply = PollActivityTaskQueueResponse
NOTHING = Reply()


class Queue:
    """What polls get, in order; after that, they wait until `answer_all`."""

    def __init__(self, *replies: Reply | RPCError) -> None:
        self.replies = deque(replies)
        self.out = 0
        self.most_out = 0
        self.done: list[bytes] = []
        self.go_on = asyncio.Event()
        self._end = asyncio.Event()

    async def poll(self) -> Reply:
        self.out += 1
        self.most_out = max(self.most_out, self.out)
        try:
            if not self.replies:
                await self._end.wait()
                return NOTHING
            reply = self.replies.popleft()
            await asyncio.sleep(0)
            if isinstance(reply, RPCError):
                raise reply
            return reply
        finally:
            self.out -= 1

    async def handle(self, task: Reply) -> None:
        await self.go_on.wait()
        self.done.append(task.task_token)

    def answer_all(self) -> None:
        self._end.set()

    def pollers(
        self, behavior: PollerBehavior, slots: int = 100, listen: Callable[..., Callable[[], None]] | None = None
    ) -> Pollers:
        pollers = Pollers("tasks", CountedSlots(FixedLimit(slots)), end_within_s=5)
        pollers.add(
            PolledQueue(
                poll=self.poll,
                handle=self.handle,
                used_by=lambda _: UsedByActivity("a"),
                behavior=behavior,
                listen=listen,
            )
        )
        return pollers


def task(token: bytes, delta: int | None = None) -> Reply:
    reply = Reply(task_token=token)
    if delta is not None:
        reply.poller_scaling_decision.poll_request_delta_suggestion = delta
    return reply


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not holds():  # noqa: ASYNC110 - what is waited for is no event
            await asyncio.sleep(0)


async def test_as_many_polls_are_out_as_are_wanted() -> None:
    queue = Queue()
    pollers = queue.pollers(PollerBehaviorSimpleMaximum(3))
    running = asyncio.create_task(pollers.run())
    await until(lambda: queue.out == 3)
    pollers.stop()
    queue.answer_all()
    await running
    assert queue.most_out == 3


async def test_no_poll_is_out_without_a_slot() -> None:
    queue = Queue(task(b"1"), task(b"2"))
    pollers = queue.pollers(PollerBehaviorSimpleMaximum(5), slots=2)
    running = asyncio.create_task(pollers.run())
    await until(lambda: not queue.replies)
    await asyncio.sleep(0)
    assert queue.out == 0
    queue.go_on.set()
    await until(lambda: queue.out == 2)
    pollers.stop()
    queue.answer_all()
    await running


async def test_a_stop_waits_for_polls_and_for_tasks_that_they_bring() -> None:
    queue = Queue()
    pollers = queue.pollers(PollerBehaviorSimpleMaximum(1))
    running = asyncio.create_task(pollers.run())
    await until(lambda: queue.out == 1)
    pollers.stop()
    queue.replies.append(task(b"late"))
    queue.poll = None  # type: ignore[method-assign,assignment]  # nobody polls any more
    pollers.begin(lambda: queue.handle(task(b"late")), await pollers.slots.reserve())
    queue.answer_all()
    queue.go_on.set()
    await running
    assert queue.done == [b"late"]


async def test_polls_that_are_not_answered_are_given_up() -> None:
    queue = Queue()
    pollers = Pollers("tasks", CountedSlots(FixedLimit(5)), end_within_s=0)
    pollers.add(
        PolledQueue(
            poll=queue.poll,
            handle=queue.handle,
            used_by=lambda _: UsedByActivity("a"),
            behavior=PollerBehaviorSimpleMaximum(2),
        )
    )
    running = asyncio.create_task(pollers.run())
    await until(lambda: queue.out == 2)
    pollers.stop()
    await asyncio.wait_for(running, 1)
    assert queue.out == 0


async def test_errors_that_time_may_heal_are_waited_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_pollers, "FIRST_RETRY_AFTER_S", 0.0)
    unavailable = RPCError("away", RPCStatusCode.UNAVAILABLE, b"")
    queue = Queue(unavailable, unavailable, task(b"1"))
    queue.go_on.set()
    pollers = queue.pollers(PollerBehaviorSimpleMaximum(1))
    running = asyncio.create_task(pollers.run())
    await until(lambda: queue.done == [b"1"])
    pollers.stop()
    queue.answer_all()
    await running


async def test_waiting_after_an_error_ends_with_the_worker() -> None:
    queue = Queue(RPCError("too many", RPCStatusCode.RESOURCE_EXHAUSTED, b""))
    pollers = queue.pollers(PollerBehaviorSimpleMaximum(1))
    running = asyncio.create_task(pollers.run())
    await until(lambda: not queue.replies)
    pollers.stop()
    await asyncio.wait_for(running, 0.5)


@pytest.mark.parametrize("status", [RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.INVALID_ARGUMENT])
async def test_errors_that_stay_end_the_run_after_its_tasks(status: RPCStatusCode) -> None:
    queue = Queue(task(b"1"), RPCError("no", status, b""))
    pollers = queue.pollers(PollerBehaviorSimpleMaximum(1))
    running = asyncio.create_task(pollers.run())
    await until(lambda: not queue.replies)
    assert not running.done()
    queue.go_on.set()
    with pytest.raises(RPCError, match="no"):
        await asyncio.wait_for(running, 5)
    assert queue.done == [b"1"]


async def test_polls_grow_and_shrink_as_the_server_suggests() -> None:
    queue = Queue(task(b"1", delta=+3))
    queue.go_on.set()
    pollers = queue.pollers(PollerBehaviorAutoscaling(minimum=1, maximum=4, initial=2))
    running = asyncio.create_task(pollers.run())
    await until(lambda: queue.out == 4)
    pollers.stop()
    queue.answer_all()
    await running


def decision(delta: int) -> PollerScalingDecision:
    return PollerScalingDecision(poll_request_delta_suggestion=delta)


def test_scales_stay_within_their_bounds() -> None:
    scale = PollScale(PollerBehaviorAutoscaling(minimum=2, maximum=8, initial=5))
    scale.polled(None, is_task=False)
    assert scale.wanted == 5  # a server that suggests nothing says nothing by being silent
    scale.polled(decision(100), is_task=True)
    assert scale.wanted == 8
    scale.polled(None, is_task=False)
    assert scale.wanted == 7
    scale.failed(is_exhausted=True)
    assert scale.wanted == 3
    scale.polled(decision(-100), is_task=True)
    assert scale.wanted == 2


def test_a_fixed_number_stays() -> None:
    scale = PollScale(PollerBehaviorSimpleMaximum(3))
    scale.polled(decision(5), is_task=True)
    scale.failed(is_exhausted=True)
    assert scale.wanted == 3


@pytest.mark.parametrize(
    "behavior",
    [
        PollerBehaviorSimpleMaximum(0),
        PollerBehaviorAutoscaling(minimum=0),
        PollerBehaviorAutoscaling(minimum=6, initial=5),
        PollerBehaviorAutoscaling(initial=101),
    ],
)
def test_bounds_that_are_none_are_refused(behavior: PollerBehavior) -> None:
    with pytest.raises(ValueError, match=r"minimum|maximum"):
        PollScale(behavior)


# -- listening


class Ear:
    """What a queue that is listened to does with those who listen."""

    def __init__(self) -> None:
        self.has_room: Callable[[], bool] = lambda: False
        self.take: Callable[[Coroutine[Any, Any, Reply]], None] | None = None
        self.begun = 0

    def listen(
        self, has_room: Callable[[], bool], take: Callable[[Coroutine[Any, Any, Reply]], None]
    ) -> Callable[[], None]:
        self.begun += 1
        self.has_room, self.take = has_room, take
        return self.end

    def end(self) -> None:
        self.take = None

    def tell(self, token: bytes) -> None:
        async def reply() -> Reply:
            await asyncio.sleep(0)
            if not token:
                raise RPCError("gone", RPCStatusCode.UNAVAILABLE, b"")
            return task(token)

        assert self.take is not None
        self.take(reply())


@asynccontextmanager
async def listening(queue: Queue, ear: Ear, slots: int) -> AsyncGenerator[tuple[Pollers, asyncio.Task[None]]]:
    """Pollers that listen, with one poll out, and their run; it has ended afterwards."""
    pollers = queue.pollers(PollerBehaviorSimpleMaximum(1), slots, ear.listen)
    running = asyncio.create_task(pollers.run())
    await until(lambda: queue.out == 1)
    yield pollers, running
    pollers.stop()
    queue.answer_all()
    await running


async def test_what_is_heard_is_done_while_there_are_slots() -> None:
    queue, ear = Queue(), Ear()
    async with listening(queue, ear, slots=3):
        ear.tell(b"1")
        assert ear.has_room()
        ear.tell(b"2")
        assert not ear.has_room(), "the third is the poll's"
        queue.go_on.set()
        await until(lambda: queue.done == [b"1", b"2"] and ear.has_room())


async def test_a_stop_ends_listening_and_waits_for_what_was_heard() -> None:
    queue, ear = Queue(), Ear()
    async with listening(queue, ear, slots=3) as (pollers, running):
        ear.tell(b"1")
        pollers.stop()
        assert ear.take is None
        queue.answer_all()
        await asyncio.sleep(0.01)
        assert not running.done()
        queue.go_on.set()
    assert queue.done == [b"1"]


async def test_what_cannot_be_told_frees_its_slot(caplog: pytest.LogCaptureFixture) -> None:
    queue, ear = Queue(), Ear()
    async with listening(queue, ear, slots=2):
        ear.tell(b"")
        assert not ear.has_room()
        await until(ear.has_room)
        assert "one of the tasks was lost" in caplog.text


async def test_with_another_client_it_listens_anew() -> None:
    queue, ear = Queue(), Ear()
    queue.pollers(PollerBehaviorSimpleMaximum(1), 2, ear.listen).listen_anew()
    assert ear.begun == 0, "it does not work yet"
    async with listening(queue, ear, slots=2) as (pollers, _):
        pollers.listen_anew()
        assert ear.begun == 2
        assert ear.take is not None
        pollers.stop()
        pollers.listen_anew()
        assert ear.take is None


async def test_a_worker_that_is_cancelled_listens_no_more() -> None:
    queue, ear = Queue(), Ear()
    running = asyncio.create_task(queue.pollers(PollerBehaviorSimpleMaximum(1), 2, ear.listen).run())
    await until(lambda: queue.out == 1)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert ear.take is None


async def test_a_task_that_never_began_keeps_nobody_waiting() -> None:
    """As where a program ends: `asyncio.run` cancels all that is left, also what was made in that very turn."""
    queue, ear = Queue(), Ear()
    async with asyncio.timeout(5):
        async with listening(queue, ear, slots=2) as (pollers, _):
            permit = pollers.slots.try_reserve()
            assert permit is not None
            before = asyncio.all_tasks()
            pollers.begin(lambda: queue.handle(task(b"1")), permit)
            for begun in asyncio.all_tasks() - before:
                begun.cancel()
        await pollers.worked()
    assert queue.done == []
