"""What is in flight: everything that will go on without time passing.

    a transition, wake-up or effect under way      a query that is asked          a workflow task that a worker has,
    a task that waits for workers that exist       an activity that a worker has  or that is on its way to one

Learns of changed runs as a `Publisher` and looks at those only, when it is asked. Answers for what it saw are exact:
nothing happens between its last look and its answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from mainspring.server.engine.changes import Changes, QueueKey, RunKey, TaskKind
from mainspring.server.engine.errors import NotFound
from mainspring.server.engine.run import RUNNING, Run
from mainspring.server.engine.stages import ActivityStage
from mainspring.server.history import History
from mainspring.server.matching.matching import Matching

SOON_S: Final = 0.001
"""When to look again at what takes no time."""
POLLER_WINDOW_S: Final = 5.0
"""Workers that have polled since then exist, even if they do not poll at the moment."""
ARRIVAL_S: Final = 1.0
"""For so long a task waits for workers that nobody has seen yet: they may be about to start."""


class Sight(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen in flight."""

    is_busy: bool = False  # something else than activities
    activity_count: int = 0  # that workers have
    look_again_s: float | None = None  # None: nothing changes before `stirred` is called


class _Busy(msgspec.Struct, frozen=True):
    """What one run has in flight."""

    has_started_task: bool
    waiting: tuple[QueueKey, ...]  # queues in which tasks of the run may wait
    activity_count: int
    since_s: float


class InFlight:
    """See the module. `stirred` is called whenever something changed, `closed` when a run has closed."""

    def __init__(
        self, history: History, matching: Matching, *, stirred: Callable[[], None], closed: Callable[[], None]
    ) -> None:
        self._history = history
        self._matching = matching
        self._stirred = stirred
        self._closed = closed
        self._loop = asyncio.get_running_loop()
        self._changed: dict[RunKey, float] = {}  # and when
        self._busy: dict[RunKey, _Busy] = {}
        history.runs.tell(self)

    def publish(self, changes: Changes) -> None:
        """A run has changed."""
        self.doubt(changes)
        if changes.status != RUNNING:
            self._closed()

    def doubt(self, changes: Changes) -> None:
        """A run may have changed."""
        self._changed[changes.key] = self._loop.time()
        self._stirred()

    async def look(self) -> Sight:
        """See what is in flight now."""
        if not self._is_at_rest():
            return Sight(is_busy=True, look_again_s=SOON_S)
        await self._look_at_changed()
        if not self._is_at_rest():
            return Sight(is_busy=True, look_again_s=SOON_S)
        if any(busy.has_started_task for busy in self._busy.values()):
            return Sight(is_busy=True)
        wait_s = max((self._wait_s(busy) for busy in self._busy.values() if busy.waiting), default=0.0)
        activity_count = sum(busy.activity_count for busy in self._busy.values())
        if wait_s:
            return Sight(is_busy=True, activity_count=activity_count, look_again_s=wait_s)
        return Sight(activity_count=activity_count)

    def _is_at_rest(self) -> bool:
        return self._history.is_at_rest and not self._matching.has_open_queries

    async def _look_at_changed(self) -> None:
        while self._changed:
            key, since_s = next(iter(self._changed.items()))
            busy = await self._look_at(key, since_s)
            if busy is None:
                self._busy.pop(key, None)
            else:
                self._busy[key] = busy
            if self._changed.get(key) == since_s:
                del self._changed[key]

    async def _look_at(self, key: RunKey, since_s: float) -> _Busy | None:
        try:
            return await self._history.runs.glance(key, lambda run: _busy(run, since_s))
        except NotFound:
            return None

    def _wait_s(self, busy: _Busy) -> float:
        """For how long the run's tasks are to be waited for; 0: nobody will take them."""
        if any(self._matching.has_recent_poller(queue, POLLER_WINDOW_S) for queue in busy.waiting):
            return ARRIVAL_S
        return max(0.0, busy.since_s + ARRIVAL_S - self._loop.time())


def _busy(run: Run, since_s: float) -> _Busy | None:
    if not run.is_running:
        return None
    activity_count = sum(activity.stage is ActivityStage.STARTED for activity in run.activities.values())
    waiting = tuple(dict.fromkeys(_queues_with_tasks(run)))
    if not (run.has_started_task or waiting or activity_count):
        return None
    return _Busy(run.has_started_task, waiting, activity_count, since_s)


def _queues_with_tasks(run: Run) -> Iterator[QueueKey]:
    namespace_id, state = run.key.namespace_id, run.state
    if state.task is not None and not state.task.started_event_id:
        yield QueueKey(namespace_id, state.task.queue, TaskKind.WORKFLOW)
        yield QueueKey(namespace_id, state.task_queue, TaskKind.WORKFLOW)  # where a sticky one goes in the end
    for activity in run.activities.values():
        if activity.stage is ActivityStage.SCHEDULED and activity.is_dispatched:
            yield QueueKey(namespace_id, activity.queue, TaskKind.ACTIVITY)
