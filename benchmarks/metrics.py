"""What recording calls and commits costs the server, whether or not anybody asks for `/metrics`.

whole server     CPU of workflows of one activity by raw RPCs, with recording and without, in rounds that alternate
recording alone  what is done for one call, many times in this process: the part of it that can be told from noise

python -m benchmarks.metrics
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # so that the script also runs by its path
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

from benchmarks import lean
from benchmarks._report import Row, Table, number
from mainspring.server.persistence.durations import Durations
from mainspring.server.process.statistics import Statistics
from tests.server_process import ServerProcess, is_smoke_run, mainspring_command, temporary_server

ROUNDS = 1 if is_smoke_run() else int(os.environ.get("ITERATIONS", "8"))
WORKFLOWS = 20 if is_smoke_run() else 400
IN_FLIGHT = 50
CALLS = 1_000 if is_smoke_run() else 200_000
RECORDS_PER_WORKFLOW = 8  # seven calls, and a commit that others share
UNRECORDED = [sys.executable, "-m", "benchmarks._unrecorded"]
MOST_PERCENT = 2.0


async def cpu_ms_per_workflow(server: ServerProcess) -> float:
    await lean.drive(server.address, 20, IN_FLIGHT)
    before_s = server.cpu_s()
    await lean.drive(server.address, WORKFLOWS, IN_FLIGHT)
    return (server.cpu_s() - before_s) / WORKFLOWS * 1_000


async def one_round() -> tuple[float, float]:
    """With recording and without, at the same time: what else the machine does falls on both."""
    with contextlib.ExitStack() as stack:
        commands = (mainspring_command(), UNRECORDED)
        servers = [await asyncio.to_thread(stack.enter_context, temporary_server(command)) for command in commands]
        recorded, unrecorded = await asyncio.gather(*map(cpu_ms_per_workflow, servers))
        return recorded, unrecorded


def record_us() -> float:
    """Processor time of what is recorded of one call."""
    kept = Statistics(Durations)
    method = kept.method("grpc", "/a.Service/Method")
    began = time.thread_time_ns()
    for _ in range(CALLS):
        kept.ended(method, time.monotonic())
    return (time.thread_time_ns() - began) / CALLS / 1_000


async def main() -> None:
    rounds = [await one_round() for _ in range(ROUNDS)]
    recorded, unrecorded = [one for one, _ in rounds], [other for _, other in rounds]
    whole, without = statistics.median(recorded), statistics.median(unrecorded)
    ratios = [(one - other) / other * 100 for one, other in rounds]
    alone_us = min(record_us() for _ in range(5))
    share = alone_us * RECORDS_PER_WORKFLOW / 1_000 / whole * 100
    rows = [
        Row("CPU per workflow, ms", [number(whole, 3), number(without, 3)]),
        Row("more with recording, median of rounds, %", [number(statistics.median(ratios), 2), ""]),
        Row("rounds from, to, %", [number(min(ratios), 1), number(max(ratios), 1)]),
        Row("recording one call, us", [number(alone_us, 2), ""]),
        Row("share of a workflow's CPU, %", [number(share, 2), ""], f"< {MOST_PERCENT:g}"),
    ]
    print(Table("Recording calls and commits", ["recorded", "not recorded"], rows).markdown())


if __name__ == "__main__":
    asyncio.run(main())
