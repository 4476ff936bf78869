"""A buffer of metric updates, for programs that pass them on by themselves.

buffer = MetricBuffer(10_000)
runtime = Runtime(telemetry=TelemetryConfig(metrics=buffer))
for update in buffer.retrieve_updates(): ...
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NewType, Protocol

from mainspring.common import MetricAttributes
from mainspring.runtime._meter import MetricShape, Recorder

BufferedMetricKind = NewType("BufferedMetricKind", int)

BUFFERED_METRIC_KIND_COUNTER = BufferedMetricKind(0)
"""Values are what was added."""

BUFFERED_METRIC_KIND_GAUGE = BufferedMetricKind(1)

BUFFERED_METRIC_KIND_HISTOGRAM = BufferedMetricKind(2)

log = logging.getLogger("mainspring.runtime")


class MetricBufferDurationFormat(Enum):
    """What a duration is in the buffer."""

    MILLISECONDS = 1
    """A whole number of milliseconds."""

    SECONDS = 2
    """A number of seconds with a fraction."""


class BufferedMetric(Protocol):
    """A metric; one object for all updates of one metric in one runtime."""

    @property
    def name(self) -> str: ...

    @property
    def description(self) -> str | None: ...

    @property
    def unit(self) -> str | None:
        """As it was given, but `ms` or `s` for `duration`."""
        ...

    @property
    def kind(self) -> BufferedMetricKind:
        """One of `BUFFERED_METRIC_KIND_COUNTER`, `..._GAUGE` and `..._HISTOGRAM`."""
        ...


class BufferedMetricUpdate(Protocol):
    """One value of one metric."""

    @property
    def metric(self) -> BufferedMetric: ...

    @property
    def value(self) -> int | float:
        """What was added to a counter, else the value itself."""
        ...

    @property
    def attributes(self) -> MetricAttributes:
        """Not to be changed: updates may share them."""
        ...


@dataclass(frozen=True)
class _BufferedMetric:
    name: str
    description: str | None
    unit: str | None
    kind: BufferedMetricKind


@dataclass(frozen=True)
class _BufferedMetricUpdate:
    metric: BufferedMetric
    value: int | float
    attributes: MetricAttributes


class MetricBuffer:
    """Keeps updates until they are retrieved, `buffer_size` at most; more are dropped, which the log says."""

    def __init__(
        self,
        buffer_size: int,
        duration_format: MetricBufferDurationFormat = MetricBufferDurationFormat.MILLISECONDS,
    ) -> None:
        self._buffer_size = buffer_size
        self._durations_as_seconds = duration_format == MetricBufferDurationFormat.SECONDS
        self._has_runtime = False
        self._lock = threading.Lock()
        self._metrics: dict[MetricShape, BufferedMetric] = {}
        self._updates: list[BufferedMetricUpdate] = []

    def retrieve_updates(self) -> Sequence[BufferedMetricUpdate]:
        """Take all updates out of the buffer, in the order in which they were recorded.

        Raises: RuntimeError: no runtime has this buffer yet.
        """
        if not self._has_runtime:
            raise RuntimeError("Attempting to retrieve updates before runtime created")
        with self._lock:
            updates, self._updates = self._updates, []
        return updates

    def recorder(self, metric: MetricShape, attributes: MetricAttributes) -> Recorder:
        """The sink of a runtime's meter."""
        buffered = self._metric(metric)
        in_seconds = metric.is_duration and self._durations_as_seconds

        def record(value: float) -> None:
            self._append(_BufferedMetricUpdate(buffered, value / 1000 if in_seconds else value, attributes))

        return record

    def _metric(self, shape: MetricShape) -> BufferedMetric:
        unit = shape.unit
        if shape.is_duration and unit == "duration":
            unit = "s" if self._durations_as_seconds else "ms"
        made = _BufferedMetric(shape.name, shape.description, unit, BufferedMetricKind(shape.kind))
        with self._lock:
            return self._metrics.setdefault(shape, made)

    def _append(self, update: BufferedMetricUpdate) -> None:
        with self._lock:
            is_full = len(self._updates) >= self._buffer_size
            if not is_full:
                self._updates.append(update)
        if is_full:
            log.error("metric buffer is full: an update of %s is dropped; retrieve them more often", update.metric.name)
