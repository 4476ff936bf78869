"""`mainspring workflow ...`: each verb, or a pair of them, is a file of its own that is imported when it is called.

    start.py                                          begin a run        start_options.py: what to start
    listing.py show.py describe.py result.py          look at runs       event_pages.py event_text.py closing.py
    trace.py                                          a run with its children   tracing.py: what is known of them
    signal.py query.py metadata.py                    messages
    update.py updating.py with_start.py               updates            update_calls.py: send them, wait for them
    ending.py pausing.py                              change runs        selection.py: one run, or a query's
    reset.py update_options.py                        change runs        reset_points.py versioning_override.py
    fix_history.py                                    files of histories

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
    "execute-update-with-start": Lazy(
        f"{ROOM}.with_start:execute_update", "Send an update, start its workflow if need be, and print the result."
    ),
    "execute": Lazy(f"{ROOM}.start:execute", "Start a workflow and wait for its result."),
    "fix-history-json": Lazy(f"{ROOM}.fix_history:command", "Write a history as JSON of today."),
    "list": Lazy(f"{ROOM}.listing:list_", "List workflows."),
    "metadata": Lazy(f"{ROOM}.metadata:command", "Ask a workflow which messages it takes."),
    "pause": Lazy(f"{ROOM}.pausing:pause", "Pause a workflow."),
    "query": Lazy(f"{ROOM}.query:query", "Ask a workflow."),
    "reset": Lazy(f"{ROOM}.reset:command", "Let a workflow go on from an earlier point."),
    "result": Lazy(f"{ROOM}.result:command", "Wait for the result of a workflow."),
    "show": Lazy(f"{ROOM}.show:command", "Show the history of a workflow."),
    "signal": Lazy(f"{ROOM}.signal:command", "Send a signal to a workflow, or to those of a query."),
    "signal-with-start": Lazy(
        f"{ROOM}.with_start:signal_with_start", "Send a signal, and start its workflow if need be."
    ),
    "stack": Lazy(f"{ROOM}.query:stack", "Show where a workflow waits."),
    "start": Lazy(f"{ROOM}.start:start", "Start a workflow."),
    "start-update-with-start": Lazy(
        f"{ROOM}.with_start:start_update", "Send an update, start its workflow if need be, and wait for its acceptance."
    ),
    "terminate": Lazy(f"{ROOM}.ending:terminate", "End a workflow by force."),
    "trace": Lazy(f"{ROOM}.trace:command", "Show a workflow and its children as a tree, while they go on."),
    "unpause": Lazy(f"{ROOM}.pausing:unpause", "Let a paused workflow go on."),
    "update": Lazy(f"{ROOM}.update:group", "Send updates, and see what became of them."),
    "update-options": Lazy(f"{ROOM}.update_options:command", "Change on which version a workflow runs."),
}


@click.group("workflow", cls=Group, commands_at=COMMANDS)
def group() -> None:
    """Start, list and operate on workflows."""
