"""Events that the server reads again: activity inputs, child starts, first events of chains.

They are kept as they are made, and read from the store when they have been dropped. Bounded by bytes, oldest use first
out. They are kept serialised: as a message, an event takes ten times its bytes.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

from temporalio.api.history.v1 import HistoryEvent

CACHE_BYTES = 16 * 1024 * 1024
_ENTRY_BYTES = 300  # what an entry itself costs
EventKey = tuple[str, int]
"""(run id, event id)"""


class EventCache:
    """A bounded map from (run id, event id) to the event."""

    def __init__(self, limit_bytes: int = CACHE_BYTES) -> None:
        self._limit_bytes = limit_bytes
        self._size_bytes = 0
        self._events: OrderedDict[EventKey, bytes] = OrderedDict()

    def __len__(self) -> int:
        return len(self._events)

    def get(self, run_id: str, event_id: int) -> HistoryEvent | None:
        """The event, if it is still here: a message of the caller's own."""
        found = self._events.get((run_id, event_id))
        if found is None:
            return None
        self._events.move_to_end((run_id, event_id))
        return HistoryEvent.FromString(found)

    def put(self, run_id: str, events: Mapping[int, bytes]) -> None:
        """Keep serialised events of one run, by their ids."""
        for event_id, blob in events.items():
            key = (run_id, event_id)
            if key in self._events:
                continue
            self._events[key] = blob
            self._size_bytes += len(blob) + _ENTRY_BYTES
        while self._size_bytes > self._limit_bytes and self._events:
            _, blob = self._events.popitem(last=False)
            self._size_bytes -= len(blob) + _ENTRY_BYTES

    def drop(self, run_id: str, event_id: int) -> None:
        """It will not be read again."""
        found = self._events.pop((run_id, event_id), None)
        if found is not None:
            self._size_bytes -= len(found) + _ENTRY_BYTES
