"""A snapshot as sections of text, and as JSON.

Rates are those between two snapshots; the first one has none.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from mainspring.cli.output import Cell, Value
from mainspring.cli.top.looking import Queue, Snapshot
from mainspring.explain.times import SECOND, Nanos, span

STATUSES: Final = ("Running", "Paused", "Completed", "Failed", "Canceled", "Terminated", "TimedOut", "ContinuedAsNew")
STYLES: Final = {"Running": "blue", "Completed": "green", "Failed": "red", "Terminated": "red", "TimedOut": "yellow"}


class Section(msgspec.Struct, frozen=True):
    """A table with its title."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]


def sections(now: Snapshot, before: Snapshot | None, *, most_rows: int) -> list[Section]:
    """What people see; at most so many runs."""
    runs = now.waiting[:most_rows]
    total = now.counts.get("Running", 0) + now.counts.get("Paused", 0)
    of = f" of the latest {now.looked_at_count:,}" if total > now.looked_at_count else ""
    found = [
        Section("Workflows", ("Status", "Runs", "A second"), status_rows(now, before)),
        Section(
            "Task queues",
            ("Task queue", "Tasks", "Pollers", "Backlog", "Oldest", "Added/s", "Taken/s"),
            [queue_row(queue) for queue in now.queues],
        ),
        Section(
            f"Waiting longest{of}",
            ("For", "WorkflowId", "Why"),
            [
                (
                    Cell(span(now.at - one.since_at)),
                    Cell(one.info.execution.workflow_id),
                    Cell(one.reason.sentence, "red" if one.reason.is_bad else ""),
                )
                for one in runs
            ],
        ),
    ]
    return [section for section in found if section.rows]


def status_rows(now: Snapshot, before: Snapshot | None) -> list[Sequence[Cell]]:
    shown = [status for status in STATUSES if status in now.counts or status == "Running"]
    shown += sorted(now.counts.keys() - set(STATUSES))
    return [
        (
            Cell(status, STYLES.get(status, "")),
            Cell(f"{now.counts.get(status, 0):,}"),
            Cell("" if before is None else rate(now, before, status)),
        )
        for status in shown
    ]


def rate(now: Snapshot, before: Snapshot, status: str) -> str:
    """How many a second more, or fewer, there are than before."""
    seconds = max((now.at - before.at) / SECOND, 1e-3)
    change = (now.counts.get(status, 0) - before.counts.get(status, 0)) / seconds
    return f"{change:+.1f}" if change else "0"


def queue_row(queue: Queue) -> Sequence[Cell]:
    return (
        Cell(queue.name),
        Cell(queue.side),
        Cell(str(queue.poller_count), "" if queue.poller_count else "red"),
        Cell(f"{queue.backlog_count:,}", "red" if queue.is_stuck else ""),
        Cell(span(int(queue.backlog_age_s * SECOND)) if queue.backlog_count else ""),
        Cell(f"{queue.add_rate:.1f}"),
        Cell(f"{queue.dispatch_rate:.1f}"),
    )


def in_json(namespace: str, now: Snapshot) -> dict[str, Value]:
    """A snapshot for programs."""
    queues: list[Value] = [
        {
            "taskQueue": queue.name,
            "tasks": queue.side,
            "pollers": queue.poller_count,
            "backlog": queue.backlog_count,
            "backlogAgeSeconds": queue.backlog_age_s,
            "addRate": queue.add_rate,
            "dispatchRate": queue.dispatch_rate,
        }
        for queue in now.queues
    ]
    waiting: list[Value] = [
        {
            "workflowId": one.info.execution.workflow_id,
            "runId": one.info.execution.run_id,
            "since": instant(one.since_at),
            "needsSomebody": one.reason.is_bad,
            "sentence": one.reason.sentence,
        }
        for one in now.waiting
    ]
    return {
        "namespace": namespace,
        "time": instant(now.at),
        "runs": {**now.counts},
        "taskQueues": queues,
        "lookedAtCount": now.looked_at_count,
        "waiting": waiting,
    }


def instant(at: Nanos) -> datetime:
    return datetime.fromtimestamp(at / SECOND, UTC)
