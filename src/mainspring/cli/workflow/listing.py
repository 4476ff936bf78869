"""`mainspring workflow list` and `count`.

A page is printed when it has come: a table each, or items of one JSON list.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Final

import click
from temporalio.api.enums.v1 import WorkflowExecutionStatus
from temporalio.api.workflow.v1 import WorkflowExecutionInfo
from temporalio.api.workflowservice.v1 import (
    CountWorkflowExecutionsRequest,
    ListArchivedWorkflowExecutionsRequest,
    ListWorkflowExecutionsRequest,
)

from mainspring.cli import remote
from mainspring.cli.output import Cell, Value
from mainspring.cli.output.words import enum_words, instant
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
    request = ListWorkflowExecutionsRequest(namespace=session.namespace, query=query, page_size=size)
    output, shown = session.output, 0
    with output.listing():
        async for page in pages(session, request, archived=archived):
            part = page[: limit - shown] if limit else page
            for info in part:
                output.message(info)
            if part:
                output.table(COLUMNS, [row(info) for info in part], header=not shown)
            output.flush()
            shown += len(part)
            if limit and shown >= limit:
                return


async def pages(
    session: Session, request: ListWorkflowExecutionsRequest, *, archived: bool
) -> AsyncIterator[Sequence[WorkflowExecutionInfo]]:
    """Pages of the list, as they are asked for."""
    is_first = True
    while is_first or request.next_page_token:
        if archived:
            old = ListArchivedWorkflowExecutionsRequest(
                namespace=request.namespace,
                query=request.query,
                page_size=request.page_size,
                next_page_token=request.next_page_token,
            )
            reply = await session.workflow.list_archived_workflow_executions(old, retry=not is_first)
            yield reply.executions
            request.next_page_token = reply.next_page_token
        else:
            page = await session.workflow.list_workflow_executions(request, retry=not is_first)
            yield page.executions
            request.next_page_token = page.next_page_token
        is_first = False


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
    for group in reply.groups:
        for value in group.group_values:
            value.metadata.pop("type", None)  # so that it is shown as its JSON
    output = session.output
    output.message(reply)
    output.line(f"Total: {reply.count}")
    for group in reply.groups:
        values = ", ".join(output.cell(value).text.strip('"') for value in group.group_values)
        output.line(f"Group total: {group.count}, values: {values}")
