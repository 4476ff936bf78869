"""Queries on their way: asked, waiting for a poller or with a worker, then answered.

    ask ──> TaskQueue.queries ──> a poller ──> answer ──> the asker

The asker's coroutine holds the whole life: when it ends, for whatever reason, the query is gone.
"""

from __future__ import annotations

import asyncio

from mainspring.server.engine.errors import DeadlineExceeded, FailedPrecondition, NotFound, Unavailable
from mainspring.server.matching.records import Answer, MatchingSettings, Query, StickyWorkerUnavailable
from mainspring.server.matching.task_queue import TaskQueue


class Queries:
    """All queries that have been asked and not answered."""

    def __init__(self, loop: asyncio.AbstractEventLoop, settings: MatchingSettings) -> None:
        self._loop = loop
        self._settings = settings
        self._asked: dict[str, asyncio.Future[Answer]] = {}

    def __len__(self) -> int:
        return len(self._asked)

    def is_open(self, query: Query) -> bool:
        """Whether somebody still waits for the answer."""
        future = self._asked.get(query.query_id)
        return future is not None and not future.done()

    async def ask(self, query: Query, queue: TaskQueue, deadline_s: float) -> Answer:
        """Offer the query to the queue's pollers and wait for the answer (see `Matching.ask`)."""
        future: asyncio.Future[Answer] = self._loop.create_future()
        self._asked[query.query_id] = future
        timers = [self._loop.call_at(deadline_s, _fail, future, "context deadline exceeded")]
        look_s = deadline_s - self._settings.query_margin_s
        timers.append(self._loop.call_at(look_s, self._look_for_poller, query, queue))
        try:
            queue.offer_query(query)
            return await future
        finally:
            for timer in timers:
                timer.cancel()
            queue.withdraw_query(query)
            del self._asked[query.query_id]
            if future.done() and not future.cancelled():
                future.exception()  # seen, though the asker may have been cancelled in the same moment

    def answer(self, query_id: str, answer: Answer) -> None:
        future = self._asked.get(query_id)
        if future is None or future.done():
            raise NotFound("query task not found, or already expired")
        future.set_result(answer)

    def refuse_sticky(self, query: Query) -> None:
        """The sticky queue of a waiting query is no more."""
        future = self._asked.get(query.query_id)
        if future is not None and not future.done():
            future.set_exception(StickyWorkerUnavailable(f"sticky queue {query.queue.name!r} was given up"))

    def stop(self) -> None:
        for future in self._asked.values():
            if not future.done():
                future.set_exception(Unavailable("the server is stopping"))

    def _look_for_poller(self, query: Query, queue: TaskQueue) -> None:
        """Shortly before the deadline: say what is wrong rather than let it pass, if nobody polls at all."""
        if not queue.has_query(query) or queue.was_polled_within(self._settings.query_window_s):
            return
        if query.normal_queue:
            self.refuse_sticky(query)
            return
        future = self._asked[query.query_id]
        if not future.done():
            future.set_exception(FailedPrecondition("no poller seen for task queue recently, worker may be down"))


def _fail(future: asyncio.Future[Answer], message: str) -> None:
    if not future.done():
        future.set_exception(DeadlineExceeded(message))
