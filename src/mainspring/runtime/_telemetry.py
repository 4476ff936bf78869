"""What a runtime logs and counts, and where that goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum

from mainspring.runtime._buffer import MetricBuffer
from mainspring.runtime._logging import LoggingConfig


class OpenTelemetryMetricTemporality(Enum):
    """Whether each export has the totals, or what was added since the last."""

    CUMULATIVE = 1
    DELTA = 2


@dataclass(frozen=True)
class OpenTelemetryConfig:
    """Metrics are sent to an OpenTelemetry collector."""

    url: str
    """Such as `http://localhost:4317`, or `http://localhost:4318/v1/metrics` if `http`."""

    headers: Mapping[str, str] | None = None
    """Sent with each export."""

    metric_periodicity: timedelta | None = None
    """Time between exports; None is a second."""

    metric_temporality: OpenTelemetryMetricTemporality = OpenTelemetryMetricTemporality.CUMULATIVE

    durations_as_seconds: bool = False
    """Durations are seconds with a fraction, instead of whole milliseconds."""

    http: bool = False
    """HTTP instead of gRPC."""

    histogram_bucket_overrides: Mapping[str, Sequence[float]] | None = None
    """Name of a histogram -> the upper bounds of its buckets."""


@dataclass(frozen=True)
class PrometheusConfig:
    """Metrics are shown at `http://<bind_address>/metrics`."""

    bind_address: str
    """Host and port, such as `127.0.0.1:9000`; port 0 takes any that is free."""

    counters_total_suffix: bool = False
    """Names of counters end in `_total`."""

    unit_suffix: bool = False
    """Names of histograms end in their unit, such as `_seconds`."""

    durations_as_seconds: bool = False
    """Durations are seconds with a fraction, instead of whole milliseconds."""

    histogram_bucket_overrides: Mapping[str, Sequence[float]] | None = None
    """Name of a histogram -> the upper bounds of its buckets."""


@dataclass(frozen=True)
class TelemetryConfig:
    """What a runtime logs and counts."""

    logging: LoggingConfig | None = LoggingConfig.default
    """None logs nothing of the SDK's own."""

    metrics: OpenTelemetryConfig | PrometheusConfig | MetricBuffer | None = None
    """None counts nothing."""

    global_tags: Mapping[str, str] = field(default_factory=dict[str, str])
    """Stand on every metric that is exported; a buffer has none of them."""

    attach_service_name: bool = True
    """Every metric has the attribute `service_name`."""

    metric_prefix: str | None = None
    """Stands before the names of the SDK's own metrics; None is `temporal_`."""
