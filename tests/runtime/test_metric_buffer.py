"""What a metric buffer holds, value for value, as the official SDK's core fills one."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from mainspring.common import MetricMeter
from mainspring.runtime import MetricBuffer, MetricBufferDurationFormat, Runtime, TelemetryConfig

SERVICE = {"service_name": "temporal-core-sdk"}


def metered(buffer: MetricBuffer, **telemetry: Any) -> MetricMeter:
    return Runtime(telemetry=TelemetryConfig(metrics=buffer, **telemetry)).metric_meter


def test_updates_say_metric_value_and_attributes() -> None:
    buffer = MetricBuffer(10)
    meter = metered(buffer, global_tags={"g": "1"}, metric_prefix="pre_")
    meter.create_counter("c", "desc", "unit").add(1)
    meter.create_histogram_float("hf").record(2, {"a": True, "b": 1.5})
    meter.with_additional_attributes({"z": 1, "y": 1}).create_gauge("g").set(3, {"z": 2})

    updates = buffer.retrieve_updates()
    metrics = [update.metric for update in updates]
    assert [(m.name, m.description, m.unit, m.kind) for m in metrics] == [
        ("c", "desc", "unit", 0),
        ("hf", None, None, 2),
        ("g", None, None, 1),
    ]
    assert [update.value for update in updates] == [1, 2.0, 3]
    assert [update.attributes for update in updates] == [
        SERVICE,
        {**SERVICE, "a": True, "b": 1.5},
        {**SERVICE, "z": 2, "y": 1},
    ]
    assert buffer.retrieve_updates() == []


@pytest.mark.parametrize(
    "duration_format, value, unit",
    [(MetricBufferDurationFormat.MILLISECONDS, 1_500, "ms"), (MetricBufferDurationFormat.SECONDS, 1.5, "s")],
)
def test_durations_are_cut_to_milliseconds(
    duration_format: MetricBufferDurationFormat, value: float, unit: str
) -> None:
    buffer = MetricBuffer(10, duration_format)
    histogram = metered(buffer).create_histogram_timedelta("h", None, "duration")
    histogram.record(timedelta(milliseconds=1_500, microseconds=999))
    (update,) = buffer.retrieve_updates()
    assert (update.value, update.metric.unit) == (value, unit)
    assert histogram.unit == "duration"


def test_one_metric_is_one_object() -> None:
    buffer = MetricBuffer(10)
    meter = metered(buffer)
    for _ in range(2):
        meter.create_counter("c", "desc").add(1)
    meter.create_counter("c", "another").add(1)
    first, second, third = (update.metric for update in buffer.retrieve_updates())
    assert first is second
    assert first is not third


def test_the_service_name_can_be_left_out() -> None:
    buffer = MetricBuffer(10)
    metered(buffer, attach_service_name=False).create_counter("c").add(1)
    assert buffer.retrieve_updates()[0].attributes == {}


def test_a_full_buffer_drops_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    buffer = MetricBuffer(2)
    counter = metered(buffer).create_counter("c")
    with caplog.at_level(logging.ERROR):
        for value in (1, 2, 3):
            counter.add(value)
    assert [update.value for update in buffer.retrieve_updates()] == [1, 2]
    assert caplog.messages == ["metric buffer is full: an update of c is dropped; retrieve them more often"]


def test_a_buffer_without_a_runtime_says_so() -> None:
    with pytest.raises(RuntimeError, match="Attempting to retrieve updates before runtime created"):
        MetricBuffer(10).retrieve_updates()


NEGATIVE = "Metric value cannot be negative"
WRONG_USES: list[tuple[Callable[[Any], object], type[Exception], str]] = [
    (lambda m: m.create_counter("x").add(-1), ValueError, NEGATIVE),
    (lambda m: m.create_histogram("x").record(-1), ValueError, NEGATIVE),
    (lambda m: m.create_histogram_float("x").record(-0.5), ValueError, NEGATIVE),
    (lambda m: m.create_gauge("x").set(-1), ValueError, NEGATIVE),
    (lambda m: m.create_gauge_float("x").set(-0.5), ValueError, NEGATIVE),
    (lambda m: m.create_histogram_timedelta("x").record(timedelta(microseconds=-1)), ValueError, NEGATIVE),
    (lambda m: m.create_counter("x").add(1.5), TypeError, "cannot be interpreted as an integer"),
    (lambda m: m.create_counter("x").add(1, {"a": None}), TypeError, "Invalid value type for key a, must be str"),
    (lambda m: m.create_counter("x").add(1, {2: 3}), TypeError, "Invalid attribute name 2"),
    (lambda m: m.with_additional_attributes({"a": []}), TypeError, "Invalid value type for key a"),
    (lambda m: m.create_gauge("x").with_additional_attributes({"a": []}), TypeError, "Invalid value type"),
]


@pytest.mark.parametrize("use, error, text", WRONG_USES)
def test_what_is_no_value_or_attribute_is_refused(
    use: Callable[[Any], object], error: type[Exception], text: str
) -> None:
    buffer = MetricBuffer(10)
    meter = metered(buffer)
    with pytest.raises(error, match=text):
        use(meter)
    assert buffer.retrieve_updates() == []


def test_a_metric_keeps_its_attributes_apart() -> None:
    buffer = MetricBuffer(10)
    counter = metered(buffer).create_counter("c", "desc", "unit")
    counter.with_additional_attributes({"a": 1}).add(1)
    counter.add(1)
    assert [update.attributes for update in buffer.retrieve_updates()] == [{**SERVICE, "a": 1}, SERVICE]
    assert (counter.name, counter.description, counter.unit) == ("c", "desc", "unit")
