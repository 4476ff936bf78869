"""Workflows that call Nexus operations on the real server: ours are told what the official SDK's are told.

And by workers of ours that serve the operations all are told the same.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from types import ModuleType
from typing import Any, NamedTuple

import pytest
import temporalio.client
import temporalio.worker

import mainspring.client
import mainspring.worker
from tests.replay import nexus_program
from tests.replay.both_sdks import migrated
from tests.scenario import nexus_service
from tests.scenario.nexus_endpoint import make_endpoint
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
    service: ModuleType


OFFICIAL = Sdk(temporalio.client, temporalio.worker, nexus_program, nexus_service)
OURS = Sdk(mainspring.client, mainspring.worker, migrated(nexus_program), migrated(nexus_service))


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    assert REAL is not None
    with temporary_server(REAL) as started:
        yield started


@asynccontextmanager
async def served(sdk: Sdk, server: ServerProcess) -> AsyncGenerator[str]:
    """An endpoint, and a worker of an SDK behind it."""
    client = await sdk.client.Client.connect(server.address)
    name = f"words-{uuid.uuid4()}"
    await make_endpoint(client, name, name)
    async with sdk.worker.Worker(
        client,
        task_queue=name,
        nexus_service_handlers=[sdk.service.Words()],
        workflows=[sdk.service.Later],
        workflow_runner=sdk.worker.UnsandboxedWorkflowRunner(),
    ):
        yield name


@pytest.fixture
async def endpoint(server: ServerProcess) -> AsyncGenerator[str]:
    """An endpoint, and a worker of the official SDK behind it."""
    async with served(OFFICIAL, server) as name:
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


@pytest.mark.parametrize("caller", [OFFICIAL, OURS], ids=["official caller", "our caller"])
async def test_callers_are_told_the_same_by_workers_of_both_sdks(
    server: ServerProcess, endpoint: str, caller: Sdk
) -> None:
    theirs, _ = await called(caller, server, endpoint, 1000)
    async with served(OURS, server) as of_ours:
        ours, history = await called(caller, server, of_ours, 1000)
    assert ours == theirs
    await replay(OFFICIAL, history)
