"""Mainspring's SDK beside the official one, DBOS and Restate, in the same run.

    python -m benchmarks.sdk [--iterations 3] [--workflows 100] [--steps 20] [--sleepers 10000] [--peers no] [--write]

Steps: activity steps of workflows that run them one after the other, 50 workflows in flight, then one at a time; every
library on a new file or server, in new processes. Over gRPC: whole workflows of one activity, by both SDKs on one
server. Asleep: the memory of one process with many sleeping workflows.

Rounds alternate and medians are compared: machines are shared, so believe the ratios before the numbers. Two fsyncs are
what a step of Mainspring's costs at least; the time of one commit alone stands beside it. The other libraries are
installed once, see `_peers.py`; `ITERATIONS=1` uses those that are there.
"""

from __future__ import annotations

import argparse
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # so that the script also runs by its path

from benchmarks._contenders import IN_FLIGHT, Round, Sizes, contenders, measured, new_file, round_of
from benchmarks._embedded_load import SleepersMeasured
from benchmarks._grpc_load import Measured
from benchmarks._peers import Peers, found
from benchmarks._report import Row, Table, number, percentile, verdict, write
from tests.server_process import is_smoke_run, mainspring_command, temporary_server

LEAST_STEPS_PER_S = 2_000.0
MOST_P50_MS = 1.0
MOST_SLEEPERS_MB = 300.0
COMMIT_COUNT = 200
COMMIT_BYTES = 2_000  # about what a step writes in one
ROUND_FROM = 100  # numbers are shown without decimals


def options() -> argparse.Namespace:
    smoke = is_smoke_run()
    parser = argparse.ArgumentParser(description="Mainspring's SDK beside its peers, in the same run.")
    parser.add_argument("--iterations", type=int, default=1 if smoke else 3)
    parser.add_argument("--workflows", type=int, default=5 if smoke else 100)
    parser.add_argument("--steps", type=int, default=2 if smoke else 20)
    parser.add_argument("--sleepers", type=int, default=20 if smoke else 10_000)
    parser.add_argument("--peers", choices=["yes", "no"], default="yes", help="whether DBOS and Restate take part")
    parser.add_argument("--write", action="store_true", help="keep the tables in benchmarks/results")
    return parser.parse_args()


def main() -> None:
    args = options()
    sizes = Sizes(args.iterations, args.workflows, args.steps, args.sleepers)
    peers = Peers(skipped=["DBOS and Restate: not asked for"])
    if args.peers == "yes":
        peers = found(may_install=not is_smoke_run())
    tables = [steps(sizes, peers), over_grpc(sizes), asleep(sizes)]
    skipped = "".join(f"Skipped: {reason}.\n" for reason in peers.skipped)
    text = "\n".join(table.markdown() for table in tables) + (f"\n{skipped}" if skipped else "")
    if args.write:
        write("sdk", text)
    sys.stdout.write(text)


# -- steps


def steps(sizes: Sizes, peers: Peers) -> Table:
    """All libraries that are there, one column each; rows of ratios say how Mainspring embedded compares to each."""
    taking_part = contenders(peers)
    rounds: dict[str, list[Round]] = {one.name: [] for one in taking_part}
    commits = list[float]()
    for _ in range(sizes.iteration_count):
        for one in taking_part:
            rounds[one.name].append(round_of(one, sizes))
        commits.append(commit_ms())
    steps_per_s = medians(rounds, lambda one: one.in_flight.steps_per_s)
    p50_ms = medians(rounds, lambda one: one.alone.p50_ms)
    return Table(
        f"Activity steps, full durability (one commit alone: {number(statistics.median(commits), 2)} ms)",
        list(rounds),
        [
            row(f"steps/s, {IN_FLIGHT} workflows in flight", steps_per_s, LEAST_STEPS_PER_S),
            Row("embedded does so many times as many", [f"{steps_per_s[0] / value:.2f}" for value in steps_per_s]),
            row("one step at a time, p50 ms", p50_ms, -MOST_P50_MS),
            Row("embedded takes so much of its time", [f"{p50_ms[0] / value:.2f}" for value in p50_ms]),
            row("CPU of a step, ms, with its servers", medians(rounds, lambda one: one.in_flight.cpu_ms)),
        ],
    )


def medians(rounds: Mapping[str, Sequence[Round]], figure: Callable[[Round], float]) -> list[float]:
    return [statistics.median(map(figure, of_one)) for of_one in rounds.values()]


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
    """Both SDKs against one Mainspring server, in turn. Ratios are medians of those of neighbours in time."""
    measurements: dict[str, list[Measured]] = {"mainspring": [], "temporalio": []}
    load = [sys.executable, "-m", "benchmarks._grpc_load", "whole"]
    count = str(sizes.workflow_count * 4)
    with temporary_server(mainspring_command()) as server:
        for turn in range(sizes.iteration_count * 2):
            order = list(measurements) if turn % 2 == 0 else reversed(measurements)
            for sdk in order:
                measurements[sdk].append(measured([*load, sdk, server.address, count], Measured))
    own, official = measurements.values()

    def compared(name: str, figure: Callable[[Measured], float], *, is_held: bool = False) -> Row:
        medians_of_both = [statistics.median(map(figure, of_one)) for of_one in (own, official)]
        ratio = statistics.median(figure(ours) / figure(theirs) for ours, theirs in zip(own, official, strict=True))
        shown = [*row(name, medians_of_both).values, f"{ratio:.2f}"]
        return Row(name, shown, "ratio >= 1", verdict(is_met=ratio >= 1)) if is_held else Row(name, shown)

    return Table(
        "Over gRPC, workflows of one activity on the same Mainspring server",
        ["Mainspring", "official SDK", "ratio"],
        [
            compared(f"workflows/s, {IN_FLIGHT} in flight", lambda one: one.workflows_per_s, is_held=True),
            compared("one workflow at a time, p50 ms", lambda one: one.p50_ms),
            compared("CPU of a workflow, client and worker, ms", lambda one: one.cpu_ms),
        ],
    )


# -- asleep


def asleep(sizes: Sizes) -> Table:
    with new_file() as file:
        command = [sys.executable, "-m", "benchmarks._embedded_load", "sleepers", *file.words]
        sleepers = measured([*command, str(sizes.sleeper_count)], SleepersMeasured)
    return Table(
        f"{sizes.sleeper_count:,} workflows asleep in one process, with engine, worker and client",
        ["Mainspring embedded"],
        [
            row("resident memory, MB", [sleepers.memory_mb], -MOST_SLEEPERS_MB),
            row("more than before the first, MB", [sleepers.grown_mb]),
            row("to start them all, s", [sleepers.seconds]),
        ],
    )


def row(name: str, figures: Sequence[float], target: float | None = None) -> Row:
    """`target` is for the first figure: at least so much; if negative, at most so much; None: there is none."""
    first = figures[0]
    values = [number(value, 0 if value >= ROUND_FROM else 2) for value in figures]
    if target is None:
        return Row(name, values)
    is_met = first >= target if target > 0 else first <= -target
    sign = ">=" if target > 0 else "<="
    return Row(name, values, f"{sign} {number(abs(target), 0)}", verdict(is_met=is_met))


if __name__ == "__main__":
    main()
