"""What is asked for is done, and done once, also where the real server does not: docs/guide/differences.md.

Here only, since the real server is no measure for these; the driver is that of the differential tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from temporalio.api.command.v1 import StartChildWorkflowExecutionCommandAttributes
from temporalio.api.enums.v1 import EventType, ParentClosePolicy, WorkflowIdConflictPolicy
from temporalio.api.workflowservice import v1 as api

from tests.differential.commands import complete_workflow, continue_as_new, signal_external, start_child
from tests.differential.driver import Driver, queue
from tests.differential.test_updates import Updating, answer, asked, begun
from tests.server_process import ServerProcess, mainspring_command


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    directory: Path = tmp_path_factory.mktemp("promises")
    with ServerProcess(directory, command=mainspring_command()) as started:
        yield started


async def test_an_abandoned_child_starts_though_its_parent_has_closed(server: ServerProcess) -> None:
    async with Driver(server.address, "default") as driver:
        await driver.start(api.StartWorkflowExecutionRequest(workflow_id="parent", task_queue=queue("parent")))
        task = await driver.poll_workflow_task(api.PollWorkflowTaskQueueRequest(task_queue=queue("parent")))
        abandon = StartChildWorkflowExecutionCommandAttributes(
            parent_close_policy=ParentClosePolicy.PARENT_CLOSE_POLICY_ABANDON
        )
        await task.complete(start_child("child", abandon), complete_workflow())
        child = await driver.poll_workflow_task(api.PollWorkflowTaskQueueRequest(task_queue=queue("child")))
        await child.complete(complete_workflow())
        closed = await driver.closing_event("child")
    assert closed.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED


async def test_a_signal_leaves_a_run_that_closes(server: ServerProcess) -> None:
    async with Driver(server.address, "default") as driver:
        await driver.start(api.StartWorkflowExecutionRequest(workflow_id="target", task_queue=queue("target")))
        await driver.start(api.StartWorkflowExecutionRequest(workflow_id="sender", task_queue=queue("sender")))
        task = await driver.poll_workflow_task(api.PollWorkflowTaskQueueRequest(task_queue=queue("sender")))
        await task.complete(signal_external("target"), complete_workflow())
        events = await driver.settle(lambda: driver.history("target"), until=lambda events: len(events) >= 3)
    assert events[-1].event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED


async def test_an_update_goes_on_to_the_next_run(server: ServerProcess) -> None:
    async with Driver(server.address, "default") as driver:
        await begun(driver)
        asking = await driver.beside(driver.update(asked()))
        task = await driver.poll_workflow_task()
        await task.complete(continue_as_new())
        task = await driver.poll_workflow_task()
        update = Updating(task)
        await answer(task, update.accept(), update.complete())
        reply = await asking
    assert reply.outcome.HasField("success")
    assert reply.update_ref.workflow_execution.run_id == task.reply.workflow_execution.run_id


async def test_a_start_that_replaces_is_carried_out_once(server: ServerProcess) -> None:
    """A client that got no answer sends the same request again: it must not end the run that it has made."""
    request = api.SignalWithStartWorkflowExecutionRequest(
        workflow_id="replacing",
        request_id="the same",
        workflow_id_conflict_policy=WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING,
    )
    async with Driver(server.address, "default") as driver:
        first = await driver.signal_with_start(request)
        again = await driver.signal_with_start(request)
        events = await driver.history("replacing")
    assert again.run_id == first.run_id
    assert [e.event_type for e in events].count(EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED) == 1
