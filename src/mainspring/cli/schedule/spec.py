"""When a schedule starts its workflow, and what holds for it: options, and the parts of the request they make.

--cron '0 12 * * *'   --interval 1h/15m   --calendar '{"hour": "12", "dayOfWeek": "1-5"}'     any of these times
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import click
import msgspec
from google.protobuf.json_format import Parse, ParseError
from temporalio.api.enums.v1 import ScheduleOverlapPolicy
from temporalio.api.schedule.v1 import CalendarSpec, IntervalSpec, SchedulePolicies, ScheduleSpec, ScheduleState

from mainspring.cli.gathering import Decorator, gathered
from mainspring.cli.output.words import enum_number
from mainspring.cli.start_parts import words_of
from mainspring.cli.values import DURATION, INSTANT, seconds

_FIELDS: Final = (
    *(("second", "0"), ("minute", "0"), ("hour", "0"), ("day_of_month", "*")),
    *(("month", "*"), ("day_of_week", "*"), ("year", "*")),
)
"""The fields of a cron string in their order, with what they are unless they are given."""

SCHEDULE_ID: Decorator = click.option("--schedule-id", "-s", required=True, help="Schedule. Required.")
OVERLAP: Decorator = click.option(
    "--overlap-policy",
    type=words_of(ScheduleOverlapPolicy),
    default="Skip",
    help="What happens while the workflow of the time before is still running; Skip unless it is given.",
)


class Timing(msgspec.Struct, frozen=True):
    """The options as click gives them."""

    calendar: tuple[str, ...]
    catchup_window: timedelta | None
    cron: tuple[str, ...]
    end_time: datetime | None
    interval: tuple[str, ...]
    jitter: timedelta | None
    notes: str
    paused: bool
    pause_on_failure: bool
    remaining_actions: int
    start_time: datetime | None
    time_zone: str
    overlap_policy: str

    def spec(self) -> ScheduleSpec:
        """The times.

        Raises: click.ClickException: one of them is none.
        """
        found = ScheduleSpec(
            cron_string=[*self.cron, *map(cron_of, self.calendar)],
            interval=[interval_of(text) for text in self.interval],
            timezone_name=self.time_zone,
        )
        if self.start_time is not None:
            found.start_time.FromDatetime(self.start_time)
        if self.end_time is not None:
            found.end_time.FromDatetime(self.end_time)
        found.jitter.FromTimedelta(self.jitter or timedelta())
        return found

    def policies(self) -> SchedulePolicies:
        found = SchedulePolicies(
            overlap_policy=enum_number(ScheduleOverlapPolicy, self.overlap_policy),
            pause_on_failure=self.pause_on_failure,
        )
        if self.catchup_window:
            found.catchup_window.FromTimedelta(self.catchup_window)
        return found

    def state(self) -> ScheduleState:
        return ScheduleState(
            notes=self.notes,
            paused=self.paused,
            limited_actions=self.remaining_actions > 0,
            remaining_actions=self.remaining_actions,
        )


def cron_of(text: str) -> str:
    """A calendar as JSON, as a cron string.

    Raises: click.ClickException: it is none.
    """
    try:
        calendar = Parse(text, CalendarSpec())
    except ParseError as error:
        raise click.ClickException(f"failed to parse json calendar spec: {error}") from error
    fields = [str(getattr(calendar, name)) or default for name, default in _FIELDS]
    if any(len(field.split()) != 1 for field in fields):
        raise click.ClickException("invalid CalendarSpec")
    return " ".join([*fields, "#", calendar.comment] if calendar.comment else fields)


def interval_of(text: str) -> IntervalSpec:
    """`1h`, or `1h/15m`: each hour, a quarter past.

    Raises: click.ClickException: it is not so.
    """
    parts = [seconds(part) for part in text.split("/")]
    every, offset = parts[0], parts[1] if len(parts) == 2 else 0.0
    if len(parts) > 2 or every is None or offset is None:
        raise click.ClickException('invalid interval: must be "<duration>" or "<duration>/<duration>"')
    found = IntervalSpec()
    found.interval.FromTimedelta(timedelta(seconds=every))
    found.phase.FromTimedelta(timedelta(seconds=offset))
    return found


timing_options = gathered(
    "timing",
    Timing,
    click.option("--calendar", multiple=True, help="Times as a calendar in JSON. May be given several times."),
    click.option("--catchup-window", type=DURATION, help="How long ago a time may be that was missed, to be made up."),
    click.option("--cron", multiple=True, help="Times as a cron string. May be given several times."),
    click.option("--end-time", type=INSTANT, help="Nothing happens afterwards."),
    click.option("--interval", multiple=True, help="Times as EVERY or EVERY/OFFSET. May be given several times."),
    click.option("--jitter", type=DURATION, help="Within which each time is moved at random."),
    click.option("--notes", default="", help="Note for people."),
    click.option("--paused", is_flag=True, help="Let it be paused at first."),
    click.option("--pause-on-failure", is_flag=True, help="Pause it when a workflow of it fails."),
    click.option(
        "--remaining-actions", type=click.IntRange(min=0), default=0, help="How many times it acts; 0 is no limit."
    ),
    click.option("--start-time", type=INSTANT, help="Nothing happens before."),
    click.option("--time-zone", default="", help="Time zone of the times, as in Europe/Berlin."),
    OVERLAP,
)
