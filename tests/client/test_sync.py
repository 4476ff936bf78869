"""The client for code that does not await."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import assert_type

import pytest
from temporalio.api.workflow.v1 import WorkflowExecutionInfo
from temporalio.api.workflowservice.v1 import ListWorkflowExecutionsResponse

from mainspring.client import Client, sync
from mainspring.service import RPCError, RPCStatusCode
from tests.client.fakes import Engine, a_client, started


@pytest.fixture
def engine() -> Engine:
    page = ListWorkflowExecutionsResponse(executions=[WorkflowExecutionInfo()] * 3)
    return Engine(start_workflow_execution=[started("r1")], list_workflow_executions=[page])


@pytest.fixture
def wait(engine: Engine) -> Iterator[sync.Wait]:
    async def make() -> Client:
        return a_client(engine)

    waiting = sync.Wait(make)
    yield waiting
    waiting.close()


def test_a_call_is_waited_for(wait: sync.Wait, engine: Engine) -> None:
    handle = wait(wait.client.start_workflow("W", id="w", task_queue="q"))
    assert handle.result_run_id == "r1"
    assert engine.started.workflow_id == "w"


def test_what_a_call_raises_is_raised(wait: sync.Wait) -> None:
    with pytest.raises(RPCError) as raised:
        wait(wait.client.get_workflow_handle("w").signal("s"))
    assert raised.value.status is RPCStatusCode.UNIMPLEMENTED


def test_items_are_iterated_over(wait: sync.Wait) -> None:
    assert len(list(wait.each(wait.client.list_workflows()))) == 3


def test_types_are_seen_through(wait: sync.Wait) -> None:
    async def number() -> int:
        return 1

    assert_type(wait(number()), int)


def test_several_threads_may_wait(wait: sync.Wait) -> None:
    both = threading.Barrier(2, timeout=5)
    met: list[bool] = []

    async def meet() -> None:
        await asyncio.to_thread(both.wait)
        met.append(True)

    threads = [threading.Thread(target=lambda: wait(meet())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert met == [True, True]


async def test_where_a_loop_runs_nobody_may_wait(engine: Engine) -> None:
    async def make() -> Client:
        return a_client(engine)

    waiting = await asyncio.to_thread(sync.Wait, make)
    with pytest.raises(RuntimeError, match="await the coroutine instead"):
        waiting(waiting.client.start_workflow("W", id="w", task_queue="q"))
    await asyncio.to_thread(waiting.close)


def test_closing_cancels_what_runs_and_may_be_done_twice(engine: Engine) -> None:
    async def make() -> Client:
        return a_client(engine)

    waiting = sync.Wait(make)
    begun = threading.Event()
    ended: list[type[BaseException]] = []

    async def endless() -> None:
        begun.set()
        await asyncio.Event().wait()

    def run() -> None:
        try:
            waiting(endless())
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is looked at below
            ended.append(type(error))

    thread = threading.Thread(target=run)
    thread.start()
    assert begun.wait(5)
    waiting.close()
    waiting.close()
    thread.join()
    assert [kind.__name__ for kind in ended] == ["CancelledError"]


def test_without_a_server_no_thread_is_left() -> None:
    with pytest.raises(RuntimeError, match="Failed client connect"), sync.connect("127.0.0.1:1"):
        pass
    assert "mainspring-client" not in {thread.name for thread in threading.enumerate()}


AFTER_FORK = """
import os
from mainspring.client import sync

with sync.connect("127.0.0.1:1", lazy=True) as wait:
    child = os.fork()
    if not child:
        try:
            wait(wait.client.count_workflows())
        except RuntimeError as error:
            print(error, flush=True)
if child:
    os.waitpid(child, 0)
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks")
def test_after_a_fork_there_is_no_thread_to_wait_for() -> None:
    """Nor to be ended: the child leaves the block, too."""
    command = [sys.executable, "-W", "ignore", "-c", AFTER_FORK]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=15)
    assert "another process made it and then forked this one" in done.stdout


def test_after_its_end_it_says_so(wait: sync.Wait) -> None:
    wait.close()
    with pytest.raises(RuntimeError, match="it was closed"):
        wait(wait.client.count_workflows())
