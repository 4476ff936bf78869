"""Types that JSON lacks and that travel as text: dates and times, durations, decimals, UUIDs, paths.

    text_of(Decimal("1.50")) -> "1.50"          scalar_reader(Decimal)("1.50") -> Decimal("1.50")

The text is what pydantic reads and writes for the same type, so either end may use it. Every text is read back as an
equal value; what has no such text is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import PurePath
from typing import Any
from uuid import UUID

DURATION = re.compile(
    r"(?P<sign>[-+]?)P(?=[\dT])(?:(?P<years>\d+)Y)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)(?:\.(?P<fraction>\d{1,6})\d*)?S)?)?"
)
DAYS_OF_YEAR = 365  # as pydantic counts them


def text_of(value: object) -> str | None:
    """The text that a value travels as; None if its type is not one of these.

    Raises: TypeError: no text would be read back as an equal value.
    """
    match value:
        case date():  # a datetime too
            return value.isoformat()
        case time():
            if value.tzinfo is not None and value.utcoffset() is None:
                raise TypeError(f"{value!r} has a time zone whose offset depends on the date: send a datetime")
            return value.isoformat()
        case timedelta():
            return duration_text(value)
        case Decimal():
            if not value.is_finite():
                raise TypeError(f"{value!r} is not a finite number, and has no form in JSON: send None or a float")
            return str(value)
        case UUID() | PurePath():
            return str(value)
        case _:
            return None


def duration_text(value: timedelta) -> str:
    """An ISO 8601 duration: `P1DT2H0.000005S`."""
    sign, value = ("-", -value) if value < timedelta() else ("", value)
    minutes, seconds = divmod(value.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    fraction = f".{value.microseconds:06}".rstrip("0") if value.microseconds else ""
    times = [(hours, "H"), (minutes, "M"), (f"{seconds}{fraction}" if seconds or fraction else 0, "S")]
    clock = "".join(f"{amount}{unit}" for amount, unit in times if amount)
    days = f"{value.days}D" if value.days else ""
    return f"{sign}P{days}T{clock}" if clock else f"{sign}P{days or 'T0S'}"


def duration(value: object) -> timedelta:
    """The timedelta of an ISO 8601 duration, or of a number of seconds."""
    if isinstance(value, (int, float)):
        return timedelta(seconds=value)
    found = DURATION.fullmatch(_expect_text(value, "an ISO 8601 duration"))
    if found is None:
        raise TypeError(f"Expected an ISO 8601 duration, got {value!r}")
    part = {name: int(digits or 0) for name, digits in found.groupdict().items() if name not in {"sign", "fraction"}}
    days = part["years"] * DAYS_OF_YEAR + part["weeks"] * 7 + part["days"]
    microseconds = int((found["fraction"] or "").ljust(6, "0"))
    clock = timedelta(hours=part["hours"], minutes=part["minutes"], seconds=part["seconds"])
    amount = timedelta(days=days, microseconds=microseconds) + clock
    return -amount if found["sign"] == "-" else amount


def parse_datetime(value: object) -> datetime:
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str):
        raise TypeError(f"Expected datetime or ISO8601 string, got {type(value)}")
    try:
        return datetime.fromisoformat(value)
    except ValueError as error:
        raise TypeError(f"Failed parsing datetime string: {value}") from error


def scalar_reader(hint: type) -> Callable[[Any], Any] | None:
    """What reads values of the type; None if it is not one of these."""
    if hint is datetime:
        return parse_datetime
    if hint is timedelta:
        return duration
    if hint is Decimal:
        return _decimal
    for base, read in READERS.items():
        if issubclass(hint, base):
            return lambda value: read(hint, value)
    return None


def _decimal(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise TypeError(f"Expected a decimal number, got {type(value)}")
    try:
        return Decimal(str(value))
    except ArithmeticError as error:
        raise TypeError(f"Expected a decimal number, got {value!r}") from error


def _from_iso(hint: Any, value: object) -> object:
    try:
        return hint.fromisoformat(_expect_text(value, f"a {hint.__name__} in ISO 8601"))
    except ValueError as error:
        raise TypeError(f"Expected a {hint.__name__} in ISO 8601, got {value!r}") from error


def _from_text(hint: Any, value: object) -> object:
    if isinstance(value, hint):
        return value
    try:
        return hint(_expect_text(value, f"a {hint.__name__}"))
    except ValueError as error:
        raise TypeError(f"Expected a {hint.__name__}, got {value!r}: {error}") from error


def _expect_text(value: object, what: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"Expected {what}, got {type(value)}")
    return value


READERS: dict[type, Callable[[Any, Any], object]] = {
    date: _from_iso,
    time: _from_iso,
    UUID: _from_text,
    PurePath: _from_text,
}
