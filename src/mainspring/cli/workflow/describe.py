"""`mainspring workflow describe`.

JSON is the server's answer with how the run ended; text is a card for each thing in it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import click
from google.protobuf.message import Message
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import (
    CallbackState,
    NexusOperationCancellationState,
    PendingActivityState,
    PendingNexusOperationState,
    VersioningBehavior,
    WorkflowExecutionStatus,
)
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflow.v1 import (
    CallbackInfo,
    PendingActivityInfo,
    PendingNexusOperationInfo,
    WorkflowExecutionInfo,
    WorkflowExecutionVersioningInfo,
)
from temporalio.api.workflowservice.v1 import (
    DescribeWorkflowExecutionRequest,
    DescribeWorkflowExecutionResponse,
)

from mainspring.cli import remote
from mainspring.cli.output import Output, Value
from mainspring.cli.output.proto_json import Json, tree_of
from mainspring.cli.output.words import EnumType, duration, enum_words, failure_lines, instant
from mainspring.cli.session import Session
from mainspring.cli.workflow.closing import COMPLETED, result_json, show_ending
from mainspring.cli.workflow.event_pages import last_event
from mainspring.cli.workflow.target import target_options

Facts = dict[str, Value]


@remote.command("describe", failed="failed describing workflow")
@target_options
@click.option("--reset-points", is_flag=True, help="Show only the points to which the workflow can be reset.")
@click.option("--raw", is_flag=True, help="Show the server's answer as JSON.")
async def command(session: Session, target: WorkflowExecution, reset_points: bool, raw: bool) -> None:
    """Show what a workflow is doing: its state, what it waits for, and how it ended."""
    request = DescribeWorkflowExecutionRequest(namespace=session.namespace, execution=target)
    reply = await session.workflow.describe_workflow_execution(request)
    output = session.output
    if raw and output.is_text:
        output.format = "json"
    if reset_points:
        show_reset_points(output, reply.workflow_execution_info)
        return
    running: int = WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING
    paused: int = WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_PAUSED
    is_open = reply.workflow_execution_info.status in {running, paused}
    closing = None if is_open else await last_event(session, reply.workflow_execution_info.execution, follow=False)
    output.json(as_json(output, reply, closing))
    if output.is_text:
        show(output, session.namespace, reply)
        show_pending(output, reply) if is_open else show_closed(output, reply, closing)


def as_json(output: Output, reply: DescribeWorkflowExecutionResponse, closing: HistoryEvent | None) -> Json:
    """The server's answer, with the event that closed the run and its result."""
    found = tree_of(reply, shorthand=output.shorthand)
    if closing is not None and isinstance(found, dict):
        found["closeEvent"] = tree_of(closing, shorthand=output.shorthand)
        if closing.event_type == COMPLETED:
            found["result"] = result_json(output, closing.workflow_execution_completed_event_attributes)
    return found


def show_reset_points(output: Output, info: WorkflowExecutionInfo) -> None:
    points = info.auto_reset_points.points
    columns = {name: name for name in ("BinaryChecksum", "CreateTime", "RunId", "EventId")}
    rows: list[Facts] = [
        {
            "BinaryChecksum": point.binary_checksum,
            "CreateTime": instant(point.create_time),
            "RunId": point.run_id,
            "EventId": point.first_workflow_task_completed_id,
        }
        for point in points
    ]
    output.heading(f"Auto Reset Points: {len(points)}")
    output.records(columns, rows)


def show(output: Output, namespace: str, reply: DescribeWorkflowExecutionResponse) -> None:
    """What open and closed runs have."""
    output.heading("Execution Info:")
    output.card(execution_facts(namespace, reply.workflow_execution_info))
    if reply.HasField("workflow_extended_info"):
        extended = reply.workflow_extended_info
        output.heading("Extended Execution Info:")
        output.card(
            {
                "CancelRequested": extended.cancel_requested,
                "ExecutionExpirationTime": instant(extended.execution_expiration_time),
                "RunExpirationTime": instant(extended.run_expiration_time),
                "LastResetTime": instant(extended.last_reset_time),
                "OriginalStartTime": instant(extended.original_start_time),
            }
        )
        if extended.HasField("pause_info"):
            pause = extended.pause_info
            section(
                output,
                "Pause Info:",
                {
                    "Identity": pause.identity or None,
                    "Reason": pause.reason or None,
                    "PausedTime": instant(pause.paused_time),
                },
            )
    metadata = reply.execution_config.user_metadata
    if metadata.summary.data or metadata.details.data:
        section(
            output,
            "Metadata:",
            {"StaticSummary": optional(metadata, "summary"), "StaticDetails": optional(metadata, "details")},
        )
    if reply.workflow_execution_info.HasField("versioning_info"):
        section(output, "Versioning Info:", versioning_facts(reply.workflow_execution_info.versioning_info))
    sections(output, "Callbacks", [callback_facts(callback) for callback in reply.callbacks], even_if_none=False)


def execution_facts(namespace: str, info: WorkflowExecutionInfo) -> Facts:
    attributes = info.search_attributes.indexed_fields
    return {
        "WorkflowId": info.execution.workflow_id,
        "RunId": info.execution.run_id,
        "Type": info.type.name,
        "Status": enum_words(WorkflowExecutionStatus, info.status),
        "Namespace": namespace,
        "TaskQueue": info.task_queue,
        "AssignedBuildId": info.assigned_build_id or None,
        "StartTime": instant(info.start_time),
        "CloseTime": instant(info.close_time),
        "ExecutionTime": instant(info.execution_time),
        "Memo": dict(info.memo.fields) or None,
        "SearchAttributes": {name: untyped(value) for name, value in attributes.items()} or None,
        "StateTransitionCount": info.state_transition_count,
        "HistoryLength": info.history_length,
        "HistorySize": info.history_size_bytes,
        "ParentWorkflowId": info.parent_execution.workflow_id or None,
        "ParentRunId": info.parent_execution.run_id or None,
        "RootWorkflowId": info.root_execution.workflow_id or None,
        "RootRunId": info.root_execution.run_id or None,
    }


def untyped(payload: Any) -> Message:
    """A search attribute's payload without its type, so that it is shown as its JSON."""
    found = type(payload)()
    found.CopyFrom(payload)
    found.metadata.pop("type", None)
    assert isinstance(found, Message)
    return found


def versioning_facts(info: WorkflowExecutionVersioningInfo) -> Facts:
    deployment, build_id = info.deployment_version.deployment_name, info.deployment_version.build_id
    if not deployment:
        deployment, _, build_id = info.version.partition(".")
    override = info.versioning_override
    pinned, one_time = override.pinned.version, override.one_time.target_deployment_version
    kinds = {"pinned": "Pinned", "auto_upgrade": "AutoUpgrade", "one_time": "OneTime"}
    transition = info.version_transition.deployment_version
    return {
        "Behavior": enum_words(VersioningBehavior, info.behavior),
        "DeploymentName": deployment,
        "BuildId": build_id,
        "OverrideBehavior": kinds.get(override.WhichOneof("override") or ""),
        "OverridePinnedVersionDeploymentName": pinned.deployment_name or None,
        "OverridePinnedVersionBuildId": pinned.build_id or None,
        "OverrideTargetVersionDeploymentName": one_time.deployment_name or None,
        "OverrideTargetVersionBuildId": one_time.build_id or None,
        "TransitionVersionDeploymentName": transition.deployment_name or None,
        "TransitionVersionBuildId": transition.build_id or None,
    }


def callback_facts(callback: CallbackInfo) -> Facts:
    return {
        "URL": callback.callback.nexus.url,
        "Trigger": "WorkflowClosed" if callback.trigger.HasField("workflow_closed") else "Unknown",
        "State": enum_words(CallbackState, callback.state),
        "Attempt": callback.attempt,
        "RegistrationTime": instant(callback.registration_time),
        "NextAttemptScheduleTime": instant(callback.next_attempt_schedule_time),
        "LastAttemptCompleteTime": instant(callback.last_attempt_complete_time),
        "BlockedReason": callback.blocked_reason or None,
        "LastAttemptFailure": failure_text(callback, "last_attempt_failure"),
    }


def show_pending(output: Output, reply: DescribeWorkflowExecutionResponse) -> None:
    """What an open run waits for."""
    sections(output, "Pending Activities", [activity_facts(activity) for activity in reply.pending_activities])
    children: list[Facts] = [
        {
            "WorkflowId": child.workflow_id,
            "RunId": child.run_id,
            "WorkflowTypeName": child.workflow_type_name,
            "InitiatedId": child.initiated_id,
        }
        for child in reply.pending_children
    ]
    sections(output, "Pending Child Workflows", children)
    sections(output, "Pending Nexus Operations", [nexus_facts(one) for one in reply.pending_nexus_operations])


def activity_facts(activity: PendingActivityInfo) -> Facts:
    return {
        "ActivityId": activity.activity_id,
        "Type": activity.activity_type.name,
        "State": enum_words(PendingActivityState, activity.state),
        "Attempt": activity.attempt,
        "MaximumAttempts": activity.maximum_attempts,
        "ScheduledTime": instant(activity.scheduled_time),
        "LastStartedTime": instant(activity.last_started_time),
        "LastHeartbeatTime": instant(activity.last_heartbeat_time),
        "NextAttemptScheduleTime": instant(activity.next_attempt_schedule_time),
        "ExpirationTime": instant(activity.expiration_time),
        "LastFailure": failure_text(activity, "last_failure"),
        "LastWorkerIdentity": activity.last_worker_identity or None,
        "LastHeartbeatDetails": list(activity.heartbeat_details.payloads) or None,
    }


def nexus_facts(operation: PendingNexusOperationInfo) -> Facts:
    cancel = operation.cancellation_info
    return {
        "Endpoint": operation.endpoint,
        "Service": operation.service,
        "Operation": operation.operation,
        "OperationToken": operation.operation_token or operation.operation_id,
        "State": enum_words(PendingNexusOperationState, operation.state),
        "Attempt": operation.attempt,
        "ScheduleToCloseTimeout": duration(operation.schedule_to_close_timeout) or None,
        "StartToCloseTimeout": duration(operation.start_to_close_timeout) or None,
        "ScheduleToStartTimeout": duration(operation.schedule_to_start_timeout) or None,
        "NextAttemptScheduleTime": instant(operation.next_attempt_schedule_time),
        "LastAttemptCompleteTime": instant(operation.last_attempt_complete_time),
        "LastAttemptFailure": failure_text(operation, "last_attempt_failure"),
        "BlockedReason": operation.blocked_reason or None,
        "CancelationState": state_of(NexusOperationCancellationState, cancel.state),
        "CancelationAttempt": cancel.attempt or None,
        "CancelationRequestedTime": instant(cancel.requested_time),
        "CancelationNextAttemptScheduleTime": instant(cancel.next_attempt_schedule_time),
        "CancelationLastAttemptCompleteTime": instant(cancel.last_attempt_complete_time),
        "CancelationLastAttemptFailure": failure_text(cancel, "last_attempt_failure"),
        "CancelationBlockedReason": cancel.blocked_reason or None,
    }


def show_closed(output: Output, reply: DescribeWorkflowExecutionResponse, closing: HistoryEvent | None) -> None:
    if closing is None:
        return
    info = reply.workflow_execution_info
    start, close = instant(info.start_time), instant(info.close_time)
    output.line()
    show_ending(output, closing, took=close - start if start and close else timedelta())


def sections(output: Output, title: str, found: list[Facts], *, even_if_none: bool = True) -> None:
    """A counted heading and a card for each."""
    if found or even_if_none:
        output.line()
        output.heading(f"{title}: {len(found)}")
    for facts in found:
        output.line()
        output.card(facts)


def section(output: Output, title: str, facts: Facts) -> None:
    output.line()
    output.heading(title)
    output.card(facts)


def optional(message: Message, field: str) -> Message | None:
    """A field's message; None if it is not set."""
    found = getattr(message, field)
    return found if isinstance(found, Message) and message.HasField(field) else None


def failure_text(message: Message, field: str) -> str | None:
    """A failure with its causes; None if there is none."""
    found = optional(message, field)
    return "\n".join(failure_lines(found)) if isinstance(found, Failure) else None


def state_of(kind: EnumType, number: int) -> str | None:
    return enum_words(kind, number) if number else None
