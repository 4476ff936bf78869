"""A closed run made of a history that another server wrote.

    events, the first to the last  ->  closed_run  ->  Changes of a run that is new and closed

The events stay as they are, so what is shown and replayed is what happened. Of the state there is what the first event
and those of memo and search attributes say, and how the run ended; nothing is pending in it, nobody else is told of it,
and it is never deleted by itself. Outcomes of its updates are in its history only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType, WorkflowExecutionStatus
from temporalio.api.history.v1 import History, HistoryEvent

from mainspring.server.engine import search_attributes, start
from mainspring.server.engine.attribute_types import CLIENT_SETTABLE
from mainspring.server.engine.changes import Changes, EventBatch, RunKey
from mainspring.server.engine.errors import InvalidArgument
from mainspring.server.engine.external_payloads import Kept
from mainspring.server.engine.properties import merged_memo
from mainspring.server.engine.run import Run
from mainspring.server.engine.settings import NamespaceSettings
from mainspring.server.engine.times import instant

EVENTS_OF_A_BATCH: Final = 100

_E = EventType
_Status = WorkflowExecutionStatus
_ENDINGS: Final = {
    _E.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED: _Status.WORKFLOW_EXECUTION_STATUS_COMPLETED,
    _E.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED: _Status.WORKFLOW_EXECUTION_STATUS_FAILED,
    _E.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT: _Status.WORKFLOW_EXECUTION_STATUS_TIMED_OUT,
    _E.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED: _Status.WORKFLOW_EXECUTION_STATUS_CANCELED,
    _E.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED: _Status.WORKFLOW_EXECUTION_STATUS_TERMINATED,
    _E.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW: _Status.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW,
}


def check_closed(events: Sequence[HistoryEvent]) -> None:
    """A history is whole, and that of a closed run.

    Raises:
        InvalidArgument: it is not.
    """
    if not events:
        raise InvalidArgument("the history has no events")
    if not events[0].HasField("workflow_execution_started_event_attributes"):
        raise InvalidArgument(f"the history begins with {_E.Name(events[0].event_type)}, not with the start of its run")
    for expected, event in enumerate(events, start=1):
        if event.event_id != expected:
            raise InvalidArgument(f"the history has event {event.event_id} where event {expected} should stand")
    if events[-1].event_type not in _ENDINGS:
        raise InvalidArgument(
            f"the history ends with {_E.Name(events[-1].event_type)}: its run is open, and goes on where it is from. "
            "Loaded here it would go on a second time, and do everything twice: load it once it has closed. To see "
            "whether code fits it, `mainspring replay` takes the file as it is"
        )


def closed_run(
    key: RunKey, settings: NamespaceSettings, events: Sequence[HistoryEvent], *, becomes_current: bool
) -> Changes:
    """The run that a history tells of. `becomes_current`: its workflow id stands for it; no other run may have it.

    Raises:
        InvalidArgument: it is no whole history of a closed run.
    """
    check_closed(events)
    attributes = events[0].workflow_execution_started_event_attributes
    opening = start.Opening(key=key, settings=settings, create_request_id="", now=instant(events[0].event_time))
    run = Run(key, start.opening_state(opening, attributes), settings, next_event_id=len(events) + 1)
    run.begin(instant(events[-1].event_time))
    batches = tuple(_batches(events))
    _end(run, events, batches)
    _describe(run, events)
    if becomes_current:
        run.current, run.expected_current = start.current_run(run), ""
    run.show()
    run.touched()
    changes = run.take_changes()
    changes.events = batches
    return changes


def _end(run: Run, events: Sequence[HistoryEvent], batches: Sequence[EventBatch]) -> None:
    state, last = run.state, events[-1]
    state.status = _ENDINGS[last.event_type]
    state.closed_at = state.last_event_at = run.now
    state.history_size_bytes = sum(len(batch.blob) for batch in batches)
    state.kept_elsewhere = Kept().with_more(batches)
    state.transition_count = len(batches)
    ending = getattr(last, last.WhichOneof("attributes") or "")
    state.next_run_id = getattr(ending, "new_execution_run_id", "")
    done = [event.workflow_task_completed_event_attributes for event in events if _is_task_completed(event)]
    state.completed_tasks = len(done)
    state.last_completed_started_event_id = done[-1].started_event_id if done else 0


def _is_task_completed(event: HistoryEvent) -> bool:
    return event.HasField("workflow_task_completed_event_attributes")


def _batches(events: Sequence[HistoryEvent]) -> Iterator[EventBatch]:
    for first in range(0, len(events), EVENTS_OF_A_BATCH):
        part = events[first : first + EVENTS_OF_A_BATCH]
        yield EventBatch(first + 1, first + 1 + len(part), History(events=part).SerializeToString())


def _describe(run: Run, events: Sequence[HistoryEvent]) -> None:
    """Memo and search attributes as they were at the end."""
    started = events[0].workflow_execution_started_event_attributes
    run.memo.CopyFrom(started.memo)
    _set_attributes(run, dict(started.search_attributes.indexed_fields))
    for event in events:
        if event.HasField("workflow_properties_modified_event_attributes"):
            run.memo.CopyFrom(merged_memo(run.memo, event.workflow_properties_modified_event_attributes.upserted_memo))
        elif event.HasField("upsert_workflow_search_attributes_event_attributes"):
            upserted = event.upsert_workflow_search_attributes_event_attributes.search_attributes
            _set_attributes(run, dict(upserted.indexed_fields))
    run.put_blob("memo", run.memo.SerializeToString())


def _set_attributes(run: Run, attributes: dict[str, Payload]) -> None:
    """Those that the namespace has, and whose values fit their types there: the others are in the history only."""
    known = run.settings.search_attributes
    for name, payload in attributes.items():
        value_type = known.get(name) or int(CLIENT_SETTABLE.get(name, 0))
        try:
            search_attributes.decode(payload, value_type)
        except ValueError:
            continue
        search_attributes.merge(run, {name: payload})
