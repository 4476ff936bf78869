"""The start page: how the namespace is doing, what needs somebody, and what the server is."""

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

from mainspring.server.ui import queues, times
from mainspring.server.ui.columns import status_name
from mainspring.server.ui.counts import Counts
from mainspring.server.ui.filters import STATUSES
from mainspring.server.ui.page import Page, Visit
from mainspring.server.ui.queues import Queue

_MOST_FAILED: Final = 8
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


class Home(msgspec.Struct, frozen=True, kw_only=True):
    """What the start page shows."""

    numbers: tuple[Number, ...]
    stuck: tuple[Queue, ...]
    ended: tuple[Ended, ...]
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


def _facts(cluster: GetClusterInfoResponse) -> tuple[tuple[str, str], ...]:
    return (
        ("Mainspring", cluster.version_info.current.version),
        ("Level of the API", cluster.server_version),
        ("Store", cluster.persistence_store),
        ("Cluster", cluster.cluster_id),
    )
