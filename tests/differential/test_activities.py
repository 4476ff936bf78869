"""Activities: outcomes, timeouts, retries, heartbeats, cancellation, answers by token and by id, eager ones."""

from __future__ import annotations

from typing import NotRequired, TypedDict

import pytest
from google.protobuf.duration_pb2 import Duration
from temporalio.api.command.v1 import ScheduleActivityTaskCommandAttributes
from temporalio.api.common.v1 import ActivityType, Header, Priority, RetryPolicy, WorkerVersionCapabilities
from temporalio.api.failure.v1 import ApplicationFailureInfo, Failure
from temporalio.api.taskqueue.v1 import TaskQueue, TaskQueueMetadata
from temporalio.api.workflowservice import v1 as api

from tests.differential.commands import (
    cancel_activity,
    complete_workflow,
    failure,
    payload,
    payloads,
    record_marker,
    schedule_activity,
    seconds,
    start_timer,
)
from tests.differential.driver import WORKFLOW, ActivityTask, Driver, WorkflowTask, attempt, canceled_failure
from tests.differential.rig import on_both

Activity = ScheduleActivityTaskCommandAttributes
Start = api.StartWorkflowExecutionRequest
ONCE = RetryPolicy(maximum_attempts=1)
QUICK = RetryPolicy(initial_interval=seconds(0.2), backoff_coefficient=1.0, maximum_attempts=3)


class ByToken(TypedDict):
    """An activity named by its token."""

    namespace: str
    task_token: bytes


class Common(TypedDict):
    """What requests by id share."""

    namespace: str
    workflow_id: str
    identity: NotRequired[str]


class ById(Common):
    """An activity named by its ids."""

    run_id: NotRequired[str]
    activity_id: str


async def scheduled(driver: Driver, attributes: Activity | None = None, request: Start | None = None) -> ActivityTask:
    """A run whose first task scheduled one activity, which has come."""
    await begin(driver, attributes, request)
    return await driver.poll_activity()


async def begin(driver: Driver, attributes: Activity | None = None, request: Start | None = None) -> None:
    await driver.start(request)
    task = await driver.poll_workflow_task()
    await task.complete(schedule_activity("a", attributes))


async def end(driver: Driver) -> None:
    """The workflow task that an outcome brought, and everything that can be seen afterwards."""
    task = await driver.poll_workflow_task()
    await driver.describe()
    await task.complete(complete_workflow())
    await driver.history()
    await driver.describe()


# -- outcomes


@on_both
async def test_all_that_a_command_says_comes_with_the_task(driver: Driver) -> None:
    everything = Activity(
        header=Header(fields={"h": payload("header")}),
        input=payloads("in", "put"),
        schedule_to_close_timeout=seconds(60),
        schedule_to_start_timeout=seconds(50),
        start_to_close_timeout=seconds(40),
        heartbeat_timeout=seconds(30),
        retry_policy=RetryPolicy(maximum_attempts=5, non_retryable_error_types=["Fatal"]),
        priority=Priority(priority_key=2, fairness_key="f", fairness_weight=2),
    )
    activity = await scheduled(driver, everything)
    await driver.describe()
    await activity.complete()
    await end(driver)


@on_both
async def test_defaults_of_a_command(driver: Driver) -> None:
    activity = await scheduled(driver)
    await driver.describe()
    await driver.history()
    await activity.complete()
    await end(driver)


@pytest.mark.parametrize(
    "kind, non_retryable", [("Wrong", True), ("Fatal", False), ("Wrong", False)], ids=["marked", "listed", "last"]
)
@on_both
async def test_a_failure_that_ends_it(driver: Driver, kind: str, non_retryable: bool) -> None:
    policy = RetryPolicy(maximum_attempts=1 if kind == "Wrong" else 0, non_retryable_error_types=["Fatal"])
    activity = await scheduled(driver, Activity(retry_policy=policy))
    await activity.fail(failure("no", kind=kind, non_retryable=non_retryable), last_heartbeat_details=payloads("last"))
    await end(driver)


@on_both
async def test_a_failure_of_another_sort_is_refused(driver: Driver) -> None:
    activity = await scheduled(driver)
    await attempt(activity.fail(canceled_failure("canceled without being asked")))
    await driver.history()


@on_both
async def test_a_failure_without_a_kind_is_refused(driver: Driver) -> None:
    activity = await scheduled(driver, Activity(retry_policy=ONCE))
    await attempt(activity.fail(Failure()))
    await attempt(activity.fail(Failure(message="plain")))
    await driver.history()


@on_both
async def test_a_late_answer_is_not_found(driver: Driver) -> None:
    activity = await scheduled(driver)
    await activity.complete()
    await attempt(activity.complete())
    await attempt(activity.fail())
    await attempt(activity.cancel())
    await attempt(activity.heartbeat("late"))
    await end(driver)
    await attempt(activity.complete())
    await attempt(activity.heartbeat("later"))


@on_both
async def test_outcomes_buffer_while_a_workflow_task_is_under_way(driver: Driver) -> None:
    await driver.start()
    task = await driver.poll_workflow_task()
    await task.complete(schedule_activity("a", on_queue="qa"), schedule_activity("b", on_queue="qb"))
    first = await driver.poll_activity(on_queue="qa")
    second = await driver.poll_activity(on_queue="qb")
    await driver.signal()
    task = await driver.poll_workflow_task()
    await first.complete()
    await second.fail(failure("no", non_retryable=True))
    await driver.describe()
    await driver.history()
    await task.complete(record_marker("m"))
    await end(driver)


# -- timeouts


@pytest.mark.parametrize("which", ["schedule_to_start", "start_to_close", "heartbeat", "schedule_to_close"])
@on_both
async def test_a_timeout_without_retry(driver: Driver, which: str) -> None:
    attributes = Activity(retry_policy=ONCE)
    getattr(attributes, f"{which}_timeout").CopyFrom(seconds(1))
    if which == "schedule_to_start":
        await begin(driver, attributes)
    else:
        await scheduled(driver, attributes)
    await end(driver)


@pytest.mark.parametrize("which", ["start_to_close", "heartbeat"])
@on_both
async def test_a_timeout_is_tried_again(driver: Driver, which: str) -> None:
    attributes = Activity(retry_policy=RetryPolicy(initial_interval=seconds(0.1), maximum_attempts=2))
    getattr(attributes, f"{which}_timeout").CopyFrom(seconds(1))
    first = await scheduled(driver, attributes)
    await first.heartbeat("so far")
    second = await driver.poll_activity()
    await attempt(first.complete())
    await driver.describe()
    await second.complete()
    await end(driver)


@on_both
async def test_a_timeout_in_the_last_attempt(driver: Driver) -> None:
    attributes = Activity(
        retry_policy=RetryPolicy(initial_interval=seconds(0.1), maximum_attempts=2), start_to_close_timeout=seconds(1)
    )
    first = await scheduled(driver, attributes)
    await first.fail(failure("the first time"))
    second = await driver.poll_activity()
    await second.heartbeat("beat")
    await end(driver)


@on_both
async def test_no_attempt_begins_beyond_schedule_to_close(driver: Driver) -> None:
    attributes = Activity(retry_policy=RetryPolicy(initial_interval=seconds(10)), schedule_to_close_timeout=seconds(3))
    activity = await scheduled(driver, attributes)
    await activity.fail(failure("no time left"))
    await end(driver)


@on_both
async def test_schedule_to_close_ends_an_attempt_under_way(driver: Driver) -> None:
    attributes = Activity(
        retry_policy=RetryPolicy(initial_interval=seconds(0.1)), schedule_to_close_timeout=seconds(1.5)
    )
    activity = await scheduled(driver, attributes)
    await activity.fail(failure("once"))
    await driver.poll_activity()
    await end(driver)


@pytest.mark.parametrize(
    "timeouts",
    [
        Activity(schedule_to_close_timeout=seconds(50)),
        Activity(start_to_close_timeout=seconds(50)),
        Activity(schedule_to_close_timeout=seconds(5), start_to_close_timeout=seconds(50)),
        Activity(start_to_close_timeout=seconds(5), schedule_to_start_timeout=seconds(500)),
        Activity(start_to_close_timeout=seconds(5), heartbeat_timeout=seconds(50)),
        Activity(start_to_close_timeout=seconds(500), schedule_to_close_timeout=seconds(1000)),
    ],
    ids=["to-close", "start", "short-to-close", "long-queue", "long-heartbeat", "beyond-the-run"],
)
@pytest.mark.parametrize("run_timeout_s", [0, 100])
@on_both
async def test_timeouts_fill_in_each_other(driver: Driver, timeouts: Activity, run_timeout_s: int) -> None:
    await driver.start(Start(workflow_run_timeout=Duration(seconds=run_timeout_s)))
    task = await driver.poll_workflow_task()
    command = schedule_activity("a", timeouts)
    if not timeouts.HasField("start_to_close_timeout"):
        command.schedule_activity_task_command_attributes.ClearField("start_to_close_timeout")
    await task.complete(command)
    await driver.history()
    await driver.describe()


# -- retries


@on_both
async def test_attempts_and_their_backoff(driver: Driver) -> None:
    activity = await scheduled(driver, Activity(retry_policy=QUICK))
    for text in ("first", "second"):
        await activity.heartbeat(f"beat {text}")
        await activity.fail(failure(text))
        await driver.describe()
        activity = await driver.poll_activity()
        await driver.describe()
    await activity.fail(failure("third"))
    await end(driver)


@on_both
async def test_the_failure_names_the_next_delay(driver: Driver) -> None:
    activity = await scheduled(driver)
    reason = Failure(
        message="later", application_failure_info=ApplicationFailureInfo(type="Busy", next_retry_delay=seconds(0.3))
    )
    await activity.fail(reason)
    await driver.describe()
    activity = await driver.poll_activity()
    await activity.complete()
    await end(driver)


@on_both
async def test_an_activity_waits_for_its_next_attempt(driver: Driver) -> None:
    policy = RetryPolicy(initial_interval=seconds(30), backoff_coefficient=3, maximum_interval=seconds(40))
    activity = await scheduled(driver, Activity(retry_policy=policy))
    await activity.fail(failure("no"))
    await driver.describe()
    await attempt(activity.heartbeat("between"))
    await driver.no_activity()
    await driver.history()


@on_both
async def test_heartbeat_details_given_with_a_failure_come_with_the_next_attempt(driver: Driver) -> None:
    activity = await scheduled(driver, Activity(retry_policy=QUICK))
    await activity.heartbeat("old")
    await activity.fail(failure("no"), last_heartbeat_details=payloads("new"))
    activity = await driver.poll_activity()
    await activity.complete()
    await end(driver)


# -- cancellation


@on_both
async def test_canceled_before_it_starts(driver: Driver) -> None:
    await begin(driver)
    await driver.signal()
    task = await driver.poll_workflow_task()
    await task.complete(cancel_activity(5))
    await driver.history()
    await driver.no_activity()
    await end(driver)


@on_both
async def test_canceled_in_the_task_that_schedules_it(driver: Driver) -> None:
    await driver.start()
    task = await driver.poll_workflow_task()
    await task.complete(schedule_activity("a"), cancel_activity(5))
    await driver.history()
    await driver.describe()
    await driver.no_activity()


@pytest.mark.parametrize("answer", ["cancel", "complete", "fail"])
@on_both
async def test_canceled_while_it_runs(driver: Driver, answer: str) -> None:
    activity = await scheduled(driver, Activity(retry_policy=QUICK))
    await activity.heartbeat("before")
    await driver.signal()
    task = await driver.poll_workflow_task()
    await task.complete(cancel_activity(5), start_timer("t", 60))
    await driver.describe()
    await activity.heartbeat("after")
    if answer == "cancel":
        await activity.cancel()
    elif answer == "complete":
        await activity.complete()
    else:
        await activity.fail()
    await end(driver)


@on_both
async def test_canceled_while_it_backs_off(driver: Driver) -> None:
    activity = await scheduled(driver, Activity(retry_policy=RetryPolicy(initial_interval=seconds(30))))
    await activity.heartbeat("beat")
    await activity.fail()
    await driver.signal()
    task = await driver.poll_workflow_task()
    await task.complete(cancel_activity(5))
    await end(driver)


@on_both
async def test_canceled_twice_and_unknown(driver: Driver) -> None:
    await scheduled(driver)
    await driver.signal()
    task = await driver.poll_workflow_task()
    await task.complete(cancel_activity(5))
    await driver.signal("again")
    task = await driver.poll_workflow_task()
    await attempt(task.complete(cancel_activity(5)))
    await driver.history()
    await driver.signal("unknown")
    task = await driver.poll_workflow_task()
    await attempt(task.complete(cancel_activity(99)))
    await driver.history()


@on_both
async def test_a_canceled_answer_without_a_request(driver: Driver) -> None:
    activity = await scheduled(driver)
    await attempt(activity.cancel())
    await driver.describe()
    await driver.history()


@on_both
async def test_a_closed_run_wants_no_more_of_its_activities(driver: Driver) -> None:
    activity = await scheduled(driver)
    await driver.terminate()
    await attempt(activity.heartbeat("beat"))
    await attempt(activity.complete())
    await attempt(activity.fail())
    await attempt(activity.cancel())
    await driver.history()
    await driver.describe()


# -- by id


@on_both
async def test_answers_by_id(driver: Driver) -> None:
    await driver.start()
    task = await driver.poll_workflow_task()
    names = ["a", "b", "c"]
    await task.complete(*(schedule_activity(name, Activity(retry_policy=ONCE), on_queue=name) for name in names))
    for name in names:
        await driver.poll_activity(on_queue=name)
    service = driver.service
    common: Common = {"namespace": driver.namespace, "workflow_id": WORKFLOW, "identity": "by-id"}
    await driver.send(
        service.RecordActivityTaskHeartbeatById,
        api.RecordActivityTaskHeartbeatByIdRequest(**common, activity_id="a", details=payloads("beat")),
    )
    await driver.describe()
    await driver.send(
        service.RespondActivityTaskCompletedById,
        api.RespondActivityTaskCompletedByIdRequest(**common, activity_id="a", result=payloads("result")),
    )
    await driver.send(
        service.RespondActivityTaskFailedById,
        api.RespondActivityTaskFailedByIdRequest(**common, activity_id="b", failure=failure("no")),
    )
    await attempt(
        driver.send(
            service.RespondActivityTaskCanceledById,
            api.RespondActivityTaskCanceledByIdRequest(**common, activity_id="c", details=payloads("canceled")),
        )
    )
    await driver.history()
    await end(driver)


@pytest.mark.parametrize(
    "workflow_id, run_id, activity_id",
    [
        (WORKFLOW, "", "nobody"),
        (WORKFLOW, "", ""),
        ("", "", "a"),
        ("nobody", "", "a"),
        (WORKFLOW, "not-a-uuid", "a"),
        (WORKFLOW, "00000000-0000-4000-8000-000000000000", "a"),
    ],
    ids=["activity", "no activity", "no workflow", "workflow", "bad run", "run"],
)
@on_both
async def test_wrong_ids(driver: Driver, workflow_id: str, run_id: str, activity_id: str) -> None:
    await begin(driver)
    names: ById = {
        "namespace": driver.namespace,
        "workflow_id": workflow_id,
        "run_id": run_id,
        "activity_id": activity_id,
    }
    service = driver.service
    await attempt(
        driver.send(service.RespondActivityTaskCompletedById, api.RespondActivityTaskCompletedByIdRequest(**names))
    )
    await attempt(driver.send(service.RespondActivityTaskFailedById, api.RespondActivityTaskFailedByIdRequest(**names)))
    await attempt(
        driver.send(service.RespondActivityTaskCanceledById, api.RespondActivityTaskCanceledByIdRequest(**names))
    )
    await attempt(
        driver.send(service.RecordActivityTaskHeartbeatById, api.RecordActivityTaskHeartbeatByIdRequest(**names))
    )
    await driver.history()


@pytest.mark.parametrize("answer", ["complete", "fail", "cancel", "heartbeat"])
@on_both
async def test_an_answer_by_id_before_it_has_started(driver: Driver, answer: str) -> None:
    await begin(driver)
    names: ById = {"namespace": driver.namespace, "workflow_id": WORKFLOW, "activity_id": "a"}
    service = driver.service
    if answer == "complete":
        request = api.RespondActivityTaskCompletedByIdRequest(**names, result=payloads("early"))
        await attempt(driver.send(service.RespondActivityTaskCompletedById, request))
    elif answer == "fail":
        failed = api.RespondActivityTaskFailedByIdRequest(**names, failure=failure("early", non_retryable=True))
        await attempt(driver.send(service.RespondActivityTaskFailedById, failed))
    elif answer == "cancel":
        canceled = api.RespondActivityTaskCanceledByIdRequest(**names)
        await attempt(driver.send(service.RespondActivityTaskCanceledById, canceled))
    else:
        beat = api.RecordActivityTaskHeartbeatByIdRequest(**names)
        await attempt(driver.send(service.RecordActivityTaskHeartbeatById, beat))
    await driver.describe()
    await driver.history()


@pytest.mark.parametrize("token", [b"", b"garbage", b"\x00\xff\x10"], ids=["none", "text", "bytes"])
@on_both
async def test_broken_tokens(driver: Driver, token: bytes) -> None:
    await begin(driver)
    names: ByToken = {"namespace": driver.namespace, "task_token": token}
    service = driver.service
    await attempt(driver.send(service.RespondActivityTaskCompleted, api.RespondActivityTaskCompletedRequest(**names)))
    await attempt(driver.send(service.RespondActivityTaskFailed, api.RespondActivityTaskFailedRequest(**names)))
    await attempt(driver.send(service.RespondActivityTaskCanceled, api.RespondActivityTaskCanceledRequest(**names)))
    await attempt(driver.send(service.RecordActivityTaskHeartbeat, api.RecordActivityTaskHeartbeatRequest(**names)))


# -- commands that cannot be carried out


@pytest.mark.parametrize(
    "wrong",
    [
        Activity(activity_id=""),
        Activity(activity_type=ActivityType(name="x" * 1001)),
        Activity(activity_id="x" * 1001),
        Activity(task_queue=TaskQueue(name="x" * 1001)),
        Activity(start_to_close_timeout=seconds(-1)),
        Activity(heartbeat_timeout=seconds(-1)),
        Activity(retry_policy=RetryPolicy(backoff_coefficient=0.5)),
        Activity(retry_policy=RetryPolicy(maximum_attempts=-1)),
        Activity(retry_policy=RetryPolicy(initial_interval=seconds(5), maximum_interval=seconds(1))),
        Activity(priority=Priority(priority_key=-1)),
    ],
    ids=["id", "type", "long id", "queue", "timeout", "heartbeat", "coefficient", "attempts", "interval", "priority"],
)
@on_both
async def test_a_bad_command_fails_the_task(driver: Driver, wrong: Activity) -> None:
    await driver.start()
    task = await driver.poll_workflow_task()
    command = schedule_activity("a", wrong)
    if not wrong.activity_id and wrong.ListFields() == []:
        command.schedule_activity_task_command_attributes.activity_id = ""
    await attempt(task.complete(record_marker("m"), command))
    await driver.history()
    await driver.describe()


@on_both
async def test_no_timeout_at_all(driver: Driver) -> None:
    await driver.start()
    task = await driver.poll_workflow_task()
    command = schedule_activity("a")
    command.schedule_activity_task_command_attributes.ClearField("start_to_close_timeout")
    await attempt(task.complete(command))
    await driver.history()


@on_both
async def test_an_id_that_is_taken(driver: Driver) -> None:
    await begin(driver)
    await driver.signal()
    task = await driver.poll_workflow_task()
    await attempt(task.complete(schedule_activity("a")))
    await driver.history()


@on_both
async def test_an_id_may_be_used_again_afterwards(driver: Driver) -> None:
    activity = await scheduled(driver)
    await activity.complete()
    task = await driver.poll_workflow_task()
    await task.complete(schedule_activity("a"))
    activity = await driver.poll_activity()
    await activity.complete()
    await end(driver)


# -- eager


@on_both
async def test_an_eager_activity_comes_with_the_answer(driver: Driver) -> None:
    await driver.start()
    task = await driver.poll_workflow_task()
    reply = await task.complete(
        schedule_activity("eager", Activity(request_eager_execution=True)),
        schedule_activity("other", Activity(request_eager_execution=True), on_queue="other"),
        schedule_activity("usual", on_queue="usual"),
    )
    await driver.describe()
    await ActivityTask(driver, reply.activity_tasks[0]).complete()
    await driver.no_activity()
    await end(driver)


@on_both
async def test_an_eager_activity_of_a_run_that_closes(driver: Driver) -> None:
    await driver.start()
    task = await driver.poll_workflow_task()
    await task.complete(schedule_activity("eager", Activity(request_eager_execution=True)), complete_workflow())
    await driver.history()


@on_both
async def test_an_eager_activity_is_tried_again_by_the_queue(driver: Driver) -> None:
    await driver.start()
    task = await driver.poll_workflow_task()
    reply = await task.complete(
        schedule_activity("eager", Activity(request_eager_execution=True, retry_policy=QUICK)),
    )
    await ActivityTask(driver, reply.activity_tasks[0]).fail()
    activity = await driver.poll_activity()
    await activity.complete()
    await end(driver)


# -- polls


@on_both
async def test_a_poll_with_a_rate_and_a_name(driver: Driver) -> None:
    await begin(driver)
    poll = api.PollActivityTaskQueueRequest(task_queue_metadata=TaskQueueMetadata())
    poll.task_queue_metadata.max_tasks_per_second.value = 1000
    activity = await driver.poll_activity(poll)
    await activity.complete()
    await end(driver)


@pytest.mark.parametrize("series", ["", "series"])
@on_both
async def test_started_events_name_the_build(driver: Driver, series: str) -> None:
    build = WorkerVersionCapabilities(build_id="build", deployment_series_name=series)
    await driver.start()
    task = await driver.poll_workflow_task(api.PollWorkflowTaskQueueRequest(worker_version_capabilities=build))
    await task.complete(schedule_activity("a"))
    activity = await driver.poll_activity(api.PollActivityTaskQueueRequest(worker_version_capabilities=build))
    await activity.complete()
    await driver.history()


@on_both
async def test_a_workflow_task_is_no_activity(driver: Driver) -> None:
    await driver.start()
    task = await driver.poll_workflow_task()
    stolen = ActivityTask(driver, api.PollActivityTaskQueueResponse(task_token=task.reply.task_token))
    await attempt(stolen.complete())
    await attempt(stolen.heartbeat("beat"))
    await task.complete(schedule_activity("a"))
    activity = await driver.poll_activity()
    reply = api.PollWorkflowTaskQueueResponse(task_token=activity.reply.task_token)
    await attempt(WorkflowTask(driver, reply).complete())
    await driver.history()
