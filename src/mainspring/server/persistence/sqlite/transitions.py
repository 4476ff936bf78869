"""One transition as rows: what `commit` writes, inside a transaction that others begin and end.

    runs (compare-and-set) -> current_runs -> history, pending, tasks, outbox, visibility

The first statement of a run is its compare-and-set, so a transition of one run that lost has written nothing. What can
fail later, the current run or a second run, needs a savepoint around it: `can_fail_late`. From history on, rows are
written with those of the group's other transitions; so are the runs', where it is but an update: see `rows.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from sqlite3 import Connection, Cursor

import msgspec

from mainspring.server.engine.changes import Changes, CurrentRun, RunKey
from mainspring.server.engine.errors import CurrentRunConflict
from mainspring.server.persistence.sqlite.rows import past_version, run_update
from mainspring.server.persistence.sqlite.sql import SQL

DELETES_OF_RUN = (
    "delete_run",
    "delete_history_of_run",
    "delete_pending_of_run",
    "delete_tasks_of_run",
    "delete_effects_of_run",
    "delete_visibility",
)


def is_update(transition: Sequence[Changes]) -> bool:
    """Whether it is of one run that is there already, and leaves the workflow id's run as it is: most are."""
    return len(transition) == 1 and transition[0].expected_version > 0 and transition[0].current is None


def can_fail_late(transition: Sequence[Changes]) -> bool:
    """Whether a conflict may show after something was written."""
    if len(transition) != 1:
        return True
    return transition[0].expected_current is not None


def write_runs(db: Connection, transition: Sequence[Changes]) -> None:
    """Write the runs of a transition and their workflow ids, in the transaction that is open on `db`.

    Raises:
        VersionConflict: some run is past its expected version.
        CurrentRunConflict: a workflow id stands for another run than expected.
        In both cases the caller rolls back to where it began, if `can_fail_late`; else nothing was written.
    """
    cursor = db.cursor()  # one for all: the connection's own `execute` makes one each time
    for changes in transition:
        _write_run(cursor, changes)
    for changes in transition:
        if changes.current is not None:
            _write_current_run(cursor, changes.current, changes.expected_current)


def _write_run(cursor: Cursor, changes: Changes) -> None:
    key = changes.key
    if changes.expected_version == 0:
        row = (
            key.run_id,
            key.namespace_id,
            key.workflow_id,
            changes.next_event_id,
            changes.status,
            changes.wake_at,
            changes.state,
        )
        count = cursor.execute(SQL["insert_run"], row).rowcount
    else:
        count = cursor.execute(SQL["update_run"], run_update(changes)).rowcount
    if count != 1:
        raise past_version(changes)


def _write_current_run(cursor: Cursor, current: CurrentRun, expected_run_id: str | None) -> None:
    row = (
        current.key.namespace_id,
        current.key.workflow_id,
        current.key.run_id,
        current.first_run_id,
        current.create_request_id,
        current.is_running,
        current.status,
        current.started_at,
        msgspec.json.encode(current.attached_request_ids).decode(),
    )
    if expected_run_id is None:
        cursor.execute(SQL["put_current_run"], row)
        return
    if not expected_run_id:
        count = cursor.execute(SQL["insert_current_run"], row).rowcount
    else:
        count = cursor.execute(SQL["replace_current_run"], (*row[2:], *row[:2], expected_run_id)).rowcount
    if count != 1:
        wanted = f"run {expected_run_id}" if expected_run_id else "none"
        raise CurrentRunConflict(f"expected {wanted} as the current run of workflow {current.key.workflow_id!r}")


def erase_runs(db: Connection, run_ids: Sequence[str]) -> None:
    """Delete every row of some runs but their current-run rows."""
    rows = [(run_id,) for run_id in run_ids]
    for name in DELETES_OF_RUN:
        db.executemany(SQL[name], rows)


def erase_run(db: Connection, key: RunKey) -> None:
    """Delete every row of a run, and the current-run row if the workflow id stands for it."""
    erase_runs(db, [key.run_id])
    db.execute(SQL["delete_current_run"], key.parts)


def erase_names(db: Connection, namespace_id: str) -> None:
    """Delete what a namespace has besides runs: its workflow ids and search attributes."""
    db.execute(SQL["delete_current_runs_of_namespace"], (namespace_id,))
    db.execute(SQL["remove_search_attributes_of_namespace"], (namespace_id,))
