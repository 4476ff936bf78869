"""Metrics for Prometheus to fetch: values in memory, and an HTTP server that shows them at `/metrics`.

    PrometheusSink  holds series: (metric, labels) -> number or histogram; writes the text format, version 0.0.4
    Endpoint        serves it from a thread of its own, until it is closed

Series of one metric may have different labels, and counters keep their names unless `counters_total_suffix` asks for
`_total`, as with the official SDK; client libraries of Prometheus allow neither, hence this.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from mainspring.common import MetricAttributes
from mainspring.runtime._meter import MetricKind, MetricShape, Recorder
from mainspring.runtime._series import Family, bounds_of
from mainspring.runtime._telemetry import PrometheusConfig

UNIT_SUFFIXES = {"ms": "milliseconds", "s": "seconds"}  # other units are their own suffix
NOT_IN_A_NAME = re.compile(r"[^a-zA-Z0-9_:]")
CLOSES_WITHIN_S = 0.5
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Labels = tuple[tuple[str, str], ...]


class PrometheusSink:
    """Holds the values of a runtime's metrics. `global_labels` stand on every series."""

    def __init__(self, config: PrometheusConfig, global_labels: Mapping[str, str]) -> None:
        self._config = config
        self._global_labels = labels_of(global_labels)
        self._lock = threading.Lock()
        self._families: dict[str, Family[Labels]] = {}
        self._by_shape: dict[MetricShape, Family[Labels]] = {}

    def recorder(self, metric: MetricShape, attributes: MetricAttributes) -> Recorder:
        family = self._family(metric)
        labels = labels_of(attributes) + self._global_labels
        in_seconds = metric.is_duration and self._config.durations_as_seconds

        def record(value: float) -> None:
            with self._lock:
                family.record(value / 1000 if in_seconds else value, labels)

        return record

    def _family(self, metric: MetricShape) -> Family[Labels]:
        """The metric's series; metrics of one name share them."""
        family = self._by_shape.get(metric)
        if family is None:
            name = self._name(metric)
            overrides = self._config.histogram_bucket_overrides
            bounds = bounds_of(metric, overrides, in_seconds=self._config.durations_as_seconds)
            with self._lock:
                family = self._families.setdefault(name, Family[Labels](name, metric, bounds))
                self._by_shape[metric] = family
        return family

    def text(self) -> str:
        """All metrics, in order of name."""
        with self._lock:
            return "".join(f"{line}\n" for _, family in sorted(self._families.items()) for line in lines_of(family))

    def _name(self, metric: MetricShape) -> str:
        name = NOT_IN_A_NAME.sub("_", metric.name)
        if metric.kind is MetricKind.HISTOGRAM and self._config.unit_suffix:
            unit = ("s" if self._config.durations_as_seconds else "ms") if metric.is_duration else metric.unit or ""
            suffix = NOT_IN_A_NAME.sub("_", UNIT_SUFFIXES.get(unit, unit))
            return f"{name}_{suffix}" if suffix else name
        if metric.kind is MetricKind.COUNTER and self._config.counters_total_suffix:
            return f"{name}_total"
        return name


class Endpoint:
    """An HTTP server for one sink, in a thread of its own, until it is closed.

    Raises: ValueError: the address is none, or cannot be had.
    """

    def __init__(self, bind_address: str, sink: PrometheusSink) -> None:
        address = host_and_port(bind_address)
        try:
            self._server = ThreadingHTTPServer(address, handler_of(sink))
        except OSError as error:
            raise ValueError(
                f"Failed starting Prometheus exporter: {error.strerror} (os error {error.errno})"
            ) from error
        self._server.daemon_threads = True
        self._server.timeout = CLOSES_WITHIN_S
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="mainspring-prometheus", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def close(self) -> None:
        """Stop serving and give the port back, both soon: this waits for nothing, so that a collector may call it."""
        self._closing.set()

    def wait_closed(self) -> None:
        self._thread.join()

    def _serve(self) -> None:
        with self._server:
            while not self._closing.is_set():
                self._server.handle_request()


def handler_of(sink: PrometheusSink) -> type[BaseHTTPRequestHandler]:
    """A class, since the server makes one handler per request by itself."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.partition("?")[0] != "/metrics":
                self.send_error(404)
                return
            body = sink.text().encode("utf-8")
            self.send_response(200)
            self.send_header("Content-Type", CONTENT_TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: whoever fetches metrics does so every few seconds."""

    return Handler


def lines_of(family: Family[Labels]) -> Iterator[str]:
    """A metric in the text format; nothing while it has no value."""
    if family.is_empty:
        return
    yield f"# HELP {family.name} {escaped(family.shape.description or family.name)}"
    yield f"# TYPE {family.name} {family.shape.kind.name.lower()}"
    for labels, number in family.numbers.items():
        yield sample(family.name, labels, number)
    for labels, histogram in family.histograms.items():
        count = 0
        for bound, inside in zip([*histogram.bounds, float("inf")], histogram.counts, strict=True):
            count += inside
            yield sample(f"{family.name}_bucket", (*labels, ("le", text_of(bound))), count)
        yield sample(f"{family.name}_sum", labels, histogram.total)
        yield sample(f"{family.name}_count", labels, count)


def host_and_port(bind_address: str) -> tuple[str, int]:
    host, _, port = bind_address.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65_535:
        raise ValueError("Invalid Prometheus address: invalid socket address syntax")
    return host.removeprefix("[").removesuffix("]"), int(port)


def labels_of(attributes: MetricAttributes) -> Labels:
    return tuple((label_name(name), label_value(value)) for name, value in sorted(attributes.items()))


@lru_cache(maxsize=1_000)
def label_name(name: str) -> str:
    return NOT_IN_A_NAME.sub("_", name)


def label_value(value: str | float | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def sample(name: str, labels: Labels, value: float) -> str:
    inside = ",".join(f'{label}="{escaped(text, quote=True)}"' for label, text in labels)
    return f"{name}{{{inside}}} {text_of(value)}" if inside else f"{name} {text_of(value)}"


def escaped(text: str, *, quote: bool = False) -> str:
    text = text.replace("\\", r"\\").replace("\n", r"\n")
    return text.replace('"', r"\"") if quote else text


def text_of(number: float) -> str:
    """Whole numbers without a fraction."""
    if number == float("inf"):
        return "+Inf"
    return str(int(number)) if number == int(number) else repr(number)
