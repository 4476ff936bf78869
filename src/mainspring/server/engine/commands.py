"""A worker's commands, applied to the run one by one, in order.

    check_sequence (all)  ->  for each: check_attributes -> check_x against the run -> x

Each is checked against the run as the ones before it left it. `BadCommand` leaves the run half changed in memory: the
caller must drop it and load it again, then fail the workflow task, so outside it is all or nothing.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from temporalio.api.command.v1 import Command
from temporalio.api.enums.v1 import command_type_pb2, failed_cause_pb2
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.protocol.v1 import Message

from mainspring.server.engine import activity, child, close, command_checks, external, properties, timer, update
from mainspring.server.engine.activity_options import ActivityOptions
from mainspring.server.engine.errors import BadCommand
from mainspring.server.engine.run import Run
from mainspring.server.engine.succession import Chain

_C = command_type_pb2
_Cause = failed_cause_pb2


class Batch(msgspec.Struct, kw_only=True):
    """One workflow task completion being applied."""

    completed_by: int  # WorkflowTaskCompleted event id
    identity: str
    new_id: Callable[[], str]
    chain: Chain | None  # known if the run may be followed by another
    messages: dict[str, Message]  # protocol messages by id; taken out as commands name them
    had_buffered_events: bool  # the worker did not see all that has happened: it may not close the run
    eager: list[HistoryEvent] = []  # ActivityTaskScheduled of those that are to be handed out with the answer
    started_children: set[str] = msgspec.field(default_factory=set[str])  # workflow ids, in this batch
    wants_task: bool = False  # something happened that the workflow must learn of


def apply(run: Run, command: Command, batch: Batch) -> None:
    """Check and carry out one command.

    Raises:
        BadCommand: it cannot be; the run must be dropped.
    """
    kind = command.command_type
    if kind == _C.COMMAND_TYPE_PROTOCOL_MESSAGE:
        _protocol_message(run, command, batch)
        return
    if kind in command_checks.CLOSING and batch.had_buffered_events:
        raise BadCommand(_Cause.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND, "")
    options = command_checks.check_attributes(run, command)
    event = _APPLY[kind](run, command, batch) if options is None else _schedule_activity_task(run, options, batch)
    if event is not None:
        if command.HasField("user_metadata"):
            event.user_metadata.CopyFrom(command.user_metadata)
        if markers := command.event_group_markers[:]:
            event.event_group_markers.extend(markers)


def _protocol_message(run: Run, command: Command, batch: Batch) -> None:
    cause = _Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_UPDATE_WORKFLOW_EXECUTION_MESSAGE
    if not command.HasField("protocol_message_command_attributes"):
        raise BadCommand(cause, "ProtocolMessageCommandAttributes is not set on ProtocolMessageCommand.")
    message_id = command.protocol_message_command_attributes.message_id
    if not message_id:
        raise BadCommand(cause, "MessageID is not set on ProtocolMessageCommand.")
    message = batch.messages.pop(message_id, None)
    if message is None:
        raise BadCommand(cause, f"ProtocolMessageCommand referenced absent message ID {message_id}")
    update.handle_message(run, message)


def _schedule_activity_task(run: Run, options: ActivityOptions, batch: Batch) -> HistoryEvent:
    activity.check_schedule_activity_task(run, options)
    is_eager = options.command.request_eager_execution
    event = activity.schedule_activity_task(run, options, batch.completed_by, dispatch=not is_eager)
    if is_eager:
        batch.eager.append(event)
    return event


def _request_cancel_activity_task(run: Run, command: Command, batch: Batch) -> None:
    attributes = command.request_cancel_activity_task_command_attributes
    activity.check_request_cancel_activity_task(run, attributes)
    if activity.request_cancel_activity_task(run, attributes, batch.completed_by, batch.identity):
        batch.wants_task = True


def _start_timer(run: Run, command: Command, batch: Batch) -> HistoryEvent:
    attributes = command.start_timer_command_attributes
    timer.check_start_timer(run, attributes)
    return timer.start_timer(run, attributes, batch.completed_by)


def _cancel_timer(run: Run, command: Command, batch: Batch) -> HistoryEvent:
    attributes = command.cancel_timer_command_attributes
    timer.check_cancel_timer(run, attributes)
    event = timer.cancel_timer(run, attributes, batch.completed_by, batch.identity)
    batch.had_buffered_events = batch.had_buffered_events and run.has_buffered_events
    return event


def _record_marker(run: Run, command: Command, batch: Batch) -> HistoryEvent:
    return properties.record_marker(run, command.record_marker_command_attributes, batch.completed_by)


def _upsert_search_attributes(run: Run, command: Command, batch: Batch) -> HistoryEvent:
    attributes = command.upsert_workflow_search_attributes_command_attributes
    properties.check_upsert_workflow_search_attributes(run, attributes)
    return properties.upsert_workflow_search_attributes(run, attributes, batch.completed_by)


def _modify_properties(run: Run, command: Command, batch: Batch) -> HistoryEvent:
    attributes = command.modify_workflow_properties_command_attributes
    properties.check_modify_workflow_properties(run, attributes)
    return properties.modify_workflow_properties(run, attributes, batch.completed_by)


def _start_child(run: Run, command: Command, batch: Batch) -> HistoryEvent:
    attributes = command.start_child_workflow_execution_command_attributes
    child.check_start_child_workflow_execution(run, attributes)
    batch.started_children.add(attributes.workflow_id)
    return child.start_child_workflow_execution(run, attributes, batch.completed_by)


def _signal_external(run: Run, command: Command, batch: Batch) -> HistoryEvent:
    attributes = command.signal_external_workflow_execution_command_attributes
    external.check_signal_external_workflow_execution(run, attributes)
    return external.signal_external_workflow_execution(run, attributes, batch.completed_by, request_id=batch.new_id())


def _cancel_external(run: Run, command: Command, batch: Batch) -> HistoryEvent:
    attributes = command.request_cancel_external_workflow_execution_command_attributes
    if attributes.workflow_id in batch.started_children:
        raise BadCommand(
            _Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_ATTRIBUTES,
            "Start and RequestCancel for child workflow is not allowed in same workflow task. "
            f"WorkflowId={attributes.workflow_id} RunId={attributes.run_id} Namespace={attributes.namespace}",
        )
    external.check_request_cancel_external_workflow_execution(run, attributes)
    return external.request_cancel_external_workflow_execution(
        run, attributes, batch.completed_by, request_id=batch.new_id()
    )


def _close_with(run: Run, command: Command, batch: Batch) -> HistoryEvent:
    completed_by, chain = batch.completed_by, batch.chain
    if command.command_type == _C.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION:
        attributes = command.complete_workflow_execution_command_attributes
        close.complete_workflow_execution(run, attributes, completed_by, chain)
    elif command.command_type == _C.COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION:
        close.fail_workflow_execution(run, command.fail_workflow_execution_command_attributes, completed_by, chain)
    elif command.command_type == _C.COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION:
        close.cancel_workflow_execution(run, command.cancel_workflow_execution_command_attributes, completed_by)
    else:
        continued = command.continue_as_new_workflow_execution_command_attributes
        if chain is None:
            raise BadCommand(_Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_CONTINUE_AS_NEW_ATTRIBUTES, "first event is missing")
        close.continue_as_new_workflow_execution(run, continued, completed_by, chain)
    return run.history.new_events()[-1]


_APPLY: dict[int, Callable[[Run, Command, Batch], HistoryEvent | None]] = {
    _C.COMMAND_TYPE_REQUEST_CANCEL_ACTIVITY_TASK: _request_cancel_activity_task,
    _C.COMMAND_TYPE_START_TIMER: _start_timer,
    _C.COMMAND_TYPE_CANCEL_TIMER: _cancel_timer,
    _C.COMMAND_TYPE_RECORD_MARKER: _record_marker,
    _C.COMMAND_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES: _upsert_search_attributes,
    _C.COMMAND_TYPE_MODIFY_WORKFLOW_PROPERTIES: _modify_properties,
    _C.COMMAND_TYPE_START_CHILD_WORKFLOW_EXECUTION: _start_child,
    _C.COMMAND_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION: _signal_external,
    _C.COMMAND_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION: _cancel_external,
    _C.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION: _close_with,
    _C.COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION: _close_with,
    _C.COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION: _close_with,
    _C.COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION: _close_with,
}
