"""The door of the room: `Matching`.

    history   --offer(task)-->            ┌───────────┐   --poll-->    frontend (PollWorkflowTaskQueue, ...)
    frontend  --ask(query), answer-->     │ TaskQueue │   --describe-->
    store     --ready_tasks (pages)-->    └───────────┘   --drop_task--> store

Everything happens on one loop and between two awaits, so there are no locks. A task that was handed out is the
caller's: it starts the task (whose commit removes the row), or drops it as stale, or offers it again if it could do
neither.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from functools import partial

import msgspec

from mainspring.server.engine.changes import Nanos, QueueKey, RunKey, Task, TaskKind
from mainspring.server.engine.errors import Unavailable
from mainspring.server.matching.backlog import Known, identity_of
from mainspring.server.matching.pollers import Wait
from mainspring.server.matching.queries import Queries
from mainspring.server.matching.records import (
    Answer,
    Handed,
    Listener,
    MatchingSettings,
    MatchingStatistics,
    Poller,
    Query,
    QueueDescription,
    StickyWorkerUnavailable,
    Waiting,
)
from mainspring.server.matching.rows import RowReader
from mainspring.server.matching.task_queue import Surroundings, TaskQueue
from mainspring.server.persistence.store import TaskStore

START_CONCURRENCY = 8


class Matching:
    """Where waiting pollers meet ready tasks. Made inside the running loop; started before the first offer.

    `clock` gives wall time in nanoseconds. Deadlines are seconds of the loop's clock, which is `time.monotonic`.
    """

    def __init__(
        self, store: TaskStore, *, clock: Callable[[], Nanos], settings: MatchingSettings | None = None
    ) -> None:
        self._settings = settings or MatchingSettings()
        self._store = store
        self._loop = asyncio.get_running_loop()
        self._counters = MatchingStatistics()
        self._known = Known()
        self._rows = RowReader(store, self._counters, retry_s=self._settings.retry_s)
        self._around = Surroundings(
            loop=self._loop,
            clock=clock,
            settings=self._settings,
            known=self._known,
            rows=self._rows,
            statistics=self._counters,
            page_came=self._hand_over,
        )
        self._queues: dict[QueueKey, TaskQueue] = {}
        self._queries = Queries(self._loop, self._settings)
        self._shut_down_workers: dict[str, float] = {}  # worker instance key -> when it said so
        self._sweep_timer: asyncio.TimerHandle | None = None
        self._is_stopped = False

    def __repr__(self) -> str:
        return f"<Matching {len(self._queues)} queues, {len(self._known.waiting)} tasks>"

    # -- life

    async def start(self) -> None:
        """Load what waits: the first page of every queue; of sticky queues everything, for their workers may be gone.

        Raises:
            StoreError: the store could not be read.
        """
        queues: list[TaskQueue] = []
        for key in await self._store.queues_with_tasks():
            queue = self._queue(key, is_complete=False)
            queue.backlog.doubt()
            queues.append(queue)
        while queues:
            batch = queues[-START_CONCURRENCY:]
            del queues[-START_CONCURRENCY:]
            await asyncio.gather(*(self._load(queue) for queue in batch))
        self._plan_sweep()

    async def stop(self) -> None:
        """Answer all polls with nothing and all queries with `Unavailable`; later ones get the same at once."""
        self._is_stopped = True
        if self._sweep_timer is not None:
            self._sweep_timer.cancel()
        for queue in self._queues.values():
            queue.close()
        self._queries.stop()
        await self._rows.close()

    # -- tasks

    def offer(self, task: Task) -> None:
        """A task is ready: called right after the commit that made it durable, or to give back one that was polled.

        It takes the place of an older one of the same (run, kind, ref), in whatever queue that waits. A sticky task
        whose worker has not polled of late goes to its normal queue.
        """
        if not self._is_stopped:
            self._place(task, is_new=True)

    def next_poller(self, task: Task) -> Poller | None:
        """Whose poll gets the task if it is offered now; None if it would have to wait.

        Who starts the task in its place calls `hand_over` before anything else may happen.
        """
        place = None if self._is_stopped else self._queues.get(task.queue)
        return None if place is None else place.next_poller(task)

    def hand_over(self, task: Task, started: object, give_up: Callable[[], None]) -> None:
        """Answer the poll of `next_poller` with what the task became, once that is published.

        `give_up` is called should the poll's caller have gone in the same moment: nobody else can have the task.
        """
        self._queues[task.queue].hand_over(task, Handed(started, give_up))

    def doubt(self, queue: QueueKey) -> None:
        """The table may hold tasks of the queue that were never offered, since a commit's answer was lost: read it."""
        if not self._is_stopped:
            place = self._queue(queue, is_complete=False)
            place.backlog.doubt()
            place.fill()

    def drop(self, task: Task) -> None:
        """A task was found to be stale: forget it, and remove its row in the background."""
        self._known.withdraw(identity_of(task), task.stamp)
        self._rows.drop(task)

    def withdraw(self, run: RunKey, finished: Iterable[tuple[TaskKind, int]]) -> None:
        """Tasks are over, as a commit says (`Changes.finished_tasks`): they need not be found stale by a poller.

        Called before the same commit's new tasks are offered, which may carry the same refs.
        """
        for kind, ref in finished:
            self._known.withdraw((run.run_id, ref, kind is TaskKind.WORKFLOW))

    async def poll(
        self, queue: QueueKey, poller: Poller, *, deadline_s: float, sticky: bool
    ) -> Task | Query | Handed | None:
        """Wait for a task or a query, in line behind the polls that came before.

        Returns: None at the deadline, at `stop`, and when the worker shuts down or its sticky queue is forgotten.
        Cancelling the poll gives its place free at once, and what was just matched to it goes to the next poll.
        """
        if self._is_stopped or self._has_shut_down(poller.worker_instance_key):
            return None
        place = self._queue(queue)
        place.is_sticky = sticky
        place.visit(poller)
        found = place.take_at_once()
        if found is not None or deadline_s <= self._loop.time():
            return found
        return await self._wait(place, poller, deadline_s)

    def listen(self, queue: QueueKey, listener: Listener, *, sticky: bool) -> Callable[[], None] | None:
        """Hand the tasks that are started for a waiting poll (`hand_over`) to a worker that does not poll for each.

        It has to poll nevertheless: for tasks that wait, and for queries. Returns: what ends it; None: it
        did not begin.
        """
        if self._is_stopped or self._has_shut_down(listener.poller.worker_instance_key):
            return None
        place = self._queue(queue)
        place.is_sticky = sticky
        place.visit(listener.poller)
        place.listener = listener
        return partial(_end_listening, place, listener)

    # -- queries

    async def ask(self, query: Query, deadline_s: float) -> Answer:
        """Bring a query to a worker and wait for its answer. Cancelling withdraws it.

        Raises:
            StickyWorkerUnavailable: the queue is sticky and nobody polls it any more; ask on the normal one.
            FailedPrecondition: nobody has polled the queue lately; found out a second before the deadline, as in the
                real server, so that a worker which is about to start can still answer.
            DeadlineExceeded: no answer in time.
            Unavailable: the server is stopping.
        """
        if self._is_stopped:
            raise Unavailable("the server is stopping")
        if query.normal_queue and not self.has_recent_poller(query.queue):
            raise StickyWorkerUnavailable(f"no worker polls sticky queue {query.queue.name!r}")
        return await self._queries.ask(query, self._queue(query.queue), deadline_s)

    def answer(self, query_id: str, answer: Answer) -> None:
        """Hand a worker's answer to the asker.

        Raises:
            NotFound: nobody waits for it (any more).
        """
        self._queries.answer(query_id, answer)

    @property
    def has_open_queries(self) -> bool:
        """Somebody waits for an answer."""
        return len(self._queries) > 0

    # -- pollers

    def has_recent_poller(self, queue: QueueKey, window_s: float | None = None) -> bool:
        """Whether somebody polls the queue now or did within the window (that of sticky workers if not given)."""
        place = self._queues.get(queue)
        return place is not None and place.has_recent_poller(
            self._settings.sticky_window_s if window_s is None else window_s
        )

    def cancel_polls(self, worker_instance_key: str) -> int:
        """A worker shuts down: answer its polls with nothing, now and for a while. Returns: how many were waiting."""
        if not worker_instance_key:
            return 0
        self._shut_down_workers[worker_instance_key] = self._loop.time()
        return sum(queue.cancel_polls(worker_instance_key) for queue in self._queues.values())

    def forget_queue(self, queue: QueueKey) -> None:
        """A sticky queue is given up: its tasks go to their normal queues, its queries back to their askers."""
        place = self._queues.pop(queue, None)
        if place is None:
            return
        place.give_up()
        for query in place.queries():
            self._queries.refuse_sticky(query)
        self._hand_over(place)

    # -- what it looks like

    def describe(self, queue: QueueKey) -> QueueDescription:
        """Pollers, backlog and rates of a queue; all empty if nobody has used it lately."""
        place = self._queues.get(queue)
        return (place or TaskQueue(queue, self._around, is_complete=True)).describe()

    def backlog_count_hint(self, queue: QueueKey) -> int:
        """About how many tasks wait."""
        place = self._queues.get(queue)
        return 0 if place is None else place.backlog.count

    def statistics(self) -> MatchingStatistics:
        """Counters since the start, and the present numbers."""
        counters = msgspec.structs.replace(self._counters)
        counters.queue_count = len(self._queues)
        counters.waiting_poll_count = sum(len(queue.polls) for queue in self._queues.values())
        counters.waiting_task_count = len(self._known.waiting)
        counters.waiting_query_count = len(self._queries)
        return counters

    def waiting(self) -> dict[TaskKind, Waiting]:
        """Tasks and polls of each kind, over all queues: looks at each of them."""
        found = {kind: Waiting() for kind in TaskKind}
        for key, queue in self._queues.items():
            found[key.kind].task_count += queue.backlog.count
            found[key.kind].poll_count += len(queue.polls)
        return found

    # -- inside

    def _queue(self, key: QueueKey, *, is_complete: bool = True) -> TaskQueue:
        """The queue of that name. A new one is known to have no rows: all that there were at the start are loaded."""
        queue = self._queues.get(key)
        if queue is None:
            queue = self._queues[key] = TaskQueue(key, self._around, is_complete=is_complete)
        return queue

    async def _load(self, queue: TaskQueue) -> None:
        await self._rows.read_page(queue.backlog)
        queue.is_sticky = queue.is_sticky or queue.backlog.has_sticky_tasks()
        if not queue.backlog.is_complete:
            queue.backlog.left_count = await self._store.count_tasks(queue.key) - len(queue.backlog)
        self._hand_over(queue)

    def _hand_over(self, queue: TaskQueue) -> None:
        """A page came: match it. If the worker of a sticky queue has gone, bring its tasks to their normal queues.

        Those beyond memory too, page by page: each page brings us here again.
        """
        if not queue.is_sticky or queue.has_recent_poller(self._settings.sticky_window_s):
            queue.match()
            return
        for task in queue.backlog.take_all():
            self._place(task, is_new=False)
        queue.fill()

    def _place(self, task: Task, *, is_new: bool) -> None:
        if not self._known.offer(task):
            return
        home = task.queue
        if task.normal_queue and not self.has_recent_poller(home):
            home = QueueKey(home.namespace_id, task.normal_queue, home.kind)
            self._counters.redirected_count += 1
        self._queue(home).offer(task, is_new=is_new)

    async def _wait(self, place: TaskQueue, poller: Poller, deadline_s: float) -> Task | Query | Handed | None:
        wait = Wait(poller, self._loop.create_future())
        place.polls.add(wait)
        timer = self._loop.call_at(deadline_s, wait.answer, None)
        try:
            found = await wait.future
        except asyncio.CancelledError:
            if wait.future.done() and not wait.future.cancelled():
                self._take_back(place, wait.future.result())
            raise
        finally:
            timer.cancel()
            place.leave(wait)
        if not self._has_shut_down(poller.worker_instance_key):
            place.stay(poller)
        return found

    def _take_back(self, place: TaskQueue, found: Task | Query | Handed | None) -> None:
        """What was matched to a poll whose caller had gone in the same moment goes to the next."""
        if found is None or self._is_stopped:
            return
        self._counters.returned_count += 1
        if isinstance(found, Handed):
            found.give_up()
        elif isinstance(found, Task):
            self._place(found, is_new=False)
        elif self._queries.is_open(found):
            place.offer_query(found, is_first=True)

    def _has_shut_down(self, worker_instance_key: str) -> bool:
        if not worker_instance_key or not self._shut_down_workers:
            return False
        said_s = self._shut_down_workers.get(worker_instance_key)
        return said_s is not None and said_s > self._loop.time() - self._settings.shutdown_memory_s

    def _plan_sweep(self) -> None:
        if not self._is_stopped:
            self._sweep_timer = self._loop.call_later(self._settings.sweep_s, self._sweep)

    def _sweep(self) -> None:
        """Forget idle queues, so that memory does not grow with the names of sticky queues.

        A sticky queue whose worker has gone may still hold tasks that its runs have long given up.
        """
        for key, queue in list(self._queues.items()):
            if queue.is_sticky and len(queue.backlog):
                self._hand_over(queue)
            if queue.is_idle():
                queue.close()
                del self._queues[key]
        since_s = self._loop.time() - self._settings.shutdown_memory_s
        self._shut_down_workers = {key: at_s for key, at_s in self._shut_down_workers.items() if at_s > since_s}
        self._plan_sweep()


def _end_listening(place: TaskQueue, listener: Listener) -> None:
    if place.listener is listener:  # else another has come after it
        place.listener = None
