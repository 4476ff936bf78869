"""Who waits for a run to move on: long polls of history, updates, queries.

    ... look at the run; not what is wanted yet ...
    waiter = waiting.changed(run_id)     before anything else is awaited
    await waiter (with a deadline)       then look again

A waiter is a future shared by all who wait for the run's next commit, or for its end. Asking for it in the same step as
looking, or before, is what makes a lost wake-up impossible. Outcomes of updates that leave no trace are handed over
besides.
"""

from __future__ import annotations

import asyncio

from mainspring.server.engine.notices import Notice, UpdateNotice

UpdateKey = tuple[str, str]
"""(run id, update id)"""


class Waiting:
    """Futures by run, and by update."""

    def __init__(self) -> None:
        self._changed: dict[str, asyncio.Future[None]] = {}
        self._closed: dict[str, asyncio.Future[None]] = {}
        self._updates: dict[UpdateKey, list[asyncio.Future[UpdateNotice]]] = {}

    def __len__(self) -> int:
        return len(self._changed) + len(self._closed) + len(self._updates)

    def changed(self, run_id: str) -> asyncio.Future[None]:
        """Done at the run's next commit. Shared: shield it, or use `wait`."""
        return _shared(self._changed, run_id)

    def closed(self, run_id: str) -> asyncio.Future[None]:
        """Done when the run has closed: who only waits for that is not woken by every step. Shared likewise."""
        return _shared(self._closed, run_id)

    def commit_seen(self, run_id: str, notices: list[Notice], *, is_closed: bool) -> None:
        """A transition of the run was committed."""
        _wake(self._changed, run_id)
        if is_closed:
            _wake(self._closed, run_id)
        for notice in notices:
            if isinstance(notice, UpdateNotice):
                self._tell(run_id, notice)

    def _tell(self, run_id: str, notice: UpdateNotice) -> None:
        is_final = notice.outcome_bytes is not None or notice.error is not None
        if not is_final:
            return  # waiters see the new stage in the run itself
        for future in self._updates.pop((run_id, notice.update_id), ()):
            if not future.done():
                future.set_result(notice)

    def update(self, run_id: str, update_id: str) -> asyncio.Future[UpdateNotice]:
        """Done when the update has an outcome or was aborted. Own to the caller; give it back with `forget`."""
        future: asyncio.Future[UpdateNotice] = asyncio.get_running_loop().create_future()
        self._updates.setdefault((run_id, update_id), []).append(future)
        return future

    def forget(self, run_id: str, update_id: str, future: asyncio.Future[UpdateNotice]) -> None:
        """The caller waits no longer."""
        waiting = self._updates.get((run_id, update_id))
        if waiting is not None and future in waiting:
            waiting.remove(future)
            if not waiting:
                del self._updates[run_id, update_id]

    async def wait(self, future: asyncio.Future[None], timeout_s: float) -> bool:
        """Wait for a shared future. Returns: it came before the time was up."""
        if timeout_s <= 0:
            return future.done()
        loop = asyncio.get_running_loop()
        own: asyncio.Future[None] = loop.create_future()

        def wake(_: object = None) -> None:
            if not own.done():
                own.set_result(None)

        future.add_done_callback(wake)
        timer = loop.call_later(timeout_s, wake)
        try:
            await own
        finally:
            timer.cancel()
            future.remove_done_callback(wake)
        return future.done()


def _shared(futures: dict[str, asyncio.Future[None]], run_id: str) -> asyncio.Future[None]:
    future = futures.get(run_id)
    if future is None:
        future = futures[run_id] = asyncio.get_running_loop().create_future()
    return future


def _wake(futures: dict[str, asyncio.Future[None]], run_id: str) -> None:
    future = futures.pop(run_id, None)
    if future is not None and not future.done():
        future.set_result(None)
