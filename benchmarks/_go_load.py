"""The load of `_sdk_load.py` made by the official Go SDK: the program in `go/`, a process of its own.

The Go SDK's client and worker cost about half the CPU of the Python SDK's, so that on few cores more of what is
measured is the server.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec

from benchmarks._sdk_load import Load
from tests.go_program import GoUnavailableError, build_go_program
from tests.server_process import CHECKOUT, is_smoke_run

SOURCES = Path(__file__).parent / "go"
PROGRAM = CHECKOUT / "build" / "benchmarks" / "greet_load"
MOST_S = 1800  # for a program that hangs; the real server may need minutes


def built_program() -> Path | None:
    """The program, as new as its sources; None where it cannot be built, or where a smoke run would build it first."""
    if is_smoke_run() and not PROGRAM.exists():
        _say_skipped("its driver is not built yet, and a first build takes longer than ITERATIONS=1 allows")
        return None
    PROGRAM.parent.mkdir(parents=True, exist_ok=True)
    try:
        build_go_program(SOURCES, PROGRAM)
    except GoUnavailableError as error:
        _say_skipped(str(error))
        return None
    return PROGRAM


def measure(program: Path, address: str, workflow_count: int, one_at_a_time_count: int) -> Load:
    """Run `workflow_count` workflows many at a time, then `one_at_a_time_count` one after the other."""
    counts = ["-workflows", str(workflow_count), "-one-at-a-time", str(one_at_a_time_count)]
    done = subprocess.run([program, "-address", address, *counts], stdout=subprocess.PIPE, timeout=MOST_S, check=True)
    return msgspec.json.decode(done.stdout, type=Load)


def _say_skipped(why: str) -> None:
    print(f"the rows of the Go SDK are skipped: {why}", file=sys.stderr, flush=True)
