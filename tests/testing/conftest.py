"""An environment whose time skips, with a worker."""

from __future__ import annotations

import importlib
from collections.abc import AsyncGenerator

import pytest

from mainspring.testing import WorkflowEnvironment
from mainspring.worker import Worker
from tests.testing.flows import QUEUE, WORKFLOWS, Activities

importlib.import_module("mainspring._embedded")  # beforehand: it reads files, which no test may do on its loop


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
