"""Protobuf's wire format, as far as it saves work: messages put together from parts that are serialised already.

A length-delimited field is its tag, its length and its bytes; repeated fields just follow one another.
"""

from __future__ import annotations

from collections.abc import Iterable

from temporalio.api.history.v1 import History

_EVENT_TAG = bytes((History.DESCRIPTOR.fields_by_name["events"].number << 3 | 2,))


def field_head(number: int, size_bytes: int) -> bytes:
    """What stands before a message, string or bytes field of that size."""
    out = bytearray()
    _put_varint(out, number << 3 | 2)
    _put_varint(out, size_bytes)
    return bytes(out)


def history_of(events: Iterable[bytes]) -> bytes:
    """Serialised events as a serialised `History`."""
    out = bytearray()
    for event in events:
        out += _EVENT_TAG
        _put_varint(out, len(event))
        out += event
    return bytes(out)


def _put_varint(out: bytearray, value: int) -> None:
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
