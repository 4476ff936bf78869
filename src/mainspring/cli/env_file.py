"""Environments of the official command line's older kind: values for flags, by name, in a YAML file.

    env:
        prod:
            address: host:7233          <- what `env set --env prod --key address --value host:7233` writes
            namespace: payments

`temporal.toml` has come in their place. Of YAML only this is read: three levels of mappings, values on one line.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import click

Environments = dict[str, dict[str, str]]

_LINE: Final = re.compile(
    r"""(?P<indent> *)(?P<key>"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s'"#][^'"#]*?):(?: +(?P<value>.*))?"""
)
_PLAIN: Final = re.compile(r"[A-Za-z0-9_./@+][A-Za-z0-9_./:@+-]*")
_NOT_TEXT: Final = re.compile(r"(?i)true|false|yes|no|on|off|null|~|[-+.\d][-+.\deE_:xo]*")


def default_path(environment: Mapping[str, str]) -> Path | None:
    """The file of the user; None without a home."""
    home = environment.get("HOME")
    return Path(home, ".config", "temporalio", "temporal.yaml") if home else None


def read(path: Path | None) -> Environments:
    """All environments of the file; none if it is not there.

    Raises: click.ClickException: it is not such a file.
    """
    if path is None or not path.exists():
        return {}
    try:
        return parse(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise click.ClickException(f"failed reading env file {path}: {error}") from error


def parse(text: str) -> Environments:
    """The environments of a file's text.

    Raises: ValueError: a line is none that is read here.
    """
    found: Environments = {}
    levels: list[tuple[int, str]] = []  # indent and key of the mappings that are open
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#") or line.strip() in {"---", "env: {}"}:
            continue
        match = _LINE.fullmatch(line.rstrip())
        if match is None:
            raise ValueError(f"line {number}: expected KEY: VALUE")
        indent, key = len(match["indent"]), scalar(match["key"].strip())
        while levels and levels[-1][0] >= indent:
            levels.pop()
        path = [name for _, name in levels] + [key]
        levels.append((indent, key))
        if path[0] != "env":
            continue
        if len(path) == 2:
            found.setdefault(key, {})
        elif len(path) == 3:
            found.setdefault(path[1], {})[key] = scalar(match["value"] or "")
        elif len(path) > 3:
            raise ValueError(f"line {number}: a value of an environment is a text")
    return found


def scalar(text: str) -> str:
    """A key or value: quoted in either way, or plain up to a comment."""
    text = text.strip()
    if text.startswith('"'):
        end = re.match(r'"(?:[^"\\]|\\.)*"', text)
        if end is None:
            raise ValueError(f"a quote is missing: {text}")
        return str(json.loads(end.group()))
    if text.startswith("'"):
        return text[1 : text.rindex("'")].replace("''", "'")
    return text.split(" #")[0].strip() if text != "{}" else ""


def write(path: Path | None, environments: Environments) -> None:
    """Write the file anew, for its user alone.

    Raises: click.ClickException: there is no place for it.
    """
    if path is None:
        raise click.ClickException("unable to find a place for the env file: there is no HOME")
    lines = ["env:"] if environments else ["env: {}"]
    for name in sorted(environments):
        values = environments[name]
        lines.append(f"    {quoted(name)}:{'' if values else ' {}'}")
        lines += [f"        {quoted(key)}: {quoted(values[key])}" for key in sorted(values)]
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
    except OSError as error:
        raise click.ClickException(f"failed writing env file {path}: {error.strerror}") from error


def quoted(text: str) -> str:
    """The text as YAML: plain where nothing can be misread."""
    is_plain = _PLAIN.fullmatch(text) and not _NOT_TEXT.fullmatch(text) and not text.endswith(":")
    return text if is_plain else json.dumps(text, ensure_ascii=False)
