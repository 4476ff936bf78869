"""Activity tasks between a run and its workers: started by a poll, heartbeats, outcomes, by token or by id.

The engine decides whether an attempt is still the current one; here it is found, and its input is read from its event.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import msgspec
from temporalio.api.common.v1 import Payloads, WorkerVersionStamp
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import HistoryEvent

from mainspring.server.engine import activity
from mainspring.server.engine.changes import RunKey, Task, TaskKind
from mainspring.server.engine.records import Activity
from mainspring.server.engine.run import Run
from mainspring.server.history.runs import Runs, StartAtOnce
from mainspring.server.history.tokens import TaskToken

T = TypeVar("T")


class StartedActivity(msgspec.Struct, frozen=True, kw_only=True):
    """An activity task as its worker gets it."""

    token: bytes
    key: RunKey
    namespace: str
    workflow_type: str
    activity: Activity
    scheduled: HistoryEvent  # ActivityTaskScheduled: input, header


class ActivityName(msgspec.Struct, frozen=True, kw_only=True):
    """An activity as a request names it: by token, or by workflow and activity id."""

    key: RunKey  # without a run id: whichever run is current as the activity is changed
    ref: int = 0  # scheduled event id; 0: by activity id
    activity_id: str = ""
    attempt: int = 0  # 0: whichever

    @classmethod
    def of_token(cls, token: TaskToken) -> ActivityName:
        return cls(key=token.run, ref=token.ref, attempt=token.attempt)


class ActivityTasks:
    """See the module."""

    def __init__(self, runs: Runs, start_at_once: StartAtOnce) -> None:
        self._runs = runs
        self._start_at_once = start_at_once

    async def start(self, task: Task, *, identity: str, worker_version: WorkerVersionStamp | None) -> StartedActivity:
        """A poll takes a task that matching gave it.

        Raises: NotFound: the task is stale; take another.
        """
        request_id = self._runs.new_id()

        def begin(run: Run) -> tuple[Activity, str, str]:
            started = activity.start_attempt(
                run,
                ref=task.ref,
                stamp=task.stamp,
                identity=identity,
                request_id=request_id,
                worker_version=worker_version,
            )
            return msgspec.structs.replace(started), run.settings.name, run.state.workflow_type

        started, namespace, workflow_type = await self._runs.change(task.run, begin)
        scheduled = await self._runs.event(task.run, task.ref)
        return StartedActivity(
            token=activity_token(task.run, started),
            key=task.run,
            namespace=namespace,
            workflow_type=workflow_type,
            activity=started,
            scheduled=scheduled,
        )

    async def heartbeat(self, name: ActivityName, details: Payloads | None) -> bool:
        """The worker is alive. Returns: the activity is to be cancelled. Raises: NotFound: it is not running."""

        def beat(run: Run) -> bool:
            pending = _find(run, name)
            activity.record_heartbeat(run, pending, details)
            return bool(pending.cancel_requested_event_id)

        return (await self._change(name.key, beat))[1]

    async def leave(self, name: ActivityName) -> None:
        """Its worker has done its part, and somebody else will complete it. Raises: NotFound: it is not running."""
        await self._change(name.key, lambda run: activity.leave(run, _find(run, name)))

    async def complete(self, name: ActivityName, result: Payloads | None, identity: str) -> None:
        """It has a result; by id it may have one before any worker took it. Raises: NotFound."""
        is_by_token = name.ref != 0
        await self._outcome(
            name, lambda run, pending: activity.complete(run, pending, result, identity), needs_start=is_by_token
        )

    async def fail(
        self,
        name: ActivityName,
        failure: Failure,
        identity: str,
        *,
        details: Payloads | None,
        worker_version: WorkerVersionStamp | None,
    ) -> None:
        """The attempt failed; `details` of its last heartbeat go to the next one. Raises: NotFound."""

        def fail(run: Run, pending: Activity) -> None:
            if details is not None:
                activity.record_heartbeat(run, pending, details)
            activity.fail(run, pending, failure, identity, worker_version)

        await self._outcome(name, fail)

    async def cancel(self, name: ActivityName, details: Payloads | None, identity: str) -> None:
        """It was cancelled as requested. Raises: NotFound; InvalidArgument: nobody requested it."""
        await self._outcome(name, lambda run, pending: activity.cancel(run, pending, details, identity))

    async def _outcome(
        self, name: ActivityName, decide: Callable[[Run, Activity], None], *, needs_start: bool = True
    ) -> None:
        def close(run: Run) -> int:
            pending = _find(run, name, needs_start=needs_start)
            decide(run, pending)
            return 0 if pending.scheduled_event_id in run.activities else pending.scheduled_event_id

        key, closed = await self._runs.change_early(name.key, close, self._start_at_once)
        if closed:
            self._runs.events.drop(key.run_id, closed)

    async def _change(self, named: RunKey, decide: Callable[[Run], T]) -> tuple[RunKey, T]:
        return await self._runs.change_named(*named.parts, decide)


def _find(run: Run, name: ActivityName, *, needs_start: bool = True) -> Activity:
    return activity.started_activity(
        run, ref=name.ref, activity_id=name.activity_id, attempt=name.attempt, needs_start=needs_start
    )


def activity_token(key: RunKey, started: Activity) -> bytes:
    """The token of a started attempt."""
    return TaskToken(TaskKind.ACTIVITY, key, started.scheduled_event_id, 0, started.attempt, started.stamp).encode()
