"""One run, or all of a query: the options of commands that change either.

--workflow-id W [--run-id R]                   the one run
--query Q [--reason ...] [--rps N] [--yes]     those that it finds, after a question
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from typing import Any

import click
import msgspec
from temporalio.api.common.v1 import WorkflowExecution

from mainspring.cli.batches import Batch
from mainspring.cli.gathering import Body, Decorator


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

    @property
    def batch(self) -> Batch:
        """Those of the query."""
        return Batch(query=self.query, reason=self.reason, rps=self.rps, yes=self.yes)

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
