"""What names no run means the run that is current as it is done, though it continued as new since it was looked for.

request ----> comes to the lock .......................... has it, and is carried out
meanwhile                        the run continues as new
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sized
from contextlib import asynccontextmanager
from typing import TypeVar

import pytest
from google.protobuf.message import Message
from temporalio.api.command.v1 import Command, ScheduleActivityTaskCommandAttributes
from temporalio.api.common.v1 import WorkflowExecution, WorkflowType
from temporalio.api.enums.v1 import (
    QueryRejectCondition,
    QueryResultType,
    UpdateWorkflowExecutionLifecycleStage,
    WorkflowExecutionStatus,
    WorkflowIdConflictPolicy,
)
from temporalio.api.query.v1 import WorkflowQuery, WorkflowQueryResult
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.update.v1 import Input, Meta, Request, UpdateRef, WaitPolicy
from temporalio.api.workflowservice import v1 as api

from benchmarks import lean
from mainspring.server.engine.limits import Limits
from mainspring.server.history.locks import KeyedLocks, LockKey
from mainspring.server.persistence.sqlite import open_sqlite
from mainspring.server.process.assembly import Assembly
from mainspring.server.process.config import Config
from tests.assembled import assembled, call
from tests.differential.commands import continue_as_new, payloads, schedule_activity

IMPATIENT = Config(limits=Limits(history_poll_s=0.001))
WITHIN_S = 20  # whoever is going to wait needs far less
WORKFLOW = "workflow"
ACTIVITY = "activity"
QUEUE = TaskQueue(name="queue")
RUN = WorkflowExecution(workflow_id=WORKFLOW)
LATE = "late"
COMPLETED = WaitPolicy(
    lifecycle_stage=UpdateWorkflowExecutionLifecycleStage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED
)
UPDATE = api.UpdateWorkflowExecutionRequest(
    namespace=lean.NAMESPACE,
    workflow_execution=RUN,
    wait_policy=COMPLETED,
    request=Request(meta=Meta(update_id="update"), input=Input(name="update")),
)
START = api.StartWorkflowExecutionRequest(
    namespace=lean.NAMESPACE,
    workflow_id=WORKFLOW,
    workflow_type=WorkflowType(name="Workflow"),
    task_queue=QUEUE,
    request_id="join",
    workflow_id_conflict_policy=WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
)

M = TypeVar("M", bound=Message)


class LateLocks(KeyedLocks):
    """Locks for which the task named `LATE` waits before it asks for the one of its number `at`."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.reached = asyncio.Event()
        self.opened = asyncio.Event()
        self._left = at

    @asynccontextmanager
    async def hold(self, key: LockKey) -> AsyncGenerator[None]:  # type: ignore[override]  # also a block to enter
        task = asyncio.current_task()
        if task is not None and task.get_name() == LATE:
            self._left -= 1
            if not self._left:
                self.reached.set()
                await self.opened.wait()
        async with super().hold(key):
            yield


class Late:
    """A request that has come to a lock, and waits before it."""

    def __init__(self, server: Assembly, name: str, request: Message, *, at: int = 1) -> None:
        self._locks = server.history.runs.locks = LateLocks(at)
        self._task = asyncio.create_task(call(server, name, request), name=LATE)

    async def reaches(self) -> None:
        reaching = asyncio.create_task(self._locks.reached.wait())
        await asyncio.wait([reaching, self._task], return_when=asyncio.FIRST_COMPLETED)
        assert reaching.done(), f"never came to that lock: {self._task}"

    async def reply(self, kind: type[M]) -> M:
        self._locks.opened.set()
        reply = await self._task
        assert isinstance(reply, kind)
        return reply


@asynccontextmanager
async def a_server(config: Config = IMPATIENT) -> AsyncGenerator[Assembly]:
    async with assembled(await open_sqlite(None), config) as server:
        await call(server, "StartWorkflowExecution", lean.start_request(WORKFLOW, QUEUE.name))
        yield server


async def late(server: Assembly, name: str, request: Message, *, at: int = 1) -> Late:
    sent = Late(server, name, request, at=at)
    await sent.reaches()
    return sent


async def answer(server: Assembly, *commands: Command, result: str = "") -> str:
    """Answer the next workflow task, and the query that it brings. Returns: the run that it is of."""
    polled = api.PollWorkflowTaskQueueRequest(namespace=lean.NAMESPACE, task_queue=QUEUE)
    task = await call(server, "PollWorkflowTaskQueue", polled)
    assert isinstance(task, api.PollWorkflowTaskQueueResponse)
    answered = WorkflowQueryResult(result_type=QueryResultType.QUERY_RESULT_TYPE_ANSWERED, answer=payloads(result))
    completed = api.RespondWorkflowTaskCompletedRequest(
        task_token=task.task_token, commands=commands, query_results=dict.fromkeys(task.queries, answered)
    )
    await call(server, "RespondWorkflowTaskCompleted", completed)
    return task.workflow_execution.run_id


async def somebody_in(waiting: Sized) -> None:
    give_up_s = asyncio.get_running_loop().time() + WITHIN_S
    while not len(waiting):
        assert asyncio.get_running_loop().time() < give_up_s, f"nobody waits in {waiting}"
        await asyncio.sleep(0)


async def current_run(server: Assembly) -> str:
    described = await call(
        server,
        "DescribeWorkflowExecution",
        api.DescribeWorkflowExecutionRequest(namespace=lean.NAMESPACE, execution=RUN),
    )
    assert isinstance(described, api.DescribeWorkflowExecutionResponse)
    return described.workflow_execution_info.execution.run_id


async def test_an_update_goes_to_the_run_that_is_current_by_then() -> None:
    async with a_server() as server:
        update = await late(server, "UpdateWorkflowExecution", UPDATE)
        await answer(server, continue_as_new())

        reply = await update.reply(api.UpdateWorkflowExecutionResponse)

        assert reply.update_ref.workflow_execution.run_id == await current_run(server)


async def test_an_update_is_found_in_the_run_that_it_went_on_to() -> None:
    ref = UpdateRef(workflow_execution=RUN, update_id="update")
    request = api.PollWorkflowExecutionUpdateRequest(namespace=lean.NAMESPACE, update_ref=ref, wait_policy=COMPLETED)
    async with a_server() as server:
        poll = await late(server, "PollWorkflowExecutionUpdate", request)
        await answer(server, continue_as_new())
        await call(server, "UpdateWorkflowExecution", UPDATE)

        reply = await poll.reply(api.PollWorkflowExecutionUpdateResponse)

        assert reply.update_ref.workflow_execution.run_id == await current_run(server)


async def test_an_update_with_start_that_joined_a_run_goes_on_with_it() -> None:
    request = api.ExecuteMultiOperationRequest(namespace=lean.NAMESPACE)
    request.operations.add().start_workflow.CopyFrom(START)
    request.operations.add().update_workflow.CopyFrom(UPDATE)
    looks_starts_and_sends = 3
    async with a_server(Config()) as server:
        both = await late(server, "ExecuteMultiOperation", request, at=looks_starts_and_sends)
        await answer(server, continue_as_new())
        asking = asyncio.create_task(both.reply(api.ExecuteMultiOperationResponse))
        await somebody_in(server.history.waiting)
        await answer(server)  # no worker's answer to the update is one, too

        reply = await asking

        updated = reply.responses[1].update_workflow.update_ref.workflow_execution
        assert updated.run_id == reply.responses[0].start_workflow.run_id == await current_run(server)


@pytest.mark.parametrize(
    "name, request_type, reply_type",
    [
        (
            "RecordActivityTaskHeartbeatById",
            api.RecordActivityTaskHeartbeatByIdRequest,
            api.RecordActivityTaskHeartbeatByIdResponse,
        ),
        (
            "RespondActivityTaskCompletedById",
            api.RespondActivityTaskCompletedByIdRequest,
            api.RespondActivityTaskCompletedByIdResponse,
        ),
    ],
)
async def test_an_activity_is_that_of_the_run_that_is_current_by_then(
    name: str, request_type: type[Message], reply_type: type[Message]
) -> None:
    request = request_type(namespace=lean.NAMESPACE, workflow_id=WORKFLOW, activity_id=ACTIVITY)
    attributes = ScheduleActivityTaskCommandAttributes(activity_id=ACTIVITY, task_queue=QUEUE)
    async with a_server() as server:
        of_activity = await late(server, name, request)
        await answer(server, continue_as_new())
        await answer(server, schedule_activity(ACTIVITY, attributes))
        polled = api.PollActivityTaskQueueRequest(namespace=lean.NAMESPACE, task_queue=QUEUE)
        await call(server, "PollActivityTaskQueue", polled)

        await of_activity.reply(reply_type)


async def test_what_is_dropped_from_a_cache_is_the_run_that_is_current_by_then() -> None:
    request = api.ResetStickyTaskQueueRequest(namespace=lean.NAMESPACE, execution=RUN)
    async with a_server() as server:
        dropped = await late(server, "ResetStickyTaskQueue", request)
        await answer(server, continue_as_new())

        await dropped.reply(api.ResetStickyTaskQueueResponse)


async def test_a_query_is_answered_by_the_run_that_is_current_by_then() -> None:
    request = api.QueryWorkflowRequest(
        namespace=lean.NAMESPACE,
        execution=RUN,
        query=WorkflowQuery(query_type="query"),
        query_reject_condition=QueryRejectCondition.QUERY_REJECT_CONDITION_NOT_OPEN,
    )
    async with a_server() as server:
        query = await late(server, "QueryWorkflow", request)
        await answer(server, continue_as_new())
        asking = asyncio.create_task(query.reply(api.QueryWorkflowResponse))
        await somebody_in(server.history.queries)
        await answer(server, result="of the next run")

        assert (await asking).query_result == payloads("of the next run")


async def test_a_description_is_of_the_run_that_is_current_by_then() -> None:
    request = api.DescribeWorkflowExecutionRequest(namespace=lean.NAMESPACE, execution=RUN)
    async with a_server() as server:
        description = await late(server, "DescribeWorkflowExecution", request)
        await answer(server, continue_as_new())

        reply = await description.reply(api.DescribeWorkflowExecutionResponse)

        assert reply.workflow_execution_info.status == WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING
