"""Update-with-start: one call that starts a workflow, or finds it, and updates it; and calls that make no sense."""

from __future__ import annotations

import pytest
from temporalio.api.enums.v1 import WorkflowIdConflictPolicy, WorkflowIdReusePolicy
from temporalio.api.workflowservice import v1 as api

from tests.differential.commands import WORKFLOW_TYPE, complete_workflow, fail_workflow, seconds
from tests.differential.driver import WORKFLOW, Driver, attempt, execution, queue
from tests.differential.rig import on_both
from tests.differential.test_updates import ACCEPTED, Updating, answer, asked

Many = api.ExecuteMultiOperationRequest
Operation = api.ExecuteMultiOperationRequest.Operation
Start = api.StartWorkflowExecutionRequest
Update = api.UpdateWorkflowExecutionRequest
USE_EXISTING = WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING


def start_of(driver: Driver, **changes: object) -> Operation:
    request = Start(
        namespace=driver.namespace,
        workflow_id=WORKFLOW,
        task_queue=queue(),
        request_id="start-request",
        identity="client",
        workflow_id_conflict_policy=USE_EXISTING,
    )
    request.workflow_type.name = WORKFLOW_TYPE
    request.MergeFrom(Start(**changes))  # type: ignore[arg-type]  # fields by name
    return Operation(start_workflow=request)


def update_of(driver: Driver, update: Update | None = None) -> Operation:
    made = Update(namespace=driver.namespace, workflow_execution=execution())
    made.MergeFrom(update or asked())
    return Operation(update_workflow=made)


async def execute(driver: Driver, *operations: Operation, within_s: float = 8.0) -> api.ExecuteMultiOperationResponse:
    request = Many(namespace=driver.namespace, operations=operations)
    return await driver.send(driver.service.ExecuteMultiOperation, request, within_s=within_s)


async def finish(driver: Driver) -> None:
    """The worker's part: the first workflow task accepts and completes the update."""
    task = await driver.poll_workflow_task()
    update = Updating(task)
    await answer(task, update.accept(), update.complete())


@on_both
async def test_it_starts_and_updates(driver: Driver) -> None:
    asking = await driver.beside(execute(driver, start_of(driver), update_of(driver)))
    await finish(driver)
    await asking
    await driver.history()
    await driver.describe()


@on_both
async def test_it_waits_for_acceptance_only(driver: Driver) -> None:
    asking = await driver.beside(execute(driver, start_of(driver), update_of(driver, asked(wait=ACCEPTED))))
    task = await driver.poll_workflow_task()
    await answer(task, Updating(task).accept())
    await asking
    await driver.history()


@on_both
async def test_it_is_rejected(driver: Driver) -> None:
    asking = await driver.beside(execute(driver, start_of(driver), update_of(driver)))
    task = await driver.poll_workflow_task()
    await answer(task, Updating(task).reject(), with_commands=False)
    await attempt(asking)
    await driver.history()


@pytest.mark.parametrize("conflict", ["USE_EXISTING", "FAIL", "TERMINATE_EXISTING"])
@on_both
async def test_a_workflow_that_runs(driver: Driver, conflict: str) -> None:
    await driver.start()
    task = await driver.poll_workflow_task()
    await task.complete()
    policy = WorkflowIdConflictPolicy.Value(f"WORKFLOW_ID_CONFLICT_POLICY_{conflict}")
    start = start_of(driver, workflow_id_conflict_policy=policy)
    asking = await driver.beside(attempt(execute(driver, start, update_of(driver), within_s=4)))
    if conflict != "FAIL":
        await finish(driver)
    await asking
    await driver.history()


@pytest.mark.parametrize("reuse", ["ALLOW_DUPLICATE", "ALLOW_DUPLICATE_FAILED_ONLY", "REJECT_DUPLICATE"])
@pytest.mark.parametrize("before", ["completed", "failed"])
@on_both
async def test_a_workflow_that_has_closed(driver: Driver, reuse: str, before: str) -> None:
    await driver.start()
    task = await driver.poll_workflow_task()
    await task.complete(complete_workflow() if before == "completed" else fail_workflow())
    policy = WorkflowIdReusePolicy.Value(f"WORKFLOW_ID_REUSE_POLICY_{reuse}")
    start = start_of(driver, workflow_id_reuse_policy=policy)
    asking = await driver.beside(attempt(execute(driver, start, update_of(driver), within_s=4)))
    if reuse == "ALLOW_DUPLICATE" or (reuse.endswith("ONLY") and before == "failed"):
        await finish(driver)
    await asking
    await driver.history()


@on_both
async def test_the_same_call_twice(driver: Driver) -> None:
    first = await driver.beside(execute(driver, start_of(driver), update_of(driver)))
    await finish(driver)
    await first
    await execute(driver, start_of(driver), update_of(driver))
    await driver.history()


@on_both
async def test_an_update_that_is_there_already(driver: Driver) -> None:
    await driver.start()
    asking = await driver.beside(driver.update(asked()))
    await finish(driver)
    await asking
    await execute(driver, start_of(driver), update_of(driver))
    await driver.history()


@pytest.mark.parametrize(
    "what",
    [
        "nothing",
        "start alone",
        "update alone",
        "wrong order",
        "three",
        "two starts",
        "other workflow",
        "cron",
        "delay",
        "eager",
        "run id",
        "no id",
        "no type",
        "no name",
        "empty",
        "other namespace",
    ],
)
@on_both
async def test_calls_that_make_no_sense(driver: Driver, what: str) -> None:
    start, update = start_of(driver), update_of(driver)
    operations = {
        "nothing": [],
        "start alone": [start],
        "update alone": [update],
        "wrong order": [update, start],
        "three": [start, update, update],
        "two starts": [start, start],
        "other workflow": [start, update_of(driver, Update(workflow_execution=execution("other")))],
        "cron": [start_of(driver, cron_schedule="* * * * *"), update],
        "delay": [start_of(driver, workflow_start_delay=seconds(1)), update],
        "eager": [start_of(driver, request_eager_execution=True), update],
        "run id": [start, update_of(driver, Update(workflow_execution=execution(WORKFLOW, "some-run")))],
        "empty": [start, Operation()],
        "other namespace": [start, update_of(driver, Update(namespace="default"))],
    }
    if what == "no id":
        start.start_workflow.workflow_id = update.update_workflow.workflow_execution.workflow_id = ""
    elif what == "no type":
        start.start_workflow.workflow_type.name = ""
    elif what == "no name":
        update.update_workflow.request.input.name = ""
    await attempt(execute(driver, *operations.get(what, [start, update]), within_s=3))
