"""A database from opening to closing.

    open_database(path)  ->  lock, version check, migrations, a connection that writes, some that read

Nothing in a file is touched before it is certain that it is ours to use.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from sqlite3 import Connection

import msgspec

from mainspring.server.engine.errors import StoreUnavailable
from mainspring.server.persistence.sqlite.connections import (
    connect,
    connect_memory,
    connect_reader,
    connect_writer,
    refuse_at_once,
)
from mainspring.server.persistence.sqlite.lock import FileLock
from mainspring.server.persistence.sqlite.migrating import check_version, migrate
from mainspring.server.persistence.sqlite.wal_care import WalCare

READER_COUNT = 2


class Database(msgspec.Struct):
    """The open connections of one server. `close` ends all of them and lets the file go."""

    writer: Connection  # does not wait for another process that writes, see `patient`
    readers: list[Connection]  # none without a file: the writer answers questions too
    lock: FileLock | None
    wal_care: WalCare | None = None  # none without a file

    def close(self) -> None:
        if self.wal_care is not None:
            self.wal_care.close()
        for db in (*self.readers, self.writer):  # the last one to close moves the WAL into the file
            db.close()
        if self.lock is not None:
            self.lock.release()


def open_database(path: str | None) -> Database:
    """Open a file, making or migrating it as needed; None for a database in memory.

    Raises: StoreUnavailable: in use by another server, newer than this program, not ours, or not to be opened.
    """
    if path is None:
        db = connect_memory()
        migrate(db)
        refuse_at_once(db)
        return Database(db, [], None)
    file = Path(path).resolve()
    lock = FileLock(file)
    try:
        return _open_file(file, lock)
    except sqlite3.Error as error:
        lock.release()
        raise StoreUnavailable(f"cannot open {file}: {error}") from error
    except BaseException:
        lock.release()
        raise


def _open_file(file: Path, lock: FileLock) -> Database:
    if file.exists() and file.stat().st_size:
        with closing(connect(str(file))) as db:  # before WAL is set: a file that is refused stays as it is
            check_version(db)
    writer = connect_writer(file)
    try:
        migrate(writer)
        refuse_at_once(writer)
        return Database(writer, [connect_reader(file) for _ in range(READER_COUNT)], lock, WalCare(file))
    except BaseException:
        writer.close()
        raise
