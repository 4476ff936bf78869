"""`mainspring backup`, `verify`, `migrate` and `import-history`.

Each takes the file by `--db-filename`, as `server start-dev` does. What is wrong with it, or in the way, is one
sentence and status 1.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import click

from mainspring.cli import local
from mainspring.cli.output import Output

FILE = click.option(
    "--db-filename",
    "-f",
    "file",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The database file. Required.",
)


@local.command("backup")
@click.argument("dest", type=click.Path(path_type=Path))
@FILE
@click.option("--force", is_flag=True, help="Replace DEST if it is there.")
def backup(output: Output, /, dest: Path, file: Path, force: bool) -> None:
    """Copy a database file to DEST, as of one moment; a server may be running on it.

    DEST is whole or not there: the copy gets its name when it is complete and on disk.
    """
    from mainspring.server.persistence import sqlite

    with store_errors(), progress(output, "Copying") as told:
        sqlite.backup(str(file), str(dest), overwrite=force, progress=told)
    if output.is_json:
        output.record({"source": str(file), "copy": str(dest), "sizeBytes": dest.stat().st_size})
    output.line(f"{file} copied to {dest}")


@local.command("verify")
@FILE
def verify(output: Output, /, file: Path) -> None:
    """Check that a database file is whole; a server may be running on it.

    All of it is read: its pages, rows that miss their run, and of each run whether its history and its state can be
    read, have no gap, and agree. The exit status is 1 if anything is wrong.
    """
    from mainspring.server.persistence import sqlite

    with store_errors():
        found = sqlite.verify(str(file))
        if not found:
            with progress(output, "Reading runs") as told:
                found = sqlite.verify_contents(str(file), told)
    if output.is_json:
        output.record({"file": str(file), "isWhole": not found, "complaints": found})
    for line in found:
        click.echo(line, err=True)
    if found:
        click.get_current_context().exit(1)
    output.line(f"{file} is whole")


@local.command("migrate")
@FILE
@click.option("--write", is_flag=True, help="Change the file. Without it only what would change is shown.")
def migrate(output: Output, /, file: Path, write: bool) -> None:
    """Bring the schema of an older database file up to date, which the start of a server does too.

    No server may be running on it. A file of a newer release is refused. Make a backup first: an older release does not
    open the file any more.
    """
    from mainspring.server.persistence import sqlite

    with store_errors():
        plan = (sqlite.upgrade if write else sqlite.plan_upgrade)(str(file))
    if output.is_json:
        output.record(
            {
                "file": str(file),
                "fromVersion": plan.from_version,
                "toVersion": plan.to_version,
                "migrations": plan.names,
                "isWritten": write,
            }
        )
    for name in plan.names:
        output.line(f"  {name}")
    if not plan.names:
        output.line(f"{file} is up to date: schema version {plan.from_version}")
    else:
        done = "brought" if write else "would be brought"
        output.line(f"{file} {done} from schema version {plan.from_version} to {plan.to_version}")


@local.command("import-history")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@FILE
@click.option("--namespace", "-n", default="default", help="Namespace of the runs; made if it is not there.")
@click.option(
    "--workflow-id", "-w", help="Workflow id, of the only file. Else it is in the history, or the file's name."
)
def import_history(
    output: Output, /, files: tuple[Path, ...], file: Path, namespace: str, workflow_id: str | None
) -> None:
    """Load histories into a database file as closed runs, to look at them and to replay them.

    FILES are histories as JSON, as `workflow show --output json` and the download of the user interface write them, of
    runs that are closed. A run that is there already is refused, and then nothing is loaded. No server may be running
    on the database file, which is made if it is not there.
    """
    if workflow_id is not None and len(files) > 1:
        raise click.UsageError("--workflow-id is for one file: the histories of several need names of their own")
    from mainspring.cli.database.importing import import_files

    with store_errors():
        found = import_files(file, namespace, files, workflow_id)
    columns = {"workflowId": "WorkflowId", "runId": "RunId", "type": "Type", "eventCount": "Events"}
    output.records(
        columns,
        [
            {
                "workflowId": each.workflow_id,
                "runId": each.run_id,
                "type": each.workflow_type,
                "eventCount": len(each.events),
            }
            for each in found
        ],
    )


@contextmanager
def store_errors() -> Generator[None]:
    """An error of the store is the command's, in one sentence."""
    from mainspring.server.engine.errors import StoreError

    try:
        yield
    except StoreError as error:
        raise click.ClickException(str(error)) from error


@contextmanager
def progress(output: Output, what: str) -> Generator[Callable[[int, int], None] | None]:
    """A bar on standard error, if that is a terminal: told how much is done, and of how much."""
    if not output.is_text or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what)
        yield lambda done, total: bar.update(task, completed=done, total=total)
