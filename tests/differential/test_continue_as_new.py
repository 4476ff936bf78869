"""Continue-as-new: what the next run carries on, what may not be left behind, and chains seen from outside."""

from __future__ import annotations

import pytest
from temporalio.api.command.v1 import ContinueAsNewWorkflowExecutionCommandAttributes
from temporalio.api.common.v1 import Header, Memo, Payload, RetryPolicy, SearchAttributes, WorkflowType
from temporalio.api.enums.v1 import ContinueAsNewInitiator
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice import v1 as api

from tests.differential.commands import (
    complete_workflow,
    continue_as_new,
    failure,
    payload,
    payloads,
    record_marker,
    schedule_activity,
    seconds,
    start_timer,
)
from tests.differential.driver import WORKFLOW, Driver, WorkflowTask, attempt, queue
from tests.differential.rig import on_both

Continue = ContinueAsNewWorkflowExecutionCommandAttributes
Start = api.StartWorkflowExecutionRequest
WORDS = Payload(metadata={"encoding": b"json/plain", "type": b"KeywordList"}, data=b'["a","b"]')


async def first_task(driver: Driver, request: Start | None = None) -> WorkflowTask:
    await driver.start(request)
    return await driver.poll_workflow_task()


async def show_both(driver: Driver, first_run_id: str) -> None:
    await driver.history(WORKFLOW, first_run_id)
    await driver.describe(WORKFLOW, first_run_id)
    await driver.history()
    await driver.describe()


@on_both
async def test_what_the_next_run_carries_on(driver: Driver) -> None:
    everything = Start(
        input=payloads("first"),
        header=Header(fields={"h": payload("header")}),
        memo=Memo(fields={"m": payload("memo")}),
        search_attributes=SearchAttributes(indexed_fields={"BuildIds": WORDS}),
        workflow_run_timeout=seconds(200),
        workflow_task_timeout=seconds(20),
        retry_policy=RetryPolicy(maximum_attempts=3),
    )
    run_id = (await driver.start(everything)).run_id
    task = await driver.poll_workflow_task()
    await task.complete(continue_as_new())
    task = await driver.poll_workflow_task()
    await show_both(driver, run_id)
    await task.complete(complete_workflow())


@on_both
async def test_what_the_command_says_instead(driver: Driver) -> None:
    run_id = (await driver.start(Start(memo=Memo(fields={"old": payload("old")})))).run_id
    task = await driver.poll_workflow_task()
    command = Continue(
        workflow_type=WorkflowType(name="Other"),
        task_queue=TaskQueue(name="other"),
        input=payloads("second"),
        workflow_run_timeout=seconds(100),
        workflow_task_timeout=seconds(15),
        header=Header(fields={"h": payload("new")}),
        memo=Memo(fields={"new": payload("new")}),
        search_attributes=SearchAttributes(indexed_fields={"BuildIds": WORDS}),
        retry_policy=RetryPolicy(maximum_attempts=7),
    )
    await task.complete(continue_as_new(command))
    await driver.poll_workflow_task(api.PollWorkflowTaskQueueRequest(task_queue=queue("other")))
    await show_both(driver, run_id)


@on_both
async def test_a_command_that_says_nothing(driver: Driver) -> None:
    run_id = (await driver.start()).run_id
    task = await driver.poll_workflow_task()
    command = continue_as_new()
    command.continue_as_new_workflow_execution_command_attributes.ClearField("workflow_type")
    command.continue_as_new_workflow_execution_command_attributes.ClearField("task_queue")
    await task.complete(command)
    await driver.poll_workflow_task()
    await show_both(driver, run_id)


@on_both
async def test_the_initiator_and_its_results(driver: Driver) -> None:
    run_id = (await driver.start()).run_id
    task = await driver.poll_workflow_task()
    command = Continue(
        initiator=ContinueAsNewInitiator.CONTINUE_AS_NEW_INITIATOR_CRON_SCHEDULE,
        failure=failure("before"),
        last_completion_result=payloads("result"),
    )
    await task.complete(continue_as_new(command))
    await driver.poll_workflow_task()
    await show_both(driver, run_id)


@on_both
async def test_the_next_run_waits_as_told(driver: Driver) -> None:
    run_id = (await driver.start()).run_id
    task = await driver.poll_workflow_task()
    await task.complete(continue_as_new(Continue(backoff_start_interval=seconds(1.5))))
    await driver.history()
    await driver.describe()
    await driver.poll_workflow_task()
    await show_both(driver, run_id)


@on_both
async def test_the_execution_timeout_goes_on(driver: Driver) -> None:
    run_id = (await driver.start(Start(workflow_execution_timeout=seconds(3)))).run_id
    task = await driver.poll_workflow_task()
    await task.complete(continue_as_new())
    await driver.poll_workflow_task()
    await driver.closing_event()
    await show_both(driver, run_id)


@on_both
async def test_what_arrives_meanwhile_is_not_left_behind(driver: Driver) -> None:
    task = await first_task(driver)
    await driver.signal()
    await attempt(task.complete(continue_as_new()))
    task = await driver.poll_workflow_task()
    await task.complete(continue_as_new())
    await driver.poll_workflow_task()
    await driver.history()


@on_both
async def test_what_is_pending_ends_with_the_run(driver: Driver) -> None:
    run_id = (await driver.start()).run_id
    task = await driver.poll_workflow_task()
    await task.complete(schedule_activity("a"), start_timer("t", 60))
    activity = await driver.poll_activity()
    await driver.signal()
    task = await driver.poll_workflow_task()
    await task.complete(record_marker("m"), continue_as_new())
    await attempt(activity.complete())
    await attempt(activity.heartbeat("late"))
    await driver.poll_workflow_task()
    await show_both(driver, run_id)


@on_both
async def test_a_closed_link_of_the_chain_is_closed(driver: Driver) -> None:
    run_id = (await driver.start()).run_id
    task = await driver.poll_workflow_task()
    await task.complete(continue_as_new())
    old = api.SignalWorkflowExecutionRequest(signal_name="signal")
    old.workflow_execution.workflow_id, old.workflow_execution.run_id = WORKFLOW, run_id
    await attempt(driver.signal(old))
    terminate = api.TerminateWorkflowExecutionRequest(first_execution_run_id=run_id)
    await driver.terminate(terminate)
    await show_both(driver, run_id)


@on_both
async def test_a_request_id_belongs_to_the_chain(driver: Driver) -> None:
    await driver.start(Start(request_id="one"))
    task = await driver.poll_workflow_task()
    await task.complete(continue_as_new())
    await attempt(driver.start(Start(request_id="one")))
    await attempt(driver.start(Start(request_id="two")))


@pytest.mark.parametrize(
    "wrong",
    [
        Continue(workflow_type=WorkflowType(name="x" * 1001)),
        Continue(task_queue=TaskQueue(name="x" * 1001)),
        Continue(workflow_run_timeout=seconds(-1)),
        Continue(workflow_task_timeout=seconds(-1)),
        Continue(backoff_start_interval=seconds(-1)),
        Continue(retry_policy=RetryPolicy(backoff_coefficient=0.1)),
        Continue(cron_schedule="never"),
        Continue(search_attributes=SearchAttributes(indexed_fields={"Unknown": payload("x")})),
    ],
    ids=["type", "queue", "run timeout", "task timeout", "backoff", "retry", "cron", "attribute"],
)
@on_both
async def test_a_bad_command(driver: Driver, wrong: Continue) -> None:
    task = await first_task(driver)
    await attempt(task.complete(continue_as_new(wrong)))
    await driver.history()
