"""Threads that read, a connection each, one queue of questions.

A coroutine that is cancelled while it waits gives up its future, nothing else: no request can leave a connection in the
middle of something.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from sqlite3 import Connection
from typing import TypeVar, cast

from mainspring.server.engine.errors import MainspringError
from mainspring.server.persistence.sqlite.jobs import Job, explained, settle, tell

log = logging.getLogger(__name__)

T = TypeVar("T")


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
            tell(self._loop, settle, [job])
