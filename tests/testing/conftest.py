"""An environment whose time skips, with a worker."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest
from blockbuster import BlockBuster

from mainspring.testing import WorkflowEnvironment
from mainspring.worker import Worker
from tests.testing.flows import QUEUE, WORKFLOWS, Activities


@pytest.fixture(autouse=True)
def grpc_may_end_its_thread(nothing_blocks_the_loop: BlockBuster) -> None:
    """A thread of grpcio that has ended is joined when the last server of a process goes."""
    nothing_blocks_the_loop.functions["threading.Lock.acquire"].can_block_in("threading.py", {"join"})


@pytest.fixture
async def env() -> AsyncGenerator[WorkflowEnvironment]:
    async with await WorkflowEnvironment.start_time_skipping() as env:
        yield env


@pytest.fixture
async def activities(env: WorkflowEnvironment) -> AsyncGenerator[Activities]:
    """Those that the worker runs; the test depends on them to have the worker."""
    found = Activities(env)
    methods = [found.flaky, found.oversleep, found.hold]
    async with Worker(env.client, task_queue=QUEUE, workflows=WORKFLOWS, activities=methods):
        yield found
