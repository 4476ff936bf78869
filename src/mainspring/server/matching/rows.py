"""The slow side of the room: pages that are read from the store, and rows that are removed from it.

Runs in tasks of its own, at most one per queue that reads and one that removes; none while nothing is to be done.
A store that fails is tried again after `retry_s`: pollers wait meanwhile, as if there were no tasks.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable

from mainspring.server.engine.changes import Task
from mainspring.server.engine.errors import StoreError
from mainspring.server.matching.backlog import Backlog, Page
from mainspring.server.matching.records import MatchingStatistics
from mainspring.server.persistence.store import TaskStore

log = logging.getLogger(__name__)


class RowReader:
    """Reads pages into backlogs and drops rows, in the background."""

    def __init__(self, store: TaskStore, statistics: MatchingStatistics, *, retry_s: float) -> None:
        self._store = store
        self._statistics = statistics
        self._retry_s = retry_s
        self._fills: set[asyncio.Task[None]] = set()
        self._drops: asyncio.Task[None] | None = None
        self._droppable: deque[Task] = deque()
        self._is_closed = False

    async def read_page(self, backlog: Backlog) -> None:
        """Read the next page of a backlog.

        Raises:
            StoreError: nothing was read; the page is wanted again.
        """
        page = backlog.begin_page()
        try:
            await self._read(backlog, page)
        finally:
            backlog.fail_page(page)

    def fill(self, backlog: Backlog, then: Callable[[], None]) -> None:
        """Read one page in the background, then call `then`, whatever came of it."""
        if self._is_closed:
            return
        task = asyncio.get_running_loop().create_task(self._fill(backlog, backlog.begin_page(), then))
        self._fills.add(task)
        task.add_done_callback(self._fills.discard)

    def drop(self, task: Task) -> None:
        """Remove a row in the background."""
        if task.is_speculative or self._is_closed:
            return
        self._droppable.append(task)
        if self._drops is None:
            self._drops = asyncio.get_running_loop().create_task(self._drop_all())

    async def close(self) -> None:
        """Stop reading, finish removing."""
        self._is_closed = True
        for task in self._fills:
            task.cancel()
        waited_for = [*self._fills] if self._drops is None else [*self._fills, self._drops]
        await asyncio.gather(*waited_for, return_exceptions=True)

    async def _read(self, backlog: Backlog, page: Page) -> None:
        rows = await self._store.ready_tasks(backlog.key, after=page.after, limit=page.limit)
        backlog.end_page(page, rows)
        self._statistics.page_count += 1

    async def _fill(self, backlog: Backlog, page: Page, then: Callable[[], None]) -> None:
        try:
            await self._read(backlog, page)
        except StoreError as error:
            log.warning("ready tasks could not be read", extra={"task_queue": backlog.key.name, "error": str(error)})
            await asyncio.sleep(self._retry_s)
        finally:
            backlog.fail_page(page)
        then()

    async def _drop_all(self) -> None:
        try:
            while self._droppable:
                await self._store.drop_task(self._droppable.popleft())
        except StoreError as error:
            # The row stays: it is met again after a restart, and found stale again.
            log.warning("a stale task could not be removed", extra={"error": str(error)})
        finally:
            self._drops = None
