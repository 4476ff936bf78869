"""The rows of transitions, gathered over a group of commits and written table by table.

    rows.update_run(changes) ; rows.add(changes) ... rows.write()

Many rows of one table after each other cost less than one row of each table by turns: what SQLite and the interpreter
need for them is then in the processor's cache (decision 0027). What is said last of a row is what is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from sqlite3 import Connection, Cursor

from mainspring.server.engine.changes import Changes, Effect, EventBatch, Task, VisibilityRecord
from mainspring.server.engine.errors import VersionConflict
from mainspring.server.persistence.sqlite.sql import SQL

OPEN = 2**63 - 1
"""`close_order` of a run that is open: it stands before all closed ones."""

Key = tuple[str, str | int, str | int]  # the run's id, and two more parts
Row = tuple[str | int | float | bytes | None, ...]


class Rows:
    """See the module. Writes in the transaction that is open on `db`."""

    def __init__(self, db: Connection) -> None:
        self._cursor = db.cursor()  # one for all: the connection's own `executemany` makes one each time
        self._updates: list[Changes] = []
        self._history: list[Row] = []
        self._pending: dict[Key, Row | None] = {}  # None: the row goes; so it does in those below
        self._tasks: dict[Key, Row | None] = {}
        self._effects: dict[Key, Row | None] = {}
        self._visibility: dict[str, Row] = {}

    def update_run(self, changes: Changes) -> None:
        """The row of a run that is there already."""
        self._updates.append(changes)

    def add(self, changes: Changes) -> None:
        """All rows of one run in a transition, but for the run's own and its workflow id's."""
        run_id = changes.key.run_id
        if changes.events:
            self._history.append(_history_row(run_id, changes.events))
        for (kind, key), blob in changes.records.items():
            self._pending[run_id, kind, key] = None if blob is None else (run_id, kind, key, blob)
        for task_kind, ref in changes.finished_tasks:
            self._tasks[run_id, task_kind, ref] = None
        for task in changes.tasks:
            if not task.is_speculative:
                self._tasks[task.run.run_id, task.queue.kind, task.ref] = _task_row(task)
        for done in changes.finished_effects:
            self._effects[done.run_id, done.kind, done.ref] = None
        for effect in changes.effects:
            self._effects[effect.run.run_id, effect.kind, effect.ref] = _effect_row(effect)
        if changes.visibility is not None:
            self._visibility[run_id] = _visibility_row(changes.visibility)

    def write_runs(self) -> None:
        """Write the rows of runs, and keep none.

        Raises: VersionConflict: some run is past its expected version, not always the one that is named; all that was
            written has to be undone.
        """
        if updates := self._updates:
            if self._cursor.executemany(SQL["update_run"], map(run_update, updates)).rowcount != len(updates):
                raise past_version(updates[0])
            updates.clear()

    def write(self) -> None:
        """Write all of them, and keep none. Raises: what `write_runs` does."""
        self.write_runs()
        cursor = self._cursor
        if self._history:
            cursor.executemany(SQL["insert_history"], self._history)
            self._history.clear()
        _write_keyed(cursor, self._pending, "delete_pending", "put_pending")
        _write_keyed(cursor, self._tasks, "delete_task", "put_task")
        _write_keyed(cursor, self._effects, "delete_effect", "put_effect")
        if self._visibility:
            cursor.executemany(SQL["put_visibility"], self._visibility.values())
            self._visibility.clear()


def _write_keyed(cursor: Cursor, rows: dict[Key, Row | None], delete: str, put: str) -> None:
    """Write the rows of one table, and keep none."""
    if not rows:
        return
    if gone := [key for key, row in rows.items() if row is None]:
        cursor.executemany(SQL[delete], gone)
    if there := [row for row in rows.values() if row is not None]:
        cursor.executemany(SQL[put], there)
    rows.clear()


def past_version(changes: Changes) -> VersionConflict:
    """Another transition of the run was committed first."""
    return VersionConflict(f"run {changes.key.run_id} is past version {changes.expected_version}")


def run_update(changes: Changes) -> Row:
    """The values of `update_run`."""
    return (
        changes.next_event_id,
        changes.status,
        changes.wake_at,
        changes.state,
        changes.key.run_id,
        changes.expected_version,
    )


def _history_row(run_id: str, batches: Sequence[EventBatch]) -> Row:
    """One row for all batches of a transition: they lie end to end, and histories put together are one."""
    blob = b"".join([batch.blob for batch in batches])
    return (run_id, batches[0].first_event_id, batches[-1].next_event_id, blob)


def _task_row(task: Task) -> Row:
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


def _effect_row(effect: Effect) -> Row:
    run = effect.run
    return (run.run_id, effect.kind, effect.ref, run.namespace_id, run.workflow_id, effect.created_at, effect.blob)


def _visibility_row(record: VisibilityRecord) -> Row:
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
