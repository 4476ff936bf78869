"""Schedules as users write them: when to act (`ScheduleSpec`), what to do (`ScheduleAction`), how (`SchedulePolicy`).

    Schedule(
        action=ScheduleActionStartWorkflow(Report.run, id="report", task_queue="reports"),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=timedelta(hours=1))]),
    )

How they look on the wire is `_schedule_wire.py`'s matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum

from temporalio.api.enums.v1 import ScheduleOverlapPolicy as Overlap

from mainspring.client._schedule_action import ScheduleAction


class ScheduleOverlapPolicy(IntEnum):
    """What happens when an action is due while the last one still runs. Values are those of the API's enum."""

    SKIP = Overlap.SCHEDULE_OVERLAP_POLICY_SKIP
    """Leave it out."""
    BUFFER_ONE = Overlap.SCHEDULE_OVERLAP_POLICY_BUFFER_ONE
    """Do it once the running one is over; leave out what is due after it."""
    BUFFER_ALL = Overlap.SCHEDULE_OVERLAP_POLICY_BUFFER_ALL
    """Do all of them, one after the other."""
    CANCEL_OTHER = Overlap.SCHEDULE_OVERLAP_POLICY_CANCEL_OTHER
    """Cancel the running one, and do it once that is over."""
    TERMINATE_OTHER = Overlap.SCHEDULE_OVERLAP_POLICY_TERMINATE_OTHER
    """Terminate the running one, and do it."""
    ALLOW_ALL = Overlap.SCHEDULE_OVERLAP_POLICY_ALLOW_ALL
    """Do it beside the running one."""


@dataclass(frozen=True)
class ScheduleRange:
    """Numbers from `start` to `end`, both included, every `step`th. `end` 0 is `start`, `step` 0 is 1."""

    start: int
    end: int = 0
    step: int = 0

    def __post_init__(self) -> None:
        if self.end < self.start:
            object.__setattr__(self, "end", self.start)
        if self.step == 0:
            object.__setattr__(self, "step", 1)


@dataclass
class ScheduleCalendarSpec:
    """The moments that match all fields. Days of the week are counted from Sunday, 0; an empty `year` is any."""

    second: Sequence[ScheduleRange] = (ScheduleRange(0),)
    minute: Sequence[ScheduleRange] = (ScheduleRange(0),)
    hour: Sequence[ScheduleRange] = (ScheduleRange(0),)
    day_of_month: Sequence[ScheduleRange] = (ScheduleRange(1, 31),)
    month: Sequence[ScheduleRange] = (ScheduleRange(1, 12),)
    year: Sequence[ScheduleRange] = ()
    day_of_week: Sequence[ScheduleRange] = (ScheduleRange(0, 6),)
    comment: str | None = None


@dataclass
class ScheduleIntervalSpec:
    """The moments `epoch + n * every + offset`."""

    every: timedelta
    offset: timedelta | None = None


@dataclass
class ScheduleSpec:
    """When to act: at all moments of `calendars`, `intervals` and `cron_expressions`, without those of `skip`."""

    calendars: Sequence[ScheduleCalendarSpec] = field(default_factory=list["ScheduleCalendarSpec"])
    intervals: Sequence[ScheduleIntervalSpec] = field(default_factory=list["ScheduleIntervalSpec"])
    cron_expressions: Sequence[str] = field(default_factory=list["str"])
    skip: Sequence[ScheduleCalendarSpec] = field(default_factory=list["ScheduleCalendarSpec"])
    start_at: datetime | None = None
    end_at: datetime | None = None
    jitter: timedelta | None = None
    """Each action comes up to so much later, by chance."""
    time_zone_name: str | None = None
    """Of calendars and cron expressions; UTC if None."""


@dataclass
class ScheduleBackfill:
    """Act for a time that has passed, as if the schedule had been there. Both ends are included."""

    start_at: datetime
    end_at: datetime
    overlap: ScheduleOverlapPolicy | None = None


@dataclass
class SchedulePolicy:
    """How to act."""

    overlap: ScheduleOverlapPolicy = field(default_factory=lambda: ScheduleOverlapPolicy.SKIP)
    catchup_window: timedelta | None = None
    """After a time without a server, actions missed by no more than this are done. None is the server's default."""
    pause_on_failure: bool = False
    """Pause the schedule when a workflow of it fails or times out."""


@dataclass
class ScheduleState:
    """Whether it acts."""

    note: str | None = None
    paused: bool = False
    limited_actions: bool = False
    """It acts only `remaining_actions` times more."""
    remaining_actions: int = 0


@dataclass
class Schedule:
    """What to do, when and how."""

    action: ScheduleAction
    spec: ScheduleSpec
    policy: SchedulePolicy = field(default_factory=SchedulePolicy)
    state: ScheduleState = field(default_factory=ScheduleState)
