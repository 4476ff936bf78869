"""Instants and durations: protobuf outside, integer nanoseconds inside.

Durations are capped at 100 years and refused when negative, as the real server does.
"""

from __future__ import annotations

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from mainspring.server.engine.changes import Nanos

SECOND = 1_000_000_000
MILLISECOND = 1_000_000
LONGEST_NS = 100 * 365 * 24 * 3600 * SECOND


def timestamp(at: Nanos) -> Timestamp:
    """An instant as protobuf."""
    return Timestamp(seconds=at // SECOND, nanos=at % SECOND)


def set_instant(field: Timestamp, at: Nanos) -> None:
    """Fill a field in place: a message made to be copied into one costs four times as much."""
    field.seconds = at // SECOND
    field.nanos = at % SECOND


def instant(value: Timestamp) -> Nanos:
    """A protobuf timestamp as an instant."""
    return value.seconds * SECOND + value.nanos


def duration(length_ns: int) -> Duration:
    """A duration as protobuf."""
    return Duration(seconds=length_ns // SECOND, nanos=length_ns % SECOND)


def set_duration(field: Duration, length_ns: int) -> None:
    """Fill a field in place, as `set_instant` does."""
    field.seconds = length_ns // SECOND
    field.nanos = length_ns % SECOND


def length_ns(value: Duration) -> int:
    """A protobuf duration in nanoseconds, capped at 100 years; 0 if unset. Negative ones stay negative."""
    total_ns = value.seconds * SECOND + value.nanos
    if total_ns > LONGEST_NS:  # `min` reads its arguments by a parser that costs more than all of this
        return LONGEST_NS
    return total_ns


def fault_of(value: Duration) -> str | None:
    """Why a duration from outside cannot be used, in the real server's words; None if it can."""
    seconds, nanos = value.seconds, value.nanos
    if seconds > 0 > nanos or seconds < 0 < nanos:
        return "duration has seconds and nanos with different signs"
    return "negative duration" if seconds < 0 or nanos < 0 else None
