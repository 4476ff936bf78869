"""External storage between the SDKs: each reads what the other stored, and both store the same for the same."""

from __future__ import annotations

import uuid
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import asynccontextmanager
from types import ModuleType
from typing import Any, NamedTuple

import pytest
import temporalio.client
import temporalio.converter
import temporalio.worker

import mainspring.client
import mainspring.converter
import mainspring.worker
from tests.memory_driver import MemoryDriver
from tests.replay import storing_program
from tests.replay.both_sdks import migrated
from tests.server_process import ServerProcess, mainspring_command, real_server_command, temporary_server

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(60)]

THRESHOLD = 500
LARGE = "large " * 500


class Sdk(NamedTuple):
    """One SDK, and the program for it."""

    client: ModuleType
    converter: ModuleType
    worker: ModuleType
    program: ModuleType


OFFICIAL = Sdk(temporalio.client, temporalio.converter, temporalio.worker, storing_program)
OURS = Sdk(mainspring.client, mainspring.converter, mainspring.worker, migrated(storing_program))
COMMANDS = [
    pytest.param(mainspring_command(), id="mainspring"),
    pytest.param(
        real_server_command(),
        id="real",
        marks=pytest.mark.skipif(real_server_command() is None, reason="no real server is installed"),
    ),
]


@pytest.fixture(scope="module", params=COMMANDS)
def server(request: pytest.FixtureRequest) -> Iterator[ServerProcess]:
    command: Sequence[str] = request.param
    with temporary_server(command) as started:
        yield started


def converter(sdk: Sdk, driver: MemoryDriver) -> Any:
    storage = sdk.converter.ExternalStorage(drivers=[driver], payload_size_threshold=THRESHOLD)
    return sdk.converter.DataConverter(external_storage=storage)


async def client_of(sdk: Sdk, server: ServerProcess, driver: MemoryDriver) -> Any:
    return await sdk.client.Client.connect(server.address, data_converter=converter(sdk, driver))


@asynccontextmanager
async def worker(sdk: Sdk, server: ServerProcess, driver: MemoryDriver, queue: str) -> AsyncGenerator[None]:
    async with sdk.worker.Worker(
        await client_of(sdk, server, driver),
        task_queue=queue,
        workflows=sdk.program.WORKFLOWS,
        activities=sdk.program.ACTIVITIES,
        workflow_runner=sdk.worker.UnsandboxedWorkflowRunner(),
        max_workflow_task_external_storage_concurrency=1,
    ):
        yield


async def relay(server: ServerProcess, of_client: Sdk, of_worker: Sdk, driver: MemoryDriver) -> str:
    """The program, begun by a client of one SDK and run by a worker of another. Returns: the workflow's id."""
    name = f"relay-{uuid.uuid4()}"
    client = await client_of(of_client, server, driver)
    async with worker(of_worker, server, driver, name):
        handle = await client.start_workflow("Relay", LARGE, id=name, task_queue=name, memo={"note": LARGE})
        assert await handle.execute_update("change", LARGE) == LARGE
        assert await handle.query("repeat", LARGE) == LARGE
        assert await handle.result() == LARGE
        assert await (await handle.describe()).memo() == {"note": LARGE}
    return name


@pytest.mark.parametrize("of_client, of_worker", [(OFFICIAL, OURS), (OURS, OFFICIAL)], ids=["ours works", "ours asks"])
async def test_each_sdk_reads_what_the_other_stored(server: ServerProcess, of_client: Sdk, of_worker: Sdk) -> None:
    driver = MemoryDriver()
    name = await relay(server, of_client, of_worker, driver)
    for sdk in (OFFICIAL, OURS):
        client = await client_of(sdk, server, driver)
        history = await client.get_workflow_handle(name).fetch_history()
        assert not [event for event in history.events if LARGE.encode() in event.SerializeToString()]
        replayer = sdk.worker.Replayer(
            workflows=sdk.program.WORKFLOWS,
            workflow_runner=sdk.worker.UnsandboxedWorkflowRunner(),
            data_converter=converter(sdk, driver),
        )
        await replayer.replay_workflow(history)


async def stored_for(server: ServerProcess, sdk: Sdk) -> list[tuple[str | None, ...]]:
    """For whom clients and workers of one SDK store, without what is drawn by chance."""
    driver = MemoryDriver()
    name = await relay(server, sdk, sdk, driver)
    found: list[tuple[str | None, ...]] = []
    for target in driver.targets:
        shown = {key: value and value.replace(name, "relay") for key, value in target.items()}
        shown["run_id"] = "known" if target["run_id"] else None
        found.append(tuple(shown.values()))
    return sorted(found, key=repr)


async def test_both_sdks_store_for_the_same(server: ServerProcess) -> None:
    theirs, ours = await stored_for(server, OFFICIAL), await stored_for(server, OURS)
    local_arguments = ("StorageDriverWorkflowInfo", "default", "relay", "known", "Relay")
    theirs.remove(local_arguments)  # with ours they do not leave the worker
    assert ours == theirs
