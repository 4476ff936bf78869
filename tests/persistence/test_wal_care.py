"""The write-ahead log has room before it is needed, which changes nothing of what it holds."""

from __future__ import annotations

import asyncio
import logging
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from sqlite3 import Connection

import pytest

from mainspring.server.persistence.sqlite import SqliteStore, open_sqlite, verify
from mainspring.server.persistence.sqlite.connections import CHECKPOINT_PAGES, connect_writer
from mainspring.server.persistence.sqlite.wal_care import EARLY_PAGES, FRAME_BYTES, LEAST_BYTES, WHOLE_BYTES, WalCare
from tests.persistence.rows import batch, changes, key

A = key("a")
COMMITS = 200


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def db(path: Path) -> Iterator[Connection]:
    with closing(connect_writer(path)) as writer:
        writer.execute("CREATE TABLE things (content BLOB)")
        yield writer


def wal(path: Path) -> Path:
    return Path(f"{path}-wal")


def length_of(file: Path) -> int:
    return file.stat().st_size


def copy_as_killed(path: Path, to: Path) -> None:
    for end in ("", "-wal"):
        shutil.copy(f"{path}{end}", f"{to}{end}")


def put(db: Connection, pages: int) -> None:
    db.execute("INSERT INTO things VALUES (zeroblob(?))", (pages * 4096,))


def count(path: Path) -> int:
    with closing(sqlite3.connect(path)) as other:
        (found,) = other.execute("SELECT count(*) FROM things").fetchone()
        return int(found)


async def fill(store: SqliteStore, path: Path) -> list[int]:
    """Commit often. Returns: how long the log was after each commit."""
    lengths: list[int] = []
    for number in range(COMMITS):
        await store.commit([changes(A, number, events=(batch(number + 1, number + 2),))])
        lengths.append(await asyncio.to_thread(length_of, wal(path)))
    return lengths


async def test_hardly_a_commit_makes_the_log_longer(path: Path) -> None:
    store = await open_sqlite(str(path))
    try:
        lengths = await fill(store, path)
    finally:
        await store.close()
    assert len(set(lengths)) < COMMITS / 10
    assert lengths == sorted(lengths)


async def test_a_log_with_room_is_read_after_a_crash(path: Path, tmp_path: Path) -> None:
    store = await open_sqlite(str(path))
    try:
        await fill(store, path)
        left = tmp_path / "left.db"
        await asyncio.to_thread(copy_as_killed, path, left)
    finally:
        await store.close()
    content = await asyncio.to_thread(wal(left).read_bytes)
    assert content.endswith(bytes(FRAME_BYTES)), "there was room"
    assert await asyncio.to_thread(verify, str(left)) == []
    store = await open_sqlite(str(left))
    try:
        found = await store.history(A.run_id, first_event_id=1, before_event_id=COMMITS + 1, limit=COMMITS)
    finally:
        await store.close()
    assert [one.first_event_id for one in found] == list(range(1, COMMITS + 1))


def test_the_log_is_made_twice_as_long_each_time_up_to_a_whole_one(path: Path, db: Connection) -> None:
    care = WalCare(path)
    care.give(db)
    assert length_of(wal(path)) == LEAST_BYTES
    put(db, 10)
    care.give(db)
    assert length_of(wal(path)) == LEAST_BYTES, "there was enough"
    put(db, 100)
    length = length_of(wal(path))
    care.give(db)
    assert length_of(wal(path)) == 2 * length
    put(db, 1_500)
    care.give(db)
    assert length_of(wal(path)) == WHOLE_BYTES
    care.close()
    assert count(path) == 3


def test_a_log_that_is_long_enough_is_left_alone(path: Path, db: Connection) -> None:
    care = WalCare(path)
    db.execute("BEGIN")
    put(db, 2_100)
    db.execute("COMMIT")
    length = length_of(wal(path))
    assert length > WHOLE_BYTES
    care.give(db)
    assert length_of(wal(path)) == length
    care.close()


def test_where_there_is_none_to_be_made_nothing_is_lost(
    path: Path, db: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    care = WalCare(path.with_name("another.db"))
    with caplog.at_level(logging.WARNING):
        care.give(db)
    assert not care.is_needed(), "it is not tried again"
    assert [record.message.split(":")[0] for record in caplog.records] == ["store_wal_care_failed"]
    put(db, 1)
    assert count(path) == 1
    care.close()


def test_nobody_else_writes_while_room_is_made(path: Path, db: Connection, caplog: pytest.LogCaptureFixture) -> None:
    """Else what another process appends at that moment could be overwritten with zeros."""
    db.execute("PRAGMA busy_timeout = 1")
    care = WalCare(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        before = length_of(wal(path))
        with caplog.at_level(logging.WARNING):
            care.give(db)
        assert length_of(wal(path)) == before
        other.execute("ROLLBACK")
    assert "locked" in caplog.text
    care.close()


def test_a_checkpoint_is_made_before_a_commit_would_have_to(path: Path, db: Connection) -> None:
    care = WalCare(path)
    care.give(db)
    put(db, EARLY_PAGES - 100)
    care.give(db)
    assert not care.is_needed(), "the log is long, and not nearly full"
    put(db, 100)
    assert care.is_needed()
    care.give(db)
    before = length_of(wal(path))
    put(db, 10)
    assert not care.is_needed(), "it begins anew with that commit"
    put(db, EARLY_PAGES - 100)
    assert length_of(wal(path)) == before
    assert not care.is_needed(), "old frames are none of its own"
    care.close()
    assert count(path) == 4


def test_a_reader_that_stays_costs_one_checkpoint_in_vain(path: Path, db: Connection) -> None:
    """Such as a tool that replicates the log. What it holds up is left to a commit, as SQLite does it by itself."""
    care = WalCare(path)
    put(db, 1)
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM things").fetchone() == (1,)
        put(db, EARLY_PAGES)
        assert care.is_needed()
        care.give(db)
        put(db, 1)
        assert not care.is_needed()
        reader.execute("COMMIT")
    put(db, CHECKPOINT_PAGES)
    put(db, EARLY_PAGES - 100)
    assert not care.is_needed(), "a commit has made it, and the log begins anew"
    put(db, 100)
    assert care.is_needed()
    care.close()
