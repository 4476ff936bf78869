"""Task queues and who polls them. The API has no list of queues: these are the queues of the newest runs, and any that
the reader names.

    /queues            queues with their pollers, backlog and rates       /queue?queue=orders   one of them, its pollers
    /workers           the same pollers by worker: what each polls, when it was last seen
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Final

import msgspec
from temporalio.api.enums.v1 import TaskQueueKind, TaskQueueType
from temporalio.api.taskqueue.v1 import PollerInfo, TaskQueue, TaskQueueStats
from temporalio.api.workflowservice.v1 import (
    DescribeTaskQueueRequest,
    DescribeTaskQueueResponse,
    ListWorkflowExecutionsRequest,
    ListWorkflowExecutionsResponse,
)

from mainspring.server.ui import filters, times
from mainspring.server.ui.page import Nanos, Page, Redirect, Visit
from mainspring.server.ui.service import Service

_LOOKED_AT: Final = 200  # newest runs, which are open ones first
_MOST_QUEUES: Final = 50
_KINDS: Final = {
    TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW: "Workflow tasks",
    TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY: "Activity tasks",
}


class Poller(msgspec.Struct, frozen=True, kw_only=True):
    """A worker as one queue sees it."""

    identity: str
    last_seen_at: Nanos
    last_seen: str
    build: str


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of tasks of a queue."""

    kind: str
    pollers: tuple[Poller, ...]
    backlog_count: int
    backlog_age: str
    add_rate: str  # tasks a second
    dispatch_rate: str
    is_rate_limited: bool

    @property
    def is_stuck(self) -> bool:
        """Tasks wait, and nobody polls."""
        return self.backlog_count > 0 and not self.pollers


class Queue(msgspec.Struct, frozen=True, kw_only=True):
    """A task queue."""

    name: str
    href: str
    runs_href: str  # the list of its workflows
    sides: tuple[Side, ...]

    @property
    def is_stuck(self) -> bool:
        """Some of its tasks wait for a worker that is not there."""
        return any(side.is_stuck for side in self.sides)


class QueueList(msgspec.Struct, frozen=True):
    """What the page of queues shows."""

    queues: tuple[Queue, ...]


class Worker(msgspec.Struct, frozen=True, kw_only=True):
    """A worker: all pollers of one identity."""

    identity: str
    queues: tuple[tuple[str, str, str], ...]  # name, address, kinds of tasks
    last_seen_at: Nanos
    last_seen: str
    build: str


class WorkerList(msgspec.Struct, frozen=True):
    """What the page of workers shows."""

    workers: tuple[Worker, ...]


async def show(visit: Visit) -> Page:
    """The queues of the newest runs."""
    return Page("queues.html", QueueList(await known(visit)), title="Task queues", section="queues")


async def show_one(visit: Visit) -> Page | Redirect:
    """One queue."""
    name = visit.query.one("queue")
    if not name.strip():
        return Redirect(visit.link("/queues"))
    queue = await _described(visit, name)
    return Page("queue.html", queue, title=f"Task queue {name}", section="queues")


async def show_workers(visit: Visit) -> Page:
    """Who polls the queues of the newest runs."""
    workers = _by_identity(await known(visit))
    return Page("workers.html", WorkerList(workers), title="Workers", section="workers")


async def known(visit: Visit) -> tuple[Queue, ...]:
    """The queues of the newest runs, those where something is stuck first."""
    names = await _names(visit.service, visit.namespace)
    found = await asyncio.gather(*(_described(visit, name) for name in names))
    return tuple(sorted(found, key=lambda queue: (not queue.is_stuck, queue.name)))


async def _names(service: Service, namespace: str) -> list[str]:
    request = ListWorkflowExecutionsRequest(namespace=namespace, page_size=_LOOKED_AT)
    reply = await service.call(request, ListWorkflowExecutionsResponse)
    return list(dict.fromkeys(run.task_queue for run in reply.executions if run.task_queue))[:_MOST_QUEUES]


async def _described(visit: Visit, name: str) -> Queue:
    sides = [_side(label, await _ask(visit, name, kind), visit.now) for kind, label in _KINDS.items()]
    return Queue(
        name=name,
        href=visit.link("/queue", queue=name),
        runs_href=visit.link("/workflows", query=f"TaskQueue = {filters.quoted(name)}"),
        sides=tuple(sides),
    )


async def _ask(visit: Visit, name: str, kind: TaskQueueType.ValueType) -> DescribeTaskQueueResponse:
    request = DescribeTaskQueueRequest(
        namespace=visit.namespace,
        task_queue=TaskQueue(name=name, kind=TaskQueueKind.TASK_QUEUE_KIND_NORMAL),
        task_queue_type=kind,
        report_stats=True,
    )
    return await visit.service.call(request, DescribeTaskQueueResponse)


def _side(label: str, reply: DescribeTaskQueueResponse, now: Nanos) -> Side:
    stats: TaskQueueStats = reply.stats
    return Side(
        kind=label,
        pollers=tuple(_poller(info, now) for info in reply.pollers),
        backlog_count=stats.approximate_backlog_count,
        backlog_age=times.span(stats.approximate_backlog_age.ToNanoseconds())
        if stats.approximate_backlog_count
        else "",
        add_rate=f"{stats.tasks_add_rate:.1f}",
        dispatch_rate=f"{stats.tasks_dispatch_rate:.1f}",
        is_rate_limited=stats.rate_limiting_active,
    )


def _poller(info: PollerInfo, now: Nanos) -> Poller:
    seen_at = times.instant_of(info.last_access_time) or now
    return Poller(
        identity=info.identity or "(no identity)",
        last_seen_at=seen_at,
        last_seen=times.ago(min(seen_at, now), now),
        build=info.deployment_options.build_id or info.worker_version_capabilities.build_id,
    )


def _by_identity(queues: Iterable[Queue]) -> tuple[Worker, ...]:
    polls = [(poller, queue, side) for queue in queues for side in queue.sides for poller in side.pollers]
    found: list[Worker] = []
    for identity in sorted({poller.identity for poller, _, _ in polls}):
        own = [(poller, queue, side) for poller, queue, side in polls if poller.identity == identity]
        latest = max((poller for poller, _, _ in own), key=lambda poller: poller.last_seen_at)
        kinds: dict[tuple[str, str], list[str]] = {}
        for _, queue, side in own:
            kinds.setdefault((queue.name, queue.href), []).append(side.kind.lower())
        found.append(
            Worker(
                identity=identity,
                queues=tuple((name, href, ", ".join(sides)) for (name, href), sides in kinds.items()),
                last_seen_at=latest.last_seen_at,
                last_seen=latest.last_seen,
                build=latest.build,
            )
        )
    return tuple(found)
