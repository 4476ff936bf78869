"""The open runs of a namespace, and why each does not go on.

list --a page--> describe each, --queues, each once--> newest events where these say more --explain--> Answer

What has gone since it was listed, or may not be seen, is left out: the rest is told without it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Sequence
from typing import Final, TypeVar

import msgspec
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import TaskQueueType, WorkflowExecutionStatus
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflow.v1 import WorkflowExecutionInfo
from temporalio.api.workflowservice.v1 import (
    CountWorkflowExecutionsRequest,
    DescribeTaskQueueRequest,
    DescribeTaskQueueResponse,
    DescribeWorkflowExecutionRequest,
    DescribeWorkflowExecutionResponse,
    GetWorkflowExecutionHistoryReverseRequest,
    ListWorkflowExecutionsRequest,
)

from mainspring.cli.session import Session
from mainspring.explain.reasons import Kind, Known, QueueKey, Reason
from mainspring.explain.times import Nanos, instant_of
from mainspring.explain.waiting import waiting
from mainspring.service import RPCError, RPCStatusCode

T = TypeVar("T")

PAGE_SIZE: Final = 200
AT_A_TIME: Final = 20
NEWEST_EVENTS: Final = 50
OPEN: Final = "CloseTime IS NULL"

_WORKFLOW: Final = TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW
_ACTIVITY: Final = TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY
_IS_OPEN: Final = {
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING,
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_PAUSED,
}
_LEFT_OUT: Final = {RPCStatusCode.NOT_FOUND, RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNIMPLEMENTED}


class Answer(msgspec.Struct, frozen=True):
    """Why one run does not go on."""

    info: WorkflowExecutionInfo
    reason: Reason

    @property
    def since_at(self) -> Nanos:
        """Since when it waits; since its start, if that is not known."""
        return self.reason.since_at or instant_of(self.info.start_time) or 0


def narrowed(query: str) -> str:
    """The query for its open runs only."""
    return f"({query}) AND {OPEN}" if query.strip() else OPEN


async def count_open(session: Session, query: str = "") -> int:
    request = CountWorkflowExecutionsRequest(namespace=session.namespace, query=narrowed(query))
    return (await session.workflow.count_workflow_executions(request)).count


async def open_runs(session: Session, query: str, limit: int) -> AsyncIterator[Sequence[WorkflowExecutionInfo]]:
    """Pages of open runs, the latest started first; `limit` runs at most."""
    size = min(limit, PAGE_SIZE)
    request = ListWorkflowExecutionsRequest(namespace=session.namespace, query=narrowed(query), page_size=size)
    while limit > 0:
        reply = await session.workflow.list_workflow_executions(request)
        yield reply.executions[:limit]
        limit -= len(reply.executions)
        request.next_page_token = reply.next_page_token
        if not request.next_page_token:
            return


async def answers(session: Session, runs: Sequence[WorkflowExecutionInfo]) -> list[Answer]:
    """Why those of them that are open do not go on."""
    asking = _Asking(session)
    found = await asyncio.gather(*(asking.described(run.execution) for run in runs))
    described = [each for each in found if each is not None and each.workflow_execution_info.status in _IS_OPEN]
    queues = await asking.queues(described)
    histories = await asyncio.gather(*(asking.newest(each) for each in described))
    now = time.time_ns()
    return [
        Answer(each.workflow_execution_info, waiting(Known(described=each, newest=newest, queues=queues), now))
        for each, newest in zip(described, histories, strict=True)
    ]


class _Asking:
    """Calls about runs, a few at a time."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._turns = asyncio.Semaphore(AT_A_TIME)

    async def described(self, execution: WorkflowExecution) -> DescribeWorkflowExecutionResponse | None:
        request = DescribeWorkflowExecutionRequest(namespace=self._session.namespace, execution=execution)
        return await self._unless_gone(self._session.workflow.describe_workflow_execution(request))

    async def queues(
        self, described: Sequence[DescribeWorkflowExecutionResponse]
    ) -> dict[QueueKey, DescribeTaskQueueResponse]:
        keys = list(dict.fromkeys(key for each in described for key in queues_of(each)))
        found = await asyncio.gather(*(self._queue(key) for key in keys))
        return {key: queue for key, queue in zip(keys, found, strict=True) if queue is not None}

    async def _queue(self, key: QueueKey) -> DescribeTaskQueueResponse | None:
        name, kind = key
        request = DescribeTaskQueueRequest(
            namespace=self._session.namespace, task_queue=TaskQueue(name=name), task_queue_type=kind
        )
        return await self._unless_gone(self._session.workflow.describe_task_queue(request))

    async def newest(self, described: DescribeWorkflowExecutionResponse) -> Sequence[HistoryEvent]:
        """The newest events of a run whose description does not say why it waits: of a failing task, of a timer."""
        is_failing = described.pending_workflow_task.attempt > 1
        if not is_failing and waiting(Known(described=described), time.time_ns()).kind is not Kind.MESSAGE:
            return ()
        request = GetWorkflowExecutionHistoryReverseRequest(
            namespace=self._session.namespace,
            execution=described.workflow_execution_info.execution,
            maximum_page_size=NEWEST_EVENTS,
        )
        reply = await self._unless_gone(self._session.workflow.get_workflow_execution_history_reverse(request))
        return () if reply is None else reply.history.events

    async def _unless_gone(self, call: Awaitable[T]) -> T | None:
        """The reply, in turn; None if the thing is not there, or may not be seen."""
        async with self._turns:
            try:
                return await call
            except RPCError as error:
                if error.status in _LEFT_OUT:
                    return None
                raise


def queues_of(described: DescribeWorkflowExecutionResponse) -> list[QueueKey]:
    """Where the tasks of a run are."""
    own = described.workflow_execution_info.task_queue
    keys: dict[QueueKey, None] = {(own, _WORKFLOW): None}
    for activity in described.pending_activities:
        keys[activity.activity_options.task_queue.name or own, _ACTIVITY] = None
    return list(keys)
