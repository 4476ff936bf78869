"""What the tests of matching share: a loop whose time leaps to the next timer, a table of rows, builders.

    @on_virtual_time
    async def test_x(hall: Hall) -> None: ...

Nothing here sleeps: when everybody waits, time leaps; when nobody is left to wake anyone, the loop says so.
"""

from __future__ import annotations

import asyncio
import functools
import selectors
from collections.abc import Callable, Coroutine
from typing import TypedDict, Unpack

from mainspring.server.engine.changes import QueueKey, RunKey, Task, TaskKind
from mainspring.server.engine.errors import StoreUnavailable
from mainspring.server.matching.backlog import TaskIdentity, identity_of, place_of
from mainspring.server.matching.matching import Matching
from mainspring.server.matching.records import Handed, MatchingSettings, Poller, Query

SECOND = 1_000_000_000
EPOCH = 1_700_000_000 * SECOND
NORMAL = QueueKey("ns", "normal", TaskKind.WORKFLOW)
STICKY = QueueKey("ns", "sticky", TaskKind.WORKFLOW)
ACTIVITIES = QueueKey("ns", "normal", TaskKind.ACTIVITY)


class _Leaping(selectors.SelectSelector):
    """Instead of waiting, moves the time."""

    now_s = 1000.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise AssertionError("everybody waits and nothing will ever wake them")
        self.now_s += max(timeout, 0.0)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """Time passes only when there is nothing to do."""

    def __init__(self) -> None:
        self._leaping = _Leaping()
        super().__init__(self._leaping)

    def time(self) -> float:
        return self._leaping.now_s


class Table:
    """Rows as the store keeps them; can be held up, and can fail."""

    def __init__(self) -> None:
        self.rows: dict[TaskIdentity, Task] = {}
        self.read_count = 0
        self.failures_left = 0
        self.is_held = False
        self._held: list[asyncio.Future[None]] = []
        self.dropped: list[Task] = []

    def put(self, *tasks: Task) -> None:
        for task in tasks:
            if not task.is_speculative:
                self.rows[identity_of(task)] = task

    def remove(self, task: Task) -> None:
        """The row goes with the transition that starts its task, if it is still the same."""
        found = self.rows.get(identity_of(task))
        if found is not None and found.stamp == task.stamp:
            del self.rows[identity_of(task)]

    def release(self) -> None:
        """Let the reads that are held up answer; with what they saw when they began."""
        for held in self._held:
            if not held.done():
                held.set_result(None)
        self._held.clear()

    async def queues_with_tasks(self) -> list[QueueKey]:
        return list(dict.fromkeys(task.queue for task in self.rows.values()))

    async def ready_tasks(self, queue: QueueKey, *, after: Task | None, limit: int) -> list[Task]:
        self.read_count += 1
        rows = sorted((task for task in self.rows.values() if task.queue == queue), key=place_of)
        seen = [task for task in rows if after is None or place_of(task) > place_of(after)][:limit]
        if self.failures_left:
            self.failures_left -= 1
            raise StoreUnavailable("the disk is full")
        if self.is_held:
            held: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._held.append(held)
            await held
        else:
            await asyncio.sleep(0)
        return seen

    async def count_tasks(self, queue: QueueKey) -> int:
        return sum(task.queue == queue for task in self.rows.values())

    async def drop_task(self, task: Task) -> None:
        await asyncio.sleep(0)
        self.dropped.append(task)
        self.remove(task)


class Hall:
    """A started `Matching` over a table, on virtual time."""

    def __init__(self, settings: MatchingSettings) -> None:
        self.loop = asyncio.get_running_loop()
        self.settings = settings
        self.table = Table()
        self.matching = Matching(self.table, clock=self.now, settings=settings)
        self._polls: set[asyncio.Task[Task | Query | Handed | None]] = set()

    def now(self) -> int:
        return EPOCH + int(self.loop.time() * SECOND)

    def restart(self) -> None:
        """Another process over the same table; still to be started."""
        self.matching = Matching(self.table, clock=self.now, settings=self.settings)

    def commit(self, *tasks: Task) -> None:
        """Make tasks durable, then offer them: what history does."""
        for task in tasks:
            self.table.put(task)
            self.matching.offer(task)

    def poll(
        self, queue: QueueKey = NORMAL, poller: Poller | None = None, *, wait_s: float = 60.0, sticky: bool = False
    ) -> asyncio.Task[Task | Query | Handed | None]:
        """A poll that waits in the background."""
        coroutine = self.matching.poll(queue, poller or a_poller(), deadline_s=self.loop.time() + wait_s, sticky=sticky)
        poll = self.loop.create_task(coroutine)
        self._polls.add(poll)
        poll.add_done_callback(self._polls.discard)
        return poll

    async def take(self, queue: QueueKey = NORMAL, poller: Poller | None = None) -> Task | Query | Handed | None:
        """What a poll gets that will not wait, but lets a page be read."""
        return await self.poll(queue, poller, wait_s=0.001)

    async def take_refs(self, queue: QueueKey = NORMAL) -> list[int]:
        """Refs of all tasks, as one worker gets and starts them."""
        refs: list[int] = []
        while (task := await self.take(queue)) is not None:
            assert isinstance(task, Task)
            refs.append(task.ref)
            self.table.remove(task)
        return refs

    async def settle(self) -> None:
        """Let everybody run who can, without time passing."""
        for _ in range(10):
            await asyncio.sleep(0)

    async def pass_time(self, seconds: float) -> None:
        passed: asyncio.Future[None] = self.loop.create_future()
        self.loop.call_later(seconds, passed.set_result, None)
        await passed


Scene = Callable[[Hall], Coroutine[None, None, None]]


def play(scene: Scene, settings: MatchingSettings | None = None) -> None:
    """Run a scene on virtual time, from start to stop."""

    async def whole() -> None:
        hall = Hall(settings or MatchingSettings())
        await hall.matching.start()
        await scene(hall)
        await hall.matching.stop()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(whole())


def on_virtual_time(scene: Scene) -> Callable[[], None]:
    """A test that is a scene."""

    def test() -> None:
        play(scene)

    functools.update_wrapper(test, scene)
    del test.__wrapped__  # type: ignore[attr-defined]  # or pytest would ask for the scene's parameter
    return test


class TaskFields(TypedDict, total=False):
    """What a test may want to say about a task."""

    stamp: int
    created_at: int
    priority: int
    fairness_key: str
    fairness_weight: float
    is_speculative: bool
    expires_at: int | None


def a_task(ref: int, queue: QueueKey = NORMAL, **fields: Unpack[TaskFields]) -> Task:
    """A ready task; created at `ref` seconds unless said otherwise."""
    values: TaskFields = {"stamp": 0, "created_at": EPOCH + ref * SECOND, **fields}
    normal_queue = NORMAL.name if queue == STICKY else ""
    run = RunKey(queue.namespace_id, "wf", f"run-{ref}")
    return Task(run=run, queue=queue, ref=ref, normal_queue=normal_queue, **values)


def a_sticky_task(ref: int, **fields: Unpack[TaskFields]) -> Task:
    return a_task(ref, STICKY, **fields)


def a_poller(identity: str = "worker", max_tasks_per_second: float | None = None) -> Poller:
    return Poller(
        identity=identity, worker_instance_key=f"key of {identity}", max_tasks_per_second=max_tasks_per_second
    )


def a_query(query_id: str = "q", queue: QueueKey = NORMAL, normal_queue: str = "") -> Query:
    return Query(
        query_id=query_id, run=RunKey("ns", "wf", "run"), queue=queue, query=b"what", normal_queue=normal_queue
    )
