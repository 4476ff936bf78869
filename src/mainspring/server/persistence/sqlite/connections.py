"""Connections to a database file, as this store wants them.

    file       WAL, synchronous=FULL: durable when COMMIT returns; readers never wait for the writer
    no file    ":memory:": one connection, which the writer thread uses for reads too

Foreign keys stay off: no statement relies on them, and checking them would cost a lookup a row.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection

BUSY_TIMEOUT_MS = 5_000  # another process may read or back up the file, never write it
WRITER_CACHE_KIB = 16_384
READER_CACHE_KIB = 4_096
CHECKPOINT_PAGES = 2_000  # 8 MB of WAL before the writer moves it into the file

if (bytes, sqlite3.PrepareProtocol) not in sqlite3.adapters:  # a program may have said how they go
    sqlite3.register_adapter(bytes, bytes)  # as they are: unless told so, it looks for a way each time, and finds none


def connect(path: str) -> Connection:
    """A plain connection that begins no transactions by itself and may be handed from thread to thread."""
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
    db.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    db.execute("PRAGMA foreign_keys = OFF")
    db.execute("PRAGMA temp_store = MEMORY")
    return db


def connect_writer(path: Path) -> Connection:
    """The one connection that writes."""
    db = connect(str(path))
    try:
        db.execute("PRAGMA journal_mode = WAL").fetchone()
        db.execute("PRAGMA synchronous = FULL")
        db.execute(f"PRAGMA cache_size = -{WRITER_CACHE_KIB}")
        db.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}").fetchone()
    except BaseException:
        db.close()
        raise
    return db


def connect_reader(path: Path) -> Connection:
    """A connection that cannot write."""
    db = connect(str(path))
    db.execute("PRAGMA query_only = ON")
    db.execute(f"PRAGMA cache_size = -{READER_CACHE_KIB}")
    return db


@contextmanager
def patient(db: Connection) -> Generator[None]:
    """Wait for another process that writes, as a connection does that refuses nothing at once."""
    db.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    try:
        yield
    finally:
        refuse_at_once(db)


def refuse_at_once(db: Connection) -> None:
    """Do not wait for another process that writes: what would write is refused."""
    db.execute("PRAGMA busy_timeout = 0")


def connect_memory() -> Connection:
    """A database without a file, gone with its connection."""
    return connect(":memory:")
