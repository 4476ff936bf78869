"""The loops that poll: a slot, a poll, a task begun; as many as are wanted; and no task lost at the end.

    pollers = Pollers("workflow tasks", slots)
    pollers.add(PolledQueue(...)) ; await pollers.run()          another task: pollers.stop() ; await pollers.ended()

A slot is taken before a poll, so that no task is accepted that would have to wait. Errors that time may heal are waited
out, longer each time; those that will not go away end `run`. At a stop the server is told before polls are given up: if
it can, it answers them, so that no task is on its way to a worker that has gone.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

from temporalio.api.taskqueue.v1 import PollerScalingDecision

from mainspring.service import RPCError, RPCStatusCode
from mainspring.worker._own_loop import OwnLoop
from mainspring.worker._poller_behavior import PollerBehavior, PollScale
from mainspring.worker._slots import Permit, Slots
from mainspring.worker._tuning import SlotInfo

logger = logging.getLogger("mainspring.worker")

POLLS_END_WITHIN_S = 2.0  # after a server that answers them was told that the worker stops
FIRST_RETRY_AFTER_S = 0.1
LONGEST_RETRY_AFTER_S = 10.0
EXHAUSTED_RETRY_AFTER_S = 1.0  # at least, if the server has too much to do
FATAL = {RPCStatusCode.INVALID_ARGUMENT, RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNIMPLEMENTED}
EVERYDAY = {RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED}


class Polled(Protocol):
    """What all replies to polls have."""

    @property
    def task_token(self) -> bytes: ...

    @property
    def poller_scaling_decision(self) -> PollerScalingDecision: ...

    def HasField(self, field_name: Any, /) -> bool: ...


R = TypeVar("R", bound=Polled)
Work: TypeAlias = Callable[[], Coroutine[Any, Any, None]]  # how a task is done
Listen: TypeAlias = Callable[[Callable[[], bool], Callable[[Coroutine[Any, Any, R]], None]], Callable[[], None] | None]
"""Takes whether there is room, and what takes what a reply comes of; returns what ends it, if it began."""


@dataclass(frozen=True)
class PolledQueue(Generic[R]):
    """One queue that is polled."""

    poll: Callable[[], Awaitable[R]]
    handle: Callable[[R], Coroutine[Any, Any, None]]
    """Does the task; its slot is free when this ends."""
    used_by: Callable[[R], SlotInfo]
    behavior: PollerBehavior
    is_sticky: bool = False
    listen: Listen[R] | None = None
    """Some tasks come without a poll for each, where the server is in this process."""


class Pollers:
    """See the module. `what`: what is polled for, in the log."""

    def __init__(self, what: str, slots: Slots, *, end_within_s: float = POLLS_END_WITHIN_S) -> None:
        """`end_within_s`: how long polls that are out may take at a stop; 0 for a server that does not answer them."""
        self.slots = slots
        self._end_within_s = end_within_s
        self._what = what
        self._loops: set[asyncio.Task[None]] = set()
        self._waiting: set[asyncio.Task[Any]] = set()  # for a slot: may be given up at any time
        self._working: dict[Permit, asyncio.Task[None]] = {}
        self._starting: set[asyncio.Task[None]] = set()  # about to be at work
        self._queues: list[_QueueLoops[Any]] = []
        self.is_stopping = False
        self._stopping = asyncio.Event()
        self._failed: asyncio.Future[None] | None = None
        self._loop_of_tasks = OwnLoop()
        self._listening: list[Callable[[], None]] = []  # what ends it

    def add(self, queue: PolledQueue[Any]) -> None:
        """Poll this one, too."""
        self._queues.append(_QueueLoops(queue, PollScale(queue.behavior)))

    async def run(self) -> None:
        """Poll until `stop`; then wait for the tasks at work.

        Raises:
            RPCError: The server refuses the worker for good. Tasks at work were done nevertheless.
        """
        self._failed = asyncio.get_running_loop().create_future()
        for queue in self._queues:
            self._fill(queue)
            self._listen(queue.queue)
        stopping: asyncio.Future[Any] = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait({stopping, self._failed}, return_when=asyncio.FIRST_COMPLETED)
            self.stop()
            await self.ended()
            if self._failed.done():
                self._failed.result()
        finally:
            self.stop()
            await _cancel([stopping, *self._loops, *self._waiting])
            while left := [task for task in (*self._working.values(), *self._starting) if not task.done()]:
                await asyncio.wait(left)
            if self._failed.done():
                self._failed.exception()  # looked at

    def stop(self) -> None:
        """Poll no more. Polls that are out go on until they are answered."""
        self.is_stopping = True
        self._stopping.set()
        self._stop_listening()
        for waiting in self._waiting:
            waiting.cancel()

    async def ended(self) -> None:
        """Wait until all polls are answered, if they will be."""
        if self._loops:
            await asyncio.wait(self._loops, timeout=self._end_within_s)

    async def worked(self, within_s: float | None = None) -> None:
        """Wait until no task is at work, for so long at most."""
        if self._working and within_s != 0:
            await asyncio.wait(self._working.values(), timeout=within_s)

    def fail(self, error: BaseException) -> None:
        """End `run` with an error, unless it has one already."""
        if self._failed is not None and not self._failed.done():
            self._failed.set_exception(error)

    def begin(self, work: Work, permit: Permit) -> None:
        """Do a task in a slot, whichever way it came."""
        self._working[permit] = self._loop_of_tasks.get().create_task(self._in_slot(work, permit))

    def begin_when_free(self, work: Work, info: SlotInfo) -> None:
        """Do a task that came by another way, as soon as there is a slot for it."""
        starting = asyncio.create_task(self._begin_when_free(work, info))
        self._starting.add(starting)
        starting.add_done_callback(self._starting.discard)

    async def _begin_when_free(self, work: Work, info: SlotInfo) -> None:
        permit = await self.slots.reserve()
        self.slots.mark_used(permit, info)
        self.begin(work, permit)

    async def _in_slot(self, work: Work, permit: Permit) -> None:
        """Do a task, then free its slot: by itself, since for a callback the loop takes another turn."""
        try:
            await work()
        except Exception:
            logger.exception("one of the %s was lost", self._what)
        finally:
            del self._working[permit]
            self.slots.release(permit)

    # -- listening

    def listen_anew(self) -> None:
        """Listen where `listen` leads now."""
        self._stop_listening()
        if self._failed is not None:  # it runs
            for queue in self._queues:
                self._listen(queue.queue)

    def _stop_listening(self) -> None:
        while self._listening:
            self._listening.pop()()

    def _listen(self, queue: PolledQueue[R]) -> None:
        if queue.listen is None or self.is_stopping:
            return

        def take(reply: Coroutine[Any, Any, R]) -> None:
            permit = self.slots.reserve_now(is_sticky=queue.is_sticky)
            assert permit is not None, "there was room, and nothing has happened since"
            self.begin(partial(self._work_on, reply, queue, permit), permit)

        end = queue.listen(lambda: self.slots.has_room(is_sticky=queue.is_sticky), take)
        if end is not None:
            self._listening.append(end)

    async def _work_on(self, reply: Coroutine[Any, Any, R], queue: PolledQueue[R], permit: Permit) -> None:
        task = await reply
        self.slots.mark_used(permit, queue.used_by(task))
        await queue.handle(task)

    # -- loops

    def _fill(self, queue: _QueueLoops[Any]) -> None:
        """Begin as many loops as are wanted; loops that are too many end by themselves."""
        while queue.running < queue.scale.wanted and not self.is_stopping:
            queue.running += 1
            loop = asyncio.create_task(self._loop(queue))
            self._loops.add(loop)
            loop.add_done_callback(lambda done, queue=queue: self._loop_ended(done, queue))  # type: ignore[misc]  # mypy cannot type it

    def _loop_ended(self, loop: asyncio.Task[None], queue: _QueueLoops[Any]) -> None:
        self._loops.discard(loop)
        queue.running -= 1
        if not loop.cancelled() and (error := loop.exception()) is not None:
            self.fail(error)

    async def _loop(self, queue: _QueueLoops[Any]) -> None:
        loop = asyncio.current_task()
        assert loop is not None, "loops are tasks"
        while not self.is_stopping and queue.running <= queue.scale.wanted:
            permit = self.slots.reserve_now(is_sticky=queue.queue.is_sticky) or await self._permit(queue.queue, loop)
            if permit is None:
                return
            try:
                polled = await queue.queue.poll()
            except RPCError as error:
                self.slots.release(permit)
                await self._after_failure(error, queue)
                continue
            except BaseException:
                self.slots.release(permit)
                raise
            queue.failures = 0
            self._answered(polled, permit, queue)

    def _answered(self, polled: Polled, permit: Permit, queue: _QueueLoops[Any]) -> None:
        is_task = bool(polled.task_token)
        decision = polled.poller_scaling_decision if polled.HasField("poller_scaling_decision") else None
        queue.scale.polled(decision, is_task=is_task)
        if is_task:
            self.slots.mark_used(permit, queue.queue.used_by(polled))
            self.begin(partial(queue.queue.handle, polled), permit)
        else:
            self.slots.release(permit)
        self._fill(queue)

    async def _permit(self, queue: PolledQueue[Any], waiting: asyncio.Task[Any]) -> Permit | None:
        """Wait for a slot; none if the worker stops before there is one."""
        self._waiting.add(waiting)
        try:
            permit = await self.slots.reserve(is_sticky=queue.is_sticky)
        except asyncio.CancelledError:
            if self.is_stopping:
                return None
            raise
        finally:
            self._waiting.discard(waiting)
        if self.is_stopping:
            self.slots.release(permit)
            return None
        return permit

    async def _after_failure(self, error: RPCError, queue: _QueueLoops[Any]) -> None:
        """Wait a while, longer each time."""
        if self.is_stopping:
            return
        if error.status in FATAL:
            raise error
        is_exhausted = error.status == RPCStatusCode.RESOURCE_EXHAUSTED
        if error.status not in EVERYDAY:
            queue.scale.failed(is_exhausted=is_exhausted)
            logger.warning("polling for %s failed, trying again: %s", self._what, error)
        queue.failures += 1
        wait_s = min(LONGEST_RETRY_AFTER_S, FIRST_RETRY_AFTER_S * 2 ** min(queue.failures - 1, 10))
        wait_s = max(wait_s, EXHAUSTED_RETRY_AFTER_S) if is_exhausted else wait_s
        waiting = asyncio.create_task(asyncio.sleep(wait_s * random.uniform(0.8, 1.2)))  # noqa: S311 - spreads polls
        self._waiting.add(waiting)
        await asyncio.wait([waiting])
        self._waiting.discard(waiting)


class _QueueLoops(Generic[R]):
    """The loops on one queue."""

    def __init__(self, queue: PolledQueue[R], scale: PollScale) -> None:
        self.queue = queue
        self.scale = scale
        self.running = 0
        self.failures = 0  # since the last answer


async def _cancel(tasks: Sequence[asyncio.Future[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
