"""What a history refers to in external storage: summed over all events; lists show it of closed runs, and find them."""

from __future__ import annotations

from temporalio.api.command.v1 import (
    CompleteWorkflowExecutionCommandAttributes,
    ContinueAsNewWorkflowExecutionCommandAttributes,
    ScheduleActivityTaskCommandAttributes,
)
from temporalio.api.common.v1 import Memo, Payload, Payloads
from temporalio.api.workflowservice import v1 as api

from tests.differential.commands import command, continue_as_new, schedule_activity
from tests.differential.driver import Driver, execution
from tests.differential.rig import on_both


def references(*sizes: int) -> Payloads:
    """Payloads as SDKs send them in place of those of these sizes in bytes."""
    metadata = {"encoding": b"json/protobuf", "messageType": b"temporal.api.sdk.v1.ExternalStorageReference"}
    found = Payloads()
    for size in sizes:
        payload = Payload(metadata=metadata, data=b'{"claimData":{"key":"k"},"driverName":"d"}')
        payload.external_payloads.add(size_bytes=size)
        found.payloads.append(payload)
    return found


@on_both
async def test_all_events_are_counted_while_the_run_goes_on_and_after_it(driver: Driver) -> None:
    memo = Memo(fields={"note": references(7).payloads[0]})
    await driver.start(api.StartWorkflowExecutionRequest(input=references(1_000, 20), memo=memo))
    await driver.describe()
    task = await driver.poll_workflow_task()
    await driver.signal(api.SignalWorkflowExecutionRequest(signal_name="signal", input=references(300)))
    await driver.describe()
    await task.complete(schedule_activity("a", ScheduleActivityTaskCommandAttributes(input=references(4_000))))
    await (await driver.poll_activity()).complete(references(50_000))
    task = await driver.poll_workflow_task()
    await driver.describe()
    await task.complete(command(CompleteWorkflowExecutionCommandAttributes(result=references(600_000))))
    await driver.describe()


@on_both
async def test_lists_show_closed_runs_with_it_and_find_them(driver: Driver) -> None:
    await driver.start(api.StartWorkflowExecutionRequest(workflow_id="without"))
    await driver.terminate(api.TerminateWorkflowExecutionRequest(workflow_execution=execution("without")))
    await driver.start(api.StartWorkflowExecutionRequest(input=references(1_000)))
    await driver.list_runs("TemporalExternalPayloadCount is null", count=2)
    await driver.terminate(api.TerminateWorkflowExecutionRequest(details=references(20)))
    await driver.list_runs("TemporalExternalPayloadCount = 2 AND TemporalExternalPayloadSizeBytes > 1000", count=1)
    await driver.list_runs("TemporalExternalPayloadCount is null", count=1)


@on_both
async def test_each_run_of_a_chain_counts_its_own(driver: Driver) -> None:
    first = await driver.start(api.StartWorkflowExecutionRequest(input=references(1_000)))
    task = await driver.poll_workflow_task()
    await task.complete(continue_as_new(ContinueAsNewWorkflowExecutionCommandAttributes(input=references(20))))
    await driver.describe(run_id=first.run_id)
    await driver.describe()
