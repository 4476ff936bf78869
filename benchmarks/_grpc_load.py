"""Workflows of one activity over gRPC, for the SDK's benchmark: client and worker of one SDK in a process of their own.

python -m benchmarks._grpc_load mainspring|temporalio ADDRESS WORKFLOWS     -> {"workflows_per_s", "p50_ms"}
"""

from __future__ import annotations

import sys
import time
import uuid

import msgspec
import uvloop

from benchmarks import _sdk_load
from benchmarks._embedded_load import in_lanes
from benchmarks._report import percentile
from benchmarks._steps import Steps, add
from mainspring.client import Client
from mainspring.worker import Worker

ONE_AT_A_TIME_COUNT = 20


class Measured(msgspec.Struct):
    workflows_per_s: float
    p50_ms: float  # of a whole workflow, one at a time


async def official(address: str, workflow_count: int) -> Measured:
    load = await _sdk_load.measure(address, workflow_count, ONE_AT_A_TIME_COUNT)
    return Measured(load.workflows_per_s, percentile(load.one_at_a_time_ms, 50))


async def own(address: str, workflow_count: int) -> Measured:
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
        began = time.perf_counter()
        await in_lanes(one, workflow_count, _sdk_load.IN_FLIGHT)
        workflows_per_s = workflow_count / (time.perf_counter() - began)
        took_ms.clear()
        await in_lanes(one, ONE_AT_A_TIME_COUNT, 1)
    return Measured(workflows_per_s, percentile(took_ms, 50))


def main() -> None:
    sdk, address, workflow_count = sys.argv[1:]
    measure = own if sdk == "mainspring" else official
    print(msgspec.json.encode(uvloop.run(measure(address, int(workflow_count)))).decode())


if __name__ == "__main__":
    main()
