"""Workflows that call Nexus operations on the real server: ours are told what the official SDK's are told."""

from __future__ import annotations

import uuid
from collections.abc import AsyncGenerator, Iterator
from types import ModuleType
from typing import Any, NamedTuple

import pytest
import temporalio.client
import temporalio.worker
from temporalio.api.nexus.v1 import EndpointSpec, EndpointTarget
from temporalio.api.operatorservice.v1 import CreateNexusEndpointRequest

import mainspring.client
import mainspring.worker
from tests.replay import nexus_program
from tests.replay.both_sdks import migrated
from tests.scenario import nexus_service
from tests.server_process import ServerProcess, real_server_command, temporary_server

REAL = real_server_command()
pytestmark = [
    pytest.mark.scenario,
    pytest.mark.timeout(120),
    pytest.mark.skipif(REAL is None, reason="no real server is installed"),
]


class Sdk(NamedTuple):
    """One SDK, and the program for it."""

    client: ModuleType
    worker: ModuleType
    program: ModuleType


OFFICIAL = Sdk(temporalio.client, temporalio.worker, nexus_program)
OURS = Sdk(mainspring.client, mainspring.worker, migrated(nexus_program))


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    assert REAL is not None
    with temporary_server(REAL) as started:
        yield started


@pytest.fixture
async def endpoint(server: ServerProcess) -> AsyncGenerator[str]:
    """An endpoint, and a worker of the official SDK behind it."""
    client = await temporalio.client.Client.connect(server.address)
    name = f"words-{uuid.uuid4()}"
    target = EndpointTarget(worker=EndpointTarget.Worker(namespace="default", task_queue=name))
    request = CreateNexusEndpointRequest(spec=EndpointSpec(name=name, target=target))
    await client.operator_service.create_nexus_endpoint(request)
    async with temporalio.worker.Worker(
        client,
        task_queue=name,
        nexus_service_handlers=[nexus_service.Words()],
        workflows=[nexus_service.Later],
        workflow_runner=temporalio.worker.UnsandboxedWorkflowRunner(),
    ):
        yield name


async def called(sdk: Sdk, server: ServerProcess, endpoint: str, cached: int) -> tuple[list[str], Any]:
    """What a caller of one SDK was told, and its history."""
    client = await sdk.client.Client.connect(server.address)
    name = f"caller-{uuid.uuid4()}"
    async with sdk.worker.Worker(
        client,
        task_queue=name,
        workflows=sdk.program.WORKFLOWS,
        workflow_runner=sdk.worker.UnsandboxedWorkflowRunner(),
        max_cached_workflows=cached,
    ):
        handle = await client.start_workflow("Caller", endpoint, id=name, task_queue=name)
        log: list[str] = await handle.result()
        return log, await handle.fetch_history()


async def replay(sdk: Sdk, history: Any) -> None:
    again = sdk.client.WorkflowHistory.from_json(history.workflow_id, history.to_json())
    replayer = sdk.worker.Replayer(
        workflows=sdk.program.WORKFLOWS, workflow_runner=sdk.worker.UnsandboxedWorkflowRunner()
    )
    await replayer.replay_workflow(again)


@pytest.mark.parametrize("cached", [0, 1000], ids=["uncached", "cached"])
async def test_callers_of_both_sdks_are_told_the_same(server: ServerProcess, endpoint: str, cached: int) -> None:
    theirs, their_history = await called(OFFICIAL, server, endpoint, cached)
    ours, our_history = await called(OURS, server, endpoint, cached)
    assert ours == theirs
    await replay(OURS, their_history)
    await replay(OFFICIAL, our_history)
