"""The official SDK's time-skipping environment on our executable, started as SDKs start the official test server."""

from __future__ import annotations

import asyncio
import shutil
import socket
import sys
import time
from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path

import pytest
from google.protobuf.empty_pb2 import Empty
from temporalio import activity, workflow
from temporalio.api.testservice.v1 import SleepRequest
from temporalio.client import Client, WorkflowFailureError
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, TimeoutError, TimeoutType  # noqa: A004 - the SDK's own
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from tests.server_process import READY_WITHIN_S

QUEUE = "queue"
LONG_S = 100_000
NEAR_S = 60.0
HEARTBEAT = timedelta(seconds=20)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(90)]


@workflow.defn(sandboxed=False)
class Sleeper:
    @workflow.run
    async def run(self) -> str:
        await asyncio.sleep(LONG_S)
        return "rested"

    @workflow.query
    def now(self) -> float:
        return workflow.now().timestamp()

    @workflow.signal
    def touch(self) -> None: ...


@workflow.defn(sandboxed=False)
class Heartbeating:
    @workflow.run
    async def run(self) -> None:
        await workflow.execute_activity(
            "oversleep",
            schedule_to_close_timeout=timedelta(hours=1),
            heartbeat_timeout=HEARTBEAT,
            retry_policy=RetryPolicy(maximum_attempts=1),
        )


@pytest.fixture(scope="module")
def executable() -> str:
    beside = Path(sys.executable).with_name("mainspring")
    found = str(beside) if beside.exists() else shutil.which("mainspring")
    assert found is not None, "the command is installed with the package"
    return found


@pytest.fixture
async def env(executable: str) -> AsyncGenerator[WorkflowEnvironment]:
    async with await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=executable,
        test_server_startup_timeout=timedelta(seconds=READY_WITHIN_S),
    ) as env:
        yield env


async def test_waiting_for_a_result_skips(env: WorkflowEnvironment) -> None:
    began_at = await env.get_current_time()
    async with Worker(env.client, task_queue=QUEUE, workflows=[Sleeper]):
        assert await env.client.execute_workflow(Sleeper.run, id="w", task_queue=QUEUE) == "rested"

    assert (await env.get_current_time() - began_at).total_seconds() == pytest.approx(LONG_S, abs=NEAR_S)


async def test_sleeping_skips_so_far_and_no_further(env: WorkflowEnvironment) -> None:
    async with Worker(env.client, task_queue=QUEUE, workflows=[Sleeper]):
        handle = await env.client.start_workflow(Sleeper.run, id="w", task_queue=QUEUE)
        before = await handle.query(Sleeper.now)

        await env.sleep(1_000)

        await handle.signal(Sleeper.touch)
        assert await handle.query(Sleeper.now) - before == pytest.approx(1_000, abs=NEAR_S)


async def test_an_activity_that_sleeps_misses_its_heartbeat(env: WorkflowEnvironment) -> None:
    @activity.defn
    async def oversleep() -> None:
        await env.sleep(2 * HEARTBEAT)

    async with Worker(env.client, task_queue=QUEUE, workflows=[Heartbeating], activities=[oversleep]):
        with pytest.raises(WorkflowFailureError) as failed:
            await env.client.execute_workflow(Heartbeating.run, id="w", task_queue=QUEUE)

    assert isinstance(failed.value.cause, ActivityError)
    assert isinstance(failed.value.cause.cause, TimeoutError)
    assert failed.value.cause.cause.type is TimeoutType.HEARTBEAT


async def test_results_can_be_waited_for_side_by_side(env: WorkflowEnvironment) -> None:
    async with Worker(env.client, task_queue=QUEUE, workflows=[Sleeper]):
        waits = [env.client.execute_workflow(Sleeper.run, id=f"w{n}", task_queue=QUEUE) for n in range(5)]

        assert await asyncio.gather(*waits) == ["rested"] * 5


async def test_time_skips_from_the_start_if_the_flag_says_so(executable: str) -> None:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port = trial.getsockname()[1]
    process = await asyncio.create_subprocess_exec(executable, str(port), "--enable-time-skipping")
    try:
        client = await connected(port)
        began_at = (await client.test_service.get_current_time(Empty())).time.ToSeconds()
        request = SleepRequest()
        request.duration.FromSeconds(LONG_S)

        await client.test_service.sleep(request)

        ended_at = (await client.test_service.get_current_time(Empty())).time.ToSeconds()
    finally:
        process.terminate()
        await process.wait()
    assert ended_at - began_at == pytest.approx(LONG_S, abs=NEAR_S)


async def connected(port: int) -> Client:
    """A client, as soon as the server listens."""
    until_s = time.monotonic() + READY_WITHIN_S
    while True:
        try:
            return await Client.connect(f"127.0.0.1:{port}")
        except RuntimeError:
            if time.monotonic() > until_s:
                raise
            await asyncio.sleep(0.1)
