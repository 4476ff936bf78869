"""`mainspring workflow show`."""

from __future__ import annotations

import click
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.history.v1 import History

from mainspring.cli import remote
from mainspring.cli.session import Session
from mainspring.cli.workflow.closing import show_ending
from mainspring.cli.workflow.event_pages import events, events_newest_first
from mainspring.cli.workflow.event_text import follow_history, show_events
from mainspring.cli.workflow.target import target_options


@remote.command("show", failed="displaying history failed")
@target_options
@click.option("--follow", "-f", is_flag=True, help="Go on with events as they come, until the workflow closes.")
@click.option("--detailed", is_flag=True, help="Show each event with its attributes. JSON always has them.")
@click.option("--reverse", is_flag=True, help="Newest first.")
async def command(session: Session, target: WorkflowExecution, follow: bool, detailed: bool, reverse: bool) -> None:
    """Show the history of a workflow. In JSON it is what replayers read."""
    if follow and reverse:
        raise click.UsageError("--reverse cannot be combined with --follow")
    if session.output.is_json:
        found = events_newest_first(session, target) if reverse else events(session, target, follow=follow)
        history = History(events=[event async for event in found])
        session.output.message(history, shorthand=False)
        return
    if follow:
        closing = await follow_history(session, target, detailed=detailed)
    else:
        found = events_newest_first(session, target) if reverse else events(session, target)
        closing = await show_events(session.output, found, detailed=detailed)
    if closing is not None:
        session.output.line()
        show_ending(session.output, closing)
