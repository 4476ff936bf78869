"""OpenTelemetry's own functions in workflow code: a replay gives the same ids, and reports nothing twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, NumberDataPoint
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from mainspring import activity, workflow
from mainspring._embedded import embedded
from mainspring.contrib.opentelemetry import (
    MetricsExporter,
    OpenTelemetryPlugin,
    ReplaySafeMeterProvider,
    create_tracer_provider,
)
from mainspring.runtime import MetricBuffer, Runtime, TelemetryConfig
from mainspring.worker import Worker
from tests.contrib.spans import id_of, tree
from tests.worker.fake_engine import FakeEngine

pytestmark = pytest.mark.slow

READER = InMemoryMetricReader()
COUNTED = ReplaySafeMeterProvider(MeterProvider([READER])).get_meter("tests").create_counter("passed")


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """What is exported by a global provider, which is there for this test only."""
    exporter = InMemorySpanExporter()
    provider = create_tracer_provider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    yield exporter
    provider.shutdown()


@activity.defn(start_to_close_timeout=timedelta(seconds=20))
async def work() -> None:
    with trace.get_tracer("tests").start_as_current_span("in the activity"):
        return


@workflow.defn
async def long_span() -> None:
    with trace.get_tracer("tests").start_as_current_span("around all"):
        await work.execute()
        COUNTED.add(1)
        await workflow.sleep(0.01)
        with trace.get_tracer("tests").start_as_current_span("second"):
            await work.execute()


OWN_SPANS = """\
outside internal
  around all internal
    in the activity internal
    second internal
      in the activity internal""".splitlines()


@pytest.mark.parametrize("cached", [0, 1000])
async def test_spans_in_workflows_are_exported_once_and_hang_together(
    exporter: InMemorySpanExporter, cached: int
) -> None:
    plugin = OpenTelemetryPlugin()
    counted_before = counted()
    async with embedded(
        workflows=[long_span], activities=[work], plugins=[plugin], max_cached_workflows=cached
    ) as client:
        with trace.get_tracer("tests").start_as_current_span("outside"):
            await client.execute_workflow(long_span, id="w")

    assert [line.rstrip() for line in tree(exporter.get_finished_spans())] == OWN_SPANS
    assert counted() == counted_before + 1


async def test_spans_around_calls_have_a_duration_and_are_there_when_asked_for(exporter: InMemorySpanExporter) -> None:
    plugin = OpenTelemetryPlugin(add_temporal_spans=True)
    async with embedded(workflows=[long_span], activities=[work], plugins=[plugin]) as client:
        await client.execute_workflow(long_span, id="w")

    spans = {span.name: span for span in exporter.get_finished_spans()}
    run, begun = spans["RunWorkflow:long_span"], spans["StartWorkflow:long_span"]
    assert run.parent is not None
    assert run.parent.span_id == id_of(begun)
    assert run.start_time is not None
    assert run.end_time is not None
    assert run.end_time > run.start_time


async def test_no_worker_is_made_with_the_plugin_and_a_provider_that_is_not_safe(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", trace.NoOpTracerProvider())
    client = FakeEngine().client(plugins=[OpenTelemetryPlugin()])
    with pytest.raises(ValueError, match="create_tracer_provider"):
        Worker(client, task_queue="q", workflows=[long_span])
    Worker(client, task_queue="q", activities=[work])  # which makes its spans by any provider


def counted() -> int:
    """The sum of `COUNTED` so far."""
    data = READER.get_metrics_data()
    if data is None:
        return 0
    points = [
        point
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
        for point in metric.data.data_points
    ]
    return sum(int(point.value) for point in points if isinstance(point, NumberDataPoint))


async def test_metrics_of_a_runtime_become_instruments() -> None:
    reader = InMemoryMetricReader()
    buffer = MetricBuffer(10_000)
    runtime = Runtime(telemetry=TelemetryConfig(metrics=buffer))
    runtime.metric_meter.create_counter("orders", "how many", "1").add(2, {"shop": "a"})
    runtime.metric_meter.create_gauge("open").set(7)
    runtime.metric_meter.create_histogram("size").record(3)
    async with MetricsExporter(buffer, MeterProvider([reader])):
        runtime.metric_meter.create_counter("orders", "how many", "1").add(3, {"shop": "a"})

    data = reader.get_metrics_data()
    assert data is not None
    metrics = {metric.name: metric for metric in data.resource_metrics[0].scope_metrics[0].metrics}
    [orders] = metrics["orders"].data.data_points
    assert isinstance(orders, NumberDataPoint)
    assert (orders.value, dict(orders.attributes or {})["shop"]) == (5, "a")
    assert {"orders", "open", "size"} <= metrics.keys()
