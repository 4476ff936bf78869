"""One task queue of one kind: pollers on one side, tasks and queries on the other, and the rate between them.

Whenever something changed on either side, `match` pairs the poller that has waited longest with the best that is
ready: a query first (somebody waits for it), then a task if the rate allows one. A poll that comes when nobody is in
line before it, and a task that comes when nothing is ready before it, are paired without passing through any line.
"""

from __future__ import annotations

import asyncio
import math
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from functools import partial

import msgspec

from mainspring.server.engine.changes import NORMAL_PRIORITY, Nanos, QueueKey, Task
from mainspring.server.matching.backlog import Backlog, Known
from mainspring.server.matching.pollers import PollerMemory, Wait, WaitingPolls
from mainspring.server.matching.rates import RateByPriority, TokenBucket
from mainspring.server.matching.records import (
    Handed,
    Listener,
    MatchingSettings,
    MatchingStatistics,
    Poller,
    PriorityLoad,
    Query,
    QueueDescription,
)
from mainspring.server.matching.rows import RowReader


class Surroundings(msgspec.Struct, frozen=True):
    """What all queues of one `Matching` share."""

    loop: asyncio.AbstractEventLoop
    clock: Callable[[], Nanos]
    settings: MatchingSettings
    known: Known
    rows: RowReader
    statistics: MatchingStatistics
    page_came: Callable[[TaskQueue], None]


class TaskQueue:
    """See the module."""

    def __init__(self, key: QueueKey, around: Surroundings, *, is_complete: bool) -> None:
        now_s = around.loop.time()
        settings = around.settings
        self.key = key
        self.is_sticky = False
        self.backlog = Backlog(
            key,
            around.known,
            task_limit=settings.buffer_task_limit,
            page_limit=settings.page_task_limit,
            is_complete=is_complete,
        )
        self.polls = WaitingPolls()
        self._around = around
        self._queries: OrderedDict[str, Query] = OrderedDict()
        self._memory = PollerMemory()
        self._bucket = TokenBucket()
        self._rate_timer: asyncio.TimerHandle | None = None
        self._added = RateByPriority(now_s)
        self._dispatched = RateByPriority(now_s)
        self._touched_s = now_s
        self._is_given_up = False
        self.listener: Listener | None = None  # gets what is started for it; all else waits for polls, as ever
        self._next: Listener | None = None  # whose turn `next_poller` found it to be

    def __repr__(self) -> str:
        return f"<TaskQueue {self.key.name!r}: {len(self.polls)} polls, {self.backlog!r}>"

    # -- tasks

    def offer(self, task: Task, *, is_new: bool) -> None:
        """A task is ready, and `Known.offer` let it pass."""
        now_s = self._around.loop.time()
        if is_new:
            self._added.add(task.priority, now_s)
            self._around.statistics.added_count += 1
        self._touched_s = now_s
        wait = self.polls.first() if self._goes_at_once(task, now_s) else None
        if wait is None:
            self.backlog.offer(task)
            self.match()
            return
        self._around.known.hand_out(task)
        self._dispatched_now(task, now_s)
        self._pair(wait, task)

    def next_poller(self, task: Task) -> Poller | None:
        """Whose poll gets the task if it is offered now; None if it would have to wait."""
        if not self._goes_at_once(task, self._around.loop.time()):
            return None
        self._next = self._ready_listener()
        found = self._next or self.polls.first()
        return None if found is None else found.poller

    def hand_over(self, task: Task, handed: Handed) -> None:
        """The task was started for the poll of `next_poller`, without a wait since."""
        now_s = self._around.loop.time()
        self._added.add(task.priority, now_s)
        self._around.statistics.added_count += 1
        self._dispatched_now(task, now_s)
        if self._next is not None:
            self.stay(self._next.poller)
            self._around.statistics.sync_matched_count += 1
            self._next.take(handed)
            return
        wait = self.polls.first()
        assert wait is not None, "nothing has changed since `next_poller`"
        self._pair(wait, handed)

    def _goes_at_once(self, task: Task, now_s: float) -> bool:
        """Whether somebody who waits may have the task now: nothing is ready before it, and the rate allows it."""
        is_held_up = not self.backlog.is_drained or self._queries or self._bucket.ready_at_s() > now_s
        return not is_held_up and not self._is_expired(task)

    def _ready_listener(self) -> Listener | None:
        listener = self.listener
        return listener if listener is not None and listener.has_room() else None

    def match(self) -> None:
        """Pair waiting polls with what is ready, and see to it that more is read when it runs low."""
        while (wait := self.polls.first()) is not None:
            found = self._take()
            if found is None:
                break
            self._pair(wait, found)
        if self.backlog.wants_page and self._is_wanted():
            self.fill()

    def fill(self) -> None:
        """Read a page in the background, if it is time."""
        if self.backlog.wants_page:
            self._around.rows.fill(self.backlog, partial(self._around.page_came, self))

    # -- pollers

    def visit(self, poller: Poller) -> None:
        """A poll has come: note who, and the rate that it asks for, which may have made more ready."""
        now_s = self._around.loop.time()
        self._memory.note(poller, now=self._around.clock(), now_s=now_s)
        self._touched_s = now_s
        if poller.max_tasks_per_second != self._bucket.per_second:
            self._bucket.set_rate(poller.max_tasks_per_second, now_s)
            self._cancel_rate_timer()
            self.match()

    def take_at_once(self) -> Task | Query | None:
        """What a poll gets without waiting; nothing while others are in line before it."""
        if self.polls.first() is not None:
            return None
        found = self._take()
        self.fill()
        return found

    def leave(self, wait: Wait) -> None:
        """A poll is over."""
        self.polls.discard(wait)
        self._touched_s = self._around.loop.time()

    def stay(self, poller: Poller) -> None:
        """A poll was answered, so its worker was there until now."""
        self._memory.note(poller, now=self._around.clock(), now_s=self._around.loop.time())

    def cancel_polls(self, worker_instance_key: str) -> int:
        if self.listener is not None and self.listener.poller.worker_instance_key == worker_instance_key:
            self.listener = None
        self._memory.forget_worker(worker_instance_key)
        return self.polls.answer_all(worker_instance_key)

    def has_recent_poller(self, window_s: float) -> bool:
        """Somebody waits, or was here within the window."""
        if self._is_given_up:
            return False
        return self.polls.first() is not None or self._memory.seen_since(self._around.loop.time() - window_s)

    def was_polled_within(self, window_s: float) -> bool:
        """As `has_recent_poller`, counting workers that have said goodbye since: others may follow them soon."""
        since_s = self._around.loop.time() - window_s
        return not self._is_given_up and (self.polls.first() is not None or self._memory.any_seen_since(since_s))

    # -- queries

    def offer_query(self, query: Query, *, is_first: bool = False) -> None:
        self._touched_s = self._around.loop.time()
        self._queries[query.query_id] = query
        if is_first:
            self._queries.move_to_end(query.query_id, last=False)
        self.match()

    def withdraw_query(self, query: Query) -> None:
        self._queries.pop(query.query_id, None)

    def has_query(self, query: Query) -> bool:
        """Whether it still waits for a poller."""
        return query.query_id in self._queries

    def queries(self) -> list[Query]:
        return list(self._queries.values())

    # -- the queue as a whole

    def describe(self) -> QueueDescription:
        now_s = self._around.loop.time()
        loads = self._loads(now_s)
        return QueueDescription(
            pollers=self._memory.newest_first(now_s - self._around.settings.poller_memory_s),
            waiting_poll_count=len(self.polls),
            backlog_count_hint=self.backlog.count,
            backlog_age_ns=max(load.backlog_age_ns for load in loads.values()),
            add_rate=sum(load.add_rate for load in loads.values()),
            dispatch_rate=sum(load.dispatch_rate for load in loads.values()),
            max_tasks_per_second=self._bucket.per_second,
            is_rate_limited=self._rate_timer is not None,
            is_sticky=self.is_sticky,
            by_priority=loads,
        )

    def _loads(self, now_s: float) -> dict[int, PriorityLoad]:
        """By priority. Rows that are not in memory count as normal ones: which they are is not known."""
        loads: defaultdict[int, PriorityLoad] = defaultdict(PriorityLoad)
        loads[NORMAL_PRIORITY].backlog_count_hint = self.backlog.left_count
        now = self._around.clock()
        for task in self.backlog.tasks():
            load = loads[task.priority]
            load.backlog_count_hint += 1
            load.backlog_age_ns = max(load.backlog_age_ns, now - task.created_at)
        for priority, rate in self._added.per_second(now_s).items():
            loads[priority].add_rate = rate
        for priority, rate in self._dispatched.per_second(now_s).items():
            loads[priority].dispatch_rate = rate
        return dict(sorted(loads.items()))

    def is_idle(self) -> bool:
        """Whether nothing would be lost by forgetting the queue. Also forgets pollers that have been away for long."""
        now_s = self._around.loop.time()
        settings = self._around.settings
        self._memory.forget_before(now_s - settings.poller_memory_s)
        is_empty = self.backlog.is_drained and not self._queries and self.polls.first() is None
        return is_empty and self.listener is None and self._touched_s <= now_s - settings.idle_s

    def give_up(self) -> None:
        """The queue's worker has said goodbye: nobody polls it, whatever is still on its way out."""
        self.is_sticky = True
        self._is_given_up = True
        self.close()

    def close(self) -> None:
        """Send the polls home; nothing will be matched any more."""
        self.listener = None
        self.polls.answer_all()
        self._cancel_rate_timer()

    # -- inside

    def _take(self) -> Task | Query | None:
        """The best that is ready now."""
        if self._queries:
            return self._queries.popitem(last=False)[1]
        if not len(self.backlog):
            return None
        now_s = self._around.loop.time()
        ready_at_s = self._bucket.ready_at_s()
        if ready_at_s > now_s:
            self._wait_for_rate(ready_at_s)
            return None
        while (task := self.backlog.pop()) is not None:
            if not self._is_expired(task):
                self._around.known.hand_out(task)
                self._dispatched_now(task, now_s)
                return task
            self._around.statistics.expired_count += 1
            self._around.rows.drop(task)
        return None

    def _pair(self, wait: Wait, found: Task | Query | Handed) -> None:
        self.polls.discard(wait)
        wait.answer(found)
        if not isinstance(found, Query):
            self._around.statistics.sync_matched_count += 1

    def _dispatched_now(self, task: Task, now_s: float) -> None:
        self._bucket.spend(now_s)
        self._dispatched.add(task.priority, now_s)
        self._around.statistics.matched_count += 1

    def _is_expired(self, task: Task) -> bool:
        return task.expires_at is not None and task.expires_at <= self._around.clock()

    def _is_wanted(self) -> bool:
        """A page is read for pollers only: for one that waits, or to be ahead of those who come and go."""
        return self.polls.first() is not None or self._memory.seen_since(
            self._around.loop.time() - self._around.settings.sticky_window_s
        )

    def _wait_for_rate(self, ready_at_s: float) -> None:
        if self._rate_timer is None and not math.isinf(ready_at_s):
            self._rate_timer = self._around.loop.call_at(ready_at_s, self._rate_allows)

    def _rate_allows(self) -> None:
        self._rate_timer = None
        self.match()

    def _cancel_rate_timer(self) -> None:
        if self._rate_timer is not None:
            self._rate_timer.cancel()
            self._rate_timer = None
