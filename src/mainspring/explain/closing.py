"""How a closed run ended, and why.

failed     where the trouble began, and the failure there        continued as new, retried, cron     the next run
canceled   what it said                                         terminated                          by whom and why
"""

from __future__ import annotations

from typing import Final

from temporalio.api.enums.v1 import RetryState, WorkflowExecutionStatus
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import HistoryEvent

from mainspring.explain.failure_text import FailureText, failure_text
from mainspring.explain.names import enum_words
from mainspring.explain.payload_text import payloads_line
from mainspring.explain.reasons import Kind, Known, Reason
from mainspring.explain.times import instant_of, span

CLOSING: Final = {
    f"workflow_execution_{how}_event_attributes"
    for how in ("completed", "failed", "timed_out", "canceled", "terminated", "continued_as_new")
}
"""The fields that an event has one of if it closes its run."""

_GOOD: Final = {
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_COMPLETED,
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW,
}


def is_closing(event: HistoryEvent) -> bool:
    """Whether the event closes its run."""
    return event.WhichOneof("attributes") in CLOSING


def next_run_id(event: HistoryEvent) -> str:
    """The run that follows on a closed one, as new, as another attempt or by cron; empty if none does."""
    return (
        event.workflow_execution_continued_as_new_event_attributes.new_execution_run_id
        or event.workflow_execution_failed_event_attributes.new_execution_run_id
        or event.workflow_execution_completed_event_attributes.new_execution_run_id
        or event.workflow_execution_timed_out_event_attributes.new_execution_run_id
    )


def how_it_ended(known: Known) -> Reason:
    """The reason of a closed run."""
    info = known.described.workflow_execution_info
    event = next((each for each in known.newest if is_closing(each)), None)
    failure = _failure(event)
    status = enum_words(WorkflowExecutionStatus, info.status, "WORKFLOW_EXECUTION_STATUS_")
    began_at, closed_at = instant_of(info.start_time), instant_of(info.close_time)
    took = "" if began_at is None or closed_at is None else f" after {span(closed_at - began_at)}"
    why = _why(event, failure)
    return Reason(
        kind=Kind.CLOSED,
        sentence=f"{status.capitalize()}{took}{why}.",
        subject=status,
        is_bad=info.status not in _GOOD,
        since_at=closed_at,
        failure=failure,
        run_id=next_run_id(event) if event is not None else "",
    )


def _failure(event: HistoryEvent | None) -> FailureText | None:
    if event is None or not event.workflow_execution_failed_event_attributes.HasField("failure"):
        return None
    return failure_text(event.workflow_execution_failed_event_attributes.failure)


def _why(event: HistoryEvent | None, failure: FailureText | None) -> str:
    if event is None:
        return ""
    if failure is not None:
        root = " ".join(failure.root.line.split())[:300]
        where = _where(event.workflow_execution_failed_event_attributes.failure)
        return f"{where}: {root}"
    if event.HasField("workflow_execution_terminated_event_attributes"):
        ended = event.workflow_execution_terminated_event_attributes
        by = f" by {ended.identity}" if ended.identity else ""
        said = payloads_line(ended.details.payloads)
        reason = f"{by}: {ended.reason}" if ended.reason else by
        return f"{reason} ({said})" if said else reason
    if event.HasField("workflow_execution_canceled_event_attributes"):
        said = payloads_line(event.workflow_execution_canceled_event_attributes.details.payloads)
        return f": {said}" if said else ""
    if event.HasField("workflow_execution_timed_out_event_attributes"):
        state = event.workflow_execution_timed_out_event_attributes.retry_state
        return f" ({enum_words(RetryState, state, 'RETRY_STATE_')})" if state else ""
    return f", goes on as run {next_run_id(event)}" if next_run_id(event) else ""


def _where(failure: Failure) -> str:
    """The activity or child that the trouble began in."""
    place = ""
    current = failure
    for _ in range(20):
        activity, child = current.activity_failure_info, current.child_workflow_execution_failure_info
        if activity.activity_type.name:
            place = f" in activity {activity.activity_type.name}"
        elif child.workflow_type.name:
            place = f" in child {child.workflow_execution.workflow_id}"
        if not current.HasField("cause"):
            break
        current = current.cause
    return place
