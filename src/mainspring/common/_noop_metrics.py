"""A meter whose metrics record nothing.

It is `MetricMeter.noop`: what there is outside of workers, and in a runtime without metrics.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Self

from mainspring.common._metrics import (
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


class NoopMetric(MetricCommon):
    """What all these metrics have."""

    def __init__(self, name: str, description: str | None, unit: str | None) -> None:
        self._name = name
        self._description = description
        self._unit = unit

    @property
    def name(self) -> str:
        return self._name

    @property
    def description(self) -> str | None:
        return self._description

    @property
    def unit(self) -> str | None:
        return self._unit

    def with_additional_attributes(self, additional_attributes: MetricAttributes) -> Self:
        return self


class NoopMetricCounter(NoopMetric, MetricCounter):
    """Records nothing."""

    def add(self, value: int, additional_attributes: MetricAttributes | None = None) -> None:
        return


class NoopMetricHistogram(NoopMetric, MetricHistogram):
    """Records nothing."""

    def record(self, value: int, additional_attributes: MetricAttributes | None = None) -> None:
        return


class NoopMetricHistogramFloat(NoopMetric, MetricHistogramFloat):
    """Records nothing."""

    def record(self, value: float, additional_attributes: MetricAttributes | None = None) -> None:
        return


class NoopMetricHistogramTimedelta(NoopMetric, MetricHistogramTimedelta):
    """Records nothing."""

    def record(self, value: timedelta, additional_attributes: MetricAttributes | None = None) -> None:
        return


class NoopMetricGauge(NoopMetric, MetricGauge):
    """Records nothing."""

    def set(self, value: int, additional_attributes: MetricAttributes | None = None) -> None:
        return


class NoopMetricGaugeFloat(NoopMetric, MetricGaugeFloat):
    """Records nothing."""

    def set(self, value: float, additional_attributes: MetricAttributes | None = None) -> None:
        return


class NoopMetricMeter(MetricMeter):
    """Makes metrics that record nothing."""

    def create_counter(self, name: str, description: str | None = None, unit: str | None = None) -> MetricCounter:
        return NoopMetricCounter(name, description, unit)

    def create_histogram(self, name: str, description: str | None = None, unit: str | None = None) -> MetricHistogram:
        return NoopMetricHistogram(name, description, unit)

    def create_histogram_float(
        self, name: str, description: str | None = None, unit: str | None = None
    ) -> MetricHistogramFloat:
        return NoopMetricHistogramFloat(name, description, unit)

    def create_histogram_timedelta(
        self, name: str, description: str | None = None, unit: str | None = None
    ) -> MetricHistogramTimedelta:
        return NoopMetricHistogramTimedelta(name, description, unit)

    def create_gauge(self, name: str, description: str | None = None, unit: str | None = None) -> MetricGauge:
        return NoopMetricGauge(name, description, unit)

    def create_gauge_float(
        self, name: str, description: str | None = None, unit: str | None = None
    ) -> MetricGaugeFloat:
        return NoopMetricGaugeFloat(name, description, unit)

    def with_additional_attributes(self, additional_attributes: MetricAttributes) -> MetricMeter:
        return self
