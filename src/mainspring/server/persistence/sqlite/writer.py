"""The connection that writes, and whose it is: a thread's, or the event loop's as long as commits are brief.

    future = writer.submit(work)  -->  the group that gathers, as long as each turn of the loop brings more
        asked for, brief, and the thread has nothing  -->  the loop commits it, and tells those who wait
        else  -->  the thread: all groups that wait, in one transaction, and ONE call_soon_threadsafe to tell of it

The connection is the thread's from when something is handed to it until the loop has heard that all of it is done. What
may take long is always the thread's: care for the log, and waiting while another process writes. What is submitted
"soon" gathers without being in a hurry: it goes along with what comes next, before it, so that nothing is ever durable
that follows something which is not. Why so: decisions 0002 and 0025.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from sqlite3 import Connection
from typing import Any, TypeVar

from mainspring.server.engine.changes import Changes
from mainspring.server.persistence.durations import Durations
from mainspring.server.persistence.sqlite.briefness import Briefness
from mainspring.server.persistence.sqlite.connections import patient
from mainspring.server.persistence.sqlite.group_commit import begin, commit_group, do_and_commit
from mainspring.server.persistence.sqlite.jobs import Job, WriteFuture, settle, tell
from mainspring.server.persistence.sqlite.wal_care import WalCare

T = TypeVar("T")

MOST_JOBS_IN_A_GROUP = 256
GATHER_S = 0.001
MANY = 8
"""After a group of so many jobs, the thread gives the next one a moment to grow: a fiftieth of a busy server's CPU. Of
fewer than that nobody waits for another: two runs in flight would wait for each other's commits instead of working."""


class Writer:
    """The one connection that writes, and the work that waits for it. `join` may be called from anywhere."""

    def __init__(
        self, db: Connection, loop: asyncio.AbstractEventLoop, wal_care: WalCare | None, *, commits_on_loop: bool
    ) -> None:
        self._db = db
        self._loop = loop
        self._wal_care = wal_care
        self._gathered: list[Job] = []
        self._is_gathering = False
        self._soon_count = 0
        self._soon_timer: asyncio.Handle | None = None
        self._soon_at_s = 0.0  # when that rings; the loop's clock
        self._briefness = Briefness() if commits_on_loop else None
        self._queue: SimpleQueue[list[Job] | None] = SimpleQueue()
        self._away_count = 0  # groups that are the thread's
        self._seen_changes = db.total_changes
        self.commits = Durations()
        self.write_count = 0
        self._thread = threading.Thread(target=self._run, name="mainspring-writer", daemon=True)
        self._thread.start()

    @property
    def has_soon(self) -> bool:
        """Some work of `submit_soon` has not ended yet, so that others cannot see it."""
        return self._soon_count > 0

    def submit(
        self, work: Callable[[Connection], T], changes: Sequence[Changes] = (), *, can_fail_late: bool = False
    ) -> asyncio.Future[T]:
        """Queue a `Job`; the future is done when its transaction is durable, or gone.

        Work may run again after a rollback, if its group broke for another job: it must touch nothing but the database.
        A coroutine that is cancelled while it waits learns how the work ended first.
        """
        future: asyncio.Future[Any] = WriteFuture(loop=self._loop)
        self._gathered.append(Job(work, future, changes, can_fail_late))
        if not self._is_gathering:
            self._is_gathering = True
            self._loop.call_soon(self._gather, len(self._gathered))
        return future

    def submit_soon(
        self, work: Callable[[Connection], T], changes: Sequence[Changes] = (), *, within_s: float
    ) -> asyncio.Future[T]:
        """Keep some work until something else is submitted, so long at most; otherwise like `submit`."""
        future: asyncio.Future[Any] = WriteFuture(loop=self._loop)
        self._gathered.append(Job(work, future, changes, is_soon=True))
        self._soon_count += 1
        self._write_before(self._loop.time() + within_s)
        return future

    def end(self) -> None:
        """Hand all that is queued to the thread, as its last work; nothing may be submitted afterwards."""
        self._hand_over(self._take())
        self._queue.put(None)

    def join(self) -> None:
        """Wait until the thread has ended. Blocks."""
        self._thread.join()

    # -- gathering

    def _gather(self, seen: int) -> None:
        """Let the group grow while each turn of the loop brings more: that costs less than a wait for the disk."""
        count = len(self._gathered)
        if seen < count < MOST_JOBS_IN_A_GROUP:
            self._loop.call_soon(self._gather, count)
            return
        self._is_gathering = False
        self._write()

    def _write_before(self, at_s: float) -> None:
        if self._soon_timer is not None:
            if self._soon_at_s <= at_s:
                return
            self._soon_timer.cancel()
        self._soon_timer = self._loop.call_at(at_s, self._write)
        self._soon_at_s = at_s

    def _write(self) -> None:
        group = self._take()
        if group and not self._commit_if_brief(group):
            self._hand_over(group)

    def _take(self) -> list[Job]:
        if self._soon_timer is not None:
            self._soon_timer.cancel()
            self._soon_timer = None
        group, self._gathered = self._gathered, []
        return group

    # -- on the loop

    def _commit_if_brief(self, group: Sequence[Job]) -> bool:
        """Returns: whether it was committed, well or not."""
        briefness = self._briefness
        if briefness is None or self._away_count or len(group) > MOST_JOBS_IN_A_GROUP:
            return False
        began_s = time.monotonic()
        if not briefness.is_given(began_s) or not self._commit(group):
            return False
        now_s = time.monotonic()
        self._count(group, now_s - began_s)
        briefness.note(now_s - began_s, len(group), now_s)
        if self._wal_care is not None and self._wal_care.is_needed():
            self._hand_over([])
        return True

    def _commit(self, group: Sequence[Job]) -> bool:
        """Commit. Returns: False if another process writes, so that this one has to wait."""
        try:
            begin(self._db)
        except sqlite3.Error:
            return False
        try:
            do_and_commit(self._db, group)
        finally:
            self._settle(group)
        return True

    def _settle(self, group: Sequence[Job]) -> None:
        self._soon_count -= sum([job.is_soon for job in group])
        settle(group)

    def _hand_over(self, group: list[Job]) -> None:
        self._away_count += 1
        self._queue.put(group)

    def _settle_away(self, group: Sequence[Job], part_count: int) -> None:
        self._away_count -= part_count
        self._settle(group)

    # -- on the thread

    def _run(self) -> None:
        is_busy = is_last = False
        while not is_last and (group := self._queue.get()) is not None:
            if is_busy:
                time.sleep(GATHER_S)
            part_count, is_last = self._fill(group)
            is_busy = len(group) >= MANY
            with patient(self._db):
                self._commit_patiently(group)
            tell(self._loop, self._settle_away, group, part_count)

    def _fill(self, group: list[Job]) -> tuple[int, bool]:
        """Add the groups that wait. Returns: of how many it is one now, and whether nothing comes any more."""
        part_count = 1
        while len(group) < MOST_JOBS_IN_A_GROUP and not self._queue.empty():
            more = self._queue.get()
            if more is None:
                return part_count, True
            group += more
            part_count += 1
        return part_count, False

    def _commit_patiently(self, group: Sequence[Job]) -> None:
        if group:
            began_s = time.monotonic()
            commit_group(self._db, group)
            self._count(group, time.monotonic() - began_s)
        if self._wal_care is not None and self._wal_care.is_needed():
            self._wal_care.give(self._db)

    # -- on either

    def _count(self, group: Sequence[Job], took_s: float) -> None:
        changes = self._db.total_changes
        if changes != self._seen_changes:  # groups may hold nothing but questions
            self._seen_changes = changes
            self.commits.add(took_s)
            self.write_count += len(group)
