"""The SDK's own metrics, from a runtime's buffer to instruments of an OpenTelemetry provider.

buffer = MetricBuffer(10_000)
runtime = Runtime(telemetry=TelemetryConfig(metrics=buffer))
async with MetricsExporter(buffer, meter_provider):
    client = await Client.connect("localhost:7233", runtime=runtime)
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Self, TypeAlias

import opentelemetry.metrics
from opentelemetry.metrics import CallbackOptions, Meter, MeterProvider, Observation

from mainspring.common import MetricAttributes
from mainspring.runtime import (
    BUFFERED_METRIC_KIND_COUNTER,
    BUFFERED_METRIC_KIND_HISTOGRAM,
    BufferedMetric,
    BufferedMetricUpdate,
    MetricBuffer,
)

logger = logging.getLogger("mainspring.contrib.opentelemetry")

Record: TypeAlias = Callable[[float, MetricAttributes], None]


class MetricsExporter:
    """Empties a buffer every `poll_interval` into a provider's instruments, while it runs.

    What the buffer has no room for meanwhile is lost.
    """

    def __init__(
        self,
        buffer: MetricBuffer,
        meter_provider: MeterProvider | None = None,
        *,
        meter_name: str = "temporalio",
        meter_version: str | None = None,
        poll_interval: timedelta = timedelta(seconds=1),
        on_error: Callable[[Exception], None] | None = None,
    ) -> None:
        """Make an exporter.

        Args:
            buffer: The metrics of a runtime.
            meter_provider: Gets the metrics; None is the global one.
            meter_name: The scope under which it gets them.
            meter_version: Of the scope.
            poll_interval: How long updates may stay in the buffer.
            on_error: Called, besides the log, with what a provider raises for an update; the update is lost.
        """
        provider = meter_provider or opentelemetry.metrics.get_meter_provider()
        self._buffer = buffer
        self._meter = provider.get_meter(meter_name, meter_version)
        self._poll_interval = poll_interval
        self._on_error = on_error
        self._records: dict[BufferedMetric, Record] = {}
        self._stopping = asyncio.Event()
        self._stopped = asyncio.Event()
        self._stopped.set()
        self._task: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Export until `shutdown`, and what there is then.

        Raises: RuntimeError: No runtime has the buffer, or the exporter runs already.
        """
        if not self._stopped.is_set():
            raise RuntimeError("MetricsExporter is already running")
        self._stopped.clear()
        try:
            while not self._stopping.is_set():
                self.run_once()
                await self._wait()
            self.run_once()
        finally:
            self._stopping.clear()
            self._stopped.set()

    async def shutdown(self) -> None:
        """Stop `run`, when it has exported what there is."""
        self._stopping.set()
        await self._stopped.wait()

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stopping.set()
        if self._task is not None:
            await self._task

    def run_once(self) -> None:
        """Export what is in the buffer."""
        for update in self._buffer.retrieve_updates():
            try:
                self._apply(update)
            except Exception as error:  # noqa: BLE001 - a provider may raise anything; it is logged
                self._report(error)

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(self._poll_interval.total_seconds()):
                await self._stopping.wait()
        except TimeoutError:
            return

    def _apply(self, update: BufferedMetricUpdate) -> None:
        record = self._records.get(update.metric)
        if record is None:
            record = self._records[update.metric] = instrument_of(self._meter, update.metric)
        record(update.value, update.attributes)

    def _report(self, error: Exception) -> None:
        logger.error("a metric could not be exported", exc_info=error)
        if self._on_error is None:
            return
        try:
            self._on_error(error)
        except Exception:
            logger.exception("on_error failed")


def instrument_of(meter: Meter, metric: BufferedMetric) -> Record:
    """What records a metric's values."""
    unit, description = metric.unit or "", metric.description or ""
    if metric.kind == BUFFERED_METRIC_KIND_COUNTER:
        counter = meter.create_counter(metric.name, unit, description)
        return lambda value, attributes: counter.add(value, dict(attributes))
    if metric.kind == BUFFERED_METRIC_KIND_HISTOGRAM:
        histogram = meter.create_histogram(metric.name, unit, description)
        return lambda value, attributes: histogram.record(value, dict(attributes))
    last = LastValues()
    meter.create_observable_gauge(metric.name, [last.observe], unit, description)
    return last.record


class LastValues:
    """A gauge's value for each set of attributes. The reader asks on a thread of its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[tuple[tuple[str, str, object], ...], Observation] = {}

    def record(self, value: float, attributes: MetricAttributes) -> None:
        key = tuple((name, type(one).__name__, one) for name, one in sorted(attributes.items()))
        with self._lock:
            self._values[key] = Observation(value, dict(attributes))

    def observe(self, _: CallbackOptions) -> Iterable[Observation]:
        with self._lock:
            return list(self._values.values())
