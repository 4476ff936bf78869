"""Child workflows: starts that succeed and fail, outcomes, cancellation, the fate of children of a closed parent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal

import pytest
from temporalio.api.command.v1 import (
    RequestCancelExternalWorkflowExecutionCommandAttributes,
    SignalExternalWorkflowExecutionCommandAttributes,
    StartChildWorkflowExecutionCommandAttributes,
)
from temporalio.api.common.v1 import Header, Memo, Priority, RetryPolicy, WorkflowExecution, WorkflowType
from temporalio.api.enums.v1 import ParentClosePolicy, WorkflowIdReusePolicy
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice import v1 as api

from tests.differential.commands import (
    cancel_external,
    cancel_workflow,
    complete_workflow,
    continue_as_new,
    fail_workflow,
    payload,
    payloads,
    record_marker,
    seconds,
    signal_external,
    start_child,
)
from tests.differential.driver import Driver, WorkflowTask, attempt, execution, queue
from tests.differential.rig import on_both

Child = StartChildWorkflowExecutionCommandAttributes
Start = api.StartWorkflowExecutionRequest
CHILD_POLL = api.PollWorkflowTaskQueueRequest(task_queue=queue("child"))


async def parent_of(driver: Driver, attributes: Child | None = None, request: Start | None = None) -> WorkflowTask:
    """A parent whose child has started; returns the parent's task that tells it of that, under way."""
    await driver.start(request)
    task = await driver.poll_workflow_task()
    await task.complete(start_child("child", attributes))
    return await driver.poll_workflow_task()


async def show(driver: Driver) -> None:
    await driver.history()
    await driver.describe()


# -- starts


@on_both
async def test_a_child_starts_and_completes(driver: Driver) -> None:
    task = await parent_of(driver)
    await driver.describe()
    await task.complete()
    child = await driver.poll_workflow_task(CHILD_POLL)
    await driver.describe("child")
    await child.complete(complete_workflow("from the child"))
    task = await driver.poll_workflow_task()
    await task.complete(complete_workflow())
    await show(driver)
    await driver.history("child")


@on_both
async def test_all_that_a_command_says_reaches_the_child(driver: Driver) -> None:
    everything = Child(
        workflow_type=WorkflowType(name="Other"),
        input=payloads("in"),
        workflow_execution_timeout=seconds(300),
        workflow_run_timeout=seconds(200),
        workflow_task_timeout=seconds(20),
        parent_close_policy=ParentClosePolicy.PARENT_CLOSE_POLICY_REQUEST_CANCEL,
        retry_policy=RetryPolicy(maximum_attempts=3),
        header=Header(fields={"h": payload("header")}),
        memo=Memo(fields={"m": payload("memo")}),
        control="control",
        workflow_id_reuse_policy=WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
        priority=Priority(priority_key=2),
    )
    await parent_of(driver, everything)
    await driver.poll_workflow_task(CHILD_POLL)
    await show(driver)
    await driver.history("child")
    await driver.describe("child")


@on_both
async def test_timeouts_of_a_child_come_from_the_command_alone(driver: Driver) -> None:
    request = Start(
        workflow_execution_timeout=seconds(100), workflow_run_timeout=seconds(90), workflow_task_timeout=seconds(9)
    )
    await parent_of(driver, None, request)
    await driver.poll_workflow_task(CHILD_POLL)
    await driver.history("child")
    await driver.describe("child")


@on_both
async def test_a_grandchild_knows_its_root(driver: Driver) -> None:
    await parent_of(driver)
    child = await driver.poll_workflow_task(CHILD_POLL)
    await child.complete(start_child("grandchild"))
    await driver.poll_workflow_task(api.PollWorkflowTaskQueueRequest(task_queue=queue("grandchild")))
    await driver.history("grandchild")
    await driver.describe("grandchild")


@pytest.mark.parametrize("reuse", ["ALLOW_DUPLICATE", "ALLOW_DUPLICATE_FAILED_ONLY", "REJECT_DUPLICATE"])
@pytest.mark.parametrize("before", ["running", "completed", "failed"])
@on_both
async def test_an_id_that_was_used_before(driver: Driver, reuse: str, before: str) -> None:
    await driver.start(Start(workflow_id="child", task_queue=queue("child")))
    other = await driver.poll_workflow_task(CHILD_POLL)
    if before != "running":
        await other.complete(complete_workflow() if before == "completed" else fail_workflow())
    policy = WorkflowIdReusePolicy.Value(f"WORKFLOW_ID_REUSE_POLICY_{reuse}")
    task = await parent_of(driver, Child(workflow_id_reuse_policy=policy))
    await show(driver)
    await task.complete(complete_workflow())


@on_both
async def test_a_child_of_the_parents_own_id(driver: Driver) -> None:
    await driver.start()
    task = await driver.poll_workflow_task()
    await attempt(task.complete(start_child("workflow")))
    await driver.poll_workflow_task()
    await show(driver)


@on_both
async def test_two_children_of_one_id(driver: Driver) -> None:
    await driver.start()
    task = await driver.poll_workflow_task()
    await task.complete(start_child("child"))
    task = await driver.poll_workflow_task()
    await task.complete(start_child("child"))
    await driver.poll_workflow_task()
    await show(driver)


@pytest.mark.parametrize(
    "wrong",
    [
        Child(namespace="nowhere"),
        Child(workflow_id="x" * 1001),
        Child(workflow_type=WorkflowType(name="x" * 1001)),
        Child(task_queue=TaskQueue(name="x" * 1001)),
        Child(workflow_run_timeout=seconds(-1)),
        Child(retry_policy=RetryPolicy(backoff_coefficient=0.1)),
        Child(cron_schedule="never"),
        Child(priority=Priority(priority_key=-1)),
    ],
    ids=["namespace", "id", "type", "queue", "timeout", "retry", "cron", "priority"],
)
@on_both
async def test_a_bad_command_fails_the_task(driver: Driver, wrong: Child) -> None:
    await driver.start()
    task = await driver.poll_workflow_task()
    await attempt(task.complete(record_marker("m"), start_child("child", wrong)))
    await driver.history()


@pytest.mark.parametrize("field", ["workflow_id", "workflow_type"])
@on_both
async def test_a_command_that_leaves_something_out(
    driver: Driver, field: Literal["workflow_id", "workflow_type"]
) -> None:
    await driver.start()
    task = await driver.poll_workflow_task()
    command = start_child("child")
    command.start_child_workflow_execution_command_attributes.ClearField(field)
    await attempt(task.complete(command))
    await driver.history()


@on_both
async def test_a_child_runs_on_its_parents_queue_unless_told_otherwise(driver: Driver) -> None:
    await driver.start()
    task = await driver.poll_workflow_task()
    command = start_child("child")
    command.start_child_workflow_execution_command_attributes.ClearField("task_queue")
    await task.complete(command)
    await driver.settle(driver.history, until=lambda events: len(events) >= 7)
    await driver.settle(lambda: driver.history("child"), until=lambda events: len(events) >= 2)


# -- outcomes


@pytest.mark.parametrize("outcome", ["failed", "canceled", "terminated", "timed out", "continued"])
@on_both
async def test_an_outcome(driver: Driver, outcome: str) -> None:
    attributes = Child(workflow_run_timeout=seconds(1)) if outcome == "timed out" else None
    task = await parent_of(driver, attributes)
    await task.complete()
    child = await driver.poll_workflow_task(CHILD_POLL)
    if outcome == "failed":
        await child.complete(fail_workflow("no"))
    elif outcome == "canceled":
        await child.complete(cancel_workflow())
    elif outcome == "terminated":
        await driver.terminate(api.TerminateWorkflowExecutionRequest(workflow_execution=execution("child")))
    elif outcome == "continued":
        await child.complete(continue_as_new())
        child = await driver.poll_workflow_task()
        await driver.describe()
        await child.complete(complete_workflow("at last"))
    task = await driver.poll_workflow_task()
    await driver.describe()
    await task.complete(complete_workflow())
    await driver.history()


@on_both
async def test_an_outcome_while_the_parent_has_a_task(driver: Driver) -> None:
    task = await parent_of(driver)
    child = await driver.poll_workflow_task(CHILD_POLL)
    await child.complete(complete_workflow())
    await task.complete(record_marker("m"))
    task = await driver.poll_workflow_task()
    await task.complete(complete_workflow())
    await driver.history()


@on_both
async def test_a_child_that_retries_is_one_child(driver: Driver) -> None:
    task = await parent_of(driver, Child(retry_policy=RetryPolicy(initial_interval=seconds(0.2), maximum_attempts=2)))
    await task.complete()
    child = await driver.poll_workflow_task(CHILD_POLL)
    await child.complete(fail_workflow("first"))
    child = await driver.poll_workflow_task(CHILD_POLL)
    await driver.describe()
    await child.complete(fail_workflow("second"))
    task = await driver.poll_workflow_task()
    await task.complete(complete_workflow())
    await driver.history()


# -- the parent's own end


async def _complete(_driver: Driver, task: WorkflowTask) -> None:
    await task.complete(complete_workflow())


async def _fail(_driver: Driver, task: WorkflowTask) -> None:
    await task.complete(fail_workflow())


async def _continue(_driver: Driver, task: WorkflowTask) -> None:
    await task.complete(continue_as_new())


async def _terminate(driver: Driver, _task: WorkflowTask) -> None:
    await driver.terminate()


ENDS: dict[str, Callable[[Driver, WorkflowTask], Awaitable[None]]] = {
    "completed": _complete,
    "failed": _fail,
    "continued": _continue,
    "terminated": _terminate,
}


@pytest.mark.parametrize("policy", ["TERMINATE", "REQUEST_CANCEL", "ABANDON"])
@pytest.mark.parametrize("way", list(ENDS))
@on_both
async def test_what_becomes_of_a_child(driver: Driver, policy: str, way: str) -> None:
    attributes = Child(parent_close_policy=ParentClosePolicy.Value(f"PARENT_CLOSE_POLICY_{policy}"))
    task = await parent_of(driver, attributes)
    await driver.poll_workflow_task(CHILD_POLL)
    await ENDS[way](driver, task)
    if policy == "TERMINATE":
        await driver.closing_event("child")
    elif policy == "REQUEST_CANCEL":
        await driver.settle(lambda: driver.history("child"), until=lambda events: len(events) >= 4)
    await driver.describe("child")
    await driver.history("child")
    await driver.history()


@on_both
async def test_a_parent_that_closes_before_its_child_has_started(driver: Driver) -> None:
    await driver.start()
    task = await driver.poll_workflow_task()
    await task.complete(start_child("child"), complete_workflow())
    await driver.no_workflow_task(CHILD_POLL)
    await driver.history()
    await attempt(driver.history("child"))


# -- the parent's requests


@on_both
async def test_a_child_is_canceled(driver: Driver) -> None:
    task = await parent_of(driver)
    only = RequestCancelExternalWorkflowExecutionCommandAttributes(child_workflow_only=True, reason="enough")
    await task.complete(cancel_external("child", only))
    task = await driver.poll_workflow_task()
    await driver.history()
    await task.complete()
    child = await driver.poll_workflow_task(CHILD_POLL)
    await child.complete(cancel_workflow())
    task = await driver.poll_workflow_task()
    await task.complete(complete_workflow())
    await driver.history()
    await driver.history("child")


@on_both
async def test_a_child_is_canceled_in_the_task_that_starts_it(driver: Driver) -> None:
    await driver.start()
    task = await driver.poll_workflow_task()
    only = RequestCancelExternalWorkflowExecutionCommandAttributes(child_workflow_only=True)
    await attempt(task.complete(start_child("child"), cancel_external("child", only)))
    await driver.settle(driver.history, until=lambda events: len(events) >= 7)


@on_both
async def test_a_child_is_signaled(driver: Driver) -> None:
    task = await parent_of(driver)
    only = SignalExternalWorkflowExecutionCommandAttributes(
        execution=WorkflowExecution(workflow_id="child"), child_workflow_only=True, input=payloads("in")
    )
    await task.complete(signal_external("child", only))
    task = await driver.poll_workflow_task()
    await task.complete(complete_workflow())
    await driver.history()
    await driver.settle(lambda: driver.history("child"), until=lambda events: len(events) >= 3)
