"""What happens to a run whose history or state grows too large: the server ends it, and says why."""

from __future__ import annotations

import asyncio
from pathlib import Path

import grpc.aio
import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice import v1 as api

from benchmarks import lean
from tests.server_process import ServerProcess


@pytest.mark.parametrize(
    "key, value, reason",
    [
        ("limit.historyCount.error", "12", "Workflow history count exceeds limit."),
        ("limit.historySize.error", "2000", "Workflow history size exceeds limit."),
    ],
)
def test_a_history_that_grows_too_long_ends_its_run(tmp_path: Path, key: str, value: str, reason: str) -> None:
    with ServerProcess(tmp_path, arguments=["--dynamic-config-value", f"{key}={value}"]) as server:
        asyncio.run(signal_until_it_ends(server.address, reason))


def test_a_state_that_grows_too_large_ends_its_run(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, arguments=["--dynamic-config-value", "limit.mutableStateSize.error=30000"]) as server:
        asyncio.run(heartbeat_until_it_ends(server))


async def heartbeat_until_it_ends(server: ServerProcess) -> None:
    """Details of heartbeats are kept with the activity; what was there before a restart counts too."""
    async with lean.connected(server.address) as service:
        await service.start_workflow(lean.start_request("large", "queue"))
        task = await service.poll_workflow_task(lean.workflow_poll("queue"))
        commands = [lean.schedule_activity(name, "queue") for name in ("a", "b", "c")]
        await service.complete_workflow_task(lean.task_completed(task, commands))
        beats = [
            api.RecordActivityTaskHeartbeatRequest(
                namespace=lean.NAMESPACE,
                task_token=(await service.poll_activity_task(lean.activity_poll("queue"))).task_token,
                details=lean.text_payloads("x" * 14_000),
            )
            for _ in commands
        ]
        for beat in [beats[0], beats[0], beats[1]]:
            await service.heartbeat(beat)
        await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.start)
        with pytest.raises(grpc.aio.AioRpcError, match="Workflow mutable state size exceeds limit"):
            await service.heartbeat(beats[2])
        last = (await service.events("large"))[-1]
    terminated = last.workflow_execution_terminated_event_attributes
    assert (terminated.reason, terminated.identity) == ("Workflow mutable state size exceeds limit.", "history-service")


async def signal_until_it_ends(address: str, reason: str) -> None:
    async with lean.connected(address) as service:
        refusals: list[str | None] = []
        started = await service.start_workflow(lean.start_request("long", "queue"))
        signal = api.SignalWorkflowExecutionRequest(
            namespace=lean.NAMESPACE,
            workflow_execution=WorkflowExecution(workflow_id="long", run_id=started.run_id),
            signal_name="signal",
            input=lean.text_payloads("x" * 100),
        )
        for _ in range(30):
            if (await service.events("long"))[-1].event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED:
                break
            try:
                await service.signal_workflow(signal)
            except grpc.aio.AioRpcError as error:
                refusals.append(error.details())
        last = (await service.events("long"))[-1]
    terminated = last.workflow_execution_terminated_event_attributes
    assert (terminated.reason, terminated.identity) == (reason, "history-service")
    assert refusals == [reason]
