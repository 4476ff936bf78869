"""Bringing a file's schema up to date by itself, not by the start of a server.

plan_upgrade("app.db")  -> Upgrade(from_version=1, to_version=3, names=("0002_...", "0003_..."))
upgrade("app.db")       -> the same, done

Both block, so call them from a command or a thread.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from sqlite3 import Connection

import msgspec

from mainspring.server.engine.errors import StoreUnavailable
from mainspring.server.persistence.sqlite.backup import open_existing
from mainspring.server.persistence.sqlite.connections import connect_writer
from mainspring.server.persistence.sqlite.lock import FileLock
from mainspring.server.persistence.sqlite.migrating import migrate, migrations, missing, schema_version


class Upgrade(msgspec.Struct, frozen=True):
    """What a file lacks. `names` is empty for one that is up to date."""

    from_version: int
    to_version: int
    names: tuple[str, ...]


def plan_upgrade(path: str) -> Upgrade:
    """What would be done to a file; nothing is.

    Raises: StoreUnavailable: there is no such file, it is not ours, or it is newer than this program.
    """
    try:
        with closing(open_existing(Path(path))) as db:
            return _plan(db)
    except sqlite3.Error as error:
        raise StoreUnavailable(f"cannot read {path}: {error}") from error


def upgrade(path: str) -> Upgrade:
    """Do it, each step in one transaction.

    Raises: StoreUnavailable: as `plan_upgrade`, or a server has the file, or a step failed: those before it stand.
    """
    plan = plan_upgrade(path)
    if not plan.names:
        return plan
    file = Path(path).resolve()
    lock = FileLock(file)
    try:
        with closing(connect_writer(file)) as db:
            plan = _plan(db)
            migrate(db)
            return plan
    except sqlite3.Error as error:
        raise StoreUnavailable(f"cannot bring {path} up to date: {error}") from error
    finally:
        lock.release()


def _plan(db: Connection) -> Upgrade:
    steps = missing(db)
    names = tuple(f"{step.version:04}_{step.name}" for step in steps)
    return Upgrade(schema_version(db), migrations()[-1].version, names)
