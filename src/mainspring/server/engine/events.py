"""Every history event is made here, and nowhere else: one constructor per event type, named like it.

    EVENT_TYPE_TIMER_FIRED  ->  events.timer_fired(run, timer)

A constructor fills the attributes that the real server fills, files the event with the run and returns it. It decides
nothing: whether the event may be written is the caller's business. Events of workflows' own lives (started, completed,
failed, ...) stand first, then workflow tasks, activities, timers, messages; those about other runs are in
`events_external`.
"""

from __future__ import annotations

from collections.abc import Iterable

from temporalio.api.command import v1 as commands
from temporalio.api.common.v1 import Link, Payloads, WorkerVersionStamp
from temporalio.api.enums.v1 import RetryState, TimeoutType, WorkflowTaskFailedCause, event_type_pb2, task_queue_pb2
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import HistoryEvent, WorkflowExecutionStartedEventAttributes
from temporalio.api.protocol.v1 import Message
from temporalio.api.update.v1 import Request, Response
from temporalio.api.workflowservice.v1 import (
    RequestCancelWorkflowExecutionRequest,
    RespondWorkflowTaskCompletedRequest,
    RespondWorkflowTaskFailedRequest,
    SignalWorkflowExecutionRequest,
)

from mainspring.server.engine.activity_options import ActivityOptions
from mainspring.server.engine.changes import Nanos
from mainspring.server.engine.records import Activity, Timer, WorkflowTask
from mainspring.server.engine.run import Run
from mainspring.server.engine.times import set_duration

_E = event_type_pb2

# -- the run itself


def workflow_execution_started(run: Run, attributes: WorkflowExecutionStartedEventAttributes) -> HistoryEvent:
    event = run.history.event(_E.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED)
    event.workflow_execution_started_event_attributes.CopyFrom(attributes)
    return run.history.add(event)


def workflow_execution_completed(
    run: Run, result: Payloads | None, completed_by: int, next_run_id: str
) -> HistoryEvent:
    event = run.history.event(_E.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED)
    attributes = event.workflow_execution_completed_event_attributes
    attributes.workflow_task_completed_event_id = completed_by
    attributes.new_execution_run_id = next_run_id
    if result is not None:
        attributes.result.CopyFrom(result)
    return run.history.add(event)


def workflow_execution_failed(
    run: Run, failure: Failure, retry_state: RetryState.ValueType, completed_by: int, next_run_id: str
) -> HistoryEvent:
    event = run.history.event(_E.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED)
    attributes = event.workflow_execution_failed_event_attributes
    attributes.failure.CopyFrom(failure)
    attributes.retry_state = retry_state
    attributes.workflow_task_completed_event_id = completed_by
    attributes.new_execution_run_id = next_run_id
    return run.history.add(event)


def workflow_execution_timed_out(run: Run, retry_state: RetryState.ValueType, next_run_id: str) -> HistoryEvent:
    event = run.history.event(_E.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT)
    attributes = event.workflow_execution_timed_out_event_attributes
    attributes.retry_state = retry_state
    attributes.new_execution_run_id = next_run_id
    return run.history.add(event)


def workflow_execution_terminated(
    run: Run, reason: str, details: Payloads | None, identity: str, links: Iterable[Link] = ()
) -> HistoryEvent:
    event = run.history.event(_E.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED)
    attributes = event.workflow_execution_terminated_event_attributes
    attributes.reason = reason
    attributes.identity = identity
    if details is not None:
        attributes.details.CopyFrom(details)
    event.links.extend(links)
    return run.history.add(event)


def workflow_execution_canceled(run: Run, details: Payloads | None, completed_by: int) -> HistoryEvent:
    event = run.history.event(_E.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED)
    attributes = event.workflow_execution_canceled_event_attributes
    attributes.workflow_task_completed_event_id = completed_by
    if details is not None:
        attributes.details.CopyFrom(details)
    return run.history.add(event)


def workflow_execution_continued_as_new(
    run: Run, command: commands.ContinueAsNewWorkflowExecutionCommandAttributes, completed_by: int, next_run_id: str
) -> HistoryEvent:
    event = run.history.event(_E.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW)
    attributes = event.workflow_execution_continued_as_new_event_attributes
    attributes.new_execution_run_id = next_run_id
    attributes.workflow_task_completed_event_id = completed_by
    attributes.workflow_type.CopyFrom(command.workflow_type)
    attributes.task_queue.CopyFrom(command.task_queue)
    attributes.initiator = command.initiator
    attributes.inherit_build_id = command.inherit_build_id
    for name in (
        "input",
        "workflow_run_timeout",
        "workflow_task_timeout",
        "backoff_start_interval",
        "failure",
        "last_completion_result",
        "header",
        "memo",
        "search_attributes",
    ):
        if command.HasField(name):
            getattr(attributes, name).CopyFrom(getattr(command, name))
    return run.history.add(event)


def workflow_execution_signaled(run: Run, request: SignalWorkflowExecutionRequest) -> HistoryEvent:
    event = run.history.event(_E.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED)
    attributes = event.workflow_execution_signaled_event_attributes
    attributes.signal_name = request.signal_name
    attributes.identity = request.identity
    attributes.request_id = request.request_id
    if request.HasField("input"):
        attributes.input.CopyFrom(request.input)
    if request.HasField("header"):
        attributes.header.CopyFrom(request.header)
    event.links.extend(request.links)
    return run.history.add(event)


def workflow_execution_cancel_requested(run: Run, request: RequestCancelWorkflowExecutionRequest) -> HistoryEvent:
    event = run.history.event(_E.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED)
    attributes = event.workflow_execution_cancel_requested_event_attributes
    attributes.cause = request.reason
    attributes.identity = request.identity
    event.links.extend(request.links)
    return run.history.add(event)


def workflow_execution_options_updated(run: Run, attached_request_id: str, links: Iterable[Link] = ()) -> HistoryEvent:
    event = run.history.event(_E.EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED)
    attributes = event.workflow_execution_options_updated_event_attributes
    attributes.attached_request_id = attached_request_id
    event.worker_may_ignore = True
    event.links.extend(links)
    return run.history.add(event)


# -- workflow tasks


def workflow_task_scheduled(run: Run, task: WorkflowTask, at: Nanos) -> HistoryEvent:
    """The queue is the run's present one: a task that is recorded later may have been scheduled on another."""
    event = run.history.event(_E.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED, at)
    attributes = event.workflow_task_scheduled_event_attributes
    attributes.attempt = task.attempt
    set_duration(attributes.start_to_close_timeout, task.timeout_ns)
    state, queue = run.state, attributes.task_queue
    if state.sticky_queue:
        queue.name = state.sticky_queue
        queue.kind = task_queue_pb2.TASK_QUEUE_KIND_STICKY
        queue.normal_name = state.task_queue
    else:
        queue.name = state.task_queue
        queue.kind = task_queue_pb2.TASK_QUEUE_KIND_NORMAL
    return run.history.add(event)


def workflow_task_started(run: Run, task: WorkflowTask, identity: str) -> HistoryEvent:
    event = run.history.event(_E.EVENT_TYPE_WORKFLOW_TASK_STARTED, task.started_at)
    attributes = event.workflow_task_started_event_attributes
    attributes.scheduled_event_id = task.scheduled_event_id
    attributes.identity = identity
    attributes.request_id = task.request_id
    if task.suggests_continue_as_new:
        attributes.suggest_continue_as_new = True
        attributes.suggest_continue_as_new_reasons.extend(task.suggest_reasons)  # type: ignore[arg-type]  # enum numbers
    attributes.history_size_bytes = task.history_size_bytes
    if task.worker_version_bytes:
        attributes.worker_version.ParseFromString(task.worker_version_bytes)
    return run.history.add(event)


def workflow_task_completed(run: Run, task: WorkflowTask, request: RespondWorkflowTaskCompletedRequest) -> HistoryEvent:
    event = run.history.event(_E.EVENT_TYPE_WORKFLOW_TASK_COMPLETED)
    attributes = event.workflow_task_completed_event_attributes
    attributes.scheduled_event_id = task.scheduled_event_id
    attributes.started_event_id = task.started_event_id
    attributes.identity = request.identity
    if request.binary_checksum:
        attributes.binary_checksum = request.binary_checksum
    if request.HasField("deployment_options"):
        attributes.worker_deployment_name = request.deployment_options.deployment_name
    if request.HasField("worker_version_stamp"):
        attributes.worker_version.CopyFrom(request.worker_version_stamp)
    if request.HasField("sdk_metadata"):
        attributes.sdk_metadata.CopyFrom(request.sdk_metadata)
    if request.HasField("metering_metadata"):
        attributes.metering_metadata.CopyFrom(request.metering_metadata)
    return run.history.add(event)


def workflow_task_timed_out(run: Run, task: WorkflowTask, timeout: TimeoutType.ValueType) -> HistoryEvent:
    event = run.history.event(_E.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT)
    attributes = event.workflow_task_timed_out_event_attributes
    attributes.scheduled_event_id = task.scheduled_event_id
    attributes.started_event_id = task.started_event_id
    attributes.timeout_type = timeout
    return run.history.add(event)


def workflow_task_failed(run: Run, task: WorkflowTask, request: RespondWorkflowTaskFailedRequest) -> HistoryEvent:
    event = run.history.event(_E.EVENT_TYPE_WORKFLOW_TASK_FAILED)
    attributes = event.workflow_task_failed_event_attributes
    attributes.scheduled_event_id = task.scheduled_event_id
    attributes.started_event_id = task.started_event_id
    attributes.cause = request.cause
    attributes.identity = request.identity
    attributes.binary_checksum = request.binary_checksum
    if request.HasField("failure"):
        attributes.failure.CopyFrom(request.failure)
    if request.HasField("worker_version"):
        attributes.worker_version.CopyFrom(request.worker_version)
    return run.history.add(event)


def workflow_task_force_closed(run: Run, task: WorkflowTask, cause: WorkflowTaskFailedCause.ValueType) -> HistoryEvent:
    """WorkflowTaskFailed by the server itself: the run is closed under a worker that has its task."""
    return workflow_task_failed(run, task, RespondWorkflowTaskFailedRequest(cause=cause, identity="history-service"))


# -- activities


def activity_task_scheduled(run: Run, options: ActivityOptions, completed_by: int) -> HistoryEvent:
    command, timeouts = options.command, options.timeouts
    event = run.history.event(_E.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED)
    attributes = event.activity_task_scheduled_event_attributes
    attributes.workflow_task_completed_event_id = completed_by
    attributes.activity_id = options.activity_id
    if command.use_workflow_build_id:
        attributes.use_workflow_build_id = True
    attributes.activity_type.name = options.activity_type
    attributes.task_queue.CopyFrom(command.task_queue)
    set_duration(attributes.schedule_to_close_timeout, timeouts.schedule_to_close_ns)
    set_duration(attributes.schedule_to_start_timeout, timeouts.schedule_to_start_ns)
    set_duration(attributes.start_to_close_timeout, timeouts.start_to_close_ns)
    set_duration(attributes.heartbeat_timeout, timeouts.heartbeat_ns)
    attributes.retry_policy.CopyFrom(options.retry_policy)
    if command.HasField("header"):
        attributes.header.CopyFrom(command.header)
    if command.HasField("input"):
        attributes.input.CopyFrom(command.input)
    if command.HasField("priority"):
        attributes.priority.CopyFrom(command.priority)
    return run.history.add(event)


def activity_task_started(run: Run, activity: Activity) -> HistoryEvent:
    """Written only when the activity closes: until then it may be tried again. Its time is when the attempt started."""
    event = run.history.event(_E.EVENT_TYPE_ACTIVITY_TASK_STARTED, activity.started_at)
    attributes = event.activity_task_started_event_attributes
    attributes.scheduled_event_id = activity.scheduled_event_id
    attributes.attempt = activity.attempt
    attributes.identity = activity.identity
    attributes.request_id = activity.request_id
    if activity.last_failure_bytes:
        attributes.last_failure.ParseFromString(activity.last_failure_bytes)
    if activity.worker_version_bytes:
        attributes.worker_version.ParseFromString(activity.worker_version_bytes)
    return run.history.add(event)


def activity_task_completed(run: Run, scheduled_event_id: int, result: Payloads | None, identity: str) -> HistoryEvent:
    event = run.history.event(_E.EVENT_TYPE_ACTIVITY_TASK_COMPLETED)
    attributes = event.activity_task_completed_event_attributes
    attributes.scheduled_event_id = scheduled_event_id
    attributes.identity = identity
    if result is not None:
        attributes.result.CopyFrom(result)
    return run.history.add(event)


def activity_task_failed(
    run: Run,
    activity: Activity,
    failure: Failure,
    *,
    retry_state: RetryState.ValueType,
    identity: str,
    worker_version: WorkerVersionStamp | None = None,
) -> HistoryEvent:
    event = run.history.event(_E.EVENT_TYPE_ACTIVITY_TASK_FAILED)
    attributes = event.activity_task_failed_event_attributes
    attributes.scheduled_event_id = activity.scheduled_event_id
    attributes.failure.CopyFrom(failure)
    attributes.retry_state = retry_state
    attributes.identity = identity
    if worker_version is not None:
        attributes.worker_version.CopyFrom(worker_version)
    return run.history.add(event)


def activity_task_timed_out(
    run: Run, activity: Activity, failure: Failure, retry_state: RetryState.ValueType
) -> HistoryEvent:
    event = run.history.event(_E.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT)
    attributes = event.activity_task_timed_out_event_attributes
    attributes.scheduled_event_id = activity.scheduled_event_id
    attributes.failure.CopyFrom(failure)
    attributes.retry_state = retry_state
    return run.history.add(event)


def activity_task_cancel_requested(run: Run, scheduled_event_id: int, completed_by: int) -> HistoryEvent:
    event = run.history.event(_E.EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED)
    attributes = event.activity_task_cancel_requested_event_attributes
    attributes.scheduled_event_id = scheduled_event_id
    attributes.workflow_task_completed_event_id = completed_by
    return run.history.add(event)


def activity_task_canceled(run: Run, activity: Activity, details: Payloads | None, identity: str) -> HistoryEvent:
    event = run.history.event(_E.EVENT_TYPE_ACTIVITY_TASK_CANCELED)
    attributes = event.activity_task_canceled_event_attributes
    attributes.scheduled_event_id = activity.scheduled_event_id
    attributes.latest_cancel_requested_event_id = activity.cancel_requested_event_id
    attributes.identity = identity
    if details is not None:
        attributes.details.CopyFrom(details)
    return run.history.add(event)


# -- timers


def timer_started(run: Run, command: commands.StartTimerCommandAttributes, completed_by: int) -> HistoryEvent:
    event = run.history.event(_E.EVENT_TYPE_TIMER_STARTED)
    attributes = event.timer_started_event_attributes
    attributes.timer_id = command.timer_id
    if command.HasField("start_to_fire_timeout"):
        attributes.start_to_fire_timeout.CopyFrom(command.start_to_fire_timeout)
    attributes.workflow_task_completed_event_id = completed_by
    return run.history.add(event)


def timer_fired(run: Run, timer: Timer) -> HistoryEvent:
    event = run.history.event(_E.EVENT_TYPE_TIMER_FIRED)
    event.timer_fired_event_attributes.timer_id = timer.timer_id
    event.timer_fired_event_attributes.started_event_id = timer.started_event_id
    return run.history.add(event)


def timer_canceled(run: Run, timer_id: str, started_event_id: int, completed_by: int, identity: str) -> HistoryEvent:
    event = run.history.event(_E.EVENT_TYPE_TIMER_CANCELED)
    attributes = event.timer_canceled_event_attributes
    attributes.timer_id = timer_id
    attributes.started_event_id = started_event_id
    attributes.workflow_task_completed_event_id = completed_by
    attributes.identity = identity
    return run.history.add(event)


# -- markers, attributes, updates


def marker_recorded(run: Run, command: commands.RecordMarkerCommandAttributes, completed_by: int) -> HistoryEvent:
    event = run.history.event(_E.EVENT_TYPE_MARKER_RECORDED)
    attributes = event.marker_recorded_event_attributes
    attributes.marker_name = command.marker_name
    attributes.workflow_task_completed_event_id = completed_by
    for name, payloads in command.details.items():
        attributes.details[name].CopyFrom(payloads)
    if command.HasField("header"):
        attributes.header.CopyFrom(command.header)
    if command.HasField("failure"):
        attributes.failure.CopyFrom(command.failure)
    return run.history.add(event)


def upsert_workflow_search_attributes(
    run: Run, command: commands.UpsertWorkflowSearchAttributesCommandAttributes, completed_by: int
) -> HistoryEvent:
    event = run.history.event(_E.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES)
    attributes = event.upsert_workflow_search_attributes_event_attributes
    attributes.workflow_task_completed_event_id = completed_by
    attributes.search_attributes.CopyFrom(command.search_attributes)
    return run.history.add(event)


def workflow_properties_modified(
    run: Run, command: commands.ModifyWorkflowPropertiesCommandAttributes, completed_by: int
) -> HistoryEvent:
    event = run.history.event(_E.EVENT_TYPE_WORKFLOW_PROPERTIES_MODIFIED)
    attributes = event.workflow_properties_modified_event_attributes
    attributes.workflow_task_completed_event_id = completed_by
    attributes.upserted_memo.CopyFrom(command.upserted_memo)
    return run.history.add(event)


def workflow_execution_update_accepted(
    run: Run, message: Message, request_message_id: str, sequencing_event_id: int, request: Request
) -> HistoryEvent:
    event = run.history.event(_E.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED)
    attributes = event.workflow_execution_update_accepted_event_attributes
    attributes.protocol_instance_id = message.protocol_instance_id
    attributes.accepted_request_message_id = request_message_id
    attributes.accepted_request_sequencing_event_id = sequencing_event_id
    attributes.accepted_request.CopyFrom(request)
    return run.history.add(event)


def workflow_execution_update_completed(run: Run, accepted_event_id: int, response: Response) -> HistoryEvent:
    event = run.history.event(_E.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED)
    attributes = event.workflow_execution_update_completed_event_attributes
    attributes.accepted_event_id = accepted_event_id
    attributes.meta.CopyFrom(response.meta)
    attributes.outcome.CopyFrom(response.outcome)
    return run.history.add(event)
