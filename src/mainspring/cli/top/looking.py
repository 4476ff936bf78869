"""One look at a namespace."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Final, Literal

import msgspec
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflow.v1 import WorkflowExecutionInfo
from temporalio.api.workflowservice.v1 import CountWorkflowExecutionsRequest, DescribeTaskQueueRequest

from mainspring.cli.open_runs import Answer, answers, open_runs
from mainspring.cli.session import Session
from mainspring.explain.polling import missing_poller
from mainspring.explain.times import SECOND, Nanos

MOST_QUEUES: Final = 20

Side = Literal["workflow", "activity"]

SIDES: Final[tuple[Side, ...]] = ("workflow", "activity")

_KINDS: Final[Mapping[Side, TaskQueueType.ValueType]] = {
    "workflow": TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    "activity": TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
}


class Queue(msgspec.Struct, frozen=True):
    """One kind of tasks of a task queue."""

    name: str
    side: Side
    poller_count: int
    backlog_count: int
    backlog_age_s: float
    add_rate: float
    """Tasks a second."""
    dispatch_rate: float
    is_stuck: bool
    """Tasks wait, and nobody polls."""


class Snapshot(msgspec.Struct, frozen=True):
    """What was seen at one moment."""

    at: Nanos
    counts: Mapping[str, int]
    """Runs by status."""
    queues: Sequence[Queue]
    waiting: Sequence[Answer]
    """Open runs, what needs somebody first, then the one that has waited longest."""
    looked_at_count: int


async def look(session: Session, limit: int) -> Snapshot:
    """Raises: RPCError: the server does not answer."""
    counts = await counts_by_status(session)
    runs: list[WorkflowExecutionInfo] = []
    async for page in open_runs(session, "", limit):
        runs += page
    names = list(dict.fromkeys(run.task_queue for run in runs))[:MOST_QUEUES]
    queues = await asyncio.gather(*(queue_of(session, name, side) for name in names for side in SIDES))
    waiting = sorted(await answers(session, runs), key=lambda one: (not one.reason.is_bad, one.since_at))
    shown = [queue for queue in queues if queue.poller_count or queue.backlog_count or queue.side == "workflow"]
    return Snapshot(time.time_ns(), counts, shown, waiting, len(runs))


async def counts_by_status(session: Session) -> dict[str, int]:
    request = CountWorkflowExecutionsRequest(namespace=session.namespace, query="GROUP BY ExecutionStatus")
    reply = await session.workflow.count_workflow_executions(request)
    return {str(msgspec.json.decode(group.group_values[0].data)): group.count for group in reply.groups}


async def queue_of(session: Session, name: str, side: Side) -> Queue:
    request = DescribeTaskQueueRequest(
        namespace=session.namespace, task_queue=TaskQueue(name=name), task_queue_type=_KINDS[side], report_stats=True
    )
    reply = await session.workflow.describe_task_queue(request)
    stats = reply.stats
    is_missing = bool(missing_poller(name, reply, None, time.time_ns()))
    return Queue(
        name=name,
        side=side,
        poller_count=0 if is_missing else len(reply.pollers),
        backlog_count=stats.approximate_backlog_count,
        backlog_age_s=stats.approximate_backlog_age.ToNanoseconds() / SECOND,
        add_rate=stats.tasks_add_rate,
        dispatch_rate=stats.tasks_dispatch_rate,
        is_stuck=is_missing and stats.approximate_backlog_count > 0,
    )
