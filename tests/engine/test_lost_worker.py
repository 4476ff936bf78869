"""Tasks of workers that are gone for good: given up at once, as if they had timed out."""

from __future__ import annotations

import pytest
from temporalio.api.enums.v1 import RetryState, TimeoutType

from mainspring.server.engine import activity, lost_worker
from mainspring.server.engine.changes import Nanos
from mainspring.server.engine.run import Run
from mainspring.server.engine.times import SECOND
from tests.engine.table import NOON, Table

START = 3  # WorkflowExecutionStarted, WorkflowTaskScheduled, WorkflowTaskStarted


def lose(table: Table, since: Nanos = NOON) -> None:
    """The worker is lost; what is stored of the run says beforehand whether anything will change."""
    stored = table.commits[-1]
    records = {key: blob for commit in table.commits for key, blob in commit.records.items()}
    is_out = lost_worker.has_tasks_out(stored.state, {key: b for key, b in records.items() if b is not None}, since)
    before = len(table.commits)
    table.reload()
    table.do(lambda run: lost_worker.release(run, since))
    assert (len(table.commits) > before) == is_out


def test_a_workflow_task_times_out_and_is_there_for_the_next_worker() -> None:
    table = Table()
    table.play("poll")
    lose(table)
    assert table.names(START) == ["WorkflowTaskTimedOut"]
    timed_out = table.events[-1].workflow_task_timed_out_event_attributes
    assert timed_out.timeout_type == TimeoutType.TIMEOUT_TYPE_START_TO_CLOSE
    table.play("poll", "complete: close")


def test_an_activity_is_tried_again_as_its_policy_says() -> None:
    table = Table()
    table.play("poll", "complete: activity a 3", "activity a started")
    lose(table)
    pending = table.pending("a")
    assert pending is not None
    assert (pending.attempt, pending.stage, pending.is_dispatched) == (2, "scheduled", False)
    table.play("after 1", "activity a started", "activity a completed")
    assert table.names(START + 2) == ["ActivityTaskStarted", "ActivityTaskCompleted", "WorkflowTaskScheduled"]
    started = table.events[START + 2].activity_task_started_event_attributes
    assert started.attempt == 2
    assert started.last_failure.message == lost_worker.MESSAGE
    assert started.last_failure.timeout_failure_info.timeout_type == TimeoutType.TIMEOUT_TYPE_HEARTBEAT


def test_an_activity_without_another_attempt_ends_as_one_that_missed_its_heartbeat() -> None:
    table = Table()
    table.play("poll", "complete: activity a", "activity a started")
    lose(table)
    assert table.names(START + 2) == ["ActivityTaskStarted", "ActivityTaskTimedOut", "WorkflowTaskScheduled"]
    timed_out = table.events[START + 3].activity_task_timed_out_event_attributes
    assert timed_out.failure.message == lost_worker.MESSAGE
    assert timed_out.failure.timeout_failure_info.timeout_type == TimeoutType.TIMEOUT_TYPE_HEARTBEAT
    assert timed_out.retry_state == RetryState.RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED


def test_what_was_lost_together_is_told_in_the_next_workflow_task() -> None:
    table = Table()
    table.play("poll", "complete: activity a", "activity a started", "signal", "poll")
    lose(table)
    assert table.names(START + 5) == [
        "WorkflowTaskTimedOut",
        "ActivityTaskStarted",
        "ActivityTaskTimedOut",
        "WorkflowTaskScheduled",
    ]
    table.play("poll", "complete: close")


def test_an_activity_that_was_to_stop_is_not_tried_again() -> None:
    table = Table()
    table.play("poll", "complete: activity a 3", "activity a started", "signal", "poll", "complete: cancel-activity 5")
    lose(table)
    timed_out = table.events[-2].activity_task_timed_out_event_attributes
    assert timed_out.retry_state == RetryState.RETRY_STATE_CANCEL_REQUESTED


def test_what_no_worker_has_stays_as_it_is() -> None:
    table = Table()
    table.play("poll", "complete: activity a 3, timer t 5")
    lose(table)
    table.play("activity a started", "activity a completed", "poll", "complete: close")
    lose(table)
    assert not table.run.is_running


def test_what_was_taken_before_that_instant_stays_with_its_worker() -> None:
    table = Table()
    table.play("poll", "complete: activity a 3", "activity a started", "signal", "poll")
    lose(table, since=NOON + SECOND)
    table.play("activity a completed", "complete: close")


def test_what_its_worker_left_to_others_is_not_lost_but_the_next_attempt_is() -> None:
    table = Table()
    table.play("poll", "complete: activity a 3", "activity a started")

    def leave(run: Run) -> None:
        pending = table.pending("a")
        assert pending is not None
        activity.leave(run, pending)

    table.do(leave)
    lose(table)
    table.play("activity a failed", "after 1", "activity a started")
    lose(table)
    pending = table.pending("a")
    assert pending is not None
    assert pending.attempt == 3
    table.play("after 2", "activity a started", "activity a completed")


@pytest.mark.parametrize("steps", [["poll", "fail", "poll"], ["poll", "signal", "fail", "poll", "fail", "poll"]])
def test_a_transient_workflow_task_is_lost_without_a_trace(steps: list[str]) -> None:
    table = Table()
    table.play(*steps)
    before = table.names()
    lose(table)
    assert table.names() == before
    table.play("poll", "complete: close")
