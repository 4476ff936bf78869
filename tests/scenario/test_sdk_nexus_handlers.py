"""Handlers of Nexus operations on the real server: callers are told the same by our workers as by official ones."""

from __future__ import annotations

import concurrent.futures
import uuid
from collections.abc import Iterator
from types import ModuleType
from typing import NamedTuple

import pytest
import temporalio.client
import temporalio.worker

import mainspring.client
import mainspring.worker
from tests.replay.both_sdks import migrated
from tests.scenario import nexus_answers
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
    answers: ModuleType


OFFICIAL = Sdk(temporalio.client, temporalio.worker, nexus_answers)
OURS = Sdk(mainspring.client, mainspring.worker, migrated(nexus_answers))


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    assert REAL is not None
    with temporary_server(REAL) as started:
        yield started


async def told(sdk: Sdk, server: ServerProcess, by: Sdk = OFFICIAL) -> list[str]:
    """What a caller of one SDK, `by`, is told by handlers of another."""
    client = await sdk.client.Client.connect(server.address)
    calling = await by.client.Client.connect(server.address)
    name = f"answers-{uuid.uuid4()}"
    await make_endpoint(client, name, name)
    with concurrent.futures.ThreadPoolExecutor(5) as threads:
        async with (
            sdk.worker.Worker(
                client,
                task_queue=name,
                nexus_service_handlers=[sdk.answers.Answers()],
                nexus_task_executor=threads,
                workflows=[sdk.answers.Echo],
                workflow_runner=sdk.worker.UnsandboxedWorkflowRunner(),
            ),
            by.worker.Worker(
                calling,
                task_queue=f"{name}-callers",
                workflows=[by.answers.Asks],
                workflow_runner=by.worker.UnsandboxedWorkflowRunner(),
            ),
        ):
            result: list[str] = await calling.execute_workflow("Asks", name, id=name, task_queue=f"{name}-callers")
            return [as_officially(line) for line in result]


def as_officially(line: str) -> str:
    """Our converter's errors are a class of TypeErrors, and say what of."""
    line = line.replace("UnconvertibleValue", "TypeError")
    return line.replace("value for Nexus operation Answers.unserializable: ", "")


async def test_callers_are_told_the_same_by_handlers_of_both_sdks(server: ServerProcess) -> None:
    official = await told(OFFICIAL, server)
    assert len(official) == len(nexus_answers.OPERATIONS)
    assert await told(OURS, server) == official
    assert await told(OURS, server, by=OURS) == await told(OFFICIAL, server, by=OURS)
