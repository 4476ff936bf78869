"""`mainspring top`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import click

from mainspring.cli import remote
from mainspring.cli.session import Session
from mainspring.cli.top.drawing import Section, in_json, sections
from mainspring.cli.top.keys import quit_key
from mainspring.cli.top.looking import Snapshot, look
from mainspring.cli.values import DURATION
from mainspring.service import RPCError

if TYPE_CHECKING:
    from rich.console import RenderableType

LEAST_INTERVAL: Final = timedelta(milliseconds=100)
RUNS_IN_A_PIPE: Final = 20


@remote.command("top", failed="failed looking at the namespace")
@click.option("--interval", type=DURATION, default=timedelta(seconds=2), help="How long to wait between two looks.")
@click.option("--limit", type=click.IntRange(min=0), default=100, help="Look at that many open runs at most.")
async def command(session: Session, /, interval: timedelta, limit: int) -> None:
    """Show what a namespace does, live, until q or Ctrl-C.

    Runs by status and how their numbers change, task queues with their pollers and backlog, and the open runs that have
    waited longest, each with the reason; what needs somebody comes first. In a pipe, or with --output json, it is shown
    once.
    """
    output = session.output
    first = await look(session, limit)
    if output.is_text and output.is_coloured and sys.stdout.isatty():
        await live(session, first, max(interval, LEAST_INTERVAL), limit)
        return
    if output.is_json:
        output.record(in_json(session.namespace, first))
    for section in sections(first, None, most_rows=RUNS_IN_A_PIPE):
        output.heading(section.title)
        output.table(section.columns, section.rows)
        output.line()


async def live(session: Session, first: Snapshot, interval: timedelta, limit: int) -> None:
    """Draw anew after each interval; when the server does not answer, say so and try again."""
    from rich.console import Console
    from rich.live import Live

    console = Console(highlight=False, emoji=False, markup=False)
    before, now, error = None, first, ""
    with quit_key() as quitting, Live(console=console, screen=True, auto_refresh=False) as screen:
        while True:
            screen.update(drawn(session, sections(now, before, most_rows=console.height), error), refresh=True)
            with suppress(TimeoutError):
                await asyncio.wait_for(quitting.wait(), interval.total_seconds())
            if quitting.is_set():
                return
            try:
                before, now, error = now, await look(session, limit), ""
            except RPCError as failed:
                error = f"The server does not answer: {failed.message or failed.status.name}"


def drawn(session: Session, parts: Sequence[Section], error: str) -> RenderableType:
    """All sections below a line of what is looked at."""
    from rich.console import Group
    from rich.text import Text

    from mainspring.cli.output import Cell
    from mainspring.cli.output._terminal import styled, table_of

    address = session.client.config.target_host
    head = Text(f"{address}  namespace {session.namespace}  q ends", "dim", no_wrap=True, overflow="ellipsis")
    lines: list[RenderableType] = [head, styled(Cell(error, "bold red"))]
    for part in parts:
        lines += [Text(part.title, "bold magenta"), table_of(part.columns, part.rows)]
    return Group(*lines)
