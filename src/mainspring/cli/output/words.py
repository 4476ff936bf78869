"""Facts as words for people.

Enum values, times, durations and failures, and text that cannot harm a terminal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Protocol

from google.protobuf.descriptor import EnumDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

if TYPE_CHECKING:
    from temporalio.api.failure.v1 import Failure  # which would import all of the API

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Control characters but newline and tab, and those that turn the direction of text."""
_YEAR_1_S: Final = -62_135_596_800
_SPANS: Final = (
    *((60, "second", 1), (3_600, "minute", 60), (86_400, "hour", 3_600), (86_400 * 7, "day", 86_400)),
    *((86_400 * 30, "week", 86_400 * 7), (86_400 * 365, "month", 86_400 * 30)),
)


class EnumType(Protocol):
    """A generated enum."""

    DESCRIPTOR: EnumDescriptor


def enum_words(kind: EnumType, number: int) -> str:
    """`WORKFLOW_EXECUTION_STATUS_TIMED_OUT` is `TimedOut`; a value that is not known is its number."""
    found = kind.DESCRIPTOR.values_by_number.get(number)
    return str(number) if found is None else pascal_case(found.name.removeprefix(enum_prefix(kind)))


def enum_number(kind: EnumType, words: str | None) -> Any:
    """The value that words stand for; that of `..._UNSPECIFIED` without any."""
    numbers: list[int] = list(kind.DESCRIPTOR.values_by_number)
    return next((number for number in numbers if words == enum_words(kind, number)), 0)


def all_words(kind: EnumType) -> list[str]:
    """The words of all values but `..._UNSPECIFIED`."""
    numbers: list[int] = list(kind.DESCRIPTOR.values_by_number)
    return [enum_words(kind, number) for number in numbers[1:]]


def enum_prefix(kind: EnumType) -> str:
    """What the names of all values begin with: the first one is always `..._UNSPECIFIED`."""
    first: str = kind.DESCRIPTOR.values[0].name
    return first.removesuffix("UNSPECIFIED")


def pascal_case(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


def instant(stamp: Timestamp) -> datetime | None:
    """None for one that is not set, or is the year 1, as which the server writes it now and then."""
    is_set = (stamp.seconds or stamp.nanos) and stamp.seconds > _YEAR_1_S
    return stamp.ToDatetime(UTC) if is_set else None


def iso(moment: datetime) -> str:
    """RFC 3339 to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def ago(moment: datetime, now: datetime) -> str:
    """`3 minutes ago`, `2 hours from now`."""
    seconds = (now - moment).total_seconds()
    if abs(seconds) < 1:
        return "now"
    return f"{span(abs(seconds))} {'ago' if seconds > 0 else 'from now'}"


def span(seconds: float) -> str:
    """The largest unit that fits, rounded down."""
    fitting = ((unit, size) for below, unit, size in _SPANS if seconds < below)
    unit, size = next(fitting, ("year", 86_400 * 365))
    count = int(seconds // size)
    return f"{count} {unit}{'' if count == 1 else 's'}"


def duration(value: Duration | timedelta) -> str:
    """`1h2m3.5s`, as it would be given; nothing for zero."""
    seconds = value.total_seconds() if isinstance(value, timedelta) else value.seconds + value.nanos / 1e9
    if not seconds:
        return ""
    hours, rest = divmod(abs(seconds), 3_600)
    minutes, rest = divmod(rest, 60)
    parts = [f"{int(hours)}h" if hours else "", f"{int(minutes)}m" if hours or minutes else "", f"{rest:g}s"]
    return ("-" if seconds < 0 else "") + "".join(parts)


def spaced_duration(value: Duration | timedelta) -> str:
    """`3d 1h 2m 3.5s`, `250ms`, `0s`."""
    seconds = value.total_seconds() if isinstance(value, timedelta) else value.seconds + value.nanos / 1e9
    if abs(seconds) < 1:
        return f"{seconds * 1_000:.9g}ms" if seconds else "0s"
    minutes, rest = divmod(abs(seconds), 60)
    hours, minutes = divmod(int(minutes), 60)
    days, hours = divmod(hours, 24)
    parts = [
        f"{days}d" if days else "",
        f"{hours}h" if days or hours else "",
        f"{minutes}m" if days or hours or minutes else "",
        f"{rest:.9g}s",
    ]
    return ("-" if seconds < 0 else "") + " ".join(part for part in parts if part)


def failure_lines(failure: Failure) -> Iterator[str]:
    """Message, stack trace, and the same of each cause below it."""
    indent = ""
    while True:
        yield f"{indent}Message: {failure.message}"
        if failure.stack_trace:
            yield f"{indent}StackTrace:"
            yield from (f"{indent}    {line}" for line in failure.stack_trace.rstrip().splitlines())
        if not failure.HasField("cause"):
            return
        yield f"{indent}Cause:"
        failure, indent = failure.cause, indent + "    "


def harmless(text: str) -> str:
    """Control characters are written out, since whoever starts workflows chooses ids, types and messages."""
    return _CONTROL.sub(lambda match: match.group().encode("unicode_escape").decode(), text)
