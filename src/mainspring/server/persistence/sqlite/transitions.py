"""One transition as rows: what `commit` writes, inside a transaction that others begin and end.

    runs (compare-and-set) -> current_runs -> history -> pending -> tasks -> outbox -> visibility

The first statement of a run is its compare-and-set, so a transition of one run that lost has written nothing. What can
fail later, the current run or a second run, needs a savepoint around it: `can_fail_late`.
"""

from __future__ import annotations

from collections.abc import Sequence
from sqlite3 import Connection, Cursor

import msgspec

from mainspring.server.engine.changes import Changes, CurrentRun, EventBatch, RunKey, Task, VisibilityRecord
from mainspring.server.engine.errors import CurrentRunConflict, VersionConflict
from mainspring.server.persistence.sqlite.sql import SQL

OPEN = 2**63 - 1
"""`close_order` of a run that is open: it stands before all closed ones."""

DELETES_OF_RUN = (
    "delete_run",
    "delete_history_of_run",
    "delete_pending_of_run",
    "delete_tasks_of_run",
    "delete_effects_of_run",
    "delete_visibility",
)


def can_fail_late(transition: Sequence[Changes]) -> bool:
    """Whether a conflict may show after something was written."""
    if len(transition) != 1:
        return True
    return transition[0].expected_current is not None


def write_transition(db: Connection, transition: Sequence[Changes]) -> None:
    """Write all changes of a transition in the transaction that is open on `db`.

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
    for changes in transition:
        _write_rest(cursor, changes)


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
        update = (
            changes.next_event_id,
            changes.status,
            changes.wake_at,
            changes.state,
            key.run_id,
            changes.expected_version,
        )
        count = cursor.execute(SQL["update_run"], update).rowcount
    if count != 1:
        raise VersionConflict(f"run {key.run_id} is past version {changes.expected_version}")


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


def _write_rest(cursor: Cursor, changes: Changes) -> None:
    run_id = changes.key.run_id
    if changes.events:
        cursor.execute(SQL["insert_history"], _history_row(run_id, changes.events))
    for (kind, key), blob in changes.records.items():
        if blob is None:
            cursor.execute(SQL["delete_pending"], (run_id, kind, key))
        else:
            cursor.execute(SQL["put_pending"], (run_id, kind, key, blob))
    for task_kind, ref in changes.finished_tasks:
        cursor.execute(SQL["delete_task"], (run_id, task_kind, ref))
    for task in changes.tasks:
        if not task.is_speculative:
            cursor.execute(SQL["put_task"], task_row(task))
    for done in changes.finished_effects:
        cursor.execute(SQL["delete_effect"], (done.run_id, done.kind, done.ref))
    for effect in changes.effects:
        key_ = effect.run
        cursor.execute(
            SQL["put_effect"],
            (
                key_.run_id,
                effect.kind,
                effect.ref,
                key_.namespace_id,
                key_.workflow_id,
                effect.created_at,
                effect.blob,
            ),
        )
    if changes.visibility is not None:
        cursor.execute(SQL["put_visibility"], visibility_row(changes.visibility))


def _history_row(run_id: str, batches: Sequence[EventBatch]) -> tuple[str | int | bytes, ...]:
    """One row for all batches of a transition: they lie end to end, and histories put together are one."""
    blob = b"".join([batch.blob for batch in batches])
    return (run_id, batches[0].first_event_id, batches[-1].next_event_id, blob)


def task_row(task: Task) -> tuple[str | int | float | None, ...]:
    """The values of `put_task`."""
    run, queue = task.run, task.queue
    return (
        run.run_id,
        queue.kind,
        task.ref,
        queue.namespace_id,
        run.workflow_id,
        queue.name,
        task.stamp,
        task.created_at,
        task.normal_queue,
        task.priority,
        task.fairness_key,
        task.fairness_weight,
        task.expires_at,
    )


def visibility_row(record: VisibilityRecord) -> tuple[str | int | bytes | None, ...]:
    """The values of `put_visibility`."""
    key = record.key
    return (
        key.run_id,
        key.namespace_id,
        key.workflow_id,
        record.workflow_type,
        record.task_queue,
        record.status,
        record.start_at,
        record.execution_at,
        record.close_at,
        OPEN if record.close_at is None else record.close_at,
        record.history_length,
        record.history_size_bytes,
        record.state_transition_count,
        record.parent_workflow_id,
        record.parent_run_id,
        record.root_workflow_id,
        record.root_run_id,
        record.first_run_id,
        record.memo,
        record.search_attributes,
        record.searchable,
    )


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
