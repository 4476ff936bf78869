"""Which events of a history belong to one activation.

    [Started, Scheduled, TaskStarted] [TaskCompleted, TimerStarted, TimerFired, TaskScheduled, TaskStarted] ...
                                   ^ one activation                                                      ^ the next

A sequence ends with the start of a workflow task that was completed, or with the last event. A task that failed or
timed out ends none. So a replay goes in the steps of the worker that kept the run in its cache, and tells workflow code
the same at the same time, whatever a task left in the history: one with which local activities went on, or in which an
update was refused, leaves nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent

STARTED = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED
TASK_SCHEDULED = EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED
TASK_STARTED = EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED
TASK_COMPLETED = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
UPDATE_ACCEPTED = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED

TASK_BEGINS = frozenset({TASK_SCHEDULED, TASK_STARTED})
NOT_CONCLUDED = frozenset(  # what follows the start of a workflow task that came to nothing
    {
        EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED,
        EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED,
    }
)
FINAL = frozenset(
    {
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW,
    }
)
MAY_END = FINAL | {TASK_STARTED}
COMMAND_EVENTS = frozenset(  # made by a command of workflow code
    {
        EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED,
        EventType.EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED,
        EventType.EVENT_TYPE_TIMER_STARTED,
        EventType.EVENT_TYPE_TIMER_CANCELED,
        EventType.EVENT_TYPE_MARKER_RECORDED,
        EventType.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED,
        EventType.EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED,
        EventType.EVENT_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED,
        EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES,
        EventType.EVENT_TYPE_WORKFLOW_PROPERTIES_MODIFIED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW,
        EventType.EVENT_TYPE_NEXUS_OPERATION_SCHEDULED,
        EventType.EVENT_TYPE_NEXUS_OPERATION_CANCEL_REQUESTED,
    }
)


def end_of_sequence(kinds: Sequence[EventType.ValueType], begin: int) -> int:
    """The index just after the sequence that begins at `begin`; `len(kinds)` if there is nothing more to come.

    `kinds`: the types of all events.
    """
    count = len(kinds)
    for at in range(begin, count):
        kind = kinds[at]
        if kind in MAY_END and (kind in FINAL or (at + 1 < count and kinds[at + 1] not in NOT_CONCLUDED)):
            return at + 1
    return count


def without_loose_end(events: Sequence[HistoryEvent]) -> Sequence[HistoryEvent]:
    """The events up to the last one of a workflow task, or that ends the run; all of a run that has had no task.

    A query that is a task of its own may come with news for which there is no workflow task yet. They are told with
    that task, as a replay will have them.
    """
    for end in range(len(events), 0, -1):
        kind = events[end - 1].event_type
        if kind in COMMAND_EVENTS or kind in FINAL or kind in {TASK_STARTED, TASK_COMPLETED}:
            return events[:end]
    return events if events and events[0].event_type == STARTED else ()
