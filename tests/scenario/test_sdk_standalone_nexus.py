"""Nexus operations that clients start by themselves, on the real server: both SDKs' clients are told the same."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncGenerator, Iterator
from datetime import timedelta
from types import ModuleType
from typing import Any, NamedTuple

import pytest
import temporalio.client
import temporalio.common
import temporalio.exceptions
import temporalio.worker

import mainspring.client
import mainspring.common
import mainspring.exceptions
from tests.scenario import nexus_service
from tests.scenario.nexus_endpoint import make_endpoint
from tests.scenario.nexus_service import Words
from tests.server_process import ServerProcess, real_server_command, temporary_server

REAL = real_server_command()
pytestmark = [
    pytest.mark.scenario,
    pytest.mark.timeout(120),
    pytest.mark.skipif(REAL is None, reason="no real server is installed"),
]
LISTED_WITHIN_S = 20.0


class Sdk(NamedTuple):
    client: ModuleType
    common: ModuleType
    exceptions: ModuleType


OFFICIAL = Sdk(temporalio.client, temporalio.common, temporalio.exceptions)
OURS = Sdk(mainspring.client, mainspring.common, mainspring.exceptions)


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    assert REAL is not None
    with temporary_server([*REAL, "--dynamic-config-value", "nexusoperation.enableStandalone=true"]) as started:
        yield started


@pytest.fixture
async def endpoint(server: ServerProcess) -> AsyncGenerator[str]:
    """An endpoint, and a worker of the official SDK behind it."""
    client = await temporalio.client.Client.connect(server.address)
    name = f"words-{uuid.uuid4()}"
    await make_endpoint(client, name, name)
    async with temporalio.worker.Worker(
        client,
        task_queue=name,
        nexus_service_handlers=[nexus_service.Words()],
        workflows=[nexus_service.Later],
        workflow_runner=temporalio.worker.UnsandboxedWorkflowRunner(),
    ):
        yield name


async def told(handle: Any) -> str:
    """The result of an operation, or its failure with what it comes from."""
    try:
        return repr(await handle.result())
    except (temporalio.exceptions.TemporalError, mainspring.exceptions.TemporalError) as error:
        texts: list[str] = []
        cause: BaseException | None = error
        while cause is not None:
            texts.append(f"{type(cause).__name__}: {cause}")
            cause = cause.__cause__
        return " <- ".join(texts)


async def lived(sdk: Sdk, server: ServerProcess, endpoint: str) -> list[Any]:
    """What a client of one SDK is told of operations that end in all ways."""
    client = await sdk.client.Client.connect(server.address)
    words = client.create_nexus_client("Words", endpoint)
    options = {"schedule_to_close_timeout": timedelta(seconds=60)}

    async def start(operation: Any, **more: Any) -> Any:
        return await words.start_operation(operation, "a", id=f"op-{uuid.uuid4()}", **options, **more)

    log: list[Any] = [await words.execute_operation("at_once", "a", id=f"op-{uuid.uuid4()}", headers={"trace": "7"})]
    log += [await told(await start(operation)) for operation in (Words.at_once, "fails", "later", "fails_later")]

    waiting = await start("waits", summary="it waits")
    await asyncio.wait_for(until_started(sdk, waiting), 30)
    described = await waiting.describe()
    log += [described.status, described.operation, described.service, described.endpoint == endpoint]
    log += [await described.static_summary(), await described.static_details(), described.attempt]
    log += [described.schedule_to_close_timeout, described.close_time, described.cancellation_info]
    again = client.get_nexus_operation_handle(waiting.operation_id, run_id=waiting.run_id)
    try:
        await words.start_operation("waits", "a", id=waiting.operation_id, **options)
    except sdk.exceptions.NexusOperationAlreadyStartedError as error:
        log += [str(error), error.run_id == waiting.run_id]
    await again.cancel(reason="enough")
    log += [await told(again), await told(again)]
    cancelled = await again.describe()
    log += [cancelled.status, cancelled.cancellation_info.reason, cancelled.close_time is not None]

    ended = await start("waits")
    await ended.terminate(reason="no more")
    log += [await told(ended), (await ended.describe()).status]
    log += await listed(client, endpoint)
    return log


async def until_started(sdk: Sdk, handle: Any) -> None:
    started = sdk.common.PendingNexusOperationExecutionState.STARTED
    while (await handle.describe()).state != started:  # noqa: ASYNC110 - what is waited for is no event
        await asyncio.sleep(0.1)


async def listed(client: Any, endpoint: str) -> list[Any]:
    """The real server is late to list what ended just now."""
    async with asyncio.timeout(LISTED_WITHIN_S):
        query = f"Endpoint = '{endpoint}'"
        ended = f"{query} AND ExecutionStatus = 'Terminated'"
        while (await client.count_nexus_operations(ended)).count < 1:  # noqa: ASYNC110 - what is waited for is no event
            await asyncio.sleep(0.1)
        found = [one async for one in client.list_nexus_operations(query, page_size=3)]
        counted = await client.count_nexus_operations(f"{query} GROUP BY ExecutionStatus")
    statuses = sorted((one.operation, one.service, one.status, one.close_time is not None) for one in found)
    return [statuses, counted.count, sorted((group.group_values, group.count) for group in counted.groups)]


async def test_clients_of_both_sdks_are_told_the_same(server: ServerProcess, endpoint: str) -> None:
    theirs = await lived(OFFICIAL, server, endpoint)
    ours = await lived(OURS, server, await another(server, endpoint))
    assert ours == theirs
    assert len(ours) > 20


async def another(server: ServerProcess, endpoint: str) -> str:
    """A second endpoint of the same worker, so that each client counts its own."""
    client = await temporalio.client.Client.connect(server.address)
    await make_endpoint(client, f"{endpoint}-2", endpoint)
    return f"{endpoint}-2"


async def test_an_operation_that_is_not_there_is_not_found(server: ServerProcess) -> None:
    for sdk in (OFFICIAL, OURS):
        client = await sdk.client.Client.connect(server.address)
        with pytest.raises(sdk.client.RPCError) as raised:
            await client.get_nexus_operation_handle("nobody").describe()
        assert raised.value.status is sdk.client.RPCStatusCode.NOT_FOUND
