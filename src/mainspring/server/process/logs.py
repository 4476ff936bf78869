"""How the server writes its log, on standard error.

    text    2026-11-25T05:00:00.123Z INFO mainspring started: address=127.0.0.1:7233 ...
    json    {"time": "...", "level": "info", "logger": "...", "message": "mainspring started: ..."}
    pretty  05:00:00 mainspring started: address=127.0.0.1:7233 ...

Lines are an event name, a colon, and fields as `name=value`, in all formats, so that a search finds the place in the
code.
"""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from typing import Final

import msgspec

from mainspring.server.process.config import LogConfig

_LEVELS: Final = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "error": logging.ERROR,
    "never": logging.CRITICAL + 1,
}


def set_up(config: LogConfig) -> None:
    """Send all of the process's log to standard error; replaces what was set up before."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter({"text": TextFormatter, "json": JsonFormatter, "pretty": PrettyFormatter}[config.format]())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(_LEVELS[config.level])


class TextFormatter(logging.Formatter):
    """One line: time in UTC, level, message."""

    def format(self, record: logging.LogRecord) -> str:
        return f"{_instant(record)} {record.levelname} {_message(self, record)}"


class PrettyFormatter(logging.Formatter):
    """For a terminal: local time of day, and the level only if it is worth a look."""

    def format(self, record: logging.LogRecord) -> str:
        clock = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
        level = f"{record.levelname} " if record.levelno > logging.INFO else ""
        return f"{clock} {level}{_message(self, record)}"


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": _instant(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line).decode()


def _instant(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"


def _message(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    if not record.exc_info:
        return record.getMessage()
    return f"{record.getMessage()}\n{formatter.formatException(record.exc_info)}"
