"""Workflows over gRPC, for the SDK's benchmark: client and worker of one SDK in a process of their own.

    python -m benchmarks._grpc_load whole mainspring|temporalio ADDRESS WORKFLOWS      -> see `Measured`
    python -m benchmarks._grpc_load steps mainspring|temporalio ADDRESS WORKFLOWS STEPS IN_FLIGHT [PID ...]
                                                                                   -> see `_steps_load.StepsMeasured`

`whole` runs workflows of one activity. Both SDKs have what the official one has for speed: uvloop, and no sandbox.
"""

from __future__ import annotations

import sys
import time
import uuid

import msgspec
import temporalio.client
import temporalio.worker
import uvloop

from benchmarks import _official_steps, _sdk_load
from benchmarks._report import percentile
from benchmarks._steps import Steps, add
from benchmarks._steps_load import Load, in_lanes, measure
from mainspring.client import Client
from mainspring.worker import Worker

ONE_AT_A_TIME_COUNT = 50


class Measured(msgspec.Struct):
    workflows_per_s: float
    cpu_ms: float  # of a workflow, in the process of client and worker, while many are in flight
    p50_ms: float  # of a whole workflow, one at a time


async def official_whole(address: str, workflow_count: int) -> Measured:
    load = await _sdk_load.measure(address, workflow_count, ONE_AT_A_TIME_COUNT)
    return Measured(load.workflows_per_s, load.cpu_ms_per_workflow, percentile(load.one_at_a_time_ms, 50))


async def own_whole(address: str, workflow_count: int) -> Measured:
    """The same with Mainspring's SDK."""
    client = await Client.connect(address)
    queue = f"sdk-{uuid.uuid4().hex[:8]}"
    took_ms: list[float] = []

    async def one() -> None:
        began = time.perf_counter()
        await client.execute_workflow(Steps.run, 1, id=uuid.uuid4().hex, task_queue=queue)
        took_ms.append((time.perf_counter() - began) * 1000)

    async with Worker(client, task_queue=queue, workflows=[Steps], activities=[add]):
        await in_lanes(one, min(_sdk_load.WARM_UP_COUNT, workflow_count), _sdk_load.IN_FLIGHT)
        began, cpu_s = time.perf_counter(), time.process_time()
        await in_lanes(one, workflow_count, _sdk_load.IN_FLIGHT)
        workflows_per_s = workflow_count / (time.perf_counter() - began)
        cpu_ms = 1000 * (time.process_time() - cpu_s) / workflow_count
        took_ms.clear()
        await in_lanes(one, ONE_AT_A_TIME_COUNT, 1)
    return Measured(workflows_per_s, cpu_ms, percentile(took_ms, 50))


async def official_steps(address: str, load: Load) -> str:
    client = await temporalio.client.Client.connect(address)
    queue = f"sdk-{uuid.uuid4().hex[:8]}"

    async def one(step_count: int) -> None:
        run = _official_steps.Steps.run
        total = await client.execute_workflow(run, step_count, id=uuid.uuid4().hex, task_queue=queue)
        assert total == step_count, total

    worker = temporalio.worker.Worker(
        client,
        task_queue=queue,
        workflows=[_official_steps.Steps],
        activities=[_official_steps.add],
        max_cached_workflows=1000,
        workflow_runner=temporalio.worker.UnsandboxedWorkflowRunner(),
    )
    async with worker:
        return await measure(one, load)


async def own_steps(address: str, load: Load) -> str:
    client = await Client.connect(address)
    queue = f"sdk-{uuid.uuid4().hex[:8]}"

    async def one(step_count: int) -> None:
        total = await client.execute_workflow(Steps.run, step_count, id=uuid.uuid4().hex, task_queue=queue)
        assert total == step_count, total

    async with Worker(client, task_queue=queue, workflows=[Steps], activities=[add]):
        return await measure(one, load)


def main() -> None:
    what, sdk, address, *words = sys.argv[1:]
    is_own = sdk == "mainspring"
    if what == "steps":
        steps = own_steps if is_own else official_steps
        print(uvloop.run(steps(address, Load.from_words(words))))
    else:
        whole = own_whole if is_own else official_whole
        print(msgspec.json.encode(uvloop.run(whole(address, int(words[0])))).decode())


if __name__ == "__main__":
    main()
