"""History events about other runs: children, and signals and cancels to external workflows.

Like `events`: one constructor per event type, named like it. Events that say what became of another run name it all in
one way.
"""

from __future__ import annotations

from temporalio.api.command import v1 as commands
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import (
    CancelExternalWorkflowExecutionFailedCause,
    EventType,
    SignalExternalWorkflowExecutionFailedCause,
    StartChildWorkflowExecutionFailedCause,
)
from temporalio.api.history import v1 as history
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflowservice.v1 import RequestCancelWorkflowExecutionRequest, SignalWorkflowExecutionRequest

from mainspring.server.engine import events
from mainspring.server.engine.records import Child, ExternalRequest
from mainspring.server.engine.run import Run

_E = EventType
_AboutOther = (
    history.ChildWorkflowExecutionStartedEventAttributes
    | history.ExternalWorkflowExecutionSignaledEventAttributes
    | history.SignalExternalWorkflowExecutionFailedEventAttributes
    | history.ExternalWorkflowExecutionCancelRequestedEventAttributes
    | history.RequestCancelExternalWorkflowExecutionFailedEventAttributes
)


def _name_other(attributes: _AboutOther, other: Child | ExternalRequest) -> None:
    """Say which run the event is about, and by which event it all began."""
    attributes.initiated_event_id = other.initiated_event_id
    attributes.namespace = other.namespace
    attributes.namespace_id = other.namespace_id
    attributes.workflow_execution.workflow_id = other.workflow_id
    attributes.workflow_execution.run_id = other.run_id


# -- children


def start_child_workflow_execution_initiated(
    run: Run, command: commands.StartChildWorkflowExecutionCommandAttributes, completed_by: int, namespace_id: str
) -> HistoryEvent:
    event = run.history.event(_E.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED)
    attributes = event.start_child_workflow_execution_initiated_event_attributes
    attributes.workflow_task_completed_event_id = completed_by
    attributes.namespace_id = namespace_id
    for name in (
        "namespace",
        "workflow_id",
        "control",
        "cron_schedule",
        "workflow_id_reuse_policy",
        "parent_close_policy",
    ):
        setattr(attributes, name, getattr(command, name))
    attributes.inherit_build_id = command.inherit_build_id
    for name in (
        "workflow_execution_timeout",
        "workflow_run_timeout",
        "workflow_task_timeout",
        "workflow_type",
        "task_queue",
        "input",
        "header",
        "memo",
        "search_attributes",
        "retry_policy",
        "priority",
    ):
        if command.HasField(name):  # type: ignore[arg-type]  # one of the literals above
            getattr(attributes, name).CopyFrom(getattr(command, name))
    return run.history.add(event)


def start_child_workflow_execution_failed(
    run: Run, child: Child, cause: StartChildWorkflowExecutionFailedCause.ValueType
) -> HistoryEvent:
    event = run.history.event(_E.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_FAILED)
    attributes = event.start_child_workflow_execution_failed_event_attributes
    attributes.initiated_event_id = child.initiated_event_id
    attributes.namespace = child.namespace
    attributes.namespace_id = child.namespace_id
    attributes.workflow_id = child.workflow_id
    attributes.workflow_type.name = child.workflow_type
    attributes.control = child.control
    attributes.cause = cause
    return run.history.add(event)


def child_workflow_execution_started(run: Run, child: Child) -> HistoryEvent:
    event = run.history.event(_E.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED)
    attributes = event.child_workflow_execution_started_event_attributes
    _name_other(attributes, child)
    attributes.workflow_type.name = child.workflow_type
    if child.header_bytes:
        attributes.header.ParseFromString(child.header_bytes)
    return run.history.add(event)


def child_workflow_execution_closed(run: Run, child: Child, outcome: HistoryEvent) -> HistoryEvent:
    """The event that says how a child ended; `outcome` is the child's own close event."""
    builders = {
        _E.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED: child_workflow_execution_completed,
        _E.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED: child_workflow_execution_failed,
        _E.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED: child_workflow_execution_canceled,
        _E.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT: child_workflow_execution_timed_out,
        _E.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED: child_workflow_execution_terminated,
    }
    return builders[outcome.event_type](run, child, outcome)


def child_workflow_execution_completed(run: Run, child: Child, outcome: HistoryEvent) -> HistoryEvent:
    event = _about_child(run, child, _E.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_COMPLETED)
    source = outcome.workflow_execution_completed_event_attributes
    if source.HasField("result"):
        event.child_workflow_execution_completed_event_attributes.result.CopyFrom(source.result)
    return run.history.add(event)


def child_workflow_execution_failed(run: Run, child: Child, outcome: HistoryEvent) -> HistoryEvent:
    event = _about_child(run, child, _E.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_FAILED)
    source = outcome.workflow_execution_failed_event_attributes
    attributes = event.child_workflow_execution_failed_event_attributes
    attributes.failure.CopyFrom(source.failure)
    attributes.retry_state = source.retry_state
    return run.history.add(event)


def child_workflow_execution_canceled(run: Run, child: Child, outcome: HistoryEvent) -> HistoryEvent:
    event = _about_child(run, child, _E.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_CANCELED)
    source = outcome.workflow_execution_canceled_event_attributes
    if source.HasField("details"):
        event.child_workflow_execution_canceled_event_attributes.details.CopyFrom(source.details)
    return run.history.add(event)


def child_workflow_execution_timed_out(run: Run, child: Child, outcome: HistoryEvent) -> HistoryEvent:
    event = _about_child(run, child, _E.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TIMED_OUT)
    source = outcome.workflow_execution_timed_out_event_attributes
    event.child_workflow_execution_timed_out_event_attributes.retry_state = source.retry_state
    return run.history.add(event)


def child_workflow_execution_terminated(run: Run, child: Child, outcome: HistoryEvent) -> HistoryEvent:
    del outcome  # says nothing that the parent's event repeats
    return run.history.add(_about_child(run, child, _E.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TERMINATED))


def _about_child(run: Run, child: Child, event_type: EventType.ValueType) -> HistoryEvent:
    """An event with the attributes that all five outcomes of a child share."""
    event = run.history.event(event_type)
    name = EventType.Name(event_type).removeprefix("EVENT_TYPE_").lower()
    attributes = getattr(event, f"{name}_event_attributes")
    _name_other(attributes, child)
    attributes.started_event_id = child.started_event_id
    attributes.workflow_type.name = child.workflow_type
    return event


# -- signals to external workflows


def signal_external_workflow_execution_initiated(
    run: Run, command: commands.SignalExternalWorkflowExecutionCommandAttributes, completed_by: int, namespace_id: str
) -> HistoryEvent:
    event = run.history.event(_E.EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED)
    attributes = event.signal_external_workflow_execution_initiated_event_attributes
    attributes.workflow_task_completed_event_id = completed_by
    attributes.namespace = command.namespace
    attributes.namespace_id = namespace_id
    attributes.workflow_execution.workflow_id = command.execution.workflow_id
    attributes.workflow_execution.run_id = command.execution.run_id
    attributes.signal_name = command.signal_name
    attributes.control = command.control
    attributes.child_workflow_only = command.child_workflow_only
    if command.HasField("input"):
        attributes.input.CopyFrom(command.input)
    if command.HasField("header"):
        attributes.header.CopyFrom(command.header)
    return run.history.add(event)


def external_workflow_execution_signaled(run: Run, request: ExternalRequest) -> HistoryEvent:
    event = run.history.event(_E.EVENT_TYPE_EXTERNAL_WORKFLOW_EXECUTION_SIGNALED)
    attributes = event.external_workflow_execution_signaled_event_attributes
    _name_other(attributes, request)
    attributes.control = request.control
    return run.history.add(event)


def signal_external_workflow_execution_failed(
    run: Run, request: ExternalRequest, cause: SignalExternalWorkflowExecutionFailedCause.ValueType
) -> HistoryEvent:
    event = run.history.event(_E.EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED)
    attributes = event.signal_external_workflow_execution_failed_event_attributes
    _name_other(attributes, request)
    attributes.control = request.control
    attributes.cause = cause
    return run.history.add(event)


def workflow_execution_signaled_by(
    run: Run, request: SignalWorkflowExecutionRequest, source: WorkflowExecution
) -> HistoryEvent:
    """WorkflowExecutionSignaled that another run caused."""
    event = events.workflow_execution_signaled(run, request)
    event.workflow_execution_signaled_event_attributes.external_workflow_execution.CopyFrom(source)
    return event


# -- cancels of external workflows


def request_cancel_external_workflow_execution_initiated(
    run: Run,
    command: commands.RequestCancelExternalWorkflowExecutionCommandAttributes,
    completed_by: int,
    namespace_id: str,
) -> HistoryEvent:
    event = run.history.event(_E.EVENT_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED)
    attributes = event.request_cancel_external_workflow_execution_initiated_event_attributes
    attributes.workflow_task_completed_event_id = completed_by
    attributes.namespace = command.namespace
    attributes.namespace_id = namespace_id
    attributes.workflow_execution.workflow_id = command.workflow_id
    attributes.workflow_execution.run_id = command.run_id
    attributes.control = command.control
    attributes.child_workflow_only = command.child_workflow_only
    attributes.reason = command.reason
    return run.history.add(event)


def external_workflow_execution_cancel_requested(run: Run, request: ExternalRequest) -> HistoryEvent:
    event = run.history.event(_E.EVENT_TYPE_EXTERNAL_WORKFLOW_EXECUTION_CANCEL_REQUESTED)
    attributes = event.external_workflow_execution_cancel_requested_event_attributes
    _name_other(attributes, request)
    return run.history.add(event)


def request_cancel_external_workflow_execution_failed(
    run: Run, request: ExternalRequest, cause: CancelExternalWorkflowExecutionFailedCause.ValueType
) -> HistoryEvent:
    event = run.history.event(_E.EVENT_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED)
    attributes = event.request_cancel_external_workflow_execution_failed_event_attributes
    _name_other(attributes, request)
    attributes.cause = cause
    return run.history.add(event)


def workflow_execution_cancel_requested_by(
    run: Run, request: RequestCancelWorkflowExecutionRequest, source: WorkflowExecution, initiated_event_id: int
) -> HistoryEvent:
    """WorkflowExecutionCancelRequested that another run caused."""
    event = events.workflow_execution_cancel_requested(run, request)
    attributes = event.workflow_execution_cancel_requested_event_attributes
    attributes.external_workflow_execution.CopyFrom(source)
    attributes.external_initiated_event_id = initiated_event_id
    return event
