"""How a run is ended from outside: cancel requests, termination, deletion; and what of it a late worker sees."""

from __future__ import annotations

import pytest
from temporalio.api.workflowservice import v1 as api

from tests.differential.commands import (
    cancel_workflow,
    complete_workflow,
    payloads,
    record_marker,
    schedule_activity,
    start_timer,
)
from tests.differential.driver import WORKFLOW, Driver, WorkflowTask, attempt, execution
from tests.differential.rig import on_both

Cancel = api.RequestCancelWorkflowExecutionRequest
Terminate = api.TerminateWorkflowExecutionRequest
NO_RUN = "00000000-0000-4000-8000-000000000000"


async def show(driver: Driver) -> None:
    await driver.history()
    await driver.describe()


async def first_task(driver: Driver) -> WorkflowTask:
    await driver.start()
    return await driver.poll_workflow_task()


# -- cancel


@on_both
async def test_a_cancel_request_brings_a_workflow_task(driver: Driver) -> None:
    task = await first_task(driver)
    await task.complete()
    await driver.request_cancel(Cancel(reason="enough"))
    await driver.describe()
    task = await driver.poll_workflow_task()
    await task.complete(cancel_workflow())
    await show(driver)


@on_both
async def test_a_run_may_cancel_itself_unasked(driver: Driver) -> None:
    task = await first_task(driver)
    await task.complete(cancel_workflow())
    await show(driver)


@on_both
async def test_a_run_need_not_obey(driver: Driver) -> None:
    await driver.start()
    await driver.request_cancel()
    task = await driver.poll_workflow_task()
    await task.complete(complete_workflow())
    await show(driver)


@pytest.mark.parametrize("second", ["request-2", "another"])
@on_both
async def test_canceled_twice(driver: Driver, second: str) -> None:
    await driver.start()
    await driver.request_cancel()
    await attempt(driver.request_cancel(Cancel(request_id=second)))
    await driver.history()


@on_both
async def test_canceled_while_a_task_is_under_way(driver: Driver) -> None:
    task = await first_task(driver)
    await driver.request_cancel(Cancel(reason="enough"))
    await attempt(driver.request_cancel(Cancel(request_id="another")))
    await show(driver)
    await attempt(task.complete(complete_workflow()))
    task = await driver.poll_workflow_task()
    await task.complete(cancel_workflow())
    await show(driver)


@pytest.mark.parametrize(
    "wrong",
    [
        Cancel(workflow_execution=execution("nobody")),
        Cancel(workflow_execution=execution(WORKFLOW, NO_RUN)),
        Cancel(workflow_execution=execution(WORKFLOW, "no-uuid")),
        Cancel(workflow_execution=execution("x" * 1001)),
        Cancel(workflow_execution=execution("")),
        Cancel(first_execution_run_id=NO_RUN),
        Cancel(first_execution_run_id="no-uuid"),
        Cancel(request_id="x" * 1001),
        Cancel(identity="x" * 1001),
        Cancel(reason="x" * 5000),
        Cancel(namespace="nowhere"),
    ],
    ids=[
        "workflow",
        "run",
        "bad run",
        "long id",
        "no id",
        "first run",
        "bad first run",
        "request",
        "identity",
        "reason",
        "namespace",
    ],
)
@on_both
async def test_a_cancel_request_with_something_odd(driver: Driver, wrong: Cancel) -> None:
    await driver.start()
    await attempt(driver.request_cancel(wrong))
    await driver.history()


@on_both
async def test_a_closed_run_cannot_be_canceled(driver: Driver) -> None:
    task = await first_task(driver)
    await task.complete(complete_workflow())
    await attempt(driver.request_cancel())
    await driver.history()


@on_both
async def test_the_first_run_of_the_chain_may_be_named(driver: Driver) -> None:
    started = await driver.start()
    await driver.request_cancel(Cancel(first_execution_run_id=started.run_id))
    await driver.terminate(Terminate(first_execution_run_id=started.run_id))
    await driver.history()


# -- terminate


@on_both
async def test_a_run_is_terminated(driver: Driver) -> None:
    await driver.start()
    await driver.terminate(Terminate(reason="enough", details=payloads("because")))
    await driver.no_workflow_task()
    await show(driver)


@on_both
async def test_terminated_with_things_pending(driver: Driver) -> None:
    task = await first_task(driver)
    await task.complete(schedule_activity("a"), start_timer("t", 60))
    await driver.poll_activity()
    await driver.signal()
    task = await driver.poll_workflow_task()
    await driver.signal("buffered")
    await driver.terminate()
    await attempt(task.complete(record_marker("late")))
    await attempt(task.fail())
    await show(driver)


@on_both
async def test_a_closed_run_cannot_be_terminated(driver: Driver) -> None:
    task = await first_task(driver)
    await task.complete(complete_workflow())
    await attempt(driver.terminate())
    await driver.history()


@pytest.mark.parametrize(
    "wrong",
    [
        Terminate(workflow_execution=execution("nobody")),
        Terminate(workflow_execution=execution(WORKFLOW, NO_RUN)),
        Terminate(workflow_execution=execution(WORKFLOW, "no-uuid")),
        Terminate(workflow_execution=execution("x" * 1001)),
        Terminate(workflow_execution=execution("")),
        Terminate(first_execution_run_id=NO_RUN),
        Terminate(first_execution_run_id="no-uuid"),
        Terminate(identity="x" * 1001),
        Terminate(reason="x" * 5000),
        Terminate(namespace="nowhere"),
    ],
    ids=[
        "workflow",
        "run",
        "bad run",
        "long id",
        "no id",
        "first run",
        "bad first run",
        "identity",
        "reason",
        "namespace",
    ],
)
@on_both
async def test_a_termination_with_something_odd(driver: Driver, wrong: Terminate) -> None:
    await driver.start()
    await attempt(driver.terminate(wrong))
    await driver.history()


# -- delete


@on_both
async def test_a_deleted_run_is_gone(driver: Driver) -> None:
    started = await driver.start()
    await driver.list_runs(count=1)
    await driver.delete(WORKFLOW, started.run_id)
    await driver.list_runs(count=0)
    await attempt(driver.describe())
    await attempt(driver.history(WORKFLOW, started.run_id))
    await attempt(driver.delete())
    await driver.start()
    await driver.describe()


@pytest.mark.parametrize(
    "workflow_id, run_id",
    [("nobody", ""), (WORKFLOW, NO_RUN), (WORKFLOW, "no-uuid"), ("", ""), ("x" * 1001, "")],
    ids=["workflow", "run", "bad run", "no id", "long id"],
)
@on_both
async def test_what_cannot_be_deleted(driver: Driver, workflow_id: str, run_id: str) -> None:
    await driver.start()
    await attempt(driver.delete(workflow_id, run_id))
