"""`mainspring workflow update ...`: the group; its verbs are in `updating.py`."""

from typing import Final

import click

from mainspring.cli.command import Group
from mainspring.cli.lazy import Lazy

VERBS: Final = "mainspring.cli.workflow.updating"
COMMANDS: Final = {
    "describe": Lazy(f"{VERBS}:describe", "Show the stage of an update, and its outcome if there is one."),
    "execute": Lazy(f"{VERBS}:execute", "Send an update and wait for its result."),
    "result": Lazy(f"{VERBS}:result", "Wait for the result of an update."),
    "start": Lazy(f"{VERBS}:start", "Send an update and wait until it is accepted."),
}


@click.group("update", cls=Group, commands_at=COMMANDS)
def group() -> None:
    """Send updates to workflows, and see what became of them."""
