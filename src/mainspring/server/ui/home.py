"""The start page: how the namespace is doing, what needs somebody, and how the server is doing.

The first comes of the API as on every page; numbers of the server itself, its rates, latencies and sizes, come from
`Service.statistics`, which has them from where `/metrics` has them.
"""

from __future__ import annotations

from typing import Final

import msgspec
from temporalio.api.workflow.v1 import WorkflowExecutionInfo
from temporalio.api.workflowservice.v1 import (
    GetClusterInfoRequest,
    GetClusterInfoResponse,
    ListWorkflowExecutionsRequest,
    ListWorkflowExecutionsResponse,
)

from mainspring.explain.times import SECOND
from mainspring.server.ui import queues, times
from mainspring.server.ui.columns import status_name
from mainspring.server.ui.counts import Counts
from mainspring.server.ui.filters import STATUSES
from mainspring.server.ui.page import Page, Visit
from mainspring.server.ui.queues import Queue
from mainspring.server.ui.service import ServerStatistics

_MOST_FAILED: Final = 8
_MOST_METHODS: Final = 8
_FAILED: Final = "ExecutionStatus IN ('Failed', 'TimedOut', 'Terminated')"


class Number(msgspec.Struct, frozen=True, kw_only=True):
    """A status with its count; None if it is not counted yet."""

    status: str
    count: int | None
    href: str


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """A run that did not end well."""

    workflow_id: str
    workflow_type: str
    status: str
    closed: str
    href: str


class Method(msgspec.Struct, frozen=True, kw_only=True):
    """A method of the API with how often it is called and how long that takes."""

    name: str
    rate: str
    median: str
    slowest: str


class ServerNumbers(msgspec.Struct, frozen=True, kw_only=True):
    """How the server is doing."""

    facts: tuple[tuple[str, str], ...]
    methods: tuple[Method, ...]


class Home(msgspec.Struct, frozen=True, kw_only=True):
    """What the start page shows."""

    numbers: tuple[Number, ...]
    stuck: tuple[Queue, ...]
    ended: tuple[Ended, ...]
    server: ServerNumbers
    facts: tuple[tuple[str, str], ...]


class Start:
    """The start page, and the counts that it shares with the list."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts

    async def show(self, visit: Visit) -> Page:
        """The start page of a namespace."""
        counts = await self._counts.by_status(visit.service, visit.namespace, "")
        request = ListWorkflowExecutionsRequest(namespace=visit.namespace, query=_FAILED, page_size=_MOST_FAILED)
        failed = await visit.service.call(request, ListWorkflowExecutionsResponse)
        cluster = await visit.service.call(GetClusterInfoRequest(), GetClusterInfoResponse)
        model = Home(
            numbers=tuple(
                Number(
                    status=name,
                    count=None if counts is None else counts.get(name, 0),
                    href=visit.link("/workflows", status=name),
                )
                for name in STATUSES
                if name != "Paused" or (counts or {}).get(name)
            ),
            stuck=tuple(queue for queue in await queues.known(visit) if queue.is_stuck),
            ended=tuple(_ended(visit, run) for run in failed.executions),
            server=_server(await visit.service.statistics()),
            facts=_facts(cluster),
        )
        return Page("home.html", model, title="Overview", section="home")


def _ended(visit: Visit, run: WorkflowExecutionInfo) -> Ended:
    closed_at = times.instant_of(run.close_time)
    return Ended(
        workflow_id=run.execution.workflow_id,
        workflow_type=run.type.name,
        status=status_name(run.status),
        closed="" if closed_at is None else times.ago(closed_at, visit.now),
        href=visit.link("/run", id=run.execution.workflow_id, run=run.execution.run_id),
    )


def _server(statistics: ServerStatistics) -> ServerNumbers:
    commits = statistics.commits
    return ServerNumbers(
        facts=(
            ("Up for", times.span(int(statistics.uptime_s) * SECOND)),
            ("Calls", _rate(statistics.calls_per_s)),
            ("Commits", _rate(commits.per_s)),
            ("A commit takes", f"{_took(commits.median_s)}, at most {_took(commits.slowest_s)} in 99 of 100"),
            ("Database", _size(statistics.database_bytes)),
            ("Write-ahead log", _size(statistics.wal_bytes)),
            ("Memory", _size(statistics.resident_bytes)),
        ),
        methods=tuple(
            Method(
                name=method.name,
                rate=_rate(method.speed.per_s),
                median=_took(method.speed.median_s),
                slowest=_took(method.speed.slowest_s),
            )
            for method in statistics.methods[:_MOST_METHODS]
        ),
    )


def _rate(per_s: float) -> str:
    return f"{per_s:,.0f} /s" if per_s >= 10 else f"{per_s:.2g} /s"


def _took(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    return f"{seconds * 1_000:.2g} ms" if seconds < 0.1 else f"{seconds:.2g} s"


def _size(size_bytes: int | None) -> str:
    if size_bytes is None:
        return "-"
    return f"{size_bytes / 1e9:,.2f} GB" if size_bytes >= 1e9 else f"{size_bytes / 1e6:.1f} MB"


def _facts(cluster: GetClusterInfoResponse) -> tuple[tuple[str, str], ...]:
    return (
        ("Mainspring", cluster.version_info.current.version),
        ("Level of the API", cluster.server_version),
        ("Store", cluster.persistence_store),
        ("Cluster", cluster.cluster_id),
    )
