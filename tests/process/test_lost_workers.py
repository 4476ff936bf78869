"""Whose workers are surely gone when a file is opened: those of the process that had it, unless that was a server."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from temporalio.api.common.v1 import WorkflowExecution, WorkflowType
from temporalio.api.enums.v1 import EventType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    GetWorkflowExecutionHistoryRequest,
    PollWorkflowTaskQueueRequest,
    StartWorkflowExecutionRequest,
)

from mainspring._embedded._engine import open_engine
from mainspring._embedded._testing import TestEngineOptions, open_test_engine
from mainspring.service import ConnectConfig, DirectServiceClient, WorkflowService

TIMED_OUT = EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT


@asynccontextmanager
async def opened(file: Path, *, as_server: bool = False) -> AsyncGenerator[WorkflowService]:
    """The file, open in this process; as a server's, with a port for workers elsewhere."""
    if as_server:
        async with open_test_engine(TestEngineOptions(path=str(file), port=0)) as server:
            yield DirectServiceClient(ConnectConfig(target_host="test"), server.engine).workflow_service
        return
    async with open_engine(str(file)) as engine:
        yield DirectServiceClient(ConnectConfig(target_host="test"), engine).workflow_service


async def take_a_task(service: WorkflowService, workflow_id: str) -> None:
    """Start a run, and take its first workflow task; nobody will answer."""
    queue = TaskQueue(name=workflow_id)
    await service.start_workflow_execution(
        StartWorkflowExecutionRequest(
            namespace="default",
            workflow_id=workflow_id,
            workflow_type=WorkflowType(name="w"),
            task_queue=queue,
            request_id=workflow_id,
        )
    )
    polled = await service.poll_workflow_task_queue(PollWorkflowTaskQueueRequest(namespace="default", task_queue=queue))
    assert polled.task_token


async def has_timed_out(service: WorkflowService, workflow_id: str) -> bool:
    request = GetWorkflowExecutionHistoryRequest(
        namespace="default", execution=WorkflowExecution(workflow_id=workflow_id)
    )
    events = (await service.get_workflow_execution_history(request)).history.events
    return TIMED_OUT in [event.event_type for event in events]


async def test_what_workers_in_the_process_took_is_given_up_when_the_file_is_opened_again(tmp_path: Path) -> None:
    async with opened(tmp_path / "a.db") as service:
        await take_a_task(service, "first")
    async with opened(tmp_path / "a.db") as service:
        assert await has_timed_out(service, "first")
        await take_a_task(service, "second")
    async with opened(tmp_path / "a.db", as_server=True) as service:
        assert await has_timed_out(service, "second"), "a server knows it, too"


async def test_what_workers_of_a_server_took_stays_with_them(tmp_path: Path) -> None:
    async with opened(tmp_path / "a.db", as_server=True) as service:
        await take_a_task(service, "of server")
    async with opened(tmp_path / "a.db") as service:
        assert not await has_timed_out(service, "of server")
        await take_a_task(service, "of process")
    async with opened(tmp_path / "a.db", as_server=True) as service:
        assert not await has_timed_out(service, "of server")
        assert await has_timed_out(service, "of process")
        await take_a_task(service, "of server again")
    async with opened(tmp_path / "a.db", as_server=True) as service:
        assert not await has_timed_out(service, "of server again")
