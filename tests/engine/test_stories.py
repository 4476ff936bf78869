"""Scenarios of one run as text: what is done to it, and which events that leaves behind."""

from __future__ import annotations

import pytest
from temporalio.api.enums.v1 import RetryState, TimeoutType

from mainspring.server.engine.errors import NotFound, WorkflowClosing
from mainspring.server.engine.limits import Limits
from tests.engine.table import Table, seconds

START = 3  # WorkflowExecutionStarted, WorkflowTaskScheduled, WorkflowTaskStarted

STORIES = {
    "a run that only ends": (
        ["poll", "complete: close"],
        ["WorkflowTaskCompleted", "WorkflowExecutionCompleted"],
    ),
    "a timer": (
        ["poll", "complete: timer t 5", "after 5", "poll", "complete: close"],
        [
            "WorkflowTaskCompleted",
            "TimerStarted",
            "TimerFired",
            "WorkflowTaskScheduled",
            "WorkflowTaskStarted",
            "WorkflowTaskCompleted",
            "WorkflowExecutionCompleted",
        ],
    ),
    "timers fire in the order of their deadlines": (
        ["poll", "complete: timer late 5, timer early 2", "after 10"],
        ["WorkflowTaskCompleted", "TimerStarted", "TimerStarted", "TimerFired", "WorkflowTaskScheduled", "TimerFired"],
    ),
    "a timer that is canceled": (
        ["poll", "complete: timer t 5, cancel-timer t", "after 10"],
        ["WorkflowTaskCompleted", "TimerStarted", "TimerCanceled"],
    ),
    "a timer canceled after it fired behind the worker's back": (
        ["poll", "complete: timer t 5", "signal", "poll", "after 5", "complete: cancel-timer t"],
        [
            "WorkflowTaskCompleted",
            "TimerStarted",
            "WorkflowExecutionSignaled",
            "WorkflowTaskScheduled",
            "WorkflowTaskStarted",
            "WorkflowTaskCompleted",
            "TimerCanceled",
        ],
    ),
    "a signal waits for the task that is under way": (
        ["poll", "signal", "complete: marker m"],
        ["WorkflowTaskCompleted", "MarkerRecorded", "WorkflowExecutionSignaled", "WorkflowTaskScheduled"],
    ),
    "what waits outlives a restart": (
        ["poll", "signal", "reload", "complete: marker m"],
        ["WorkflowTaskCompleted", "MarkerRecorded", "WorkflowExecutionSignaled", "WorkflowTaskScheduled"],
    ),
    "an activity": (
        ["poll", "complete: activity a", "activity a started", "activity a completed"],
        [
            "WorkflowTaskCompleted",
            "ActivityTaskScheduled",
            "ActivityTaskStarted",
            "ActivityTaskCompleted",
            "WorkflowTaskScheduled",
        ],
    ),
    "attempts leave no events but the last": (
        [
            "poll",
            "complete: activity a 2",
            "activity a started",
            "activity a failed",
            "after 1",
            "reload",
            "activity a started",
            "activity a failed",
        ],
        [
            "WorkflowTaskCompleted",
            "ActivityTaskScheduled",
            "ActivityTaskStarted",
            "ActivityTaskFailed",
            "WorkflowTaskScheduled",
        ],
    ),
    "an activity that nobody takes": (
        ["poll", "complete: activity a", "after 60"],
        ["WorkflowTaskCompleted", "ActivityTaskScheduled", "ActivityTaskTimedOut", "WorkflowTaskScheduled"],
    ),
    "an activity without a heartbeat": (
        ["poll", "complete: activity a", "activity a started", "after 3", "activity a alive", "after 3", "after 1"],
        [
            "WorkflowTaskCompleted",
            "ActivityTaskScheduled",
            "ActivityTaskStarted",
            "ActivityTaskTimedOut",
            "WorkflowTaskScheduled",
        ],
    ),
    "an activity canceled before it starts": (
        ["poll", "complete: activity a, cancel-activity 5"],
        [
            "WorkflowTaskCompleted",
            "ActivityTaskScheduled",
            "ActivityTaskCancelRequested",
            "ActivityTaskCanceled",
            "WorkflowTaskScheduled",
        ],
    ),
    "a task that fails comes again without events": (
        ["poll", "fail", "poll", "fail", "poll", "complete: close"],
        [
            "WorkflowTaskFailed",
            "WorkflowTaskScheduled",
            "WorkflowTaskStarted",
            "WorkflowTaskCompleted",
            "WorkflowExecutionCompleted",
        ],
    ),
    "a task that is not answered": (
        ["poll", "after 10"],
        ["WorkflowTaskTimedOut"],
    ),
    "a bad command undoes what came before it": (
        ["poll", "complete: marker m, cancel-timer nobody"],
        ["WorkflowTaskFailed"],
    ),
    "a run does not close on what it has not seen": (
        ["poll", "signal", "complete: close"],
        ["WorkflowTaskFailed", "WorkflowExecutionSignaled", "WorkflowTaskScheduled"],
    ),
    "a run is terminated while a task is under way": (
        ["poll", "signal", "terminate"],
        ["WorkflowTaskFailed", "WorkflowExecutionSignaled", "WorkflowExecutionTerminated"],
    ),
    "a cancel request": (
        ["poll", "complete:", "cancel", "cancel"],
        ["WorkflowTaskCompleted", "WorkflowExecutionCancelRequested", "WorkflowTaskScheduled"],
    ),
}


@pytest.mark.parametrize("title", list(STORIES))
def test_story(title: str) -> None:
    steps, wanted = STORIES[title]
    table = Table()
    table.play(*steps)
    assert table.names(START) == wanted


@pytest.mark.parametrize("title", list(STORIES))
def test_a_restart_between_any_two_steps_changes_nothing(title: str) -> None:
    steps, _ = STORIES[title]
    plain, restarted = Table(), Table()
    plain.play(*steps)
    for step in steps:
        restarted.play(step, "reload")
    assert restarted.events == plain.events
    assert restarted.commits[-1].state == plain.commits[-1].state


def test_a_request_id_signals_once() -> None:
    table = Table()
    for _ in range(3):
        table.signal("signal", "one")
    assert table.names().count("WorkflowExecutionSignaled") == 1


def test_a_run_timeout_ends_the_run() -> None:
    table = Table(workflow_run_timeout=seconds(30))
    table.play("poll", "complete: timer t 60", "after 29")
    assert table.run.is_running
    table.play("after 1")
    assert table.names()[-1] == "WorkflowExecutionTimedOut"


def test_the_first_task_waits_for_its_time() -> None:
    table = Table(first_workflow_task_backoff=seconds(20))
    table.play("signal")
    assert not table.poll()
    table.play("after 20", "poll", "complete: close")
    assert table.names()[-1] == "WorkflowExecutionCompleted"


def test_a_cancel_request_does_not_wait_for_the_first_task() -> None:
    table = Table(first_workflow_task_backoff=seconds(20))
    table.play("cancel", "poll", "complete: close")
    assert not table.run.is_running


def test_a_timeout_tells_which_and_why() -> None:
    table = Table()
    table.play("poll", "complete: activity a", "activity a started", "after 4")
    timed_out = table.events[-2].activity_task_timed_out_event_attributes
    assert timed_out.failure.timeout_failure_info.timeout_type == TimeoutType.TIMEOUT_TYPE_HEARTBEAT
    assert timed_out.retry_state == RetryState.RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED


def test_the_end_of_all_attempts_comes_before_that_of_an_attempt_which_may_last_as_long() -> None:
    table = Table()
    table.play("poll", "complete: activity a")
    pending = table.pending("a")
    assert pending is not None
    pending.heartbeat_ns, pending.start_to_close_ns = 0, pending.schedule_to_close_ns
    table.play("activity a started", "after 1000")
    timed_out = table.events[-2].activity_task_timed_out_event_attributes
    assert timed_out.failure.timeout_failure_info.timeout_type == TimeoutType.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE


def test_a_closed_run_takes_nothing() -> None:
    table = Table()
    table.play("terminate")
    for again in (table.signal, table.request_cancel, table.terminate):
        with pytest.raises(NotFound):
            again()


def test_a_run_that_tries_to_close_takes_no_signal_meanwhile() -> None:
    table = Table()
    table.play("poll", "signal", "complete: close", "poll")
    with pytest.raises(WorkflowClosing):
        table.signal()
    table.play("complete: close")
    assert table.names()[-1] == "WorkflowExecutionCompleted"


def test_too_many_buffered_events_fail_the_task() -> None:
    table = Table(limits=Limits(buffered_events_count=3))
    table.play("poll", "signal", "signal", "signal", "signal")
    assert table.names(START)[0] == "WorkflowTaskFailed"
    assert table.names().count("WorkflowExecutionSignaled") == 4
