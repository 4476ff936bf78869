"""A timeline of runs, drawn from their histories. `python -m node_provisioner.timeline --file nodes.db NODE...`

    node-4  AddNode  completed  9.3 s
      CreateVM                 █  ✗   │                     attempt 1
      WaitForVMReady            ▒▒✗▒▒▒│▒▒███████████        attempt 2
      WaitForNodeToJoinCluster    ✗   │             ██      attempt 1

Nothing but the history is read: what a column shows is what the server has stored.
"""

import argparse
import asyncio
import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from rich.console import Console
from rich.text import Text
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent

import mainspring
from mainspring.client import Client

WIDTH = 56
LABEL_WIDTH = 26
LEGEND = "▒ scheduled, or in an attempt that was lost   █ the attempt that counts"
SECOND = 1_000_000_000


class Outcome(StrEnum):
    PENDING = "pending"
    COMPLETED = "completed"
    FAILED = "failed"
    TIMED_OUT = "timed out"
    CANCELED = "canceled"
    TERMINATED = "terminated"
    CONTINUED_AS_NEW = "continued as new"


OUTCOME_STYLES = {Outcome.COMPLETED: "green", Outcome.PENDING: "dim"}  # all others are red

ACTIVITY_ENDS = {
    EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED: Outcome.COMPLETED,
    EventType.EVENT_TYPE_ACTIVITY_TASK_FAILED: Outcome.FAILED,
    EventType.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT: Outcome.TIMED_OUT,
    EventType.EVENT_TYPE_ACTIVITY_TASK_CANCELED: Outcome.CANCELED,
}
RUN_ENDS = {
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED: Outcome.COMPLETED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED: Outcome.FAILED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT: Outcome.TIMED_OUT,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED: Outcome.CANCELED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED: Outcome.TERMINATED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW: Outcome.CONTINUED_AS_NEW,
}


@dataclass(kw_only=True)
class ActivityRecord:
    """What a history says of one activity. Instants are nanoseconds since the epoch."""

    name: str
    scheduled_at: int
    started_at: int | None = None  # of the last attempt; earlier ones leave no event
    closed_at: int | None = None
    attempt: int = 0
    outcome: Outcome = Outcome.PENDING


@dataclass(kw_only=True)
class RunRecord:
    """What a history says of one run."""

    workflow_id: str
    workflow_type: str
    started_at: int
    activities: list[ActivityRecord]
    closed_at: int | None = None
    outcome: Outcome = Outcome.PENDING

    def named(self, name: str) -> list[ActivityRecord]:
        return [activity for activity in self.activities if activity.name == name]


@dataclass(frozen=True)
class Mark:
    """A vertical line through all rows: something that happened to all of them."""

    at: int
    sign: str
    style: str


def record_of(workflow_id: str, events: Sequence[HistoryEvent]) -> RunRecord:
    """Read one run's history, whole or not."""
    start = events[0]
    by_event_id: dict[int, ActivityRecord] = {}
    run = RunRecord(
        workflow_id=workflow_id,
        workflow_type=start.workflow_execution_started_event_attributes.workflow_type.name,
        started_at=start.event_time.ToNanoseconds(),
        activities=[],
    )
    for event in events:
        _note_activity(by_event_id, event)
        if event.event_type in RUN_ENDS:
            run.closed_at = event.event_time.ToNanoseconds()
            run.outcome = RUN_ENDS[event.event_type]
    run.activities = list(by_event_id.values())
    return run


def _note_activity(by_event_id: dict[int, ActivityRecord], event: HistoryEvent) -> None:
    at = event.event_time.ToNanoseconds()
    if event.HasField("activity_task_scheduled_event_attributes"):
        name = event.activity_task_scheduled_event_attributes.activity_type.name
        by_event_id[event.event_id] = ActivityRecord(name=name, scheduled_at=at)
    elif event.HasField("activity_task_started_event_attributes"):
        started = event.activity_task_started_event_attributes
        activity = by_event_id[started.scheduled_event_id]
        activity.started_at = at
        activity.attempt = started.attempt
    elif event.event_type in ACTIVITY_ENDS:
        activity = by_event_id[_scheduled_event_id(event)]
        activity.closed_at = at
        activity.outcome = ACTIVITY_ENDS[event.event_type]


def _scheduled_event_id(event: HistoryEvent) -> int:
    if event.HasField("activity_task_completed_event_attributes"):
        return event.activity_task_completed_event_attributes.scheduled_event_id
    if event.HasField("activity_task_failed_event_attributes"):
        return event.activity_task_failed_event_attributes.scheduled_event_id
    if event.HasField("activity_task_timed_out_event_attributes"):
        return event.activity_task_timed_out_event_attributes.scheduled_event_id
    return event.activity_task_canceled_event_attributes.scheduled_event_id


async def read_events(client: Client, workflow_id: str, run_id: str | None = None) -> list[HistoryEvent]:
    history = await client.get_workflow_handle(workflow_id, run_id=run_id).fetch_history()
    return list(history.events)


async def read_runs(client: Client, workflow_id: str) -> list[RunRecord]:
    """All runs that the workflow id ever had, the oldest first."""
    found = [run async for run in client.list_workflows(f"WorkflowId = '{workflow_id}'")]
    found.sort(key=lambda run: run.start_time)
    return [record_of(workflow_id, await read_events(client, workflow_id, run.run_id)) for run in found]


class Timeline:
    """Runs on one axis of time, from the start of the first to the end of the last."""

    def __init__(self, runs: Sequence[RunRecord], marks: Sequence[Mark] = ()) -> None:
        self._runs = runs
        self._marks = marks
        self._begins_at = min(run.started_at for run in runs)
        self._ends_at = max(_last_instant(run) for run in runs)

    def lines(self) -> list[Text]:
        drawn = [line for run in self._runs for line in self._run_lines(run)]
        return [*drawn, self._axis(), Text(f"  {'':{LABEL_WIDTH}} {LEGEND}", style="dim")]

    def _run_lines(self, run: RunRecord) -> list[Text]:
        title = Text.assemble(
            (run.workflow_id, "bold"), f"  {run.workflow_type}  ", (run.outcome, OUTCOME_STYLES.get(run.outcome, "red"))
        )
        if run.closed_at is not None:
            title.append(f"  {(run.closed_at - run.started_at) / SECOND:.1f} s")
        ends_at = run.closed_at or self._ends_at
        return [title, *(self._activity_line(activity, activity.closed_at or ends_at) for activity in run.activities)]

    def _activity_line(self, activity: ActivityRecord, ends_at: int) -> Text:
        line = Text(f"  {activity.name:{LABEL_WIDTH}} ")
        style = OUTCOME_STYLES.get(activity.outcome, "red")
        for column in range(WIDTH):
            line.append(*self._mark_at(column) or (self._sign_at(activity, ends_at, column), style))
        line.append(f" {_remark(activity)}", style="yellow" if activity.attempt > 1 else "dim")
        return line

    def _mark_at(self, column: int) -> tuple[str, str] | None:
        return next(((mark.sign, mark.style) for mark in self._marks if self._column(mark.at) == column), None)

    def _sign_at(self, activity: ActivityRecord, ends_at: int, column: int) -> str:
        if activity.started_at is not None and column >= self._column(activity.started_at):
            return "█" if column <= self._column(ends_at) else " "
        return "▒" if self._column(activity.scheduled_at) <= column <= self._column(ends_at) else " "

    def _axis(self) -> Text:
        length_s = (self._ends_at - self._begins_at) / SECOND
        step_s = next(step for step in (1, 2, 5, 10, 30, 60, 300, 3_600, 86_400 * 365) if length_s / step <= 8)
        axis = [" "] * (WIDTH + 8)
        for second in range(0, int(length_s) + 1, step_s):
            column = self._column(self._begins_at + second * SECOND)
            axis[column : column + len(f"{second}s")] = f"{second}s"
        return Text(f"  {'':{LABEL_WIDTH}} {''.join(axis)}".rstrip(), style="dim")

    def _column(self, at: int) -> int:
        length = max(self._ends_at - self._begins_at, 1)
        return (at - self._begins_at) * (WIDTH - 1) // length


def _last_instant(run: RunRecord) -> int:
    instants = [run.started_at, *(activity.closed_at or activity.scheduled_at for activity in run.activities)]
    return max([*instants, run.closed_at or 0])


def _remark(activity: ActivityRecord) -> str:
    if activity.outcome is Outcome.COMPLETED:
        return f"attempt {activity.attempt}"
    return f"{activity.outcome}, attempt {activity.attempt}" if activity.attempt else activity.outcome


async def show(options: argparse.Namespace) -> None:
    async with _client(options) as client:
        runs = [run for node_id in options.node_ids for run in await read_runs(client, node_id)]
    if not runs:
        raise SystemExit(f"no run of {', '.join(options.node_ids)} in namespace {options.namespace}")
    Console(highlight=False, soft_wrap=True).print(Text("\n").join(Timeline(runs).lines()))


@asynccontextmanager
async def _client(options: argparse.Namespace) -> AsyncGenerator[Client]:
    """Of the file, if one is given, else of the server."""
    if options.file is None:
        yield await Client.connect(options.address, namespace=options.namespace)
    else:
        async with mainspring.embedded(options.file, namespace=options.namespace) as client:
            yield client


def main() -> None:
    parser = argparse.ArgumentParser(description="draw what happened to nodes")
    parser.add_argument("--file", type=Path, help="of a program that has the engine in itself, and does not run now")
    parser.add_argument("--address", default="127.0.0.1:7233", help="of a server, if there is no file")
    parser.add_argument("--namespace", default="default")
    parser.add_argument("node_ids", metavar="NODE", nargs="+", type=_node_id)
    options = parser.parse_args()
    asyncio.run(show(options))


def _node_id(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9-]+", text):  # it becomes part of a query
        raise argparse.ArgumentTypeError(f"not a node id: {text!r}")
    return text


if __name__ == "__main__":
    main()
