"""What `test_every_command` runs of a command: a line that is done, a line that fails, and what is printed.

A line has no words of the command itself. `$new` in it is a name that nobody has yet, other `$names` are of the world
of `test_every_command`, or of what the lines that are `given` have printed: `$batchJobId`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

At = Literal["here", "ours", "real"]

NOTHING: Final = ""
TEXT_ALONE: Final = "text, whatever the format"


class Case(NamedTuple):
    """A command that ends by itself."""

    done: str
    text: str
    """A pattern of what the line prints as text; NOTHING is that it prints nothing."""
    fails: str
    says: str
    """A pattern of what standard error has of the line that fails."""
    json: str = NOTHING
    """A name in what the line prints as JSON, "[]" for a list of nothing. NOTHING and TEXT_ALONE are as officially."""
    code: int = 1
    """The exit status of the line that fails: 1 of a server or of what was found, 2 of wrong usage."""
    given: Sequence[str] = ()
    """Whole lines that are run before the one that is done."""
    at: At = "ours"
    """Who serves it: nobody, our server, or the official one, for what ours does not serve yet."""
    reports: bool = False
    """Whether the line that fails prints what it has found, or asked."""


class Endless(NamedTuple):
    """A command that goes on until it is ended. It only fails here."""

    fails: str
    code: int
    says: str
    whole: str
    """The test that runs it whole, as `path::name`."""


SUM: Final = "workflow start --type Sum -t worked -w $new"
HOLDS: Final = (
    "workflow execute-update-with-start --type Holds -t worked -w $new --id-conflict-policy UseExisting"
    " --update-name has_begun"
)
ALONE: Final = "activity start --type double -t nobody --start-to-close-timeout 1m -a $new"
IF_NEED_BE: Final = "--type Sum -t worked --id-conflict-policy UseExisting"
BATCH: Final = """workflow signal --name end -q "WorkflowId='nobody'" --rps 0.01 -y"""
DEPLOYMENT: Final = "worker deployment create --name $new"
ENDPOINT: Final = "operator nexus endpoint create --name $new --target-namespace default --target-task-queue q"
NAMESPACE: Final = "operator namespace create -n $new --retention 24h"
SCHEDULE: Final = "schedule create -s $new --interval 1h --type Sum -t nobody"
