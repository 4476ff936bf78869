"""Instants and lengths of time: from the API's messages, and as words."""

from __future__ import annotations

from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp

Nanos = int
"""An instant, since the epoch, or a length of time."""

SECOND: Final = 1_000_000_000
_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))


def instant_of(stamp: Timestamp) -> Nanos | None:
    """None if it is not set; the year one, which servers send for `never`, is not set either."""
    at = stamp.seconds * SECOND + stamp.nanos
    return at if at > 0 else None


def span(nanos: Nanos) -> str:
    """The two largest units: 3d 4h, 12m 5s, 4.2s, 35ms."""
    if nanos < SECOND:
        return f"{max(0, nanos) // 1_000_000}ms"
    if nanos < 10 * SECOND:
        return f"{nanos / SECOND:.1f}s"
    rest = nanos // SECOND
    parts: list[str] = []
    for size, unit in _UNITS:
        count, rest = divmod(rest, size)
        if count or parts:
            parts.append(f"{count}{unit}")
    return " ".join(part for part in parts[:2] if not part.startswith("0"))


def since(at: Nanos | None, now: Nanos) -> str:
    """` for 3m 5s`; empty if it is not known since when."""
    return "" if at is None else f" for {span(now - at)}"


def until(at: Nanos | None, now: Nanos) -> str:
    """`in 12s`, or `now` if it is due."""
    return "now" if at is None or at <= now else f"in {span(at - now)}"
