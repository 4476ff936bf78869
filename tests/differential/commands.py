"""Commands, messages and failures, as a worker would send them.

    command(StartTimerCommandAttributes(timer_id="t"))     any command, exactly as given: for bad ones too
    start_timer("t", 1.5)                                  the usual ones, valid, in one word

Builders fill in what a scenario does not care about; what it does care about it passes as a message of attributes.
"""

from __future__ import annotations

import re
from typing import TypeVar

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from temporalio.api.command.v1 import (
    CancelTimerCommandAttributes,
    CancelWorkflowExecutionCommandAttributes,
    Command,
    CompleteWorkflowExecutionCommandAttributes,
    ContinueAsNewWorkflowExecutionCommandAttributes,
    FailWorkflowExecutionCommandAttributes,
    RecordMarkerCommandAttributes,
    RequestCancelActivityTaskCommandAttributes,
    RequestCancelExternalWorkflowExecutionCommandAttributes,
    ScheduleActivityTaskCommandAttributes,
    SignalExternalWorkflowExecutionCommandAttributes,
    StartChildWorkflowExecutionCommandAttributes,
    StartTimerCommandAttributes,
)
from temporalio.api.common.v1 import ActivityType, Payload, Payloads, WorkflowExecution, WorkflowType
from temporalio.api.enums.v1 import CommandType
from temporalio.api.failure.v1 import ApplicationFailureInfo, Failure
from temporalio.api.taskqueue.v1 import TaskQueue

QUEUE = "queue"
WORKFLOW_TYPE = "Workflow"
ACTIVITY_TYPE = "Activity"
START_TO_CLOSE_S = 30.0

M = TypeVar("M", bound=Message)


def seconds(value: float) -> Duration:
    nanoseconds = round(value * 1e9)
    whole = int(nanoseconds / 1e9)
    return Duration(seconds=whole, nanos=nanoseconds - whole * 10**9)


def payload(text: str) -> Payload:
    return Payload(metadata={"encoding": b"json/plain"}, data=f'"{text}"'.encode())


def payloads(*texts: str) -> Payloads:
    return Payloads(payloads=[payload(text) for text in texts])


def failure(text: str, *, kind: str = "Wrong", non_retryable: bool = False) -> Failure:
    """An error of the application."""
    return Failure(
        message=text,
        source="driver",
        application_failure_info=ApplicationFailureInfo(type=kind, non_retryable=non_retryable),
    )


def filled(given: M | None, usual: M) -> M:
    """What is given, and what is usual for every field that it does not set."""
    made = type(usual)()
    if given is not None:
        made.CopyFrom(given)
    for field, value in usual.ListFields():
        is_set = bool(getattr(made, field.name)) if not field.has_presence else made.HasField(field.name)
        if is_set:
            continue
        if isinstance(value, Message):
            getattr(made, field.name).CopyFrom(value)
        elif field.is_repeated:
            getattr(made, field.name).MergeFrom(value)
        else:
            setattr(made, field.name, value)
    return made


def command(attributes: Message) -> Command:
    """The command that has attributes of this type."""
    name = attributes.DESCRIPTOR.name.removesuffix("CommandAttributes")
    snake = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    made = Command(command_type=CommandType.Value(f"COMMAND_TYPE_{snake.upper()}"))
    getattr(made, f"{snake}_command_attributes").CopyFrom(attributes)
    # Attributes without content must be set nevertheless.
    getattr(made, f"{snake}_command_attributes").SetInParent()
    return made


def schedule_activity(
    activity_id: str, attributes: ScheduleActivityTaskCommandAttributes | None = None, *, on_queue: str = QUEUE
) -> Command:
    """Schedule `ACTIVITY_TYPE`. Activities scheduled together need queues of their own to come in a certain order."""
    usual = ScheduleActivityTaskCommandAttributes(
        activity_id=activity_id,
        activity_type=ActivityType(name=ACTIVITY_TYPE),
        task_queue=TaskQueue(name=on_queue),
        start_to_close_timeout=seconds(START_TO_CLOSE_S),
    )
    return command(filled(attributes, usual))


def cancel_activity(scheduled_event_id: int) -> Command:
    return command(RequestCancelActivityTaskCommandAttributes(scheduled_event_id=scheduled_event_id))


def start_timer(timer_id: str, after_s: float) -> Command:
    return command(StartTimerCommandAttributes(timer_id=timer_id, start_to_fire_timeout=seconds(after_s)))


def cancel_timer(timer_id: str) -> Command:
    return command(CancelTimerCommandAttributes(timer_id=timer_id))


def record_marker(name: str) -> Command:
    return command(RecordMarkerCommandAttributes(marker_name=name, details={"detail": payloads(name)}))


def complete_workflow(result: str = "done") -> Command:
    return command(CompleteWorkflowExecutionCommandAttributes(result=payloads(result)))


def fail_workflow(text: str = "broken", *, non_retryable: bool = False) -> Command:
    return command(FailWorkflowExecutionCommandAttributes(failure=failure(text, non_retryable=non_retryable)))


def cancel_workflow() -> Command:
    return command(CancelWorkflowExecutionCommandAttributes(details=payloads("canceled")))


def continue_as_new(attributes: ContinueAsNewWorkflowExecutionCommandAttributes | None = None) -> Command:
    usual = ContinueAsNewWorkflowExecutionCommandAttributes(
        workflow_type=WorkflowType(name=WORKFLOW_TYPE), task_queue=TaskQueue(name=QUEUE)
    )
    return command(filled(attributes, usual))


def start_child(
    workflow_id: str = "child", attributes: StartChildWorkflowExecutionCommandAttributes | None = None
) -> Command:
    """Start `WORKFLOW_TYPE` as a child, on a queue of its own name."""
    usual = StartChildWorkflowExecutionCommandAttributes(
        workflow_id=workflow_id, workflow_type=WorkflowType(name=WORKFLOW_TYPE), task_queue=TaskQueue(name=workflow_id)
    )
    return command(filled(attributes, usual))


def signal_external(
    workflow_id: str, attributes: SignalExternalWorkflowExecutionCommandAttributes | None = None
) -> Command:
    usual = SignalExternalWorkflowExecutionCommandAttributes(
        execution=WorkflowExecution(workflow_id=workflow_id), signal_name="signal"
    )
    return command(filled(attributes, usual))


def cancel_external(
    workflow_id: str, attributes: RequestCancelExternalWorkflowExecutionCommandAttributes | None = None
) -> Command:
    return command(filled(attributes, RequestCancelExternalWorkflowExecutionCommandAttributes(workflow_id=workflow_id)))
