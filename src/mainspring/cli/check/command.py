"""`mainspring check`."""

from __future__ import annotations

from pathlib import Path

import click

from mainspring.cli import local
from mainspring.cli.output import Output


@local.command("check")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
def command(output: Output, /, paths: tuple[Path, ...]) -> None:
    """Check workflow and activity code without running it.

    PATHS are Python files and directories of them. What is found: calls in workflow code that would not repeat
    themselves in a replay, workflows and activities that cannot be registered, activities that are called without a
    timeout or are not awaited. Each comes with its file, line and what to write instead, and with a code: where it is
    meant, write `# mainspring: allow[CODE]` into that line. The exit status is 1 if anything is found.
    """
    from mainspring.cli.check.reading import complaints_of
    from mainspring.cli.migrate_imports import python_files

    files = list(dict.fromkeys(python_files(paths)))
    if not files:
        raise click.ClickException(f"there is no Python file below {', '.join(map(str, paths))}")
    found = complaints_of(files)
    for complaint in found:
        output.line(str(complaint))
    if output.is_json:
        with output.listing():
            for complaint in found:
                output.record(complaint._asdict())
    output.flush()
    bad = len({complaint.path for complaint in found})
    click.echo(f"{len(found)} found in {bad} of {len(files)} {'file' if len(files) == 1 else 'files'}", err=True)
    if found:
        click.get_current_context().exit(1)
