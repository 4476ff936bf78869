"""A meter provider that counts nothing in a replay, for libraries that record metrics from workflow code.

Queries and validators count, since somebody waits for them. Observable instruments are the reader's, which asks them
on a thread of its own: they stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from opentelemetry.context import Context
from opentelemetry.metrics import (
    CallbackT,
    Counter,
    Histogram,
    Meter,
    MeterProvider,
    ObservableCounter,
    ObservableGauge,
    ObservableUpDownCounter,
    UpDownCounter,
    _Gauge,
)
from opentelemetry.util.types import Attributes
from typing_extensions import override

from mainspring.contrib.opentelemetry._replay_safe_traces import is_replaying

Instrument = TypeVar("Instrument")


class _Wrapping(Generic[Instrument]):
    """Has what the instrument has that it stands for."""

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument

    def __getattr__(self, name: str) -> Any:
        return getattr(self._instrument, name)


class _ReplaySafeCounter(_Wrapping[Counter], Counter):
    @override
    def add(self, amount: float, attributes: Attributes = None, context: Context | None = None) -> None:
        if not is_replaying():
            self._instrument.add(amount, attributes, context)


class _ReplaySafeUpDownCounter(_Wrapping[UpDownCounter], UpDownCounter):
    @override
    def add(self, amount: float, attributes: Attributes = None, context: Context | None = None) -> None:
        if not is_replaying():
            self._instrument.add(amount, attributes, context)


class _ReplaySafeHistogram(_Wrapping[Histogram], Histogram):
    @override
    def record(self, amount: float, attributes: Attributes = None, context: Context | None = None) -> None:
        if not is_replaying():
            self._instrument.record(amount, attributes, context)


class _ReplaySafeGauge(_Wrapping[_Gauge], _Gauge):
    @override
    def set(self, amount: float, attributes: Attributes = None, context: Context | None = None) -> None:
        if not is_replaying():
            self._instrument.set(amount, attributes, context)


class _ReplaySafeMeter(Meter):
    def __init__(self, meter: Meter) -> None:
        super().__init__(meter.name, version=meter.version, schema_url=meter.schema_url)
        self._meter = meter

    @override
    def create_counter(self, name: str, unit: str = "", description: str = "") -> Counter:
        return _ReplaySafeCounter(self._meter.create_counter(name, unit, description))

    @override
    def create_up_down_counter(self, name: str, unit: str = "", description: str = "") -> UpDownCounter:
        return _ReplaySafeUpDownCounter(self._meter.create_up_down_counter(name, unit, description))

    @override
    def create_histogram(
        self,
        name: str,
        unit: str = "",
        description: str = "",
        *,
        explicit_bucket_boundaries_advisory: Sequence[float] | None = None,
    ) -> Histogram:
        return _ReplaySafeHistogram(
            self._meter.create_histogram(
                name, unit, description, explicit_bucket_boundaries_advisory=explicit_bucket_boundaries_advisory
            )
        )

    @override
    def create_gauge(self, name: str, unit: str = "", description: str = "") -> _Gauge:
        return _ReplaySafeGauge(self._meter.create_gauge(name, unit, description))

    @override
    def create_observable_counter(
        self, name: str, callbacks: Sequence[CallbackT] | None = None, unit: str = "", description: str = ""
    ) -> ObservableCounter:
        return self._meter.create_observable_counter(name, callbacks, unit, description)

    @override
    def create_observable_gauge(
        self, name: str, callbacks: Sequence[CallbackT] | None = None, unit: str = "", description: str = ""
    ) -> ObservableGauge:
        return self._meter.create_observable_gauge(name, callbacks, unit, description)

    @override
    def create_observable_up_down_counter(
        self, name: str, callbacks: Sequence[CallbackT] | None = None, unit: str = "", description: str = ""
    ) -> ObservableUpDownCounter:
        return self._meter.create_observable_up_down_counter(name, callbacks, unit, description)


class ReplaySafeMeterProvider(MeterProvider):
    """A provider around another, for `opentelemetry.metrics.set_meter_provider`."""

    def __init__(self, meter_provider: MeterProvider) -> None:
        self._meter_provider = meter_provider

    def __getattr__(self, name: str) -> Any:
        return getattr(self._meter_provider, name)

    @override
    def get_meter(
        self,
        name: str,
        version: str | None = None,
        schema_url: str | None = None,
        attributes: Attributes = None,
    ) -> Meter:
        return _ReplaySafeMeter(self._meter_provider.get_meter(name, version, schema_url, attributes))
