"""Signals and cancels that a workflow sends to another: delivered, refused, to itself, several at once."""

from __future__ import annotations

from typing import Literal

import pytest
from temporalio.api.command.v1 import (
    RequestCancelExternalWorkflowExecutionCommandAttributes,
    SignalExternalWorkflowExecutionCommandAttributes,
)
from temporalio.api.common.v1 import Header, WorkflowExecution
from temporalio.api.workflowservice import v1 as api

from tests.differential.commands import (
    cancel_external,
    complete_workflow,
    payload,
    payloads,
    signal_external,
)
from tests.differential.driver import Driver, attempt, queue
from tests.differential.rig import on_both

Cancel = RequestCancelExternalWorkflowExecutionCommandAttributes
Signal = SignalExternalWorkflowExecutionCommandAttributes
Start = api.StartWorkflowExecutionRequest
NO_RUN = "00000000-0000-4000-8000-000000000000"


async def start_target(driver: Driver) -> str:
    """A run that waits for its first task to be polled; returns its run id."""
    return (await driver.start(Start(workflow_id="target", task_queue=queue("target")))).run_id


@on_both
async def test_a_signal_is_delivered(driver: Driver) -> None:
    await start_target(driver)
    await driver.start()
    task = await driver.poll_workflow_task()
    everything = Signal(control="control", input=payloads("in"), header=Header(fields={"h": payload("header")}))
    await task.complete(signal_external("target", everything))
    task = await driver.poll_workflow_task()
    await driver.history()
    await driver.history("target")
    await task.complete(complete_workflow())


@on_both
async def test_a_cancel_is_delivered(driver: Driver) -> None:
    await start_target(driver)
    await driver.start()
    task = await driver.poll_workflow_task()
    await task.complete(cancel_external("target", Cancel(control="control", reason="enough")))
    task = await driver.poll_workflow_task()
    await driver.history()
    await driver.history("target")
    await task.complete(complete_workflow())


@on_both
async def test_both_name_a_run(driver: Driver) -> None:
    run_id = await start_target(driver)
    await driver.start()
    task = await driver.poll_workflow_task()
    signal = Signal(execution=WorkflowExecution(workflow_id="target", run_id=run_id))
    await task.complete(signal_external("target", signal))
    task = await driver.poll_workflow_task()
    await task.complete(cancel_external("target", Cancel(run_id=run_id)))
    await driver.poll_workflow_task()
    await driver.history()
    await driver.history("target")


@pytest.mark.parametrize("what", ["signal", "cancel"])
@pytest.mark.parametrize("target", ["nobody", "closed", "no run", "itself", "no child"])
@on_both
async def test_a_target_that_does_not_take_it(driver: Driver, what: str, target: str) -> None:
    name, run_id = {"nobody": "nobody", "itself": "workflow"}.get(target, "target"), ""
    await start_target(driver)
    if target == "closed":
        await driver.terminate(
            api.TerminateWorkflowExecutionRequest(workflow_execution=WorkflowExecution(workflow_id="target"))
        )
    if target == "no run":
        run_id = NO_RUN
    only = target == "no child"
    await driver.start()
    task = await driver.poll_workflow_task()
    if what == "signal":
        signal = Signal(execution=WorkflowExecution(workflow_id=name, run_id=run_id), child_workflow_only=only)
        await attempt(task.complete(signal_external(name, signal)))
    else:
        await attempt(task.complete(cancel_external(name, Cancel(run_id=run_id, child_workflow_only=only))))
    await driver.poll_workflow_task()
    await driver.history()


@on_both
async def test_several_at_once(driver: Driver) -> None:
    await start_target(driver)
    await driver.start()
    task = await driver.poll_workflow_task()
    await task.complete(*(signal_external("target", Signal(signal_name=f"signal-{n}")) for n in range(5)))
    events = await driver.settle(lambda: driver.history("target"), until=lambda events: len(events) == 7)
    assert len({event.workflow_execution_signaled_event_attributes.signal_name for event in events}) == 6
    del driver.transcript.entries[-1]  # they may come in any order


@pytest.mark.parametrize(
    "wrong",
    [
        Signal(namespace="nowhere"),
        Signal(execution=WorkflowExecution(workflow_id="x" * 1001)),
        Signal(execution=WorkflowExecution(workflow_id="target", run_id="no-uuid")),
        Signal(execution=WorkflowExecution(run_id=NO_RUN)),
    ],
    ids=["namespace", "long id", "run", "no id"],
)
@on_both
async def test_a_bad_signal_command(driver: Driver, wrong: Signal) -> None:
    await driver.start()
    task = await driver.poll_workflow_task()
    await attempt(task.complete(signal_external("target", wrong)))
    await driver.history()


@pytest.mark.parametrize(
    "wrong",
    [Cancel(namespace="nowhere"), Cancel(workflow_id="x" * 1001), Cancel(run_id="no-uuid")],
    ids=["namespace", "id", "run"],
)
@on_both
async def test_a_bad_cancel_command(driver: Driver, wrong: Cancel) -> None:
    await driver.start()
    task = await driver.poll_workflow_task()
    await attempt(task.complete(cancel_external("target", wrong)))
    await driver.history()


@pytest.mark.parametrize("field", ["signal_name", "execution"])
@on_both
async def test_a_signal_command_that_leaves_something_out(
    driver: Driver, field: Literal["signal_name", "execution"]
) -> None:
    await driver.start()
    task = await driver.poll_workflow_task()
    command = signal_external("target")
    command.signal_external_workflow_execution_command_attributes.ClearField(field)
    await attempt(task.complete(command))
    await driver.history()


@on_both
async def test_a_cancel_command_without_a_target(driver: Driver) -> None:
    await driver.start()
    task = await driver.poll_workflow_task()
    command = cancel_external("target")
    command.request_cancel_external_workflow_execution_command_attributes.workflow_id = ""
    await attempt(task.complete(command))
    await driver.history()
