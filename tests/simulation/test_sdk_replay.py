"""What a run did, its replay does: any program, with any worker's cache, whenever signals and updates come."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from temporalio.api.query.v1 import WorkflowQuery

from mainspring._embedded import embedded
from mainspring.client import Client, WorkflowHandle, WorkflowHistory, WorkflowUpdateFailedError
from mainspring.replay.task import Task
from mainspring.service import RPCError, RPCStatusCode
from mainspring.worker import Replayer, Worker
from mainspring.worker._activating import activate_inline
from mainspring.worker._cached_run import CachedRun
from tests.simulation.program import WORKFLOWS, Program, Step, act

CACHED = [0, 1, 1000]  # runs that a worker holds
SIMPLE = [
    "timer",
    "activity",
    "local",
    "child",
    "patch",
    "deprecate",
    "version",
    "side",
    "memo",
    "turn",
    "other",
    "hang",
]
COMPOSED = ["each", "gather", "group", "race", "cancel"]
WITHIN_S = 30
numbers = itertools.count()

simple = st.tuples(st.sampled_from(SIMPLE), st.integers(0, 9)).map(list)
steps: st.SearchStrategy[Step] = st.recursive(
    simple, lambda inner: st.tuples(st.sampled_from(COMPOSED), st.lists(inner, max_size=4)).map(list), max_leaves=12
)
messages = st.lists(st.tuples(st.sampled_from(["poke", "change", "read"]), st.integers(0, 4), steps), max_size=4)


@asynccontextmanager
async def workers() -> AsyncGenerator[Client]:
    """An engine in memory, and a worker for each size of a cache on the task queue of its name."""
    async with embedded() as client, AsyncExitStack() as stack:
        for cached in CACHED:
            worker = Worker(
                client, task_queue=str(cached), workflows=WORKFLOWS, activities=[act], max_cached_workflows=cached
            )
            await stack.enter_async_context(worker)
        yield client


async def run(client: Client, cached: int, program: Step, sent: list[tuple[str, int, Step]]) -> list[Any]:
    """Run the program to its end. Returns: its value and its log."""
    expected = [sum(name == kind and step[0] != "deprecate" for name, _, step in sent) for kind in ("poke", "change")]
    expected[0] = sum(name == "poke" for name, _, _ in sent)
    handle = await client.start_workflow(
        Program.run, args=[program, *expected], id=f"{cached}-{next(numbers)}", task_queue=str(cached)
    )
    for name, wait_ms, step in sent:
        await asyncio.sleep(wait_ms / 1000)
        await send(handle, name, step)
    try:
        result: list[Any] = await asyncio.wait_for(handle.result(), WITHIN_S)
    except TimeoutError as error:
        raise AssertionError(f"it does not end: {cached} cached, {handle.id}, {program}, {sent}") from error
    history = await handle.fetch_history()
    await Replayer(workflows=WORKFLOWS).replay_workflow(history)
    replayed = await log_of_replay(history)
    # What the main function did not wait for may still have had its last turn after it returned.
    assert replayed[: len(result[1])] == result[1], f"{cached} cached, {handle.id}, {program}, {sent}"
    return result


async def send(handle: WorkflowHandle[Any, Any], name: str, step: Step) -> None:
    match name:
        case "poke":
            await handle.signal(name, args=[step])
        case "read":
            await handle.query(name)
        case _:
            while not await is_updated(handle, step):
                continue


async def is_updated(handle: WorkflowHandle[Any, Any], step: Step) -> bool:
    """Whether the update was carried out; not if the task that took it failed, since news came as it ended the run.

    The run does not wait for one that it will refuse, and may be over before.
    """
    is_refused = step[0] == "deprecate"
    try:
        await handle.execute_update("change", args=[step])
    except WorkflowUpdateFailedError:
        assert is_refused
    except RPCError as error:
        if is_refused and error.status == RPCStatusCode.NOT_FOUND:
            return True
        if "unexpected workflow task failure" not in error.message:
            raise
        return False
    return True


async def log_of_replay(history: WorkflowHistory) -> list[str]:
    """What a query is told after a replay of all the history."""
    replayer = Replayer(workflows=WORKFLOWS)
    run = CachedRun(replayer._details(), replayer._definitions(), history.workflow_id, history.run_id)
    query = WorkflowQuery(query_type="read")
    run.begin(Task(events=history.events, previous_started_event_id=len(history.events), queries={"log": query}))
    await run.advance(activate_inline)
    [answer] = run.replay.answer().queries
    run.evict()
    log: list[str] = json.loads(answer.result.data)  # type: ignore[attr-defined] # a payload
    return log


@pytest.mark.slow
@pytest.mark.timeout(4 * WITHIN_S)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(programs=st.lists(st.tuples(steps, messages), min_size=1, max_size=4))
def test_what_a_run_did_its_replay_does(programs: list[tuple[Step, list[tuple[str, int, Step]]]]) -> None:
    async def go() -> None:
        async with workers() as client:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    [group.create_task(run(client, cached, program, sent)) for cached in CACHED]
                    for program, sent in programs
                ]
            for of_program in tasks:
                values = [task.result()[0] for task in of_program]
                assert all(value == values[0] for value in values)

    asyncio.run(go())
