"""The source tree as the house rules see it: files, parsed once, and samples to feed a rule.

    sources("src") -> [Source]      a rule: Source -> ["path:line: what is wrong"]      sample("import time") -> Source

Each rule is a function, so that its test can hold two things: the tree keeps the rule, and a bad sample breaks it.
"""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = Path("src/mainspring")
ENGINE = PACKAGE / "server/engine"


class Source(NamedTuple):
    """One Python file."""

    path: Path  # from the root of the repository
    text: str
    tree: ast.Module

    def at(self, node: ast.AST | int, what: str) -> str:
        """A complaint about one place."""
        line = node if isinstance(node, int) else getattr(node, "lineno", 0)
        return f"{self.path.as_posix()}:{line}: {what}"

    @property
    def room(self) -> str:
        """The room that the file belongs to: `engine`, `history`, ... on the server side, else `cli`, `client`, ..."""
        return room_of([part.removesuffix(".py") for part in self.path.relative_to("src").parts])

    @property
    def is_of_the_package(self) -> bool:
        return self.path.is_relative_to(PACKAGE)


def room_of(module: list[str]) -> str:
    """The room of a dotted name: mainspring.server.engine.timer -> engine; mainspring.cli.main -> cli; else ''."""
    parts = [part for part in module if part not in {"__init__", "__main__"}]
    if parts[:1] != ["mainspring"]:
        return ""
    if parts[1:2] == ["server"]:
        return parts[2] if len(parts) > 2 else "server"
    return parts[1] if len(parts) > 1 else "mainspring"


@cache
def sources(*folders: str) -> tuple[Source, ...]:
    """Every Python file under the folders, in order of path."""
    paths = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return tuple(read(path) for path in paths if "node_modules" not in path.parts)


def read(path: Path) -> Source:
    return sample(path.read_text("utf-8"), path.relative_to(ROOT).as_posix())


def sample(text: str, path: str = "src/mainspring/server/engine/sample.py") -> Source:
    """A file that need not exist."""
    return Source(Path(path), text, ast.parse(text, path))


@cache
def text_files() -> tuple[Path, ...]:
    """Every file that git keeps or would keep, from the root; less what is not text."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    paths = sorted({Path(name) for name in listed.split("\0") if name})
    return tuple(path for path in paths if (ROOT / path).is_file() and b"\0" not in (ROOT / path).read_bytes()[:8000])


def dotted(node: ast.expr) -> str:
    """`a.b.c` as text; '' for anything but names and attributes."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        inner = dotted(node.value)
        return f"{inner}.{node.attr}" if inner else ""
    return ""


def lines_of(complaints: Iterable[str]) -> str:
    """Complaints, one a line, as the message of an assertion."""
    return "\n" + "\n".join(complaints)
