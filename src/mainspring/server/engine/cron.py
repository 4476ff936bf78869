"""Cron schedules of workflows: five fields, `@every` and the `@daily` family, with `CRON_TZ=` or `TZ=` in front.

    check("0 * * * *"), next_start(schedule, after=...)  ->  instant

The fields' meaning is croniter's; what it knows beyond the real server's grammar (seconds, `L`, `#`, hashes) is
refused.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import CroniterError, croniter

from mainspring.server.engine.changes import Nanos
from mainspring.server.engine.errors import InvalidArgument
from mainspring.server.engine.times import SECOND

_DESCRIPTORS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_UNITS_NS = {"ns": 1, "us": 1_000, "µs": 1_000, "ms": 1_000_000, "s": SECOND, "m": 60 * SECOND, "h": 3600 * SECOND}
_FIELDS = re.compile(r"[0-9A-Za-z*/,\-?]+( +[0-9A-Za-z*/,\-?]+){4}")
_LENGTH = re.compile(r"(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|ms|s|m|h)")


def check(schedule: str) -> None:
    """The schedule can be used; "" is no schedule.

    Raises:
        InvalidArgument: it cannot.
    """
    if schedule:
        try:
            next_start(schedule, 0)
        except ValueError as error:
            raise InvalidArgument("invalid CronSchedule.") from error


def next_start(schedule: str, after: Nanos) -> Nanos:
    """The first start strictly after an instant.

    Raises:
        ValueError: not a schedule.
    """
    zone, fields = _split_zone(schedule.strip())
    if fields.startswith("@every "):
        every_ns = max(SECOND, _length_ns(fields.removeprefix("@every ").strip()) // SECOND * SECOND)
        return (after // SECOND) * SECOND + every_ns
    fields = _DESCRIPTORS.get(fields, fields)
    if not _FIELDS.fullmatch(fields) or re.search(r"\d[Ll]|[Ll]\b", fields.split()[2]):
        raise ValueError(f"expected five cron fields, got {fields!r}")
    start = datetime.fromtimestamp(after // SECOND, zone)
    try:
        following = croniter(fields.replace("?", "*"), start).get_next(datetime)
    except (CroniterError, KeyError, OverflowError) as error:
        raise ValueError(str(error)) from error
    return int(following.timestamp()) * SECOND


def wait_ns(schedule: str, started_at: Nanos, now: Nanos) -> int:
    """How long the next run of a cron chain waits: to its first start that is not before `now`, in whole seconds."""
    following = next_start(schedule, started_at)
    if following < now:
        following = next_start(schedule, now - 1)
    return -(-(following - now) // SECOND) * SECOND


def _split_zone(schedule: str) -> tuple[tzinfo, str]:
    for prefix in ("CRON_TZ=", "TZ="):
        if schedule.startswith(prefix):
            name, _, fields = schedule.removeprefix(prefix).partition(" ")
            try:
                return ZoneInfo(name), fields.strip()
            except (ZoneInfoNotFoundError, OSError) as error:
                raise ValueError(f"unknown time zone {name!r}") from error
    return UTC, schedule


def _length_ns(text: str) -> int:
    """A Go duration; negative ones are legal, and the least interval stands in for them."""
    sign, bare = (text[0], text[1:]) if text[:1] in ("-", "+") else ("+", text)
    parts = _LENGTH.findall(bare)
    if not parts or "".join(parts) != bare:
        raise ValueError(f"expected a duration such as 1h30m, got {text!r}")
    total = 0.0
    for part in parts:
        unit = re.search(r"[a-zµ]+", part)
        name = unit.group() if unit else "s"
        total += float(part.removesuffix(name)) * _UNITS_NS[name]
    return -int(total) if sign == "-" else int(total)
