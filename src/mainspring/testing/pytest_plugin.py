"""Fixtures for tests of workflows. pytest finds them by itself where Mainspring is installed.

    async def test_add_node(mainspring_env: WorkflowEnvironment) -> None:
        async with Worker(mainspring_env.client, task_queue="q", workflows=[AddNode]):
            ...

Each test has an environment of its own, so tests share neither workflows nor time. For tests that are coroutines:
pytest-asyncio runs them, in either of its modes, or anyio's plugin. Importing this costs nothing: Mainspring itself is
imported by the first test that asks for a fixture.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from mainspring.client import Client
    from mainspring.testing import WorkflowEnvironment


def _decorator() -> Callable[[Callable[..., Any]], Any]:
    try:
        from pytest_asyncio import fixture
    except ImportError:
        return pytest.fixture
    return fixture


_fixture = _decorator()


@_fixture
async def mainspring_env() -> AsyncGenerator[WorkflowEnvironment]:
    """An engine in this process, in memory, whose time skips."""
    from mainspring.testing import WorkflowEnvironment

    async with await WorkflowEnvironment.start_time_skipping() as env:
        yield env


@_fixture
async def mainspring_client(mainspring_env: WorkflowEnvironment) -> Client:
    """The client of `mainspring_env`."""
    return mainspring_env.client
