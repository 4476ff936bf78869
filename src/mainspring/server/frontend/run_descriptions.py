"""A run as DescribeWorkflowExecution shows it: all built in one go, while nobody changes the run.

    Run + now  --describe-->  DescribeWorkflowExecutionResponse

What stands in the run's first event only (user metadata, which timeouts were set, the original start) is added from
there. Fields that the real server leaves out stay out; those that it sets though empty are set.
Reference: tests/differential/test_describe.py.
"""

from __future__ import annotations

from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.activity.v1 import ActivityOptions
from temporalio.api.common.v1 import (
    ActivityType,
    Payloads,
    Priority,
    RetryPolicy,
    SearchAttributes,
    WorkerVersionStamp,
    WorkflowExecution,
    WorkflowType,
)
from temporalio.api.enums.v1 import (
    EventType,
    ParentClosePolicy,
    PendingActivityState,
    PendingWorkflowTaskState,
    TaskQueueKind,
    WorkflowExecutionStatus,
)
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflow.v1 import (
    PendingActivityInfo,
    PendingChildExecutionInfo,
    PendingWorkflowTaskInfo,
    RequestIdInfo,
    WorkflowExecutionConfig,
    WorkflowExecutionExtendedInfo,
    WorkflowExecutionInfo,
)
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionResponse

from mainspring.server.engine import attribute_types, records, reset_points
from mainspring.server.engine.changes import Nanos
from mainspring.server.engine.records import Activity, Child, RetryRules, WorkflowTask
from mainspring.server.engine.run import Run
from mainspring.server.engine.stages import ActivityStage
from mainspring.server.engine.times import duration, timestamp

YEAR_ONE: Final = Timestamp(seconds=-62_135_596_800)
"""How the real server spells an instant that never comes, where it does not leave it out."""

_STARTED = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED
_OPTIONS_UPDATED = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED


def describe(run: Run, now: Nanos) -> DescribeWorkflowExecutionResponse:
    """Everything but what the first event alone knows."""
    activities = sorted(run.activities.values(), key=lambda activity: activity.scheduled_event_id)
    children = sorted(run.children.values(), key=lambda child: child.initiated_event_id)
    task = run.state.task
    return DescribeWorkflowExecutionResponse(
        execution_config=_config(run),
        workflow_execution_info=_info(run),
        pending_activities=[_activity(activity, now) for activity in activities],
        pending_children=[_child(child) for child in children],
        pending_workflow_task=None if task is None else _workflow_task(task),
        workflow_extended_info=_extended(run),
    )


def add_from_first_event(response: DescribeWorkflowExecutionResponse, event: HistoryEvent) -> None:
    """What the run does not keep beside its history."""
    config = response.execution_config
    attributes = event.workflow_execution_started_event_attributes
    if attributes.HasField("workflow_execution_timeout"):
        config.workflow_execution_timeout.CopyFrom(attributes.workflow_execution_timeout)
    if attributes.HasField("workflow_run_timeout"):
        config.workflow_run_timeout.CopyFrom(attributes.workflow_run_timeout)
    if event.HasField("user_metadata"):
        config.user_metadata.CopyFrom(event.user_metadata)
    response.workflow_extended_info.original_start_time.CopyFrom(event.event_time)


def _config(run: Run) -> WorkflowExecutionConfig:
    state = run.state
    return WorkflowExecutionConfig(
        task_queue=TaskQueue(name=state.task_queue, kind=TaskQueueKind.TASK_QUEUE_KIND_NORMAL),
        default_workflow_task_timeout=duration(state.task_timeout_ns),
    )


def _info(run: Run) -> WorkflowExecutionInfo:
    state = run.state
    info = WorkflowExecutionInfo(
        execution=run.execution,
        type=WorkflowType(name=state.workflow_type),
        start_time=timestamp(state.started_at),
        execution_time=timestamp(state.execution_at),
        status=WorkflowExecutionStatus.ValueType(state.status),
        history_length=run.history.next_event_id - 1,
        memo=run.memo,
        search_attributes=_typed(run),
        auto_reset_points=reset_points.as_message(state.reset_points),
        task_queue=state.task_queue,
        state_transition_count=state.transition_count,
        history_size_bytes=state.history_size_bytes,
        external_payload_count=state.kept_elsewhere.count,
        external_payload_size_bytes=state.kept_elsewhere.size_bytes,
        root_execution=WorkflowExecution(workflow_id=state.root_workflow_id, run_id=state.root_run_id),
        first_run_id=state.first_run_id,
        priority=_priority(state.priority),
    )
    if state.parent is not None:
        info.parent_namespace_id = state.parent.namespace_id
        info.parent_execution.workflow_id = state.parent.workflow_id
        info.parent_execution.run_id = state.parent.run_id
    if state.worker_version_bytes:
        info.most_recent_worker_version_stamp.CopyFrom(WorkerVersionStamp.FromString(state.worker_version_bytes))
    if state.closed_at:
        info.close_time.CopyFrom(timestamp(state.closed_at))
        info.execution_duration.FromNanoseconds(state.closed_at - state.execution_at)
    return info


def _typed(run: Run) -> SearchAttributes:
    """The search attributes, each with its type, which clients need not send."""
    shown = SearchAttributes()
    shown.CopyFrom(run.search_attributes)
    for name, payload in shown.indexed_fields.items():
        kind = run.settings.search_attributes.get(name) or attribute_types.CLIENT_SETTABLE.get(name, 0)
        if kind and "type" not in payload.metadata:
            payload.metadata["type"] = attribute_types.TYPE_NAMES[kind].encode()
    return shown


def _extended(run: Run) -> WorkflowExecutionExtendedInfo:
    state = run.state
    return WorkflowExecutionExtendedInfo(
        execution_expiration_time=timestamp(state.execution_expires_at) if state.execution_expires_at else None,
        run_expiration_time=timestamp(state.run_expires_at) if state.run_expires_at else YEAR_ONE,
        cancel_requested=state.cancel_requested,
        request_id_infos=_request_id_infos(run),
    )


def _request_id_infos(run: Run) -> dict[str, RequestIdInfo]:
    """Of the start, and of starts that were attached. Signals stay out, as they do in the real server by default."""
    infos = {run.state.create_request_id: RequestIdInfo(event_type=_STARTED, event_id=1)}
    for request_id, made in run.requests.items():
        if made.event_type == _OPTIONS_UPDATED:
            infos[request_id] = RequestIdInfo(
                event_type=_OPTIONS_UPDATED, event_id=made.event_id, buffered=not made.event_id
            )
    return infos


def _workflow_task(task: WorkflowTask) -> PendingWorkflowTaskInfo:
    info = PendingWorkflowTaskInfo(
        state=PendingWorkflowTaskState.PENDING_WORKFLOW_TASK_STATE_SCHEDULED,
        scheduled_time=timestamp(task.scheduled_at),
        original_scheduled_time=timestamp(task.original_scheduled_at),
        attempt=task.attempt,
    )
    if task.started_event_id:
        info.state = PendingWorkflowTaskState.PENDING_WORKFLOW_TASK_STATE_STARTED
        info.started_time.CopyFrom(timestamp(task.started_at))
    return info


def _child(child: Child) -> PendingChildExecutionInfo:
    return PendingChildExecutionInfo(
        workflow_id=child.workflow_id,
        run_id=child.run_id,
        workflow_type_name=child.workflow_type,
        initiated_id=child.initiated_event_id,
        parent_close_policy=ParentClosePolicy.ValueType(child.parent_close_policy),
    )


def _activity(activity: Activity, now: Nanos) -> PendingActivityInfo:
    """Its present attempt, and what is left of those before."""
    a = activity
    info = PendingActivityInfo(
        activity_id=a.activity_id,
        activity_type=ActivityType(name=a.activity_type),
        state=_activity_state(a),
        attempt=a.attempt,
        maximum_attempts=a.retry.maximum_attempts,
        scheduled_time=timestamp(a.scheduled_at),
        last_started_time=_set(a.started_at),
        expiration_time=_set(a.expires_at),
        last_heartbeat_time=_set(a.heartbeat_at),
        heartbeat_details=Payloads.FromString(a.heartbeat_details_bytes) if a.heartbeat_details_bytes else None,
        last_failure=Failure.FromString(a.last_failure_bytes) if a.last_failure_bytes else None,
        last_worker_identity=a.last_worker_identity,
        last_attempt_complete_time=_set(a.last_attempt_completed_at),
        priority=_priority(a.priority),
        activity_options=_activity_options(a),
    )
    if a.stage is ActivityStage.SCHEDULED and a.last_attempt_completed_at and now < a.scheduled_at:
        info.next_attempt_schedule_time.CopyFrom(timestamp(a.scheduled_at))
        info.current_retry_interval.CopyFrom(duration(a.scheduled_at - a.last_attempt_completed_at))
    return info


def _activity_state(activity: Activity) -> PendingActivityState.ValueType:
    if activity.cancel_requested_event_id:
        return PendingActivityState.PENDING_ACTIVITY_STATE_CANCEL_REQUESTED
    if activity.stage is ActivityStage.STARTED:
        return PendingActivityState.PENDING_ACTIVITY_STATE_STARTED
    return PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED


def _activity_options(activity: Activity) -> ActivityOptions:
    return ActivityOptions(
        task_queue=TaskQueue(name=activity.queue, normal_name=activity.queue),
        schedule_to_close_timeout=duration(activity.schedule_to_close_ns),
        schedule_to_start_timeout=duration(activity.schedule_to_start_ns),
        start_to_close_timeout=duration(activity.start_to_close_ns),
        heartbeat_timeout=duration(activity.heartbeat_ns),
        retry_policy=_retry_policy(activity.retry),
        priority=_priority(activity.priority),
    )


def _retry_policy(rules: RetryRules) -> RetryPolicy:
    return RetryPolicy(
        initial_interval=duration(rules.initial_ns),
        backoff_coefficient=rules.coefficient,
        maximum_interval=duration(rules.maximum_ns),
        maximum_attempts=rules.maximum_attempts,
    )


def _priority(priority: records.Priority) -> Priority | None:
    if priority == records.Priority():
        return None
    return Priority(
        priority_key=priority.key, fairness_key=priority.fairness_key, fairness_weight=priority.fairness_weight
    )


def _set(at: Nanos) -> Timestamp | None:
    return timestamp(at) if at else None
