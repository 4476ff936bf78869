"""The text that Prometheus fetches: names, labels, buckets; and the endpoint that serves it."""

from __future__ import annotations

import gc
from collections.abc import Callable
from datetime import timedelta
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from mainspring.common import MetricMeter
from mainspring.runtime import PrometheusConfig, Runtime, TelemetryConfig
from mainspring.runtime._meter import SinkMeter
from mainspring.runtime._prometheus import Endpoint, PrometheusSink

pytestmark = pytest.mark.timeout(20)


def shown(use: Callable[[MetricMeter], None], config: PrometheusConfig | None = None) -> list[str]:
    """What the endpoint would show after the meter was used so."""
    sink = PrometheusSink(config or PrometheusConfig("127.0.0.1:0"), {"g": "1"})
    use(SinkMeter(sink, {"service_name": "temporal-core-sdk"}))
    return sink.text().splitlines()


def test_series_of_one_counter_may_have_different_labels() -> None:
    def use(meter: MetricMeter) -> None:
        counter = meter.create_counter("c", "desc")
        counter.add(1)
        counter.add(2, {"a": True, "b": 1.5, "c": 2, "d": "x"})
        counter.add(4)

    assert shown(use) == [
        "# HELP c desc",
        "# TYPE c counter",
        'c{service_name="temporal-core-sdk",g="1"} 5',
        'c{a="true",b="1.5",c="2",d="x",service_name="temporal-core-sdk",g="1"} 2',
    ]


def test_a_gauge_shows_its_last_value() -> None:
    def use(meter: MetricMeter) -> None:
        meter.create_gauge_float("g").set(3)
        meter.create_gauge_float("g").set(1.5)

    assert shown(use)[1:] == ["# TYPE g gauge", 'g{service_name="temporal-core-sdk",g="1"} 1.5']


def test_a_histogram_counts_upwards_through_its_buckets() -> None:
    def use(meter: MetricMeter) -> None:
        histogram = meter.create_histogram_timedelta("h", None, "duration")
        histogram.record(timedelta(milliseconds=1_500, microseconds=999))
        histogram.record(timedelta(milliseconds=100))

    label = 'service_name="temporal-core-sdk",g="1"'
    counts = {"50": 0, "100": 1, "500": 1, "1000": 1, "2500": 2, "10000": 2, "+Inf": 2}
    assert shown(use) == [
        "# HELP h h",
        "# TYPE h histogram",
        *(f'h_bucket{{{label},le="{bound}"}} {count}' for bound, count in counts.items()),
        f"h_sum{{{label}}} 1600",
        f"h_count{{{label}}} 2",
    ]


def test_durations_in_seconds_have_buckets_in_seconds() -> None:
    def use(meter: MetricMeter) -> None:
        meter.create_histogram_timedelta("h").record(timedelta(milliseconds=1_500))

    lines = shown(use, PrometheusConfig("127.0.0.1:0", durations_as_seconds=True, unit_suffix=True))
    assert 'h_seconds_bucket{service_name="temporal-core-sdk",g="1",le="0.05"} 0' in lines
    assert 'h_seconds_sum{service_name="temporal-core-sdk",g="1"} 1.5' in lines


@pytest.mark.parametrize(
    "unit, name", [("bytes", "x_bytes"), ("s", "x_seconds"), ("ms", "x_milliseconds"), (None, "x")]
)
def test_unit_suffixes_stand_on_histograms(unit: str | None, name: str) -> None:
    def use(meter: MetricMeter) -> None:
        meter.create_histogram("x", None, unit).record(1)

    assert shown(use, PrometheusConfig("127.0.0.1:0", unit_suffix=True))[1] == f"# TYPE {name} histogram"


def test_counters_have_a_total_suffix_only_if_asked() -> None:
    def use(meter: MetricMeter) -> None:
        meter.create_counter("c", None, "ms").add(1)

    assert shown(use, PrometheusConfig("127.0.0.1:0", unit_suffix=True))[1] == "# TYPE c counter"
    assert shown(use, PrometheusConfig("127.0.0.1:0", counters_total_suffix=True))[1] == "# TYPE c_total counter"


def test_buckets_can_be_overridden_by_name() -> None:
    def use(meter: MetricMeter) -> None:
        meter.create_histogram("custom").record(600)

    config = PrometheusConfig("127.0.0.1:0", histogram_bucket_overrides={"custom": [617.2839, 1234.5678]})
    buckets = [line for line in shown(use, config) if "_bucket" in line]
    assert [line.partition("le=")[2] for line in buckets] == ['"617.2839"} 1', '"1234.5678"} 1', '"+Inf"} 1']


def test_what_the_format_does_not_allow_is_replaced_or_escaped() -> None:
    def use(meter: MetricMeter) -> None:
        meter.create_counter("c.dot-x", 'a\n"b\\').add(1, {"A-b.c": 'q"\\\n'})

    assert shown(use) == [
        r'# HELP c_dot_x a\n"b\\',
        "# TYPE c_dot_x counter",
        r'c_dot_x{A_b_c="q\"\\\n",service_name="temporal-core-sdk",g="1"} 1',
    ]


def test_a_metric_without_a_value_is_not_shown() -> None:
    def use(meter: MetricMeter) -> None:
        meter.create_counter("never")

    assert shown(use) == []


def test_a_runtime_serves_its_metrics() -> None:
    config = TelemetryConfig(metrics=PrometheusConfig("127.0.0.1:0"), global_tags={"zone": "b"}, metric_prefix="pre_")
    runtime = Runtime(telemetry=config)
    runtime.metric_meter.create_counter("mine").add(1)
    runtime._sdk_metric_meter.create_counter("ours").add(2)
    with urlopen(f"http://127.0.0.1:{runtime._prometheus_port}/metrics") as answer:
        text = answer.read().decode()
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert 'mine{service_name="temporal-core-sdk",zone="b"} 1' in text
    assert 'pre_ours{service_name="temporal-core-sdk",zone="b"} 2' in text


def test_no_other_page_is_served() -> None:
    runtime = Runtime(telemetry=TelemetryConfig(metrics=PrometheusConfig("127.0.0.1:0")))
    with pytest.raises(HTTPError, match="404") as error:
        urlopen(f"http://127.0.0.1:{runtime._prometheus_port}/")
    error.value.close()


@pytest.mark.slow
def test_the_port_is_given_back_with_the_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Endpoint] = []

    class Kept(Endpoint):
        def __init__(self, bind_address: str, sink: PrometheusSink) -> None:
            super().__init__(bind_address, sink)
            made.append(self)

    monkeypatch.setattr("mainspring.runtime._runtime.Endpoint", Kept)
    runtime = Runtime(telemetry=TelemetryConfig(metrics=PrometheusConfig("127.0.0.1:0")))
    address = f"127.0.0.1:{runtime._prometheus_port}"
    del runtime
    gc.collect()
    made[0].wait_closed()
    assert (
        f"127.0.0.1:{Runtime(telemetry=TelemetryConfig(metrics=PrometheusConfig(address)))._prometheus_port}" == address
    )


@pytest.mark.parametrize("address", ["nonsense", "127.0.0.1:", ":9000", "127.0.0.1:70000", "127.0.0.1:x"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="Invalid Prometheus address: invalid socket address syntax"):
        Runtime(telemetry=TelemetryConfig(metrics=PrometheusConfig(address)))


def test_a_taken_address_is_refused() -> None:
    first = Runtime(telemetry=TelemetryConfig(metrics=PrometheusConfig("127.0.0.1:0")))
    taken = PrometheusConfig(f"127.0.0.1:{first._prometheus_port}")
    with pytest.raises(ValueError, match="Failed starting Prometheus exporter: Address already in use"):
        Runtime(telemetry=TelemetryConfig(metrics=taken))
