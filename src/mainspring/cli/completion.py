"""`mainspring completion bash`, `zsh` and `fish`: a script that lets a shell complete commands and flags.

source <(mainspring completion bash)
"""

from __future__ import annotations

from typing import Final

import click
from click.shell_completion import get_completion_class

from mainspring.cli import local
from mainspring.cli.output import Output

VARIABLE: Final = "_MAINSPRING_COMPLETE"
"""Set by the script when it asks the program what may follow."""


@local.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(output: Output, shell: str) -> None:  # noqa: ARG001  # a script is text, whatever the format is
    """Print a script that lets a shell complete commands and flags.

    In `~/.bashrc`: source <(mainspring completion bash)
    """
    found = get_completion_class(shell)
    assert found is not None
    click.echo(found(click.Command("mainspring"), {}, "mainspring", VARIABLE).source(), nl=False)
