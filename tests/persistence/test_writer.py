"""Whose the connection that writes is: the loop's, or the thread's; and that nobody can tell by what comes of it."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import closing
from pathlib import Path
from sqlite3 import Connection

import pytest
import pytest_asyncio

from mainspring.server.engine.errors import StoreUnavailable, VersionConflict
from mainspring.server.persistence.sqlite.briefness import Briefness
from mainspring.server.persistence.sqlite.database import open_database
from mainspring.server.persistence.sqlite.wal_care import EARLY_PAGES, PAGE_BYTES
from mainspring.server.persistence.sqlite.writer import MOST_JOBS_IN_A_GROUP, Writer

HERE, THREAD = threading.main_thread().name, "mainspring-writer"


def put(name: str) -> Callable[[Connection], str]:
    """Work that writes. Its outcome: the name of the thread that did it."""

    def work(db: Connection) -> str:
        db.execute("INSERT INTO lines (name) VALUES (?)", (name,))
        return threading.current_thread().name

    return work


def names(db: Connection) -> list[str]:
    return [name for (name,) in db.execute("SELECT name FROM lines ORDER BY number")]


def names_in(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as db:
        return names(db)


def make_table(db: Connection) -> None:
    db.execute("CREATE TABLE lines (number INTEGER PRIMARY KEY, name)")


def lengthen_log(db: Connection) -> None:
    """Until it is time for a checkpoint."""
    db.execute("INSERT INTO lines (name) VALUES (zeroblob(?))", (EARLY_PAGES * PAGE_BYTES,))


def conflict(_db: Connection) -> None:
    raise VersionConflict("somebody else was there")


def broken(db: Connection) -> None:
    db.execute("INSERT INTO nowhere VALUES (1)")


class Interrupt(BaseException):
    """Like Ctrl-C, but the loop goes on."""


def interrupted(_db: Connection) -> None:
    raise Interrupt


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest_asyncio.fixture
async def writer(path: Path) -> AsyncGenerator[Writer]:
    database = await asyncio.to_thread(open_database, str(path))
    made = Writer(database.writer, asyncio.get_running_loop(), database.wal_care, commits_on_loop=True)
    await made.submit(make_table)
    await asyncio.wait_for(care_ends(made), 10)
    yield made
    made.end()
    await asyncio.to_thread(made.join)
    await asyncio.to_thread(database.close)


async def care_ends(writer: Writer) -> None:
    """Until the loop makes the commits again."""
    number = 0
    while await writer.submit(put(f"care-{number}")) != HERE:
        number += 1


def never(_self: Briefness, _now_s: float) -> bool:
    return False


@pytest.fixture(params=["here", "thread"])
def _whose(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, writer: Writer) -> None:
    """Both ways of writing. `writer`: opened first."""
    if request.param == "thread":
        monkeypatch.setattr(Briefness, "is_given", never)


async def test_the_loop_commits_while_it_is_brief(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await writer.submit(put("a")) == HERE
    monkeypatch.setattr(Briefness, "is_given", never)
    assert await writer.submit(put("b")) == THREAD
    monkeypatch.undo()
    assert await writer.submit(put("c")) == HERE


async def test_what_is_submitted_behind_the_thread_s_is_the_thread_s(writer: Writer) -> None:
    """So that all is written in the order in which it came."""
    async with asyncio.timeout(10):
        await writer.submit(lengthen_log)
        assert await writer.submit(put("behind")) == THREAD, "care is taken of the log"
        await care_ends(writer)


async def test_all_of_some_turns_of_the_loop_is_one_group(writer: Writer) -> None:
    before = writer.commits.count

    async def one(number: int) -> None:
        for _ in range(number % 3):
            await asyncio.sleep(0)
        await writer.submit(put(f"{number}"))

    async with asyncio.TaskGroup() as group:
        for number in range(30):
            group.create_task(one(number))
    assert writer.commits.count - before == 1


async def test_many_at_once_are_the_thread_s(writer: Writer) -> None:
    jobs = [writer.submit(put(f"{number}")) for number in range(MOST_JOBS_IN_A_GROUP + 1)]
    assert set(await asyncio.gather(*jobs)) == {THREAD}


@pytest.mark.usefixtures("_whose")
async def test_all_is_written_in_its_order(writer: Writer) -> None:
    before = await writer.submit(names)
    futures: list[asyncio.Future[str]] = []
    for number in range(50):
        futures.append(writer.submit_soon(put(f"soon-{number}"), within_s=0.01))
        futures.append(writer.submit(put(f"now-{number}")))
        await asyncio.sleep(0)
    await asyncio.gather(*futures)
    wanted = [f"{kind}-{number}" for number in range(50) for kind in ("soon", "now")]
    assert (await writer.submit(names))[len(before) :] == wanted
    assert not writer.has_soon


@pytest.mark.usefixtures("_whose")
async def test_a_failure_is_its_own(writer: Writer) -> None:
    results = await asyncio.gather(
        *(writer.submit(work) for work in (put("a"), conflict, put("b"), broken, put("c"))), return_exceptions=True
    )
    assert [type(result) for result in results] == [str, VersionConflict, str, StoreUnavailable, str]
    assert (await writer.submit(names))[-3:] == ["a", "b", "c"]


@pytest.mark.usefixtures("_whose")
async def test_only_one_that_fails_leaves_no_transaction(writer: Writer) -> None:
    with pytest.raises(VersionConflict):
        await writer.submit(conflict)
    await writer.submit(put("a"))


async def test_another_process_that_writes_keeps_the_loop_from_nothing(writer: Writer, path: Path) -> None:
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        other.execute("BEGIN IMMEDIATE")
        waiting = writer.submit(put("a"))
        for _ in range(10):
            await asyncio.sleep(0)
        assert not waiting.done()
        other.execute("COMMIT")
        assert await asyncio.wait_for(waiting, 10) == THREAD
        assert await writer.submit(put("b")) == HERE
    finally:
        other.close()


async def test_whoever_waits_hears_of_an_interrupt(writer: Writer) -> None:
    """Ctrl-C in the middle of a commit goes on to the loop; nothing is left open or waiting."""
    seen: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: seen.append(context["exception"]))
    results = await asyncio.gather(
        writer.submit(put("a")), writer.submit(interrupted), writer.submit(put("b")), return_exceptions=True
    )
    assert [type(error) for error in seen] == [Interrupt]
    assert [type(result) for result in results] == [StoreUnavailable] * 3
    assert await writer.submit(put("c")) == HERE
    assert "a" not in await writer.submit(names)


async def test_what_is_queued_at_the_end_is_written(path: Path) -> None:
    database = await asyncio.to_thread(open_database, str(path))
    writer = Writer(database.writer, asyncio.get_running_loop(), database.wal_care, commits_on_loop=True)
    await writer.submit(make_table)
    futures = [writer.submit(put("a")), writer.submit_soon(put("b"), within_s=60.0)]
    writer.end()
    await asyncio.to_thread(writer.join)
    await asyncio.to_thread(database.close)
    assert await asyncio.gather(*futures) == [THREAD] * 2
    assert await asyncio.to_thread(names_in, path) == ["a", "b"]
