"""Which builds have completed workflow tasks of a run: reset points, and the `BuildIds` search attribute.

Workers report a binary checksum (old) or a build id (new) with each completed task. The first completion of each build
becomes a point to which the run can be reset after a bad deploy. A chain's next run takes the points over.
"""

from __future__ import annotations

import msgspec
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflow.v1 import ResetPointInfo, ResetPoints

from mainspring.server.engine import search_attributes
from mainspring.server.engine.records import ResetPoint
from mainspring.server.engine.run import Run
from mainspring.server.engine.times import instant, timestamp


def note_completion(run: Run, event: HistoryEvent) -> None:
    """A workflow task was completed by a worker: remember its build if it is a new one."""
    state = run.state
    attributes = event.workflow_task_completed_event_attributes
    build_id, checksum = "", attributes.binary_checksum
    if attributes.HasField("worker_version"):
        version = attributes.worker_version
        build_id = version.build_id
        state.worker_version_bytes = version.SerializeToString()
    checksums: list[str] = []
    if not _has_point(state.reset_points, build_id, checksum):
        point = ResetPoint(
            build_id=build_id,
            binary_checksum=checksum,
            completed_event_id=event.event_id,
            created_at=run.now,
            run_id=run.key.run_id,
            is_resettable=not (run.children or run.signals or run.cancels),
        )
        state.reset_points = (*state.reset_points, point)[-run.limits.auto_reset_points_count :]
        if checksum:
            checksums = [point.binary_checksum for point in state.reset_points if point.binary_checksum]
    search_attributes.note_build(run, build_id, checksums)


def _has_point(points: tuple[ResetPoint, ...], build_id: str, checksum: str) -> bool:
    for point in points:  # noqa: SIM110 - asked at every completed task, mostly of one point
        if point.build_id == build_id and point.binary_checksum == checksum:
            return True
    return False


def expire(run: Run) -> None:
    """The run closes and another follows: its own points last as long as it is kept."""
    expires_at = run.now + run.settings.retention_ns if run.settings.retention_ns else 0
    run.state.reset_points = tuple(
        msgspec.structs.replace(point, expires_at=expires_at) if point.run_id == run.key.run_id else point
        for point in run.state.reset_points
    )


def as_message(points: tuple[ResetPoint, ...]) -> ResetPoints:
    """The points as clients see them."""
    return ResetPoints(points=[_point(point) for point in points])


def taken_over(message: ResetPoints) -> tuple[ResetPoint, ...]:
    """The points that a run finds in its first event."""
    return tuple(
        ResetPoint(
            build_id=point.build_id,
            binary_checksum=point.binary_checksum,
            completed_event_id=point.first_workflow_task_completed_id,
            created_at=instant(point.create_time),
            run_id=point.run_id,
            is_resettable=point.resettable,
            expires_at=instant(point.expire_time),
        )
        for point in message.points
    )


def _point(point: ResetPoint) -> ResetPointInfo:
    return ResetPointInfo(
        build_id=point.build_id,
        binary_checksum=point.binary_checksum,
        run_id=point.run_id,
        first_workflow_task_completed_id=point.completed_event_id,
        create_time=timestamp(point.created_at),
        expire_time=timestamp(point.expires_at) if point.expires_at else None,
        resettable=point.is_resettable,
    )
