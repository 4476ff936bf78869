"""`mainspring batch ...`: the operations on all workflows of a query that the server does; see `verbs.py`."""

from typing import Final

import click

from mainspring.cli.command import Group
from mainspring.cli.lazy import Lazy

VERBS: Final = "mainspring.cli.batch.verbs"
COMMANDS: Final = {
    "describe": Lazy(f"{VERBS}:describe", "Show how far a batch operation is."),
    "list": Lazy(f"{VERBS}:list_", "List batch operations."),
    "terminate": Lazy(f"{VERBS}:terminate", "Stop a batch operation."),
}


@click.group("batch", cls=Group, commands_at=COMMANDS)
def group() -> None:
    """Look after batch operations. `--query` of commands that change workflows begins one."""
