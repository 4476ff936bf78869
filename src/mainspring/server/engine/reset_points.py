"""Which builds have completed workflow tasks of a run: reset points, and the `BuildIds` search attribute.

Workers report a binary checksum (old) or a build id (new) with each completed task. The first completion of each build
becomes a point to which the run can be reset after a bad deploy.
"""

from __future__ import annotations

from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflow.v1 import ResetPointInfo, ResetPoints

from mainspring.server.engine import search_attributes
from mainspring.server.engine.run import Run
from mainspring.server.engine.times import timestamp


def note_completion(run: Run, event: HistoryEvent) -> None:
    """A workflow task was completed by a worker: remember its build if it is a new one."""
    state = run.state
    attributes = event.workflow_task_completed_event_attributes
    build_id, checksum = attributes.worker_version.build_id, attributes.binary_checksum
    if attributes.HasField("worker_version"):
        state.worker_version_bytes = attributes.worker_version.SerializeToString()
    if all((point[0], point[1]) != (build_id, checksum) for point in state.reset_points):
        point = (build_id, checksum, event.event_id, run.now)
        state.reset_points = (*state.reset_points, point)[-run.limits.auto_reset_points_count :]
        search_attributes.note_build(run, build_id, [p[1] for p in state.reset_points if p[1]] if checksum else [])


def as_message(run: Run) -> ResetPoints | None:
    """The points as clients see them; None if there are none."""
    points = run.state.reset_points
    if not points:
        return None
    return ResetPoints(
        points=[
            ResetPointInfo(
                build_id=build_id,
                binary_checksum=checksum,
                run_id=run.key.run_id,
                first_workflow_task_completed_id=event_id,
                create_time=timestamp(at),
                resettable=not run.children,
            )
            for build_id, checksum, event_id, at in points
        ]
    )
