"""The flags of `mainspring server start-dev`: those of the official dev server, by the same names.

What they mean is in `dev_config`, which knows the server; this file does not, so that `--help` answers at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., None])

_PORT: Final = click.IntRange(0, 65_535)
_LEVELS: Final = click.Choice(["debug", "info", "warn", "error", "never"])
_FORMATS: Final = click.Choice(["text", "json", "pretty"])

_FLAGS: Final = [
    click.option("--db-filename", "-f", default="", help="File to keep everything in; without it, in memory."),
    click.option("--dynamic-config-value", multiple=True, metavar="KEY=JSON", help="Limits by the official keys."),
    click.option("--headless", is_flag=True, help="Run without the web UI."),
    click.option("--http-port", type=_PORT, help="Port of the HTTP API; without it, a free one."),
    click.option("--ip", default="localhost", show_default=True, help="Address to listen on."),
    click.option("--log-config", is_flag=True, help="Print the configuration to standard error."),
    click.option("--metrics-port", type=_PORT, help="Port of the metrics; without it, a free one."),
    click.option("--namespace", "-n", multiple=True, help="Namespace to create, besides `default`."),
    click.option("--port", "-p", type=_PORT, default=7233, show_default=True, help="Port for SDKs and the CLI."),
    click.option("--search-attribute", multiple=True, metavar="NAME=TYPE", help="Search attribute to register."),
    click.option("--sqlite-pragma", multiple=True, metavar="PRAGMA=VALUE", help="Accepted without effect."),
    click.option("--ui-asset-path", help="Assets of the web UI."),
    click.option("--ui-codec-endpoint", help="Codec server of the web UI."),
    click.option("--ui-disable-news-fetch", is_flag=True, help="Accepted; the web UI fetches no news."),
    click.option("--ui-ip", help="Address of the web UI; without it, that of --ip."),
    click.option("--ui-port", type=_PORT, help="Port of the web UI; without it, 1000 above --port."),
    click.option("--ui-public-path", help="Base path of the web UI."),
    click.option("--log-level", type=_LEVELS, default="info", show_default=True, help="Least important lines shown."),
    click.option("--log-format", type=_FORMATS, default="text", show_default=True, help="What a line looks like."),
]


def dev_flags(command: Command) -> Command:
    """Add all of them to a command."""
    for flag in reversed(_FLAGS):
        command = flag(command)
    return command
