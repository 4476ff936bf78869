"""Commands that talk to no server, and what all commands share: their options and their output.

@local.command("list")
def command(output: Output) -> None: ...
"""

from __future__ import annotations

import functools
import logging
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, Concatenate, Final, ParamSpec, cast

import click

from mainspring.cli.command import Command
from mainspring.cli.global_options import COMMON, GlobalOption, given
from mainspring.cli.output import Output

P = ParamSpec("P")

_LEVELS: Final = {"debug": logging.DEBUG, "info": logging.INFO, "warn": logging.WARNING, "error": logging.ERROR}


def command(
    name: str, *, takes: Sequence[GlobalOption] = COMMON
) -> Callable[[Callable[Concatenate[Output, P], None]], Command]:
    """Make a command of a function; its parameters are click's, after the output."""

    def decorate(body: Callable[Concatenate[Output, P], None]) -> Command:
        @functools.wraps(body)
        def run(*args: P.args, **values: P.kwargs) -> None:
            body(output_of(click.get_current_context()), *args, **values)

        return Command(name, callback=run, params=params_of(run), takes=takes, help=body.__doc__)

    return decorate


def params_of(function: Callable[..., Any]) -> list[click.Parameter]:
    """The options and arguments that click's decorators have noted at a function."""
    noted = cast("list[click.Parameter]", getattr(function, "__click_params__", []))
    return noted[::-1]


def output_of(ctx: click.Context) -> Output:
    """The output that the global options ask for."""
    options = given(ctx)
    set_up_logs(options)
    chosen = options.get("output", "text")
    return Output(
        format=chosen,
        shorthand=not options.get("no_json_shorthand_payloads"),
        time_format=options.get("time_format", "relative"),
        is_coloured=chosen == "text" and is_coloured(options.get("color", "auto")),
    )


def is_coloured(wish: str) -> bool:
    """Whether there are colours: by default on terminals that have them, and not if NO_COLOR is set."""
    if wish != "auto":
        return wish == "always"
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb" and not os.environ.get("NO_COLOR")


def set_up_logs(options: dict[str, Any]) -> None:
    """Log lines go to standard error, from the level that was asked for."""
    level = options.get("log_level", "never")
    if level != "never":
        logging.basicConfig(
            stream=sys.stderr, level=_LEVELS[level], format="%(asctime)s %(levelname)s %(name)s %(message)s"
        )
