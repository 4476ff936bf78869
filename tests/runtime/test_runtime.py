"""The runtime itself, its default, and the SDK's own log."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from typing import Any

import pytest

from mainspring.common import MetricMeter
from mainspring.runtime import (
    LogForwardingConfig,
    LoggingConfig,
    LoggingFormat,
    Runtime,
    TelemetryConfig,
    TelemetryFilter,
    _RuntimeRef,
)
from mainspring.runtime._logging import ConsoleFormatter, CoreLog, LogEntry, levels_of

WORKER = "temporalio_sdk_core::worker::workflow"


class Records(logging.Handler):
    """Keeps what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


def a_logger(level: int = logging.INFO) -> tuple[logging.Logger, list[logging.LogRecord]]:
    logger = logging.Logger("users", level)  # noqa: LOG001  # one of its own for each test
    handler = Records()
    logger.addHandler(handler)
    return logger, handler.records


def forwarded(**options: Any) -> logging.LogRecord:
    logger, records = a_logger()
    forwarding = LogForwardingConfig(logger, **options)
    CoreLog(LoggingConfig("INFO", forwarding)).write(logging.WARNING, WORKER, "Failing workflow task", run_id="r")
    return records[0]


def test_a_default_runtime_is_made_once() -> None:
    ref = _RuntimeRef()
    assert ref.default() is ref.default()


def test_a_prevented_default_has_to_be_set() -> None:
    ref = _RuntimeRef()
    ref.prevent_default()
    with pytest.raises(RuntimeError, match=r"Cannot create default Runtime after Runtime\.prevent_default"):
        ref.default()
    runtime = Runtime(telemetry=TelemetryConfig())
    ref.set_default(runtime)
    assert ref.default() is runtime


def test_a_default_that_there_is_cannot_be_prevented() -> None:
    ref = _RuntimeRef()
    ref.default()
    with pytest.raises(RuntimeError, match=r"Runtime\.prevent_default called after default runtime has been created"):
        ref.prevent_default()


def test_a_default_is_replaced_only_on_request() -> None:
    ref = _RuntimeRef()
    first, second = Runtime(telemetry=TelemetryConfig()), Runtime(telemetry=TelemetryConfig())
    ref.set_default(first)
    with pytest.raises(RuntimeError, match="Runtime default already set"):
        ref.set_default(second)
    assert ref.default() is first
    ref.set_default(second, error_if_already_set=False)
    assert ref.default() is second


def test_the_class_has_one_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mainspring.runtime._runtime._runtime_ref", _RuntimeRef())
    runtime = Runtime(telemetry=TelemetryConfig())
    Runtime.set_default(runtime)
    assert Runtime.default() is runtime
    with pytest.raises(RuntimeError):
        Runtime.prevent_default()


@pytest.mark.parametrize(
    "interval, text",
    [
        (timedelta(seconds=-5), "worker_heartbeat_interval must be positive"),
        (timedelta(0), "worker_heartbeat_interval must be positive"),
        (timedelta(milliseconds=5), r"heartbeat_interval \(5ms\) must be between 1s and 60s"),
        (timedelta(minutes=5), r"heartbeat_interval \(300s\) must be between 1s and 60s"),
    ],
)
def test_a_wrong_heartbeat_is_refused(interval: timedelta, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        Runtime(telemetry=TelemetryConfig(), worker_heartbeat_interval=interval)


def test_without_metrics_the_meter_records_nothing() -> None:
    runtime = Runtime(telemetry=TelemetryConfig(), worker_heartbeat_interval=None)
    assert runtime.metric_meter is MetricMeter.noop


def test_a_forwarded_entry_looks_as_the_official_one() -> None:
    record = forwarded()
    assert record.name == f"users-sdk_core::{WORKER}"
    assert record.getMessage() == f"[sdk_core::{WORKER}] Failing workflow task {{'run_id': 'r'}}"
    assert record.levelno == logging.WARNING
    entry: LogEntry = record.__dict__["temporal_log"]
    assert (entry.fields, entry.time) == ({"run_id": "r"}, record.created)


def test_each_part_of_a_forwarded_entry_can_be_left_out() -> None:
    record = forwarded(append_target_to_name=False, prepend_target_on_message=False, append_log_fields_to_message=False)
    assert (record.name, record.getMessage()) == ("users", "Failing workflow task")


def test_a_logger_gets_only_levels_that_it_wants() -> None:
    logger, records = a_logger(logging.ERROR)
    CoreLog(LoggingConfig("INFO", LogForwardingConfig(logger))).write(logging.INFO, WORKER, "info")
    assert records == []


@pytest.mark.parametrize(
    "filter_, target, level",
    [
        (TelemetryFilter(core_level="WARN", other_level="ERROR"), WORKER, logging.WARNING),
        (TelemetryFilter(core_level="WARN", other_level="ERROR"), "grpc", logging.ERROR),
        ("info", WORKER, logging.INFO),
        ("ERROR,temporalio_sdk_core=DEBUG", WORKER, logging.DEBUG),
        ("ERROR,temporalio_sdk_core=DEBUG,temporalio_sdk_core::worker=off", WORKER, logging.CRITICAL + 10),
        ("trace", WORKER, 9),
        ("nonsense", WORKER, logging.ERROR),
    ],
)
def test_a_filter_says_a_level_for_each_target(filter_: TelemetryFilter | str, target: str, level: int) -> None:
    log = CoreLog(LoggingConfig(filter_))
    assert log.is_enabled_for(level, target)
    assert not log.is_enabled_for(level - 1, target)


def test_a_filter_as_text_is_read_back_the_same() -> None:
    filter_ = TelemetryFilter(core_level="DEBUG", other_level="WARN")
    assert levels_of(filter_.formatted()) == levels_of(filter_)


def test_no_logging_logs_nothing() -> None:
    assert not CoreLog(None).is_enabled_for(logging.CRITICAL, WORKER)


def test_without_forwarding_the_standard_logging_has_the_entry(caplog: pytest.LogCaptureFixture) -> None:
    Runtime(telemetry=TelemetryConfig())._log.write(logging.WARNING, WORKER, "Failing workflow task", run_id="r")
    (record,) = caplog.records
    assert (record.name, record.getMessage()) == ("mainspring.core", "Failing workflow task {'run_id': 'r'}")


@pytest.mark.parametrize(
    "format_, text",
    [
        (LoggingFormat.COMPACT, f"WARNING {WORKER}: message run_id=r"),
        (LoggingFormat.PRETTY, f"WARNING message\n    at {WORKER}\n    run_id: r"),
    ],
)
def test_entries_on_the_console_have_the_format_asked_for(
    format_: LoggingFormat, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert formatted(format_).partition(" WARNING")[2] == text.removeprefix("WARNING")


def test_entries_as_json_have_their_fields() -> None:
    entry = json.loads(formatted(LoggingFormat.JSON))
    assert entry.pop("timestamp")
    assert entry == {"level": "WARNING", "target": WORKER, "message": "message", "fields": {"run_id": "r"}}


def formatted(format_: LoggingFormat) -> str:
    logger, records = a_logger()
    log = CoreLog(LoggingConfig("INFO", LogForwardingConfig(logger), format_))
    log.write(logging.WARNING, WORKER, "message", run_id="r")
    return ConsoleFormatter(format_).format(records[0])
