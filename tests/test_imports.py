"""Which way the doors open: what each room may import.

    process, cli -> frontend, http, ui -> history, matching, visibility, scheduler -> persistence -> engine

The engine is pure: it reaches no clock, randomness, I/O, logging or event loop, even by the standard library. Of the
`temporalio` package only the API types are used. Each outside package that is imported is declared in pyproject.toml.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Callable, Iterator

import pytest

from tests.house import ROOT, Source, dotted, lines_of, room_of, sample, sources

pytestmark = pytest.mark.house

Rule = Callable[[Source], list[str]]

SERVICES = {"history", "matching", "visibility", "scheduler"}
# What rooms outside this table (the SDK's) may import: each other, never what is behind the API.
ANY_BUT_SERVER = {
    "mainspring",
    *("activity", "client", "common", "contrib", "converter", "determinism", "_embedded", "envconfig", "exceptions"),
    *("nexus", "plugin", "replay", "runtime", "service", "testing", "types", "worker", "workflow"),
}
ALLOWED: dict[str, set[str]] = {
    "explain": set(),  # what people are told about a run: pure, as the engine is
    "engine": set(),
    "persistence": {"engine"},
    "history": {"engine", "persistence"},
    "matching": {"engine", "persistence"},
    "visibility": {"engine", "persistence"},
    "scheduler": {"engine", "persistence"},
    "frontend": {"engine", "persistence", *SERVICES, "mainspring"},  # `mainspring` itself: the version
    "ui": {"frontend", "explain", "mainspring"},  # `mainspring` itself: the version
    "http": {"engine", "frontend"},
    "process": {"engine", "persistence", *SERVICES, "frontend", "http", "ui", "mainspring"},
    "server": set(),
    "mainspring": {"cli", "_embedded"},  # `python -m mainspring`, `mainspring.embedded`
    "_embedded": {"process", *ANY_BUT_SERVER},  # the one door from the SDK to an engine in the same process
    "cli": {
        "process",
        "engine",
        "persistence",
        "explain",
        *ANY_BUT_SERVER,
    },  # checks and copies a file without a server
}
UNREACHABLE_FROM_ENGINE = {
    *(
        "asyncio",
        "concurrent",
        "contextvars",
        "multiprocessing",
        "queue",
        "selectors",
        "signal",
        "threading",
    ),  # waiting
    *("random", "secrets", "time", "uuid"),  # chance and clocks
    *("http", "io", "os", "pathlib", "shutil", "socket", "sqlite3", "subprocess", "tempfile", "urllib"),  # I/O
    *("grpc", "logging", "uvloop", "warnings"),
}
CLOCK_CALLS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today"}
GRPC_ROOMS = {"process", "cli", "service", "runtime"}
ENVIRONMENT_MODULES = {"src/mainspring/server/process/config.py"}
HIDDEN_IMPORTS = {
    "src/mainspring/cli/lazy.py": "commands are loaded when they are called, so that each starts fast",
    "src/mainspring/cli/loading.py": "the user names the module that has the workflows",
}
DISTRIBUTIONS = {  # where the import is not called as the package
    "google.protobuf": "protobuf",
    "google.api": "googleapis-common-protos",
    "google.rpc": "googleapis-common-protos",
    "grpc": "grpcio",
    "opentelemetry": "opentelemetry-api",
    "prometheus_client": "prometheus-client",
    "opentelemetry.proto": "opentelemetry-proto",
    "opentelemetry.sdk": "opentelemetry-sdk",
    "grpc_health": "grpcio-health-checking",
    "grpc_reflection": "grpcio-reflection",
    "grpc_status": "grpcio-status",
    "nexusrpc": "nexus-rpc",
    "pydantic_core": "pydantic",
    "pytest_asyncio": "pytest-asyncio",
    "typing_extensions": "typing-extensions",
}


def imported(source: Source) -> Iterator[tuple[ast.stmt, str]]:
    """Every dotted name that the file imports, whichever way it is spelt; `from a import b` gives `a.b`."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            here = source.path.relative_to("src").parts[:-1]
            base = here[: len(here) - node.level + 1] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from ((node, f"{module}.{alias.name}") for alias in node.names)


def wrong_rooms(source: Source) -> list[str]:
    allowed = ALLOWED.get(source.room, ANY_BUT_SERVER) | {source.room, ""}
    return [
        source.at(node, f"{source.room} may not import {name}")
        for node, name in imported(source)
        if room_imported(name) not in allowed
    ]


def room_imported(name: str) -> str:
    if name.startswith("mainspring.__") or name == "mainspring":
        return "mainspring"
    return room_of(name.split("."))


def climbing_imports(source: Source) -> list[str]:
    return [
        source.at(node, "relative import that climbs: write the full name")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ImportFrom) and node.level > 1
    ]


def hidden_imports(source: Source) -> list[str]:
    """Imports by a name put together at run time, which no rule here could follow."""
    calls = [node for node in ast.walk(source.tree) if isinstance(node, ast.Call)]
    if source.path.as_posix() in HIDDEN_IMPORTS:
        return []
    return [
        source.at(call, f"hidden import by {dotted(call.func)}")
        for call in calls
        if dotted(call.func) in {"__import__", "import_module", "importlib.import_module"}
    ]


def wrong_temporalio(source: Source) -> list[str]:
    return [
        source.at(node, f"only temporalio.api may be used, not {name}")
        for node, name in imported(source)
        if name.split(".")[0] == "temporalio" and not name.startswith("temporalio.api.")
    ]


def impurities(source: Source) -> list[str]:
    """What the engine must not reach."""
    found = [
        source.at(node, f"the engine may not import {name}")
        for node, name in imported(source)
        if name.split(".")[0] in UNREACHABLE_FROM_ENGINE
    ]
    for node in ast.walk(source.tree):
        if isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith):
            found.append(source.at(node, "the engine does not wait"))
        elif isinstance(node, ast.Call) and ".".join(dotted(node.func).split(".")[-2:]) in CLOCK_CALLS:
            found.append(source.at(node, "the engine has no clock"))
        elif isinstance(node, ast.Call) and dotted(node.func) in {"open", "print", "input"}:
            found.append(source.at(node, "the engine does no I/O"))
    return found


def transport_outside_process(source: Source) -> list[str]:
    return [
        source.at(node, f"{name} belongs to process, which makes the transports")
        for node, name in imported(source)
        if source.room not in GRPC_ROOMS and re.match(r"grpc(_\w+)?(\.|$)", name)
    ]


def environment_reads(source: Source) -> list[str]:
    if source.path.as_posix() in ENVIRONMENT_MODULES or "server" not in source.path.parts:
        return []
    return [
        source.at(node, "the environment is read in server/process/config.py only")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute) and dotted(node) in {"os.environ", "os.environb", "os.getenv"}
    ]


def undeclared(source: Source, declared: set[str]) -> list[str]:
    found: list[str] = []
    for node, name in imported(source):
        top = name.split(".")[0]
        if top in sys.stdlib_module_names or top in {"mainspring", "__future__"}:
            continue
        package = DISTRIBUTIONS.get(".".join(name.split(".")[:2]), DISTRIBUTIONS.get(top, top))
        if package not in declared:
            found.append(source.at(node, f"{package} is not among the dependencies in pyproject.toml"))
    return found


def declared_dependencies() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = [lines for extra, lines in project["optional-dependencies"].items() if extra != "dev"]
    lines = [line for declared in (project["dependencies"], *extras) for line in declared]
    return {re.split(r"[^\w-]", line, maxsplit=1)[0] for line in lines}


def package_sources() -> tuple[Source, ...]:
    return sources("src")


@pytest.mark.parametrize("room", sorted(ALLOWED))
def test_room_imports_only_what_it_may(room: str) -> None:
    found = [complaint for source in package_sources() if source.room == room for complaint in wrong_rooms(source)]
    assert not found, lines_of(found)


def test_every_server_room_has_its_line_in_the_table() -> None:
    rooms = {source.room for source in package_sources() if "server" in source.path.parts}
    assert rooms <= ALLOWED.keys()


def test_rooms_of_the_sdk_never_import_the_server() -> None:
    outside = [source for source in package_sources() if source.room not in ALLOWED]
    assert not [complaint for source in outside for complaint in wrong_rooms(source)]


@pytest.mark.parametrize(
    "rule", [climbing_imports, hidden_imports, wrong_temporalio, transport_outside_process, environment_reads]
)
def test_no_file_of_the_package_breaks(rule: Rule) -> None:
    found = [complaint for source in package_sources() for complaint in rule(source)]
    assert not found, lines_of(found)


@pytest.mark.parametrize("room", ["engine", "explain"])
def test_room_is_pure(room: str) -> None:
    found = [complaint for source in package_sources() if source.room == room for complaint in impurities(source)]
    assert not found, lines_of(found)


def test_every_outside_import_is_declared() -> None:
    declared = declared_dependencies()
    found = [complaint for source in package_sources() for complaint in undeclared(source, declared)]
    assert not found, lines_of(found)


@pytest.mark.parametrize(
    "path, code",
    [
        ("engine/a.py", "from mainspring.server.persistence.store import Store"),
        ("engine/a.py", "import mainspring.server.persistence.store"),
        ("engine/a.py", "from mainspring.server import persistence"),
        ("engine/a.py", "from mainspring import server, cli"),
        ("engine/a.py", "import mainspring.cli.main as m"),
        ("history/a.py", "from mainspring.server.matching import queue"),
        ("history/deep/a.py", "from mainspring.server.matching.queue import Queue"),
        ("matching/a.py", "from mainspring.server.frontend.call import Call"),
        ("frontend/a.py", "from mainspring.server.process import config"),
        ("ui/a.py", "from mainspring.server.history import runs"),
        ("__init__.py", "from mainspring.server.engine import run"),
        ("history/a.py", "def late():\n    from mainspring.server.visibility import parser"),
        ("../client/a.py", "from mainspring.server.engine import errors"),
        ("../cli/a.py", "from mainspring.server.history import runs"),
    ],
)
def test_a_wrong_room_is_found(path: str, code: str) -> None:
    assert wrong_rooms(at_room(path, code))


@pytest.mark.parametrize(
    "path, code",
    [
        ("engine/a.py", "from mainspring.server.engine.errors import NotFound"),
        ("engine/a.py", "from .errors import NotFound"),
        ("history/a.py", "from mainspring.server.engine import errors"),
        ("frontend/a.py", "import mainspring.server.history.runs"),
        ("process/a.py", "from mainspring import __version__"),
        ("../cli/main.py", "from mainspring.server.process.lifecycle import serve"),
    ],
)
def test_a_right_room_is_not_complained_of(path: str, code: str) -> None:
    assert not wrong_rooms(at_room(path, code))


@pytest.mark.parametrize(
    "rule, code",
    [
        (climbing_imports, "from ..persistence import store"),
        (hidden_imports, "import importlib\nimportlib.import_module('mainspring.server.' + room)"),
        (hidden_imports, "__import__('time').sleep(1)"),
        (wrong_temporalio, "import temporalio"),
        (wrong_temporalio, "from temporalio.client import Client"),
        (wrong_temporalio, "from temporalio import api, client"),
        (transport_outside_process, "import grpc"),
        (transport_outside_process, "from grpc_status import rpc_status"),
        (environment_reads, "import os\nlevel = os.environ['LEVEL']"),
        (environment_reads, "import os\nlevel = os.getenv('LEVEL')"),
        *((impurities, f"import {name}") for name in ("time", "random", "asyncio", "uuid", "sqlite3", "logging")),
        (impurities, "from time import monotonic"),
        (impurities, "import concurrent.futures"),
        (impurities, "async def answer(): ..."),
        (impurities, "import datetime\nnow = datetime.datetime.now(datetime.UTC)"),
        (impurities, "text = open('name').read()"),
    ],
)
def test_a_bad_import_is_found(rule: Rule, code: str) -> None:
    assert rule(sample(code))


def test_an_undeclared_package_is_found() -> None:
    declared = declared_dependencies()
    assert undeclared(sample("import requests"), declared)
    assert not undeclared(sample("import msgspec, json\nfrom google.rpc.status_pb2 import Status"), declared)


def at_room(path: str, code: str) -> Source:
    folder = "src/mainspring/" if path.startswith("../") else "src/mainspring/server/"
    return sample(code, folder + path.removeprefix("../"))
