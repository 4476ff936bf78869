"""External storage in a whole program: nothing large reaches the engine, and what a driver's errors lead to."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from mainspring import activity, workflow
from mainspring._embedded import embedded
from mainspring.client import Client, WorkflowFailureError, WorkflowHandle, WorkflowHistory
from mainspring.common import RetryPolicy
from mainspring.converter import DataConverter
from mainspring.exceptions import ActivityError, ApplicationError, ChildWorkflowError
from mainspring.worker import Replayer, Worker
from mainspring.workflow import NondeterminismError
from tests.memory_driver import MemoryDriver, stored_by

SOON = timedelta(seconds=10)
ONCE = RetryPolicy(maximum_attempts=1)
THRESHOLD = 500
LARGE = "large " * 500


@activity.defn
async def echo(text: str) -> str:
    return text


@activity.defn
async def beat_then_fail(text: str) -> str:
    """Gives at its second attempt what it said at its first."""
    if activity.info().attempt == 1:
        activity.heartbeat(text)
        raise ApplicationError("once", text)
    said: str = activity.info().heartbeat_details[0]
    return said


@activity.defn
async def fail(text: str) -> None:
    raise ApplicationError("no", text)


@workflow.defn
async def child(text: str) -> str:
    if not text:
        raise ApplicationError("empty", LARGE)
    return text


def detail_of(cause: BaseException | None) -> str:
    return str(cause.details[0]) if isinstance(cause, ApplicationError) else ""


@workflow.defn
class Everything:
    """Sends a large text every way there is, and counts how often it came back as it was."""

    def __init__(self) -> None:
        self.signalled = ""

    @workflow.run
    async def run(self, text: str) -> str:
        back = [
            await workflow.execute_activity(echo, text, start_to_close_timeout=SOON),
            await workflow.execute_local_activity(echo, text, start_to_close_timeout=SOON),
            await workflow.execute_activity(
                beat_then_fail,
                text,
                start_to_close_timeout=SOON,
                heartbeat_timeout=SOON,
                retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=1)),
            ),
            await workflow.execute_child_workflow(child, text, id="child"),
            workflow.side_effect(lambda: text),
            await self.detail_of_failed_activity(text),
            await self.detail_of_failed_child(),
        ]
        await workflow.wait_condition(lambda: self.signalled != "")
        back.append(self.signalled)
        assert back == [text] * len(back)
        return text

    async def detail_of_failed_activity(self, text: str) -> str:
        try:
            await workflow.execute_activity(fail, text, start_to_close_timeout=SOON, retry_policy=ONCE)
        except ActivityError as error:
            return detail_of(error.cause)
        return ""

    async def detail_of_failed_child(self) -> str:
        try:
            await workflow.execute_child_workflow(child, "", id="failing child")
        except ChildWorkflowError as error:
            return detail_of(error.cause)
        return ""

    @workflow.signal
    def go_on(self, text: str) -> None:
        self.signalled = text

    @workflow.query
    def repeat(self, text: str) -> str:
        return text

    @workflow.update
    async def change(self, text: str) -> str:
        return text


WORKFLOWS: list[Callable[..., Any]] = [Everything, child]
ACTIVITIES = [echo, beat_then_fail, fail]


@asynccontextmanager
async def program(driver: MemoryDriver, *, cached: int = 1000) -> AsyncGenerator[Client]:
    async with embedded(
        workflows=WORKFLOWS,
        activities=ACTIVITIES,
        data_converter=stored_by(driver, threshold=THRESHOLD),
        max_cached_workflows=cached,
    ) as client:
        yield client


async def all_of(client: Client) -> WorkflowHistory:
    """Everything, done from outside and inside."""
    handle: WorkflowHandle[Everything, str] = await client.start_workflow(
        Everything.run, LARGE, id="e", memo={"note": LARGE}, static_details=LARGE
    )
    assert await handle.execute_update(Everything.change, LARGE) == LARGE
    assert await handle.query(Everything.repeat, LARGE) == LARGE
    await handle.signal(Everything.go_on, LARGE)
    assert await handle.result() == LARGE
    described = await handle.describe()
    assert await described.memo() == {"note": LARGE}
    assert await described.static_details() == LARGE
    return await handle.fetch_history()


@pytest.mark.parametrize("cached", [0, 1000], ids=["uncached", "cached"])
async def test_nothing_large_reaches_the_engine_and_all_comes_back(cached: int) -> None:
    driver = MemoryDriver()
    async with program(driver, cached=cached) as client:
        history = await all_of(client)
    assert driver.stored
    assert not [event for event in history.events if LARGE.encode() in event.SerializeToString()]

    await Replayer(workflows=WORKFLOWS, data_converter=stored_by(driver)).replay_workflow(history)
    without = await Replayer(workflows=WORKFLOWS).replay_workflow(history, raise_on_replay_failure=False)
    assert str(without.replay_failure).startswith("[TMPRL1105]")
    empty = Replayer(workflows=WORKFLOWS, data_converter=stored_by(MemoryDriver()))
    with pytest.raises(NondeterminismError, match=r"the run would fail here, and goes on in the history: .*no payload"):
        await empty.replay_workflow(history)


@workflow.defn
async def repeat(text: str) -> str:
    return text


@asynccontextmanager
async def repeating(client_side: DataConverter, worker_side: DataConverter) -> AsyncGenerator[Client]:
    async with embedded(data_converter=client_side) as client:
        config = client.config()
        config["data_converter"] = worker_side
        worker = Worker(Client(**config), task_queue=client.default_task_queue or "", workflows=[repeat])
        async with worker:
            yield client


async def test_a_payload_that_a_driver_says_is_gone_fails_the_workflow_and_its_replay_agrees() -> None:
    theirs = stored_by(MemoryDriver(), threshold=THRESHOLD)
    async with repeating(theirs, stored_by(MemoryDriver())) as client:
        handle = await client.start_workflow(repeat, LARGE, id="r")
        with pytest.raises(WorkflowFailureError) as failed:
            await handle.result()
        history = await handle.fetch_history()
    assert isinstance(failed.value.cause, ApplicationError)
    assert failed.value.cause.type == "NotStored"
    await Replayer(workflows=[repeat], data_converter=stored_by(MemoryDriver())).replay_workflow(history)


async def failed_task(handle: WorkflowHandle[object, str]) -> str:
    """The message of the first workflow task that failed."""
    while True:
        async for event in handle.fetch_history_events(wait_new_event=True):
            if event.HasField("workflow_task_failed_event_attributes"):
                return event.workflow_task_failed_event_attributes.failure.message


@pytest.mark.parametrize(
    "broken, message",
    [("retrieve_error", "down for a while"), ("store_error", "Failed encoding completion: down for a while")],
)
async def test_after_another_error_of_a_driver_the_task_is_tried_again(broken: str, message: str) -> None:
    ours, theirs = MemoryDriver(), MemoryDriver()
    ours.stored = theirs.stored
    setattr(theirs, broken, OSError("down for a while"))
    async with repeating(stored_by(ours, threshold=THRESHOLD), stored_by(theirs, threshold=THRESHOLD)) as client:
        handle = await client.start_workflow(repeat, LARGE, id="r", task_timeout=timedelta(seconds=1))
        assert await failed_task(handle) == message
        setattr(theirs, broken, None)
        assert await handle.result() == LARGE


async def test_a_worker_without_storage_fails_the_task_and_says_why() -> None:
    async with repeating(stored_by(MemoryDriver(), threshold=THRESHOLD), DataConverter()) as client:
        handle = await client.start_workflow(repeat, LARGE, id="r")
        assert (await failed_task(handle)).startswith("[TMPRL1105] Detected externally stored payload(s)")


async def test_an_error_of_a_driver_reaches_the_client_that_stores() -> None:
    driver = MemoryDriver()
    driver.store_error = OSError("disk full")
    async with embedded(data_converter=stored_by(driver)) as client:
        with pytest.raises(OSError, match="disk full"):
            await client.start_workflow("repeat", LARGE, id="r")
