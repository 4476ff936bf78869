"""Descriptions of runs and queues, on a clock that stands still unless it is told to move."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from temporalio.api.command.v1 import Command, ScheduleActivityTaskCommandAttributes
from temporalio.api.common.v1 import ActivityType, Payload, Priority, RetryPolicy, WorkflowExecution, WorkflowType
from temporalio.api.enums.v1 import (
    CommandType,
    DescribeTaskQueueMode,
    EventType,
    PendingActivityState,
    PendingWorkflowTaskState,
    RateLimitSource,
    TaskQueueKind,
    TaskQueueType,
    WorkflowIdConflictPolicy,
)
from temporalio.api.failure.v1 import ApplicationFailureInfo, Failure
from temporalio.api.sdk.v1 import UserMetadata
from temporalio.api.taskqueue.v1 import TaskQueue, TaskQueueMetadata, TaskQueueVersionSelection
from temporalio.api.workflow.v1 import OnConflictOptions, RequestIdInfo
from temporalio.api.workflowservice import v1 as api

from mainspring.server.engine.errors import InvalidArgument, NotFound
from mainspring.server.engine.limits import Limits
from mainspring.server.engine.times import SECOND, duration, timestamp
from mainspring.server.frontend.activity_tasks import ActivityTasks
from mainspring.server.frontend.call import RawReply
from mainspring.server.frontend.describing import Describing
from mainspring.server.frontend.messages import Messages
from mainspring.server.frontend.namespaces import NamespaceRegistry, new_namespace
from mainspring.server.frontend.queries import Queries
from mainspring.server.frontend.starts import Starts
from mainspring.server.frontend.workflow_tasks import WorkflowTasks
from mainspring.server.history import History
from mainspring.server.matching.matching import Matching
from mainspring.server.persistence.sqlite import open_sqlite
from mainspring.server.process.clocks import SkippingClock
from mainspring.server.process.namespace_settings import Settings
from tests.frontend.registries import CALL

BEGAN_AT = 1_700_000_000 * SECOND
QUEUE = TaskQueue(name="queue")
EXECUTION = WorkflowExecution(workflow_id="workflow")
USE_EXISTING = WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING


class StillClock(SkippingClock):
    """Stands still."""

    def __init__(self) -> None:
        super().__init__()
        self.at = BEGAN_AT

    def now(self) -> int:
        return self.at


class Office:
    """The methods that a description is about, and the one that gives it."""

    def __init__(self, history: History, matching: Matching, registry: NamespaceRegistry, clock: StillClock) -> None:
        self._clock = clock
        self.starts = Starts(history, registry)
        self.messages = Messages(history, registry)
        self.tasks = WorkflowTasks(history, matching, Queries(history, matching, registry), registry)
        self.activities = ActivityTasks(history, matching, registry)
        self.describing = Describing(history, matching, registry)

    def pass_time(self, seconds: int) -> None:
        self._clock.at += seconds * SECOND

    async def start(self, request: api.StartWorkflowExecutionRequest | None = None) -> str:
        made = api.StartWorkflowExecutionRequest(
            namespace="default",
            workflow_id="workflow",
            workflow_type=WorkflowType(name="Workflow"),
            task_queue=QUEUE,
            request_id="start",
        )
        if request is not None:
            made.MergeFrom(request)
        return (await self.starts.start_workflow_execution(made, CALL)).run_id

    async def poll(self) -> api.PollWorkflowTaskQueueResponse:
        request = api.PollWorkflowTaskQueueRequest(namespace="default", task_queue=QUEUE, identity="worker")
        reply = await self.tasks.poll_workflow_task_queue(request, CALL)
        message = reply.to_message() if isinstance(reply, RawReply) else reply
        assert isinstance(message, api.PollWorkflowTaskQueueResponse)
        return message

    async def poll_activity(self, rate: float | None = None) -> bytes:
        request = api.PollActivityTaskQueueRequest(namespace="default", task_queue=QUEUE, identity="worker")
        if rate is not None:
            request.task_queue_metadata.CopyFrom(TaskQueueMetadata())
            request.task_queue_metadata.max_tasks_per_second.value = rate
        return (await self.activities.poll_activity_task_queue(request, CALL)).task_token

    async def complete(self, task_token: bytes, *commands: Command) -> None:
        request = api.RespondWorkflowTaskCompletedRequest(task_token=task_token, commands=commands, identity="worker")
        await self.tasks.respond_workflow_task_completed(request, CALL)

    async def with_activity(self) -> None:
        await self.start()
        await self.complete((await self.poll()).task_token, an_activity())

    async def describe(self, run_id: str = "") -> api.DescribeWorkflowExecutionResponse:
        request = api.DescribeWorkflowExecutionRequest(
            namespace="default", execution=WorkflowExecution(workflow_id="workflow", run_id=run_id)
        )
        return await self.describing.describe_workflow_execution(request, CALL)

    async def describe_queue(self, request: api.DescribeTaskQueueRequest) -> api.DescribeTaskQueueResponse:
        request.namespace = "default"
        return await self.describing.describe_task_queue(request, CALL)


@asynccontextmanager
async def an_office() -> AsyncGenerator[Office]:
    clock = StillClock()
    limits = Limits()
    store = await open_sqlite(None)
    registry = NamespaceRegistry(store, limits)
    await registry.load()
    await registry.create(new_namespace("default", retention_s=86_400))
    matching = Matching(store, clock=clock.now)
    ids = iter(range(1, 1000))
    history = History(
        store,
        matching,
        Settings(registry, limits),
        clock=clock,
        new_id=lambda: f"00000000-0000-0000-0000-{next(ids):012}",
    )
    await matching.start()
    try:
        yield Office(history, matching, registry, clock)
    finally:
        await matching.stop()
        await history.stop()
        await store.close()


def an_activity() -> Command:
    made = Command(command_type=CommandType.COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK)
    made.schedule_activity_task_command_attributes.CopyFrom(
        ScheduleActivityTaskCommandAttributes(
            activity_id="a",
            activity_type=ActivityType(name="Activity"),
            task_queue=QUEUE,
            schedule_to_close_timeout=duration(100 * SECOND),
            retry_policy=RetryPolicy(initial_interval=duration(10 * SECOND), maximum_attempts=4),
            priority=Priority(priority_key=2),
        )
    )
    return made


# -- runs


async def test_a_run_that_waits_for_its_first_task() -> None:
    async with an_office() as office:
        metadata = UserMetadata(summary=Payload(data=b"summary"))
        request = api.StartWorkflowExecutionRequest(workflow_run_timeout=duration(50 * SECOND), user_metadata=metadata)
        run_id = await office.start(request)

        described = await office.describe()

        info, extended = described.workflow_execution_info, described.workflow_extended_info
        assert (info.execution.run_id, info.first_run_id, info.root_execution.run_id) == (run_id, run_id, run_id)
        assert (info.start_time, info.history_length) == (timestamp(BEGAN_AT), 2)
        assert described.execution_config.user_metadata == metadata
        assert extended.run_expiration_time == timestamp(BEGAN_AT + 50 * SECOND)
        assert extended.original_start_time == timestamp(BEGAN_AT)
        assert described.pending_workflow_task.state == PendingWorkflowTaskState.PENDING_WORKFLOW_TASK_STATE_SCHEDULED


async def test_a_task_that_a_worker_has_is_shown_as_started() -> None:
    async with an_office() as office:
        await office.start()
        office.pass_time(3)
        await office.poll()

        task = (await office.describe()).pending_workflow_task

        assert task.state == PendingWorkflowTaskState.PENDING_WORKFLOW_TASK_STATE_STARTED
        assert task.scheduled_time == timestamp(BEGAN_AT)
        assert task.started_time == timestamp(BEGAN_AT + 3 * SECOND)


async def test_an_activity_that_backs_off_tells_when_it_is_tried_again_and_why() -> None:
    async with an_office() as office:
        await office.with_activity()
        token = await office.poll_activity()
        office.pass_time(5)
        reason = Failure(message="no", application_failure_info=ApplicationFailureInfo(type="Wrong"))
        failed = api.RespondActivityTaskFailedRequest(task_token=token, failure=reason)
        await office.activities.respond_activity_task_failed(failed, CALL)

        activity = (await office.describe()).pending_activities[0]

        assert activity.state == PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED
        assert (activity.attempt, activity.maximum_attempts) == (2, 4)
        assert activity.current_retry_interval == duration(10 * SECOND)
        assert activity.next_attempt_schedule_time == timestamp(BEGAN_AT + 15 * SECOND)
        assert activity.expiration_time == timestamp(BEGAN_AT + 100 * SECOND)
        assert (activity.last_failure.message, activity.last_worker_identity) == ("no", "worker")
        assert activity.activity_options.priority.priority_key == 2


async def test_a_closed_run_tells_how_long_it_ran_and_what_it_left_behind() -> None:
    async with an_office() as office:
        await office.with_activity()
        office.pass_time(7)
        terminate = api.TerminateWorkflowExecutionRequest(namespace="default", workflow_execution=EXECUTION)
        await office.messages.terminate_workflow_execution(terminate, CALL)

        described = await office.describe()

        info = described.workflow_execution_info
        assert info.close_time == timestamp(BEGAN_AT + 7 * SECOND)
        assert info.execution_duration == duration(7 * SECOND)
        assert [activity.activity_id for activity in described.pending_activities] == ["a"]
        assert not described.HasField("pending_workflow_task")


async def test_an_attached_request_is_buffered_until_the_worker_is_done() -> None:
    async with an_office() as office:
        await office.start()
        token = (await office.poll()).task_token
        await office.start(
            api.StartWorkflowExecutionRequest(
                request_id="attached",
                workflow_id_conflict_policy=USE_EXISTING,
                on_conflict_options=OnConflictOptions(attach_request_id=True),
            )
        )

        before = (await office.describe()).workflow_extended_info.request_id_infos
        await office.complete(token)
        after = (await office.describe()).workflow_extended_info.request_id_infos

        updated = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED
        assert before["start"] == RequestIdInfo(event_type=EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED, event_id=1)
        assert before["attached"] == RequestIdInfo(event_type=updated, buffered=True)
        assert after["attached"] == RequestIdInfo(event_type=updated, event_id=5)


async def test_signals_are_not_among_the_request_ids() -> None:
    async with an_office() as office:
        await office.start()
        signal = api.SignalWorkflowExecutionRequest(
            namespace="default", workflow_execution=EXECUTION, signal_name="s", request_id="signal"
        )
        await office.messages.signal_workflow_execution(signal, CALL)

        assert list((await office.describe()).workflow_extended_info.request_id_infos) == ["start"]


async def test_a_run_id_that_cannot_be_one_is_refused() -> None:
    async with an_office() as office:
        with pytest.raises(InvalidArgument, match="Invalid RunId"):
            await office.describe("superneverexistwf!")


async def test_a_run_that_does_not_exist_is_not_found() -> None:
    async with an_office() as office:
        with pytest.raises(NotFound, match="workflow not found for ID: workflow"):
            await office.describe()


# -- queues


async def test_statistics_of_a_queue_tell_priorities_apart() -> None:
    async with an_office() as office:
        for number, key in enumerate((0, 1, 1)):
            await office.start(
                api.StartWorkflowExecutionRequest(
                    workflow_id=f" {number}", request_id=str(number), priority=Priority(priority_key=key)
                )
            )
        office.pass_time(9)

        described = await office.describe_queue(api.DescribeTaskQueueRequest(task_queue=QUEUE, report_stats=True))

        counts = {key: stats.approximate_backlog_count for key, stats in described.stats_by_priority_key.items()}
        assert described.stats.approximate_backlog_count == 3
        assert described.stats.approximate_backlog_age == duration(9 * SECOND)
        assert counts == {1: 2, 3: 1}


async def test_a_poller_and_the_rate_that_it_asks_for_are_shown() -> None:
    async with an_office() as office:
        await office.with_activity()
        await office.poll_activity(rate=5)

        described = await office.describe_queue(
            api.DescribeTaskQueueRequest(
                task_queue=QUEUE, task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY, report_stats=True
            )
        )

        assert [(poller.identity, poller.rate_per_second) for poller in described.pollers] == [("worker", 5.0)]
        assert described.effective_rate_limit.requests_per_second == 5
        assert described.effective_rate_limit.rate_limit_source == RateLimitSource.RATE_LIMIT_SOURCE_WORKER
        assert described.stats.approximate_backlog_count == 0


async def test_tasks_belong_to_the_unversioned_build() -> None:
    async with an_office() as office:
        await office.start()
        enhanced = api.DescribeTaskQueueRequest(
            task_queue=QUEUE,
            api_mode=DescribeTaskQueueMode.DESCRIBE_TASK_QUEUE_MODE_ENHANCED,
            versions=TaskQueueVersionSelection(unversioned=True, build_ids=["b"]),
            report_stats=True,
        )

        described = await office.describe_queue(enhanced)

        workflow = TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW
        counts = {
            build: info.types_info[workflow].stats.approximate_backlog_count
            for build, info in described.versions_info.items()
        }
        assert counts == {"": 1, "b": 0}


async def test_a_queue_is_one_partition_named_like_itself() -> None:
    async with an_office() as office:
        request = api.ListTaskQueuePartitionsRequest(namespace="default", task_queue=QUEUE)

        reply = await office.describing.list_task_queue_partitions(request, CALL)

        assert [partition.key for partition in reply.workflow_task_queue_partitions] == ["queue"]
        assert [partition.key for partition in reply.activity_task_queue_partitions] == ["queue"]


async def test_a_sticky_queue_has_no_statistics_of_its_own() -> None:
    async with an_office() as office:
        sticky = TaskQueue(name="sticky", kind=TaskQueueKind.TASK_QUEUE_KIND_STICKY, normal_name="queue")
        with pytest.raises(InvalidArgument, match="only supported for the root partition"):
            await office.describe_queue(api.DescribeTaskQueueRequest(task_queue=sticky, report_stats=True))
