"""What the server has acknowledged, written down by its clients, and what a history must therefore hold.

    a driver:  reply of an RPC arrives  ->  ledger entry           after a crash:  entry + history  ->  what is wrong

An entry is made only when the reply is there, never when the request is sent: what was not acknowledged may or may not
have happened, but even then at most once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec
from temporalio.api.common.v1 import Payloads
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent


class RunEntry(msgspec.Struct):
    """One workflow whose start was acknowledged, and all that was acknowledged about it."""

    workflow_id: str
    run_id: str
    signals: set[str] = msgspec.field(default_factory=set[str])  # request ids
    updates: dict[str, str] = msgspec.field(default_factory=dict[str, str])  # update id -> outcome
    activity_results: dict[str, str] = msgspec.field(default_factory=dict[str, str])  # activity id -> result
    is_completed: bool = False  # a client was given the result, or the worker's completion was acknowledged

    def copy(self) -> RunEntry:
        return msgspec.structs.replace(
            self,
            signals=set(self.signals),
            updates=dict(self.updates),
            activity_results=dict(self.activity_results),
        )


class Ledger:
    """All entries; `take_changed` gives those that changed since the last time, as they are now."""

    def __init__(self) -> None:
        self.runs: dict[str, RunEntry] = {}
        self._changed: set[str] = set()

    def started(self, workflow_id: str, run_id: str) -> None:
        assert workflow_id not in self.runs, f"{workflow_id} was acknowledged before"
        self.runs[workflow_id] = RunEntry(workflow_id, run_id)
        self._changed.add(workflow_id)

    def signaled(self, workflow_id: str, request_id: str) -> None:
        self._entry(workflow_id).signals.add(request_id)

    def updated(self, workflow_id: str, update_id: str, outcome: str) -> None:
        self._entry(workflow_id).updates[update_id] = outcome

    def activity_completed(self, workflow_id: str, activity_id: str, result: str) -> None:
        """Note an acknowledged result; the start of the workflow need not have been acknowledged yet."""
        if workflow_id not in self.runs:
            return
        results = self._entry(workflow_id).activity_results
        assert activity_id not in results, f"two results of {workflow_id}/{activity_id} were acknowledged"
        results[activity_id] = result

    def completed(self, workflow_id: str) -> None:
        if workflow_id in self.runs:
            self._entry(workflow_id).is_completed = True

    def take_changed(self) -> list[RunEntry]:
        changed, self._changed = self._changed, set()
        return [self.runs[workflow_id].copy() for workflow_id in sorted(changed)]

    def _entry(self, workflow_id: str) -> RunEntry:
        self._changed.add(workflow_id)
        return self.runs[workflow_id]


CLOSING = {
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW,
}


def impossible(entry: RunEntry, events: Sequence[HistoryEvent]) -> list[str]:
    """Everything about the history that can never be; [] is what we want."""
    return [f"{entry.workflow_id}: {what}" for what in (*_shape(events), *_repeats(events), *_reopened(entry, events))]


def missing(entry: RunEntry, events: Sequence[HistoryEvent]) -> list[str]:
    """Everything acknowledged that the history lacks.

    While a worker has a workflow task, what arrives is buffered: durable, but in the history only when that task ends.
    """
    return [f"{entry.workflow_id}: {what}" for what in _missing(entry, events)]


def _shape(events: Sequence[HistoryEvent]) -> Iterable[str]:
    ids = [event.event_id for event in events]
    if ids != list(range(1, len(events) + 1)):
        yield f"event ids are not contiguous: {ids}"
    if not events or events[0].event_type != EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
        yield "the first event is not WorkflowExecutionStarted"
    if any(event.event_type in CLOSING for event in events[:-1]):
        yield "something follows the closing event"


def _repeats(events: Sequence[HistoryEvent]) -> Iterable[str]:
    """What may be in a history once, acknowledged or not."""
    for name, keys in (
        ("signal", signal_request_ids(events)),
        ("completed activity", activity_results(events)),
        ("accepted update", accepted_update_ids(events)),
        ("completed update", update_outcomes(events)),
        ("started timer", [e.timer_started_event_attributes.timer_id for e in events if _has(e, "timer_started")]),
        ("fired timer", [e.timer_fired_event_attributes.timer_id for e in events if _has(e, "timer_fired")]),
        ("closing event", ["close" for event in events if event.event_type in CLOSING]),
    ):
        counted = Counter(key[0] if isinstance(key, tuple) else key for key in keys)
        for key, count in counted.items():
            if count > 1:
                yield f"{name} {key} is there {count} times"


def _missing(entry: RunEntry, events: Sequence[HistoryEvent]) -> Iterable[str]:
    for lost in sorted(entry.signals - set(signal_request_ids(events))):
        yield f"acknowledged signal {lost} is lost"
    recorded = dict(activity_results(events))
    for activity_id, result in entry.activity_results.items():
        if recorded.get(activity_id) != result:
            yield f"activity {activity_id}: {result} was acknowledged, {recorded.get(activity_id)} is recorded"
    outcomes = dict(update_outcomes(events))
    for update_id, outcome in entry.updates.items():
        if outcomes.get(update_id) != outcome:
            yield f"update {update_id}: {outcome} was acknowledged, {outcomes.get(update_id)} is recorded"


def _reopened(entry: RunEntry, events: Sequence[HistoryEvent]) -> Iterable[str]:
    is_closed = bool(events) and events[-1].event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED
    if entry.is_completed and not is_closed:
        yield "acknowledged as completed, and open again"


def signal_request_ids(events: Sequence[HistoryEvent]) -> list[str]:
    """Request ids of the signals, which drivers also send as the signal's input."""
    return [
        text_of(event.workflow_execution_signaled_event_attributes.input)
        for event in events
        if _has(event, "workflow_execution_signaled")
    ]


def scheduled_activity_ids(events: Sequence[HistoryEvent]) -> dict[int, str]:
    """Event id of the scheduled event -> activity id."""
    return {
        event.event_id: event.activity_task_scheduled_event_attributes.activity_id
        for event in events
        if _has(event, "activity_task_scheduled")
    }


def activity_results(events: Sequence[HistoryEvent]) -> list[tuple[str, str]]:
    scheduled = scheduled_activity_ids(events)
    completed = [
        event.activity_task_completed_event_attributes for event in events if _has(event, "activity_task_completed")
    ]
    return [(scheduled[attributes.scheduled_event_id], text_of(attributes.result)) for attributes in completed]


def accepted_update_ids(events: Sequence[HistoryEvent]) -> list[str]:
    return [
        event.workflow_execution_update_accepted_event_attributes.protocol_instance_id
        for event in events
        if _has(event, "workflow_execution_update_accepted")
    ]


def update_outcomes(events: Sequence[HistoryEvent]) -> list[tuple[str, str]]:
    completed = [
        event.workflow_execution_update_completed_event_attributes
        for event in events
        if _has(event, "workflow_execution_update_completed")
    ]
    return [(attributes.meta.update_id, text_of(attributes.outcome.success)) for attributes in completed]


def text_of(payloads: Payloads) -> str:
    """The only payload of a driver's message, as it was made by `text_payloads`."""
    if len(payloads.payloads) != 1:
        return f"<{len(payloads.payloads)} payloads>"
    return str(msgspec.json.decode(payloads.payloads[0].data))


def _has(event: HistoryEvent, kind: str) -> bool:
    return event.WhichOneof("attributes") == f"{kind}_event_attributes"
