"""`Store` on SQLite: each method is some work handed to whoever may do it.

    commit, put_..., drop_..., delete_...  ->  Writer   (transitions.py); commit_soon goes along with the next of them
    everything else                        ->  Readers  (reading.py, listing.py); without a file the writer does it

`open_sqlite(path)` opens or makes a file. `open_sqlite(None)` is a database in memory on one connection, for a dev
server that is to leave nothing behind: it cannot be shared between connections safely, so reads take their turn with
what is written, where they cost no disk; a temporary file would stay when a server is killed, and would not be faster.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from sqlite3 import Connection
from typing import TypeVar

import msgspec

from mainspring.server.engine.changes import (
    Changes,
    CurrentRun,
    Effect,
    EventBatch,
    Nanos,
    QueueKey,
    RunKey,
    Task,
)
from mainspring.server.engine.errors import StoreUnavailable
from mainspring.server.persistence.sqlite import listing, reading, transitions
from mainspring.server.persistence.sqlite.database import Database, open_database
from mainspring.server.persistence.sqlite.readers import Readers
from mainspring.server.persistence.sqlite.sql import SQL
from mainspring.server.persistence.sqlite.writer import Writer
from mainspring.server.persistence.store import (
    ListPage,
    NamespaceRecord,
    OpenRuns,
    RunPlace,
    StoredRun,
    StoreSize,
    StoreStatistics,
    VisibilityFilter,
)

T = TypeVar("T")

RUNS_DELETED_TOGETHER = 100  # of a namespace, so that others' commits get their turn in between


def _nothing(_db: Connection) -> None:
    """What is done to wait for all that was queued before."""


async def open_sqlite(path: str | None, *, commits_on_loop: bool = False) -> SqliteStore:
    """Open the store in `path`, or one in memory.

    `commits_on_loop`: the event loop commits, as long as that is brief. For a process whose own work makes the commits;
    where others' calls come in meanwhile, a thread does better.

    Raises: StoreUnavailable: in use by another server, newer than this program, not ours, or not to be opened.
    """
    return SqliteStore(await asyncio.to_thread(open_database, path), commits_on_loop=commits_on_loop)


class SqliteStore:
    """A `Store` on one SQLite file. Belongs to the loop that runs when it is made."""

    def __init__(self, database: Database, *, commits_on_loop: bool) -> None:
        loop = asyncio.get_running_loop()
        self._database = database
        self._writer = Writer(database.writer, loop, database.wal_care, commits_on_loop=commits_on_loop)
        self._readers = Readers(database.readers, loop) if database.readers else None
        self._closed: asyncio.Future[None] | None = None

    def _writer_at_work(self) -> Writer:
        if self._closed is not None:
            raise StoreUnavailable("the store is closed")
        return self._writer

    def _write(self, work: Callable[[Connection], T]) -> asyncio.Future[T]:
        return self._writer_at_work().submit(work)

    def _read(self, work: Callable[[Connection], T]) -> asyncio.Future[T]:
        writer = self._writer_at_work()
        if self._readers is None:
            return writer.submit(work)
        if writer.has_soon:
            return asyncio.ensure_future(self._read_settled(work))
        return self._readers.submit(work)

    async def _read_settled(self, work: Callable[[Connection], T]) -> T:
        await self.settle()
        return await self._read(work)

    def _execute(self, name: str, row: Sequence[str | int | None]) -> asyncio.Future[None]:
        """Write by one statement."""
        return self._execute_many(name, [row])

    def _execute_many(self, name: str, rows: Sequence[Sequence[str | int | None]]) -> asyncio.Future[None]:
        """Write rows by one statement."""
        statement = SQL[name]

        def work(db: Connection) -> None:
            db.executemany(statement, rows)

        return self._write(work)

    # -- runs

    def commit(self, transition: Sequence[Changes]) -> asyncio.Future[None]:
        return self._writer_at_work().submit(
            partial(transitions.write_runs, transition=transition),
            transition,
            can_fail_late=transitions.can_fail_late(transition),
        )

    def commit_soon(self, transition: Sequence[Changes], *, within_s: float) -> asyncio.Future[None]:
        return self._writer_at_work().submit_soon(
            partial(transitions.write_runs, transition=transition), transition, within_s=within_s
        )

    async def settle(self) -> None:
        await self._write(_nothing)

    async def load_run(self, key: RunKey) -> StoredRun | None:
        return await self._read(lambda db: reading.load_run(db, key))

    async def find_run(self, namespace_id: str, run_id: str) -> RunKey | None:
        return await self._read(lambda db: reading.find_run(db, namespace_id, run_id))

    async def current_run(self, namespace_id: str, workflow_id: str) -> CurrentRun | None:
        return await self._read(lambda db: reading.current_run(db, namespace_id, workflow_id))

    async def history(
        self, run_id: str, *, first_event_id: int, before_event_id: int, limit: int, newest_first: bool = False
    ) -> list[EventBatch]:
        wanted = reading.HistoryRange(run_id, first_event_id, before_event_id, limit)
        return await self._read(lambda db: reading.history(db, wanted, newest_first=newest_first))

    async def delete_run(self, key: RunKey) -> None:
        await self._write(lambda db: transitions.erase_run(db, key))

    # -- what waits

    async def due_runs(self, now: Nanos, limit: int) -> list[RunKey]:
        return await self._read(lambda db: reading.due_runs(db, now, limit))

    async def next_wake_at(self) -> Nanos | None:
        return await self._read(reading.next_wake_at)

    async def open_runs(self, namespace_id: str, *, after: RunPlace | None, limit: int) -> OpenRuns:
        return await self._read(lambda db: reading.open_runs(db, namespace_id, after=after, limit=limit))

    async def queues_with_tasks(self) -> list[QueueKey]:
        return await self._read(reading.queues_with_tasks)

    async def ready_tasks(self, queue: QueueKey, *, after: Task | None, limit: int) -> list[Task]:
        return await self._read(lambda db: reading.ready_tasks(db, queue, after=after, limit=limit))

    async def count_tasks(self, queue: QueueKey) -> int:
        return await self._read(lambda db: reading.count_tasks(db, queue))

    async def drop_task(self, task: Task) -> None:
        await self._execute("drop_task", (task.run.run_id, task.queue.kind, task.ref, task.stamp))

    async def effects(self, *, after: Effect | None, limit: int) -> list[Effect]:
        return await self._read(lambda db: reading.effects(db, after=after, limit=limit))

    async def drop_effect(self, effect: Effect) -> None:
        await self._execute("delete_effect", (effect.run.run_id, effect.kind, effect.ref))

    # -- visibility

    async def executions(self, where: VisibilityFilter, *, after: bytes | None, limit: int) -> ListPage:
        return await self._read(lambda db: listing.executions(db, where, after=after, limit=limit))

    async def count_executions(self, where: VisibilityFilter) -> int:
        return await self._read(lambda db: listing.count_executions(db, where))

    async def count_executions_by(self, where: VisibilityFilter, column: str) -> list[tuple[str | int, int]]:
        return await self._read(lambda db: listing.count_executions_by(db, where, column))

    # -- namespaces and search attributes

    async def namespaces(self) -> list[NamespaceRecord]:
        return await self._read(reading.namespaces)

    async def put_namespace(self, record: NamespaceRecord) -> None:
        row = (
            record.id,
            record.name,
            record.state,
            record.description,
            record.owner_email,
            msgspec.json.encode(record.data).decode(),
            record.retention_ns,
            record.is_global,
            record.created_at,
            msgspec.json.encode(record.search_attribute_aliases).decode(),
        )
        await self._execute("put_namespace", row)

    async def delete_namespace(self, namespace_id: str) -> None:
        await self._write(lambda db: transitions.erase_names(db, namespace_id))
        after = ""
        while run_ids := await self._some_runs(namespace_id, after):
            await self._write(partial(transitions.erase_runs, run_ids=run_ids))
            after = run_ids[-1]
        await self._execute("delete_namespace", (namespace_id,))

    async def _some_runs(self, namespace_id: str, after: str) -> list[str]:
        return await self._read(lambda db: reading.runs_of_namespace(db, namespace_id, after, RUNS_DELETED_TOGETHER))

    async def search_attributes(self, namespace_id: str) -> dict[str, int]:
        return await self._read(lambda db: reading.search_attributes(db, namespace_id))

    async def put_search_attributes(self, namespace_id: str, attributes: dict[str, int]) -> None:
        rows = [(namespace_id, name, type_) for name, type_ in attributes.items()]
        await self._execute_many("put_search_attribute", rows)

    async def remove_search_attributes(self, namespace_id: str, names: Sequence[str]) -> None:
        await self._execute_many("remove_search_attribute", [(namespace_id, name) for name in names])

    async def metadata(self, name: str) -> str | None:
        return await self._read(lambda db: reading.metadata(db, name))

    async def put_metadata(self, name: str, value: str) -> None:
        await self._execute("put_metadata", (name, value))

    def statistics(self) -> StoreStatistics:
        return StoreStatistics(commits=self._writer.commits.copy(), write_count=self._writer.write_count)

    async def size(self) -> StoreSize:
        return await self._read(reading.size)

    async def close(self) -> None:
        if self._closed is None:
            self._writer.end()
            self._closed = asyncio.ensure_future(asyncio.to_thread(self._finish))
        await asyncio.shield(self._closed)

    def _finish(self) -> None:
        if self._readers is not None:
            self._readers.finish()
        self._writer.join()
        self._database.close()
