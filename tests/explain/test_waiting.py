"""Why a run does not go on."""

from __future__ import annotations

import pytest
from temporalio.api.common.v1 import ActivityType
from temporalio.api.enums.v1 import TaskQueueType, WorkflowExecutionStatus, WorkflowTaskFailedCause
from temporalio.api.failure.v1 import ActivityFailureInfo, Failure
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflow.v1 import PendingChildExecutionInfo, PendingNexusOperationInfo
from temporalio.api.workflowservice.v1 import DescribeTaskQueueResponse, DescribeWorkflowExecutionResponse

from mainspring.explain.reasons import Kind, Known, QueueKey
from mainspring.explain.waiting import reasons, waiting
from tests.explain.histories import (
    NOW,
    activity,
    application,
    described,
    event,
    polled,
    stamp,
    with_activity,
    with_task,
)

WORKFLOW: QueueKey = ("orders", TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW)
PAYMENTS: QueueKey = ("payments", TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY)
Described = DescribeWorkflowExecutionResponse


def said(run: Described, *newest: HistoryEvent, queue: DescribeTaskQueueResponse | None = None) -> tuple[Kind, str]:
    """The answer; `queue` is both the workflow's and the activity's."""
    queues = {} if queue is None else {WORKFLOW: queue, PAYMENTS: queue}
    reason = waiting(Known(described=run, newest=newest, queues=queues), NOW)
    return reason.kind, reason.sentence


def test_nobody_polls() -> None:
    assert said(with_task(), queue=polled()) == (
        Kind.NO_WORKER,
        "No worker polls task queue orders; its workflow task has waited for 1m 30s.",
    )


def test_nobody_polls_any_more() -> None:
    run = with_task()
    run.workflow_execution_info.start_time.CopyFrom(stamp(-500))
    kind, sentence = said(run, queue=polled(("w1", -300), ("w2", -260)))
    assert kind == Kind.NO_WORKER
    assert "any more (the last was w2, 6m ago)" in sentence


def test_a_worker_that_polls_is_no_trouble() -> None:
    assert said(with_task(), queue=polled(("w1", 60))) == (
        Kind.WORKFLOW_TASK_SCHEDULED,
        "Its workflow task has waited for 1m 30s for a worker on task queue orders.",
    )


def test_nobody_of_its_version_polls() -> None:
    run = with_task()
    pinned = run.workflow_execution_info.versioning_info.versioning_override.pinned.version
    pinned.deployment_name, pinned.build_id = "shop", "v2"
    queue = polled(("w1", 90))
    kind, sentence = said(run, queue=queue)
    assert (kind, sentence[:47]) == (Kind.NO_WORKER, "No worker of version shop:v2 polls task queue o")

    queue.pollers[0].deployment_options.deployment_name = "shop"
    queue.pollers[0].deployment_options.build_id = "v2"
    assert said(run, queue=queue)[0] == Kind.WORKFLOW_TASK_SCHEDULED


def test_without_a_look_at_the_queue_nothing_is_said_of_workers() -> None:
    assert said(with_task())[0] == Kind.WORKFLOW_TASK_SCHEDULED


def test_a_failing_workflow_task_shows_its_error() -> None:
    failed = event(4, "WORKFLOW_TASK_FAILED", 11)
    attributes = failed.workflow_task_failed_event_attributes
    attributes.cause = WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR
    attributes.failure.CopyFrom(application("no such\nactivity", "NondeterminismError"))
    known = Known(described=with_task(attempt=7), newest=[failed, event(3, "WORKFLOW_TASK_STARTED")])

    reason = waiting(known, NOW)

    assert reason.sentence == (
        "Its workflow task has failed for 1m 30s, attempt 7: "
        "NondeterminismError: no such activity (non deterministic error)."
    )
    assert (reason.kind, reason.attempt, reason.is_bad) == (Kind.WORKFLOW_TASK_FAILING, 7, True)
    assert reason.failure is not None


def test_a_workflow_task_that_times_out() -> None:
    kind, sentence = said(with_task(attempt=2), event(4, "WORKFLOW_TASK_TIMED_OUT", 20))
    assert kind == Kind.WORKFLOW_TASK_FAILING
    assert "the worker did not answer in time" in sentence


def test_a_started_workflow_task_names_its_worker() -> None:
    started = event(3, "WORKFLOW_TASK_STARTED", 95)
    started.workflow_task_started_event_attributes.identity = "w1"
    assert said(with_task(started=95), started) == (
        Kind.WORKFLOW_TASK_STARTED,
        "A worker, w1, has had its workflow task for 5.0s.",
    )


def test_a_failing_activity_tells_its_attempt_its_next_one_and_its_error() -> None:
    pending = activity(attempt=7, failure=application("declined"), next_at=112)
    pending.maximum_attempts = 10
    assert said(with_activity(pending)) == (
        Kind.ACTIVITY_FAILING,
        "Activity charge fails: attempt 7 of 10 comes in 12s; last error: CardError: declined.",
    )


def test_a_failing_activity_waits_since_its_last_attempt_not_since_its_next() -> None:
    pending = activity(attempt=7, failure=application("declined"), next_at=112)
    pending.scheduled_time.CopyFrom(stamp(112))
    pending.last_attempt_complete_time.CopyFrom(stamp(97))
    reason = waiting(Known(described=with_activity(pending)), NOW)
    assert reason.since_at == stamp(97).ToNanoseconds()


def test_a_running_activity_tells_since_when_where_and_its_heartbeat() -> None:
    pending = activity(started=40)
    pending.last_heartbeat_time.CopyFrom(stamp(98))
    assert said(with_activity(pending)) == (
        Kind.ACTIVITY_STARTED,
        "Activity charge has run for 1m on w1, attempt 1, last heartbeat 2.0s ago.",
    )


def test_an_activity_that_nobody_polls_for() -> None:
    assert said(with_activity(activity()), queue=polled()) == (
        Kind.ACTIVITY_NO_WORKER,
        "Activity charge has waited for 1m 20s, attempt 1: no worker polls task queue payments for activities.",
    )


def test_a_paused_activity() -> None:
    pending = activity()
    pending.paused = True
    assert said(with_activity(pending)) == (Kind.ACTIVITY_PAUSED, "Activity charge is paused, attempt 1.")


def timer(number: int, name: str, second: float, seconds: int) -> HistoryEvent:
    made = event(number, "TIMER_STARTED", second)
    made.timer_started_event_attributes.timer_id = name
    made.timer_started_event_attributes.start_to_fire_timeout.FromSeconds(seconds)
    return made


def test_timers_that_have_not_fired_are_told_the_next_first() -> None:
    fired = event(9, "TIMER_FIRED", 50)
    fired.timer_fired_event_attributes.started_event_id = 5
    newest = [fired, timer(7, "late", 20, 7_280), timer(6, "soon", 20, 90), timer(5, "gone", 20, 30)]

    found = reasons(Known(described=described(), newest=newest), NOW)

    assert [reason.sentence for reason in found] == [
        "It waits for timer soon, which fires in 10s.",
        "It waits for timer late, which fires in 2h.",
    ]


def test_a_child() -> None:
    run = described()
    run.pending_children.append(PendingChildExecutionInfo(workflow_id="c", run_id="r", workflow_type_name="Child"))
    reason = waiting(Known(described=run), NOW)
    assert (reason.sentence, reason.workflow_id, reason.run_id) == ("It waits for its child c (Child).", "c", "r")


def test_a_failing_nexus_operation() -> None:
    run = described()
    operation = PendingNexusOperationInfo(endpoint="e", service="s", operation="o", attempt=3)
    operation.last_attempt_failure.CopyFrom(application("down"))
    run.pending_nexus_operations.append(operation)
    assert said(run) == (
        Kind.NEXUS_FAILING,
        "It has waited for Nexus operation s.o of e; last error: CardError: down.",
    )


def test_nothing_pending_means_a_message_and_says_what_was_not_read() -> None:
    whole = said(described(), event(2, "WORKFLOW_EXECUTION_SIGNALED", 5), event(1, "WORKFLOW_EXECUTION_STARTED"))
    part = said(described(), event(900, "WORKFLOW_EXECUTION_SIGNALED", 5))
    assert whole == (Kind.MESSAGE, "It waits for a signal or an update: nothing else is pending.")
    assert "a timer that was started long ago" in part[1]


def test_a_start_delay_and_a_pause() -> None:
    delayed = described()
    delayed.workflow_execution_info.execution_time.CopyFrom(stamp(3_700))
    assert said(delayed)[1].endswith("it begins in 1h.")

    paused = described(WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_PAUSED)
    pause = paused.workflow_extended_info.pause_info
    pause.identity, pause.reason = "ada", "lunch"
    pause.paused_time.CopyFrom(stamp(40))
    assert said(paused) == (Kind.PAUSED, "It was paused by ada 1m ago: lunch.")


def test_what_wants_a_person_comes_first() -> None:
    run = with_activity(activity(started=40), activity(attempt=2, failure=application("x"), next_at=130))
    run.pending_children.append(PendingChildExecutionInfo(workflow_id="c"))
    found = reasons(Known(described=run, newest=[timer(7, "t", 20, 90)]), NOW)
    assert [reason.kind for reason in found] == [
        Kind.ACTIVITY_FAILING,
        Kind.ACTIVITY_STARTED,
        Kind.CHILD,
        Kind.TIMER,
    ]


def closed(status: str, closing: HistoryEvent) -> str:
    run = described(
        WorkflowExecutionStatus.ValueType(WorkflowExecutionStatus.Value(f"WORKFLOW_EXECUTION_STATUS_{status}"))
    )
    run.workflow_execution_info.close_time.CopyFrom(stamp(60))
    return said(run, closing)[1]


def test_a_failed_run_tells_the_root_and_where_it_was() -> None:
    closing = event(9, "WORKFLOW_EXECUTION_FAILED", 60)
    info = ActivityFailureInfo(activity_type=ActivityType(name="charge"))
    failure = Failure(message="Activity task failed", activity_failure_info=info, cause=application("declined"))
    closing.workflow_execution_failed_event_attributes.failure.CopyFrom(failure)
    assert closed("FAILED", closing) == "Failed after 1m in activity charge: CardError: declined."


def test_a_terminated_run_tells_by_whom_and_why() -> None:
    closing = event(9, "WORKFLOW_EXECUTION_TERMINATED", 60)
    closing.workflow_execution_terminated_event_attributes.identity = "ada"
    closing.workflow_execution_terminated_event_attributes.reason = "wrong order"
    assert closed("TERMINATED", closing) == "Terminated after 1m by ada: wrong order."
    closing.workflow_execution_terminated_event_attributes.details.payloads.add(data=b'"twice"')
    assert closed("TERMINATED", closing) == 'Terminated after 1m by ada: wrong order ("twice").'


@pytest.mark.parametrize("status", ["COMPLETED", "TIMED_OUT", "CANCELED"])
def test_other_ends(status: str) -> None:
    closing = event(9, f"WORKFLOW_EXECUTION_{status}", 60)
    assert closed(status, closing) == f"{status.replace('_', ' ').capitalize()} after 1m."


def test_a_run_that_goes_on_names_the_next() -> None:
    closing = event(9, "WORKFLOW_EXECUTION_CONTINUED_AS_NEW", 60)
    closing.workflow_execution_continued_as_new_event_attributes.new_execution_run_id = "r2"
    assert closed("CONTINUED_AS_NEW", closing) == "Continued as new after 1m, goes on as run r2."


def test_a_closed_run_without_its_history_says_that_it_is_closed() -> None:
    run = described(WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_TERMINATED)
    assert said(run) == (Kind.CLOSED, "Terminated.")
