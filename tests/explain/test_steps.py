"""Events grouped into steps."""

from __future__ import annotations

import itertools

import pytest
from temporalio.api.history.v1 import HistoryEvent

from mainspring.explain.steps import Step, StepKind, Steps, StepStatus
from mainspring.explain.times import SECOND
from tests.explain.histories import START_S, activity, application, event


def activity_events(*, closing: str = "COMPLETED") -> list[HistoryEvent]:
    scheduled = event(5, "ACTIVITY_TASK_SCHEDULED", 10)
    scheduled.activity_task_scheduled_event_attributes.activity_id = "1"
    scheduled.activity_task_scheduled_event_attributes.activity_type.name = "charge"
    started = event(6, "ACTIVITY_TASK_STARTED", 30)
    started.activity_task_started_event_attributes.scheduled_event_id = 5
    started.activity_task_started_event_attributes.attempt = 3
    started.activity_task_started_event_attributes.identity = "w1"
    started.activity_task_started_event_attributes.last_failure.CopyFrom(application("declined"))
    over = event(7, f"ACTIVITY_TASK_{closing}", 40)
    getattr(over, f"activity_task_{closing.lower()}_event_attributes").scheduled_event_id = 5
    return [scheduled, started, over]


def at(second: float) -> int:
    return START_S * SECOND + int(second * SECOND)


def grouped(events: list[HistoryEvent], *, has_newest: bool = True) -> tuple[Step, ...]:
    steps = Steps()
    steps.feed(events)
    return steps.all(has_newest=has_newest)


def test_an_activity_is_one_step_in_whatever_order_its_events_come() -> None:
    expected = grouped(activity_events())
    assert len(expected) == 1
    assert (expected[0].kind, expected[0].status, expected[0].title) == (
        StepKind.ACTIVITY,
        StepStatus.COMPLETED,
        "charge",
    )
    assert (expected[0].started_at, expected[0].begun_at, expected[0].ended_at) == (at(10), at(30), at(40))
    assert (expected[0].attempt, expected[0].worker, expected[0].event_ids) == (3, "w1", (5, 6, 7))
    assert expected[0].failure is not None
    for order in itertools.permutations(activity_events()):
        steps = Steps()
        for page in order:
            steps.feed([page])
            steps.feed([page])
        assert steps.all() == expected


@pytest.mark.parametrize(
    "closing, status",
    [("FAILED", StepStatus.FAILED), ("TIMED_OUT", StepStatus.TIMED_OUT), ("CANCELED", StepStatus.CANCELED)],
)
def test_how_an_activity_ended(closing: str, status: StepStatus) -> None:
    assert grouped(activity_events(closing=closing))[0].status == status


def test_a_cancel_request_does_not_end_an_activity() -> None:
    asked = event(8, "ACTIVITY_TASK_CANCEL_REQUESTED", 35)
    asked.activity_task_cancel_requested_event_attributes.scheduled_event_id = 5
    step = grouped([*activity_events()[:2], asked])[0]
    assert (step.status, step.ended_at) == (StepStatus.RUNNING, None)


def test_a_pending_activity_has_the_attempt_that_the_server_tells() -> None:
    steps = Steps()
    steps.feed(activity_events()[:1])
    step = steps.all([activity(started=50, attempt=4, failure=application("again"))])[0]
    assert (step.status, step.attempt, step.begun_at, step.worker) == (StepStatus.RUNNING, 4, at(50), "w1")
    assert step.failure is not None


def test_nothing_of_a_closed_run_stays_running() -> None:
    timer = event(8, "TIMER_STARTED", 20)
    closing = event(9, "WORKFLOW_EXECUTION_TERMINATED", 60)
    steps = grouped([*activity_events()[:1], timer, closing])
    assert [(step.status, step.ended_at) for step in steps] == [
        (StepStatus.ABANDONED, at(60)),
        (StepStatus.ABANDONED, at(60)),
        (StepStatus.TERMINATED, at(60)),
    ]


def test_what_may_have_ended_on_another_page_is_not_said_to_run() -> None:
    steps = grouped(activity_events()[:2], has_newest=False)
    assert steps[0].status == StepStatus.UNREAD


def test_timers_children_and_messages() -> None:
    timer = event(5, "TIMER_STARTED", 1)
    timer.timer_started_event_attributes.timer_id = "t"
    timer.timer_started_event_attributes.start_to_fire_timeout.FromSeconds(60)
    fired = event(6, "TIMER_FIRED", 61)
    fired.timer_fired_event_attributes.started_event_id = 5
    child = event(7, "START_CHILD_WORKFLOW_EXECUTION_INITIATED", 62)
    child.start_child_workflow_execution_initiated_event_attributes.workflow_id = "c"
    child.start_child_workflow_execution_initiated_event_attributes.workflow_type.name = "Child"
    child_started = event(8, "CHILD_WORKFLOW_EXECUTION_STARTED", 63)
    child_started.child_workflow_execution_started_event_attributes.initiated_event_id = 7
    child_over = event(9, "CHILD_WORKFLOW_EXECUTION_FAILED", 64)
    child_over.child_workflow_execution_failed_event_attributes.initiated_event_id = 7
    child_over.child_workflow_execution_failed_event_attributes.started_event_id = 8
    signal = event(10, "WORKFLOW_EXECUTION_SIGNALED", 65)
    signal.workflow_execution_signaled_event_attributes.signal_name = "approve"

    steps = grouped([timer, fired, child, child_started, child_over, signal])

    assert [(step.kind.value, step.status.value, step.title) for step in steps] == [
        ("timer", "completed", "t: 1m"),
        ("child", "failed", "Child c"),
        ("signal", "completed", "approve"),
    ]


@pytest.mark.parametrize("is_failed", [False, True])
def test_an_update_is_one_step(is_failed: bool) -> None:
    accepted = event(5, "WORKFLOW_EXECUTION_UPDATE_ACCEPTED", 1)
    accepted.workflow_execution_update_accepted_event_attributes.protocol_instance_id = "u1"
    accepted.workflow_execution_update_accepted_event_attributes.accepted_request.input.name = "set_limit"
    over = event(9, "WORKFLOW_EXECUTION_UPDATE_COMPLETED", 2)
    outcome = over.workflow_execution_update_completed_event_attributes
    outcome.meta.update_id = "u1"
    if is_failed:
        outcome.outcome.failure.CopyFrom(application("too high"))
    steps = grouped([over, accepted])
    assert [(step.title, step.status) for step in steps] == [
        ("set_limit", StepStatus.FAILED if is_failed else StepStatus.COMPLETED)
    ]


def test_a_signal_and_a_cancel_to_others() -> None:
    sent = event(5, "SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED", 1)
    arrived = event(6, "EXTERNAL_WORKFLOW_EXECUTION_SIGNALED", 2)
    arrived.external_workflow_execution_signaled_event_attributes.initiated_event_id = 5
    asked = event(7, "REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED", 1)
    taken = event(8, "EXTERNAL_WORKFLOW_EXECUTION_CANCEL_REQUESTED", 2)
    taken.external_workflow_execution_cancel_requested_event_attributes.initiated_event_id = 7
    assert [(step.kind, step.status) for step in grouped([sent, arrived, asked, taken])] == [
        (StepKind.EXTERNAL_SIGNAL, StepStatus.COMPLETED),
        (StepKind.EXTERNAL_CANCEL, StepStatus.COMPLETED),
    ]


def test_an_event_of_a_later_api_is_a_step_of_its_own() -> None:
    steps = grouped([HistoryEvent(event_id=5, event_type=9_999)])  # type: ignore[arg-type]  # a type that is not yet
    assert (steps[0].kind, steps[0].title) == (StepKind.CHANGE, "Event 9999")
