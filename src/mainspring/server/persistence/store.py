"""The `Store` protocol: what the rooms above ask of a database, and the records that travel.

    history   --commit([Changes, ...])-->  RunStore        --.
    matching  --ready_tasks(...)-------->  TaskStore       --|--  Store: one database
    frontend  --executions(...)--------->  VisibilityStore --|
              --namespaces()------------>  NamespaceStore  --'

A room names the part that it needs. Any method may raise `StoreUnavailable`.
Three stores obey it: memory (simulation and tests), SQLite, later PostgreSQL; one suite holds them all
(`tests/persistence/`). Rules: one transition (a list of `Changes`) is committed atomically or not at all; when `commit`
returns it is durable; nothing here decides anything about a run. Methods are coroutines; the loop is blocked
for a commit at most, as long as commits are brief (decision 0025).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Protocol, TypeAlias

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
    VisibilityRecord,
)
from mainspring.server.persistence.durations import Durations


class StoredRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run as it stands in the store, with all its pending records."""

    key: RunKey
    version: int  # counts committed transitions; 1 after the first
    next_event_id: int
    status: int
    wake_at: Nanos | None
    state: bytes
    records: dict[tuple[str, str], bytes]  # (kind, key) -> blob


RunPlace: TypeAlias = tuple[Nanos, str]
"""Where a run stands among the open ones of its namespace: (started at, run id)."""


class OpenRuns(msgspec.Struct, frozen=True):
    """One page of runs that have not closed. `after` continues behind the last; None = that was all."""

    runs: list[StoredRun]
    after: RunPlace | None


class NamespaceRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One namespace."""

    id: str
    name: str
    state: int  # temporal.api.enums.v1.NamespaceState
    description: str = ""
    owner_email: str = ""
    data: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    retention_ns: int = 0
    is_global: bool = False
    created_at: Nanos = 0
    search_attribute_aliases: dict[str, str] = msgspec.field(default_factory=dict[str, str])


class ListPage(msgspec.Struct, frozen=True):
    """One page of a visibility list. `position` continues after the last row; None = that was all."""

    records: list[VisibilityRecord]
    position: bytes | None


class VisibilityFilter(msgspec.Struct, frozen=True):
    """A compiled condition over one namespace's rows.

    `sql` is a boolean SQL expression over the columns of `visibility` with `:named` parameters only (values are always
    bound, never spliced), or "" for all rows; made by `visibility.compiler`, the only place that writes SQL from parts.
    Parameter names that begin with `page_` are the store's own.
    """

    namespace_id: str
    sql: str = ""
    parameters: dict[str, str | int | float | None] = msgspec.field(default_factory=dict[str, str | int | float | None])


class RunStore(Protocol):
    """What `history` asks: runs, when they are due, and what they want done to others."""

    def commit(self, transition: Sequence[Changes]) -> Awaitable[None]:
        """Write one transition (of one run, or of several that must change together) atomically and durably.

        Order of checks: each run's version first, then current runs. Concurrent transitions share a database
        transaction, but one's conflict never undoes its neighbours. A caller that is cancelled meanwhile waits to the
        end all the same, and knows how it ended: nothing that this waits for lets itself be cancelled.

        Raises:
            VersionConflict: some run is past `expected_version`, or exists already for 0. Nothing was written.
            CurrentRunConflict: the current run is not `expected_current`. Nothing was written.
            StoreUnavailable: closed or broken; nothing was acknowledged.
        """
        ...

    def commit_soon(self, transition: Sequence[Changes], *, within_s: float) -> asyncio.Future[None]:
        """Hand over one transition of one run without waiting: written within that time, and before all that follows.

        Whatever is committed afterwards is durable only if this is, and whatever is asked afterwards sees it. For
        changes that a crash may undo; they are no current run's. The future ends as `commit` would.

        Raises: StoreUnavailable: closed.
        """
        ...

    async def settle(self) -> None:
        """Wait until all that `commit_soon` took has ended, well or not. Raises: StoreUnavailable."""
        ...

    async def load_run(self, key: RunKey) -> StoredRun | None:
        """One run with its records; None if there is none."""
        ...

    async def find_run(self, namespace_id: str, run_id: str) -> RunKey | None:
        """The key of a run that is known by its run id only."""
        ...

    async def current_run(self, namespace_id: str, workflow_id: str) -> CurrentRun | None:
        """The run that the workflow id stands for."""
        ...

    async def history(
        self, run_id: str, *, first_event_id: int, before_event_id: int, limit: int, newest_first: bool = False
    ) -> list[EventBatch]:
        """Whole batches that hold events with first_event_id <= id < before_event_id, in order of ids (or reversed).

        At most `limit` batches. The first (last) batch may begin (end) outside the asked range.
        """
        ...

    async def delete_run(self, key: RunKey) -> None:
        """Forget a run: history, records, tasks, effects, visibility, and the current-run row if it is this one."""
        ...

    async def due_runs(self, now: Nanos, limit: int) -> list[RunKey]:
        """Runs whose `wake_at` has come, longest overdue first."""
        ...

    async def next_wake_at(self) -> Nanos | None:
        """The earliest `wake_at` of all runs."""
        ...

    async def open_runs(self, namespace_id: str, *, after: RunPlace | None, limit: int) -> OpenRuns:
        """Runs of a namespace that have not closed, newest first, strictly after a place (asked at start)."""
        ...

    async def effects(self, *, after: Effect | None, limit: int) -> list[Effect]:
        """Outbox entries by (created_at, run_id, kind, ref), strictly after `after` (asked at start)."""
        ...

    async def drop_effect(self, effect: Effect) -> None:
        """Remove an effect whose run is gone or which has no result to record."""
        ...


class TaskStore(Protocol):
    """What `matching` asks: the ready tasks of each queue."""

    async def queues_with_tasks(self) -> list[QueueKey]:
        """Every queue that has at least one ready task (asked once, at start)."""
        ...

    async def ready_tasks(self, queue: QueueKey, *, after: Task | None, limit: int) -> list[Task]:
        """Ready tasks of a queue by (priority, created_at, run_id, ref), strictly after `after`."""
        ...

    async def count_tasks(self, queue: QueueKey) -> int:
        """How many rows the queue has."""
        ...

    async def drop_task(self, task: Task) -> None:
        """Remove a task found to be stale, if its row still carries the same stamp."""
        ...


class VisibilityStore(Protocol):
    """What lists ask: rows that match, and how many."""

    async def executions(self, where: VisibilityFilter, *, after: bytes | None, limit: int) -> ListPage:
        """Rows after a position: open runs first, then by close time, start time and run id, all descending.

        Raises: InvalidArgument: `after` is not a position that a page of this list gave.
        """
        ...

    async def count_executions(self, where: VisibilityFilter) -> int:
        """How many rows match."""
        ...

    async def count_executions_by(self, where: VisibilityFilter, column: str) -> list[tuple[str | int, int]]:
        """Counts grouped by one column of `visibility`, ordered by that column."""
        ...


class NamespaceStore(Protocol):
    """Namespaces and their search attributes."""

    async def namespaces(self) -> list[NamespaceRecord]:
        """All namespaces by name (asked at start; `frontend` keeps them in memory)."""
        ...

    async def put_namespace(self, record: NamespaceRecord) -> None:
        """Insert or replace by id."""
        ...

    async def delete_namespace(self, namespace_id: str) -> None:
        """Remove the namespace and all that it holds."""
        ...

    async def search_attributes(self, namespace_id: str) -> dict[str, int]:
        """Custom search attributes: name -> temporal.api.enums.v1.IndexedValueType."""
        ...

    async def put_search_attributes(self, namespace_id: str, attributes: dict[str, int]) -> None:
        """Add custom search attributes."""
        ...

    async def remove_search_attributes(self, namespace_id: str, names: Sequence[str]) -> None:
        """Forget custom search attributes; values already stored stay in their rows."""
        ...


class StoreSize(msgspec.Struct, frozen=True, kw_only=True):
    """What a store takes."""

    database_bytes: int
    free_bytes: int  # of these, without content: they are used before the database grows
    wal_bytes: int  # beside it; 0 for a store in memory


class StoreStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """What a store did since it was opened."""

    commits: Durations  # each from its first statement until it is durable
    write_count: int  # what they wrote: several transitions share a commit


class Store(RunStore, TaskStore, VisibilityStore, NamespaceStore, Protocol):
    """A database of runs, and all that belongs to them."""

    def statistics(self) -> StoreStatistics:
        """Counts until now."""
        ...

    async def size(self) -> StoreSize:
        """What it takes now."""
        ...

    async def metadata(self, name: str) -> str | None:
        """A setting of the store as a whole, such as the cluster id."""
        ...

    async def put_metadata(self, name: str, value: str) -> None:
        """Set it."""
        ...

    async def close(self) -> None:
        """Finish what is under way, then close. Later calls raise StoreUnavailable."""
        ...
