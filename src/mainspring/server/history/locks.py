"""One lock per workflow id, made when it is needed and forgotten when nobody holds or wants it."""

from __future__ import annotations

import asyncio

LockKey = tuple[str, str]
"""(namespace id, workflow id)"""


class _Entry:
    """A lock, and how many hold or want it."""

    __slots__ = ("lock", "user_count")

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.user_count = 0


class _Hold:
    """The lock of one key, held for as long as a block runs.

    A class and not a generator: every transition passes here, and a generator costs three times as much.
    """

    __slots__ = ("_entries", "_entry", "_key")

    def __init__(self, entries: dict[LockKey, _Entry], key: LockKey) -> None:
        self._entries = entries
        self._key = key
        entry = entries.get(key)
        if entry is None:
            entry = entries[key] = _Entry()
        self._entry = entry

    async def __aenter__(self) -> None:
        self._entry.user_count += 1
        try:
            await self._entry.lock.acquire()
        except BaseException:
            self._leave()
            raise

    async def __aexit__(self, *_: object) -> None:
        self._entry.lock.release()
        self._leave()

    def _leave(self) -> None:
        self._entry.user_count -= 1
        if not self._entry.user_count:
            del self._entries[self._key]


class KeyedLocks:
    """Locks by key. Waiters get a lock in the order in which they asked for it."""

    def __init__(self) -> None:
        self._entries: dict[LockKey, _Entry] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def hold(self, key: LockKey) -> _Hold:
        """Hold the lock of `key` for as long as the block runs: enter it at once."""
        return _Hold(self._entries, key)
