"""`mainspring workflow list` and `count`."""

from __future__ import annotations

from typing import Final

import click
from google.protobuf.message import Message
from temporalio.api.enums.v1 import WorkflowExecutionStatus
from temporalio.api.workflow.v1 import WorkflowExecutionInfo
from temporalio.api.workflowservice.v1 import (
    CountWorkflowExecutionsRequest,
    ListArchivedWorkflowExecutionsRequest,
    ListWorkflowExecutionsRequest,
)

from mainspring.cli import remote
from mainspring.cli.counting import show_count
from mainspring.cli.output import Cell, Value
from mainspring.cli.output.words import enum_words, instant
from mainspring.cli.paging import PagedCall, pages, show_list
from mainspring.cli.session import Session

COLUMNS: Final = ("Status", "WorkflowId", "Type", "StartTime")
STYLES: Final = {
    "Running": "blue",
    "Completed": "green",
    "Failed": "red",
    "Canceled": "magenta",
    "Terminated": "red",
    "TimedOut": "yellow",
    "ContinuedAsNew": "cyan",
}
QUERY = click.option("--query", "-q", default="", metavar="QUERY", help="Filter, as in 'WorkflowType=\"AddNode\"'.")


@remote.command("list", failed="failed listing workflows")
@QUERY
@click.option("--archived", is_flag=True, help="List archived workflows.")
@click.option("--limit", type=click.IntRange(min=0), default=0, help="Show that many at most.")
@click.option("--page-size", type=click.IntRange(min=0), default=0, help="Fetch that many at a time.")
async def list_(session: Session, query: str, archived: bool, limit: int, page_size: int) -> None:
    """List workflows, the latest first; page by page as the server has them, so that a pager shows them at once."""
    size = min(limit, page_size or limit) if limit else page_size
    call: PagedCall = session.workflow.list_workflow_executions
    request: Message = ListWorkflowExecutionsRequest(namespace=session.namespace, query=query, page_size=size)
    if archived:
        call = session.workflow.list_archived_workflow_executions
        request = ListArchivedWorkflowExecutionsRequest(namespace=session.namespace, query=query, page_size=size)
    await show_list(session.output, pages(call, request, "executions"), COLUMNS, row, limit=limit)


def row(info: WorkflowExecutionInfo) -> list[Value]:
    status = enum_words(WorkflowExecutionStatus, info.status)
    return [
        Cell(status, STYLES.get(status, "")),
        info.execution.workflow_id,
        info.type.name,
        instant(info.start_time),
    ]


@remote.command("count", failed="failed counting workflows")
@QUERY
async def count(session: Session, query: str) -> None:
    """Count workflows, in groups if the query ends in GROUP BY."""
    request = CountWorkflowExecutionsRequest(namespace=session.namespace, query=query)
    reply = await session.workflow.count_workflow_executions(request)
    show_count(session.output, reply)
