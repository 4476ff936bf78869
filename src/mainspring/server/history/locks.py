"""One lock per workflow id, made when it is needed and forgotten when nobody holds or wants it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

LockKey = tuple[str, str]
"""(namespace id, workflow id)"""


class KeyedLocks:
    """Locks by key. Waiters get a lock in the order in which they asked for it."""

    def __init__(self) -> None:
        self._locks: dict[LockKey, tuple[asyncio.Lock, list[int]]] = {}

    def __len__(self) -> int:
        return len(self._locks)

    @asynccontextmanager
    async def hold(self, key: LockKey) -> AsyncGenerator[None]:
        """Hold the lock of `key` for as long as the block runs."""
        entry = self._locks.get(key)
        if entry is None:
            entry = self._locks[key] = (asyncio.Lock(), [0])
        lock, users = entry
        users[0] += 1
        try:
            async with lock:
                yield
        finally:
            users[0] -= 1
            if not users[0]:
                del self._locks[key]
