"""Protobuf's wire format, as far as it saves work: messages put together from parts that are serialised already.

A length-delimited field is its tag, its length and its bytes; repeated fields just follow one another.
"""

from __future__ import annotations

from collections.abc import Iterable

from temporalio.api.history.v1 import History, HistoryEvent

_EVENTS = History.DESCRIPTOR.fields_by_name["events"].number


def field_head(number: int, size_bytes: int) -> bytes:
    """What stands before a message, string or bytes field of that size."""
    return _varint(number << 3 | 2) + _varint(size_bytes)


def serialized_history(events: Iterable[HistoryEvent]) -> bytes:
    """The events as a serialised `History`, without copying them into one."""
    parts: list[bytes] = []
    for event in events:
        blob = event.SerializeToString()
        parts += (field_head(_EVENTS, len(blob)), blob)
    return b"".join(parts)


def _varint(value: int) -> bytes:
    if value <= 0x7F:
        return bytes((value,))
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
