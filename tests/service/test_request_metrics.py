"""What a client counts of its calls."""

from __future__ import annotations

import grpc
import pytest
from temporalio.api.workflowservice.v1 import (
    GetSystemInfoRequest,
    GetWorkflowExecutionHistoryRequest,
    PollWorkflowTaskQueueRequest,
    StartWorkflowExecutionRequest,
)

from mainspring.runtime import MetricBuffer, Runtime, TelemetryConfig
from mainspring.service import ConnectConfig, RetryConfig, RPCError, ServiceClient
from mainspring.service._request_metrics import RequestMetrics
from tests.service.capture import Refusal, capture_server

START = "StartWorkflowExecution"
AT_ONCE = RetryConfig(initial_interval_millis=1, max_interval_millis=1)


def counted(buffer: MetricBuffer) -> list[tuple[str, dict[str, object]]]:
    """The counters that went up, each with its attributes."""
    return [
        (update.metric.name, {name: value for name, value in update.attributes.items() if name != "service_name"})
        for update in buffer.retrieve_updates()
        if not update.metric.name.endswith("_latency")
    ]


def runtime_with(buffer: MetricBuffer) -> Runtime:
    return Runtime(telemetry=TelemetryConfig(metrics=buffer))


async def test_every_attempt_counts_and_every_failure() -> None:
    buffer = MetricBuffer(100)
    runtime = runtime_with(buffer)
    async with capture_server() as server:
        server.answer(START, Refusal(grpc.StatusCode.UNAVAILABLE), Refusal(grpc.StatusCode.NOT_FOUND))
        config = ConnectConfig(server.address, lazy=True, runtime=runtime, retry_config=AT_ONCE)
        client = await ServiceClient.connect(config)
        with pytest.raises(RPCError):
            await client.workflow_service.start_workflow_execution(StartWorkflowExecutionRequest(), retry=True)
        await client.close()

    about = {"operation": START}
    assert counted(buffer) == [
        ("temporal_request", about),
        ("temporal_request_failure", {**about, "status_code": "UNAVAILABLE"}),
        ("temporal_request", about),
        ("temporal_request_failure", {**about, "status_code": "NOT_FOUND"}),
    ]


def test_requests_count_for_their_namespace_and_task_queue() -> None:
    buffer = MetricBuffer(100)
    config = ConnectConfig("nowhere:1", runtime=runtime_with(buffer))
    metrics = RequestMetrics.of(config, "/temporal.api.workflowservice.v1.WorkflowService/PollWorkflowTaskQueue")
    assert metrics is not None
    sticky = PollWorkflowTaskQueueRequest(namespace="ns")
    sticky.task_queue.name, sticky.task_queue.normal_name = "sticky-1", "tq"
    series = metrics.series(sticky, is_long=True)
    assert metrics.series(sticky, is_long=True) is series
    series.began()
    about = {"operation": "PollWorkflowTaskQueue", "namespace": "ns", "task_queue": "tq"}
    assert counted(buffer) == [("temporal_long_request", about)]
    for request, names in (
        (GetSystemInfoRequest(), set[str]()),
        (GetWorkflowExecutionHistoryRequest(namespace="n"), {"namespace"}),
    ):
        metrics.series(request, is_long=False).began()
        ((name, attributes),) = counted(buffer)
        assert (name, set(attributes)) == ("temporal_request", {"operation", *names})


def test_a_runtime_without_metrics_counts_nothing() -> None:
    assert RequestMetrics.of(ConnectConfig("nowhere:1"), "/Service/Method") is None
