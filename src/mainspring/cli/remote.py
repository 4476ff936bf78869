"""Commands that talk to a server.

    @remote.command("count", failed="failed counting workflows")
    @click.option("--query", "-q", default="")
    async def command(session: Session, query: str) -> None: ...

The body is a coroutine function. Whatever it waits for ends at once with Ctrl-C, with `--command-timeout`, and when the
reader of standard output goes away. An error of the server becomes `Error: <failed>: <its message>`.
"""

from __future__ import annotations

import asyncio
import functools
import os
import stat
import sys
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from datetime import timedelta
from typing import Concatenate, ParamSpec

import click

from mainspring.cli import local
from mainspring.cli.codec import with_codec
from mainspring.cli.command import Command
from mainspring.cli.connection import connect_config, profile_of
from mainspring.cli.endings import ReaderGone
from mainspring.cli.global_options import given
from mainspring.cli.session import Session
from mainspring.envconfig._loading import Profile
from mainspring.service import ConnectConfig, RPCError, RPCStatusCode, ServiceClient

P = ParamSpec("P")


def command(name: str, *, failed: str = "") -> Callable[[Callable[Concatenate[Session, P], Awaitable[None]]], Command]:
    """Make a command of a coroutine function; its parameters are click's, after the session."""

    def decorate(body: Callable[Concatenate[Session, P], Awaitable[None]]) -> Command:
        @functools.wraps(body)
        def run(*args: P.args, **values: P.kwargs) -> None:
            ctx = click.get_current_context()
            profile = profile_of(given(ctx), os.environ)
            config = connect_config(profile, given(ctx))  # which reads files, so it stands before the loop
            asyncio.run(run_connected(ctx, profile, config, lambda session: body(session, *args, **values), failed))

        return Command(name, callback=run, params=local.params_of(run), help=body.__doc__)

    return decorate


async def run_connected(
    ctx: click.Context,
    profile: Profile,
    config: ConnectConfig,
    body: Callable[[Session], Awaitable[None]],
    failed: str,
) -> None:
    """Connect, run the body, and turn what goes wrong into sentences."""
    options = given(ctx)
    limit: timedelta | None = options.get("command_timeout")
    output = local.output_of(ctx)
    try:
        async with asyncio.timeout(limit.total_seconds() if limit else None):
            client = with_codec(await ServiceClient.connect(config), profile, options)
            try:
                with ended_with_the_reader():
                    await body(Session(client, profile.namespace or "", output))
            finally:
                await client.close()
    except RPCError as error:
        raise click.ClickException(sentence(error, failed, config.target_host)) from error
    except RuntimeError as error:
        if not str(error).startswith("Failed client connect"):
            raise
        raise click.ClickException(f"cannot reach {config.target_host}: {error}") from error
    except TimeoutError as error:
        raise click.ClickException(f"command timed out after {limit}") from error


@contextmanager
def failing(failed: str) -> Generator[None]:
    """Say of what the server refuses inside that `failed`, in place of what the command says."""
    try:
        yield
    except RPCError as error:
        raise click.ClickException(sentence(error, failed, "the server")) from error


def sentence(error: RPCError, failed: str, address: str) -> str:
    """What the server said, after what was tried."""
    text = error.message or error.status.name.replace("_", " ").lower()
    if error.status is RPCStatusCode.UNAVAILABLE:
        text = f"cannot reach {address}: {text}"
    return f"{failed}: {text}" if failed else text


@contextmanager
def ended_with_the_reader() -> Generator[None]:
    """Cancel what runs inside when standard output is a pipe that nobody reads any more.

    Raises: ReaderGone: so it was.
    """
    task = asyncio.current_task()
    number = pipe_number()
    if number is None or task is None:
        yield
        return
    loop = asyncio.get_running_loop()
    is_gone = False

    def gone() -> None:
        nonlocal is_gone
        is_gone = True
        loop.remove_reader(number)
        task.cancel()

    loop.add_reader(number, gone)
    try:
        yield
    except asyncio.CancelledError:
        if is_gone:
            raise ReaderGone from None
        raise
    finally:
        loop.remove_reader(number)


def pipe_number() -> int | None:
    """The number of standard output's file, if it is a pipe."""
    try:
        number = sys.stdout.fileno()
        return number if stat.S_ISFIFO(os.fstat(number).st_mode) else None
    except (OSError, ValueError):  # closed, or no file
        return None
