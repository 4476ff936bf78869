"""Activities that are not `async`, embedded: they have threads without being asked for."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import ClassVar

import pytest

from mainspring import activity, workflow
from mainspring._embedded import embedded
from mainspring.client import Client


@activity.defn(start_to_close_timeout=timedelta(seconds=10))
def name_of_thread() -> str:
    return threading.current_thread().name


@workflow.defn
async def ask() -> str:
    return await name_of_thread.execute()


async def test_threads_are_there_and_gone_with_the_block() -> None:
    async with embedded(workflows=[ask], activities=[name_of_thread]) as client:
        assert (await client.execute_workflow(ask, id="ask")).startswith("activity")
    for thread in threading.enumerate():
        if thread.name.startswith("activity_"):
            thread.join(5)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("activity_")]


async def test_the_callers_own_threads_are_used_and_left() -> None:
    with ThreadPoolExecutor(100, thread_name_prefix="own") as own:
        async with embedded(workflows=[ask], activities=[name_of_thread], activity_executor=own) as client:
            assert (await client.execute_workflow(ask, id="ask")).startswith("own")
        assert own.submit(int, "7").result(5) == 7


async def test_an_engine_is_called_on_the_loop_that_opened_it() -> None:
    """Its locks are of that loop. A process that was forked from this one has another loop, too."""
    async with embedded() as client:
        with pytest.raises(RuntimeError, match="on the loop that opened it, and in no process forked from that one"):
            await asyncio.to_thread(asyncio.run, ignored(client))


@workflow.defn(sandboxed=False)
class Calling:
    client: ClassVar[Client]

    @workflow.run
    async def run(self) -> str:
        try:
            await self.client.count_workflows()
        except RuntimeError as error:
            return str(error)
        return "called"


async def test_workflow_code_which_has_a_loop_of_its_own_cannot_call_it() -> None:
    async with embedded(workflows=[Calling]) as client:
        Calling.client = client
        assert "on the loop that opened it" in await client.execute_workflow(Calling.run, id="calling")


async def ignored(client: Client) -> None:
    await client.count_workflows()
