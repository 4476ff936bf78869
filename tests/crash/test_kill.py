"""A real server is killed at random moments under load, and must come back with everything that it acknowledged.

    MAINSPRING_CRASH_KILLS=200 MAINSPRING_CRASH_SEED=7 python -m pytest tests/crash

`make crash` runs 200 kills; CI a few. The seed is printed, and decides the moments and the kinds of death; the
interleaving itself is the machine's.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from temporalio.api.workflowservice import v1 as api

from benchmarks import lean
from tests.crash.database_file import assert_file_is_sound
from tests.crash.ledger import Ledger, RunEntry, impossible, missing
from tests.crash.load import TASK_TIMEOUT_S, CrashWorker, Lane, answered
from tests.server_process import ServerProcess

KILL_COUNT = int(os.environ.get("MAINSPRING_CRASH_KILLS") or os.environ.get("KILLS") or "6")
LANE_COUNT = 16
POLLER_COUNT = 4
DRAINED_WITHIN_S = 60.0
COUNTED_WITHIN_S = 20.0
SHOWN_WITHIN_S = 4.0 * TASK_TIMEOUT_S


@pytest.mark.slow
@pytest.mark.timeout(120 + 15 * KILL_COUNT)
async def test_everything_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    seed = int(os.environ.get("MAINSPRING_CRASH_SEED") or random.SystemRandom().randrange(10**6))
    print(f"MAINSPRING_CRASH_SEED={seed} MAINSPRING_CRASH_KILLS={KILL_COUNT}")
    rng = random.Random(seed)
    server = ServerProcess(tmp_path)
    await asyncio.to_thread(server.start)
    try:
        ledger = await run_under_load(server, rng)
        await assert_complete(server, ledger)
    finally:
        await asyncio.to_thread(server.kill)
    assert_file_is_sound(server.db_path, tmp_path / "last")
    print(f"{len(ledger.runs)} workflows, {KILL_COUNT} deaths")


async def run_under_load(server: ServerProcess, rng: random.Random) -> Ledger:
    """Let the server die `KILL_COUNT` times under load, then see every workflow to its end."""
    ledger = Ledger()
    queue = lean.new_id("crash")
    stopping = asyncio.Event()

    async def die_and_stop() -> None:
        try:
            for at in range(KILL_COUNT):
                await asyncio.sleep(rng.uniform(0.05, 1.5))
                await die_and_return(server, rng, ledger, at)
        finally:
            stopping.set()

    async with lean.connected(server.address) as client, lean.connected(server.address) as worker_client:
        worker = asyncio.create_task(CrashWorker(worker_client, ledger, queue, rng).run(POLLER_COUNT))
        lanes = [Lane(client, ledger, queue, rng).run(stopping) for _ in range(LANE_COUNT)]
        limit_s = DRAINED_WITHIN_S + 12 * KILL_COUNT
        async with asyncio.timeout(limit_s):
            await lean.finish_beside(worker, [die_and_stop(), *lanes])
    return ledger


async def die_and_return(server: ServerProcess, rng: random.Random, ledger: Ledger, at: int) -> None:
    """One death of a random kind, and a start on the same file, which must hold what was acknowledged before."""
    kind = rng.choices(["kill", "kill twice", "stop"], weights=[7, 2, 1])[0]
    await asyncio.to_thread(server.stop if kind == "stop" else server.kill)
    entries = ledger.take_changed()
    await asyncio.to_thread(assert_file_is_sound, server.db_path, server.db_path.parent / f"copy-{at}")
    if kind == "kill twice":
        server.launch()
        await asyncio.sleep(rng.uniform(0, 0.6))
        await asyncio.to_thread(server.kill)
    await asyncio.to_thread(server.start)
    await assert_acknowledged(server, entries)


async def assert_acknowledged(server: ServerProcess, entries: Sequence[RunEntry]) -> None:
    """Hold each run's history against what was acknowledged; buffered events have until the task's timeout to show."""
    until_s = time.monotonic() + SHOWN_WITHIN_S
    async with lean.connected(server.address) as service:
        while entries:
            histories = [(entry, await service.events(entry.workflow_id, entry.run_id)) for entry in entries]
            wrong = [what for entry, events in histories for what in impossible(entry, events)]
            assert not wrong, "\n".join(wrong)
            entries = [entry for entry, events in histories if missing(entry, events)]
            lost = [what for entry, events in histories for what in missing(entry, events)]
            assert not lost or time.monotonic() < until_s, "\n".join(lost)
            await asyncio.sleep(0.2 if entries else 0)


async def assert_complete(server: ServerProcess, ledger: Ledger) -> None:
    """Every workflow has finished, with a sound history, and visibility counts them all."""
    open_runs = [entry.workflow_id for entry in ledger.runs.values() if not entry.is_completed]
    assert not open_runs
    await assert_acknowledged(server, list(ledger.runs.values()))
    async with lean.connected(server.address) as service:
        any_run = next(iter(ledger.runs.values()))
        first = (await service.events(any_run.workflow_id))[0].workflow_execution_started_event_attributes
        query = f"WorkflowType = '{first.workflow_type.name}' AND ExecutionStatus = 'Completed'"
        request = api.CountWorkflowExecutionsRequest(namespace=lean.NAMESPACE, query=query)
        until_s = time.monotonic() + COUNTED_WITHIN_S  # the real server's visibility lags
        while (count := (await answered(service.count_workflows, request)).count) != len(ledger.runs):
            assert time.monotonic() < until_s, f"{count} of {len(ledger.runs)} workflows are visible"
            await asyncio.sleep(0.1)
