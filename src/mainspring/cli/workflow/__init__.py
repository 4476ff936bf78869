"""`mainspring workflow ...`: each verb, or a pair of them, is a file of its own that is imported when it is called.

    start.py                                          begin a run        start_options.py: what to start
    listing.py show.py describe.py result.py          look at runs       event_pages.py event_text.py closing.py
    signal.py query.py                                messages
    ending.py pausing.py                              change runs        selection.py: one run, or a query's

A verb builds the request, makes the call, and hands facts to the output.
"""

from typing import Final

import click

from mainspring.cli.command import Group
from mainspring.cli.lazy import Lazy

ROOM: Final = "mainspring.cli.workflow"
COMMANDS: Final = {
    "cancel": Lazy(f"{ROOM}.ending:cancel", "Ask a workflow, or those of a query, to end."),
    "count": Lazy(f"{ROOM}.listing:count", "Count workflows."),
    "delete": Lazy(f"{ROOM}.ending:delete", "Delete a workflow and its history."),
    "describe": Lazy(f"{ROOM}.describe:command", "Show what a workflow is doing."),
    "execute": Lazy(f"{ROOM}.start:execute", "Start a workflow and wait for its result."),
    "list": Lazy(f"{ROOM}.listing:list_", "List workflows."),
    "pause": Lazy(f"{ROOM}.pausing:pause", "Pause a workflow."),
    "query": Lazy(f"{ROOM}.query:query", "Ask a workflow."),
    "result": Lazy(f"{ROOM}.result:command", "Wait for the result of a workflow."),
    "show": Lazy(f"{ROOM}.show:command", "Show the history of a workflow."),
    "signal": Lazy(f"{ROOM}.signal:command", "Send a signal to a workflow, or to those of a query."),
    "stack": Lazy(f"{ROOM}.query:stack", "Show where a workflow waits."),
    "start": Lazy(f"{ROOM}.start:start", "Start a workflow."),
    "terminate": Lazy(f"{ROOM}.ending:terminate", "End a workflow by force."),
    "unpause": Lazy(f"{ROOM}.pausing:unpause", "Let a paused workflow go on."),
}


@click.group("workflow", cls=Group, commands_at=COMMANDS)
def group() -> None:
    """Start, list and operate on workflows."""
