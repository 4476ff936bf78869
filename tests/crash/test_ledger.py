"""The judge of the crash tests finds what it is there to find."""

from __future__ import annotations

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent

from benchmarks.lean import text_payloads
from tests.crash.ledger import Ledger, RunEntry, impossible, missing


def started(event_id: int = 1) -> HistoryEvent:
    event = HistoryEvent(event_id=event_id, event_type=EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED)
    event.workflow_execution_started_event_attributes.SetInParent()
    return event


def signaled(event_id: int, request_id: str) -> HistoryEvent:
    event = HistoryEvent(event_id=event_id, event_type=EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED)
    event.workflow_execution_signaled_event_attributes.input.CopyFrom(text_payloads(request_id))
    return event


def activity_done(event_id: int, activity_id: str, result: str) -> list[HistoryEvent]:
    scheduled = HistoryEvent(event_id=event_id, event_type=EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED)
    scheduled.activity_task_scheduled_event_attributes.activity_id = activity_id
    completed = HistoryEvent(event_id=event_id + 1, event_type=EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED)
    completed.activity_task_completed_event_attributes.scheduled_event_id = event_id
    completed.activity_task_completed_event_attributes.result.CopyFrom(text_payloads(result))
    return [scheduled, completed]


def completed(event_id: int) -> HistoryEvent:
    event = HistoryEvent(event_id=event_id, event_type=EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED)
    event.workflow_execution_completed_event_attributes.SetInParent()
    return event


def test_a_history_that_holds_what_was_acknowledged_is_sound() -> None:
    entry = RunEntry("w", "r", signals={"s"}, activity_results={"a": "ok"}, is_completed=True)
    events = [started(), signaled(2, "s"), *activity_done(3, "a", "ok"), completed(5)]

    assert impossible(entry, events) == []
    assert missing(entry, events) == []


def test_a_lost_signal_and_another_result_are_missing() -> None:
    entry = RunEntry("w", "r", signals={"s"}, activity_results={"a": "ok"})

    lost = missing(entry, [started(), *activity_done(2, "a", "other")])

    assert lost == [
        "w: acknowledged signal s is lost",
        "w: activity a: ok was acknowledged, other is recorded",
    ]


def test_a_signal_that_is_there_twice_is_impossible_even_unacknowledged() -> None:
    events = [started(), signaled(2, "s"), signaled(3, "s")]

    assert impossible(RunEntry("w", "r"), events) == ["w: signal s is there 2 times"]


def test_a_gap_a_reopened_run_and_events_after_the_end_are_impossible() -> None:
    gap = impossible(RunEntry("w", "r"), [started(), signaled(3, "s")])
    reopened = impossible(RunEntry("w", "r", is_completed=True), [started()])
    after = impossible(RunEntry("w", "r"), [started(), completed(2), signaled(3, "s")])

    assert gap == ["w: event ids are not contiguous: [1, 3]"]
    assert reopened == ["w: acknowledged as completed, and open again"]
    assert after == ["w: something follows the closing event"]


def test_the_ledger_hands_out_each_change_once() -> None:
    ledger = Ledger()
    ledger.started("w", "r")
    ledger.signaled("w", "s")

    first, second = ledger.take_changed(), ledger.take_changed()

    assert [entry.signals for entry in first] == [{"s"}]
    assert second == []
