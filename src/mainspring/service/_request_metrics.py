"""What a client counts of its calls over gRPC, each attempt by itself, under the names of the official SDKs.

    request, request_failure, request_latency                          calls that are answered at once
    long_request, long_request_failure, long_request_latency           those that the server may hold: polls, results

Attributes: `operation`, the RPC; the namespace and the task queue that a request is for; `status_code` of failures.
"""

from __future__ import annotations

import time
from datetime import timedelta

from google.protobuf.message import Message

from mainspring.common import MetricMeter
from mainspring.runtime import Runtime
from mainspring.service._config import ConnectConfig


class RequestMetrics:
    """Those of one RPC."""

    def __init__(self, meter: MetricMeter, operation: str) -> None:
        self._meter = meter.with_additional_attributes({"operation": operation})
        self._series: dict[tuple[str, str, bool], RequestSeries] = {}

    @classmethod
    def of(cls, config: ConnectConfig, path: str) -> RequestMetrics | None:
        """For the RPC at `/package.Service/Method`; None if the runtime counts nothing.

        Raises: RuntimeError: there is no runtime, and none may be made.
        """
        runtime = config.runtime if isinstance(config.runtime, Runtime) else Runtime.default()
        meter = runtime._sdk_metric_meter
        return None if meter is MetricMeter.noop else cls(meter, path.rpartition("/")[2])

    def series(self, request: Message, *, is_long: bool) -> RequestSeries:
        """Where a request counts."""
        namespace = getattr(request, "namespace", "")
        queue = getattr(request, "task_queue", None)
        task_queue = getattr(queue, "normal_name", "") or getattr(queue, "name", "")
        key = (namespace, task_queue, is_long)
        found = self._series.get(key)
        if found is None:
            about = {"namespace": namespace, "task_queue": task_queue}
            meter = self._meter.with_additional_attributes({name: value for name, value in about.items() if value})
            found = self._series[key] = RequestSeries(meter, "long_request" if is_long else "request")
        return found


class RequestSeries:
    """Requests of one kind, to one place."""

    def __init__(self, meter: MetricMeter, name: str) -> None:
        self._sent = meter.create_counter(name, "Requests that were sent")
        self._failed = meter.create_counter(f"{name}_failure", "Requests that failed")
        self._latency = meter.create_histogram_timedelta(f"{name}_latency", "Time until requests ended", "duration")

    def began(self) -> float:
        """A request is sent. Returns what `ended` wants."""
        self._sent.add(1)
        return time.monotonic()

    def failed(self, status_code: str) -> None:
        """It failed, with this status."""
        self._failed.add(1, {"status_code": status_code})

    def ended(self, began: float) -> None:
        """It ended, either way."""
        self._latency.record(timedelta(seconds=time.monotonic() - began))
