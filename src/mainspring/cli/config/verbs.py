"""`mainspring config get`, `set`, `delete`, `delete-profile` and `list`.

What is in the file and is not known here stays in it.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any, Final

import click

from mainspring.cli import local
from mainspring.cli.config.toml_text import toml_text
from mainspring.cli.global_options import given
from mainspring.cli.output import Output, Value
from mainspring.envconfig._loading import file_path

Table = dict[str, Any]

PROPERTIES: Final = (
    *("address", "namespace", "api_key", "authority", "tls", "tls.disabled"),
    *("tls.client_cert_path", "tls.client_cert_data", "tls.client_key_path", "tls.client_key_data"),
    *("tls.server_ca_cert_path", "tls.server_ca_cert_data", "tls.server_name", "tls.disable_host_verification"),
    *("codec.endpoint", "codec.auth"),
)
BOOLEANS: Final = frozenset({"tls", "tls.disabled", "tls.disable_host_verification"})
META: Final = "grpc_meta."
PROPERTY = click.option("--prop", "-p", required=True, help="Property, as in `address` or `tls.server_name`. Required.")


@local.command("get")
@click.option("--prop", "-p", default="", help="Property, as in `address`; all unless it is given.")
def get(output: Output, prop: str) -> None:
    """Show the properties of the profile of `--profile`, or one of them."""
    profile = profile_in(read())
    if prop:
        output.record({"property": prop, "value": value_of(profile, prop)})
    elif output.is_json:
        output.json(profile)
    else:
        rows: list[dict[str, Value]] = [{"property": name, "value": value} for name, value in sorted(leaves(profile))]
        output.records({"property": "Property", "value": "Value"}, rows)


@local.command("set")
@PROPERTY
@click.option("--value", "-v", required=True, help="Its value. Required.")
def set_(output: Output, prop: str, value: str) -> None:  # noqa: ARG001  # says nothing
    """Set a property of the profile of `--profile`, which is made if it is not there."""
    tables = read()
    profile: Table = profiles_in(tables).setdefault(profile_name(), {})
    parent, key = parent_of(profile, prop, make=True)
    if prop not in BOOLEANS:
        parent[key] = value
    elif value not in {"true", "false"}:
        raise click.UsageError("must be 'true' or 'false' to set this property")
    elif prop != "tls":
        parent[key] = value == "true"
    elif value == "true":
        parent.setdefault(key, {})
    else:
        parent.pop(key, None)
    write(tables)


@local.command("delete")
@PROPERTY
def delete(output: Output, prop: str) -> None:  # noqa: ARG001  # says nothing
    """Delete a property of the profile of `--profile`."""
    tables = read()
    parent, key = parent_of(profile_in(tables), prop)
    if prop.startswith(META) and key not in parent:
        raise click.ClickException(f'gRPC meta key "{key}" not found')
    parent.pop(key, None)
    write(tables)


@local.command("delete-profile")
def delete_profile(output: Output) -> None:  # noqa: ARG001  # says nothing
    """Delete the profile of `--profile`, which has to be given."""
    tables = read()
    profile_in(tables)
    if not given(click.get_current_context()).get("profile"):
        raise click.ClickException("to delete an entire profile, --profile must be provided explicitly")
    del profiles_in(tables)[profile_name()]
    write(tables)


@local.command("list")
def list_(output: Output) -> None:
    """List profiles."""
    output.records({"name": "Name"}, [{"name": name} for name in sorted(profiles_in(read()))])


def file() -> Path:
    """The file that is meant.

    Raises: click.ClickException: there is no place for it.
    """
    named = given(click.get_current_context()).get("config_file")
    found = Path(named) if named else file_path(os.environ)
    if found is None:
        raise click.ClickException("unable to find a place for the config file: there is no HOME")
    return found


def read() -> Table:
    """All that the file has; nothing if it is not there.

    Raises: click.ClickException: it is not such a file.
    """
    path = file()
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise click.ClickException(f"failed reading config file {path}: {error}") from error


def write(tables: Table) -> None:
    """Write the file anew, for its user alone.

    Raises: click.ClickException: it cannot be written.
    """
    path = file()
    try:
        text = toml_text(tables)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(number, "w", encoding="utf-8") as opened:
            opened.write(text)
    except (OSError, ValueError) as error:
        raise click.ClickException(f"failed writing config file {path}: {error}") from error


def profile_name() -> str:
    chosen: str | None = given(click.get_current_context()).get("profile")
    return chosen or os.environ.get("TEMPORAL_PROFILE") or "default"


def profiles_in(tables: Table) -> Table:
    """All profiles.

    Raises: click.ClickException: the file has something else of that name.
    """
    found: Any = tables.setdefault("profile", {})
    if not isinstance(found, dict) or not all(isinstance(one, dict) for one in found.values()):  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]  # what TOML holds
        raise click.ClickException(f"{file()}: `profile` is no table of profiles")
    return found  # pyright: ignore[reportUnknownVariableType]  # as above


def profile_in(tables: Table) -> Table:
    """The profile that is meant.

    Raises: click.ClickException: it is not there.
    """
    found: Table | None = profiles_in(tables).get(profile_name())
    if found is None:
        raise click.ClickException(f'profile "{profile_name()}" not found')
    return found


def parent_of(profile: Table, prop: str, *, make: bool = False) -> tuple[Table, str]:
    """The table that has the property, and its key there; the table is made if `make` says so.

    Raises: click.ClickException: there is no such property, or no such table.
    """
    if prop not in PROPERTIES and not prop.removeprefix(META) != prop:
        raise click.ClickException(f'unknown property "{prop}"')
    table, _, key = prop.rpartition(".") if not prop.startswith(META) else ("grpc_meta", "", prop.removeprefix(META))
    if not table:
        return profile, key
    if table not in profile and not make:
        spoken = {"tls": "no TLS options found", "codec": "no codec options found"}
        raise click.ClickException(spoken.get(table, f'gRPC meta key "{key}" not found'))
    inner: Table = profile.setdefault(table, {})
    return inner, key


def value_of(profile: Table, prop: str) -> Value:
    """The value of a property; '' or false if it is not set.

    Raises: click.ClickException: there is no such property, or it is one with others below it.
    """
    if prop in {"codec", "grpc_meta"}:
        raise click.ClickException("must provide exact property, not parent property")
    if prop == "tls":
        return "tls" in profile
    parent, key = parent_of(dict(profile), prop, make=True)
    if prop.startswith(META) and key not in parent:
        raise click.ClickException(f'unknown property "{prop}"')
    found: Value = parent.get(key, False if prop in BOOLEANS else "")
    return found


def leaves(profile: Table) -> list[tuple[str, Value]]:
    """All properties that are set, with those of tables below by their dotted names."""
    found: list[tuple[str, Value]] = []
    for key, value in profile.items():
        if not isinstance(value, dict):
            found.append((key, value))
            continue
        if key == "tls":
            found.append(("tls", True))
        found += [(f"{key}.{inner}", item) for inner, item in value.items() if item not in ("", False)]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]  # what TOML holds
    return found
