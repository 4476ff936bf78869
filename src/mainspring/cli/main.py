"""The `mainspring` command: finds a command and imports only that."""

from __future__ import annotations

import importlib
from typing import Final

import click

from mainspring import __version__

_COMMANDS: Final = {
    "migrate-imports": ("mainspring.cli.migrate_imports", "command"),
    "replay": ("mainspring.cli.replay", "command"),
    "server": ("mainspring.cli.server", "group"),
}
_TEST_SERVER: Final = ("mainspring.cli.server", "start_time_skipping")
"""Name of a command -> the module that has it, and as what."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as above
        if cmd_name not in _COMMANDS:
            return None
        return _command(*_COMMANDS[cmd_name])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The official test server is started by a port alone; so is ours: SDKs start whatever they are given."""
        if args[0].isdecimal():
            return "server start-time-skipping", _command(*_TEST_SERVER), args
        return super().resolve_command(ctx, args)


def _command(module: str, attribute: str) -> click.Command:
    command = getattr(importlib.import_module(module), attribute)
    assert isinstance(command, click.Command)
    return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="mainspring", message="%(prog)s version %(version)s")
def main() -> None:
    """Mainspring: a durable execution engine in one process and one SQLite file."""
