"""What a collector gets: over HTTP and gRPC, in totals or in what was added; and what happens if there is none."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import Queue
from typing import Any

import grpc
import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric

from mainspring.common import MetricMeter
from mainspring.runtime import OpenTelemetryConfig, OpenTelemetryMetricTemporality, Runtime, TelemetryConfig
from mainspring.runtime._meter import SinkMeter
from mainspring.runtime._opentelemetry import METHOD, Exporter, OtlpSink

Received = Queue[tuple[ExportMetricsServiceRequest, Mapping[str, str]]]
LONG = timedelta(hours=1)


def sunk(config: OpenTelemetryConfig | None = None) -> tuple[MetricMeter, Callable[[], list[Metric]]]:
    """A meter, and a function that gives what would be sent now."""
    sink = OtlpSink(config or OpenTelemetryConfig("http://localhost:4317"), {"service.name": "s"})
    return SinkMeter(sink, {}), lambda: list(sink.request().resource_metrics[0].scope_metrics[0].metrics)


def values(attributes: Any) -> dict[str, object]:
    def value(attribute: KeyValue) -> object:
        inside: AnyValue = attribute.value
        return getattr(inside, inside.WhichOneof("value") or "string_value")

    return {attribute.key: value(attribute) for attribute in attributes}


def test_counters_are_sums_of_series() -> None:
    meter, sent = sunk()
    counter = meter.create_counter("c", "desc", "unit")
    counter.add(1)
    counter.add(2, {"a": True, "b": 1.5, "c": 2, "d": "x"})
    counter.add(4)
    (metric,) = sent()
    assert (metric.name, metric.description, metric.unit) == ("c", "desc", "unit")
    assert (metric.sum.is_monotonic, metric.sum.aggregation_temporality) == (True, 2)
    points = [(values(point.attributes), point.as_int) for point in metric.sum.data_points]
    assert points == [({}, 5), ({"a": True, "b": 1.5, "c": 2, "d": "x"}, 2)]


def test_values_that_are_equal_and_of_two_types_make_two_series() -> None:
    meter, sent = sunk()
    for value in (True, 1, 1.0):
        meter.create_counter("c").add(1, {"a": value})
    assert len(sent()[0].sum.data_points) == 3


def test_a_gauge_has_its_last_value() -> None:
    meter, sent = sunk()
    meter.create_gauge("i").set(3)
    meter.create_gauge_float("f").set(1.5)
    meter.create_gauge_float("f").set(2.5)
    whole, fraction = sent()
    assert (whole.gauge.data_points[0].as_int, fraction.gauge.data_points[0].as_double) == (3, 2.5)


@pytest.mark.parametrize("in_seconds, unit, total", [(False, "ms", 1_600), (True, "s", 1.6)])
def test_durations_have_buckets_in_their_unit(in_seconds: bool, unit: str, total: float) -> None:
    meter, sent = sunk(OpenTelemetryConfig("http://localhost:4317", durations_as_seconds=in_seconds))
    histogram = meter.create_histogram_timedelta("h", None, "duration")
    histogram.record(timedelta(milliseconds=1_500))
    histogram.record(timedelta(milliseconds=100))
    (metric,) = sent()
    (point,) = metric.histogram.data_points
    assert (metric.unit, point.count, point.sum) == (unit, 2, total)
    assert list(point.bucket_counts) == [0, 1, 0, 0, 1, 0, 0]
    assert point.explicit_bounds[-1] == (10 if in_seconds else 10_000)


def test_buckets_can_be_overridden_by_name() -> None:
    meter, sent = sunk(OpenTelemetryConfig("http://x", histogram_bucket_overrides={"custom": [617.25, 1234.5]}))
    meter.create_histogram("custom").record(600)
    assert list(sent()[0].histogram.data_points[0].explicit_bounds) == [617.25, 1234.5]


def test_totals_are_sent_again_and_what_was_added_is_not() -> None:
    for temporality, second in (("CUMULATIVE", [3, 1]), ("DELTA", [2])):
        config = OpenTelemetryConfig("http://x", metric_temporality=OpenTelemetryMetricTemporality[temporality])
        meter, sent = sunk(config)
        counter = meter.create_counter("c")
        counter.add(1)
        counter.add(1, {"a": 1})
        sent()
        counter.add(2)
        assert [point.as_int for point in sent()[0].sum.data_points] == second


def test_a_metric_without_a_value_is_not_sent() -> None:
    meter, sent = sunk()
    meter.create_counter("never")
    assert sent() == []


@contextmanager
def http_collector() -> Generator[tuple[str, Received]]:
    received: Received = Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.put((ExportMetricsServiceRequest.FromString(body), dict(self.headers.items())))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object, **rest: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/v1/metrics", received
        server.shutdown()
        thread.join()


@contextmanager
def grpc_collector() -> Generator[tuple[str, Received]]:
    received: Received = Queue()

    def export(request: ExportMetricsServiceRequest, context: Any) -> ExportMetricsServiceResponse:
        received.put((request, {key: str(value) for key, value in context.invocation_metadata()}))
        return ExportMetricsServiceResponse()

    untyped: Any = grpc
    handler = untyped.unary_unary_rpc_method_handler(
        export,
        request_deserializer=ExportMetricsServiceRequest.FromString,
        response_serializer=ExportMetricsServiceResponse.SerializeToString,
    )
    service, _, method = METHOD.strip("/").partition("/")
    server = untyped.server(ThreadPoolExecutor(1))
    server.add_generic_rpc_handlers((untyped.method_handlers_generic_handler(service, {method: handler}),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"http://127.0.0.1:{port}", received
    server.stop(None).wait()


@pytest.mark.slow
@pytest.mark.parametrize("collector, http", [(http_collector, True), (grpc_collector, False)])
def test_a_runtime_sends_its_metrics(collector: Any, http: bool) -> None:
    with collector() as (url, received):
        config = OpenTelemetryConfig(url, {"X-Key": "k"}, timedelta(milliseconds=10), http=http)
        runtime = Runtime(telemetry=TelemetryConfig(metrics=config, global_tags={"zone": "b"}, metric_prefix="pre_"))
        runtime._sdk_metric_meter.create_counter("ours").add(2)
        request, headers = received.get(timeout=10)
        while not request.resource_metrics[0].scope_metrics[0].metrics:
            request, headers = received.get(timeout=10)
        del runtime
        (sent,) = request.resource_metrics
        assert [metric.name for metric in sent.scope_metrics[0].metrics] == ["pre_ours"]
        resource = values(sent.resource.attributes)
        assert resource == {"service.name": "temporal-core-sdk", "zone": "b"}
        assert {name.lower(): value for name, value in headers.items()}["x-key"] == "k"


def test_what_was_counted_last_is_sent_when_it_ends() -> None:
    with http_collector() as (url, received):
        config = OpenTelemetryConfig(url, metric_periodicity=LONG, http=True)
        sink = OtlpSink(config, {})
        exporter = Exporter(config, sink)
        SinkMeter(sink, {}).create_counter("c").add(1)
        exporter.close()
        exporter.wait_closed()
        assert received.get_nowait()[0].resource_metrics[0].scope_metrics[0].metrics[0].name == "c"


@pytest.mark.parametrize("http", [True, False])
def test_a_collector_that_is_not_there_is_logged_once(http: bool, caplog: pytest.LogCaptureFixture) -> None:
    config = OpenTelemetryConfig("http://127.0.0.1:1", metric_periodicity=LONG, http=http)
    exporter = Exporter(config, OtlpSink(config, {}))
    with caplog.at_level(logging.WARNING, "mainspring.runtime"):
        exporter.run_once()
        exporter.run_once()
    assert [record.getMessage().partition(": ")[0] for record in caplog.records] == [
        "metrics could not be sent to http://127.0.0.1:1"
    ]


def test_a_url_of_another_scheme_is_refused() -> None:
    with pytest.raises(ValueError, match="must be http or https"):
        Runtime(telemetry=TelemetryConfig(metrics=OpenTelemetryConfig("file:///x", http=True)))
