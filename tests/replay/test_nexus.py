"""Nexus operations in the replay core: what is told of each, and what a cancellation asks for."""

from __future__ import annotations

import pytest
from temporalio.api.command.v1 import ScheduleNexusOperationCommandAttributes
from temporalio.api.failure.v1 import Failure

from mainspring.replay import requests
from mainspring.replay.activation import Job, ResolveNexus, ResolveNexusStart
from mainspring.replay.core import Replay
from mainspring.replay.divergence import Divergence
from mainspring.replay.task import Task
from tests.replay.histories import History, Played, complete, history, names, pay, play

Kind = requests.NexusCancellation
CANCEL = requests.CancelNexusOperation(seq=1)
FAILURE = Failure(message="no")


def schedule(cancellation: Kind = Kind.WAIT_COMPLETED, operation: str = "price") -> requests.ScheduleNexusOperation:
    attributes = ScheduleNexusOperationCommandAttributes(endpoint="shop", service="Prices", operation=operation)
    return requests.ScheduleNexusOperation(seq=1, attributes=attributes, cancellation=cancellation)


def scheduled() -> History:
    """A run whose operation is event 5."""
    return (
        history()
        .started()
        .task()
        .add("nexus_operation_scheduled", endpoint="shop", service="Prices", operation="price")
    )


def told(events: History, *made: list[requests.Request]) -> list[Job]:
    """What of operations the code is told."""
    played = play(events.task(ended="").events, [schedule()], *made, previous=100)
    return [job for job in played.all_jobs() if isinstance(job, ResolveNexusStart | ResolveNexus)]


def test_one_that_goes_on_is_told_twice() -> None:
    events = scheduled().add("nexus_operation_started", scheduled_event_id=5, operation_token="t").task()
    events.add("nexus_operation_completed", scheduled_event_id=5, result=pay("9"))
    start, end = told(events)
    assert start == ResolveNexusStart(seq=1, token="t")
    assert isinstance(end, ResolveNexus)
    assert end.outcome.result == pay("9")


def test_one_that_ends_well_at_once_started_without_a_token() -> None:
    start, end = told(scheduled().add("nexus_operation_completed", scheduled_event_id=5, result=pay("9")))
    assert start == ResolveNexusStart(seq=1)
    assert isinstance(end, ResolveNexus)


@pytest.mark.parametrize("ending", ["failed", "canceled", "timed_out"])
def test_how_one_failed_is_told_by_its_start_if_it_had_none(ending: str) -> None:
    at_once = scheduled().add(f"nexus_operation_{ending}", scheduled_event_id=5, failure=FAILURE)
    assert told(at_once) == [ResolveNexusStart(seq=1, failure=FAILURE)]
    later = scheduled().add("nexus_operation_started", scheduled_event_id=5, operation_token="t")
    _, end = told(later.add(f"nexus_operation_{ending}", scheduled_event_id=5, failure=FAILURE))
    assert isinstance(end, ResolveNexus)
    assert end.outcome.failure == FAILURE


@pytest.mark.parametrize("field", ["endpoint", "service", "operation"])
def test_another_operation_than_the_history_has_diverges(field: str) -> None:
    names_in_history = {"endpoint": "shop", "service": "Prices", "operation": "price", field: "other"}
    events = history().started().task().add("nexus_operation_scheduled", **names_in_history).task(ended="")
    with pytest.raises(Divergence, match=f"Nexus {field} is 'other' in the history"):
        play(events.events, [schedule()], previous=100)


def cancelled(cancellation: Kind, *, is_started: bool = True) -> tuple[Played, list[str]]:
    """A run whose caller is cancelled once its operation is in the history. Returns it and the commands."""
    events = scheduled()
    if is_started:
        events.add("nexus_operation_started", scheduled_event_id=5, operation_token="t")
    events.signaled("stop").task(ended="")
    played = Played(Replay("default"))
    answer = played.go(Task(events=events.events), [schedule(cancellation)], [CANCEL])
    return played, names(answer.commands)


@pytest.mark.parametrize(
    "cancellation, commands, is_told",
    [
        (Kind.ABANDON, [], True),
        (Kind.TRY_CANCEL, ["REQUEST_CANCEL_NEXUS_OPERATION"], True),
        (Kind.WAIT_REQUESTED, ["REQUEST_CANCEL_NEXUS_OPERATION"], False),
        (Kind.WAIT_COMPLETED, ["REQUEST_CANCEL_NEXUS_OPERATION"], False),
    ],
)
@pytest.mark.parametrize("is_started", [True, False])
def test_what_a_cancellation_asks_for_and_whether_it_waits(
    cancellation: Kind, commands: list[str], is_told: bool, is_started: bool
) -> None:
    played, made = cancelled(cancellation, is_started=is_started)
    assert made == commands
    failures = [
        job.failure if isinstance(job, ResolveNexusStart) else job.outcome.failure
        for job in played.all_jobs()
        if isinstance(job, ResolveNexusStart | ResolveNexus)
    ]
    assert bool([failure for failure in failures if failure is not None]) is is_told


def test_one_that_is_cancelled_in_the_task_that_asked_for_it_never_was() -> None:
    played = Played(Replay("default"))
    answer = played.go(Task(events=history().started().task(ended="").events), [schedule(), CANCEL], [complete()])
    assert names(answer.commands) == ["COMPLETE_WORKFLOW_EXECUTION"]
    (job,) = [job for job in played.all_jobs() if isinstance(job, ResolveNexusStart)]
    assert job.failure is not None
    assert job.failure.message == "Nexus Operation cancelled before scheduled"


@pytest.mark.parametrize(
    "delivery, message",
    [
        ("completed", "Nexus operation cancellation request completed"),
        ("failed", "Nexus operation cancellation request failed"),
    ],
)
def test_who_waits_for_the_request_is_told_when_it_was_delivered_and_nothing_more(delivery: str, message: str) -> None:
    events = scheduled().add("nexus_operation_started", scheduled_event_id=5, operation_token="t").task()
    events.add("nexus_operation_cancel_requested", scheduled_event_id=5)
    events.add(f"nexus_operation_cancel_request_{delivery}", requested_event_id=10, scheduled_event_id=5).task()
    events.add("nexus_operation_completed", scheduled_event_id=5, result=pay("9")).task(ended="")
    played = play(events.events, [schedule(Kind.WAIT_REQUESTED)], [CANCEL], previous=3)
    ends = [job for job in played.all_jobs() if isinstance(job, ResolveNexus)]
    assert [job.outcome.failure and job.outcome.failure.message for job in ends] == [message]
