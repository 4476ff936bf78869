"""Mainspring's SDK in one process beside DBOS, and over gRPC beside the official SDK, in the same run.

    python -m benchmarks.sdk [--iterations 3] [--workflows 100] [--steps 20] [--sleepers 10000] [--write]

In process: activity steps/s of workflows that run activities one after the other, 50 in flight; one step at a time; the
memory of a process with many sleeping workflows; each on a new file, in a new process. Rounds of those compared
alternate, and medians are compared: machines are shared, so believe the ratios before the numbers. Two fsyncs are what
a step costs at least; the time of one commit alone stands beside it.

DBOS runs by a Python that has it, named in `MAINSPRING_DBOS_PYTHON` (`pip install dbos` in a venv of its own); without
it its column is empty.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # so that the script also runs by its path

from benchmarks._embedded_load import SleepersMeasured, StepsMeasured
from benchmarks._grpc_load import Measured
from benchmarks._report import MISSING, Row, Table, number, percentile, verdict, write
from tests.server_process import CHECKOUT, is_smoke_run, mainspring_command, temporary_server

DBOS_PYTHON = os.environ.get("MAINSPRING_DBOS_PYTHON", "")
DBOS_SCRIPT = Path(__file__).parent / "peers" / "dbos_steps.py"
LEAST_STEPS_PER_S = 2_000.0
MOST_P50_MS = 1.0
MOST_SLEEPERS_MB = 300.0
IN_FLIGHT = 50
COMMIT_COUNT = 200
COMMIT_BYTES = 2_000  # about what a step writes in one
TIMEOUT_S = 600.0
ROUND_FROM = 100  # numbers are shown without decimals
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


def options() -> argparse.Namespace:
    smoke = is_smoke_run()
    parser = argparse.ArgumentParser(description="Mainspring's SDK beside its peers, in the same run.")
    parser.add_argument("--iterations", type=int, default=1 if smoke else 3)
    parser.add_argument("--workflows", type=int, default=5 if smoke else 100)
    parser.add_argument("--steps", type=int, default=2 if smoke else 20)
    parser.add_argument("--sleepers", type=int, default=20 if smoke else 10_000)
    parser.add_argument("--write", action="store_true", help="keep the tables in benchmarks/results")
    return parser.parse_args()


def main() -> None:
    args = options()
    sizes = Sizes(args.iterations, args.workflows, args.steps, args.sleepers)
    tables = [in_process(sizes), over_grpc(sizes)]
    text = "\n".join(table.markdown() for table in tables)
    if args.write:
        write("sdk", text)
    sys.stdout.write(text)


# -- in process


def in_process(sizes: Sizes) -> Table:
    """Steps, latency and memory, beside DBOS if it is there."""
    own, dbos, commits = list[Round](), list[Round](), list[float]()
    for _ in range(sizes.iteration_count):
        own.append(steps_of([sys.executable, "-m", "benchmarks._embedded_load", "steps"], sizes))
        commits.append(commit_ms())
        if DBOS_PYTHON:
            dbos.append(steps_of([DBOS_PYTHON, str(DBOS_SCRIPT)], sizes))
    sleepers = sleepers_of(sizes.sleeper_count)
    columns = ["Mainspring", "DBOS" if DBOS_PYTHON else "DBOS (MAINSPRING_DBOS_PYTHON is not set)", "ratio"]
    floor = f"one commit alone: {number(statistics.median(commits), 2)} ms"
    return Table(
        f"In process, SQLite at full durability ({floor})",
        columns,
        [
            row(
                f"steps/s, {IN_FLIGHT} workflows in flight",
                [one.in_flight.steps_per_s for one in own],
                [one.in_flight.steps_per_s for one in dbos],
                LEAST_STEPS_PER_S,
            ),
            row("CPU of a step, ms", [one.in_flight.cpu_ms for one in own], [one.in_flight.cpu_ms for one in dbos]),
            row(
                "one step at a time, p50 ms",
                [one.alone.p50_ms for one in own],
                [one.alone.p50_ms for one in dbos],
                -MOST_P50_MS,
            ),
            row(f"memory with {sizes.sleeper_count:,} asleep, MB", [sleepers.memory_mb], [], -MOST_SLEEPERS_MB),
        ],
    )


def steps_of(command: Sequence[str], sizes: Sizes) -> Round:
    many = (sizes.workflow_count, sizes.step_count, IN_FLIGHT)
    alone = (2, sizes.step_count * 5, 1)
    return Round(*(measured([*command], numbers, StepsMeasured) for numbers in (many, alone)))


def sleepers_of(count: int) -> SleepersMeasured:
    command = [sys.executable, "-m", "benchmarks._embedded_load", "sleepers"]
    return measured(command, (count,), SleepersMeasured)


def measured(command: Sequence[str], numbers: Sequence[int], kind: type[T]) -> T:
    """What a process of its own measured over a new file."""
    with tempfile.TemporaryDirectory(prefix="mainspring-") as folder:
        said = run([*command, str(Path(folder) / "bench.db"), *map(str, numbers)])
    return msgspec.json.decode(said, type=kind)


def run(command: Sequence[str]) -> str:
    """The last line that a command prints."""
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")
    return done.stdout.strip().splitlines()[-1]


def commit_ms() -> float:
    """The median time of a commit of about what a step writes, by SQLite alone."""
    took_ms: list[float] = []
    with tempfile.TemporaryDirectory(prefix="mainspring-") as folder:
        db = sqlite3.connect(Path(folder) / "bench.db", isolation_level=None)
        for statement in ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "CREATE TABLE t (blob BLOB)"):
            db.execute(statement)
        for _ in range(COMMIT_COUNT):
            began = time.perf_counter()
            db.execute("INSERT INTO t VALUES (zeroblob(?))", (COMMIT_BYTES,))
            took_ms.append((time.perf_counter() - began) * 1000)
        db.close()
    return percentile(took_ms, 50)


# -- over gRPC


def over_grpc(sizes: Sizes) -> Table:
    """Both SDKs against one Mainspring server, in turn."""
    own, official = list[Measured](), list[Measured]()
    count = str(sizes.workflow_count * 2)
    with temporary_server(mainspring_command()) as server:
        for _ in range(sizes.iteration_count):
            for sdk, kept in (("mainspring", own), ("temporalio", official)):
                said = run([sys.executable, "-m", "benchmarks._grpc_load", sdk, server.address, count])
                kept.append(msgspec.json.decode(said, type=Measured))
    official_rates = [one.workflows_per_s for one in official]
    return Table(
        "Over gRPC, workflows of one activity on the same Mainspring server",
        ["Mainspring", "official SDK", "ratio"],
        [
            row(
                f"workflows/s, {IN_FLIGHT} in flight",
                [one.workflows_per_s for one in own],
                official_rates,
                statistics.median(official_rates),
            ),
            row("one workflow at a time, p50 ms", [one.p50_ms for one in own], [one.p50_ms for one in official]),
        ],
    )


def row(name: str, own: Sequence[float], peer: Sequence[float], target: float | None = None) -> Row:
    """The medians of both. `target`: at least so much; if negative, at most so much; None: there is none."""
    ours = statistics.median(own)
    theirs = statistics.median(peer) if peer else None
    values = [number(value, 0 if ours >= ROUND_FROM else 2) for value in (ours, theirs)]
    ratio = MISSING if not theirs else f"{ours / theirs:.2f}"
    if target is None:
        return Row(name, [*values, ratio])
    is_met = ours >= target if target > 0 else ours <= -target
    sign = ">=" if target > 0 else "<="
    return Row(name, [*values, ratio], f"{sign} {number(abs(target), 0)}", verdict(is_met=is_met))


if __name__ == "__main__":
    main()
