"""`mainspring env ...`: environments of the older kind, in `temporal.yaml`; the verbs are in `verbs.py`."""

from typing import Final

import click

from mainspring.cli.command import Group
from mainspring.cli.lazy import Lazy

VERBS: Final = "mainspring.cli.env.verbs"
COMMANDS: Final = {
    "delete": Lazy(f"{VERBS}:delete", "Delete an environment, or a property of it."),
    "get": Lazy(f"{VERBS}:get", "Show the properties of an environment."),
    "list": Lazy(f"{VERBS}:list_", "List environments."),
    "set": Lazy(f"{VERBS}:set_", "Set a property of an environment."),
}


@click.group("env", cls=Group, commands_at=COMMANDS)
def group() -> None:
    """Look after environments: values that stand in for flags. `mainspring config` has come in its place."""
