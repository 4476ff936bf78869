"""`/metrics`: each number where it belongs, on a whole server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from temporalio.api.common.v1 import WorkflowType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    PollActivityTaskQueueRequest,
    StartWorkflowExecutionRequest,
)

from mainspring.server.engine.errors import NotFound, StoreUnavailable
from mainspring.server.http import allowed_hosts, door
from mainspring.server.persistence.sqlite import open_sqlite
from mainspring.server.process.answering import Answering
from mainspring.server.process.assembly import Assembly
from mainspring.server.process.config import Config, GrpcConfig, MetricsConfig
from mainspring.server.process.metrics import FAMILIES, exposition
from mainspring.server.process.server import serving
from mainspring.server.process.vital_signs import vital_signs
from tests.assembled import assembled
from tests.server_process import free_port

W = "/temporal.api.workflowservice.v1.WorkflowService/"
START = StartWorkflowExecutionRequest(
    namespace="default", workflow_id="w", workflow_type=WorkflowType(name="T"), task_queue=TaskQueue(name="q")
)
Samples = Mapping[tuple[str, tuple[str, ...]], float]


@asynccontextmanager
async def served() -> AsyncGenerator[tuple[Assembly, Answering]]:
    async with assembled(await open_sqlite(None)) as assembly:
        yield assembly, Answering(assembly.methods, assembly.door, "http")


async def samples(assembly: Assembly) -> Samples:
    text = (await exposition(assembly)).decode()
    return {
        (sample.name, tuple(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_a_call_shows_where_it_belongs() -> None:
    async with served() as (assembly, answering):
        await answering.answer(W + "StartWorkflowExecution", START)
        with pytest.raises(NotFound):
            await answering.answer(W + "DescribeNamespace", DescribeNamespaceRequest(namespace="nope"))
        poll = PollActivityTaskQueueRequest(namespace="default", task_queue=TaskQueue(name="q"))
        polling = asyncio.create_task(answering.answer(W + "PollActivityTaskQueue", poll))
        for _ in range(20):  # the poll is in line
            await asyncio.sleep(0)
        found = await samples(assembly)
        polling.cancel()
        await asyncio.gather(polling, return_exceptions=True)
        after = await samples(assembly)
    start, describe = (("http", name, "WorkflowService") for name in ("StartWorkflowExecution", "DescribeNamespace"))
    assert found["mainspring_rpc_requests_total", start] == 1
    assert found["mainspring_rpc_duration_seconds_count", start] == 1
    assert found["mainspring_rpc_duration_seconds_bucket", ("http", "+Inf", *start[1:])] == 1
    assert found["mainspring_rpc_errors_total", ("NotFound", *describe)] == 1
    assert found["mainspring_rpc_in_progress", ()] == 1
    assert found["mainspring_tasks_waiting", ("workflow",)] == 1
    assert found["mainspring_tasks_waiting", ("activity",)] == 0
    assert found["mainspring_polls_waiting", ("activity",)] == 1
    assert found["mainspring_workflows_running", ("default",)] == 1
    assert found["mainspring_store_commit_duration_seconds_count", ()] >= 1
    assert found["mainspring_store_size_bytes", ()] > 0
    assert after["mainspring_rpc_in_progress", ()] == 0
    assert after["mainspring_rpc_errors_total", ("Cancelled", "http", "PollActivityTaskQueue", "WorkflowService")] == 1


async def test_every_metric_of_the_reference_is_there_and_no_other() -> None:
    async with served() as (assembly, _):
        text = (await exposition(assembly)).decode()
    found = {family.name: family.type for family in text_string_to_metric_families(text)}
    ours = {name: kind for name, kind in found.items() if name.startswith("mainspring_")}
    assert ours == {family.name: family.kind for family in FAMILIES}


async def test_the_start_page_tells_the_same_numbers() -> None:
    async with served() as (assembly, answering):
        await answering.answer(W + "StartWorkflowExecution", START)
        await Answering(assembly.methods, assembly.door, "ui").answer(
            W + "DescribeNamespace", DescribeNamespaceRequest(namespace="default")
        )
        signs = await vital_signs(assembly)
    (method,) = signs.methods
    assert method.name == "StartWorkflowExecution"
    assert method.speed.per_s == signs.calls_per_s > 0
    assert method.speed.median_s is not None
    assert signs.commits.per_s > 0
    assert signs.database_bytes > 0
    assert signs.wal_bytes == 0


async def test_a_server_serves_them_on_a_port_of_their_own() -> None:
    port = free_port()
    config = Config(grpc=GrpcConfig(port=0, stop_s=0.1), metrics=MetricsConfig(enabled=True, port=port))
    async with serving(config), httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
        answered = await http.get("/metrics")
        assert answered.headers["content-type"].startswith("text/plain; version=")
        assert "mainspring_store_size_bytes" in answered.text
        assert (await http.get("/metrics", headers={"host": "evil.example"})).status_code == 421
        assert (await http.get("/workflows")).status_code == 404


async def test_a_store_that_does_not_answer_is_said() -> None:
    async def metrics() -> bytes:
        raise StoreUnavailable("the store is closed")

    app = door(allowed_hosts("127.0.0.1", ()), lambda: True, metrics, [])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://localhost") as http:
        answered = await http.get("/metrics")
    assert (answered.status_code, answered.text) == (503, "the store is closed\n")
