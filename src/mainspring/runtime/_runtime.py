"""The runtime: telemetry, and what else clients and workers of a process share.

One is made by default, when it is first asked for. Its Prometheus endpoint serves until the runtime is collected.
"""

from __future__ import annotations

import weakref
from datetime import timedelta

from mainspring.common import MetricMeter
from mainspring.runtime._buffer import MetricBuffer
from mainspring.runtime._logging import CoreLog
from mainspring.runtime._meter import Sink, SinkMeter
from mainspring.runtime._prometheus import Endpoint, PrometheusSink
from mainspring.runtime._telemetry import OpenTelemetryConfig, TelemetryConfig

SHORTEST_HEARTBEAT = timedelta(seconds=1)
LONGEST_HEARTBEAT = timedelta(seconds=60)
SERVICE_NAME = "temporal-core-sdk"  # the official SDK's, which dashboards ask for
METRIC_PREFIX = "temporal_"


class _RuntimeRef:
    """The default runtime: made when it is first asked for, unless that was forbidden."""

    def __init__(self) -> None:
        self._default_runtime: Runtime | None = None
        self._prevent_default = False

    def default(self) -> Runtime:
        if not self._default_runtime:
            if self._prevent_default:
                raise RuntimeError("Cannot create default Runtime after Runtime.prevent_default has been called")
            self._default_runtime = Runtime(telemetry=TelemetryConfig())
        return self._default_runtime

    def prevent_default(self) -> None:
        if self._default_runtime:
            raise RuntimeError("Runtime.prevent_default called after default runtime has been created or set")
        self._prevent_default = True

    def set_default(self, runtime: Runtime, *, error_if_already_set: bool = True) -> None:
        if self._default_runtime and error_if_already_set:
            raise RuntimeError("Runtime default already set")
        self._default_runtime = runtime


_runtime_ref = _RuntimeRef()


class Runtime:
    """What clients and workers log and count with. One is enough for a process: `default()`.

    Raises:
        ValueError: the time between heartbeats is not within 1 s and 60 s, or the address for Prometheus cannot be had.
        ModuleNotFoundError: metrics go to an OpenTelemetry collector, and the extra `opentelemetry` is not installed.
    """

    @classmethod
    def default(cls) -> Runtime:
        """The runtime of all clients that are given none; made when it is first asked for.

        Raises: RuntimeError: there is none, and `prevent_default` was called.
        """
        return _runtime_ref.default()

    @classmethod
    def prevent_default(cls) -> None:
        """Forbid to make a default runtime without being told: only `set_default` gives one from now on.

        Raises: RuntimeError: there is one.
        """
        _runtime_ref.prevent_default()

    @staticmethod
    def set_default(runtime: Runtime, *, error_if_already_set: bool = True) -> None:
        """Make this the default; clients that there are keep theirs.

        Raises: RuntimeError: there is one, and `error_if_already_set`.
        """
        _runtime_ref.set_default(runtime, error_if_already_set=error_if_already_set)

    def __init__(
        self,
        *,
        telemetry: TelemetryConfig,
        worker_heartbeat_interval: timedelta | None = LONGEST_HEARTBEAT,
        disable_environment_info: bool = False,
    ) -> None:
        if worker_heartbeat_interval is not None:
            check_heartbeat(worker_heartbeat_interval)
        self._worker_heartbeat_interval = worker_heartbeat_interval
        self._disable_environment_info = disable_environment_info
        self._log = CoreLog(telemetry.logging)
        self._metric_meter = MetricMeter.noop
        self._sdk_metric_meter = MetricMeter.noop
        self._prometheus_port: int | None = None
        sink = self._open_sink(telemetry)
        if sink is not None:
            attributes = {"service_name": SERVICE_NAME} if telemetry.attach_service_name else {}
            prefix = METRIC_PREFIX if telemetry.metric_prefix is None else telemetry.metric_prefix
            self._metric_meter = SinkMeter(sink, attributes)
            self._sdk_metric_meter = SinkMeter(sink, attributes, prefix=prefix)

    @property
    def metric_meter(self) -> MetricMeter:
        """The meter for metrics of users; records nothing if the telemetry has no metrics."""
        return self._metric_meter

    def _open_sink(self, telemetry: TelemetryConfig) -> Sink | None:
        """Where metrics go. A Prometheus endpoint serves as long as this runtime is there."""
        metrics = telemetry.metrics
        if metrics is None:
            return None
        if isinstance(metrics, MetricBuffer):
            metrics._has_runtime = True
            return metrics
        if isinstance(metrics, OpenTelemetryConfig):
            return self._open_collector(metrics, telemetry)
        sink = PrometheusSink(metrics, telemetry.global_tags)
        endpoint = Endpoint(metrics.bind_address, sink)
        self._prometheus_port = endpoint.port
        weakref.finalize(self, endpoint.close)
        return sink

    def _open_collector(self, config: OpenTelemetryConfig, telemetry: TelemetryConfig) -> Sink:
        """Metrics are sent as long as this runtime is there."""
        from mainspring.runtime._opentelemetry import Exporter, OtlpSink  # needs the extra `opentelemetry`

        name = {"service.name": SERVICE_NAME} if telemetry.attach_service_name else {}
        sink = OtlpSink(config, {**name, **telemetry.global_tags})
        weakref.finalize(self, Exporter(config, sink).close)
        return sink


def check_heartbeat(interval: timedelta) -> None:
    if interval <= timedelta(0):
        raise ValueError("worker_heartbeat_interval must be positive")
    if not SHORTEST_HEARTBEAT <= interval <= LONGEST_HEARTBEAT:
        millis = interval // timedelta(milliseconds=1)
        shown = f"{millis // 1000}s" if millis % 1000 == 0 else f"{millis}ms"
        raise ValueError(f"Invalid runtime options: heartbeat_interval ({shown}) must be between 1s and 60s")
