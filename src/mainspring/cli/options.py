"""`mainspring options`: what every command takes."""

from __future__ import annotations

from collections.abc import Sequence

import click

from mainspring.cli import local
from mainspring.cli.global_options import COMMON, CONNECTION, GlobalOption
from mainspring.cli.output import Output, Value

COLUMNS = {"flag": "Flag", "variable": "Variable", "setting": "Setting", "description": "Description"}


@local.command("options")
def command(output: Output) -> None:
    """List the options that every command takes, and those of commands that connect to a server.

    A flag counts before the environment's variable, and that before the setting in `temporal.toml`.
    """
    if output.is_json:
        output.records(COLUMNS, [row(option) for option in (*COMMON, *CONNECTION)])
        return
    show(output, "Global options", COMMON)
    output.line()
    show(output, "Connection options", CONNECTION)


def show(output: Output, title: str, options: Sequence[GlobalOption]) -> None:
    output.heading(title)
    output.records(COLUMNS, [row(option) for option in options])


def row(option: GlobalOption) -> dict[str, Value]:
    click_option = option.as_click()
    kind = f" {click_option.make_metavar(click.Context(command))}" if option.kind is not None else ""
    default = f" (default {option.default})" if option.default else ""
    return {
        "flag": ", ".join(option.flags) + kind,
        "variable": option.variable,
        "setting": option.setting,
        "description": option.help + default,
    }
