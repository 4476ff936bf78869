"""Metrics sent to an OpenTelemetry collector, over gRPC or HTTP, by a thread of their own.

    OtlpSink   holds series; makes the collector's request of them
    Exporter   sends one every period, and a last one when it is closed

A collector that does not answer is logged once until it answers again; totals are sent with the next request, what
was added since (`DELTA`) is lost.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import TypeAlias, cast
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import grpc
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    AGGREGATION_TEMPORALITY_CUMULATIVE,
    AGGREGATION_TEMPORALITY_DELTA,
    Gauge,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    Sum,
)
from opentelemetry.proto.metrics.v1.metrics_pb2 import Histogram as HistogramMessage

from mainspring.common import MetricAttributes
from mainspring.runtime._meter import MetricKind, MetricShape, Recorder
from mainspring.runtime._series import Family, Histogram, bounds_of
from mainspring.runtime._telemetry import OpenTelemetryConfig, OpenTelemetryMetricTemporality

METHOD = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
TIMEOUT_S = 10.0
PERIOD_S = 1.0
SCOPE = "temporal-core-sdk"

Value: TypeAlias = str | int | float | bool
Key: TypeAlias = tuple[tuple[str, str, Value], ...]
"""Attributes by name; the type stands beside each value, since True and 1 are equal."""
Call: TypeAlias = "grpc.UnaryUnaryMultiCallable[ExportMetricsServiceRequest, ExportMetricsServiceResponse]"
Send: TypeAlias = Callable[[ExportMetricsServiceRequest], None]

log = logging.getLogger("mainspring.runtime")


class OtlpSink:
    """Holds the values of a runtime's metrics. `resource` are the attributes of what sends them."""

    def __init__(self, config: OpenTelemetryConfig, resource: Mapping[str, str]) -> None:
        self._config = config
        self._resource = resource
        self._is_delta = config.metric_temporality is OpenTelemetryMetricTemporality.DELTA
        self._lock = threading.Lock()
        self._families: dict[MetricShape, Family[Key]] = {}
        self._started_ns = time.time_ns()

    def recorder(self, metric: MetricShape, attributes: MetricAttributes) -> Recorder:
        family = self._family(metric)
        key = tuple((name, type(value).__name__, value) for name, value in sorted(attributes.items()))
        in_seconds = metric.is_duration and self._config.durations_as_seconds

        def record(value: float) -> None:
            with self._lock:
                family.record(value / 1000 if in_seconds else value, key)

        return record

    def _family(self, metric: MetricShape) -> Family[Key]:
        family = self._families.get(metric)
        if family is None:
            overrides = self._config.histogram_bucket_overrides
            bounds = bounds_of(metric, overrides, in_seconds=self._config.durations_as_seconds)
            with self._lock:
                family = self._families.setdefault(metric, Family[Key](metric.name, metric, bounds))
        return family

    def request(self) -> ExportMetricsServiceRequest:
        """All metrics that have a value; with `DELTA` they count anew from here on."""
        request = ExportMetricsServiceRequest()
        resource = request.resource_metrics.add()
        resource.resource.attributes.extend(pair(name, value) for name, value in sorted(self._resource.items()))
        scope = resource.scope_metrics.add()
        scope.scope.name = SCOPE
        now = time.time_ns()
        with self._lock:
            for family in self._families.values():
                if not family.is_empty:
                    scope.metrics.append(self._metric(family, now))
                if self._is_delta:
                    family.forget()
            if self._is_delta:
                self._started_ns = now
        return request

    def _metric(self, family: Family[Key], now: int) -> Metric:
        shape = family.shape
        metric = Metric(name=shape.name, description=shape.description or "", unit=self._unit(shape))
        temporality = AGGREGATION_TEMPORALITY_DELTA if self._is_delta else AGGREGATION_TEMPORALITY_CUMULATIVE
        if shape.kind is MetricKind.HISTOGRAM:
            buckets = [self._bucket_point(key, value, now) for key, value in family.histograms.items()]
            metric.histogram.CopyFrom(HistogramMessage(data_points=buckets, aggregation_temporality=temporality))
            return metric
        points = [self._number_point(key, value, now) for key, value in family.numbers.items()]
        if shape.kind is MetricKind.GAUGE:
            metric.gauge.CopyFrom(Gauge(data_points=points))
        else:
            metric.sum.CopyFrom(Sum(data_points=points, aggregation_temporality=temporality, is_monotonic=True))
        return metric

    def _unit(self, shape: MetricShape) -> str:
        if shape.is_duration and shape.unit == "duration":
            return "s" if self._config.durations_as_seconds else "ms"
        return shape.unit or ""

    def _number_point(self, key: Key, value: float, now: int) -> NumberDataPoint:
        point = NumberDataPoint(start_time_unix_nano=self._started_ns, time_unix_nano=now, attributes=pairs(key))
        if isinstance(value, int):
            point.as_int = value
        else:
            point.as_double = value
        return point

    def _bucket_point(self, key: Key, value: Histogram, now: int) -> HistogramDataPoint:
        return HistogramDataPoint(
            start_time_unix_nano=self._started_ns,
            time_unix_nano=now,
            attributes=pairs(key),
            count=sum(value.counts),
            sum=value.total,
            bucket_counts=value.counts,
            explicit_bounds=value.bounds,
        )


class Exporter:
    """Sends a sink's metrics until it is closed."""

    def __init__(self, config: OpenTelemetryConfig, sink: OtlpSink) -> None:
        self._sink = sink
        self._url = config.url
        self._send = http_sender(config) if config.http else grpc_sender(config)
        self._period_s = config.metric_periodicity.total_seconds() if config.metric_periodicity else PERIOD_S
        self._is_failing = False
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mainspring-opentelemetry", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Send once more and stop, both soon: this waits for nothing, so that a collector of garbage may call it."""
        self._closing.set()

    def wait_closed(self) -> None:
        self._thread.join()

    def run_once(self) -> None:
        """Send what there is."""
        try:
            self._send(self._sink.request())
        except (OSError, grpc.RpcError) as error:
            if not self._is_failing:
                log.warning("metrics could not be sent to %s: %s", self._url, error)
            self._is_failing = True
        else:
            self._is_failing = False

    def _run(self) -> None:
        while not self._closing.wait(self._period_s):
            self.run_once()
        self.run_once()


def http_sender(config: OpenTelemetryConfig) -> Send:
    headers = {**(config.headers or {}), "Content-Type": "application/x-protobuf"}
    if not config.url.startswith(("http://", "https://")):
        raise ValueError(f"Invalid OpenTelemetry url, must be http or https: {config.url}")

    def send(request: ExportMetricsServiceRequest) -> None:
        call = Request(config.url, request.SerializeToString(), headers)  # noqa: S310  # http or https: see above
        with urlopen(call, timeout=TIMEOUT_S) as answer:  # noqa: S310  # as above
            answer.read()

    return send


def grpc_sender(config: OpenTelemetryConfig) -> Send:
    url = urlsplit(config.url if "://" in config.url else f"http://{config.url}")
    target, secure = url.netloc, url.scheme == "https"
    channel = grpc.secure_channel(target, grpc.ssl_channel_credentials()) if secure else grpc.insecure_channel(target)
    metadata = tuple((name.lower(), value) for name, value in (config.headers or {}).items())
    made = channel.unary_unary(  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]  # the stub leaves the types open
        METHOD,
        request_serializer=ExportMetricsServiceRequest.SerializeToString,
        response_deserializer=ExportMetricsServiceResponse.FromString,
    )
    export = cast("Call", made)

    def send(request: ExportMetricsServiceRequest) -> None:
        export(request, timeout=TIMEOUT_S, metadata=metadata)

    return send


def pairs(key: Key) -> list[KeyValue]:
    return [pair(name, value) for name, _, value in key]


def pair(name: str, value: Value) -> KeyValue:
    if isinstance(value, bool):
        return KeyValue(key=name, value=AnyValue(bool_value=value))
    if isinstance(value, int):
        return KeyValue(key=name, value=AnyValue(int_value=value))
    if isinstance(value, float):
        return KeyValue(key=name, value=AnyValue(double_value=value))
    return KeyValue(key=name, value=AnyValue(string_value=value))
