"""The `mainspring` command: finds a command and imports only that."""

from __future__ import annotations

import importlib
from typing import Final

import click

from mainspring import __version__

_COMMANDS: Final = {
    "migrate-imports": ("mainspring.cli.migrate_imports", "command"),
    "server": ("mainspring.cli.server", "group"),
}
"""Name of a command -> the module that has it, and as what."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as above
        if cmd_name not in _COMMANDS:
            return None
        module, attribute = _COMMANDS[cmd_name]
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="mainspring", message="%(prog)s version %(version)s")
def main() -> None:
    """Mainspring: a durable execution engine in one process and one SQLite file."""
