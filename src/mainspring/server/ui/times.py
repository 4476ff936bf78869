"""Instants and durations as people read them. Times are UTC; the script may show the reader's own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp

_SECOND: Final = 1_000_000_000
_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))


def instant_of(stamp: Timestamp) -> int | None:
    """Nanoseconds since the epoch; None if it is not set."""
    at = stamp.seconds * _SECOND + stamp.nanos
    return at if at > 0 else None


def iso(at: int) -> str:
    """2026-11-26T06:45:12.345Z, cut to milliseconds."""
    seconds, nanos = divmod(at, _SECOND)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{nanos // 1_000_000:03}Z"


def plain(at: int) -> str:
    """2026-11-26 06:45:12"""
    return f"{datetime.fromtimestamp(at // _SECOND, UTC):%Y-%m-%d %H:%M:%S}"


def span(nanos: int) -> str:
    """The two largest units: 3d 4h, 12m 5s, 4.2s, 35ms."""
    if nanos < _SECOND:
        return f"{max(0, nanos) // 1_000_000}ms"
    if nanos < 10 * _SECOND:
        return f"{nanos / _SECOND:.1f}s"
    rest = nanos // _SECOND
    parts: list[str] = []
    for size, unit in _UNITS:
        count, rest = divmod(rest, size)
        if count or parts:
            parts.append(f"{count}{unit}")
    return " ".join(part for part in parts[:2] if not part.startswith("0")) or "0s"


def ago(at: int, now: int) -> str:
    """How long `at` lies back: `12s ago`, `now`, or `in 3m` if it is to come."""
    if at > now:
        return f"in {span(at - now)}"
    return "now" if now - at < _SECOND else f"{span(now - at)} ago"
