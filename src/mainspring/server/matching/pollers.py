"""Who waits for a task in a queue, and who has been there lately.

A poll is a future: its coroutine waits on it, `WaitingPolls` keeps it in line. When the coroutine is cancelled its
future is done in the same moment, so a line never serves somebody who has gone. One race remains, matched first and
then cancelled before it ran; the coroutine settles it, by giving back what it got (`Matching.poll`).
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict

import msgspec

from mainspring.server.engine.changes import Nanos, Task
from mainspring.server.matching.records import Handed, Poller, PollerSeen, Query


class Wait:
    """One poll that waits. Its future gets the task, or None when there is none to be had."""

    __slots__ = ("future", "poller")

    def __init__(self, poller: Poller, future: asyncio.Future[Task | Query | Handed | None]) -> None:
        self.poller = poller
        self.future = future

    def answer(self, found: Task | Query | Handed | None) -> None:
        if not self.future.done():
            self.future.set_result(found)


class WaitingPolls:
    """Polls of one queue, the longest wait first. One whose caller has gone is passed over at once."""

    def __init__(self) -> None:
        self._waits: OrderedDict[Wait, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._waits)

    def add(self, wait: Wait) -> None:
        self._waits[wait] = None

    def discard(self, wait: Wait) -> None:
        self._waits.pop(wait, None)

    def first(self) -> Wait | None:
        """The poll whose turn it is; it stays in line."""
        for wait in self._waits:
            if not wait.future.done():  # one that is cancelled leaves as soon as it runs
                return wait
        return None

    def answer_all(self, worker_instance_key: str | None = None) -> int:
        """Send waiting polls home empty: all, or those of one worker. Returns: how many."""
        waits = [
            wait
            for wait in self._waits
            if not wait.future.done() and worker_instance_key in {None, wait.poller.worker_instance_key}
        ]
        for wait in waits:
            wait.answer(None)
            self.discard(wait)
        return len(waits)


class _Visit(msgspec.Struct):
    poller: Poller
    last_access_at: Nanos
    seen_s: float


class PollerMemory:
    """Pollers of one queue by identity, newest visit last."""

    def __init__(self) -> None:
        self._visits: OrderedDict[str, _Visit] = OrderedDict()
        self._seen_s = float("-inf")
        self._any_seen_s = float("-inf")  # also one that has said goodbye

    def __len__(self) -> int:
        return len(self._visits)

    def note(self, poller: Poller, *, now: Nanos, now_s: float) -> None:
        self._seen_s = self._any_seen_s = now_s
        visit = self._visits.get(poller.identity)
        if visit is None:
            self._visits[poller.identity] = _Visit(poller, now, now_s)
            return
        visit.poller = poller
        visit.last_access_at = now
        visit.seen_s = now_s
        self._visits.move_to_end(poller.identity)

    def seen_since(self, instant_s: float) -> bool:
        return self._seen_s >= instant_s

    def any_seen_since(self, instant_s: float) -> bool:
        """As `seen_since`, counting those that have said goodbye meanwhile."""
        return self._any_seen_s >= instant_s

    def forget_worker(self, worker_instance_key: str) -> None:
        """A worker that has said goodbye is not shown any more, nor waited for."""
        for identity, visit in list(self._visits.items()):
            if visit.poller.worker_instance_key == worker_instance_key:
                del self._visits[identity]
        self._seen_s = max((visit.seen_s for visit in self._visits.values()), default=float("-inf"))

    def forget_before(self, instant_s: float) -> None:
        while self._visits:
            identity, visit = next(iter(self._visits.items()))
            if visit.seen_s >= instant_s:
                return
            del self._visits[identity]

    def newest_first(self, since_s: float) -> list[PollerSeen]:
        return [
            PollerSeen(visit.poller, visit.last_access_at)
            for visit in reversed(self._visits.values())
            if visit.seen_s >= since_s
        ]
