"""`mainspring migrate-imports`: programs written for the official SDK import this one."""

from __future__ import annotations

import difflib
import io
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click

from mainspring.cli import local
from mainspring.cli.import_migration import Finding, migrate
from mainspring.cli.output import Output, Value

SKIPPED_FOLDERS = {"node_modules", "__pycache__", "site-packages"}


class Source(NamedTuple):
    """A file with its encoding and its ends of lines as they are."""

    text: str
    encoding: str


@local.command("migrate-imports")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--write", is_flag=True, help="Change the files. Without it only what would change is shown.")
def command(output: Output, paths: tuple[Path, ...], write: bool) -> None:
    """Let Python files at PATHS import mainspring instead of temporalio.

    Names in code are changed; text, comments and temporalio.api stay. Names that mainspring does not have are left
    alone and listed, and the exit status is 1.
    """
    changed: list[str] = []
    findings: list[Value] = []
    needs_somebody = False
    for file in python_files(paths):
        try:
            source = read(file)
            migration = migrate(source.text)
        except (SyntaxError, UnicodeDecodeError) as error:
            click.echo(f"{file}: not read: {error}", err=True)
            findings.append({"path": str(file), "message": f"not read: {error}"})
            needs_somebody = True
            continue
        findings += report(file, migration.findings)
        needs_somebody |= any(map(lacks_counterpart, migration.findings))
        if migration.text != source.text:
            changed.append(str(file))
            show(output, file, source.text, migration.text)
            if write:
                file.write_bytes(migration.text.encode(source.encoding))
    if output.is_json:
        output.record({"changed": changed, "isWritten": write, "findings": findings})
    said = f"{len(changed)} {'file' if len(changed) == 1 else 'files'} {'changed' if write else 'would change'}"
    click.echo(said, err=True)
    if needs_somebody:
        click.get_current_context().exit(1)


def python_files(paths: tuple[Path, ...]) -> Iterator[Path]:
    """Files as they are given, and those below folders; not below hidden ones."""
    for path in paths:
        if path.is_file():
            yield path
            continue
        for file in sorted(path.rglob("*.py")):
            parts = file.relative_to(path).parts
            if not any(part.startswith(".") or part in SKIPPED_FOLDERS for part in parts):
                yield file


def read(file: Path) -> Source:
    data = file.read_bytes()
    encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    return Source(data.decode(encoding), encoding)


def report(file: Path, findings: list[Finding]) -> list[Value]:
    """Say what is to be looked at. Returns: the same for JSON."""
    for finding in findings:
        click.echo(f"{file}:{finding.line}: {finding.text}", err=True)
    return [{"path": str(file), "line": finding.line, "message": finding.text} for finding in findings]


def lacks_counterpart(finding: Finding) -> bool:
    return not finding.text.startswith("the text ")


def show(output: Output, file: Path, before: str, after: str) -> None:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), str(file), str(file), lineterm="", n=0)
    for line in lines:
        output.line(line)
