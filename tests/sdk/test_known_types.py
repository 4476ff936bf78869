"""Every public name of the SDK has a type that checkers know, so that a wrong call is found before it runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from typing import NamedTuple

import msgspec
import pytest

from tests.house import ROOT, lines_of
from tests.official_exceptions import compared_modules
from tests.official_names import covering, is_there

INCOMPLETE = {  # modules or names whose types are not all known, and why
    "activity": "being written",
    "client": "being written",
    "contrib.opentelemetry": "shows types of client, plugin and worker",
    "contrib.pydantic": "being written",
    "nexus": "shows types of client",
    "plugin": "shows types of client and worker",
    "service": "being written",
    "testing": "shows types of client",
    "worker": "shows types of client and service",
    "workflow": "being written",
}


class Message(msgspec.Struct):
    """What the checker says of a name."""

    message: str


class Symbol(msgspec.Struct, rename="camel"):
    """A name of the package."""

    name: str
    is_exported: bool
    is_type_known: bool
    diagnostics: list[Message]


class Completeness(msgspec.Struct):
    """What the checker found out of the package."""

    symbols: list[Symbol]


class Report(msgspec.Struct, rename="camel"):
    """The checker's answer."""

    type_completeness: Completeness


class Unknown(NamedTuple):
    """A public name without a known type."""

    name: str  # from the module on
    why: str


@pytest.fixture(scope="module")
def symbols(tmp_path_factory: pytest.TempPathFactory) -> list[Symbol]:
    """All names of the package, as the checker sees them whose settings are the defaults."""
    project = tmp_path_factory.mktemp("project")
    command = [sys.executable, "-m", "pyright", "-p", str(project), "--pythonpath", sys.executable]
    done = subprocess.run(
        [*command, "--verifytypes", "mainspring", "--ignoreexternal", "--outputjson"],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        timeout=100,
        check=False,
    )
    return msgspec.json.decode(done.stdout, type=Report).type_completeness.symbols


def unknown(symbols: Iterable[Symbol], modules: Iterable[str]) -> list[Unknown]:
    """Public names of the modules whose types are not known."""
    starts = tuple(f"mainspring.{module}." for module in modules)
    return [
        Unknown(symbol.name.removeprefix("mainspring."), "; ".join(m.message for m in symbol.diagnostics))
        for symbol in symbols
        if symbol.is_exported and not symbol.is_type_known and symbol.name.startswith(starts)
    ]


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_types_of_public_names_are_known(symbols: list[Symbol]) -> None:
    assert len(symbols) > 1_000
    found = [f"{name}: {why}" for name, why in unknown(symbols, compared_modules()) if not covering(name, INCOMPLETE)]
    assert not found, lines_of(found)


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_exceptions_are_still_needed(symbols: list[Symbol]) -> None:
    needed = {covering(name, INCOMPLETE) for name, _ in unknown(symbols, compared_modules())}
    assert not {name for name in INCOMPLETE if is_there(name)} - needed


def test_an_unknown_type_is_found() -> None:
    bad = {"name": "mainspring.m.x", "isExported": True, "isTypeKnown": False, "diagnostics": [{"message": "why"}]}
    private = {**bad, "name": "mainspring.m._x", "isExported": False}
    other = {**bad, "name": "mainspring.server.x"}
    answer = json.dumps({"typeCompleteness": {"symbols": [bad, private, other]}})
    report = msgspec.json.decode(answer, type=Report)
    assert unknown(report.type_completeness.symbols, ["m"]) == [Unknown("m.x", "why")]
