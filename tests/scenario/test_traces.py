"""Traces through both SDKs: what is made of one program is the same, and a trace goes on from one SDK to the other."""

from __future__ import annotations

import uuid
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

import pytest
import temporalio.client
import temporalio.worker
from temporalio.contrib.opentelemetry import TracingInterceptor as OfficialInterceptor

from mainspring.client import Client
from mainspring.contrib.opentelemetry import TracingInterceptor
from mainspring.worker import Worker
from tests.contrib import traced
from tests.contrib.spans import Recorder
from tests.replay.both_sdks import migrated
from tests.server_process import ServerProcess, mainspring_command, temporary_server

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(60)]

OFFICIAL, OURS = "official", "ours"
OFFICIAL_PROGRAM: Any = traced
OUR_PROGRAM: Any = migrated(traced)


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    with temporary_server(mainspring_command()) as started:
        yield started


async def client_of(sdk: str, server: ServerProcess, recorder: Recorder) -> Any:
    if sdk == OURS:
        return await Client.connect(server.address, interceptors=[TracingInterceptor(recorder.tracer)])
    interceptor = OfficialInterceptor(recorder.tracer)
    return await temporalio.client.Client.connect(server.address, interceptors=[interceptor])


@asynccontextmanager
async def worker(sdk: str, client: Any, queue: str, cached: int) -> AsyncGenerator[None]:
    program = OUR_PROGRAM if sdk == OURS else OFFICIAL_PROGRAM
    worker_class: Any = Worker if sdk == OURS else temporalio.worker.Worker
    options = {} if sdk == OURS else {"workflow_runner": temporalio.worker.UnsandboxedWorkflowRunner()}
    with ThreadPoolExecutor(1) as threads:
        async with worker_class(
            client,
            task_queue=queue,
            workflows=program.WORKFLOWS,
            activities=program.ACTIVITIES,
            activity_executor=threads,
            max_cached_workflows=cached,
            **options,
        ):
            yield


async def spans_of(client_sdk: str, worker_sdk: str, server: ServerProcess, cached: int = 1000) -> list[str]:
    """The spans of the program, with the client and the worker of these SDKs."""
    recorder = Recorder()
    queue = f"traced-{uuid.uuid4()}"
    client = await client_of(client_sdk, server, recorder)
    workers = client if client_sdk == worker_sdk else await client_of(worker_sdk, server, recorder)
    async with worker(worker_sdk, workers, queue, cached):
        program = OUR_PROGRAM if client_sdk == OURS else OFFICIAL_PROGRAM
        assert await program.use(client, queue, queue) == ["second"]
    return recorder.tree()


@pytest.mark.parametrize("client_sdk, worker_sdk", [(OURS, OURS), (OFFICIAL, OURS), (OURS, OFFICIAL)])
async def test_spans_are_those_of_the_official_sdk(server: ServerProcess, client_sdk: str, worker_sdk: str) -> None:
    expected = await spans_of(OFFICIAL, OFFICIAL, server)
    assert len(expected) > 25
    assert await spans_of(client_sdk, worker_sdk, server) == expected


async def test_a_worker_that_replays_always_makes_the_same_spans(server: ServerProcess) -> None:
    assert await spans_of(OURS, OURS, server, cached=0) == await spans_of(OURS, OURS, server)
