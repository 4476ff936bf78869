"""Values of options, as the official command line writes them.

DURATION     1h30m, 10s, 1.5d, 250ms     a `timedelta`
INSTANT      2026-01-02T03:04:05Z        a `datetime` with its zone
KEY_VALUE    KEY=VALUE                   a pair
WORD         one of some words, in any case where the official one says so
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any, Final

import click

_SECONDS: Final = {
    "ns": 1e-9,
    "us": 1e-6,
    "µs": 1e-6,
    "μs": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "m": 60.0,
    "h": 3_600.0,
    "d": 86_400.0,
}
_PART: Final = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h|d)")


class Duration(click.ParamType[timedelta]):
    """Numbers with units, one after the other; days have 24 hours."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        if isinstance(value, timedelta):
            return value
        found = seconds(str(value))
        if found is None:
            self.fail(f"{value!r} is not a duration like 90s, 1h30m or 2d", param, ctx)
        try:
            return timedelta(seconds=found)
        except OverflowError:
            self.fail(f"{value!r} is too long", param, ctx)


class KeyValue(click.ParamType[tuple[str, str]]):
    """A pair with `=` between."""

    name = "KEY=VALUE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        if isinstance(value, tuple):
            key, text = value  # pyright: ignore[reportUnknownVariableType] # converted before
            return str(key), str(text)  # pyright: ignore[reportUnknownArgumentType] # as above
        key, equals, text = str(value).partition("=")
        if not equals:
            self.fail(f"expected KEY=VALUE, got {value!r}", param, ctx)
        return key, text


class Instant(click.ParamType[datetime]):
    """A time as RFC 3339 has it: a date, a time and its zone."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            found = datetime.fromisoformat(str(value))
        except ValueError:
            found = None
        if found is None or found.tzinfo is None:
            self.fail(f"{value!r} is not a time like 2026-01-02T03:04:05Z", param, ctx)
        return found


DURATION: Final = Duration()
INSTANT: Final = Instant()
KEY_VALUE: Final = KeyValue()


def seconds(text: str) -> float | None:
    """A duration in seconds; None if it is none."""
    sign = -1 if text.startswith("-") else 1
    rest = text.removeprefix("-").removeprefix("+")
    if rest == "0":
        return 0.0
    parts = list(_PART.finditer(rest))
    if not parts or "".join(part.group() for part in parts) != rest:
        return None
    return sign * sum(float(part.group(1)) * _SECONDS[part.group(2)] for part in parts)
