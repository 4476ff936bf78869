"""Transitions a second through the SQLite store, beside what the disk allows a program that does nothing else.

    one at a time     each commit awaited before the next
    50 in flight      fifty runs at once: commits share transactions
    50, busy loop     the same, while each transition also costs the loop 200 us of Python, as an engine and a server do

A transition is the typical one: a run updated, a batch of events, one task done with, another one ready. The peer is a
bare loop of BEGIN, UPDATE, COMMIT with the same durability: what a commit costs at least on this disk.

    python -m benchmarks.store [--seconds 3] [--folder DIR] [--profile]
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import os
import pstats
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # so that the script also runs by its path
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

from mainspring.server.engine.changes import (
    Changes,
    CurrentRun,
    EventBatch,
    QueueKey,
    RunKey,
    Task,
    TaskKind,
    VisibilityRecord,
)
from mainspring.server.persistence.sqlite import SqliteStore, open_sqlite
from mainspring.server.persistence.sqlite.connections import connect_writer

EVENTS = b"e" * 300  # two events with a small payload
STATE = b"s" * 350
QUEUE = QueueKey("namespace", "queue", TaskKind.WORKFLOW)
BUSY_S = 200e-6


class Result(NamedTuple):
    """What one way of asking came to."""

    name: str
    per_second: float
    cpu_us: float  # of the whole process, for each transition
    p50_us: float
    p99_us: float


def first_changes(key: RunKey) -> Changes:
    """A run is started."""
    return Changes(
        key=key,
        expected_version=0,
        state=STATE,
        next_event_id=3,
        status=1,
        wake_at=1_800_000_000_000_000_000,
        events=(EventBatch(1, 3, EVENTS),),
        tasks=(task(key, 2),),
        visibility=VisibilityRecord(
            key=key, workflow_type="Type", task_queue="queue", status=1, start_at=5, execution_at=5
        ),
        current=CurrentRun(
            key=key, first_run_id=key.run_id, create_request_id="request", is_running=True, status=1, started_at=5
        ),
        expected_current="",
    )


def next_changes(key: RunKey, version: int) -> Changes:
    """A typical step of a run whose version is `version`."""
    first = version * 2 + 1
    return Changes(
        key=key,
        expected_version=version,
        state=STATE,
        next_event_id=first + 2,
        status=1,
        wake_at=1_800_000_000_000_000_000 + version,
        events=(EventBatch(first, first + 2, EVENTS),),
        tasks=(task(key, first + 1),),
        finished_tasks=((TaskKind.WORKFLOW, first - 1),),
    )


def task(key: RunKey, ref: int) -> Task:
    return Task(run=key, queue=QUEUE, ref=ref, stamp=1, created_at=1_700_000_000_000_000_000 + ref)


async def one_run(store: SqliteStore, until: float, latencies: list[float], *, busy_s: float) -> None:
    """Step after step of one run."""
    key = RunKey("namespace", "workflow-" + os.urandom(8).hex(), os.urandom(16).hex())
    await store.commit([first_changes(key)])
    version = 1
    while (began := time.perf_counter()) < until:
        while time.perf_counter() - began < busy_s:
            pass
        asked = time.perf_counter()
        await store.commit([next_changes(key, version)])
        latencies.append(time.perf_counter() - asked)
        version += 1


async def measure(store: SqliteStore, name: str, seconds: float, in_flight: int, busy_s: float = 0.0) -> Result:
    latencies: list[float] = []
    began, cpu_began = time.perf_counter(), time.process_time()
    until = began + seconds
    await asyncio.gather(*(one_run(store, until, latencies, busy_s=busy_s) for _ in range(in_flight)))
    spent, cpu = time.perf_counter() - began, time.process_time() - cpu_began
    return result(name, latencies, spent, cpu)


def result(name: str, latencies: list[float], spent: float, cpu: float) -> Result:
    latencies.sort()
    count = len(latencies)
    return Result(
        name,
        count / spent,
        cpu / count * 1e6,
        latencies[count // 2] * 1e6,
        latencies[count * 99 // 100] * 1e6,
    )


def bare_commits(folder: Path, seconds: float) -> Result:
    """The peer: one row updated in each transaction, and nothing else."""
    db = connect_writer(folder / "bare.db")
    db.execute("CREATE " + "TABLE bare (id INTEGER PRIMARY KEY, blob BLOB)")
    db.execute("INSERT " + "INTO bare VALUES (1, NULL)")
    latencies: list[float] = []
    began, cpu_began = time.perf_counter(), time.process_time()
    until = began + seconds
    while (asked := time.perf_counter()) < until:
        db.execute("BEGIN IMMEDIATE")
        db.execute("UPDATE " + "bare SET blob = ? WHERE id = 1", (os.urandom(350),))
        db.execute("COMMIT")
        latencies.append(time.perf_counter() - asked)
    found = result("bare commits (peer)", latencies, time.perf_counter() - began, time.process_time() - cpu_began)
    db.close()
    return found


async def measure_all(folder: Path, seconds: float) -> list[Result]:
    store = await open_sqlite(str(folder / "store.db"))
    try:
        return [
            await measure(store, "one at a time", seconds, 1),
            await measure(store, "50 in flight", seconds, 50),
            await measure(store, "50, busy loop", seconds, 50, BUSY_S),
        ]
    finally:
        await store.close()


def run(main: Callable[[], Awaitable[list[Result]]]) -> list[Result]:
    """On uvloop, as the server does, where there is one."""

    async def coroutine() -> list[Result]:
        return await main()

    if sys.platform == "win32":
        return asyncio.run(coroutine())
    import uvloop

    return uvloop.run(coroutine())


def print_table(results: list[Result]) -> None:
    peer = results[0].per_second
    print(f"{'':22}{'per second':>12}{'to peer':>9}{'CPU us':>9}{'p50 us':>9}{'p99 us':>9}")
    for each in results:
        ratio = each.per_second / peer
        print(
            f"{each.name:22}{each.per_second:12,.0f}{ratio:9.2f}{each.cpu_us:9.0f}{each.p50_us:9.0f}{each.p99_us:9.0f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=0.2 if os.environ.get("ITERATIONS") == "1" else 3.0)
    parser.add_argument("--folder", help="where the files go; its disk is what is measured")
    parser.add_argument("--profile", action="store_true", help="profile the loop's thread too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        peer = bare_commits(folder, options.seconds)
        profiler = cProfile.Profile()
        if options.profile:
            profiler.enable()
        results = run(lambda: measure_all(folder, options.seconds))
        profiler.disable()
    print_table([peer, *results])
    if options.profile:
        pstats.Stats(profiler).sort_stats("tottime").print_stats(15)


if __name__ == "__main__":
    main()
