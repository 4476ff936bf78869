"""Metrics of user code: a meter makes counters, histograms and gauges, which record values with attributes.

    meter = workflow.metric_meter() or activity.metric_meter() or runtime.metric_meter
    meter.create_counter("nodes_made").add(1, {"zone": "b"})

Where values go is the runtime's matter. A meter of a workflow records nothing while the workflow is replayed.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar, Self, TypeAlias

MetricAttributes: TypeAlias = Mapping[str, str | int | float | bool]


class MetricMeter(ABC):
    """Makes metrics; asked twice for one name, gives metrics that record into the same place."""

    noop: ClassVar[MetricMeter]
    """Records nothing."""

    @abstractmethod
    def create_counter(self, name: str, description: str | None = None, unit: str | None = None) -> MetricCounter: ...

    @abstractmethod
    def create_histogram(
        self, name: str, description: str | None = None, unit: str | None = None
    ) -> MetricHistogram: ...

    @abstractmethod
    def create_histogram_float(
        self, name: str, description: str | None = None, unit: str | None = None
    ) -> MetricHistogramFloat: ...

    @abstractmethod
    def create_histogram_timedelta(
        self, name: str, description: str | None = None, unit: str | None = None
    ) -> MetricHistogramTimedelta:
        """A histogram of durations, precise to a millisecond; with unit `duration` it is shown in `ms` or `s`."""
        ...

    @abstractmethod
    def create_gauge(self, name: str, description: str | None = None, unit: str | None = None) -> MetricGauge: ...

    @abstractmethod
    def create_gauge_float(
        self, name: str, description: str | None = None, unit: str | None = None
    ) -> MetricGaugeFloat: ...

    @abstractmethod
    def with_additional_attributes(self, additional_attributes: MetricAttributes) -> MetricMeter:
        """A meter whose metrics have these attributes too.

        Raises: TypeError: a value is of another type.
        """
        ...


class MetricCommon(ABC):
    """What all metrics have."""

    @property
    @abstractmethod
    def name(self) -> str: ...

    @property
    @abstractmethod
    def description(self) -> str | None: ...

    @property
    @abstractmethod
    def unit(self) -> str | None: ...

    @abstractmethod
    def with_additional_attributes(self, additional_attributes: MetricAttributes) -> Self:
        """The same metric, recording these attributes too.

        Raises: TypeError: a value is of another type.
        """
        ...


class MetricCounter(MetricCommon):
    """Goes up only."""

    @abstractmethod
    def add(self, value: int, additional_attributes: MetricAttributes | None = None) -> None:
        """Add to the counter.

        Raises:
            ValueError: the value is negative.
            TypeError: an attribute is of another type.
        """
        ...


class MetricHistogram(MetricCommon):
    """How often which whole numbers occurred."""

    @abstractmethod
    def record(self, value: int, additional_attributes: MetricAttributes | None = None) -> None:
        """Count a value.

        Raises:
            ValueError: the value is negative.
            TypeError: an attribute is of another type.
        """
        ...


class MetricHistogramFloat(MetricCommon):
    """How often which numbers occurred."""

    @abstractmethod
    def record(self, value: float, additional_attributes: MetricAttributes | None = None) -> None:
        """Count a value.

        Raises:
            ValueError: the value is negative.
            TypeError: an attribute is of another type.
        """
        ...


class MetricHistogramTimedelta(MetricCommon):
    """How often which durations occurred."""

    @abstractmethod
    def record(self, value: timedelta, additional_attributes: MetricAttributes | None = None) -> None:
        """Count a duration, to the millisecond.

        Raises:
            ValueError: the value is negative.
            TypeError: an attribute is of another type.
        """
        ...


class MetricGauge(MetricCommon):
    """What a whole number is now."""

    @abstractmethod
    def set(self, value: int, additional_attributes: MetricAttributes | None = None) -> None:
        """Say the number anew.

        Raises:
            ValueError: the value is negative.
            TypeError: an attribute is of another type.
        """
        ...


class MetricGaugeFloat(MetricCommon):
    """What a number is now."""

    @abstractmethod
    def set(self, value: float, additional_attributes: MetricAttributes | None = None) -> None:
        """Say the number anew.

        Raises:
            ValueError: the value is negative.
            TypeError: an attribute is of another type.
        """
        ...
