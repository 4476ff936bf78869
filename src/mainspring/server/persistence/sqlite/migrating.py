"""Bringing a file's schema up to this program's, forward only.

    migrations/0001_initial.sql, 0002_..., ...    each in one transaction together with its row in `schema_version`

A file whose schema is newer than the program is refused before anything in it is touched.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from sqlite3 import Connection, complete_statement
from typing import NamedTuple

from mainspring.server.engine.errors import StoreUnavailable
from mainspring.server.persistence.sqlite.sql import PACKAGE, SQL


class Migration(NamedTuple):
    """One step of the schema."""

    version: int
    name: str
    text: str


@cache
def migrations() -> tuple[Migration, ...]:
    """All steps that this program knows, in order."""
    found = (
        Migration(int(match[1]), match[2], path.read_text("utf-8"))
        for path in (files(PACKAGE) / "migrations").iterdir()
        if (match := re.fullmatch(r"(\d{4})_(\w+)\.sql", path.name))
    )
    return tuple(sorted(found))


def statements(text: str) -> list[str]:
    """The statements of a migration, since `executescript` would commit the transaction that is open."""
    found: list[str] = []
    part = ""
    for line in text.splitlines(keepends=True):
        part += line
        if complete_statement(part):
            found.append(part.strip())
            part = ""
    return found


def schema_version(db: Connection) -> int:
    """The number of the last migration; 0 for an empty file.

    Raises: StoreUnavailable: the file holds tables that are not ours.
    """
    tables: int = db.execute("PRAGMA schema_version").fetchone()[0]
    if tables == 0:
        return 0
    if not db.execute("PRAGMA table_info(schema_version)").fetchall():
        raise StoreUnavailable("the file is an SQLite database, but not one of Mainspring's")
    return max((version for version, _ in db.execute(SQL["schema_version"])), default=0)


def check_version(db: Connection) -> int:
    """The file's version.

    Raises: StoreUnavailable: it is newer than this program, or the file is not ours.
    """
    version = schema_version(db)
    newest = migrations()[-1].version
    if version > newest:
        raise StoreUnavailable(
            f"the file has schema version {version}, this program knows {newest} at most: use a newer release"
        )
    return version


def missing(db: Connection) -> list[Migration]:
    """The steps that a file lacks, in order.

    Raises: StoreUnavailable: it is newer than this program, or not ours.
    """
    version = check_version(db)
    return [migration for migration in migrations() if migration.version > version]


def migrate(db: Connection) -> None:
    """Apply what is missing. Either all of a step is there afterwards, or nothing of it."""
    for migration in missing(db):
        db.execute("BEGIN IMMEDIATE")
        try:
            for statement in statements(migration.text):
                db.execute(statement)
            db.execute(SQL["add_schema_version"], (migration.version, migration.name))
            db.execute("COMMIT")
        except BaseException:
            db.execute("ROLLBACK")
            raise
