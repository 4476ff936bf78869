"""The event that closed a run, as clients that wait for a result are shown it.

Clients of before September 2021 do not know that a run which completed, failed or timed out may be followed by another.
A client that does not say `follows-next-run-id` is told that such a run continued as new, which they all know.
Reference: tests/differential/test_chains.py.
"""

from __future__ import annotations

from collections.abc import Mapping

from temporalio.api.enums.v1 import TimeoutType, event_type_pb2
from temporalio.api.failure.v1 import Failure, TimeoutFailureInfo
from temporalio.api.history.v1 import History, HistoryEvent

FEATURES = "supported-features"
FOLLOWS = "follows-next-run-id"


def shown(blob: bytes, metadata: Mapping[str, str]) -> bytes:
    """The serialised `History` that ends with a close event, as this client is shown it."""
    if FOLLOWS in metadata.get(FEATURES, "").split(","):
        return blob
    history = History.FromString(blob)
    if not history.events:
        return blob
    stand_in = continued(history.events[-1])
    if stand_in is None:
        return blob
    history.events[-1].CopyFrom(stand_in)
    return history.SerializeToString()


def continued(closed: HistoryEvent) -> HistoryEvent | None:
    """The continue-as-new that stands for a close event which another run follows; None if none does."""
    event = HistoryEvent(
        event_id=closed.event_id,
        event_time=closed.event_time,
        event_type=event_type_pb2.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW,
        version=closed.version,
        task_id=closed.task_id,
    )
    attributes = event.workflow_execution_continued_as_new_event_attributes
    if closed.event_type == event_type_pb2.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
        completed = closed.workflow_execution_completed_event_attributes
        attributes.new_execution_run_id = completed.new_execution_run_id
        if completed.HasField("result"):
            attributes.last_completion_result.CopyFrom(completed.result)
    elif closed.event_type == event_type_pb2.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED:
        failed = closed.workflow_execution_failed_event_attributes
        attributes.new_execution_run_id = failed.new_execution_run_id
        attributes.failure.CopyFrom(failed.failure)
    elif closed.event_type == event_type_pb2.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT:
        timed_out = closed.workflow_execution_timed_out_event_attributes
        attributes.new_execution_run_id = timed_out.new_execution_run_id
        info = TimeoutFailureInfo(timeout_type=TimeoutType.TIMEOUT_TYPE_START_TO_CLOSE)
        attributes.failure.CopyFrom(Failure(message="workflow timeout", source="Server", timeout_failure_info=info))
    return event if attributes.new_execution_run_id else None
