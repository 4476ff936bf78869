"""`mainspring workflow fix-history-json`."""

from __future__ import annotations

from pathlib import Path

import click
from temporalio.api.history.v1 import History

from mainspring.cli import local
from mainspring.cli.output import Output
from mainspring.cli.output.proto_json import encoded, tree_of
from mainspring.client import WorkflowHistory


@local.command("fix-history-json")
@click.option("--source", "-s", required=True, help="File with the history. Required.")
@click.option("--target", "-t", default="-", help="File to write to; standard output unless it is given.")
def command(output: Output, source: str, target: str) -> None:
    """Write a history of any of the formats there have been as JSON of today."""
    try:
        text = Path(source).read_text("utf-8")
        history = History(events=WorkflowHistory.from_json("", text).events)
    except OSError as error:
        raise click.ClickException(f"failed reading {source}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise click.ClickException(f"{source} is not a history: {error}") from error
    fixed = tree_of(history, shorthand=False)
    if target in {"", "-"}:
        output.format = "json"  # a history is JSON, whatever the format of other output
        output.json(fixed)
        return
    try:
        Path(target).write_bytes(encoded(fixed, indent=True))
    except OSError as error:
        raise click.ClickException(f"failed writing {target}: {error.strerror}") from error
