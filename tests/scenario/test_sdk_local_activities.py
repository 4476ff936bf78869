"""Local activities that outlive their workflow task, are tried again, are cancelled, and lose their worker."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from temporalio.api.enums.v1 import EventType

from mainspring.client import Client
from mainspring.worker import Replayer
from tests.scenario.local_worker import TASK_TIMEOUT, LocalActivities
from tests.server_process import CHECKOUT, ServerProcess, mainspring_command, temporary_server

pytestmark = [pytest.mark.scenario, pytest.mark.slow, pytest.mark.timeout(90)]

COMPLETED = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    with temporary_server(mainspring_command()) as started:
        yield started


@asynccontextmanager
async def worker(server: ServerProcess, queue: str) -> AsyncGenerator[None]:
    """A worker process, killed where the block ends."""
    command = [sys.executable, "-m", "tests.scenario.local_worker", server.address, queue]
    process = await asyncio.to_thread(subprocess.Popen, command, cwd=CHECKOUT, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.kill()
        await asyncio.to_thread(process.wait)


async def test_local_activities_outlive_tasks_and_workers(server: ServerProcess, tmp_path: Path) -> None:
    client = await Client.connect(server.address)
    notes = tmp_path / "notes"
    handle = await client.start_workflow(
        LocalActivities.run, str(notes), id="local", task_queue="local", task_timeout=TASK_TIMEOUT
    )
    async with worker(server, "local"):
        async for event in handle.fetch_history_events(wait_new_event=True):
            if event.event_type == COMPLETED:
                break  # the task was answered while the activity runs
    async with worker(server, "local"):
        log = await handle.result()
    kinds = ["TRY_CANCEL", "WAIT_CANCELLATION_COMPLETED", "ABANDON"]
    assert log == ["done", "attempt 3", *(f"cancelled {kind}" for kind in kinds)]
    assert (await asyncio.to_thread(notes.read_text)).count("began") == 2, "the second worker begins it again"

    history = await handle.fetch_history()
    names = [event.WhichOneof("attributes") for event in history.events]
    begins = names.index("marker_recorded_event_attributes")
    assert names[:begins].count("workflow_task_completed_event_attributes") >= 2
    assert names.count("timer_started_event_attributes") == 2 + len(kinds), "a timer before each of two retries"
    assert names.count("marker_recorded_event_attributes") == 1 + 3 + len(kinds)
    await Replayer(workflows=[LocalActivities]).replay_workflow(history)
