"""Runs in memory, and the one way to change them.

    async with the lock of the workflow id:
        run = cached or loaded;  run.begin(now)
        reply = decide(run)                      the engine, synchronous
        await store.commit(changes)              durable
        publish(changes)                         tasks, effects, deadlines, waiters

Any exception evicts the run, so what is in memory is never ahead of, nor behind, the store for long. A version conflict
loads the run again and decides again. A caller that goes away while its commit is under way does not stop the
publishing.

What a crash may undo need not wait: `change_soon` and `change_early` publish at once, and the store writes it before
anything that follows. Whoever looks from outside waits for it (`look`), so nobody is shown what a crash then takes
back. The stamp of a workflow task that was undone is never used again, so that no other can be taken for it.

If workers are in this process, an early change whose workflow task one of them got at once is left open for the
answer, and both are one transition of the store (`LeftOpen`). Whoever else comes to the run before that closes it.
"""

from __future__ import annotations

import asyncio
import logging
import types
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Generator, Sequence
from typing import NoReturn, Protocol, TypeVar

import msgspec
from temporalio.api.history.v1 import History, HistoryEvent

from mainspring.server.engine import history_limits
from mainspring.server.engine.changes import Changes, CurrentRun, EventBatch, RunKey, Task, TaskKind
from mainspring.server.engine.errors import (
    InvalidArgument,
    InvariantError,
    NotFound,
    RunTooLarge,
    StoreUnavailable,
    Unavailable,
    VersionConflict,
)
from mainspring.server.engine.history_builder import READ_AGAIN
from mainspring.server.engine.run import Run
from mainspring.server.engine.succession import Chain
from mainspring.server.history.event_cache import EventCache
from mainspring.server.history.left_open import LeftOpen
from mainspring.server.history.locks import KeyedLocks
from mainspring.server.history.ports import Clock, Namespaces, NewId
from mainspring.server.persistence.store import RunStore

log = logging.getLogger(__name__)

T = TypeVar("T")

START_WITHIN_S = 0.05
"""How long the start of a workflow task, which nobody waits for, is kept for what is written next."""
OUTCOME_WITHIN_S = 0.005
"""How long an early change waits for the worker's answer to the task that came of it, to be written together."""
STAMPS_OF_A_LOAD = 1 << 16
"""More workflow tasks than a run can have: each time it is loaded, their stamps are such as nobody was ever given."""
RECENT_BYTES = 32 * 1024  # of history kept with each run in memory
CONFLICT_TRIES = 5


StartAtOnce = Callable[[Run], Callable[[], None] | None]
"""Starts the workflow task that a transition has scheduled, if a poll waits for it.

Returns what answers the poll, to be called when the transition is published; None if no poll waits.
"""


class Publisher(Protocol):
    """Who must learn of a commit."""

    def publish(self, changes: Changes) -> None: ...

    def doubt(self, changes: Changes) -> None:
        """The store did not say whether it has these: if it does, nothing of them may be missed."""
        ...


class Cached(msgspec.Struct):
    """A run in memory with the newest part of its history."""

    run: Run
    recent: list[EventBatch]  # consecutive batches up to the run's last event; may be empty
    recent_bytes: int = 0

    def add(self, batches: Sequence[EventBatch]) -> None:
        """More history came."""
        reached = self.recent[-1].next_event_id if self.recent else 0
        for batch in batches:
            if batch.first_event_id < reached:  # of a transition that was left open: it is here already
                continue
            self.recent.append(batch)
            self.recent_bytes += len(batch.blob)
        while self.recent_bytes > RECENT_BYTES and len(self.recent) > 1:
            self.recent_bytes -= len(self.recent.pop(0).blob)


class RunsSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How much is kept in memory, and how long."""

    cached_run_count: int = 2_000
    leaves_open: bool = False
    """Early changes are left open for the answers of workers, which come soon, since they are in this process."""


class Runs:
    """All runs, by key. See the module."""

    def __init__(
        self, store: RunStore, namespaces: Namespaces, *, clock: Clock, new_id: NewId, settings: RunsSettings
    ) -> None:
        self.store = store
        self.namespaces = namespaces
        self.clock = clock.now
        self.new_id = new_id
        self.locks = KeyedLocks()
        self.events = EventCache()
        self._settings = settings
        self._cache: OrderedDict[str, Cached] = OrderedDict()
        self._current: OrderedDict[tuple[str, str], CurrentRun] = OrderedDict()
        self._publishers: list[Publisher] = []
        self._unsettled: dict[str, asyncio.Future[None]] = {}  # the run's newest commit that nobody waited for
        self._left_open = LeftOpen(lambda run: self._commit_soon(run, None, within_s=0.0))
        self._least_stamp = clock.now()  # of runs that are loaded; above all that servers before this one have used
        self.conflict_count = 0
        self.load_count = 0

    def __repr__(self) -> str:
        return f"<Runs cached={len(self._cache)} locks={len(self.locks)} loads={self.load_count}>"

    def tell(self, *publishers: Publisher) -> None:
        """From now on these learn of every commit, in this order."""
        self._publishers.extend(publishers)

    # -- finding

    async def resolve(self, namespace_id: str, workflow_id: str, run_id: str) -> RunKey:
        """The key of the run that a request names; without a run id, the workflow id's current run.

        Raises:
            NotFound: there is none. Whether a named run exists is found out when it is loaded.
        """
        if run_id:
            return RunKey(namespace_id, workflow_id, run_id)
        current = await self.current(namespace_id, workflow_id)
        if current is None:
            raise NotFound(f"workflow not found for ID: {workflow_id}")
        return current.key

    async def current(self, namespace_id: str, workflow_id: str) -> CurrentRun | None:
        """The run that a workflow id stands for."""
        known = self._current.get((namespace_id, workflow_id))
        if known is not None:
            return known
        return await self.store.current_run(namespace_id, workflow_id)

    def known_current(self, namespace_id: str, workflow_id: str) -> CurrentRun | None:
        """The same, if it is known without asking the store."""
        return self._current.get((namespace_id, workflow_id))

    # -- changing

    async def change(self, key: RunKey, decide: Callable[[Run], T]) -> T:
        """Carry out one transition of a run.

        Returns: what `decide` returned; its changes, if there are any, are durable and published.

        Raises: what `decide` raises, with the run as it was; NotFound: there is no such run; Unavailable: the store.
        """
        async with self.locks.hold((key.namespace_id, key.workflow_id)):
            return await self.change_held(key, decide)

    async def change_named(
        self, namespace_id: str, workflow_id: str, run_id: str, decide: Callable[[Run], T]
    ) -> tuple[RunKey, T]:
        """`change` of the run that a request names: without a run id, of the one that is current as it is changed.

        Found before, it could continue as new while this waits for the lock, and a signal to a workflow that goes on
        would be refused, a cancel request lost.
        """
        async with self.locks.hold((namespace_id, workflow_id)):
            key = await self.resolve(namespace_id, workflow_id, run_id)
            return key, await self.change_held(key, decide)

    async def change_held(self, key: RunKey, decide: Callable[[Run], T], *, goes_on: bool = False) -> T:
        """`change` for a caller that holds the lock of the workflow id.

        `goes_on`: it is what an early change was left open for, and is written together with that.
        """
        for _ in range(CONFLICT_TRIES):
            try:
                run = (self.in_memory(key) if goes_on else self._closed(key)) or await self.load(key)
                reply = self._decide(run, decide)
                if run.is_dirty:
                    await self.commit(run)
            except VersionConflict:
                self.conflict_count += 1
                continue
            except RunTooLarge as error:
                await self._end(key, error.message)
            return reply
        raise Unavailable(f"workflow {key.workflow_id} is changed by others all the time, try again")

    async def change_soon(self, key: RunKey, decide: Callable[[Run], T], *, if_undone: Callable[[], None]) -> T:
        """`change` without waiting until it is durable, for what a crash may undo.

        `if_undone` is called should the store refuse it after all; the run is then as it was, and may be changed anew.
        """
        async with self.locks.hold((key.namespace_id, key.workflow_id)):
            try:
                run = self._closed(key) or await self.load(key)
                reply = self._decide(run, decide)
                if run.is_dirty:
                    _ = self._commit_soon(run, if_undone, within_s=START_WITHIN_S)
            except RunTooLarge as error:
                await self._end(key, error.message)
            return reply

    async def change_early(
        self, named: RunKey, decide: Callable[[Run], T], start_at_once: StartAtOnce
    ) -> tuple[RunKey, T]:
        """`change_named`, but a workflow task that comes of it is handed out before it is durable.

        It is then written with what the worker makes of the task: one commit instead of two. Whoever asked for the
        change waits until it is durable, and asks again if the store refuses it.

        If a poll waits for the task, `start_at_once` starts it in the same transition. That may be left open
        (`RunsSettings`): then the answer goes on with it (`goes_on`), and both are one transition for the store.
        """
        written: asyncio.Future[None] | None = None
        async with self.locks.hold((named.namespace_id, named.workflow_id)):
            key = named if named.run_id else await self.resolve(*named.parts)
            try:
                run = self._closed(key) or await self.load(key)
                reply = self._decide(run, decide)
                if _has_workflow_task(run.tasks):
                    written = self._hand_out(run, start_at_once)
                elif run.is_dirty:
                    await self.commit(run)
            except VersionConflict:
                return key, await self.change_held(key, decide)
            except RunTooLarge as error:
                await self._end(key, error.message)
        return key, reply if written is None else await self._early_ended(key, written, reply, decide)

    async def _early_ended(self, key: RunKey, written: asyncio.Future[None], reply: T, decide: Callable[[Run], T]) -> T:
        """Wait until an early change is durable; it is made anew if another that it followed was refused."""
        try:
            await written
        except StoreUnavailable as error:
            raise Unavailable(str(error)) from error
        except (VersionConflict, RunTooLarge):
            return await self.change(key, decide)
        return reply

    def _decide(self, run: Run, decide: Callable[[Run], T]) -> T:
        """Decide on a transition, which is not committed yet; the run is evicted if it is refused.

        Raises: what `decide` raises; RunTooLarge: its history has grown too long, so it is to be ended instead.
        """
        run.begin(self.clock())
        try:
            reply = decide(run)
            reason = history_limits.excess(run)
            if reason is not None and run.is_dirty:
                raise RunTooLarge(reason)
        except BaseException:
            if run.is_dirty:
                self.evict(run.key)
            raise
        return reply

    async def _end(self, key: RunKey, reason: str) -> NoReturn:
        """End the run, as it is stored, because it has grown too large. Raises: InvalidArgument: the reason."""
        stored = await self.load(key)
        stored.begin(self.clock())
        history_limits.end(stored, reason)
        await self.commit(stored)
        raise InvalidArgument(reason)

    async def look(self, key: RunKey, see: Callable[[Run], T]) -> T:
        """Look at a run between two transitions, when all of it is durable. `see` must not change it.

        Raises: NotFound: there is no such run.
        """
        return await self._see(key, see, settles=True)

    async def look_named(self, namespace_id: str, workflow_id: str, run_id: str, see: Callable[[Run], T]) -> T:
        """`look` at the run that a request names: without a run id, at the one that is current as it is looked at."""
        async with self.locks.hold((namespace_id, workflow_id)):
            key = await self.resolve(namespace_id, workflow_id, run_id)
            return await self._see_held(key, see, settles=True)

    async def glance(self, key: RunKey, see: Callable[[Run], T]) -> T:
        """`look` without waiting until all is durable: to find out whether to wait, not what to answer."""
        return await self._see(key, see, settles=False)

    async def _see(self, key: RunKey, see: Callable[[Run], T], *, settles: bool) -> T:
        async with self.locks.hold((key.namespace_id, key.workflow_id)):
            return await self._see_held(key, see, settles=settles)

    async def _see_held(self, key: RunKey, see: Callable[[Run], T], *, settles: bool) -> T:
        self._left_open.close(key.run_id)
        if settles and key.run_id in self._unsettled:
            await self.store.settle()
        run = await self.load(key)
        seen = see(run)
        if run.is_dirty:
            self.evict(key)
            raise InvariantError("a run was changed by looking at it", run.execution)
        return seen

    def _closed(self, key: RunKey) -> Run | None:
        """The run, if it is in memory, with nothing left open."""
        self._left_open.close(key.run_id)
        return self.in_memory(key)

    def in_memory(self, key: RunKey) -> Run | None:
        """The run, if it is in memory: also one that was left open."""
        cached = self._cache.get(key.run_id)
        if cached is None or cached.run.key != key:
            return None
        self._cache.move_to_end(key.run_id)
        return cached.run

    async def load(self, key: RunKey) -> Run:
        """The run in memory, or from the store; the caller holds its lock.

        Raises: NotFound.
        """
        known = self._closed(key)
        if known is not None:
            return known
        stored = await self.store.load_run(key)
        if stored is None:
            raise NotFound(
                f'workflow execution not found for workflow ID "{key.workflow_id}" and run ID "{key.run_id}"'
            )
        self.load_count += 1
        self._least_stamp += STAMPS_OF_A_LOAD
        run = Run.load(
            key,
            self.namespaces.settings(key.namespace_id),
            version=stored.version,
            next_event_id=stored.next_event_id,
            state=stored.state,
            records=stored.records,
            least_stamp=self._least_stamp,
        )
        self._keep(run)
        return run

    # -- committing

    async def commit(self, *runs: Run) -> None:
        """Make the changes of runs durable together, and publish them. Successors go along.

        The caller holds their locks. On failure all of them are evicted.

        Raises: VersionConflict, CurrentRunConflict; Unavailable: the store did not take it.
        """
        chained: list[Run] = []
        for run in runs:
            chained.append(run)
            if run.successor is not None:
                chained.append(run.successor)
                run.successor = None
        transition: list[Changes] = []
        left = self._left_open.take(runs[0].key.run_id)

        def committed() -> None:
            self._publish(chained, transition)
            if left is not None:
                left.end()

        try:
            transition = [run.take_changes() for run in chained]
            await finish(self.store.commit(transition), committed)
        except StoreUnavailable as error:
            if left is not None:
                left.end(error)
            self._evict_all(chained)
            for changes in transition:
                for publisher in self._publishers:
                    publisher.doubt(changes)
            raise Unavailable(str(error)) from error
        except BaseException:
            if left is not None:
                left.end(VersionConflict("what followed in the same transition was refused"))
            self._evict_all(chained)
            raise

    def _commit_soon(self, run: Run, if_undone: Callable[[], None] | None, *, within_s: float) -> asyncio.Future[None]:
        try:
            transition = [run.take_changes()]
            written = self.store.commit_soon(transition, within_s=within_s)
        except StoreUnavailable as error:
            self.evict(run.key)
            raise Unavailable(str(error)) from error
        except BaseException:
            self.evict(run.key)
            raise
        self._unsettled[run.key.run_id] = written

        def ended(_: object) -> None:
            self._soon_ended(transition[0], written, if_undone)

        written.add_done_callback(ended)
        self._publish([run], transition)
        return written

    # -- left open

    def _hand_out(self, run: Run, start_at_once: StartAtOnce) -> asyncio.Future[None]:
        """Give the workflow task that was just scheduled to a worker before it is durable. Returns: when it is."""
        try:
            hand_over = start_at_once(run)
        except BaseException:
            self.evict(run.key)
            raise
        if hand_over is None:
            return self._commit_soon(run, None, within_s=OUTCOME_WITHIN_S)
        run.end_step()
        if self._settings.leaves_open:
            self._keep(run).add(run.batches)
            written = self._left_open.add(run)
        else:
            written = self._commit_soon(run, None, within_s=OUTCOME_WITHIN_S)
        hand_over()
        return written

    def _soon_ended(
        self, changes: Changes, written: asyncio.Future[None], if_undone: Callable[[], None] | None
    ) -> None:
        if self._unsettled.get(changes.key.run_id) is written:
            del self._unsettled[changes.key.run_id]
        error = written.exception()
        if error is None:
            return
        log.warning("a commit that was published before failed: run=%s error=%s", changes.key.run_id, error)
        self.evict(changes.key)
        for publisher in self._publishers:
            publisher.doubt(changes)
        if if_undone is not None:
            if_undone()

    def _evict_all(self, runs: Sequence[Run]) -> None:
        for run in runs:
            self.evict(run.key)

    def _publish(self, runs: Sequence[Run], transition: Sequence[Changes]) -> None:
        for run, changes in zip(runs, transition, strict=True):
            self._keep(run).add(changes.events)
            if changes.read_again:
                self.events.put(changes.key.run_id, changes.read_again)
            if changes.current is not None:
                self._remember_current(changes.current)
        for changes in transition:
            for publisher in self._publishers:
                publisher.publish(changes)

    def _remember_current(self, current: CurrentRun) -> None:
        key = (current.key.namespace_id, current.key.workflow_id)
        self._current[key] = current
        self._current.move_to_end(key)
        while len(self._current) > self._settings.cached_run_count * 2:
            self._current.popitem(last=False)

    def _keep(self, run: Run) -> Cached:
        """Have the run in memory; one that is there already was moved to those used last as it was asked for."""
        run_id = run.key.run_id
        cached = self._cache.get(run_id)
        if cached is None or cached.run is not run:
            cached = self._cache[run_id] = Cached(run, [])
            self._cache.move_to_end(run_id)
            while len(self._cache) > self._settings.cached_run_count:
                self._cache.popitem(last=False)
        return cached

    def evict(self, key: RunKey) -> None:
        """Forget the run in memory; it will be loaded again. What it was left open with is to be made anew."""
        if (left := self._left_open.take(key.run_id)) is not None:
            left.end(VersionConflict(f"run {key.run_id} is not in memory any more"))
        self._cache.pop(key.run_id, None)
        self._current.pop((key.namespace_id, key.workflow_id), None)

    def recent(self, key: RunKey) -> Sequence[EventBatch]:
        """The newest batches of the run that are in memory."""
        cached = self._cache.get(key.run_id)
        return cached.recent if cached is not None else ()

    async def history(
        self, key: RunKey, *, first_event_id: int, before_event_id: int, limit: int, newest_first: bool = False
    ) -> list[EventBatch]:
        """Batches of a range from the store, which has all that was published: see `RunStore.history`."""
        self._left_open.close(key.run_id)
        return await self.store.history(
            key.run_id,
            first_event_id=first_event_id,
            before_event_id=before_event_id,
            limit=limit,
            newest_first=newest_first,
        )

    # -- events that are read again

    async def event(self, key: RunKey, event_id: int) -> HistoryEvent:
        """One event of a run.

        Raises: NotFound: the run has none of that id.
        """
        known = self.events.get(key.run_id, event_id)
        if known is not None:
            return known
        batches = await self.history(key, first_event_id=event_id, before_event_id=event_id + 1, limit=1)
        found: HistoryEvent | None = None
        for batch in batches:
            events = History.FromString(batch.blob).events
            self.events.put(
                key.run_id,
                {event.event_id: event.SerializeToString() for event in events if event.event_type in READ_AGAIN},
            )
            found = next((event for event in events if event.event_id == event_id), found)
        if found is None:
            raise NotFound(f"event {event_id} of workflow {key.workflow_id} not found")
        return found

    async def chain(self, key: RunKey) -> Chain:
        """What the run needs to be followed by another."""
        return Chain(first_event=await self.event(key, 1), new_id=self.new_id)


def _has_workflow_task(tasks: Sequence[Task]) -> bool:
    for task in tasks:  # noqa: SIM110 - there is hardly ever more than one, and `any` makes a generator first
        if task.queue.kind is TaskKind.WORKFLOW:
            return True
    return False


@types.coroutine
def finish(work: Awaitable[T], then: Callable[[], object]) -> Generator[object, None, T]:
    """Await `work` and then call `then`, even if the caller is cancelled meanwhile; the cancellation comes after.

    `work` must wait for nothing that lets itself be cancelled, as a store's commit does not. It runs within the task of
    the caller: a task of its own behind a shield costs more than all the rest of a commit on this thread.
    """
    steps = work.__await__()
    cancelled: asyncio.CancelledError | None = None
    while True:
        try:
            waits_for = next(steps)
        except StopIteration as end:
            then()
            if cancelled is not None:
                raise cancelled from None
            result: T = end.value
            return result
        try:
            yield waits_for
        except asyncio.CancelledError as error:
            cancelled = error
