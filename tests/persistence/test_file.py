"""The file itself: survives a kill, is locked, migrated, refused when strange, checked and copied.

These block, as the commands that do such things do; `with_store` runs what needs an event loop.
"""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest
import uvloop

from mainspring.server.engine.changes import Changes
from mainspring.server.engine.errors import StoreUnavailable
from mainspring.server.persistence.sqlite import SqliteStore, backup, open_sqlite, verify
from tests.persistence.rows import batch, changes, key

A = key("a")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


def with_store(path: Path, use: Callable[[SqliteStore], Awaitable[None]]) -> None:
    """Open the file, use the store, close it."""

    async def run() -> None:
        store = await open_sqlite(str(path))
        try:
            await use(store)
        finally:
            await store.close()

    asyncio.run(run())


def write(path: Path, *transitions: Changes) -> None:
    async def commit(store: SqliteStore) -> None:
        for transition in transitions:
            await store.commit([transition])

    with_store(path, commit)


def refused(path: Path, why: str) -> None:
    with pytest.raises(StoreUnavailable, match=why):
        write(path)


def change(path: Path, *statements: str) -> None:
    """Do something to the file behind the store's back."""
    with closing(sqlite3.connect(path)) as db:
        for statement in statements:
            db.execute(statement)
        db.commit()


def version_in(path: Path) -> int:
    versions: list[int] = []

    async def look(store: SqliteStore) -> None:
        found = await store.load_run(A)
        versions.append(0 if found is None else found.version)

    with_store(path, look)
    return versions[0]


def test_what_was_committed_is_in_the_files_at_once(path: Path, tmp_path: Path) -> None:
    """As after `kill -9`: the files as they are, with nothing closed."""
    copied = tmp_path / "copied"
    copied.mkdir()

    def copy() -> None:
        for part in tmp_path.glob("store.db*"):
            shutil.copy(part, copied / part.name)

    async def commit_and_copy(store: SqliteStore) -> None:
        await store.commit([changes(A, events=(batch(1, 4),))])
        await asyncio.to_thread(copy)

    with_store(path, commit_and_copy)
    assert version_in(copied / "store.db") == 1
    assert verify(str(copied / "store.db")) == []


def test_a_second_server_is_refused_and_told_why(path: Path) -> None:
    async def open_again(_store: SqliteStore) -> None:
        with pytest.raises(StoreUnavailable, match="another"):
            await open_sqlite(str(path))

    with_store(path, open_again)
    write(path)


def test_the_file_is_in_wal_mode(path: Path) -> None:
    write(path)
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_file_of_a_newer_program_is_left_alone(path: Path) -> None:
    write(path)
    change(path, "INSERT INTO schema_version (version, name) VALUES (9999, 'from_the_future')")
    before = path.read_bytes()
    refused(path, "newer")
    assert path.read_bytes() == before


def test_a_strange_database_is_left_alone(path: Path) -> None:
    change(path, "CREATE TABLE somebody_elses (x)")
    before = path.read_bytes()
    refused(path, "not one of Mainspring's")
    assert path.read_bytes() == before


def test_what_is_no_database_is_refused(path: Path) -> None:
    path.write_bytes(b"no database at all" * 100)
    refused(path, "cannot open")


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    refused(tmp_path / "nowhere" / "store.db", "nowhere")


def test_a_sound_file_is_found_sound_and_a_broken_one_is_not(path: Path) -> None:
    write(path, changes(A, events=(batch(1, 4),)), changes(A, 1, events=(batch(4, 6),)))
    assert verify(str(path)) == []
    change(
        path,
        "DELETE FROM history WHERE first_event_id = 1",
        "INSERT INTO pending (run_id, kind, key, blob) VALUES ('run-gone', 'timer', 't', x'00')",
    )
    found = verify(str(path))
    assert any("run-gone" in line for line in found)
    assert any("gap" in line for line in found)


def test_damage_is_found(path: Path) -> None:
    write(path, *(changes(key(f"{number}", f"w{number}"), state=b"x" * 5000) for number in range(50)))
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 4096] = b"\xff" * 4096
    path.write_bytes(content)
    assert verify(str(path)) != []


def test_a_backup_is_whole_while_the_server_runs(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "backup.db"

    async def copy(store: SqliteStore) -> None:
        await store.commit([changes(A)])
        await asyncio.to_thread(backup, str(path), str(target))
        await store.commit([changes(A, 1)])

    with_store(path, copy)
    with pytest.raises(StoreUnavailable, match="there already"):
        backup(str(path), str(target))
    assert verify(str(target)) == []
    assert (version_in(path), version_in(target)) == (2, 1)


def test_a_copy_that_is_broken_off_leaves_nothing(path: Path, tmp_path: Path) -> None:
    write(path, changes(A))
    steps: list[tuple[int, int]] = []

    def break_off(done: int, total: int) -> None:
        steps.append((done, total))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        backup(str(path), str(tmp_path / "backup.db"), progress=break_off)
    assert steps[0][0] <= steps[0][1]
    assert not list(tmp_path.glob("backup*"))
    assert verify(str(path)) == []


def test_there_must_be_a_file_to_check_or_copy(path: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable):
        verify(str(path))
    with pytest.raises(StoreUnavailable):
        backup(str(path), str(tmp_path / "backup.db"))
    assert not path.exists()


def test_uvloop_hands_over_what_may_not_wait_at_all(path: Path) -> None:
    """Its handle of a call that is due already is none of a timer."""

    async def write() -> None:
        store = await open_sqlite(str(path))
        await store.commit([changes(A)])
        soon = [store.commit_soon([changes(A, version)], within_s=0.01 - version * 0.01) for version in (1, 2, 3)]
        await asyncio.wait_for(asyncio.gather(*soon), 10)
        await store.close()

    uvloop.run(write())
