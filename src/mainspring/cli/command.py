"""Commands and groups that take the global options, and flags as the official command line takes them.

--yes=true  --tls=false  -o=json  a switch may be given a value, and a letter's value may have `=` before it
--name is --type                  (each command says so itself)
env:  prod:  workflow-id: a       an environment's values stand in for any flag that is not given
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import click

from mainspring.cli import env_file
from mainspring.cli.global_options import COMMON, CONNECTION, GlobalOption, given
from mainspring.cli.lazy import Lazy, LazyGroup

EPILOG: Final = "Run `mainspring options` for global and connection options."

_TRUE: Final = frozenset({"1", "t", "T", "true", "TRUE", "True"})
_FALSE: Final = frozenset({"0", "f", "F", "false", "FALSE", "False"})
_ENVIRONMENTS: Final = "mainspring.cli.environments"


class Context(click.Context):
    """Looks values up in the environment that `--env` names."""

    def lookup_default(self, name: str, call: Any = True) -> Any:
        found = environment_values(self).get(name)
        if found is None:
            return super().lookup_default(name, call)
        is_list = any(param.name == name and getattr(param, "multiple", False) for param in self.command.params)
        return (found,) if is_list else found


class Command(click.Command):
    """A command with the global options."""

    context_class = Context

    def __init__(self, *args: Any, takes: Sequence[GlobalOption] = (*COMMON, *CONNECTION), **attributes: Any) -> None:
        super().__init__(*args, **{"epilog": EPILOG, **attributes})
        add_global(self, takes)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, plain_flags(self.params, args))


class Group(LazyGroup):
    """A lazy group with the global options; without a command it prints its help."""

    context_class = Context

    def __init__(self, *args: Any, commands_at: Mapping[str, Lazy], **attributes: Any) -> None:
        super().__init__(*args, commands_at=commands_at, **{"epilog": EPILOG, **attributes})
        add_global(self, (*COMMON, *CONNECTION))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, plain_flags(self.params, args))


def add_global(command: click.Command, options: Sequence[GlobalOption]) -> None:
    """Add those that the command has not itself, by name or by flag."""
    own = {flag for param in command.params for flag in (*param.opts, *param.secondary_opts, param.name)}
    for option in options:
        flags = tuple(flag for flag in option.flags if flag not in own)
        if option.flags[0] in flags and option.name not in own:
            command.params.append(option._replace(flags=flags).as_click())


def plain_flags(params: Iterable[click.Parameter], args: Sequence[str]) -> list[str]:
    """`--yes=true` is `--yes`; `--yes=false` is nothing, or the switch that says no; `-o=json` is `-o json`."""
    params = list(params)
    switches = {flag: param for param in params if is_switch(param) for flag in param.opts}
    letters = {flag for param in params for flag in param.opts if len(flag) == 2} - switches.keys()
    found: list[str] = []
    for place, arg in enumerate(args):
        if arg == "--":
            return [*found, *args[place:]]
        flag, equals, value = arg.partition("=")
        if equals and flag in letters:
            found += [flag, value]
        elif flag not in switches or value not in _TRUE | _FALSE:
            found.append(arg)
        elif value in _TRUE:
            found.append(flag)
        else:
            found += switches[flag].secondary_opts[:1]
    return found


def is_switch(param: click.Parameter) -> bool:
    return isinstance(param, click.Option) and param.is_flag and not param.count


def environment_values(ctx: click.Context) -> Mapping[str, str]:
    """Values of the chosen environment by name of the option, as Python has it."""
    options = given(ctx)
    file = options.get("env_file") or os.environ.get("TEMPORAL_ENV_FILE") or ""
    environments = ctx.meta.get(_ENVIRONMENTS)
    if environments is None or environments[0] != file:
        path = Path(file) if file else env_file.default_path(os.environ)
        environments = ctx.meta[_ENVIRONMENTS] = (file, env_file.read(path))
    values: Mapping[str, str] = environments[1].get(environment_name(ctx), {})
    return {name.replace("-", "_"): value for name, value in values.items()}


def environment_name(ctx: click.Context) -> str:
    """The environment that `--env` or the variable names."""
    name: str = given(ctx).get("env") or os.environ.get("TEMPORAL_ENV") or "default"
    return name
