"""One run, or all of a query: the options of commands that change either, and the batch operation for a query.

--workflow-id W [--run-id R]                   the one run
--query Q [--reason ...] [--rps N] [--yes]     those that it finds, after a question
"""

from __future__ import annotations

import functools
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import click
import msgspec
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import CountWorkflowExecutionsRequest, StartBatchOperationRequest

from mainspring.cli import remote
from mainspring.cli.asking import confirm
from mainspring.cli.gathering import Body, Decorator
from mainspring.cli.session import Session


class Selection(msgspec.Struct, frozen=True):
    """The options as click gives them."""

    workflow_id: str
    run_id: str
    query: str
    reason: str
    rps: float
    yes: bool

    @property
    def target(self) -> WorkflowExecution | None:
        """The one run; None if there is a query."""
        return WorkflowExecution(workflow_id=self.workflow_id, run_id=self.run_id) if self.workflow_id else None

    def check(self, allowed: frozenset[str]) -> None:
        """Refuse what does not go together; `allowed` names what may come with a workflow id.

        Raises: click.UsageError: it does not.
        """
        if self.workflow_id:
            for name in ("query", "reason", "yes", "rps"):
                if getattr(self, name) and name not in allowed:
                    raise click.UsageError(f"cannot set {name} when workflow ID is set")
        elif not self.query:
            raise click.UsageError("must set either workflow ID or query")
        elif self.run_id:
            raise click.UsageError("cannot set run ID when query is set")


def selection_options(*allowed: str) -> Decorator:
    """Give a command these options as the argument `selection`; `allowed` may come with a workflow id too."""
    options: list[Callable[[Body], Body]] = [
        click.option("--workflow-id", "-w", default="", help="Workflow; or give --query."),
        click.option("--run-id", "-r", default="", help="Run; the current one unless it is given."),
        click.option(
            "--query", "-q", default="", metavar="QUERY", help="Workflows, by a filter; a batch operation does it."
        ),
        click.option("--reason", default="", help="Why; names the user unless it is given."),
        click.option(
            "--rps", type=click.FloatRange(min=0), default=0.0, help="How many a second at most, with --query."
        ),
        click.option("--yes", "-y", is_flag=True, help="Do not ask."),
    ]

    def decorate(body: Body) -> Body:
        @functools.wraps(body)
        def run(*args: Any, **values: Any) -> Awaitable[None]:
            selection = Selection(**{name: values.pop(name) for name in Selection.__struct_fields__})
            selection.check(frozenset(allowed))
            return body(*args, selection=selection, **values)

        decorated: Body = run
        for option in reversed(options):
            decorated = option(decorated)
        return decorated

    return decorate


async def start_batch(session: Session, selection: Selection, operation: StartBatchOperationRequest) -> None:
    """Ask, and let the server do the operation for each workflow of the query.

    Raises: click.ClickException: the answer was no, or the server does not do it.
    """
    await confirm_batch(session, selection.query, yes=selection.yes)
    request = StartBatchOperationRequest(
        namespace=session.namespace,
        job_id=str(uuid.uuid4()),
        visibility_query=selection.query,
        reason=selection.reason or session.default_reason,
        max_operations_per_second=selection.rps,
    )
    request.MergeFrom(operation)
    with remote.failing("failed starting batch operation"):
        await session.workflow.start_batch_operation(request)
    session.output.json({"batchJobId": request.job_id})
    session.output.line(f"Started batch for job ID: {request.job_id}")


async def confirm_batch(session: Session, query: str, *, yes: bool) -> None:
    """Ask whether the operation is meant, with the number of workflows.

    Raises: click.ClickException: it is not.
    """
    if yes:
        confirm(session.output, f"Start batch against workflows matching query {query!r}?", yes=True)
        return
    request = CountWorkflowExecutionsRequest(namespace=session.namespace, query=query)
    reply = await session.workflow.count_workflow_executions(request)
    confirm(session.output, f"Start batch against approximately {reply.count} workflow(s)?", yes=False)
