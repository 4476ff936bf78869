"""Who waits for a run to move on: long polls of history, updates.

    ... look at the run; not what is wanted yet ...
    with waiting.changed(run_id) as waiter:     before anything else is awaited
        await until(waiter, ...)
    ... look again ...

A waiter is a future of its owner's, done at the run's next commit, at its end, or at an update's outcome. Asking for it
in the same step as looking, or before, is what makes a lost wake-up impossible. It is known here only as long as its
owner waits: what becomes of the run, and whether there is one, makes no difference.
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Hashable
from contextlib import AbstractContextManager, contextmanager
from typing import Generic, TypeVar

from mainspring.server.engine.changes import Changes
from mainspring.server.engine.notices import UpdateNotice
from mainspring.server.engine.run import RUNNING

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class _Waiters(Generic[K, T]):
    """Futures by what they wait for, in the order in which they came."""

    def __init__(self) -> None:
        self._futures: dict[K, dict[asyncio.Future[T], None]] = {}

    def __len__(self) -> int:
        return sum(len(futures) for futures in self._futures.values())

    @contextmanager
    def one(self, key: K) -> Generator[asyncio.Future[T]]:
        """Another one, until the block is left."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._futures.setdefault(key, {})[future] = None
        try:
            yield future
        finally:
            self._forget(key, future)

    def _forget(self, key: K, future: asyncio.Future[T]) -> None:
        futures = self._futures.get(key)
        if futures is not None:
            futures.pop(future, None)
            if not futures:
                del self._futures[key]

    def wake(self, key: K, result: T) -> None:
        """What they wait for has come."""
        for future in self._futures.pop(key, ()):
            _settle(future, result)


class Waiting:
    """The waiters of all runs. A `Publisher`."""

    def __init__(self) -> None:
        self._changed: _Waiters[str, None] = _Waiters()
        self._closed: _Waiters[str, None] = _Waiters()
        self._updates: _Waiters[tuple[str, str], UpdateNotice] = _Waiters()  # by run id and update id

    def __len__(self) -> int:
        return len(self._changed) + len(self._closed) + len(self._updates)

    def changed(self, run_id: str) -> AbstractContextManager[asyncio.Future[None]]:
        """Done at the run's next commit."""
        return self._changed.one(run_id)

    def closed(self, run_id: str) -> AbstractContextManager[asyncio.Future[None]]:
        """Done when the run has closed: who only waits for that is not woken by every step."""
        return self._closed.one(run_id)

    def update(self, run_id: str, update_id: str) -> AbstractContextManager[asyncio.Future[UpdateNotice]]:
        """Done when the update has an outcome or was aborted, also one that leaves no trace in the run."""
        return self._updates.one((run_id, update_id))

    def publish(self, changes: Changes) -> None:
        """A transition of a run was committed."""
        run_id = changes.key.run_id
        self._changed.wake(run_id, None)
        if changes.status != RUNNING:
            self._closed.wake(run_id, None)
        for notice in changes.notices:
            if isinstance(notice, UpdateNotice):
                self._tell(run_id, notice)

    def doubt(self, changes: Changes) -> None:
        """It may have been: let those who wait look for themselves."""
        self._changed.wake(changes.key.run_id, None)
        self._closed.wake(changes.key.run_id, None)

    def _tell(self, run_id: str, notice: UpdateNotice) -> None:
        is_final = notice.outcome_bytes is not None or notice.error is not None
        if is_final:  # else waiters see the new stage in the run itself
            self._updates.wake((run_id, notice.update_id), notice)


async def until(waiter: asyncio.Future[None], within_s: float) -> None:
    """Wait for a waiter of one's own; at the latest until the time is up, when it is done too."""
    timer = asyncio.get_running_loop().call_later(within_s, _settle, waiter, None)
    try:
        await waiter
    finally:
        timer.cancel()


def _settle(future: asyncio.Future[T], result: T) -> None:
    if not future.done():
        future.set_result(result)
