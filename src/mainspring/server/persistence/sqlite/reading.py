"""Rows as records: every question that the store answers, on a connection that is in no transaction.

Each function is one statement, or two where a run is read with its records; those share a read transaction, so that
they show the same moment.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from sqlite3 import Connection
from typing import Final, NamedTuple

import msgspec

from mainspring.server.engine.changes import (
    CurrentRun,
    Effect,
    EffectKind,
    EventBatch,
    Nanos,
    QueueKey,
    RunKey,
    Task,
    TaskKind,
)
from mainspring.server.persistence.sqlite.rows import OPEN
from mainspring.server.persistence.sqlite.sql import SQL
from mainspring.server.persistence.store import NamespaceRecord, OpenRuns, RunPlace, StoredRun, StoreSize

_NEWEST: Final[RunPlace] = (OPEN, "")  # before every run

_strings = msgspec.json.Decoder(tuple[str, ...])
_string_map = msgspec.json.Decoder(dict[str, str])


class HistoryRange(NamedTuple):
    """Which batches of a run are wanted."""

    run_id: str
    first_event_id: int
    before_event_id: int
    limit: int


@contextmanager
def _one_moment(db: Connection) -> Generator[None]:
    """A read transaction, unless the caller is in one."""
    is_alone = not db.in_transaction
    if is_alone:
        db.execute("BEGIN")
    try:
        yield
    finally:
        if is_alone:
            db.execute("COMMIT")


def load_run(db: Connection, key: RunKey) -> StoredRun | None:
    with _one_moment(db):
        row = db.execute(SQL["load_run"], (key.run_id, key.namespace_id, key.workflow_id)).fetchone()
        return None if row is None else _with_records(db, key, row)


def open_runs(db: Connection, namespace_id: str, *, after: RunPlace | None, limit: int) -> OpenRuns:
    with _one_moment(db):
        rows = db.execute(SQL["open_runs"], (namespace_id, OPEN, *(after or _NEWEST), limit)).fetchall()
        runs = [_with_records(db, RunKey(namespace_id, row[1], row[2]), row[3:]) for row in rows]
    return OpenRuns(runs, (rows[-1][0], rows[-1][2]) if len(rows) == limit else None)


def _with_records(db: Connection, key: RunKey, row: tuple[int, int, int, Nanos | None, bytes]) -> StoredRun:
    version, next_event_id, status, wake_at, state = row
    return StoredRun(
        key=key,
        version=version,
        next_event_id=next_event_id,
        status=status,
        wake_at=wake_at,
        state=state,
        records={(kind, name): blob for kind, name, blob in db.execute(SQL["pending_of_run"], (key.run_id,))},
    )


def find_run(db: Connection, namespace_id: str, run_id: str) -> RunKey | None:
    row = db.execute(SQL["find_run"], (run_id, namespace_id)).fetchone()
    return None if row is None else RunKey(*row)


def current_run(db: Connection, namespace_id: str, workflow_id: str) -> CurrentRun | None:
    row = db.execute(SQL["current_run"], (namespace_id, workflow_id)).fetchone()
    if row is None:
        return None
    return CurrentRun(
        key=RunKey(*row[:3]),
        first_run_id=row[3],
        create_request_id=row[4],
        is_running=bool(row[5]),
        status=row[6],
        started_at=row[7],
        attached_request_ids=_strings.decode(row[8]),
    )


def history(db: Connection, wanted: HistoryRange, *, newest_first: bool) -> list[EventBatch]:
    name = "history_newest_first" if newest_first else "history"
    return [EventBatch(*row) for row in db.execute(SQL[name], wanted)]


def due_runs(db: Connection, now: Nanos, limit: int) -> list[RunKey]:
    return [RunKey(*row) for row in db.execute(SQL["due_runs"], (now, limit))]


def next_wake_at(db: Connection) -> Nanos | None:
    row = db.execute(SQL["next_wake_at"]).fetchone()
    return None if row is None else row[0]


def queues_with_tasks(db: Connection) -> list[QueueKey]:
    rows = db.execute(SQL["queues_with_tasks"])
    return [QueueKey(namespace_id, name, TaskKind(kind)) for namespace_id, name, kind in rows]


def ready_tasks(db: Connection, queue: QueueKey, *, after: Task | None, limit: int) -> list[Task]:
    place = (-1, -1, "", -1) if after is None else (after.priority, after.created_at, after.run.run_id, after.ref)
    rows = db.execute(SQL["ready_tasks"], (queue.namespace_id, queue.name, queue.kind, *place, limit))
    return [
        Task(
            run=RunKey(row[0], row[1], row[2]),
            queue=queue,
            ref=row[5],
            stamp=row[6],
            created_at=row[7],
            normal_queue=row[8],
            priority=row[9],
            fairness_key=row[10],
            fairness_weight=row[11],
            expires_at=row[12],
        )
        for row in rows
    ]


def count_tasks(db: Connection, queue: QueueKey) -> int:
    count: int = db.execute(SQL["count_tasks"], (queue.namespace_id, queue.name, queue.kind)).fetchone()[0]
    return count


def effects(db: Connection, *, after: Effect | None, limit: int) -> list[Effect]:
    place = (-1, "", "", -1) if after is None else (after.created_at, after.run.run_id, after.kind, after.ref)
    return [
        Effect(run=RunKey(row[0], row[1], row[2]), kind=EffectKind(row[3]), ref=row[4], created_at=row[5], blob=row[6])
        for row in db.execute(SQL["effects"], (*place, limit))
    ]


def namespaces(db: Connection) -> list[NamespaceRecord]:
    return [
        NamespaceRecord(
            id=row[0],
            name=row[1],
            state=row[2],
            description=row[3],
            owner_email=row[4],
            data=_string_map.decode(row[5]),
            retention_ns=row[6],
            is_global=bool(row[7]),
            created_at=row[8],
            search_attribute_aliases=_string_map.decode(row[9]),
        )
        for row in db.execute(SQL["namespaces"])
    ]


def search_attributes(db: Connection, namespace_id: str) -> dict[str, int]:
    return dict(db.execute(SQL["search_attributes"], (namespace_id,)).fetchall())


def metadata(db: Connection, name: str) -> str | None:
    row = db.execute(SQL["metadata"], (name,)).fetchone()
    return None if row is None else row[0]


def size(db: Connection) -> StoreSize:
    database_bytes, free_bytes, path = db.execute(SQL["size"]).fetchone()
    wal_bytes = 0
    with suppress(FileNotFoundError):  # the first commit makes it
        wal_bytes = Path(f"{path}-wal").stat().st_size if path else 0
    return StoreSize(database_bytes=database_bytes, free_bytes=free_bytes, wal_bytes=wal_bytes)


def runs_of_namespace(db: Connection, namespace_id: str, after_run_id: str, limit: int) -> list[str]:
    rows = db.execute(SQL["runs_of_namespace"], (namespace_id, after_run_id, limit))
    return [run_id for (run_id,) in rows]
