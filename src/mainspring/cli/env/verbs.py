"""`mainspring env get`, `set`, `delete` and `list`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from mainspring.cli import env_file, local
from mainspring.cli.command import environment_name
from mainspring.cli.global_options import given
from mainspring.cli.output import Output

KEY = click.option("--key", "-k", default="", help="Property: the name of a flag.")


@local.command("get")
@click.argument("place", required=False)
@KEY
def get(output: Output, place: str | None, key: str) -> None:
    """Show the properties of the environment of `--env`, or one of them."""
    name, key = name_and_key(place, key)
    values = found(env_file.read(file()), name)
    shown = {key: values.get(key, "")} if key else values
    rows = [{"property": one, "value": shown[one]} for one in sorted(shown)]
    output.records({"property": "Property", "value": "Value"}, rows)


@local.command("set")
@click.argument("place", required=False)
@click.argument("old_value", required=False, metavar="[VALUE]")
@KEY
@click.option("--value", "-v", default="", help="Its value.")
def set_(output: Output, place: str | None, old_value: str | None, key: str, value: str) -> None:  # noqa: ARG001  # says nothing
    """Set a property of the environment of `--env`."""
    if place is not None and old_value is None:
        raise click.UsageError("no value provided")
    name, key = name_and_key(place, key)
    if not key:
        raise click.UsageError("property name must be specified with -k")
    environments = env_file.read(file())
    environments.setdefault(name, {})[key] = value if old_value is None else old_value
    env_file.write(file(), environments)


@local.command("delete")
@click.argument("place", required=False)
@KEY
def delete(output: Output, place: str | None, key: str) -> None:  # noqa: ARG001  # says nothing
    """Delete the environment of `--env`, or a property of it."""
    name, key = name_and_key(place, key)
    environments = env_file.read(file())
    values = found(environments, name)
    if key:
        values.pop(key, None)
    else:
        environments.pop(name, None)
    env_file.write(file(), environments)


@local.command("list")
def list_(output: Output) -> None:
    """List environments."""
    output.records({"name": "Name"}, [{"name": name} for name in sorted(env_file.read(file()))])


def found(environments: env_file.Environments, name: str) -> dict[str, str]:
    """The values of an environment; the default one may be absent.

    Raises: click.ClickException: there is no such environment.
    """
    if name not in environments and name != "default":
        raise click.ClickException(f'environment "{name}" not found')
    return environments.get(name, {})


def file() -> Path | None:
    """The file that is meant; None without a place for it."""
    named = given(click.get_current_context()).get("env_file") or os.environ.get("TEMPORAL_ENV_FILE")
    return Path(named) if named else env_file.default_path(os.environ)


def name_and_key(place: str | None, key: str) -> tuple[str, str]:
    """Environment and property; `ENV.PROPERTY` is what scripts of old have.

    Raises: click.UsageError: they are said twice, or are no names.
    """
    ctx = click.get_current_context()
    if place is None:
        if "." in key:
            raise click.UsageError("property name may not contain dots")
        return environment_name(ctx), key
    click.echo("Warning: arguments of env commands are deprecated; give --env and --key instead", err=True)
    if key or given(ctx).get("env"):
        raise click.UsageError("cannot specify both an argument and flags; please use flags instead")
    name, _, key = place.partition(".")
    if "." in key:
        raise click.UsageError("property name may not contain dots")
    return name, key
