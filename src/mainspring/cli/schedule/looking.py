"""`mainspring schedule describe`, `list` and `list-matching-times`.

JSON is the server's answer, with payloads in full; text is what a person asks of a schedule: what, when, since when.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Any, Final

import click
from temporalio.api.enums.v1 import ScheduleOverlapPolicy
from temporalio.api.schedule.v1 import ScheduleListEntry, ScheduleSpec
from temporalio.api.workflowservice.v1 import (
    DescribeScheduleRequest,
    DescribeScheduleResponse,
    ListScheduleMatchingTimesRequest,
    ListSchedulesRequest,
)

from mainspring.cli import remote
from mainspring.cli.output import Value
from mainspring.cli.output.words import enum_words, instant, iso, spaced_duration
from mainspring.cli.paging import pages, show_list
from mainspring.cli.schedule.spec import SCHEDULE_ID
from mainspring.cli.session import Session
from mainspring.cli.values import INSTANT

SHORT: Final = ("ScheduleId", "Action", "Paused", "NextRunTime", "LastRunTime")
LONG: Final = ("ScheduleId", "Action", "Spec", "Notes", "Paused", "NextRunTime", "LastRunTime")
REALLY_LONG: Final = (
    *("ScheduleId", "Action", "Spec", "SkipSpec", "StartAt", "EndAt", "Jitter", "TimeZoneName", "Notes", "Paused"),
    *("NextRunTime", "LastRunTime", "SearchAttributes", "Memo"),
)


@remote.command("describe", failed="failed describing schedule")
@SCHEDULE_ID
async def describe(session: Session, schedule_id: str) -> None:
    """Show a schedule: what it starts, when, and what it has done."""
    request = DescribeScheduleRequest(namespace=session.namespace, schedule_id=schedule_id)
    reply = await session.workflow.describe_schedule(request)
    session.output.message(reply, shorthand=False)
    session.output.card(facts(schedule_id, reply))


def facts(schedule_id: str, reply: DescribeScheduleResponse) -> dict[str, Value]:
    schedule, info = reply.schedule, reply.info
    state, policies, started = schedule.state, schedule.policies, schedule.action.start_workflow
    counts: dict[str, Value] = {
        "Total": info.action_count,
        "MissedCatchupWindow": info.missed_catchup_window,
        "SkippedOverlap": info.overlap_skipped,
    }
    action: dict[str, Value] = {
        "workflow": started.workflow_type.name,
        "id": started.workflow_id,
        "taskQueue": started.task_queue.name,
        "args": list(started.input.payloads),
    }
    return {
        "ScheduleId": schedule_id,
        "Action": action,
        **spec_facts(schedule.spec),
        "OverlapPolicy": enum_words(ScheduleOverlapPolicy, policies.overlap_policy),
        "CatchupWindow": spaced_duration(policies.catchup_window),
        "PauseOnFailure": policies.pause_on_failure,
        "Notes": state.notes or None,
        "Paused": state.paused,
        "RemainingActions": state.remaining_actions if state.limited_actions else None,
        **run_facts(info),
        "RunningWorkflows": [one.workflow_id for one in info.running_workflows],
        "CreatedAt": instant(info.create_time),
        "LastUpdateAt": instant(info.update_time),
        "ActionCounts": counts,
        "SearchAttributes": reply.search_attributes if reply.search_attributes.indexed_fields else None,
        "Memo": reply.memo if reply.memo.fields else None,
    }


def spec_facts(spec: ScheduleSpec) -> dict[str, Value]:
    times: list[Value] = [calendar_facts(calendar) for calendar in spec.structured_calendar]
    for interval in spec.interval:
        every: dict[str, Value] = {"every": spaced_duration(interval.interval)}
        if interval.HasField("phase") and interval.phase.ToNanoseconds():
            every["offset"] = spaced_duration(interval.phase)
        times.append(every)
    return {
        "Spec": times or None,
        "SkipSpec": [calendar_facts(calendar) for calendar in spec.exclude_structured_calendar] or None,
        "StartAt": instant(spec.start_time),
        "EndAt": instant(spec.end_time),
        "Jitter": spaced_duration(spec.jitter),
        "TimeZoneName": spec.timezone_name or None,
    }


def calendar_facts(calendar: Any) -> dict[str, Value]:
    """A calendar's fields as it would be given: `{"hour": "9-17/2"}`."""
    names = ("second", "minute", "hour", "dayOfMonth", "month", "year", "dayOfWeek")
    found: dict[str, Value] = {
        name: ",".join(map(range_words, ranges))
        for name, ranges in ((name, field_of(calendar, name)) for name in names)
        if ranges
    }
    return found | {"comment": calendar.comment} if calendar.comment else found


def field_of(calendar: Any, json_name: str) -> Iterable[Any]:
    names = {"dayOfMonth": "day_of_month", "dayOfWeek": "day_of_week"}
    found: list[Any] = list(getattr(calendar, names.get(json_name, json_name)))
    return found


def range_words(part: Any) -> str:
    words = f"{part.start}-{part.end}" if part.end > part.start else f"{part.start}"
    return f"{words}/{part.step}" if part.step > 1 else words


def run_facts(info: Any) -> dict[str, Value]:
    coming, done = info.future_action_times, info.recent_actions
    return {
        "NextRunTime": instant(coming[0]) if coming else None,
        "LastRunTime": instant(done[-1].schedule_time) if done else None,
    }


@remote.command("list", failed="failed listing schedules")
@click.option("--long", "-l", is_flag=True, help="Also times and notes.")
@click.option("--really-long", is_flag=True, help="All that is known.")
@click.option("--query", "-q", default="", metavar="QUERY", help="Filter, as in 'TemporalSchedulePaused=true'.")
async def list_(session: Session, long: bool, really_long: bool, query: str) -> None:
    """List schedules."""
    columns = REALLY_LONG if really_long else LONG if long else SHORT
    request = ListSchedulesRequest(namespace=session.namespace, query=query)
    found = pages(session.workflow.list_schedules, request, "schedules")
    session.output.shorthand = session.output.is_text  # as the official command line has it
    await show_list(session.output, found, columns, partial(row, columns))


def row(columns: Iterable[str], entry: ScheduleListEntry) -> list[Value]:
    info = entry.info
    known: dict[str, Value] = {
        "ScheduleId": entry.schedule_id,
        "Action": info.workflow_type.name,
        "Notes": info.notes,
        "Paused": info.paused,
        "SearchAttributes": entry.search_attributes,
        "Memo": entry.memo,
        **spec_facts(info.spec),
        **run_facts(info),
    }
    return [known[name] for name in columns]


@remote.command("list-matching-times", failed="failed listing matching times")
@SCHEDULE_ID
@click.option("--start-time", type=INSTANT, required=True, help="From when. Required.")
@click.option("--end-time", type=INSTANT, required=True, help="Until when. Required.")
async def matching_times(session: Session, schedule_id: str, start_time: datetime, end_time: datetime) -> None:
    """List the times that a schedule matches in a span, past or to come."""
    request = ListScheduleMatchingTimesRequest(namespace=session.namespace, schedule_id=schedule_id)
    request.start_time.FromDatetime(start_time)
    request.end_time.FromDatetime(end_time)
    reply = await session.workflow.list_schedule_matching_times(request)
    session.output.message(reply)
    times = [instant(stamp) for stamp in reply.start_time]
    session.output.table(["Time"], [[iso(moment)] for moment in times if moment])
