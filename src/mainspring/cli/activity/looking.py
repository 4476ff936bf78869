"""`mainspring activity describe`, `list` and `count`, of activities that stand alone.

Activities of workflows are shown by `mainspring workflow describe`.
"""

from __future__ import annotations

from typing import Final

import click
from temporalio.api.activity.v1 import ActivityExecutionInfo, ActivityExecutionListInfo
from temporalio.api.enums.v1 import ActivityExecutionStatus, PendingActivityState
from temporalio.api.workflowservice.v1 import (
    CountActivityExecutionsRequest,
    DescribeActivityExecutionRequest,
    ListActivityExecutionsRequest,
)

from mainspring.cli import remote
from mainspring.cli.activity.target import RUN_ID
from mainspring.cli.counting import show_count
from mainspring.cli.output import Cell, Value
from mainspring.cli.output.words import duration, enum_words, failure_lines, instant
from mainspring.cli.paging import pages, show_list
from mainspring.cli.session import Session

COLUMNS: Final = ("Status", "ActivityId", "Type", "StartTime")
STYLES: Final = {
    "Running": "blue",
    "Completed": "green",
    "Failed": "red",
    "Canceled": "magenta",
    "Terminated": "red",
    "TimedOut": "yellow",
}
QUERY = click.option("--query", "-q", default="", metavar="QUERY", help="Filter, as in 'ActivityType=\"CreateVm\"'.")


@remote.command("describe", failed="failed describing activity")
@click.option("--activity-id", "-a", required=True, help="Activity. Required.")
@RUN_ID
@click.option("--raw", is_flag=True, help="Show the server's answer as JSON.")
async def describe(session: Session, activity_id: str, run_id: str, raw: bool) -> None:
    """Show what a standalone activity is doing."""
    request = DescribeActivityExecutionRequest(
        namespace=session.namespace, activity_id=activity_id, run_id=run_id, include_last_failure=True
    )
    reply = await session.workflow.describe_activity_execution(request)
    output = session.output
    if raw and output.is_text:
        output.format = "json"
    output.message(reply)
    output.heading("Activity Execution Info:")
    output.card(facts(reply.info))


def facts(info: ActivityExecutionInfo) -> dict[str, Value]:
    failure = "\n".join(failure_lines(info.last_failure)) if info.HasField("last_failure") else None
    return {
        "ActivityId": info.activity_id,
        "RunId": info.run_id,
        "Type": info.activity_type.name,
        "Status": status(info.status),
        "RunState": enum_words(PendingActivityState, info.run_state) if info.run_state else None,
        "TaskQueue": info.task_queue,
        "ScheduleToCloseTimeout": duration(info.schedule_to_close_timeout) or None,
        "ScheduleToStartTimeout": duration(info.schedule_to_start_timeout) or None,
        "StartToCloseTimeout": duration(info.start_to_close_timeout) or None,
        "HeartbeatTimeout": duration(info.heartbeat_timeout) or None,
        "StartDelay": duration(info.start_delay) or None,
        "LastStartedTime": instant(info.last_started_time),
        "Attempt": info.attempt,
        "ExecutionDuration": duration(info.execution_duration) or None,
        "ScheduleTime": instant(info.schedule_time),
        "CloseTime": instant(info.close_time),
        "LastFailure": failure,
        "LastWorkerIdentity": info.last_worker_identity or None,
        "LastAttemptCompleteTime": instant(info.last_attempt_complete_time),
        "StateTransitionCount": info.state_transition_count,
    }


@remote.command("list", failed="failed listing activities")
@QUERY
@click.option("--limit", type=click.IntRange(min=0), default=0, help="Show that many at most.")
@click.option("--page-size", type=click.IntRange(min=0), default=0, help="Fetch that many at a time.")
async def list_(session: Session, query: str, limit: int, page_size: int) -> None:
    """List standalone activities, the latest first."""
    size = min(limit, page_size or limit) if limit else page_size
    request = ListActivityExecutionsRequest(namespace=session.namespace, query=query, page_size=size)
    found = pages(session.workflow.list_activity_executions, request, "executions")
    await show_list(session.output, found, COLUMNS, row, limit=limit)


def row(info: ActivityExecutionListInfo) -> list[Value]:
    return [status(info.status), info.activity_id, info.activity_type.name, instant(info.schedule_time)]


def status(number: int) -> Cell:
    words = enum_words(ActivityExecutionStatus, number)
    return Cell(words, STYLES.get(words, ""))


@remote.command("count", failed="failed counting activities")
@QUERY
async def count(session: Session, query: str) -> None:
    """Count standalone activities, in groups if the query ends in GROUP BY."""
    request = CountActivityExecutionsRequest(namespace=session.namespace, query=query)
    show_count(session.output, await session.workflow.count_activity_executions(request))
