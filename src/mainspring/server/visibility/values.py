"""Literals of a query as values of an attribute's type, or the real server's complaint.

    Text("1h30m") for ExecutionDuration -> 5400000000000        Text("1970-01-01T00:00:01Z") -> 1000000

Times are compared by the microsecond, as in the real server: clients whose clock type holds no more find what they saw.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from temporalio.api.enums.v1 import WorkflowExecutionStatus

from mainspring.server.engine.attribute_types import BOOL, DATETIME, DOUBLE, INT, TYPE_NAMES
from mainspring.server.engine.errors import InvalidArgument
from mainspring.server.visibility.attributes import DURATION, STATUS, Attribute
from mainspring.server.visibility.conditions import Column, Null, Number, Operand, Text, Truth, Values, invalid_query

Scalar = str | int | float
"""A value that can be bound; booleans are integers, times are microseconds since the epoch."""

Plain = Scalar | bool
"""A literal by its own looks."""

NANOS_PER_MICRO: Final = 1_000
_INT64: Final = range(-(2**63), 2**63)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_STATUS_PREFIX: Final = "WORKFLOW_EXECUTION_STATUS_"
_STATUSES: Final = {
    name.removeprefix(_STATUS_PREFIX).replace("_", "").lower(): int(number)
    for name, number in WorkflowExecutionStatus.items()
}

_INSTANT: Final = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:T((?:[01]\d|2[0-3]):\d{2}:\d{2})(?:[.,](\d+))?(?:Z|([+-])(\d{2}):(\d{2})))?", re.ASCII
)
_CLOCK: Final = re.compile(r"(\d+):(\d{1,2}):(\d{1,2})", re.ASCII)
_DURATION: Final = re.compile(r"([+-])?((?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h|d))+)", re.ASCII)
_DURATION_PART: Final = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h|d)", re.ASCII)
_UNIT_NS: Final = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
    "d": 86_400_000_000_000,
}
_LONGEST_NUMBER: Final = 400  # digits; Python itself refuses to read integers of over 4,300


def value_of(attribute: Attribute, literal: Operand) -> Scalar:
    """One literal as a value of the attribute.

    Raises:
        InvalidArgument: it is no value, or of a wrong type.
    """
    plain = _plain(literal)
    if isinstance(plain, bool):
        if attribute.kind != BOOL:
            raise _wrong_type(attribute, plain)
        return int(plain)
    if attribute.name == STATUS:
        return _status(plain)
    if attribute.name == DURATION:
        return _duration_ns(plain)
    if attribute.kind == DATETIME:
        return _micros(attribute, plain)
    is_number = attribute.kind in (INT, DOUBLE)
    if attribute.kind == BOOL or isinstance(plain, str) == is_number:
        raise _wrong_type(attribute, plain)
    return plain


def status_name(number: int) -> str:
    """A status as groups of counts show it: `TimedOut`."""
    name = WorkflowExecutionStatus.Name(WorkflowExecutionStatus.ValueType(number)).removeprefix(_STATUS_PREFIX)
    return "".join(word.capitalize() for word in name.split("_"))


def _plain(literal: Operand) -> Plain:
    match literal:
        case Text(text):
            return text
        case Number(digits):
            return _number(digits)
        case Truth(is_true):
            return is_true
        case Null():
            raise invalid_query("invalid expression: NULL cannot be compared, use IS NULL or IS NOT NULL")
        case Column(name):
            raise invalid_query(
                "operation is not supported: column name on the right side of comparison expression "
                f'(did you forget to quote "{name}"?)'
            )
        case Values():
            raise invalid_query("invalid expression: a list of values stands where one value is expected")


def _number(digits: str) -> int | float:
    unreadable = invalid_query(f'invalid expression: unable to parse value "{digits}"')
    if len(digits) > _LONGEST_NUMBER or "x" in digits.lower():
        raise unreadable
    if digits.removeprefix("-").isdecimal() and int(digits) in _INT64:
        return int(digits)
    number = float(digits)
    if not math.isfinite(number):
        raise unreadable
    return number


def _wrong_type(attribute: Attribute, value: Plain) -> InvalidArgument:
    kind = TYPE_NAMES[attribute.kind]
    shown, type_name = _shown(value)
    return invalid_query(
        f"invalid expression: invalid value type for search attribute {attribute.name} of type {kind}: "
        f"{shown} (type: {type_name})"
    )


def _shown(value: Plain) -> tuple[str, str]:
    """The value and its type as the real server spells them."""
    match value:
        case bool():
            return str(value).lower(), "bool"
        case int():
            return str(value), "int64"
        case float():
            return f"{value:.17g}" if value != round(value, 6) else f"{value:g}", "float64"
        case str():
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"', "string"


# -- statuses


def _status(value: Scalar) -> int:
    if isinstance(value, float):
        raise invalid_query(f"invalid expression: unexpected value type float64 for search attribute {STATUS}")
    if isinstance(value, int):
        if value in WorkflowExecutionStatus.values():
            return value
        raise invalid_query(f"invalid expression: invalid {STATUS} value {value}")
    spelling = value.upper().removeprefix(_STATUS_PREFIX).replace("_", "").lower()
    if spelling not in _STATUSES:
        raise invalid_query(f"invalid expression: invalid {STATUS} value '{value}'")
    return _STATUSES[spelling]


# -- times


def _micros(attribute: Attribute, value: Scalar) -> int:
    if isinstance(value, float):
        raise _wrong_type(attribute, value)
    if isinstance(value, int):
        return truncated_micros(value)
    micros = micros_of(value)
    if micros is None:
        raise invalid_query(f"invalid expression: unable to parse datetime '{value}'")
    return micros


def truncated_micros(nanos: int) -> int:
    """Toward zero, as SQL divides."""
    return nanos // NANOS_PER_MICRO if nanos >= 0 else -(-nanos // NANOS_PER_MICRO)


def micros_of(text: str) -> int | None:
    """An RFC 3339 time, or a day in UTC; None if it is neither."""
    found = _INSTANT.fullmatch(text)
    if found is None:
        return None
    day, clock, fraction, sign, hours, minutes = found.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{clock or '00:00:00'}+00:00")
    except ValueError:
        return None
    since = moment - _EPOCH
    seconds = since.days * 86_400 + since.seconds
    if sign is not None:
        if int(hours) > 24 or int(minutes) > 59:
            return None
        offset_s = int(hours) * 3_600 + int(minutes) * 60
        seconds += offset_s if sign == "-" else -offset_s
    return truncated_micros(seconds * 1_000_000_000 + int(((fraction or "") + "0" * 9)[:9]))


# -- durations


def _duration_ns(value: Scalar) -> int:
    if isinstance(value, float):
        raise invalid_query(f"invalid expression: unexpected value type float64 for search attribute {DURATION}")
    if isinstance(value, int):
        return value
    nanos = duration_ns_of(value)
    if nanos is None:
        raise invalid_query(f"invalid expression: invalid duration value for search attribute {DURATION}: {value}")
    return nanos


def duration_ns_of(text: str) -> int | None:
    """Nanoseconds of `5400000000000`, `1h30m`, `1.5d` or `01:30:00`; None if it is none of these, or too long."""
    if len(text) > _LONGEST_NUMBER:
        return None
    nanos = _plain_ns(text)
    if nanos is None:
        nanos = _unit_ns(text)
    if nanos is None:
        nanos = _clock_ns(text)
    return nanos if nanos is not None and nanos in _INT64 else None


def _plain_ns(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[+-]?\d+", text, re.ASCII) else None


def _unit_ns(text: str) -> int | None:
    found = _DURATION.fullmatch(text)
    if found is None:
        return None
    try:
        total = sum(int(Decimal(number) * _UNIT_NS[unit]) for number, unit in _DURATION_PART.findall(found[2]))
    except InvalidOperation:
        return None
    return -total if found[1] == "-" else total


def _clock_ns(text: str) -> int | None:
    found = _CLOCK.fullmatch(text)
    if found is None:
        return None
    hours, minutes, seconds = (int(part) for part in found.groups())
    if minutes > 59 or seconds > 59:
        return None
    return (hours * 3_600 + minutes * 60 + seconds) * 1_000_000_000
