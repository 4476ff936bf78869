"""`mainspring backup`, `verify` and `migrate` on files that a server wrote."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mainspring import workflow
from mainspring._embedded import embedded
from mainspring.cli.main import main
from mainspring.client import Client
from mainspring.server.persistence.sqlite import migrating
from mainspring.server.persistence.sqlite.lock import FileLock
from mainspring.server.persistence.sqlite.migrating import Migration
from tests.server_process import mainspring_command


@workflow.defn
class Sleeper:
    @workflow.run
    async def run(self) -> None:
        await workflow.sleep(3_600)


@workflow.defn
async def hello(name: str) -> str:
    return name


async def fill(client: Client) -> None:
    await client.execute_workflow(hello, "n1", id="hello")
    handle = await client.start_workflow(Sleeper.run, id="sleeper")
    async for event in handle.fetch_history_events(wait_new_event=True):
        if event.HasField("timer_started_event_attributes"):
            return


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with a closed run and one that waits for a timer."""

    async def make() -> None:
        async with embedded(tmp_path / "app.db", workflows=[Sleeper, hello]) as client:
            await fill(client)

    asyncio.run(make())
    return tmp_path / "app.db"


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [*map(str, arguments)])


def change(file: Path, *statements: str) -> None:
    with closing(sqlite3.connect(file)) as db:
        for statement in statements:
            db.execute(statement)
        db.commit()


def test_a_file_is_copied_and_both_are_whole(file: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    done = run("backup", copy, "-f", file)
    assert (done.exit_code, done.stdout) == (0, f"{file} copied to {copy}\n")
    for each in (file, copy):
        assert run("verify", "--db-filename", each).stdout == f"{each} is whole\n"
    assert not list(tmp_path.glob("*.partial"))
    told = json.loads(run("verify", "-f", copy, "-o", "json").stdout)
    assert told == {"file": str(copy), "isWhole": True, "complaints": []}


def test_a_copy_is_consistent_while_the_engine_works_on_the_file(tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"

    async def use() -> None:
        async with embedded(tmp_path / "app.db", workflows=[Sleeper, hello]) as client:
            await fill(client)
            copying = asyncio.create_task(asyncio.to_thread(run, "backup", copy, "-f", tmp_path / "app.db"))
            for number in range(20):
                await client.execute_workflow(hello, "n", id=f"meanwhile-{number}")
            assert (await copying).exit_code == 0
            assert (await asyncio.to_thread(run, "verify", "-f", tmp_path / "app.db")).exit_code == 0

    asyncio.run(use())
    assert run("verify", "-f", copy).exit_code == 0


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_a_bar_is_shown_on_a_terminal_and_nowhere_else(file: Path, tmp_path: Path) -> None:
    import pty

    ours, theirs = pty.openpty()
    line = [*mainspring_command(), "backup", str(tmp_path / "copy.db"), "-f", str(file)]
    environment = {**os.environ, "TERM": "xterm"}
    done = subprocess.run(line, stdout=subprocess.PIPE, stderr=theirs, env=environment, check=True, timeout=20)
    assert b"Copying" in os.read(ours, 65_536)
    assert done.stdout.decode() == f"{file} copied to {tmp_path / 'copy.db'}\n"
    for terminal in (ours, theirs):
        os.close(terminal)


def test_a_copy_replaces_nothing_unless_it_is_forced(file: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    copy.write_bytes(b"something else")
    refused = run("backup", copy, "-f", file)
    assert (refused.exit_code, copy.read_bytes()) == (1, b"something else")
    assert "is there already" in refused.stderr
    assert json.loads(run("backup", copy, "-f", file, "--force", "-o", "json").stdout)["copy"] == str(copy)
    assert run("verify", "-f", copy).exit_code == 0


def test_a_copy_never_replaces_its_source_or_a_file_in_use(file: Path, tmp_path: Path) -> None:
    assert "is the file to copy" in run("backup", file, "-f", file, "--force").stderr
    (tmp_path / "used.db-wal").touch()
    assert "in use" in run("backup", tmp_path / "used.db", "-f", file).stderr


@pytest.mark.parametrize(
    "statement, complaint",
    [
        ("DELETE FROM pending WHERE kind = 'timer'", "the timer of event 5 is pending in its history only"),
        ("UPDATE history SET blob = x'ff'", "its events from 1 on cannot be read"),
        ("UPDATE runs SET state = x'00' WHERE status = 1", "its state cannot be read"),
        ("UPDATE visibility SET status = 3 WHERE status = 1", "lists show it with status 3, it has 1"),
        ("DELETE FROM visibility", "lists do not show it"),
        ("UPDATE runs SET next_event_id = 99 WHERE status = 1", "its state before event 99"),
        ("DELETE FROM history WHERE first_event_id = 1", "has a gap before event"),
        ("DELETE FROM runs WHERE status = 1", "has rows of run"),
    ],
)
def test_what_is_wrong_with_a_file_is_told(file: Path, statement: str, complaint: str) -> None:
    change(file, statement)
    found = run("verify", "-f", file, "-o", "json")
    told = json.loads(found.stdout)
    assert (found.exit_code, told["isWhole"]) == (1, False)
    assert any(complaint in line for line in told["complaints"]), told
    assert complaint in found.stderr


@pytest.mark.parametrize("verb", [["backup", "copy.db"], ["verify"], ["migrate"], ["migrate", "--write"]])
def test_there_must_be_a_file_and_it_must_be_ours(verb: list[str], tmp_path: Path) -> None:
    missing = run(*verb, "-f", tmp_path / "nowhere.db")
    assert (missing.exit_code, missing.stdout) == (1, "")
    assert "nowhere.db" in missing.stderr
    change(tmp_path / "strange.db", "CREATE TABLE a (b)")
    strange = run(*verb, "-f", tmp_path / "strange.db")
    assert strange.exit_code == 1
    assert "not one of Mainspring's" in strange.stderr


def test_a_file_that_is_up_to_date_is_left_alone(file: Path) -> None:
    assert "is up to date: schema version" in run("migrate", "-f", file).stdout
    assert json.loads(run("migrate", "-f", file, "--write", "-o", "json").stdout)["migrations"] == []


def test_an_older_file_is_brought_up_to_date_after_it_was_shown(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = migrating.migrations()
    newest = known[-1].version + 1
    step = Migration(newest, "added_for_a_test", "CREATE TABLE added_for_a_test (x INTEGER) STRICT;")
    for module in ("migrating", "upgrading"):
        monkeypatch.setattr(f"mainspring.server.persistence.sqlite.{module}.migrations", lambda: (*known, step))
    shown = run("migrate", "-f", file)
    assert shown.stdout.splitlines()[0] == f"  {newest:04}_added_for_a_test"
    assert f"would be brought from schema version {newest - 1} to {newest}" in shown.stdout
    lock = FileLock(file)
    refused = run("migrate", "-f", file, "--write")
    lock.release()
    assert refused.exit_code == 1
    assert "in use by another server" in refused.stderr
    assert f"brought from schema version {newest - 1} to {newest}" in run("migrate", "-f", file, "--write").stdout
    assert "is up to date" in run("migrate", "-f", file).stdout
    monkeypatch.undo()
    newer = run("migrate", "-f", file, "--write")
    assert newer.exit_code == 1
    assert "use a newer release" in newer.stderr
