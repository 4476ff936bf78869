"""A store that fails as stores do, by a seed: it says no though nothing was written, or though all of it was."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING, cast

from mainspring.server.engine.changes import Changes
from mainspring.server.engine.errors import StoreUnavailable
from mainspring.server.persistence.sqlite import SqliteStore
from mainspring.server.persistence.store import Store


class FaultyStore:
    """Everything of a real store, but its commits go wrong now and then."""

    def __init__(self, store: SqliteStore, random: Random, *, chance: float) -> None:
        self._store = store
        self._random = random
        self.chance = chance
        self.refused_count = 0
        self.lost_count = 0
        self._unanswered: set[asyncio.Future[None]] = set()

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> object:
            return getattr(self._store, name)

    async def commit(self, transition: Sequence[Changes]) -> None:
        fate = self._random.random()
        if fate < self.chance:
            self.refused_count += 1
            raise StoreUnavailable("simulated: nothing was written")
        await self._store.commit(transition)
        if fate < 2 * self.chance:
            self.lost_count += 1
            raise StoreUnavailable("simulated: written, but the answer was lost")
        for _ in range(self._random.randrange(3)):
            await asyncio.sleep(0)  # answers of a busy store come late, and in another order

    def commit_soon(self, transition: Sequence[Changes], *, within_s: float) -> asyncio.Future[None]:
        fate = self._random.random()
        if fate < self.chance:
            self.refused_count += 1
            return self._answered(None, "simulated: nothing was written")
        written = self._store.commit_soon(transition, within_s=within_s)
        if fate < 2 * self.chance:
            self.lost_count += 1
            return self._answered(written, "simulated: written, but the answer was lost")
        return self._answered(written, "")

    async def settle(self) -> None:
        await self._store.settle()
        if self._unanswered:
            await asyncio.wait(self._unanswered)  # and, unlike `gather`, for the callbacks of those that are done

    def _answered(self, written: asyncio.Future[None] | None, complaint: str) -> asyncio.Future[None]:
        answer = asyncio.ensure_future(self._answer(written, complaint))
        self._unanswered.add(answer)
        answer.add_done_callback(self._unanswered.discard)
        return answer

    async def _answer(self, written: asyncio.Future[None] | None, complaint: str) -> None:
        if written is not None:
            await written
        for _ in range(self._random.randrange(3)):
            await asyncio.sleep(0)
        if complaint:
            raise StoreUnavailable(complaint)

    def as_store(self) -> Store:
        return cast("Store", self)
