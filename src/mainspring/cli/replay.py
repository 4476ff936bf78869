"""`mainspring replay`: would the workflow code of today go on with the runs of yesterday? For CI, before a deploy.

histories from files and from a namespace  ->  worker.Replayer  ->  a line for each, status 1 if one diverged
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import click

from mainspring.cli import local
from mainspring.cli.connection import connect_config, profile_of
from mainspring.cli.global_options import UNCODED, given
from mainspring.cli.loading import LoadError, load
from mainspring.cli.output import Output, Value
from mainspring.client import Client, WorkflowHistory
from mainspring.converter import DataConverter
from mainspring.service import ConnectConfig, RPCError, ServiceClient
from mainspring.worker import Replayer
from mainspring.workflow import NondeterminismError
from mainspring.workflow._definition import Definition

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


class Source(NamedTuple):
    """Where histories are fetched from."""

    config: ConnectConfig
    namespace: str
    query: str
    limit: int | None


class Found(NamedTuple):
    """A history and where it comes from; an error instead if it could not be read."""

    place: str
    history: WorkflowHistory | None
    error: str = ""


class Verdict(NamedTuple):
    """How the replay of one history went."""

    place: str
    run_id: str
    workflow_type: str
    kind: str  # `ok`, `diverged`, `failed` (the code could not be replayed) or `unreadable`
    message: str

    @property
    def is_ok(self) -> bool:
        return self.kind == "ok"

    def facts(self) -> dict[str, Value]:
        return {
            "history": self.place,
            "runId": self.run_id,
            "workflowType": self.workflow_type,
            "result": self.kind,
            "message": None if self.is_ok else self.message,
        }

    def as_text(self) -> str:
        who = f" ({self.workflow_type}, run {self.run_id})" if self.run_id else ""
        lines = [f"{self.kind:<10} {self.place}{who}", *self.message.splitlines()]
        return "\n    ".join(lines)


@local.command("replay", takes=UNCODED)
@click.argument("files", nargs=-1, type=FILE)
@click.option(
    "--workflows",
    "names",
    multiple=True,
    required=True,
    metavar="TARGET",
    help="A file or module with workflows, or one of them, as in app.py:AddNode. May be given several times.",
)
@click.option("--query", help="""Runs to fetch, as in 'WorkflowType="AddNode"'; "" is all of them.""")
@click.option("--limit", type=click.IntRange(min=1), help="Fetch that many runs at most.")
@click.option(
    "--converter", metavar="TARGET", help="The data converter that the runs were made with, as in app.py:converter."
)
def command(
    output: Output,
    /,
    *,
    files: tuple[Path, ...],
    names: tuple[str, ...],
    query: str | None,
    limit: int | None,
    converter: str | None,
) -> None:
    """Replay histories against the workflow code of today.

    FILES are histories as JSON, as the command line and the user interface export them; with --query histories are
    fetched from a server. Nothing is executed but workflow code. The exit status is 1 if the code makes other commands
    than a history has, or cannot be replayed.
    """
    if not files and query is None:
        raise click.UsageError("name files, or give --query to fetch histories from a server")
    ctx = click.get_current_context()
    source = None if query is None else source_of(given(ctx), query, limit)
    verdicts = asyncio.run(replay(files, source, replayer(names, converter), output))
    good = sum(one.is_ok for one in verdicts)
    click.echo(f"{good} of {len(verdicts)} histories replayed", err=True)
    if good < len(verdicts):
        ctx.exit(1)


def source_of(options: dict[str, Any], query: str, limit: int | None) -> Source:
    """The server that flags, variables and the profile name.

    Raises: click.ClickException: they do not go together.
    """
    profile = profile_of(options, os.environ)
    return Source(connect_config(profile, options), profile.namespace or "", query, limit)


def replayer(names: Sequence[str], converter: str | None) -> Replayer:
    """A replayer of the named workflows."""
    workflows = [workflow for name in names for workflow in workflows_of(name)]
    if converter is None:
        return Replayer(workflows=workflows)
    found = named(converter, "--converter")
    if not isinstance(found, DataConverter):
        raise click.UsageError(f"--converter {converter}: expected a DataConverter, got {type(found).__name__}")
    return Replayer(workflows=workflows, data_converter=found)


def workflows_of(name: str) -> Sequence[Callable[..., Any]]:
    """The workflow of that name, or all that are defined in the module of that name."""
    found = named(name, "--workflows")
    members = [found]
    if isinstance(found, ModuleType):
        own: Sequence[object] = list(vars(found).values())
        members = [one for one in own if getattr(one, "__module__", "") == found.__name__]
    workflows = [one for one in members if callable(one) and Definition.from_class(one) is not None]
    if not workflows:
        raise click.UsageError(f"--workflows {name}: there is no workflow, which @workflow.defn makes")
    return workflows


def named(name: str, option: str) -> object:
    """What an option's value names.

    Raises: click.UsageError: there is no such thing.
    """
    try:
        return load(name)
    except LoadError as error:
        raise click.UsageError(f"{option} {name}: {error.message}") from error


async def replay(files: Sequence[Path], source: Source | None, by: Replayer, output: Output) -> list[Verdict]:
    """Replay them all, and print how each went."""
    verdicts: list[Verdict] = []
    with output.listing():
        async for found in histories(files, source):
            verdict = await verdict_of(found, by)
            if output.is_json:
                output.record(verdict.facts())
            output.line(verdict.as_text())
            output.flush()
            verdicts.append(verdict)
    return verdicts


async def histories(files: Sequence[Path], source: Source | None) -> AsyncIterator[Found]:
    """Those in files, then those of the server."""
    for file in files:
        try:
            yield Found(str(file), history_of(file, await asyncio.to_thread(file.read_text, "utf-8")))
        except ValueError as error:
            yield Found(str(file), None, str(error))
    if source is None:
        return
    try:
        async with AsyncExitStack() as stack:
            service = await ServiceClient.connect(source.config)
            stack.push_async_callback(service.close)
            client = Client(service, namespace=source.namespace)
            async for history in client.list_workflows(source.query, limit=source.limit).map_histories():
                yield Found(history.workflow_id, history)
    except (RPCError, RuntimeError) as error:
        raise click.ClickException(f"{source.config.target_host}: {error}") from error


def history_of(file: Path, text: str) -> WorkflowHistory:
    """The history in a file. Its workflow id, from which ids of children may be made, is in it, or is the file's name.

    Raises: ValueError: it is none.
    """
    history = WorkflowHistory.from_json(file.stem, text)
    said = history.events[0].workflow_execution_started_event_attributes.workflow_id if history.events else ""
    return replace(history, workflow_id=said or file.stem)


async def verdict_of(found: Found, by: Replayer) -> Verdict:
    """How the replay of one history goes."""
    history = found.history
    if history is None or not history.events:
        return Verdict(found.place, "", "", "unreadable", found.error or "there is no event")
    started = history.events[0].workflow_execution_started_event_attributes
    result = await by.replay_workflow(history, raise_on_replay_failure=False)
    failure = result.replay_failure
    kind = "ok" if failure is None else "diverged" if isinstance(failure, NondeterminismError) else "failed"
    run_id, message = started.original_execution_run_id, str(failure or "")
    return Verdict(found.place, run_id, started.workflow_type.name, kind, message)
