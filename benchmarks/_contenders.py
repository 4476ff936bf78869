"""Who takes part in the steps of `benchmarks/sdk.py`: how each is started, and over what.

contenders(peers)            -> those that can run here, Mainspring in one process first
round_of(contender, sizes)   -> its figures, on a new server or file, in new processes
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec

from benchmarks import _peer_servers
from benchmarks._peer_servers import PeerServer
from benchmarks._peers import Peers
from benchmarks._steps_load import StepsMeasured
from tests.server_process import CHECKOUT, mainspring_command, temporary_server

IN_FLIGHT = 50
TIMEOUT_S = 600.0
ALONE_COUNT = 5  # workflows one at a time, each so many times longer
T = TypeVar("T")


class Sizes(msgspec.Struct):
    """How much to measure."""

    iteration_count: int
    workflow_count: int
    step_count: int
    sleeper_count: int


class Round(msgspec.Struct):
    """What one library did in one round."""

    in_flight: StepsMeasured
    alone: StepsMeasured


class Target(msgspec.Struct):
    """What a driver is told, and the processes besides it whose CPU counts."""

    words: list[str]
    pids: list[int] = msgspec.field(default_factory=list[int])


class Contender(msgspec.Struct):
    """One library in one form; `over` gives it something new to run on."""

    name: str
    command: list[str]
    over: Callable[[], AbstractContextManager[Target]]


def contenders(peers: Peers) -> list[Contender]:
    own = [sys.executable, "-m"]
    over_grpc = [*own, "benchmarks._grpc_load", "steps"]
    found = [
        Contender("Mainspring embedded", [*own, "benchmarks._embedded_load", "steps"], new_file),
        Contender("Mainspring over gRPC", [*over_grpc, "mainspring"], new_mainspring),
        Contender("official SDK on Mainspring", [*over_grpc, "temporalio"], new_mainspring),
    ]
    if peers.python is not None:
        dbos = [str(peers.python), "-m", "benchmarks.peers.dbos_steps"]
        found.append(Contender("DBOS, SQLite", dbos, new_sqlite_url))
        if (programs := peers.postgres_programs) is not None:
            found.append(Contender("DBOS, PostgreSQL", dbos, lambda: over_server(_peer_servers.postgres(programs))))
        if (binary := peers.restate_server) is not None:
            command = [str(peers.python), "-m", "benchmarks.peers.restate_steps"]
            found.append(Contender("Restate", command, lambda: over_server(_peer_servers.restate(binary))))
    return found


def round_of(contender: Contender, sizes: Sizes) -> Round:
    """Many workflows in flight, then one at a time."""
    many = (sizes.workflow_count, sizes.step_count, IN_FLIGHT)
    alone = (min(ALONE_COUNT, sizes.workflow_count), sizes.step_count * ALONE_COUNT, 1)
    with contender.over() as target:
        figures = [
            measured([*contender.command, *target.words, *map(str, [*numbers, *target.pids])], StepsMeasured)
            for numbers in (many, alone)
        ]
    return Round(*figures)


def measured(command: Sequence[str], kind: type[T]) -> T:
    """What the last line says that a command prints. Ends the benchmark if the command fails."""
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")
    return msgspec.json.decode(done.stdout.strip().splitlines()[-1], type=kind)


# -- what they run on


@contextmanager
def new_file() -> Generator[Target]:
    with tempfile.TemporaryDirectory(prefix="mainspring-") as folder:
        yield Target([str(Path(folder) / "bench.db")])


@contextmanager
def new_sqlite_url() -> Generator[Target]:
    with new_file() as file:
        yield Target([f"sqlite:///{file.words[0]}"])


@contextmanager
def new_mainspring() -> Generator[Target]:
    with temporary_server(mainspring_command()) as server:
        yield Target([server.address], [server.pid])


@contextmanager
def over_server(starting: AbstractContextManager[PeerServer]) -> Generator[Target]:
    with starting as server:
        yield Target(server.targets, [server.pid])
