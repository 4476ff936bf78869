"""DescribeWorkflowExecution: open runs with all that can be pending, closed ones, request ids, refusals."""

from __future__ import annotations

import pytest
from google.protobuf.message import Message
from temporalio.api.command.v1 import (
    Command,
    ContinueAsNewWorkflowExecutionCommandAttributes,
    ScheduleActivityTaskCommandAttributes,
    StartChildWorkflowExecutionCommandAttributes,
)
from temporalio.api.common.v1 import (
    Memo,
    Payload,
    Priority,
    RetryPolicy,
    SearchAttributes,
    WorkerVersionStamp,
    WorkflowType,
)
from temporalio.api.enums.v1 import ParentClosePolicy, WorkflowIdConflictPolicy
from temporalio.api.sdk.v1 import UserMetadata
from temporalio.api.taskqueue.v1 import StickyExecutionAttributes
from temporalio.api.workflow.v1 import OnConflictOptions
from temporalio.api.workflowservice import v1 as api

from tests.differential.commands import (
    cancel_activity,
    cancel_workflow,
    command,
    complete_workflow,
    continue_as_new,
    fail_workflow,
    failure,
    payload,
    schedule_activity,
    seconds,
    start_timer,
)
from tests.differential.driver import Driver, attempt, execution, queue, sticky_queue
from tests.differential.rig import on_both

Activity = ScheduleActivityTaskCommandAttributes
Completed = api.RespondWorkflowTaskCompletedRequest
Start = api.StartWorkflowExecutionRequest
KEYWORD = Payload(metadata={"encoding": b"json/plain", "type": b"Keyword"}, data=b'"me"')


async def describe(driver: Driver, workflow_id: str = "workflow", run_id: str = "") -> None:
    """Describe a run, with what differs from one real server to the next evened out."""
    steady(await driver.describe(workflow_id, run_id))


def steady(reply: api.DescribeWorkflowExecutionResponse) -> None:
    """What is pending in the order of ids; no names for requests of the server; intervals without its delays."""
    reply.pending_activities.sort(key=lambda activity: activity.activity_id)
    reply.pending_children.sort(key=lambda child: child.initiated_id)
    for waiting in reply.pending_activities:
        if waiting.HasField("current_retry_interval"):
            interval_ns = waiting.current_retry_interval.ToNanoseconds()
            waiting.current_retry_interval.CopyFrom(seconds(round(interval_ns / 1e9)))
    infos = reply.workflow_extended_info.request_id_infos
    for request_id in list(infos):
        if not request_id.startswith("request-"):
            infos["by the server"].CopyFrom(infos[request_id])
            del infos[request_id]


# -- what is pending


@on_both
async def test_a_run_from_its_start_to_its_first_completed_task(driver: Driver) -> None:
    await driver.start(
        Start(
            workflow_execution_timeout=seconds(500),
            workflow_run_timeout=seconds(400),
            workflow_task_timeout=seconds(20),
            memo=Memo(fields={"m": payload("memo")}),
            search_attributes=SearchAttributes(indexed_fields={"BatcherUser": KEYWORD}),
            user_metadata=UserMetadata(summary=payload("summary"), details=payload("details")),
            priority=Priority(priority_key=2, fairness_key="f", fairness_weight=3),
        )
    )
    await describe(driver)
    task = await driver.poll_workflow_task()
    await describe(driver)
    beside = Completed(worker_version_stamp=WorkerVersionStamp(build_id="build"))
    await task.complete(start_timer("t", 60), beside=beside)
    await describe(driver)


@on_both
async def test_a_run_without_options(driver: Driver) -> None:
    await driver.start()
    await describe(driver)


@on_both
async def test_a_run_whose_first_task_is_held_back(driver: Driver) -> None:
    await driver.start(Start(workflow_start_delay=seconds(60), workflow_run_timeout=seconds(100)))
    await describe(driver)


@on_both
async def test_a_failing_task(driver: Driver) -> None:
    await driver.start()
    for _ in range(2):
        task = await driver.poll_workflow_task()
        await task.fail()
        await describe(driver)
    task = await driver.poll_workflow_task()
    await describe(driver)
    await task.complete()
    await describe(driver)


@on_both
async def test_a_sticky_run(driver: Driver) -> None:
    sticky_poll = api.PollWorkflowTaskQueueRequest(task_queue=sticky_queue("sticky"))
    polling = await driver.beside(driver.no_workflow_task(sticky_poll))
    await driver.start()
    task = await driver.poll_workflow_task()
    sticky = StickyExecutionAttributes(worker_task_queue=sticky_queue("sticky"), schedule_to_start_timeout=seconds(30))
    await task.complete(beside=Completed(sticky_attributes=sticky))
    await polling
    await describe(driver)
    await driver.signal()
    await describe(driver)
    task = await driver.poll_workflow_task(sticky_poll)
    await describe(driver)


@on_both
async def test_a_run_that_is_asked_to_cancel(driver: Driver) -> None:
    await driver.start()
    task = await driver.poll_workflow_task()
    await driver.request_cancel()
    await describe(driver)
    await task.complete()
    await describe(driver)


# -- activities


async def with_activities(driver: Driver, *commands: Command) -> None:
    await driver.start()
    task = await driver.poll_workflow_task()
    await task.complete(*commands)


def activity(activity_id: str, **options: Message) -> Command:
    """An activity on a queue of its own."""
    return schedule_activity(activity_id, Activity(**options), on_queue=activity_id)  # type: ignore[arg-type]  # fields by name


@on_both
async def test_an_activity_through_its_life(driver: Driver) -> None:
    policy = RetryPolicy(initial_interval=seconds(1), backoff_coefficient=1, maximum_attempts=3)
    await with_activities(
        driver,
        activity(
            "a",
            retry_policy=policy,
            schedule_to_close_timeout=seconds(300),
            schedule_to_start_timeout=seconds(200),
            heartbeat_timeout=seconds(50),
            priority=Priority(priority_key=4),
        ),
    )
    await describe(driver)
    attempted = await driver.poll_activity(on_queue="a")
    await describe(driver)
    await attempted.heartbeat("so", "far")
    await describe(driver)
    await attempted.fail(failure("first"))
    await describe(driver)
    attempted = await driver.poll_activity(on_queue="a")
    await describe(driver)
    await attempted.complete()
    await describe(driver)


@on_both
async def test_activities_without_policies_and_timeouts(driver: Driver) -> None:
    once = RetryPolicy(maximum_attempts=1)
    await with_activities(driver, activity("a"), activity("b", retry_policy=once))
    await describe(driver)
    await driver.poll_activity(on_queue="a")
    await driver.poll_activity(on_queue="b")
    await describe(driver)


@on_both
async def test_an_activity_that_has_waited_for_its_retry(driver: Driver) -> None:
    policy = RetryPolicy(initial_interval=seconds(0.2), backoff_coefficient=1)
    await with_activities(driver, activity("a", retry_policy=policy))
    attempted = await driver.poll_activity(on_queue="a")
    await attempted.fail(failure("first"))
    request = api.DescribeWorkflowExecutionRequest(namespace=driver.namespace, execution=execution())
    await driver.settle(
        lambda: driver.send(driver.service.DescribeWorkflowExecution, request),
        until=lambda reply: not reply.pending_activities[0].HasField("next_attempt_schedule_time"),
    )


@on_both
async def test_an_activity_whose_attempt_timed_out(driver: Driver) -> None:
    policy = RetryPolicy(initial_interval=seconds(30))
    await with_activities(driver, activity("a", retry_policy=policy, start_to_close_timeout=seconds(1)))
    await driver.poll_activity(on_queue="a")
    request = api.DescribeWorkflowExecutionRequest(namespace=driver.namespace, execution=execution())
    await driver.settle(
        lambda: driver.send(driver.service.DescribeWorkflowExecution, request),
        until=lambda reply: reply.pending_activities[0].HasField("last_failure"),
    )


@on_both
async def test_a_started_activity_that_is_to_stop(driver: Driver) -> None:
    await with_activities(driver, activity("a"))
    await driver.poll_activity(on_queue="a")
    await driver.signal()
    task = await driver.poll_workflow_task()
    await task.complete(cancel_activity(5))
    await describe(driver)


# -- children


def child(workflow_id: str, *, on_queue: str = "children") -> Command:
    return command(
        StartChildWorkflowExecutionCommandAttributes(
            workflow_id=workflow_id,
            workflow_type=WorkflowType(name="Child"),
            task_queue=queue(on_queue),
            parent_close_policy=ParentClosePolicy.PARENT_CLOSE_POLICY_ABANDON,
        )
    )


@on_both
async def test_children_and_grandchildren(driver: Driver) -> None:
    await driver.start()
    task = await driver.poll_workflow_task()
    await task.complete(child("child"))
    at_children = api.PollWorkflowTaskQueueRequest(task_queue=queue("children"))
    first_child = await driver.poll_workflow_task(at_children)
    task = await driver.poll_workflow_task()
    await task.complete(child("another"))
    second_child = await driver.poll_workflow_task(at_children)
    task = await driver.poll_workflow_task()
    await task.complete()
    await describe(driver)
    await describe(driver, "child")
    await first_child.complete(child("grandchild", on_queue="grandchildren"))
    await driver.poll_workflow_task(api.PollWorkflowTaskQueueRequest(task_queue=queue("grandchildren")))
    await describe(driver, "grandchild")
    await second_child.complete(complete_workflow())
    await driver.poll_workflow_task()
    await describe(driver)


# -- closed runs


@pytest.mark.parametrize(
    "closing", [complete_workflow(), fail_workflow(), cancel_workflow()], ids=["completed", "failed", "canceled"]
)
@on_both
async def test_a_run_closed_by_its_worker(driver: Driver, closing: Command) -> None:
    await driver.start()
    task = await driver.poll_workflow_task()
    await driver.request_cancel()
    await attempt(task.complete(start_timer("t", 60)))
    task = await driver.poll_workflow_task()
    await task.complete(activity("a"), closing)
    await describe(driver)


@on_both
async def test_a_terminated_run(driver: Driver) -> None:
    await with_activities(driver, activity("a"))
    await driver.signal()
    await driver.poll_workflow_task()
    await driver.terminate()
    await describe(driver)


@on_both
async def test_a_run_that_timed_out(driver: Driver) -> None:
    await driver.start(Start(workflow_run_timeout=seconds(1)))
    await driver.closing_event()
    await describe(driver)


@on_both
async def test_a_run_that_was_continued_as_new(driver: Driver) -> None:
    first = await driver.start(Start(workflow_execution_timeout=seconds(100)))
    task = await driver.poll_workflow_task()
    again = ContinueAsNewWorkflowExecutionCommandAttributes(memo=Memo(fields={"m": payload("next")}))
    await task.complete(continue_as_new(again))
    await describe(driver, "workflow", first.run_id)
    await describe(driver)


@on_both
async def test_a_run_that_is_retried(driver: Driver) -> None:
    policy = RetryPolicy(initial_interval=seconds(60))
    first = await driver.start(Start(retry_policy=policy))
    task = await driver.poll_workflow_task()
    await task.complete(fail_workflow())
    await describe(driver, "workflow", first.run_id)
    await describe(driver)


# -- request ids

USE_EXISTING = Start(
    workflow_id_conflict_policy=WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
    on_conflict_options=OnConflictOptions(attach_request_id=True, attach_completion_callbacks=True, attach_links=True),
)


@on_both
async def test_request_ids_of_starts_and_signals(driver: Driver) -> None:
    await driver.start()
    await driver.start(USE_EXISTING)
    await driver.signal("one")
    await driver.signal_with_start()
    await driver.request_cancel()
    await describe(driver)


@on_both
async def test_request_ids_while_a_worker_has_the_task(driver: Driver) -> None:
    await driver.start()
    task = await driver.poll_workflow_task()
    await driver.signal("one")
    await driver.start(USE_EXISTING)
    await driver.signal("two")
    await driver.start(USE_EXISTING)
    await driver.signal_with_start()
    await describe(driver)
    await task.complete()
    await describe(driver)
    await driver.history()


@on_both
async def test_request_ids_of_a_signal_that_starts(driver: Driver) -> None:
    await driver.signal_with_start()
    await describe(driver)
    await driver.terminate()
    await describe(driver)


# -- refusals


@on_both
async def test_refusals(driver: Driver) -> None:
    known = await driver.start()
    other = "11111111-2222-3333-4444-555555555555"
    for request in (
        api.DescribeWorkflowExecutionRequest(execution=execution()),
        api.DescribeWorkflowExecutionRequest(namespace="nowhere", execution=execution()),
        api.DescribeWorkflowExecutionRequest(namespace=driver.namespace),
        api.DescribeWorkflowExecutionRequest(namespace=driver.namespace, execution=execution("")),
        api.DescribeWorkflowExecutionRequest(namespace=driver.namespace, execution=execution("", known.run_id)),
        api.DescribeWorkflowExecutionRequest(
            namespace=driver.namespace, execution=execution("!sonotreal", "superneverexistwf!")
        ),
        api.DescribeWorkflowExecutionRequest(namespace=driver.namespace, execution=execution("missing")),
        api.DescribeWorkflowExecutionRequest(namespace=driver.namespace, execution=execution("workflow", other)),
        api.DescribeWorkflowExecutionRequest(namespace=driver.namespace, execution=execution("other", known.run_id)),
    ):
        await attempt(driver.send(driver.service.DescribeWorkflowExecution, request))
    await attempt(
        driver.terminate(
            api.TerminateWorkflowExecutionRequest(workflow_execution=execution("!sonotreal", "superneverexistwf!"))
        )
    )
