"""`mainspring schedule ...`: workflows that are started again and again.

writing.py             create, update, delete       spec.py: when, action.py: what
looking.py             describe, list, list-matching-times
operating.py           toggle, trigger, backfill
"""

from typing import Final

import click

from mainspring.cli.command import Group
from mainspring.cli.lazy import Lazy

ROOM: Final = "mainspring.cli.schedule"
COMMANDS: Final = {
    "backfill": Lazy(f"{ROOM}.operating:backfill", "Do what a schedule would have done in the past."),
    "create": Lazy(f"{ROOM}.writing:create", "Create a schedule."),
    "delete": Lazy(f"{ROOM}.writing:delete", "Delete a schedule."),
    "describe": Lazy(f"{ROOM}.looking:describe", "Show a schedule."),
    "list": Lazy(f"{ROOM}.looking:list_", "List schedules."),
    "list-matching-times": Lazy(f"{ROOM}.looking:matching_times", "List the times that a schedule matches."),
    "toggle": Lazy(f"{ROOM}.operating:toggle", "Pause a schedule, or let it go on."),
    "trigger": Lazy(f"{ROOM}.operating:trigger", "Do at once what a schedule does."),
    "update": Lazy(f"{ROOM}.writing:update", "Write a schedule anew."),
}


@click.group("schedule", cls=Group, commands_at=COMMANDS)
def group() -> None:
    """Look after schedules, which start workflows at set times."""
