"""History as bytes: ranges of a run's events, from memory where they are there, from the store where they are not.

Batches are never taken apart except where a range begins inside one. A page holds whole batches.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from temporalio.api.history.v1 import History

from mainspring.server.engine.changes import EventBatch, RunKey
from mainspring.server.history.runs import Runs


class HistoryPage(msgspec.Struct, frozen=True):
    """Some consecutive events."""

    batches: list[EventBatch]
    next_event_id: int  # where the next page begins; 0: there is none


class Reader:
    """Reads ranges of events."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs

    async def page(self, key: RunKey, *, first_event_id: int, before_event_id: int, limit: int) -> HistoryPage:
        """At most `limit` batches of the events first <= id < before, oldest first; exactly those events."""
        if first_event_id >= before_event_id:
            return HistoryPage([], 0)
        batches = self._from_memory(key, first_event_id, before_event_id)
        if batches is None:
            batches = await self._runs.history(
                key, first_event_id=first_event_id, before_event_id=before_event_id, limit=limit
            )
        kept = [_cut(batch, first_event_id, before_event_id) for batch in batches[:limit]]
        reached = kept[-1].next_event_id if kept else before_event_id
        return HistoryPage(kept, reached if reached < before_event_id else 0)

    async def page_reversed(self, key: RunKey, *, before_event_id: int, limit: int) -> HistoryPage:
        """At most `limit` batches of the events below an id, newest batch first (events within still ascend)."""
        batches = await self._runs.history(
            key, first_event_id=1, before_event_id=before_event_id, limit=limit, newest_first=True
        )
        kept = [_cut(batch, 1, before_event_id) for batch in batches]
        first = kept[-1].first_event_id if kept else 1
        return HistoryPage(kept, first if first > 1 else 0)

    def _from_memory(self, key: RunKey, first: int, before: int) -> list[EventBatch] | None:
        recent = self._runs.recent(key)
        if not recent or recent[0].first_event_id > first or recent[-1].next_event_id < before:
            return None
        found: list[EventBatch] = []
        for batch in reversed(recent):  # most readers want the end, and a run has many batches
            if batch.next_event_id <= first:
                break
            if batch.first_event_id < before:
                found.append(batch)
        found.reverse()
        return found


def _cut(batch: EventBatch, first: int, before: int) -> EventBatch:
    """The batch without events outside first <= id < before."""
    if batch.first_event_id >= first and batch.next_event_id <= before:
        return batch
    events = [e for e in History.FromString(batch.blob).events if first <= e.event_id < before]
    blob = History(events=events).SerializeToString()
    return EventBatch(max(first, batch.first_event_id), min(before, batch.next_event_id), blob)


def blobs(batches: Sequence[EventBatch]) -> list[bytes]:
    """The serialised histories of batches; concatenated they are one."""
    return [batch.blob for batch in batches]
