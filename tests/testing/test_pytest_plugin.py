"""The plugin in a project of its own, as its users have it."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

MODULE = "mainspring.testing.pytest_plugin"
TESTS = """
import asyncio
from datetime import timedelta

import pytest
from mainspring import workflow
from mainspring.client import Client
from mainspring.testing import WorkflowEnvironment
from mainspring.worker import Worker

@workflow.defn
class Sleeper:
    @workflow.run
    async def run(self) -> str:
        await asyncio.sleep(86_400)
        return "rested"

@pytest.mark.asyncio
async def test_env(mainspring_env: WorkflowEnvironment, mainspring_client: Client) -> None:
    assert mainspring_client is mainspring_env.client
    async with Worker(mainspring_client, task_queue="q", workflows=[Sleeper]):
        assert await mainspring_client.execute_workflow(Sleeper.run, id="w", task_queue="q") == "rested"

@pytest.mark.asyncio
async def test_every_test_has_its_own(mainspring_client: Client) -> None:
    assert (await mainspring_client.count_workflows()).count == 0
"""


def is_installed() -> bool:
    """An environment made before there was a plugin does not know it."""
    return any(point.value == MODULE for point in entry_points(group="pytest11"))


@pytest.mark.slow
@pytest.mark.timeout(90)
def test_fixtures_are_found_by_a_test_that_names_them(tmp_path: Path) -> None:
    (tmp_path / "test_sleeper.py").write_text(TESTS)
    plugin = [] if is_installed() else ["-p", MODULE]

    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--asyncio-mode=strict", *plugin, str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert "2 passed" in ended.stdout, ended.stdout + ended.stderr
