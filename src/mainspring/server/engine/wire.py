"""Protobuf's wire format, as far as it saves work: messages put together from parts that are serialised already.

A length-delimited field is its tag, its length and its bytes; repeated fields just follow one another.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from temporalio.api.history.v1 import History

_EVENTS = History.DESCRIPTOR.fields_by_name["events"].number


def field_head(number: int, size_bytes: int) -> bytes:
    """What stands before a message, string or bytes field of that size."""
    out = bytearray()
    _put_varint(out, number << 3 | 2)
    _put_varint(out, size_bytes)
    return bytes(out)


def history_of(events: Iterable[bytes]) -> bytes:
    """Serialised events as a serialised `History`."""
    return b"".join([_event_head(len(event)) + event for event in events])


@lru_cache(maxsize=4096)
def _event_head(size_bytes: int) -> bytes:
    """What stands before an event of that size: events are small, and sizes come again and again."""
    return field_head(_EVENTS, size_bytes)


def _put_varint(out: bytearray, value: int) -> None:
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
