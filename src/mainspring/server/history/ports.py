"""What the history room needs of others, as protocols: a task queue to offer to, namespaces' settings, a clock, ids."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from mainspring.server.engine.changes import (
    Changes,
    CurrentRun,
    Effect,
    EventBatch,
    Nanos,
    QueueKey,
    RunKey,
    Task,
    TaskKind,
)
from mainspring.server.engine.settings import NamespaceSettings
from mainspring.server.persistence.store import StoredRun

NewId = Callable[[], str]


class Alarm(Protocol):
    """A call that is planned for a time."""

    def cancel(self) -> None: ...


class Clock(Protocol):
    """Tells the time, and calls at a time."""

    def now(self) -> Nanos: ...

    def call_at(self, at: Nanos, callback: Callable[[], None]) -> Alarm:
        """Call `callback` once on the running loop, at `at` or before: who is called looks at the time again."""
        ...


class RunStore(Protocol):
    """The part of `persistence.store.Store` that holds runs."""

    async def commit(self, transition: Sequence[Changes]) -> None: ...
    def commit_soon(self, transition: Sequence[Changes]) -> asyncio.Future[None]: ...
    async def settle(self) -> None: ...
    async def load_run(self, key: RunKey) -> StoredRun | None: ...
    async def find_run(self, namespace_id: str, run_id: str) -> RunKey | None: ...
    async def current_run(self, namespace_id: str, workflow_id: str) -> CurrentRun | None: ...
    async def history(
        self, run_id: str, *, first_event_id: int, before_event_id: int, limit: int, newest_first: bool = False
    ) -> list[EventBatch]: ...
    async def delete_run(self, key: RunKey) -> None: ...
    async def due_runs(self, now: Nanos, limit: int) -> list[RunKey]: ...
    async def next_wake_at(self) -> Nanos | None: ...
    async def effects(self, *, after: Effect | None, limit: int) -> list[Effect]: ...
    async def drop_effect(self, effect: Effect) -> None: ...


class TaskSink(Protocol):
    """Where ready tasks go: `matching.Matching`."""

    def offer(self, task: Task) -> None: ...
    def withdraw(self, run: RunKey, finished: Iterable[tuple[TaskKind, int]]) -> None: ...
    def doubt(self, queue: QueueKey) -> None: ...
    def has_recent_poller(self, queue: QueueKey) -> bool: ...


class Namespaces(Protocol):
    """The settings of each namespace, always up to date."""

    def settings(self, namespace_id: str) -> NamespaceSettings:
        """Raises: NamespaceNotFound."""
        ...
