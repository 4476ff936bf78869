"""What the history room needs of others, as protocols: a task queue to offer to, namespaces' settings, a clock, ids."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from mainspring.server.engine.changes import Nanos, QueueKey, RunKey, Task, TaskKind
from mainspring.server.engine.settings import NamespaceSettings

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


class Poller(Protocol):
    """Who waits for a task."""

    @property
    def identity(self) -> str: ...
    @property
    def started_version(self) -> bytes:
        """Serialised WorkerVersionStamp for the Started event."""
        ...


class TaskSink(Protocol):
    """Where ready tasks go: `matching.Matching`."""

    def offer(self, task: Task) -> None: ...
    def next_poller(self, task: Task) -> Poller | None: ...
    def hand_over(self, task: Task, started: object, give_up: Callable[[], None]) -> None: ...
    def withdraw(self, run: RunKey, finished: Iterable[tuple[TaskKind, int]]) -> None: ...
    def doubt(self, queue: QueueKey) -> None: ...
    def has_recent_poller(self, queue: QueueKey) -> bool: ...


class Namespaces(Protocol):
    """The settings of each namespace, always up to date."""

    def settings(self, namespace_id: str) -> NamespaceSettings:
        """Raises: NamespaceNotFound."""
        ...
