"""`mainspring task-queue describe`: pollers and backlog, for each version and type of the queue.

The server's answer is a tree by version and type; it is shown as rows, in JSON too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import click
import msgspec
from temporalio.api.enums.v1 import BuildIdTaskReachability, DescribeTaskQueueMode
from temporalio.api.taskqueue.v1 import TaskQueueTypeInfo, TaskQueueVersionInfo, TaskQueueVersionSelection
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest, DescribeTaskQueueResponse

from mainspring.cli import remote
from mainspring.cli.gathering import gathered
from mainspring.cli.output import Output, Value
from mainspring.cli.output.words import instant, spaced_duration
from mainspring.cli.session import Session
from mainspring.cli.task_queue.kinds import NAME, TYPES, normal, type_words
from mainspring.cli.task_queue.legacy import LegacyOptions, legacy_options, show_legacy

Rows = list[dict[str, Value]]

UNVERSIONED: Final = "UNVERSIONED"
REACHABILITY: Final = {
    BuildIdTaskReachability.BUILD_ID_TASK_REACHABILITY_UNSPECIFIED: "unspecified",
    BuildIdTaskReachability.BUILD_ID_TASK_REACHABILITY_REACHABLE: "reachable",
    BuildIdTaskReachability.BUILD_ID_TASK_REACHABILITY_CLOSED_WORKFLOWS_ONLY: "closedWorkflowsOnly",
    BuildIdTaskReachability.BUILD_ID_TASK_REACHABILITY_UNREACHABLE: "unreachable",
}


class DescribeOptions(msgspec.Struct, frozen=True):
    """The options as click gives them."""

    task_queue_type: tuple[str, ...]
    select_build_id: tuple[str, ...]
    select_unversioned: bool
    select_all_active: bool
    report_reachability: bool
    disable_stats: bool

    @property
    def selection(self) -> TaskQueueVersionSelection | None:
        """Which versions are meant; None leaves it to the server."""
        if not (self.select_build_id or self.select_unversioned or self.select_all_active):
            return None
        return TaskQueueVersionSelection(
            build_ids=self.select_build_id, unversioned=self.select_unversioned, all_active=self.select_all_active
        )


describe_options = gathered(
    "options",
    DescribeOptions,
    click.option(
        "--task-queue-type",
        type=click.Choice(list(TYPES)),
        multiple=True,
        help="Type of the queue; all unless it is given. May be given several times.",
    ),
    click.option("--select-build-id", multiple=True, help="Version by its build. May be given several times."),
    click.option("--select-unversioned", is_flag=True, help="What is of no version."),
    click.option("--select-all-active", is_flag=True, help="All versions that were in use lately."),
    click.option("--report-reachability", is_flag=True, help="Also whether workflows can still reach each version."),
    click.option("--disable-stats", is_flag=True, help="Leave the backlog out."),
)


@remote.command("describe", failed="unable to describe task queue")
@NAME
@describe_options
@legacy_options
async def command(session: Session, task_queue: str, options: DescribeOptions, legacy: LegacyOptions) -> None:
    """Show who polls a task queue, and what waits in it."""
    if legacy.legacy_mode:
        await show_legacy(session, task_queue, legacy)
        return
    reply = await session.workflow.describe_task_queue(
        DescribeTaskQueueRequest(
            namespace=session.namespace,
            task_queue=normal(task_queue),
            api_mode=DescribeTaskQueueMode.DESCRIBE_TASK_QUEUE_MODE_ENHANCED,
            versions=options.selection,
            task_queue_types=[TYPES[word] for word in options.task_queue_type],
            report_stats=not options.disable_stats,
            report_pollers=True,
            report_task_reachability=options.report_reachability,
        )
    )
    show(session.output, reply, options)


def show(output: Output, reply: DescribeTaskQueueResponse, options: DescribeOptions) -> None:
    versions = [(build_id, reply.versions_info[build_id]) for build_id in sorted(reply.versions_info)]
    reachability = reachability_rows(versions) if options.report_reachability else []
    stats = [] if options.disable_stats else [stats_row(*one) for one in of_types(versions)]
    pollers = [row for one in of_types(versions) for row in poller_rows(*one, is_exact=output.is_json)]
    if output.is_json:
        found: dict[str, Value] = {"reachability": reachability, "pollers": pollers, "stats": stats}
        output.record({name: rows or None for name, rows in found.items()}, with_none=True)
        return
    if options.report_reachability:
        output.heading("Task Reachability:")
        show_rows(output, ("BuildId", "Reachability"), reachability)
    if not options.disable_stats:
        output.heading("Task Queue Statistics:")
        columns = ("BuildId", "TaskQueueType", "ApproximateBacklogCount", "ApproximateBacklogAge")
        show_rows(output, (*columns, "BacklogIncreaseRate", "TasksAddRate", "TasksDispatchRate"), stats)
    output.heading("Pollers:")
    show_rows(output, ("BuildId", "TaskQueueType", "Identity", "LastAccessTime", "RatePerSecond"), pollers)


def show_rows(output: Output, columns: tuple[str, ...], rows: Rows) -> None:
    output.table(columns, [list(row.values()) for row in rows])


def of_types(versions: list[tuple[str, TaskQueueVersionInfo]]) -> Iterator[tuple[str, str, TaskQueueTypeInfo]]:
    """What is known of each version and type; what is of no version comes first."""
    for build_id, info in versions:
        for number in sorted(info.types_info):
            yield build_id or UNVERSIONED, type_words(number), info.types_info[number]


def reachability_rows(versions: list[tuple[str, TaskQueueVersionInfo]]) -> Rows:
    return [
        {"buildId": build_id or UNVERSIONED, "reachability": REACHABILITY[info.task_reachability]}
        for build_id, info in versions
    ]


def stats_row(build_id: str, kind: str, info: TaskQueueTypeInfo) -> dict[str, Value]:
    stats = info.stats
    return {
        "buildId": build_id,
        "taskQueueType": kind,
        "approximateBacklogCount": stats.approximate_backlog_count,
        "approximateBacklogAge": spaced_duration(stats.approximate_backlog_age),
        "backlogIncreaseRate": plain(stats.tasks_add_rate - stats.tasks_dispatch_rate),
        "tasksAddRate": plain(stats.tasks_add_rate),
        "tasksDispatchRate": plain(stats.tasks_dispatch_rate),
    }


def poller_rows(build_id: str, kind: str, info: TaskQueueTypeInfo, *, is_exact: bool) -> Iterator[dict[str, Value]]:
    """Pollers, with the time of their last poll in full where it is `is_exact`."""
    for poller in info.pollers:
        yield {
            "buildId": build_id,
            "taskQueueType": kind,
            "identity": poller.identity,
            "lastAccessTime": poller.last_access_time if is_exact else instant(poller.last_access_time),
            "ratePerSecond": plain(poller.rate_per_second),
        }


def plain(value: float) -> int | float:
    """A number of single precision with as many digits as it has, and none after the point if they are zeros."""
    rounded = float(f"{value:.8g}")
    return int(rounded) if rounded.is_integer() else rounded
