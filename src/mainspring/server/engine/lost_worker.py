"""The worker that had a run's tasks is gone for good: they time out now, rather than when their time is over.

    workflow task     times out and is scheduled again, as at its deadline
    activity          misses its heartbeat: another attempt, or the end, as its retry policy says

For whoever knows that no worker is left which took a task at or after an instant. An activity that its worker has left,
to be completed from elsewhere, goes on: nobody is lost who was to end it.
Reference: tests/engine/test_lost_worker.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec
from temporalio.api.enums.v1 import TimeoutType

from mainspring.server.engine import activity, update, workflow_task
from mainspring.server.engine.changes import Nanos
from mainspring.server.engine.records import Activity, RunState, WorkflowTask
from mainspring.server.engine.run import Run
from mainspring.server.engine.stages import ActivityStage

MESSAGE = "the process of the worker that had the activity has ended"

_STATE = msgspec.msgpack.Decoder(RunState)
_ACTIVITY = msgspec.msgpack.Decoder(Activity)


def has_tasks_out(state: bytes, records: Mapping[tuple[str, str], bytes], since: Nanos) -> bool:
    """Whether `release` would change a run that is stored so. Cheap: most runs of a file wait for other things."""
    if _is_out(_STATE.decode(state).task, since):
        return True
    activities = (_ACTIVITY.decode(blob) for (kind, _), blob in records.items() if kind == "activity")
    return any(_is_attempted(one, since) for one in activities)


def release(run: Run, since: Nanos) -> None:
    """All tasks that were taken at or after `since` are lost with their workers."""
    if not run.is_running:
        return
    for attempted in list(_attempted(run, since)):
        activity.time_out(run, attempted, TimeoutType.TIMEOUT_TYPE_HEARTBEAT, MESSAGE)
    if _is_out(run.state.task, since):
        update.take_back(run, seen_are_failed=False)
        workflow_task.time_out(run)


def release_task(run: Run, stamp: int) -> None:
    """The workflow task of that stamp is lost with its worker, unless it has ended."""
    task = run.state.task
    if task is not None and task.stamp == stamp and task.started_event_id:
        update.take_back(run, seen_are_failed=False)
        workflow_task.time_out(run)


def _attempted(run: Run, since: Nanos) -> Iterator[Activity]:
    return (one for one in run.activities.values() if _is_attempted(one, since))


def _is_attempted(one: Activity, since: Nanos) -> bool:
    return one.stage is ActivityStage.STARTED and one.started_at >= since and not one.is_left


def _is_out(task: WorkflowTask | None, since: Nanos) -> bool:
    return task is not None and task.started_event_id != 0 and task.started_at >= since
