"""Questions before something cannot be undone."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager

import click
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest

from mainspring.cli.output import Output
from mainspring.cli.session import Session
from mainspring.service import RPCError

_GLOBAL = (
    "WARNING: the namespace is global: executions are deleted from all clusters that have it. "
    "To delete them from one passive cluster only, pass `--grpc-meta xdc-redirection=false`."
)


def confirm(output: Output, question: str, *, yes: bool) -> None:
    """Ask, and go on only with a yes; `yes` is the answer already.

    Raises: click.ClickException: the answer was no, or nobody can be asked while JSON is printed.
    """
    if output.is_json and not yes:
        raise click.ClickException("must bypass prompts when using JSON output")
    if yes:
        output.line(f"{question} y/N yes")
        return
    if answer(f"{question} y/N ").lower() not in {"y", "yes"}:
        raise click.ClickException("user denied confirmation")


def confirm_name(output: Output, question: str, name: str, *, yes: bool) -> None:
    """Ask for a name to be typed, and go on only with it; `yes` is the answer already.

    Raises: click.ClickException: the answer was another, or nobody can be asked while JSON is printed.
    """
    if output.is_json and not yes:
        raise click.ClickException("must bypass prompts when using JSON output")
    if not yes and answer(f"{question} ") != name:
        raise click.ClickException(f"user denied confirmation or mistyped {name!r}")


async def warn_if_global(session: Session) -> None:
    """Say so if the namespace is in several clusters, or if that cannot be found out."""
    try:
        reply = await session.workflow.describe_namespace(DescribeNamespaceRequest(namespace=session.namespace))
        is_global = reply.is_global_namespace
    except RPCError:
        is_global = True
    if is_global:
        click.echo(_GLOBAL, err=True)


def answer(question: str) -> str:
    """A line from standard input; '' at its end. Ctrl-C ends the program also while it waits here."""
    sys.stdout.write(question)
    sys.stdout.flush()
    with plain_interrupts():
        return sys.stdin.readline().strip()


@contextmanager
def plain_interrupts() -> Generator[None]:
    """An event loop's handler of Ctrl-C only cancels tasks, which cannot end a call that blocks."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
