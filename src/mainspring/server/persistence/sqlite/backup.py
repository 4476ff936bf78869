"""What is done to a file as a whole, also while a server runs on it: is it sound, and a copy of it.

    verify("/data/main.db")                    -> [] or what is wrong, one sentence each
    backup("/data/main.db", "/backup/main.db") -> a consistent copy, whole or not at all

Both open connections of their own and take no lock: WAL lets them read beside the server. They block, so call them
from a command or a thread.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from sqlite3 import Connection

from mainspring.server.engine.errors import StoreUnavailable
from mainspring.server.persistence.sqlite.connections import connect
from mainspring.server.persistence.sqlite.migrating import check_version
from mainspring.server.persistence.sqlite.sql import SQL

MOST_COMPLAINTS = 100  # of each kind
STEP_PAGES = 1_000

Progress = Callable[[int, int], None]
"""Told how much is done, and of how much."""


def verify(path: str) -> list[str]:
    """What is wrong with a file: damaged pages, rows that miss their run, histories with gaps.

    Raises: StoreUnavailable: there is no such file, it is not ours, or it is newer than this program.
    """
    try:
        with closing(open_existing(Path(path))) as db:
            damage = [f"damage: {line}" for (line,) in db.execute(f"PRAGMA integrity_check({MOST_COMPLAINTS})")]
            if damage != ["damage: ok"]:
                return damage
            check_version(db)
            return _contradictions(db)
    except sqlite3.DatabaseError as error:
        return [f"damage: {error}"]


def _contradictions(db: Connection) -> list[str]:
    orphans = db.execute(SQL["orphans"], (MOST_COMPLAINTS,))
    found = [f"{part} has rows of run {run_id}, which is not there" for part, run_id in orphans]
    gaps = db.execute(SQL["gaps"], (MOST_COMPLAINTS,))
    return found + [f"history of run {run_id} has a gap before event {event_id}" for run_id, event_id in gaps]


def backup(path: str, target: str, *, overwrite: bool = False, progress: Progress | None = None) -> None:
    """Copy a file to `target`, as of one moment, with full durability when this returns.

    The copy is made beside the target and then given its name, so that a target is never half a copy. It is made in
    steps of one read transaction: commits go on meanwhile, only the WAL cannot be reset until it ends. `progress` is
    told after each step how many pages are done, and of how many; what it raises ends the copy.

    Raises: StoreUnavailable: no such file, the target is there already (unless `overwrite`) or in use, or it cannot be
        written.
    """
    goal = Path(target)
    _check_target(Path(path), goal, overwrite=overwrite)
    part = goal.with_name(goal.name + ".partial")
    try:
        with closing(open_existing(Path(path))) as source, closing(sqlite3.connect(part)) as copy:
            source.execute("BEGIN")
            check_version(source)  # the transaction reads from here on what was committed by now
            source.backup(copy, pages=STEP_PAGES, progress=_told_to(progress))
            copy.execute("PRAGMA journal_mode = DELETE").fetchone()  # one file, not three
        _sync(part)
        part.replace(goal)
        _sync(goal.parent)
    except (OSError, sqlite3.Error) as error:
        raise StoreUnavailable(f"cannot back up {path} to {target}: {error}") from error
    finally:
        part.unlink(missing_ok=True)


def _check_target(source: Path, goal: Path, *, overwrite: bool) -> None:
    log = goal.with_name(f"{goal.name}-wal")
    if goal.exists() and source.exists() and goal.samefile(source):
        raise StoreUnavailable(f"{goal} is the file to copy: choose another name")
    if goal.exists() and not overwrite:
        raise StoreUnavailable(f"{goal} is there already: choose another name, or remove it")
    if log.exists():  # it would be read as a part of the copy
        raise StoreUnavailable(f"{log} is there: {goal} is in use, or was not closed; choose another name")


def _told_to(progress: Progress | None) -> Callable[[int, int, int], None]:
    """Never None: between steps the interpreter has its turn, so that Ctrl-C ends the copy."""
    return lambda _status, remaining, total: progress(total - remaining, total) if progress is not None else None


def open_existing(path: Path) -> Connection:
    """A connection to a file that must be there."""
    if not path.is_file():
        raise StoreUnavailable(f"there is no file {path}")
    return connect(str(path))


def _sync(path: Path) -> None:
    if os.name == "nt" and path.is_dir():
        return  # directories cannot be opened there
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
