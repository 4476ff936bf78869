"""One line of the log in each format."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from contextlib import redirect_stderr

import pytest

from mainspring.server.process import logs
from mainspring.server.process.config import LogConfig, LogFormat, LogLevel

LOG = logging.getLogger("mainspring.test")


@pytest.fixture(autouse=True)
def _root_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def said(log_format: LogFormat, level: LogLevel = "info", *, with_error: bool = False) -> str:
    """What two lines and maybe an error come to."""
    stderr = io.StringIO()
    with redirect_stderr(stderr):
        logs.set_up(LogConfig(format=log_format, level=level))
        LOG.debug("detail: a=1")
        LOG.info("something: name=%s", "ünïcode")
        if with_error:
            try:
                raise ValueError("line one\nline two")
            except ValueError:
                LOG.exception("it broke: run=%s", "r")
    return stderr.getvalue()


def test_text_has_an_instant_in_utc_and_the_level() -> None:
    line = said("text")
    assert line.endswith("Z INFO something: name=ünïcode\n")
    assert line[:2] == "20"
    assert line.count("\n") == 1


def test_pretty_has_the_time_of_day_and_the_level_only_of_trouble() -> None:
    lines = said("pretty", with_error=True).splitlines()
    assert lines[0][8:] == " something: name=ünïcode"
    assert lines[1][8:] == " ERROR it broke: run=r"
    assert lines[-1] == "line two"


def test_json_is_one_object_a_line_whatever_is_in_it() -> None:
    lines = [json.loads(line) for line in said("json", with_error=True).splitlines()]
    assert [(line["level"], line["logger"], line["message"]) for line in lines] == [
        ("info", "mainspring.test", "something: name=ünïcode"),
        ("error", "mainspring.test", "it broke: run=r"),
    ]
    assert "line one\nline two" in lines[1]["exception"]
    assert all(line["time"].endswith("Z") for line in lines)


@pytest.mark.parametrize("level, count", [("debug", 3), ("info", 2), ("warn", 1), ("error", 1), ("never", 0)])
def test_a_level_leaves_out_what_is_below(level: LogLevel, count: int) -> None:
    assert len(said("json", level, with_error=True).splitlines()) == count
