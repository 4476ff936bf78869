"""Threads that own connections, and the way of work to them and of answers back.

    loop:    future = writer.submit(work)                                          a coroutine waits
    thread:  all waiting jobs -> one transaction -> ONE call_soon_threadsafe  -->  their futures are done

Two kinds: `Writer`, one thread that commits all waiting jobs in one database transaction (group commit), and
`Readers`, some threads that take one question each. What is submitted "soon" wakes nobody: it goes along with what
comes next, before it, so that nothing is ever durable that follows something which is not. A coroutine that is
cancelled while it waits for a reader gives up its future, nothing else; one that waits for the writer learns how it
ended first, and is cancelled then. So no request can leave a connection in the middle of something, nor a commit
without anybody who knows of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from sqlite3 import Connection
from typing import Protocol, TypeVar, cast

import msgspec

from mainspring.server.engine.errors import (
    CurrentRunConflict,
    InvariantError,
    MainspringError,
    StoreUnavailable,
    VersionConflict,
)
from mainspring.server.persistence.durations import Durations
from mainspring.server.persistence.sqlite.wal_room import WalRoom

log = logging.getLogger(__name__)

T = TypeVar("T")

MOST_JOBS_IN_A_GROUP = 256
GATHER_S = 0.001
MANY = 8
"""Under load, when the last group was handed over in so many parts, the next one is given a moment to grow: it saves a
tenth of the server's CPU. Of fewer than that nobody waits for another: two runs in flight would wait for each other's
commits instead of working while the other's is written."""


class WriteFuture(asyncio.Future[T]):
    """Does not let itself be cancelled: a task that is cancelled while it waits is so when the write has ended."""

    def cancel(self, msg: object = None) -> bool:  # noqa: ARG002 - the signature of asyncio
        """Refuse."""
        return False


class Job(msgspec.Struct, eq=False):
    """Some work on a connection, and the future that waits for it."""

    work: Callable[[Connection], object]
    future: asyncio.Future[object]
    can_fail_late: bool = False  # a conflict may show after something was written
    is_soon: bool = False
    outcome: object = None
    failure: Exception | None = None


class Worker(Protocol):
    """Whatever takes work on a connection."""

    def submit(self, work: Callable[[Connection], T]) -> asyncio.Future[T]: ...


def settle(jobs: Sequence[Job]) -> None:
    """Tell those who wait; on the loop."""
    for job in jobs:
        if job.future.done():  # its coroutine was cancelled
            continue
        if job.failure is not None:
            job.future.set_exception(job.failure)
        else:
            job.future.set_result(job.outcome)


def explained(error: Exception) -> Exception:
    """What a failure on a connection means to the rooms above."""
    if isinstance(error, MainspringError):
        return error
    is_ours = isinstance(
        error, sqlite3.IntegrityError | sqlite3.DataError | sqlite3.ProgrammingError | sqlite3.InterfaceError
    )
    if isinstance(error, sqlite3.Error) and not is_ours:
        failure: MainspringError = StoreUnavailable(f"the database does not answer: {error}")
    else:
        failure = InvariantError(f"cannot be stored or read: {error!r}")
    failure.__cause__ = error
    return failure


class Writer:
    """The one thread that writes, and its queue."""

    def __init__(self, db: Connection, loop: asyncio.AbstractEventLoop, wal_room: WalRoom | None) -> None:
        self._db = db
        self._loop = loop
        self._wal_room = wal_room
        self._queue: SimpleQueue[list[Job] | None] = SimpleQueue()
        self._soon: list[Job] = []
        self._soon_count = 0
        self._soon_timer: asyncio.Handle | None = None
        self._soon_at_s = 0.0  # when that rings; the loop's clock
        self.commits = Durations()
        self.write_count = 0
        self._thread = threading.Thread(target=self._run, name="mainspring-writer", daemon=True)
        self._thread.start()

    @property
    def has_soon(self) -> bool:
        """Some work of `submit_soon` has not ended yet, so that others cannot see it."""
        return self._soon_count > 0

    def submit(self, work: Callable[[Connection], T], *, can_fail_late: bool = False) -> asyncio.Future[T]:
        """Queue some work; the future is done when its transaction is durable, or gone.

        Work may run again after a rollback, if its group broke for another job: it must touch nothing but the database.
        """
        future: asyncio.Future[object] = WriteFuture(loop=self._loop)
        self._soon.append(Job(work, future, can_fail_late))
        self._hand_over()
        return cast("asyncio.Future[T]", future)

    def submit_soon(self, work: Callable[[Connection], T], within_s: float) -> asyncio.Future[T]:
        """Keep some work until something else is submitted, so long at most; otherwise like `submit`."""
        future: asyncio.Future[object] = WriteFuture(loop=self._loop)
        self._soon.append(Job(work, future, is_soon=True))
        self._soon_count += 1
        self._plan_hand_over(self._loop.time() + within_s)
        return cast("asyncio.Future[T]", future)

    def finish(self) -> None:
        """Do all that is queued, then end the thread. Blocks; nothing may be submitted afterwards."""
        if self._soon:
            self._queue.put(self._soon)
        self._queue.put(None)
        self._thread.join()

    def _settle(self, group: Sequence[Job]) -> None:
        self._soon_count -= sum([job.is_soon for job in group])
        settle(group)

    def _plan_hand_over(self, at_s: float) -> None:
        if self._soon_timer is not None:
            if self._soon_at_s <= at_s:
                return
            self._soon_timer.cancel()
        self._soon_timer = self._loop.call_at(at_s, self._hand_over)
        self._soon_at_s = at_s

    def _hand_over(self) -> None:
        if self._soon_timer is not None:
            self._soon_timer.cancel()
            self._soon_timer = None
        jobs, self._soon = self._soon, []
        self._queue.put(jobs)

    def _run(self) -> None:
        is_busy = False
        while (group := self._queue.get()) is not None:
            if is_busy:
                time.sleep(GATHER_S)
            part_count, is_last = 1, False
            while len(group) < MOST_JOBS_IN_A_GROUP and not self._queue.empty():
                more = self._queue.get()
                if more is None:
                    is_last = True
                    break
                group += more
                part_count += 1
            is_busy = part_count >= MANY
            self._commit(group)
            _tell(self._loop, self._settle, group)
            if self._wal_room is not None:
                self._wal_room.make(self._db)
            if is_last:
                return

    def _commit(self, group: list[Job]) -> None:
        began_s = time.monotonic()
        changed_count = self._db.total_changes
        commit_group(self._db, group)
        if self._db.total_changes != changed_count:  # groups may hold nothing but questions
            self.commits.add(time.monotonic() - began_s)
            self.write_count += len(group)


class Readers:
    """A thread for each connection, one queue."""

    def __init__(self, connections: Sequence[Connection], loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._queue: SimpleQueue[Job | None] = SimpleQueue()
        self._threads = [
            threading.Thread(target=self._run, args=(db,), name=f"mainspring-reader-{number}", daemon=True)
            for number, db in enumerate(connections)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, work: Callable[[Connection], T]) -> asyncio.Future[T]:
        """Queue a question; it sees all that was committed before."""
        future: asyncio.Future[object] = self._loop.create_future()
        self._queue.put(Job(work, future))
        return cast("asyncio.Future[T]", future)

    def finish(self) -> None:
        """Answer all that is queued, then end the threads. Blocks."""
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join()

    def _run(self, db: Connection) -> None:
        while (job := self._queue.get()) is not None:
            try:
                job.outcome = job.work(db)
            except Exception as error:
                job.failure = explained(error)
                if not isinstance(error, MainspringError):
                    log.exception("store_read_failed")
            _tell(self._loop, settle, [job])


def commit_group(db: Connection, group: list[Job]) -> None:
    """Commit all jobs in one transaction; each gets its outcome or its failure.

    A conflict undoes its own job only. Any other failure of a job is not expected, so no savepoint was paid for:
    everything is rolled back, and each job gets a transaction of its own. If COMMIT fails, all of them fail.
    """
    try:
        db.execute("BEGIN IMMEDIATE")
    except sqlite3.Error as error:
        _fail(group, error)
        return
    try:
        for job in group:
            _attempt(db, job, is_alone=len(group) == 1)
    except Exception as error:
        _roll_back(db)
        if not isinstance(error, MainspringError):
            log.exception("store_write_failed", extra={"jobs": len(group)})
        if len(group) == 1:
            group[0].failure = explained(error)
        else:
            for job in group:
                job.outcome = job.failure = None
                commit_group(db, [job])
        return
    _commit(db, group)


def _attempt(db: Connection, job: Job, *, is_alone: bool) -> None:
    needs_savepoint = job.can_fail_late and not is_alone
    if needs_savepoint:
        db.execute("SAVEPOINT job")
    try:
        job.outcome = job.work(db)
    except (VersionConflict, CurrentRunConflict) as conflict:
        job.failure = conflict
        if needs_savepoint:
            db.execute("ROLLBACK TO job")
        elif is_alone:
            db.execute("ROLLBACK")
    if needs_savepoint:
        db.execute("RELEASE job")


def _commit(db: Connection, group: list[Job]) -> None:
    if not db.in_transaction:  # the only job has rolled back
        return
    try:
        db.execute("COMMIT")
    except sqlite3.Error as error:
        _roll_back(db)
        _fail(group, error)


def _roll_back(db: Connection) -> None:
    # If even this fails, BEGIN fails from now on, and says so to everyone who asks.
    with contextlib.suppress(sqlite3.Error):
        if db.in_transaction:
            db.execute("ROLLBACK")


def _fail(group: list[Job], error: sqlite3.Error) -> None:
    log.error("store_write_failed", exc_info=error, extra={"jobs": len(group)})
    for job in group:
        job.failure = explained(error)


def _tell(loop: asyncio.AbstractEventLoop, settle_all: Callable[[Sequence[Job]], None], jobs: list[Job]) -> None:
    # A loop that is closed has nobody left who waits.
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(settle_all, jobs)
