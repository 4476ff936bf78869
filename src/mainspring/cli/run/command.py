"""`mainspring run`: options, and which way they lead.

--reload      this process watches, another one runs the rest of the line with --lifeline
otherwise     load the module, say what was found, work until a signal
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from mainspring.cli import local
from mainspring.cli.global_options import UNCODED, given
from mainspring.cli.loading import load, place_of
from mainspring.cli.output import Output
from mainspring.cli.values import DURATION

if TYPE_CHECKING:
    from mainspring.cli.run.finding import Found
    from mainspring.converter import DataConverter


class Options(msgspec.Struct, frozen=True):
    """The options as click gives them."""

    task_queue: tuple[str, ...]
    embedded: Path | None
    reload: bool
    converter: str | None
    max_concurrent_activities: int
    graceful_shutdown_timeout: timedelta
    lifeline: int | None


@local.command("run", takes=UNCODED)
@click.argument("target", metavar="TARGET")
@click.option(
    "--task-queue",
    "-t",
    multiple=True,
    default=("default",),
    help="Task queue to poll, `default` unless it is given. May be given several times: a worker for each.",
)
@click.option(
    "--embedded",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Run the server in this process too, on this file; it listens at --address, its web UI 1000 ports above.",
)
@click.option("--reload", is_flag=True, help="Start anew when a source file changes. For development.")
@click.option("--converter", metavar="TARGET", help="The data converter, as in app.py:converter.")
@click.option(
    "--max-concurrent-activities",
    type=click.IntRange(min=1),
    default=100,
    help="How many activities run at a time on each task queue.",
)
@click.option(
    "--graceful-shutdown-timeout",
    type=DURATION,
    default=timedelta(seconds=10),
    help="How long activities may go on when the worker stops, before they are cancelled.",
)
@click.option("--lifeline", type=int, hidden=True)
def command(output: Output, /, target: str, **values: Any) -> None:
    """Run a worker with the workflows and activities of a module.

    TARGET is a file (app.py), a module (package.app), or something in one of them (app.py:create_vm, a list of
    workflows and activities). A worker is made of all that the module defines or imports with @workflow.defn and
    @activity.defn, and of the activities of objects that it has. It works until Ctrl-C or SIGTERM, then stops in good
    order; a second one ends it at once.
    """
    options, ctx = Options(**values), click.get_current_context()
    if options.reload:
        from mainspring.cli.run.reloading import reload_for_ever

        place, _ = place_of(target)
        ctx.exit(reload_for_ever(sys.argv[1:], place.root, options.graceful_shutdown_timeout))
    if options.lifeline is not None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever watches the files passes it on
    local.set_up_logs({"log_level": "info", **given(ctx)})
    work_on(target, options, given(ctx), output)


def work_on(target: str, options: Options, connection: dict[str, Any], output: Output) -> None:
    """Load, say what was found, and work.

    Raises: click.ClickException: there is nothing to work on, or no server.
    """
    from mainspring.cli.run.finding import found_in
    from mainspring.cli.run.working import Wishes, work

    found = found_in(load(target))
    show_found(output, target, found)
    wishes = Wishes(
        queues=tuple(dict.fromkeys(options.task_queue)),
        embedded=options.embedded,
        grace=options.graceful_shutdown_timeout,
        thread_count=options.max_concurrent_activities,
        converter=converter_of(options.converter),
        lifeline=options.lifeline,
    )
    asyncio.run(work(found, wishes, connection, output))


def show_found(output: Output, target: str, found: Found) -> None:
    """Say what a worker will have.

    Raises: click.ClickException: it would have nothing.
    """
    for name in found.idle_classes:
        warning = f"{name} has activities, but {target} has no object of it: make one, as in x = {name}()"
        click.echo(f"Warning: {warning}", err=True)
    if found.is_empty:
        raise click.ClickException(
            f"{target} has no workflows and no activities: mark them with @workflow.defn and @activity.defn, "
            "or import them there"
        )
    output.card({"Workflows": listed(found.workflow_names), "Activities": listed(found.activity_names)})
    output.flush()


def listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"


def converter_of(name: str | None) -> DataConverter:
    """The data converter of that name, or the default one.

    Raises: click.ClickException: it is none.
    """
    from mainspring.converter import DataConverter

    if name is None:
        return DataConverter.default
    found = load(name)
    if not isinstance(found, DataConverter):
        raise click.ClickException(f"--converter {name}: expected a DataConverter, got {type(found).__name__}")
    return found
