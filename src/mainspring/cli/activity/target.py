"""Which activities a command is about.

--activity-id A [--run-id R]                           one that stands alone
--activity-id A --workflow-id W [--run-id R]           one of a workflow
--query Q [--reason ...] [--rps N] [--yes]             those of the query, after a question
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable
from typing import Any

import click
import msgspec

from mainspring.cli.batches import Batch
from mainspring.cli.gathering import Body, Decorator

QUERY = click.option(
    "--query", "-q", default="", metavar="QUERY", help="Activities, by a filter; a batch operation does it."
)
RPS = click.option("--rps", type=click.FloatRange(min=0), default=0.0, help="How many a second at most, with --query.")
YES = click.option("--yes", "-y", is_flag=True, help="Do not ask.")
REASON = click.option("--reason", default="", help="Why; names the user unless it is given.")
RUN_ID = click.option("--run-id", "-r", default="", help="Run; the current one unless it is given.")
WORKFLOW_ID = click.option("--workflow-id", "-w", default="", help="Workflow that the activity is of, if any.")


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """The options as click gives them."""

    activity_id: str
    workflow_id: str = ""
    run_id: str
    query: str
    reason: str
    rps: float
    yes: bool

    def check(self, *, allowed: frozenset[str], what: str) -> None:
        """Refuse what does not go together; `allowed` may come with one activity, `what` is what a query finds.

        Raises: click.UsageError: it does not.
        """
        if not self.query:
            if not self.activity_id:
                raise click.UsageError(
                    "must specify --activity-id to target a single Activity, or --query to target a batch of Activities"
                )
            for name in ("reason", "yes", "rps"):
                if getattr(self, name) and name not in allowed:
                    raise click.UsageError(f"cannot set {name} when {what} ID is set")
            return
        for name in ("activity_id", "workflow_id", "run_id"):
            if getattr(self, name):
                raise click.UsageError(f"cannot set {name.replace('_', ' ')} when query is set")

    @property
    def resource_id(self) -> str:
        return f"workflow:{self.workflow_id}" if self.workflow_id else f"activity:{self.activity_id}"

    def batch(self, *, is_of_activities: bool = False) -> Batch:
        """Those of the query."""
        return Batch(
            query=self.query, reason=self.reason, rps=self.rps, yes=self.yes, is_of_activities=is_of_activities
        )


def standalone_options(*allowed: str) -> Decorator:
    """Give a command the options for standalone activities; `allowed` may come with one activity."""
    options: list[Decorator] = [_activity_id(), RUN_ID, QUERY, REASON, RPS, YES]
    return _selecting(options, frozenset(allowed), "activity")


def any_options() -> Decorator:
    """Give a command the options for activities of either kind; a query finds workflows."""
    options: list[Decorator] = [_activity_id(), WORKFLOW_ID, RUN_ID, QUERY, REASON, RPS, YES]
    return _selecting(options, frozenset(), "workflow")


def _activity_id() -> Decorator:
    return click.option("--activity-id", "-a", default="", help="Activity; or give --query.")


def _selecting(options: list[Decorator], allowed: frozenset[str], what: str) -> Decorator:
    def decorate(body: Body) -> Body:
        @functools.wraps(body)
        def run(*args: Any, **values: Any) -> Awaitable[None]:
            fields = {name: values.pop(name) for name in Selection.__struct_fields__ if name in values}
            selection = Selection(**fields)
            selection.check(allowed=allowed, what=what)
            return body(*args, selection=selection, **values)

        decorated: Body = run
        for option in reversed(options):
            decorated = option(decorated)
        return decorated

    return decorate
