"""`mainspring config ...`: profiles in `temporal.toml`. Verbs are in `verbs.py`, the file's text in `toml_text.py`."""

from typing import Final

import click

from mainspring.cli.command import Group
from mainspring.cli.lazy import Lazy

VERBS: Final = "mainspring.cli.config.verbs"
COMMANDS: Final = {
    "delete": Lazy(f"{VERBS}:delete", "Delete a property of a profile."),
    "delete-profile": Lazy(f"{VERBS}:delete_profile", "Delete a profile."),
    "get": Lazy(f"{VERBS}:get", "Show the properties of a profile."),
    "list": Lazy(f"{VERBS}:list_", "List profiles."),
    "set": Lazy(f"{VERBS}:set_", "Set a property of a profile."),
}


@click.group("config", cls=Group, commands_at=COMMANDS)
def group() -> None:
    """Look after profiles: how to connect, by name. SDKs and the official command line read them too."""
