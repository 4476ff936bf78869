"""The history room put together: what the frontend talks to.

    Runs.commit --> _Tasks (to matching), Wakeups, Outbox, BufferedQueries, Waiting      each a `Publisher`

A commit whose answer was lost goes the same ways as a doubt: each looks for itself what there is.
"""

from __future__ import annotations

from collections.abc import Iterable

from mainspring.server.engine import close
from mainspring.server.engine.changes import Changes, Nanos, RunKey
from mainspring.server.engine.run import Run
from mainspring.server.history import lost_workers
from mainspring.server.history.activity_tasks import ActivityTasks
from mainspring.server.history.effects import Effects
from mainspring.server.history.outbox import Outbox
from mainspring.server.history.ports import Clock, Namespaces, NewId, TaskSink
from mainspring.server.history.queries import BufferedQueries
from mainspring.server.history.reading import Reader
from mainspring.server.history.runs import Runs, RunsSettings
from mainspring.server.history.starts import Starts
from mainspring.server.history.updates import Updates
from mainspring.server.history.waiting import Waiting
from mainspring.server.history.wakeups import Wakeups
from mainspring.server.history.workflow_tasks import WorkflowTasks
from mainspring.server.persistence.store import RunStore


class History:
    """All services of the room, and their life."""

    def __init__(
        self,
        store: RunStore,
        tasks: TaskSink,
        namespaces: Namespaces,
        *,
        clock: Clock,
        new_id: NewId,
        settings: RunsSettings | None = None,
    ) -> None:
        self.runs = Runs(store, namespaces, clock=clock, new_id=new_id, settings=settings or RunsSettings())
        self.waiting = Waiting()
        self.reader = Reader(self.runs)
        self.queries = BufferedQueries()
        self.starts = Starts(self.runs)
        self.workflow_tasks = WorkflowTasks(self.runs, self.reader, self.queries, tasks)
        self.activity_tasks = ActivityTasks(self.runs, self.workflow_tasks.start_at_once)
        self.updates = Updates(self.runs, self.waiting)
        self.wakeups = Wakeups(self.runs, clock=clock)
        self.outbox = Outbox(self.runs, Effects(self.runs, self.starts).handlers())
        self.runs.tell(_Tasks(tasks), self.wakeups, self.outbox, self.queries, self.waiting)

    @property
    def is_at_rest(self) -> bool:
        """No transition, wake-up or effect is under way: time and clients are all that can change anything."""
        return not (len(self.runs.locks) or self.wakeups.is_busy) and self.outbox.is_empty

    async def delete(self, key: RunKey) -> None:
        """Forget a run; a running one is terminated first. It is gone when this returns.

        Raises: NotFound: there is none.
        """
        async with self.runs.locks.hold((key.namespace_id, key.workflow_id)):
            await self.runs.change_held(key, _terminate_for_delete)
            await self.runs.store.delete_run(key)
            self.runs.evict(key)

    async def start(self) -> None:
        """Take up what was under way when the server stopped."""
        await self.outbox.start()
        await self.wakeups.start()

    async def release_lost(self, namespace_ids: Iterable[str], since: Nanos) -> int:
        """See `lost_workers.release`."""
        return await lost_workers.release(self.runs, namespace_ids, since)

    async def stop(self) -> None:
        """Stop the loops; nothing that was acknowledged is lost by that."""
        await self.wakeups.stop()
        await self.outbox.stop()


def _terminate_for_delete(run: Run) -> None:
    if run.is_running:
        close.terminate(run, reason="Delete workflow execution", details=None, identity="history-service")


class _Tasks:
    """Hands ready tasks over to matching."""

    def __init__(self, sink: TaskSink) -> None:
        self._sink = sink

    def publish(self, changes: Changes) -> None:
        if changes.finished_tasks:
            self._sink.withdraw(changes.key, changes.finished_tasks)
        for task in changes.tasks:
            self._sink.offer(task)

    def doubt(self, changes: Changes) -> None:
        for queue in {task.queue for task in changes.tasks}:
            self._sink.doubt(queue)
