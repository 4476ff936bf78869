"""A worker that ends while local activities are at work: it finishes the workflow tasks that wait for them.

    ends with its task       finished, whatever the grace
    outlasts its task        renewed while there is grace; then cancelled, and another worker has the run at once

The official SDK waits for local activities for ever, with or without grace: docs/guide/worker.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from google.protobuf.message import Message
from temporalio.api.enums.v1 import CommandType, EventType
from temporalio.api.workflowservice.v1 import (
    PollActivityTaskQueueResponse,
    PollWorkflowTaskQueueResponse,
    RespondWorkflowTaskCompletedRequest,
    RespondWorkflowTaskCompletedResponse,
)

from mainspring import activity, workflow
from mainspring.worker import Worker
from tests.worker.fake_engine import FakeEngine
from tests.worker.test_worker_life import NEVER, first_task

COMPLETED = "respond_workflow_task_completed"
SHORT = timedelta(milliseconds=200)
LONG = timedelta(seconds=NEVER)
THE_END = [CommandType.COMMAND_TYPE_RECORD_MARKER, CommandType.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION]


@workflow.defn
class CallsLocally:
    @workflow.run
    async def run(self, name: str) -> str:
        return str(await workflow.execute_local_activity(name, start_to_close_timeout=LONG))


class Activities:
    def __init__(self) -> None:
        self.began = asyncio.Event()
        self.may_end = asyncio.Event()
        self.why_cancelled: activity.ActivityCancellationDetails | None = None

    @activity.defn
    async def end_at_shutdown(self) -> str:
        self.began.set()
        await activity.wait_for_worker_shutdown()
        return "ended"

    @activity.defn
    async def end_when_told(self) -> str:
        self.began.set()
        await self.may_end.wait()
        return "ended"

    @activity.defn
    async def take_leave(self) -> None:
        self.began.set()
        try:
            await asyncio.sleep(NEVER)
        finally:
            for _ in range(50):
                await asyncio.sleep(0)
            self.why_cancelled = activity.cancellation_details()


def a_task(name: str, *, timeout: timedelta = LONG) -> PollWorkflowTaskQueueResponse:
    """The first task of a run that calls a local activity."""
    task = first_task("CallsLocally", name)
    task.history.events[0].workflow_execution_started_event_attributes.workflow_task_timeout.FromTimedelta(timeout)
    return task


def next_task() -> PollWorkflowTaskQueueResponse:
    """What a server gives for an answer that wants another task."""
    task = PollWorkflowTaskQueueResponse(task_token=b"2", attempt=1, previous_started_event_id=3, started_event_id=6)
    task.workflow_execution.CopyFrom(first_task("CallsLocally").workflow_execution)
    task.history.events.add(event_id=4, event_type=EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED)
    task.history.events.add(event_id=5, event_type=EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED)
    task.history.events.add(event_id=6, event_type=EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED)
    return task


def a_worker(engine: FakeEngine, activities: Activities, *, grace: timedelta = timedelta()) -> Worker:
    methods: list[Any] = [activities.end_at_shutdown, activities.end_when_told, activities.take_leave]
    return Worker(
        engine.client(),
        task_queue="tq",
        workflows=[CallsLocally],
        activities=methods,
        graceful_shutdown_timeout=grace,
    )


def kinds(answer: RespondWorkflowTaskCompletedRequest) -> list[CommandType.ValueType]:
    return [command.command_type for command in answer.commands]


async def test_a_local_activity_ends_with_its_task_though_there_is_no_grace() -> None:
    engine, activities = FakeEngine(), Activities()
    async with a_worker(engine, activities):
        engine.give(a_task("end_at_shutdown"))
        await activities.began.wait()
    answer = await engine.said(COMPLETED)
    assert kinds(answer) == THE_END
    assert not answer.return_new_workflow_task
    assert not answer.HasField("sticky_attributes"), "the next task would wait for a worker that has gone"


async def test_a_local_activity_that_outlasts_its_task_is_left_to_another_worker() -> None:
    engine, activities = FakeEngine(), Activities()
    async with a_worker(engine, activities) as worker:
        engine.give(a_task("take_leave", timeout=SHORT))
        await activities.began.wait()
        await worker.shutdown()
        assert activities.why_cancelled == activity.ActivityCancellationDetails(worker_shutdown=True)
    answer = await engine.said(COMPLETED)
    assert kinds(answer) == []
    assert answer.force_create_new_workflow_task, "another worker shall have it at once"
    assert not answer.return_new_workflow_task
    assert not answer.HasField("sticky_attributes")


async def test_a_local_activity_outlasts_its_task_while_there_is_grace() -> None:
    engine, activities = FakeEngine(), Activities()
    engine.replies[COMPLETED] = RespondWorkflowTaskCompletedResponse(workflow_task=next_task())
    async with a_worker(engine, activities, grace=LONG) as worker:
        engine.give(a_task("end_when_told", timeout=SHORT))
        await activities.began.wait()
        ending = asyncio.create_task(worker.shutdown())
        renewed = await engine.said(COMPLETED)
        del engine.replies[COMPLETED]
        activities.may_end.set()
        await ending
    assert renewed.force_create_new_workflow_task
    assert renewed.return_new_workflow_task
    assert kinds(await engine.said(COMPLETED)) == THE_END


@workflow.defn
class CallsEagerly:
    @workflow.run
    async def run(self) -> None:
        await workflow.execute_activity("end_when_told", start_to_close_timeout=LONG)


class SlowEngine(FakeEngine):
    """Answers the answer to a workflow task, with the activity that it asks for, when it may."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.may_reply = asyncio.Event(), asyncio.Event()

    async def call(
        self, service: str, rpc: str, request: Message, metadata: Mapping[str, str | bytes], timeout: timedelta | None
    ) -> Message:
        reply = await super().call(service, rpc, request, metadata, timeout)
        if rpc == COMPLETED:
            self.asked.set()
            await self.may_reply.wait()
            given = PollActivityTaskQueueResponse(task_token=b"eager", activity_id="1", attempt=1)
            given.activity_type.name = "end_when_told"
            given.start_to_close_timeout.FromTimedelta(LONG)
            return RespondWorkflowTaskCompletedResponse(activity_tasks=[given])
        return reply


async def test_an_activity_that_comes_while_the_worker_ends_is_cancelled_and_told_of() -> None:
    engine, activities = SlowEngine(), Activities()
    async with Worker(
        engine.client(), task_queue="tq", workflows=[CallsEagerly], activities=[activities.end_when_told]
    ) as worker:
        engine.give(first_task("CallsEagerly"))
        await engine.asked.wait()
        ending = asyncio.create_task(worker.shutdown())
        await engine.said("shutdown_worker")
        engine.may_reply.set()
        await ending
        assert engine.has_said("respond_activity_task_failed"), "the worker ends after it"
    failed = await engine.said("respond_activity_task_failed")
    assert failed.failure.application_failure_info.type == "WorkerShutdown"
