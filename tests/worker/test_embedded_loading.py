"""What the first engine of a program needs is loaded beside its loop, which may have others to serve."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys

import pytest

PROGRAM = """
import asyncio, json, sys, threading
import mainspring
from mainspring import workflow
{imports}

loaded = []


class Watch:
    def find_spec(self, name, path=None, target=None):
        if threading.current_thread() is threading.main_thread():
            loaded.append(name)


@workflow.defn
async def flow() -> None: ...


async def main() -> None:
    sys.meta_path.insert(0, Watch())
    async with {block}:
        await client.execute_workflow(flow, id="w", task_queue="q")
    print(json.dumps(loaded))


asyncio.run(main())
"""
OF_TESTS = "from mainspring.testing import WorkflowEnvironment\nfrom mainspring.worker import Worker"
IN_TEST = "await WorkflowEnvironment.{start}() as env, Worker(client := env.client, task_queue='q', workflows=[flow])"


@pytest.mark.slow
@pytest.mark.parametrize(
    "imports, block",
    [
        ("", "mainspring.embedded(workflows=[flow], task_queue='q') as client"),
        (OF_TESTS, IN_TEST.format(start="start_local")),
        (OF_TESTS, IN_TEST.format(start="start_time_skipping")),
    ],
    ids=["embedded", "local", "time skipping"],
)
async def test_an_engine_is_loaded_beside_the_loop(imports: str, block: str) -> None:
    program = PROGRAM.format(imports=imports, block=block)
    command = [sys.executable, "-W", "ignore", "-c", program]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=True)
    loaded = [name for name in json.loads(done.stdout) if name.startswith(("mainspring", "temporalio", "grpc"))]
    assert set(loaded) <= {"mainspring._embedded", "mainspring._embedded._open"}, "these are small"
