"""Instants and durations as people read them. Times are UTC; the script may show the reader's own."""

from __future__ import annotations

from datetime import UTC, datetime

from mainspring.explain.times import SECOND, instant_of, span

__all__ = ["ago", "instant_of", "iso", "plain", "span"]


def iso(at: int) -> str:
    """2026-11-26T06:45:12.345Z, cut to milliseconds."""
    seconds, nanos = divmod(at, SECOND)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{nanos // 1_000_000:03}Z"


def plain(at: int) -> str:
    """2026-11-26 06:45:12"""
    return f"{datetime.fromtimestamp(at // SECOND, UTC):%Y-%m-%d %H:%M:%S}"


def ago(at: int, now: int) -> str:
    """How long `at` lies back: `12s ago`, `now`, or `in 3m` if it is to come."""
    if at > now:
        return f"in {span(at - now)}"
    return "now" if now - at < SECOND else f"{span(now - at)} ago"
