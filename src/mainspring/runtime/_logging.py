"""The log of the SDK itself: of its polls, its workflow tasks, its connections. What users log is not its matter.

    runtime._log.write(logging.WARNING, "temporalio_sdk_core::worker::workflow", "Failing workflow task", run_id=...)
        -> filter by level and target
        -> without forwarding: the standard logger `mainspring.core`, or the console if a format is asked for
        -> with forwarding: the logger that the user gave, as a record whose `temporal_log` has the fields

Targets are those of the official SDK, so that filters and handlers written for it go on working.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, ClassVar

TRACE = 9
LEVELS = {
    "off": logging.CRITICAL + 10,
    "error": logging.ERROR,
    "warn": logging.WARNING,
    "info": logging.INFO,
    "debug": logging.DEBUG,
    "trace": TRACE,
}
CORE_TARGETS = (
    *("temporalio_common", "temporalio_sdk_core", "temporalio_client", "temporalio_sdk"),
    "temporal_sdk_bridge",
)


@dataclass
class TelemetryFilter:
    """From which level on records are logged: `ERROR`, `WARN`, `INFO`, `DEBUG` or `TRACE`."""

    core_level: str
    """For the SDK."""

    other_level: str
    """For what it uses."""

    def formatted(self) -> str:
        """The filter as text: a level, then levels of targets, by commas."""
        return ",".join([self.other_level, *(f"{target}={self.core_level}" for target in CORE_TARGETS)])


class LoggingFormat(Enum):
    """How records look on the console."""

    COMPACT = "compact"
    PRETTY = "pretty"
    JSON = "json"


@dataclass(frozen=True)
class LoggingConfig:
    """What of the SDK's own log is kept, and where it goes."""

    filter: TelemetryFilter | str
    """A string is as `TelemetryFilter.formatted` writes it: `WARN`, or `ERROR,temporalio_sdk_core=DEBUG`."""

    forwarding: LogForwardingConfig | None = None
    """The logger that gets the records."""

    format: LoggingFormat | None = None
    """Records go to the console in this format, if they are not forwarded; None leaves it to the standard logging."""

    default: ClassVar[LoggingConfig]
    """From WARN on for the SDK, from ERROR on for what it uses."""


LoggingConfig.default = LoggingConfig(filter=TelemetryFilter(core_level="WARN", other_level="ERROR"))


@dataclass
class LogForwardingConfig:
    """Records of the SDK's own log go to a logger; each has an attribute `temporal_log`, a `LogEntry`."""

    logger: logging.Logger

    append_target_to_name: bool = True
    """The record's name ends in `-sdk_core::<target>`."""

    prepend_target_on_message: bool = True
    """The message begins with `[sdk_core::<target>]`."""

    overwrite_log_record_time: bool = True
    """The record has the time of the entry."""

    append_log_fields_to_message: bool = True
    """The message ends in the fields."""

    def _forward(self, entry: LogEntry) -> None:
        if not self.logger.isEnabledFor(entry.level):
            return
        name = f"{self.logger.name}-sdk_core::{entry.target}" if self.append_target_to_name else self.logger.name
        prefix = f"[sdk_core::{entry.target}] " if self.prepend_target_on_message else ""
        suffix = f" {entry.fields}" if self.append_log_fields_to_message else ""
        record = self.logger.makeRecord(
            name,
            entry.level,
            "(sdk-core)",
            0,
            prefix + entry.message + suffix,
            (),
            None,
            "(sdk-core)",
            {"temporal_log": entry},
        )
        if self.overwrite_log_record_time:
            record.created = entry.time
            record.msecs = (entry.time % 1) * 1000
        self.logger.handle(record)


@dataclass(frozen=True)
class LogEntry:
    """One entry of the SDK's own log."""

    target: str
    """Which part of the SDK wrote it."""
    message: str
    time: float
    """Seconds since the epoch."""
    level: int
    """Of the standard logging; 9 is TRACE."""
    fields: Mapping[str, Any]


class CoreLog:
    """The SDK's own log in one runtime. Without a config nothing is logged."""

    def __init__(self, config: LoggingConfig | None) -> None:
        self._levels = levels_of(config.filter) if config else {"": LEVELS["off"]}
        self._forwarding = config.forwarding if config else None
        self._logger = core_logger(config.format if config else None)

    def is_enabled_for(self, level: int, target: str) -> bool:
        part = max((known for known in self._levels if target.startswith(known)), key=len)
        return level >= self._levels[part]

    def write(self, level: int, target: str, message: str, **fields: Any) -> None:
        """Write an entry; the fields are what the message is about."""
        if not self.is_enabled_for(level, target):
            return
        entry = LogEntry(target, message, time.time(), level, fields)
        if self._forwarding:
            self._forwarding._forward(entry)
        else:
            self._logger.log(level, "%s %s", message, fields, extra={"temporal_log": entry})


def levels_of(filter_: TelemetryFilter | str) -> dict[str, int]:
    """Start of a target -> level; '' is all others. Parts that say no level are left out, as in the official SDK."""
    text = filter_ if isinstance(filter_, str) else filter_.formatted()
    levels = {"": logging.ERROR}
    for part in text.split(","):
        target, _, level = part.strip().rpartition("=")
        if level.lower() in LEVELS:
            levels[target] = LEVELS[level.lower()]
    return levels


def core_logger(format_: LoggingFormat | None) -> logging.Logger:
    """The standard logger for entries that are not forwarded; one per format."""
    if format_ is None:
        return logging.getLogger("mainspring.core")
    logger = logging.getLogger(f"mainspring.console.{format_.value}")
    if not logger.handlers:
        handler = logging.StreamHandler(sys.stdout)
        handler.setFormatter(ConsoleFormatter(format_))
        logger.addHandler(handler)
        logger.setLevel(TRACE)
        logger.propagate = False
    return logger


class ConsoleFormatter(logging.Formatter):
    """An entry as one line, as several, or as a JSON object."""

    def __init__(self, format_: LoggingFormat) -> None:
        super().__init__()
        self._format = format_

    def format(self, record: logging.LogRecord) -> str:
        entry: LogEntry = record.__dict__["temporal_log"]
        at = self.formatTime(record)
        if self._format is LoggingFormat.JSON:
            named = {"timestamp": at, "level": record.levelname, "target": entry.target, "message": entry.message}
            return json.dumps({**named, "fields": dict(entry.fields)}, default=str)
        if self._format is LoggingFormat.COMPACT:
            fields = "".join(f" {name}={value}" for name, value in entry.fields.items())
            return f"{at} {record.levelname} {entry.target}: {entry.message}{fields}"
        fields = "".join(f"\n    {name}: {value}" for name, value in entry.fields.items())
        return f"{at} {record.levelname} {entry.message}\n    at {entry.target}{fields}"
