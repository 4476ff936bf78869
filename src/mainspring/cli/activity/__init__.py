"""`mainspring activity ...`: activities of workflows, and activities that stand alone.

    start.py looking.py             standalone: begin, wait for, look at     start_options.py: what to start
    ending.py                       standalone: cancel, terminate, delete
    completing.py                   either: complete and fail, in a worker's place
    changing.py                     either: pause, unpause, reset, options   target.py: which one, or a query's

An activity without a workflow id is one that stands alone.
"""

from typing import Final

import click

from mainspring.cli.command import Group
from mainspring.cli.lazy import Lazy

ROOM: Final = "mainspring.cli.activity"
COMMANDS: Final = {
    "cancel": Lazy(f"{ROOM}.ending:cancel", "Ask a standalone activity to end."),
    "complete": Lazy(f"{ROOM}.completing:complete", "Complete an activity with a result."),
    "count": Lazy(f"{ROOM}.looking:count", "Count standalone activities."),
    "delete": Lazy(f"{ROOM}.ending:delete", "Delete a standalone activity."),
    "describe": Lazy(f"{ROOM}.looking:describe", "Show what a standalone activity is doing."),
    "execute": Lazy(f"{ROOM}.start:execute", "Start a standalone activity and wait for its result."),
    "fail": Lazy(f"{ROOM}.completing:fail", "Fail an activity."),
    "list": Lazy(f"{ROOM}.looking:list_", "List standalone activities."),
    "pause": Lazy(f"{ROOM}.changing:pause", "Pause an activity."),
    "reset": Lazy(f"{ROOM}.changing:reset", "Let an activity begin again with its first attempt."),
    "result": Lazy(f"{ROOM}.start:result", "Wait for the result of a standalone activity."),
    "start": Lazy(f"{ROOM}.start:start", "Start a standalone activity."),
    "terminate": Lazy(f"{ROOM}.ending:terminate", "End a standalone activity by force."),
    "unpause": Lazy(f"{ROOM}.changing:unpause", "Let a paused activity go on."),
    "update-options": Lazy(f"{ROOM}.update_options:command", "Change timeouts, retries or task queue of an activity."),
}


@click.group("activity", cls=Group, commands_at=COMMANDS)
def group() -> None:
    """Start, list and operate on activities."""
