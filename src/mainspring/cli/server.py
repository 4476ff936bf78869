"""`mainspring server ...`: start a server. What looks after its file is in `database/`.

`start-dev` takes the flags of the official dev server, because SDK test environments start with them whatever binary
they are given. Flags for what is not there yet are accepted and named in one line.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mainspring.cli.dev_flags import dev_flags

if TYPE_CHECKING:
    from mainspring.server.process.config import Config

log = logging.getLogger("mainspring.cli")

FILE = click.Path(path_type=Path)


@click.group("server")
def group() -> None:
    """Run a server."""


@group.command()
@click.option("--config", "config_path", type=FILE, help="TOML file; see the reference for settings.")
def start(config_path: Path | None) -> None:
    """Run a server from a configuration file and MAINSPRING_... variables."""
    from mainspring.server.process.config_source import ConfigError, load

    try:
        config = load(config_path, os.environ)
    except ConfigError as error:
        raise click.ClickException(str(error)) from error
    _serve(config)


@group.command("start-dev")
@dev_flags
def start_dev(**values: object) -> None:
    """Run a server for development, with the flags of the official dev server."""
    import msgspec

    from mainspring.cli.dev_config import DevFlags, dev_config, without_effect

    flags = msgspec.convert(values, DevFlags)
    config = dev_config(flags)
    if flags.log_config:
        click.echo(msgspec.json.format(msgspec.json.encode(config), indent=2).decode(), err=True)
    _serve(config, without_effect=without_effect(flags))


@group.command("start-time-skipping")
@click.argument("port", type=click.IntRange(0, 65_535))
@click.option("--ip", default="localhost", show_default=True, help="Address to listen on.")
@click.option("--enable-time-skipping", is_flag=True, help="Let time skip from the start, not when a test asks for it.")
def start_time_skipping(port: int, ip: str, *, enable_time_skipping: bool) -> None:
    """Run a server for tests, in memory, whose time skips.

    It serves the time-skipping test environments of the SDKs, which start it by `mainspring PORT`.
    """
    from mainspring.server.process.config import Config, GrpcConfig, LogConfig, NamespaceConfig
    from mainspring.server.process.server import main_skipping

    config = Config(
        grpc=GrpcConfig(ip=ip, port=port),
        namespaces=NamespaceConfig(retention_s=0),  # time flies: what has closed is to be there still
        log=LogConfig(level="warn"),
    )
    _serve(config, by=partial(main_skipping, lock_count=0 if enable_time_skipping else 1))


def _serve(config: Config, *, without_effect: Sequence[str] = (), by: Callable[[Config], None] | None = None) -> None:
    """Run a server until it is told to stop."""
    from mainspring.server.engine.errors import StoreError
    from mainspring.server.process import logs, server

    logs.set_up(config.log)
    if without_effect:
        log.warning("flags without effect, nothing is built for them yet: %s", ", ".join(without_effect))
    try:
        (by or server.main)(config)
    except (OSError, StoreError) as error:
        raise click.ClickException(str(error)) from error
