"""Visibility lists: a compiled condition put into the statements that list and count.

    VisibilityFilter(sql="status = :p0", ...)  ->  ... WHERE namespace_id = :page_namespace_id AND (status = :p0) ...

Paging is by key, never by offset: a position is the sort key of the last row of a page, so that no row is repeated or
skipped because others came or went. The condition brings its own parameters; names with `page_` are the store's.
"""

from __future__ import annotations

from sqlite3 import Connection

import msgspec

from mainspring.server.engine.changes import RunKey, VisibilityRecord
from mainspring.server.engine.errors import InvalidArgument, InvariantError
from mainspring.server.persistence.sqlite.rows import OPEN
from mainspring.server.persistence.sqlite.sql import NAMED
from mainspring.server.persistence.store import ListPage, VisibilityFilter

Value = str | int | float | None
Place = tuple[int, int, str]
"""close_order, start_at, run_id of the last row seen."""

# Before all rows: no run started later than the greatest integer.
_BEGINNING: Place = (OPEN, OPEN, "")
_places = msgspec.msgpack.Decoder(Place)
COLUMNS = {*VisibilityRecord.__struct_fields__, *RunKey.__struct_fields__} - {"key"}


def executions(db: Connection, where: VisibilityFilter, *, after: bytes | None, limit: int) -> ListPage:
    """A page of runs, and where the next one begins.

    Raises: InvalidArgument: `after` is not a position that an earlier page gave.
    """
    close_order, start_at, run_id = _BEGINNING if after is None else _place(after)
    parameters = _parameters(where) | {
        "page_close_order": close_order,
        "page_start_at": start_at,
        "page_run_id": run_id,
        "page_limit": limit + 1,  # one more tells whether there is another page
    }
    records = _records(db, _filtered("executions", where), parameters)
    position = msgspec.msgpack.encode(place_of(records[limit - 1])) if len(records) > limit else None
    return ListPage(records[:limit], position)


def count_executions(db: Connection, where: VisibilityFilter) -> int:
    count: int = db.execute(_filtered("count_executions", where), _parameters(where)).fetchone()[0]
    return count


def count_executions_by(db: Connection, where: VisibilityFilter, column: str) -> list[tuple[str | int, int]]:
    if column not in COLUMNS:
        raise InvariantError(f"visibility has no column {column!r}")
    statement = _filtered("count_executions_by", where).replace("/* column */", column)
    return db.execute(statement, _parameters(where)).fetchall()


def _filtered(name: str, where: VisibilityFilter) -> str:
    return NAMED[name].replace("/* filter */", f"AND ({where.sql})" if where.sql else "")


def _parameters(where: VisibilityFilter) -> dict[str, Value]:
    return {**where.parameters, "page_namespace_id": where.namespace_id}


def place_of(record: VisibilityRecord) -> Place:
    """Where the record stands in a list: greater places come first."""
    return (OPEN if record.close_at is None else record.close_at, record.start_at, record.key.run_id)


def _place(position: bytes) -> Place:
    try:
        place: Place = _places.decode(position)
    except msgspec.MsgspecError as error:
        raise InvalidArgument("invalid page token") from error
    return place


def _records(db: Connection, statement: str, parameters: dict[str, Value]) -> list[VisibilityRecord]:
    return [
        VisibilityRecord(
            key=RunKey(row[0], row[1], row[2]),
            workflow_type=row[3],
            task_queue=row[4],
            status=row[5],
            start_at=row[6],
            execution_at=row[7],
            close_at=row[8],
            history_length=row[9],
            history_size_bytes=row[10],
            state_transition_count=row[11],
            parent_workflow_id=row[12],
            parent_run_id=row[13],
            root_workflow_id=row[14],
            root_run_id=row[15],
            first_run_id=row[16],
            memo=row[17],
            search_attributes=row[18],
            searchable=row[19],
        )
        for row in db.execute(statement, parameters)
    ]
