"""What one server does in one round of `server.py`: start, idle, load by each SDK, load by raw RPCs, and its memory."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import uvloop

from benchmarks import _go_load, _sdk_load
from benchmarks._report import percentile
from tests.server_process import CHECKOUT, ServerProcess, temporary_server

SETTLE_S = 3.0  # after the start, before idling is measured
PYTHON, GO = "Python", "Go"


class Sizes(msgspec.Struct):
    """How much to measure."""

    iteration_count: int
    workflow_count: int
    one_at_a_time_count: int
    lean_count: int
    memory_count: int
    idle_s: float


class Driven(msgspec.Struct):
    """One server under the load of one SDK."""

    workflows_per_s: float
    in_flight_p50_ms: float
    in_flight_p99_ms: float
    p50_ms: float
    p99_ms: float
    driver_cpu_ms: float  # of client and worker, a workflow, while many were in flight


class Round(msgspec.Struct):
    """What one server did in one round."""

    ready_s: float
    idle_cpu_percent: float
    idle_memory_mb: float
    by_sdk: dict[str, Driven]  # no GO where its driver cannot be built
    lean_workflows_per_s: float
    cpu_ms_per_workflow: float  # server only, driven by raw RPCs
    memory_mb: float | None = None  # after `memory_count` workflows; only in the last round


def run_round(command: Sequence[str], sizes: Sizes, go_program: Path | None, *, with_memory: bool) -> Round:
    with temporary_server(command) as server:
        idle_cpu_percent, idle_memory_mb = measure_idle(server, sizes.idle_s)
        by_sdk = measure_sdks(server.address, sizes, go_program)
        lean_per_s, cpu_ms = measure_lean(server, sizes.lean_count)
        return Round(
            ready_s=server.ready_s,
            idle_cpu_percent=idle_cpu_percent,
            idle_memory_mb=idle_memory_mb,
            by_sdk=by_sdk,
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


def measure_sdks(address: str, sizes: Sizes, go_program: Path | None) -> dict[str, Driven]:
    """The same load by each SDK, one after the other."""
    counts = sizes.workflow_count, sizes.one_at_a_time_count
    by_sdk = {PYTHON: driven(uvloop.run(_sdk_load.measure(address, *counts)))}
    if go_program is not None:
        by_sdk[GO] = driven(_go_load.measure(go_program, address, *counts))
    return by_sdk


def driven(load: _sdk_load.Load) -> Driven:
    return Driven(
        workflows_per_s=load.workflows_per_s,
        in_flight_p50_ms=percentile(load.in_flight_ms, 50),
        in_flight_p99_ms=percentile(load.in_flight_ms, 99),
        p50_ms=percentile(load.one_at_a_time_ms, 50),
        p99_ms=percentile(load.one_at_a_time_ms, 99),
        driver_cpu_ms=load.cpu_ms_per_workflow,
    )


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
