"""The meter of a runtime: checks values and attributes, and hands them to a sink.

    create_counter("nodes", unit="1")  ->  sink.recorder(MetricShape("nodes", ...), attributes)  ->  record(value)

A sink is where a runtime's metrics go: a buffer, a Prometheus endpoint. It is asked for a recorder once per metric and
attributes, so that what depends on them is not done for each value; attributes given with a value cost that each time.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum
from typing import Protocol, Self, TypeAlias

from mainspring.common import (
    MetricAttributes,
    MetricCommon,
    MetricCounter,
    MetricGauge,
    MetricGaugeFloat,
    MetricHistogram,
    MetricHistogramFloat,
    MetricHistogramTimedelta,
    MetricMeter,
)

MILLISECOND = timedelta(milliseconds=1)

Recorder: TypeAlias = Callable[[int | float], None]
"""Takes one value; durations are whole milliseconds."""


class MetricKind(IntEnum):
    """What values of a metric mean."""

    COUNTER = 0  # what to add
    GAUGE = 1  # what is now
    HISTOGRAM = 2  # what occurred


@dataclass(frozen=True)
class MetricShape:
    """What there is to know of a metric before it has a value."""

    name: str
    description: str | None
    unit: str | None
    kind: MetricKind
    is_duration: bool = False


class Sink(Protocol):
    """Where metrics go. Recorders are called from any thread."""

    def recorder(self, metric: MetricShape, attributes: MetricAttributes) -> Recorder: ...


def merged(attributes: MetricAttributes, additional: MetricAttributes | None) -> MetricAttributes:
    """Both; the additional ones win.

    Raises: TypeError: a name or a value is of a type that no metric can have.
    """
    if not additional:
        return attributes
    for name, value in additional.items():
        if not isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # callers without types
            raise TypeError(f"Invalid attribute name {name!r}, must be str")
        if not isinstance(value, str | int | float | bool):  # pyright: ignore[reportUnnecessaryIsInstance]  # the same
            raise TypeError(f"Invalid value type for key {name}, must be str, int, float, or bool")
    return {**attributes, **additional}


def refuse_negative(value: float) -> None:
    if value < 0:
        raise ValueError("Metric value cannot be negative")


class _Metric(MetricCommon):
    def __init__(self, sink: Sink, shape: MetricShape, attributes: MetricAttributes) -> None:
        self._sink = sink
        self._shape = shape
        self._attributes = attributes
        self._record = sink.recorder(shape, attributes)

    @property
    def name(self) -> str:
        return self._shape.name

    @property
    def description(self) -> str | None:
        return self._shape.description

    @property
    def unit(self) -> str | None:
        return self._shape.unit

    def with_additional_attributes(self, additional_attributes: MetricAttributes) -> Self:
        return type(self)(self._sink, self._shape, merged(self._attributes, additional_attributes))

    def _record_int(self, value: int, additional_attributes: MetricAttributes | None) -> None:
        refuse_negative(value)
        self._recorder(additional_attributes)(operator.index(value))

    def _record_float(self, value: float, additional_attributes: MetricAttributes | None) -> None:
        refuse_negative(value)
        self._recorder(additional_attributes)(float(value))

    def _recorder(self, additional_attributes: MetricAttributes | None) -> Recorder:
        if not additional_attributes:
            return self._record
        return self._sink.recorder(self._shape, merged(self._attributes, additional_attributes))


class _MetricCounter(_Metric, MetricCounter):
    def add(self, value: int, additional_attributes: MetricAttributes | None = None) -> None:
        self._record_int(value, additional_attributes)


class _MetricHistogram(_Metric, MetricHistogram):
    def record(self, value: int, additional_attributes: MetricAttributes | None = None) -> None:
        self._record_int(value, additional_attributes)


class _MetricHistogramFloat(_Metric, MetricHistogramFloat):
    def record(self, value: float, additional_attributes: MetricAttributes | None = None) -> None:
        self._record_float(value, additional_attributes)


class _MetricHistogramTimedelta(_Metric, MetricHistogramTimedelta):
    def record(self, value: timedelta, additional_attributes: MetricAttributes | None = None) -> None:
        self._record_int(value // MILLISECOND, additional_attributes)


class _MetricGauge(_Metric, MetricGauge):
    def set(self, value: int, additional_attributes: MetricAttributes | None = None) -> None:
        self._record_int(value, additional_attributes)


class _MetricGaugeFloat(_Metric, MetricGaugeFloat):
    def set(self, value: float, additional_attributes: MetricAttributes | None = None) -> None:
        self._record_float(value, additional_attributes)


class SinkMeter(MetricMeter):
    """Makes metrics that record into one sink; `prefix` stands before their names there."""

    def __init__(self, sink: Sink, attributes: Mapping[str, str | int | float | bool], *, prefix: str = "") -> None:
        self._sink = sink
        self._attributes = attributes
        self._prefix = prefix

    def create_counter(self, name: str, description: str | None = None, unit: str | None = None) -> MetricCounter:
        shape = self._shape(name, description, unit, MetricKind.COUNTER)
        return _MetricCounter(self._sink, shape, self._attributes)

    def create_histogram(self, name: str, description: str | None = None, unit: str | None = None) -> MetricHistogram:
        shape = self._shape(name, description, unit, MetricKind.HISTOGRAM)
        return _MetricHistogram(self._sink, shape, self._attributes)

    def create_histogram_float(
        self, name: str, description: str | None = None, unit: str | None = None
    ) -> MetricHistogramFloat:
        shape = self._shape(name, description, unit, MetricKind.HISTOGRAM)
        return _MetricHistogramFloat(self._sink, shape, self._attributes)

    def create_histogram_timedelta(
        self, name: str, description: str | None = None, unit: str | None = None
    ) -> MetricHistogramTimedelta:
        shape = MetricShape(self._prefix + name, description, unit, MetricKind.HISTOGRAM, is_duration=True)
        return _MetricHistogramTimedelta(self._sink, shape, self._attributes)

    def create_gauge(self, name: str, description: str | None = None, unit: str | None = None) -> MetricGauge:
        shape = self._shape(name, description, unit, MetricKind.GAUGE)
        return _MetricGauge(self._sink, shape, self._attributes)

    def create_gauge_float(
        self, name: str, description: str | None = None, unit: str | None = None
    ) -> MetricGaugeFloat:
        shape = self._shape(name, description, unit, MetricKind.GAUGE)
        return _MetricGaugeFloat(self._sink, shape, self._attributes)

    def with_additional_attributes(self, additional_attributes: MetricAttributes) -> MetricMeter:
        return SinkMeter(self._sink, merged(self._attributes, additional_attributes), prefix=self._prefix)

    def _shape(self, name: str, description: str | None, unit: str | None, kind: MetricKind) -> MetricShape:
        return MetricShape(self._prefix + name, description, unit, kind)
