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
from mainspring.server.engine.times import SECOND, set_instant

_E = event_type_pb2

OUTCOMES = {
    _E.EVENT_TYPE_ACTIVITY_TASK_COMPLETED: ("activity_task_completed_event_attributes", "scheduled_event_id"),
    _E.EVENT_TYPE_ACTIVITY_TASK_FAILED: ("activity_task_failed_event_attributes", "scheduled_event_id"),
    _E.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT: ("activity_task_timed_out_event_attributes", "scheduled_event_id"),
    _E.EVENT_TYPE_ACTIVITY_TASK_CANCELED: ("activity_task_canceled_event_attributes", "scheduled_event_id"),
    _E.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_COMPLETED: (
        "child_workflow_execution_completed_event_attributes",
        "initiated_event_id",
    ),
    _E.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_FAILED: (
        "child_workflow_execution_failed_event_attributes",
        "initiated_event_id",
    ),
    _E.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TIMED_OUT: (
        "child_workflow_execution_timed_out_event_attributes",
        "initiated_event_id",
    ),
    _E.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_CANCELED: (
        "child_workflow_execution_canceled_event_attributes",
        "initiated_event_id",
    ),
    _E.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TERMINATED: (
        "child_workflow_execution_terminated_event_attributes",
        "initiated_event_id",
    ),
}
"""Flushed after all other buffered events, and wired to the id of their started event.

By type: the name of the attributes, and of the one among them that says which activity or child it was.
"""

FROM_OUTSIDE = frozenset(
    {
        *OUTCOMES,
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

Held = tuple[EventType.ValueType, HistoryEvent]
"""An event that is held back, or was until now, with its type: asking the message for it costs more than the rest."""


class HistoryBuilder:
    """Numbers events, groups them into batches and keeps back what must wait."""

    def __init__(self, next_event_id: int) -> None:
        self.begin(0)
        self.next_event_id = next_event_id
        self.started_ids: dict[int, int] = {}  # scheduled or initiated event id -> its started event's id; until wired
        self.next_buffered = 0
        self._batch: list[HistoryEvent] = []
        self._batches: list[list[HistoryEvent]] = []
        self._first_event_id = next_event_id  # of those filed since the last `take_batches`
        self._read_again: list[int] = []  # ids of those among them that are of `READ_AGAIN`
        self.buffered: dict[int, Held] = {}  # held back events, by number
        self._stored_sizes: dict[int, int] = {}  # of buffered events that have a row, by number
        self._buffer_changed = False
        self._kept: dict[int, bytes] = {}  # by id: serialised events of `READ_AGAIN` from the batches taken

    def restore(self, buffered: list[tuple[int, bytes]], *, next_number: int) -> None:
        """Take back what was held back when the run was stored: serialised events by number."""
        for number, blob in buffered:
            event = HistoryEvent.FromString(blob)
            self.buffered[number] = event.event_type, event
        self._stored_sizes = {number: len(blob) for number, blob in buffered}
        self.next_buffered = next_number

    # -- adding

    def begin(self, now: Nanos) -> None:
        """A transition begins: it is the time of the events that follow, unless they say another."""
        self._now = now
        self._now_s, self._now_nanos = divmod(now, SECOND)

    def event(self, event_type: EventType.ValueType, at: Nanos | None = None) -> HistoryEvent:
        """A new event without attributes or id."""
        event = HistoryEvent(event_type=event_type)
        time = event.event_time
        if at is None or at == self._now:
            time.seconds, time.nanos = self._now_s, self._now_nanos
        else:
            set_instant(time, at)
        return event

    def add(self, event: HistoryEvent) -> HistoryEvent:
        """File an event: in the current batch with the next id, or held back, with id 0 until it is flushed."""
        kind = event.event_type
        if kind in FROM_OUTSIDE:
            self.buffered[self.next_buffered] = kind, event
            self.next_buffered += 1
            self._buffer_changed = True
        else:
            self._append(kind, event)
        return event

    def _append(self, kind: EventType.ValueType, event: HistoryEvent) -> int:
        """Returns: the event's id."""
        event_id = self.next_event_id
        event.event_id = event_id
        event.task_id = FIRST_TASK_ID + event_id
        self.next_event_id = event_id + 1
        self._batch.append(event)
        if kind in READ_AGAIN:
            self._read_again.append(event_id)
        return event_id

    def new_batch(self) -> None:
        """What follows belongs to another batch."""
        if self._batch:
            self._batches.append(self._batch)
            self._batch = []

    # -- held back events

    @property
    def buffered_count(self) -> int:
        return len(self.buffered)

    def buffered_size_bytes(self) -> int:
        """Serialised, of all held back events; each is measured once, or when it is stored."""
        sizes = self._stored_sizes
        return sum(sizes.get(number) or event.ByteSize() for number, (_, event) in self.buffered.items())

    def buffered_events(self) -> list[HistoryEvent]:
        """Held back events in order of arrival."""
        return [event for _, event in self.buffered.values()]

    def flush_buffered(self) -> list[Held]:
        """Give ids to all held back events and file them; no worker may have the workflow task.

        Returns: the events, in the order of their ids.
        """
        if not self.buffered:
            return []
        ordered = sorted(self.buffered.values(), key=_is_outcome)
        self._clear_buffer()
        for kind, event in ordered:
            self._wire(kind, event, self._append(kind, event))
        return ordered

    def drop_buffered(self) -> None:
        """Forget held back events: the run has closed and nobody will see them."""
        if self.buffered:
            self._clear_buffer()

    def take_buffered_timer_fired(self, timer_id: str) -> HistoryEvent | None:
        """Take a held back TimerFired out again: its timer was cancelled by the worker that had the task."""
        for number, (kind, event) in self.buffered.items():
            if kind == _E.EVENT_TYPE_TIMER_FIRED and event.timer_fired_event_attributes.timer_id == timer_id:
                del self.buffered[number]
                self._buffer_changed = True
                return event
        return None

    def has_activity_outcome(self, scheduled_event_id: int) -> bool:
        """An outcome of that activity is held back, or was filed in this transition."""
        return any(_activity_of(event) == scheduled_event_id for event in (*self.buffered_events(), *self.new_events()))

    def _clear_buffer(self) -> None:
        self.buffered = {}
        self._buffer_changed = True

    def _wire(self, kind: EventType.ValueType, event: HistoryEvent, event_id: int) -> None:
        """Started events of activities and children may have got their id only now: outcomes name it."""
        if kind == _E.EVENT_TYPE_ACTIVITY_TASK_STARTED:
            self.started_ids[event.activity_task_started_event_attributes.scheduled_event_id] = event_id
        elif kind == _E.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED:
            self.started_ids[event.child_workflow_execution_started_event_attributes.initiated_event_id] = event_id
        elif kind in OUTCOMES:
            name, origin = OUTCOMES[kind]
            attributes = getattr(event, name)
            started_id = self.started_ids.pop(getattr(attributes, origin), 0)
            if started_id:
                attributes.started_event_id = started_id

    # -- the outcome

    @property
    def is_dirty(self) -> bool:
        return bool(self._batch or self._batches or self._buffer_changed)

    def new_events(self) -> list[HistoryEvent]:
        """Events filed since the last `take_batches`."""
        return [event for batch in self._batches for event in batch] + self._batch

    def take_batches(self) -> list[EventBatch]:
        """All batches filed since the last call, serialised; `take_kept` has their events of `READ_AGAIN`."""
        self.new_batch()
        taken = list(map(self._serialized, self._batches))
        self._batches.clear()
        self._read_again.clear()
        return taken

    def take_kept(self) -> dict[int, bytes]:
        """Serialised events of `READ_AGAIN` by id, of all batches that were taken since the last call."""
        kept, self._kept = self._kept, {}
        return kept

    def _serialized(self, batch: list[HistoryEvent]) -> EventBatch:
        first_event_id = self._first_event_id
        next_event_id = self._first_event_id = first_event_id + len(batch)
        blobs = [event.SerializeToString() for event in batch]
        for event_id in self._read_again:
            if first_event_id <= event_id < next_event_id:
                self._kept[event_id] = blobs[event_id - first_event_id]
        return EventBatch(first_event_id, next_event_id, wire.history_of(blobs))

    def drain_buffered(self, into: dict[tuple[str, str], bytes | None]) -> None:
        """Move the changes of the held back events out, as records."""
        if not self._buffer_changed:
            return
        sizes: dict[int, int] = {}
        for number in self._stored_sizes:
            if number not in self.buffered:
                into["buffered", str(number)] = None
        for number, (_, event) in self.buffered.items():
            size_bytes = self._stored_sizes.get(number)
            if size_bytes is None:
                blob = into["buffered", str(number)] = event.SerializeToString()
                size_bytes = len(blob)
            sizes[number] = size_bytes
        self._stored_sizes = sizes
        self._buffer_changed = False


def _is_outcome(held: Held) -> bool:
    return held[0] in OUTCOMES


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
