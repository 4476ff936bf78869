"""Every workflow id reuse policy with every conflict policy, against a run in every state."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from temporalio.api.command.v1 import Command
from temporalio.api.enums.v1 import WorkflowIdConflictPolicy, WorkflowIdReusePolicy
from temporalio.api.workflowservice import v1 as api

from tests.differential.commands import cancel_workflow, complete_workflow, fail_workflow, seconds
from tests.differential.driver import Driver, attempt, execution
from tests.differential.rig import on_both

REUSE = list(WorkflowIdReusePolicy.keys())
CONFLICT = list(WorkflowIdConflictPolicy.keys())


def short(name: str) -> str:
    return name.rpartition("POLICY_")[2].lower()


async def nothing(driver: Driver, workflow_id: str) -> None:
    """No run has this id."""


async def running(driver: Driver, workflow_id: str) -> None:
    await driver.start(api.StartWorkflowExecutionRequest(workflow_id=workflow_id))


async def closed_by(driver: Driver, workflow_id: str, closing: Command) -> None:
    await running(driver, workflow_id)
    task = await driver.poll_workflow_task()
    await task.complete(closing)


async def completed(driver: Driver, workflow_id: str) -> None:
    await closed_by(driver, workflow_id, complete_workflow())


async def failed(driver: Driver, workflow_id: str) -> None:
    await closed_by(driver, workflow_id, fail_workflow())


async def canceled(driver: Driver, workflow_id: str) -> None:
    await running(driver, workflow_id)
    cancel = api.RequestCancelWorkflowExecutionRequest(workflow_execution=execution(workflow_id))
    await driver.request_cancel(cancel)
    task = await driver.poll_workflow_task()
    await task.complete(cancel_workflow())


async def terminated(driver: Driver, workflow_id: str) -> None:
    await running(driver, workflow_id)
    await driver.terminate(api.TerminateWorkflowExecutionRequest(workflow_execution=execution(workflow_id)))


async def timed_out(driver: Driver, workflow_id: str) -> None:
    """Its run timeout is over when the caller has waited for it."""
    request = api.StartWorkflowExecutionRequest(workflow_id=workflow_id, workflow_run_timeout=seconds(1))
    await driver.start(request)


STATES: dict[str, Callable[[Driver, str], Awaitable[None]]] = {
    function.__name__: function for function in (nothing, running, completed, failed, canceled, terminated, timed_out)
}


async def against(driver: Driver, state: str, start: Callable[[str, str], Awaitable[object]]) -> None:
    """Call `start(conflict policy, workflow id)` for each policy, with an id that has a run in the state."""
    ids = {conflict: f"against {state}, {short(conflict)}" for conflict in CONFLICT}
    for workflow_id in ids.values():
        await STATES[state](driver, workflow_id)
    if state == "timed_out":
        for workflow_id in ids.values():
            await driver.closing_event(workflow_id)
    for conflict, workflow_id in ids.items():
        first = await attempt(driver.describe(workflow_id))
        await attempt(start(conflict, workflow_id))
        await attempt(driver.history(workflow_id))
        if first is not None:
            await driver.history(workflow_id, first.workflow_execution_info.execution.run_id)


@pytest.mark.parametrize("reuse", REUSE, ids=short)
@pytest.mark.parametrize("state", STATES)
@on_both
async def test_start(driver: Driver, state: str, reuse: str) -> None:
    def start(conflict: str, workflow_id: str) -> Awaitable[object]:
        request = api.StartWorkflowExecutionRequest(
            workflow_id=workflow_id,
            workflow_id_reuse_policy=WorkflowIdReusePolicy.Value(reuse),
            workflow_id_conflict_policy=WorkflowIdConflictPolicy.Value(conflict),
        )
        return driver.start(request)

    await against(driver, state, start)


@pytest.mark.parametrize("reuse", REUSE, ids=short)
@pytest.mark.parametrize("state", STATES)
@on_both
async def test_signal_with_start(driver: Driver, state: str, reuse: str) -> None:
    def start(conflict: str, workflow_id: str) -> Awaitable[object]:
        request = api.SignalWithStartWorkflowExecutionRequest(
            workflow_id=workflow_id,
            workflow_id_reuse_policy=WorkflowIdReusePolicy.Value(reuse),
            workflow_id_conflict_policy=WorkflowIdConflictPolicy.Value(conflict),
        )
        return driver.signal_with_start(request)

    await against(driver, state, start)
