"""Events get their ids and batches here.

Events from outside (`FROM_OUTSIDE`) are first held back; all others are filed at once. Held back ones get their ids
when a workflow task is scheduled or the transition ends, outcomes of activities and children last, as the real server
orders them. While a worker has the workflow task they stay held back, stored as records, until it ends.

    events.timer_fired(run, ...)  ->  add(event)  ->  current batch | held back
    a workflow task is scheduled, or the transition ends without one started  ->  flush_buffered()
    end of the transition         ->  take_batches(), drain_buffered()

What an event looks like is `events.py`'s business; this file only numbers and files them.
Reference: tests/differential/test_workflow_tasks.py (buffered events order).
"""

from __future__ import annotations

from temporalio.api.enums.v1 import EventType, event_type_pb2
from temporalio.api.history.v1 import HistoryEvent

from mainspring.server.engine import wire
from mainspring.server.engine.changes import EventBatch, Nanos
from mainspring.server.engine.times import set_instant

_E = event_type_pb2

OUTCOMES = frozenset(
    {
        _E.EVENT_TYPE_ACTIVITY_TASK_COMPLETED,
        _E.EVENT_TYPE_ACTIVITY_TASK_FAILED,
        _E.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT,
        _E.EVENT_TYPE_ACTIVITY_TASK_CANCELED,
        _E.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_COMPLETED,
        _E.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_FAILED,
        _E.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TIMED_OUT,
        _E.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_CANCELED,
        _E.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TERMINATED,
    }
)
"""Flushed after all other buffered events, and wired to the id of their started event."""

FROM_OUTSIDE = OUTCOMES | frozenset(
    {
        _E.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED,
        _E.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED,
        _E.EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED,
        _E.EVENT_TYPE_ACTIVITY_TASK_STARTED,
        _E.EVENT_TYPE_TIMER_FIRED,
        _E.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED,
        _E.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_FAILED,
        _E.EVENT_TYPE_EXTERNAL_WORKFLOW_EXECUTION_SIGNALED,
        _E.EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED,
        _E.EVENT_TYPE_EXTERNAL_WORKFLOW_EXECUTION_CANCEL_REQUESTED,
        _E.EVENT_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED,
    }
)
"""Held back until flushed. Events of commands and messages, of the task, or that open or close the run never are."""

READ_AGAIN = frozenset(
    {
        _E.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED,
        _E.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED,
        _E.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED,
        _E.EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED,
        _E.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED,
    }
)
"""Events that the server itself reads later: they hold inputs that no record repeats."""

FIRST_TASK_ID = 1_048_576


class HistoryBuilder:
    """Numbers events, groups them into batches and keeps back what must wait."""

    def __init__(self, next_event_id: int) -> None:
        self.now: Nanos = 0
        self.next_event_id = next_event_id
        self.started_ids: dict[int, int] = {}  # scheduled or initiated event id -> its started event's id
        self.next_buffered = 0
        self._batch: list[HistoryEvent] = []
        self._batches: list[list[HistoryEvent]] = []
        self._buffered: dict[int, HistoryEvent] = {}  # number -> event
        self._stored_numbers: set[int] = set()  # of buffered events that have a row
        self._buffer_changed = False
        self.buffered_size_bytes = 0
        self.kept: list[HistoryEvent] = []  # of `READ_AGAIN`, from the batches taken last

    def restore(self, buffered: list[tuple[int, HistoryEvent]], *, next_number: int) -> None:
        """Take back what was held back when the run was stored."""
        self._buffered = dict(buffered)
        self._stored_numbers = set(self._buffered)
        self.next_buffered = next_number
        self.buffered_size_bytes = sum(event.ByteSize() for event in self._buffered.values())

    # -- adding

    def event(self, event_type: EventType.ValueType, at: Nanos | None = None) -> HistoryEvent:
        """A new event without attributes or id."""
        event = HistoryEvent(event_type=event_type)
        set_instant(event.event_time, self.now if at is None else at)
        return event

    def add(self, event: HistoryEvent) -> HistoryEvent:
        """File an event: in the current batch with the next id, or held back, with id 0 until it is flushed."""
        if event.event_type in FROM_OUTSIDE:
            self._hold(event)
        else:
            self._append(event)
        return event

    def _append(self, event: HistoryEvent) -> None:
        event.event_id = self.next_event_id
        event.task_id = FIRST_TASK_ID + self.next_event_id
        self.next_event_id += 1
        self._batch.append(event)

    def _hold(self, event: HistoryEvent) -> None:
        self._buffered[self.next_buffered] = event
        self.next_buffered += 1
        self._buffer_changed = True
        self.buffered_size_bytes += event.ByteSize()

    def new_batch(self) -> None:
        """What follows belongs to another batch."""
        if self._batch:
            self._batches.append(self._batch)
            self._batch = []

    # -- held back events

    @property
    def has_buffered(self) -> bool:
        return bool(self._buffered)

    @property
    def buffered_count(self) -> int:
        return len(self._buffered)

    def buffered_events(self) -> list[HistoryEvent]:
        """Held back events in order of arrival."""
        return list(self._buffered.values())

    def flush_buffered(self) -> list[HistoryEvent]:
        """Give ids to all held back events and file them; no worker may have the workflow task.

        Returns: the events, in the order of their ids.
        """
        waiting = self.buffered_events()
        if not waiting:
            return []
        self._clear_buffer()
        ordered = [e for e in waiting if e.event_type not in OUTCOMES]
        ordered += [e for e in waiting if e.event_type in OUTCOMES]
        for event in ordered:
            self._append(event)
            self._wire(event)
        return ordered

    def drop_buffered(self) -> None:
        """Forget held back events: the run has closed and nobody will see them."""
        if self._buffered:
            self._clear_buffer()

    def take_buffered_timer_fired(self, timer_id: str) -> HistoryEvent | None:
        """Take a held back TimerFired out again: its timer was cancelled by the worker that had the task."""
        for number, event in self._buffered.items():
            if (
                event.event_type == _E.EVENT_TYPE_TIMER_FIRED
                and event.timer_fired_event_attributes.timer_id == timer_id
            ):
                del self._buffered[number]
                self._buffer_changed = True
                self.buffered_size_bytes -= event.ByteSize()
                return event
        return None

    def has_activity_outcome(self, scheduled_event_id: int) -> bool:
        """An outcome of that activity is held back, or was filed in this transition."""
        recent = [*self._buffered.values(), *self._batch, *(e for batch in self._batches for e in batch)]
        return any(_activity_of(event) == scheduled_event_id for event in recent)

    def _clear_buffer(self) -> None:
        self._buffered = {}
        self._buffer_changed = True
        self.buffered_size_bytes = 0

    def _wire(self, event: HistoryEvent) -> None:
        """Started events of activities and children may have got their id only now: outcomes name it."""
        kind = event.event_type
        if kind == _E.EVENT_TYPE_ACTIVITY_TASK_STARTED:
            self.started_ids[event.activity_task_started_event_attributes.scheduled_event_id] = event.event_id
        elif kind == _E.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED:
            self.started_ids[event.child_workflow_execution_started_event_attributes.initiated_event_id] = (
                event.event_id
            )
        elif kind in OUTCOMES:
            attributes = getattr(event, str(event.WhichOneof("attributes")))
            origin = getattr(attributes, "scheduled_event_id", 0) or getattr(attributes, "initiated_event_id", 0)
            attributes.started_event_id = self.started_ids.get(origin, attributes.started_event_id)

    # -- the outcome

    @property
    def is_dirty(self) -> bool:
        return bool(self._batch or self._batches or self._buffer_changed)

    def new_events(self) -> list[HistoryEvent]:
        """Events filed since the last `take_batches`."""
        return [event for batch in self._batches for event in batch] + self._batch

    def take_batches(self) -> tuple[EventBatch, ...]:
        """All batches filed since the last call, serialised; `kept` holds their events of `READ_AGAIN`."""
        self.new_batch()
        self.kept = [event for batch in self._batches for event in batch if event.event_type in READ_AGAIN]
        taken = tuple(
            EventBatch(batch[0].event_id, batch[-1].event_id + 1, wire.serialized_history(batch))
            for batch in self._batches
        )
        self._batches = []
        return taken

    def drain_buffered(self, into: dict[tuple[str, str], bytes | None]) -> None:
        """Move the changes of the held back events out, as records."""
        if not self._buffer_changed:
            return
        numbers = set(self._buffered)
        for number in self._stored_numbers - numbers:
            into["buffered", str(number)] = None
        for number in numbers - self._stored_numbers:
            into["buffered", str(number)] = self._buffered[number].SerializeToString()
        self._stored_numbers = numbers
        self._buffer_changed = False


def _activity_of(event: HistoryEvent) -> int:
    """The scheduled event id that an activity outcome belongs to; 0 for any other event."""
    kind = event.event_type
    if kind == _E.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
        return event.activity_task_completed_event_attributes.scheduled_event_id
    if kind == _E.EVENT_TYPE_ACTIVITY_TASK_FAILED:
        return event.activity_task_failed_event_attributes.scheduled_event_id
    if kind == _E.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT:
        return event.activity_task_timed_out_event_attributes.scheduled_event_id
    if kind == _E.EVENT_TYPE_ACTIVITY_TASK_CANCELED:
        return event.activity_task_canceled_event_attributes.scheduled_event_id
    return 0
