"""A program for the official SDK that makes a worker count all that it counts, and prints what Prometheus would fetch.

    python metrics_program.py ADDRESS everything|greetings

`test_sdk_metrics.py` runs it as it is, and with its imports changed to Mainspring's.
"""

from __future__ import annotations

import asyncio
import socket
import sys
import urllib.request
import uuid
from contextlib import suppress
from datetime import timedelta
from typing import Any

from temporalio import activity, workflow
from temporalio.client import Client, WorkflowFailureError
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory, FailureError
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig
from temporalio.service import RPCError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

QUEUE = "metrics"
TIMEOUT = timedelta(seconds=20)
BEAT_TIMEOUT = timedelta(seconds=1)
WAIT = workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED


@activity.defn
async def greet(name: str) -> str:
    return name


@activity.defn
async def fail(category: str) -> None:
    raise failure(category)


def failure(category: str) -> ApplicationError:
    kind = ApplicationErrorCategory.BENIGN if category == "benign" else ApplicationErrorCategory.UNSPECIFIED
    return ApplicationError("no", non_retryable=True, category=kind)


@activity.defn
async def wait() -> None:
    while True:
        activity.heartbeat()
        await asyncio.sleep(0.05)


@workflow.defn
class Greet:
    @workflow.run
    async def run(self, name: str) -> str:
        return await workflow.execute_activity(greet, name, start_to_close_timeout=TIMEOUT)


@workflow.defn
class Everything:
    def __init__(self) -> None:
        self.is_idle = self.may_end = False

    @workflow.run
    async def run(self) -> None:
        await workflow.execute_activity(greet, "a", start_to_close_timeout=TIMEOUT)
        await workflow.execute_local_activity(greet, "a", start_to_close_timeout=TIMEOUT)
        for category in ("benign", "none"):
            for run in (workflow.execute_activity, workflow.execute_local_activity):
                with suppress(FailureError):
                    await run(fail, category, start_to_close_timeout=TIMEOUT)
        waiting: list[Any] = [
            workflow.start_activity(
                wait, start_to_close_timeout=TIMEOUT, heartbeat_timeout=BEAT_TIMEOUT, cancellation_type=WAIT
            ),
            workflow.start_local_activity(wait, start_to_close_timeout=TIMEOUT, cancellation_type=WAIT),
        ]
        await asyncio.sleep(0.2)
        for handle in waiting:
            handle.cancel()
            with suppress(FailureError):
                await handle
        await workflow.execute_child_workflow(Greet.run, "b")
        self.is_idle = True
        await workflow.wait_condition(lambda: self.may_end)

    @workflow.signal
    def end(self) -> None:
        self.may_end = True

    @workflow.query
    def is_ending(self) -> bool:
        return self.may_end

    @workflow.update
    async def wait_until_idle(self) -> None:
        await workflow.wait_condition(lambda: self.is_idle)


@workflow.defn
class Fails:
    @workflow.run
    async def run(self, category: str) -> None:
        raise failure(category)


@workflow.defn
class Sleeps:
    @workflow.run
    async def run(self) -> None:
        await asyncio.sleep(3600)


@workflow.defn
class GoesOn:
    @workflow.run
    async def run(self, times: int) -> None:
        if times:
            workflow.continue_as_new(times - 1)


tries = list[int]()


@workflow.defn
class FailsATask:
    @workflow.run
    async def run(self) -> None:
        tries.append(1)
        if len(tries) == 1:
            raise ValueError("meant")


async def everything(client: Client) -> None:
    handle = await client.start_workflow(
        Everything.run, id=uuid.uuid4().hex, task_queue=QUEUE, task_timeout=timedelta(seconds=1)
    )
    await handle.execute_update("wait_until_idle")  # pyright: ignore[reportUnknownMemberType] - an overload of the SDK
    await handle.query(Everything.is_ending)
    await handle.signal(Everything.end)
    await handle.result()
    for category in ("benign", "none"):
        with suppress(WorkflowFailureError):
            await client.execute_workflow(Fails.run, category, id=uuid.uuid4().hex, task_queue=QUEUE)
    await client.execute_workflow(FailsATask.run, id=uuid.uuid4().hex, task_queue=QUEUE)
    await client.execute_workflow(GoesOn.run, 1, id=uuid.uuid4().hex, task_queue=QUEUE)
    sleeping = [
        await client.start_workflow(Sleeps.run, id=uuid.uuid4().hex, task_queue=QUEUE)
        for _ in range(4)  # more than the cache holds
    ]
    await sleeping[-1].cancel()
    with suppress(WorkflowFailureError):
        await sleeping[-1].result()
    with suppress(RPCError):
        await client.get_workflow_handle("none").describe()


async def greetings(client: Client) -> None:
    """Workflows of one activity one after the other, for who counts requests."""
    for _ in range(10):
        await client.execute_workflow(Greet.run, "x", id=uuid.uuid4().hex, task_queue=QUEUE)


async def main() -> None:
    address, what = sys.argv[1:]
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        shown_at = f"127.0.0.1:{listener.getsockname()[1]}"
    runtime = Runtime(telemetry=TelemetryConfig(metrics=PrometheusConfig(bind_address=shown_at)))
    client = await Client.connect(address, runtime=runtime)
    worker = Worker(
        client,
        task_queue=QUEUE,
        workflows=[Everything, Greet, Fails, Sleeps, GoesOn, FailsATask],
        activities=[greet, fail, wait],
        max_cached_workflows=3,
        max_concurrent_activities=7,
        workflow_runner=UnsandboxedWorkflowRunner(),
    )
    async with worker:
        await (everything if what == "everything" else greetings)(client)
        await asyncio.sleep(0.2)  # for what is counted after the answer
        print(await asyncio.to_thread(lambda: urllib.request.urlopen(f"http://{shown_at}/metrics").read().decode()))


if __name__ == "__main__":
    asyncio.run(main())
