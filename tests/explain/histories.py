"""Runs in a few words, for tests of what is told about them. Time is in seconds after the start."""

from __future__ import annotations

from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.common.v1 import ActivityType, WorkflowExecution, WorkflowType
from temporalio.api.enums.v1 import EventType, PendingActivityState, PendingWorkflowTaskState, WorkflowExecutionStatus
from temporalio.api.failure.v1 import ApplicationFailureInfo, Failure
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.taskqueue.v1 import PollerInfo
from temporalio.api.workflow.v1 import PendingActivityInfo, PendingWorkflowTaskInfo, WorkflowExecutionInfo
from temporalio.api.workflowservice.v1 import DescribeTaskQueueResponse, DescribeWorkflowExecutionResponse

from mainspring.explain.times import SECOND

START_S: Final = 1_800_000_000
NOW: Final = (START_S + 100) * SECOND
RUNNING: Final = WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING


def stamp(second: float) -> Timestamp:
    made = Timestamp()
    made.FromNanoseconds(START_S * SECOND + int(second * SECOND))
    return made


def event(number: int, name: str, second: float = 0) -> HistoryEvent:
    """An event by the name of its type, `TIMER_STARTED`, with empty attributes."""
    made = HistoryEvent(event_id=number, event_type=EventType.Value(f"EVENT_TYPE_{name}"), event_time=stamp(second))
    getattr(made, f"{name.lower()}_event_attributes").SetInParent()
    return made


def described(status: WorkflowExecutionStatus.ValueType = RUNNING) -> DescribeWorkflowExecutionResponse:
    info = WorkflowExecutionInfo(
        execution=WorkflowExecution(workflow_id="order-1", run_id="r1"),
        type=WorkflowType(name="Order"),
        task_queue="orders",
        status=status,
        start_time=stamp(0),
        execution_time=stamp(0),
    )
    return DescribeWorkflowExecutionResponse(workflow_execution_info=info)


def with_task(*, attempt: int = 1, started: float | None = None) -> DescribeWorkflowExecutionResponse:
    """A run whose workflow task was scheduled after 10 s."""
    run = described()
    states = PendingWorkflowTaskState
    run.pending_workflow_task.CopyFrom(
        PendingWorkflowTaskInfo(
            state=states.PENDING_WORKFLOW_TASK_STATE_SCHEDULED
            if started is None
            else states.PENDING_WORKFLOW_TASK_STATE_STARTED,
            scheduled_time=stamp(10),
            original_scheduled_time=stamp(10),
            started_time=None if started is None else stamp(started),
            attempt=attempt,
        )
    )
    return run


def activity(
    *, started: float | None = None, attempt: int = 1, failure: Failure | None = None, next_at: float | None = None
) -> PendingActivityInfo:
    """An activity `charge`, scheduled after 20 s."""
    states = PendingActivityState
    made = PendingActivityInfo(
        activity_id="1",
        activity_type=ActivityType(name="charge"),
        state=states.PENDING_ACTIVITY_STATE_SCHEDULED if started is None else states.PENDING_ACTIVITY_STATE_STARTED,
        attempt=attempt,
        scheduled_time=stamp(20),
        last_started_time=None if started is None else stamp(started),
        last_failure=failure,
        next_attempt_schedule_time=None if next_at is None else stamp(next_at),
        last_worker_identity="" if started is None else "w1",
    )
    made.activity_options.task_queue.name = "payments"
    return made


def with_activity(*activities: PendingActivityInfo) -> DescribeWorkflowExecutionResponse:
    run = described()
    run.pending_activities.extend(activities)
    return run


def polled(*seen: tuple[str, float]) -> DescribeTaskQueueResponse:
    """A queue with these pollers, and when each was last seen."""
    return DescribeTaskQueueResponse(
        pollers=[PollerInfo(identity=identity, last_access_time=stamp(second)) for identity, second in seen]
    )


def application(message: str, kind: str = "CardError") -> Failure:
    return Failure(message=message, application_failure_info=ApplicationFailureInfo(type=kind))
