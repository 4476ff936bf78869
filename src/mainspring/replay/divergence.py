"""The error of a replay that goes another way than its history, told so that its reader can find the cause.

divergence(expected=[event, ...], made=[pending, ...], found="...") -> Divergence with both sides, line by line
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice, zip_longest

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent

from mainspring.replay.pending import Pending

SHOWN = 5
CAUSES = """\
Usual causes: workflow code was changed while runs of it are open (guard the change with workflow.patched, or give the
new code another worker version); workflow code read a clock, randomness, the environment or global state; it iterated
over a set; or it ran on a worker with other settings. To see it again: mainspring replay the run's history."""


class Divergence(Exception):
    """Workflow code asked for something else than its history says it did. The workflow task fails; the run waits."""


def divergence(found: str, *, events: Sequence[HistoryEvent], made: Iterable[Pending]) -> Divergence:
    """The error for what was `found`, with the next events of the history beside the commands that the code made."""
    left = [describe_event(event) for event in events[:SHOWN]]
    right = [pending.describe() for pending in islice((one for one in made if not one.is_dropped), SHOWN)]
    width = max(map(len, left), default=0)
    rows = [f"  {event:<{width}}   {command}" for event, command in zip_longest(left, right, fillvalue="(nothing)")]
    table = "\n".join([f"  {'history':<{width}}   workflow code", *rows])
    return Divergence(f"[TMPRL1100] nondeterminism error: {found}\n{table}\n{CAUSES}")


def describe_event(event: HistoryEvent) -> str:
    """`11 ActivityTaskScheduled charge '3'`: what one line can say of an event."""
    return f"{event.event_id} {event_name(event.event_type)} {_subject(event)}".rstrip()


def event_name(kind: EventType.ValueType) -> str:
    """EVENT_TYPE_TIMER_STARTED -> TimerStarted."""
    return "".join(part.capitalize() for part in EventType.Name(kind).removeprefix("EVENT_TYPE_").split("_"))


def _subject(event: HistoryEvent) -> str:
    match event.WhichOneof("attributes"):
        case "activity_task_scheduled_event_attributes":
            scheduled = event.activity_task_scheduled_event_attributes
            return f"{scheduled.activity_type.name} {scheduled.activity_id!r}"
        case "timer_started_event_attributes":
            return repr(event.timer_started_event_attributes.timer_id)
        case "timer_canceled_event_attributes":
            return repr(event.timer_canceled_event_attributes.timer_id)
        case "marker_recorded_event_attributes":
            return event.marker_recorded_event_attributes.marker_name
        case "start_child_workflow_execution_initiated_event_attributes":
            child = event.start_child_workflow_execution_initiated_event_attributes
            return f"{child.workflow_type.name} {child.workflow_id!r}"
        case "signal_external_workflow_execution_initiated_event_attributes":
            signal = event.signal_external_workflow_execution_initiated_event_attributes
            return f"{signal.signal_name} to {signal.workflow_execution.workflow_id!r}"
        case "request_cancel_external_workflow_execution_initiated_event_attributes":
            cancel = event.request_cancel_external_workflow_execution_initiated_event_attributes
            return f"of {cancel.workflow_execution.workflow_id!r}"
        case _:
            return ""
