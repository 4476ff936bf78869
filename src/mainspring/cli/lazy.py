"""Groups of commands that import a command when it is asked for.

    LazyGroup --help           prints names and summaries from its table: nothing is imported
    LazyGroup list ...         imports the module of `list`

So `--help` answers at once, however much a command needs. A summary stands in the table and nowhere else.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple

import click


class Lazy(NamedTuple):
    """Where a command is, and what it is for."""

    place: str
    """`module:attribute`."""
    summary: str
    """One line for the list of commands."""


class LazyGroup(click.Group):
    """A group whose commands are `commands_at`, by name."""

    def __init__(self, *args: Any, commands_at: Mapping[str, Lazy], **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.commands_at = commands_at

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return sorted(self.commands_at)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as above
        lazy = self.commands_at.get(cmd_name)
        return None if lazy is None else load(lazy)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Name the nearest command where there is none of that name."""
        word, names = args[0], self.list_commands(ctx)
        near = [] if word in names else get_close_matches(word, names, n=1)
        if near:
            ctx.fail(f"No such command {word!r}. Did you mean {near[0]!r}?")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [(name, self.commands_at[name].summary) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def load(lazy: Lazy) -> click.Command:
    """Import the command."""
    module, _, attribute = lazy.place.partition(":")
    command = getattr(importlib.import_module(module), attribute)
    assert isinstance(command, click.Command)
    command.short_help = lazy.summary
    return command
