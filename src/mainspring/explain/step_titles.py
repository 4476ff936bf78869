"""What a step is called: by its first event, in the words of who wrote the workflow."""

from __future__ import annotations

from temporalio.api.history.v1 import HistoryEvent

from mainspring.explain.payload_text import payload_text
from mainspring.explain.times import span

_MOST_SUMMARY = 200


def step_title(event: HistoryEvent, name: str) -> str:
    """The activity's type, the timer's length, the signal's name, ...; `name` is that of the event's type."""
    found = (
        event.activity_task_scheduled_event_attributes.activity_type.name
        or _timer(event)
        or _child(event)
        or event.workflow_execution_signaled_event_attributes.signal_name
        or _update(event)
        or _external(event)
        or _nexus(event)
        or event.marker_recorded_event_attributes.marker_name
        or event.workflow_execution_started_event_attributes.workflow_type.name
    )
    return found or _plain(name)


def summary_of(event: HistoryEvent) -> str:
    """What the author said of the step; empty if nothing."""
    if not event.user_metadata.HasField("summary"):
        return ""
    text = payload_text(event.user_metadata.summary, _MOST_SUMMARY).text
    return text[1:-1] if text.startswith('"') and text.endswith('"') and len(text) > 1 else text


def _plain(name: str) -> str:
    """The type of the event in words; the steps of the workflow task are all of one name."""
    words = "workflow task" if name.startswith("WORKFLOW_TASK_") else name.lower().replace("_", " ")
    return words.removeprefix("workflow execution ").capitalize()


def _timer(event: HistoryEvent) -> str:
    if not event.HasField("timer_started_event_attributes"):
        return ""
    timer = event.timer_started_event_attributes
    return f"{timer.timer_id}: {span(timer.start_to_fire_timeout.ToNanoseconds())}"


def _child(event: HistoryEvent) -> str:
    if not event.HasField("start_child_workflow_execution_initiated_event_attributes"):
        return ""
    child = event.start_child_workflow_execution_initiated_event_attributes
    return f"{child.workflow_type.name} {child.workflow_id}"


def _update(event: HistoryEvent) -> str:
    return (
        event.workflow_execution_update_accepted_event_attributes.accepted_request.input.name
        or event.workflow_execution_update_admitted_event_attributes.request.input.name
        or event.workflow_execution_update_rejected_event_attributes.rejected_request.input.name
    )


def _external(event: HistoryEvent) -> str:
    if event.HasField("signal_external_workflow_execution_initiated_event_attributes"):
        signal = event.signal_external_workflow_execution_initiated_event_attributes
        return f"{signal.signal_name} to {signal.workflow_execution.workflow_id}"
    return event.request_cancel_external_workflow_execution_initiated_event_attributes.workflow_execution.workflow_id


def _nexus(event: HistoryEvent) -> str:
    operation = event.nexus_operation_scheduled_event_attributes
    return f"{operation.service}.{operation.operation}" if operation.operation else ""
