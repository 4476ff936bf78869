"""Load as users make it: the official Python SDK, client and worker in one process, workflows of one activity.

Workflows run without the SDK's sandbox, which imports their module anew for each run, and the caller runs this on
uvloop: on two cores the driver would otherwise cost more than any server, and be what is measured. Even so it costs as
much as the server; `_go_load.py` drives the same load for about half of that.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable

import msgspec
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from benchmarks._greet import Greet, greet

IN_FLIGHT = 50
WARM_UP_COUNT = 20


class Load(msgspec.Struct):
    """What the client saw. Latencies are of whole workflows, from start to result, in milliseconds."""

    workflows_per_s: float
    in_flight_ms: list[float]
    one_at_a_time_ms: list[float]
    cpu_ms_per_workflow: float  # of the driver's process, client and worker, while many were in flight


async def measure(address: str, workflow_count: int, one_at_a_time_count: int) -> Load:
    """Run `workflow_count` workflows `IN_FLIGHT` at a time, then `one_at_a_time_count` one after the other."""
    client = await Client.connect(address)
    queue = f"sdk-{uuid.uuid4().hex[:8]}"

    async def one() -> float:
        began = time.perf_counter()
        result = await client.execute_workflow(Greet.run, "world", id=f"sdk-{uuid.uuid4().hex}", task_queue=queue)
        assert result == "hello world", result
        return (time.perf_counter() - began) * 1000

    worker = Worker(
        client,
        task_queue=queue,
        workflows=[Greet],
        activities=[greet],
        max_cached_workflows=1000,
        workflow_runner=UnsandboxedWorkflowRunner(),
    )
    async with worker:
        await _in_lanes(one, min(WARM_UP_COUNT, workflow_count))
        began, cpu_s = time.perf_counter(), time.process_time()
        in_flight_ms = await _in_lanes(one, workflow_count)
        workflows_per_s = workflow_count / (time.perf_counter() - began)
        cpu_ms_per_workflow = 1000 * (time.process_time() - cpu_s) / workflow_count
        one_at_a_time_ms = [await one() for _ in range(one_at_a_time_count)]
    return Load(workflows_per_s, in_flight_ms, one_at_a_time_ms, cpu_ms_per_workflow)


async def _in_lanes(one: Callable[[], Awaitable[float]], count: int) -> list[float]:
    waiting = iter(range(count))

    async def lane() -> list[float]:
        return [await one() for _ in waiting]

    return [ms for lane_ms in await asyncio.gather(*(lane() for _ in range(IN_FLIGHT))) for ms in lane_ms]
