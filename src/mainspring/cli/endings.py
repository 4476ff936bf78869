"""How the command ends: which status it has, and what standard error says.

    0     done                      1    failed: of the server, of the workflow, of the program
    2     wrong usage               130  interrupted (Ctrl-C)          141  nobody reads the output any more

Nothing but `Error: ...` is printed, unless `--debug` asks for the traceback.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from typing import Final

import click

INTERRUPTED: Final = 130
READER_GONE: Final = 141


class ReaderGone(Exception):
    """Whoever read standard output has gone away."""


def status_of(run: Callable[[], object], *, is_debug: bool) -> int:
    """Run a command line and say how it ended."""
    try:
        result = run()
        sys.stdout.flush()
    except (ReaderGone, BrokenPipeError):
        drop_output()
        return READER_GONE
    except click.ClickException as error:
        if is_debug:
            traceback.print_exc()
        error.show()
        return error.exit_code
    except click.Abort as abort:
        if isinstance(abort.__cause__, EOFError):
            click.echo("Error: an answer was expected on standard input", err=True)
            return 1
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001  # the last door: whatever it is, people get a sentence
        if is_debug:
            traceback.print_exc()
        click.echo(f"Error: {type(error).__name__}: {error} (--debug shows where)", err=True)
        return 1
    return result if isinstance(result, int) else 0


def drop_output() -> None:
    """Let nothing be written to the reader that has gone, also by the interpreter at its end."""
    try:
        number = sys.stdout.fileno()
    except (OSError, ValueError):  # no file is behind it
        return
    os.dup2(os.open(os.devnull, os.O_WRONLY), number)
