"""`mainspring doctor`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import click

from mainspring.cli import remote
from mainspring.cli.doctor.grouping import Group, grouped
from mainspring.cli.open_runs import Answer, answers, count_open, open_runs
from mainspring.cli.output import Cell, Output, Value
from mainspring.cli.session import Session
from mainspring.explain.times import SECOND, Nanos

RUNS_OF_A_GROUP: Final = 10
COLUMNS: Final = ("Runs", "Since", "Why", "Oldest")


@remote.command("doctor", failed="failed looking at workflows")
@click.option(
    "--query", "-q", default="", metavar="QUERY", help="Look only at these, as in 'WorkflowType=\"AddNode\"'."
)
@click.option("--limit", type=click.IntRange(min=1), default=1_000, help="Look at that many open runs at most.")
async def command(session: Session, /, query: str, limit: int) -> None:
    """Tell what is stuck in a namespace, and why.

    Open runs are grouped by what they wait for: first what needs somebody (no worker polls a task queue, a workflow
    task fails, an activity has failed five times in a row, something is paused), then what goes on by itself, such as
    an activity that is tried again. The exit status is 1 if anything needs somebody.
    """
    open_count = await count_open(session, query)
    found: list[Answer] = []
    looked_at = 0
    async for page in open_runs(session, query, limit):
        found += await answers(session, page)
        looked_at += len(page)
    groups = grouped(found)
    output = session.output
    if output.is_json:
        output.record(
            {
                "namespace": session.namespace,
                "openCount": open_count,
                "lookedAtCount": looked_at,
                "groups": [in_json(group) for group in groups],
            }
        )
    show(output, "Needs somebody", [group for group in groups if group.needs_somebody])
    show(output, "Goes on by itself", [group for group in groups if not group.needs_somebody])
    output.line(bound(looked_at, open_count))
    if any(group.needs_somebody for group in groups):
        click.get_current_context().exit(1)


def show(output: Output, title: str, groups: Sequence[Group]) -> None:
    if groups:
        output.heading(title)
        output.table(COLUMNS, [row(group) for group in groups])
        output.line()


def row(group: Group) -> list[Value]:
    style = "red" if group.needs_somebody else ""
    return [group.count, instant(group.since_at), Cell(group.title, style), group.oldest.info.execution.workflow_id]


def in_json(group: Group) -> dict[str, Value]:
    runs: list[Value] = [
        {
            "workflowId": answer.info.execution.workflow_id,
            "runId": answer.info.execution.run_id,
            "type": answer.info.type.name,
            "since": instant(answer.since_at),
            "sentence": answer.reason.sentence,
        }
        for answer in group.answers[:RUNS_OF_A_GROUP]
    ]
    return {
        "kind": group.kind.value,
        "reason": group.title,
        "needsSomebody": group.needs_somebody,
        "count": group.count,
        "since": instant(group.since_at),
        "oldestRuns": runs,
    }


def instant(at: Nanos) -> datetime:
    return datetime.fromtimestamp(at / SECOND, UTC)


def bound(looked_at: int, open_count: int) -> str:
    """How much was looked at. More runs may have been opened meanwhile, or closed."""
    if looked_at >= open_count:
        return "No run is open." if not looked_at else f"Looked at all {looked_at:,} open runs."
    rest = open_count - looked_at
    return f"Looked at the {looked_at:,} open runs started last, not at {rest:,} before them: see --limit and --query."
