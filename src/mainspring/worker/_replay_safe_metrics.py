"""Metrics of workflow code, which count each thing once: nothing is recorded while history is replayed.

ReplaySafeMetricMeter(meter, is_replaying).create_counter("nodes").add(1)      passed on unless is_replaying()
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Generic, Self, TypeVar

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

M = TypeVar("M", bound=MetricCommon)
IsReplaying = Callable[[], bool]


class ReplaySafeMetricMeter(MetricMeter):
    """A meter whose metrics are silent during replay."""

    def __init__(self, meter: MetricMeter, is_replaying: IsReplaying) -> None:
        self._meter = meter
        self._is_replaying = is_replaying

    def create_counter(self, name: str, description: str | None = None, unit: str | None = None) -> MetricCounter:
        return _Counter(self._meter.create_counter(name, description, unit), self._is_replaying)

    def create_histogram(self, name: str, description: str | None = None, unit: str | None = None) -> MetricHistogram:
        return _Histogram(self._meter.create_histogram(name, description, unit), self._is_replaying)

    def create_histogram_float(
        self, name: str, description: str | None = None, unit: str | None = None
    ) -> MetricHistogramFloat:
        return _HistogramFloat(self._meter.create_histogram_float(name, description, unit), self._is_replaying)

    def create_histogram_timedelta(
        self, name: str, description: str | None = None, unit: str | None = None
    ) -> MetricHistogramTimedelta:
        metric = self._meter.create_histogram_timedelta(name, description, unit)
        return _HistogramTimedelta(metric, self._is_replaying)

    def create_gauge(self, name: str, description: str | None = None, unit: str | None = None) -> MetricGauge:
        return _Gauge(self._meter.create_gauge(name, description, unit), self._is_replaying)

    def create_gauge_float(
        self, name: str, description: str | None = None, unit: str | None = None
    ) -> MetricGaugeFloat:
        return _GaugeFloat(self._meter.create_gauge_float(name, description, unit), self._is_replaying)

    def with_additional_attributes(self, additional_attributes: MetricAttributes) -> MetricMeter:
        return ReplaySafeMetricMeter(self._meter.with_additional_attributes(additional_attributes), self._is_replaying)


class _Silenced(MetricCommon, Generic[M]):
    """A metric, and when it is silent."""

    def __init__(self, metric: M, is_replaying: IsReplaying) -> None:
        self._metric = metric
        self._is_replaying = is_replaying

    @property
    def name(self) -> str:
        return self._metric.name

    @property
    def description(self) -> str | None:
        return self._metric.description

    @property
    def unit(self) -> str | None:
        return self._metric.unit

    def with_additional_attributes(self, additional_attributes: MetricAttributes) -> Self:
        return type(self)(self._metric.with_additional_attributes(additional_attributes), self._is_replaying)


class _Counter(_Silenced[MetricCounter], MetricCounter):
    """See the module."""

    def add(self, value: int, additional_attributes: MetricAttributes | None = None) -> None:
        if not self._is_replaying():
            self._metric.add(value, additional_attributes)


class _Histogram(_Silenced[MetricHistogram], MetricHistogram):
    """See the module."""

    def record(self, value: int, additional_attributes: MetricAttributes | None = None) -> None:
        if not self._is_replaying():
            self._metric.record(value, additional_attributes)


class _HistogramFloat(_Silenced[MetricHistogramFloat], MetricHistogramFloat):
    """See the module."""

    def record(self, value: float, additional_attributes: MetricAttributes | None = None) -> None:
        if not self._is_replaying():
            self._metric.record(value, additional_attributes)


class _HistogramTimedelta(_Silenced[MetricHistogramTimedelta], MetricHistogramTimedelta):
    """See the module."""

    def record(self, value: timedelta, additional_attributes: MetricAttributes | None = None) -> None:
        if not self._is_replaying():
            self._metric.record(value, additional_attributes)


class _Gauge(_Silenced[MetricGauge], MetricGauge):
    """See the module."""

    def set(self, value: int, additional_attributes: MetricAttributes | None = None) -> None:
        if not self._is_replaying():
            self._metric.set(value, additional_attributes)


class _GaugeFloat(_Silenced[MetricGaugeFloat], MetricGaugeFloat):
    """See the module."""

    def set(self, value: float, additional_attributes: MetricAttributes | None = None) -> None:
        if not self._is_replaying():
            self._metric.set(value, additional_attributes)
