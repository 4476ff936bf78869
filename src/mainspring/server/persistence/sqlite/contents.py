"""Is what stands in a file's rows sound? `verify` looks at the rows themselves, this at what they hold.

    each run  --> its state and records decode, and obey the engine's invariants
              --> its history decodes, events have the ids that their rows say, up to the run's next one
              --> what is pending by its history is pending in its state
              --> lists show it with its status

It reads the whole file, one run at a time, beside a server if there is one: it sees the file as of one moment.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from sqlite3 import Connection
from typing import Final

import msgspec
from google.protobuf.message import DecodeError
from temporalio.api.enums.v1 import WorkflowExecutionStatus
from temporalio.api.history.v1 import History, HistoryEvent

from mainspring.server.engine.changes import RunKey
from mainspring.server.engine.errors import InvariantError
from mainspring.server.engine.run import Run
from mainspring.server.engine.settings import NamespaceSettings
from mainspring.server.persistence.sqlite.backup import MOST_COMPLAINTS, Progress, open_existing
from mainspring.server.persistence.sqlite.migrating import check_version
from mainspring.server.persistence.sqlite.sql import SQL

_AT_A_TIME: Final = 100
_FAR_OFF: Final = 2**62
_PENDING: Final = {  # kind of record: the events that begin one, and those that end it by the id of the first
    "activity": ("activity_task_scheduled", ("completed", "failed", "timed_out", "canceled"), "activity_task_"),
    "timer": ("timer_started", ("fired", "canceled"), "timer_"),
    "child": (
        "start_child_workflow_execution_initiated",
        ("completed", "failed", "timed_out", "canceled", "terminated"),
        "child_workflow_execution_",
    ),
}


class _Row(msgspec.Struct, frozen=True, array_like=True):
    """A run as `runs_to_verify` gives it."""

    run_id: str
    namespace_id: str
    workflow_id: str
    version: int
    next_event_id: int
    status: int
    state: bytes
    shown_status: int | None


def verify_contents(path: str, progress: Progress | None = None) -> list[str]:
    """What is wrong with the runs of a file, one sentence each, `MOST_COMPLAINTS` of them at most.

    Raises: StoreUnavailable: there is no such file, it is not ours, or it is newer than this program.
    """
    found: list[str] = []
    done = 0
    try:
        with closing(open_existing(Path(path))) as db:
            db.execute("BEGIN")
            check_version(db)
            total = int(db.execute(SQL["count_runs"]).fetchone()[0])
            for row in _runs(db):
                found += [f"run {row.run_id} of {row.workflow_id}: {what}" for what in _complaints(db, row)]
                done += 1
                if progress is not None:
                    progress(done, total)
                if len(found) >= MOST_COMPLAINTS:
                    break
    except sqlite3.DatabaseError as error:
        found.append(f"damage: {error}")
    return found[:MOST_COMPLAINTS]


def _runs(db: Connection) -> Iterator[_Row]:
    after = ""
    while rows := db.execute(SQL["runs_to_verify"], (after, _AT_A_TIME)).fetchall():
        yield from (_Row(*row) for row in rows)
        after = rows[-1][0]


def _complaints(db: Connection, row: _Row) -> Iterator[str]:
    if row.shown_status is None:
        yield "lists do not show it"
    elif row.shown_status != row.status:
        yield f"lists show it with status {row.shown_status}, it has {row.status}"
    try:
        records = {(kind, key): blob for kind, key, blob in db.execute(SQL["pending_of_run"], (row.run_id,))}
        run = _loaded(row, records)
        buffered = [HistoryEvent.FromString(blob) for (kind, _), blob in records.items() if kind == "buffered"]
    except (msgspec.DecodeError, DecodeError, InvariantError, ValueError) as error:
        yield f"its state cannot be read: {error}"
        return
    events: list[HistoryEvent] = []
    for first_event_id, next_event_id, blob in db.execute(SQL["history"], (row.run_id, 1, _FAR_OFF, _FAR_OFF)):
        try:
            batch = History.FromString(blob).events
        except DecodeError:
            yield f"its events from {first_event_id} on cannot be read"
            return
        if [event.event_id for event in batch] != list(range(first_event_id, next_event_id)):
            yield f"its events from {first_event_id} on do not have the ids that they should"
        events += batch
    yield from _compared(run, row, events, buffered)


def _loaded(row: _Row, records: dict[tuple[str, str], bytes]) -> Run:
    run = Run.load(
        RunKey(row.namespace_id, row.workflow_id, row.run_id),
        NamespaceSettings(id=row.namespace_id, name=row.namespace_id),
        version=row.version,
        next_event_id=row.next_event_id,
        state=row.state,
        records=records,
    )
    run.check()
    return run


def _compared(run: Run, row: _Row, events: Sequence[HistoryEvent], buffered: Sequence[HistoryEvent]) -> Iterator[str]:
    """Where a run's state and its history contradict each other."""
    after = events[-1].event_id + 1 if events else 1
    if after != row.next_event_id:
        yield f"its history ends before event {after}, its state before event {row.next_event_id}"
    if run.state.status != row.status:
        yield f"its row has status {row.status}, its state {run.state.status}"
    if row.status != WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING:
        return
    stored = {
        "activity": {one.scheduled_event_id for one in run.activities.values()},
        "timer": {one.started_event_id for one in run.timers.values()},
        "child": {one.initiated_event_id for one in run.children.values()},
    }
    for kind, ids in stored.items():
        by_history = _pending([*events, *buffered], kind)
        for event_id in sorted(ids ^ by_history):
            where = "its state" if event_id in ids else "its history"
            yield f"the {kind} of event {event_id} is pending in {where} only"


def _pending(events: Sequence[HistoryEvent], kind: str) -> set[int]:
    """The ids of the events that began what has not ended."""
    begins, ends, prefix = _PENDING[kind]
    reference = {"activity": "scheduled_event_id", "timer": "started_event_id", "child": "initiated_event_id"}[kind]
    ending = {f"{prefix}{end}_event_attributes" for end in ends}
    ending.add("start_child_workflow_execution_failed_event_attributes")
    pending: set[int] = set()
    for event in events:
        attributes = event.WhichOneof("attributes")
        if attributes == f"{begins}_event_attributes":
            pending.add(event.event_id)
        elif attributes in ending:
            pending.discard(getattr(getattr(event, attributes), reference, 0))
    return pending
