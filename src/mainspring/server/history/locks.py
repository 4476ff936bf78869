"""One lock per workflow id, made when it is needed and forgotten when nobody holds or wants it."""

from __future__ import annotations

import asyncio
from collections import deque

import msgspec

LockKey = tuple[str, str]
"""(namespace id, workflow id)"""

Waiters = deque[asyncio.Future[None]]
"""Who waits for a lock, in the order of asking; done: it was given the lock, or does not want it any more."""


class _Hold(msgspec.Struct, eq=False, gc=False):
    """The lock of one key, held for as long as a block runs.

    A class and not a generator, and no `asyncio.Lock` of its own: every transition passes here, and nearly always
    nobody else wants the key, which then is only put into a dictionary and taken out again.
    """

    waiters: dict[LockKey, Waiters | None]
    key: LockKey

    async def __aenter__(self) -> None:
        if self.key not in self.waiters:
            self.waiters[self.key] = None
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue = self.waiters[self.key]
        if queue is None:
            queue = self.waiters[self.key] = deque()
        queue.append(turn)
        try:
            await turn
        except BaseException:
            if not turn.cancel() and not turn.cancelled():  # it was given the lock just as its owner was cancelled
                self._give_back()
            raise

    async def __aexit__(self, *_: object) -> None:
        if self.waiters[self.key]:
            self._give_back()
        else:
            del self.waiters[self.key]

    def _give_back(self) -> None:
        queue = self.waiters[self.key]
        while queue:
            turn = queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        del self.waiters[self.key]


class KeyedLocks:
    """Locks by key. Waiters get a lock in the order in which they asked for it."""

    def __init__(self) -> None:
        self._waiters: dict[LockKey, Waiters | None] = {}  # of each key that is held; None: there never was one

    def __len__(self) -> int:
        return len(self._waiters)

    def hold(self, key: LockKey) -> _Hold:
        """Hold the lock of `key` for as long as the block runs."""
        return _Hold(self._waiters, key)
