"""Text for people. `Text` is what a command may print; `PlainText` prints it for pipes and files.

Name   Value            a card: names and values of one thing
Status  WorkflowId      a table, in aligned columns
root                    a tree
  leaf
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import zip_longest
from typing import Final, Protocol, TypeAlias

from google.protobuf.message import Message

from mainspring.cli.output.words import harmless


@dataclass(frozen=True)
class Cell:
    """Text with a colour, where there are colours."""

    text: str
    style: str = ""

    def __str__(self) -> str:
        return self.text


@dataclass
class Branch:
    """A node of a tree with its children."""

    label: str
    style: str = ""
    children: list[Branch] = field(default_factory=list["Branch"])


Value: TypeAlias = "str | int | float | bool | datetime | Message | Cell | Sequence[Value] | dict[str, Value] | None"

INDENT: Final = "  "
Write = Callable[[str], None]


class Draw(Protocol):
    """Draws a tree in place of the one before."""

    def __call__(self, root: Branch, *, is_last: bool) -> None: ...


class Text(Protocol):
    """Ways to print text."""

    def line(self, text: str) -> None: ...
    def heading(self, text: str) -> None: ...
    def card(self, rows: Sequence[tuple[str, Cell]]) -> None: ...
    def table(self, columns: Sequence[str], rows: Sequence[Sequence[Cell]], *, header: bool) -> None: ...
    def row(self, cells: Sequence[Cell]) -> None: ...
    def tree(self, root: Branch) -> None: ...


class PlainText:
    """Text without colours."""

    def __init__(self, write: Write) -> None:
        self._write = write

    def line(self, text: str) -> None:
        self._write(f"{harmless(text)}\n")

    def heading(self, text: str) -> None:
        self.line(text)

    def card(self, rows: Sequence[tuple[str, Cell]]) -> None:
        if rows:
            self.table(["", ""], [(Cell(name), value) for name, value in rows], header=False)

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[Cell]], *, header: bool) -> None:
        shown = [[harmless(cell.text) for cell in row] for row in rows]
        lines = [list(columns), *shown] if header else shown
        widths = [max((width(line[place]) for line in lines), default=0) for place in range(len(columns))]
        for line in lines:
            for part in parts_of(line):
                self._write(f"{aligned(part, widths)}\n")

    def row(self, cells: Sequence[Cell]) -> None:
        self.line("".join(f"{INDENT}{cell.text}" for cell in cells).rstrip())

    def tree(self, root: Branch) -> None:
        for depth, branch in branches(root):
            self.line(f"{INDENT * depth}{branch.label}")


def branches(root: Branch, depth: int = 0) -> Iterable[tuple[int, Branch]]:
    """The tree from its root down, with depths; without recursion, since workflows may be nested deeply."""
    waiting = [(depth, root)]
    while waiting:
        depth, branch = waiting.pop()
        yield depth, branch
        waiting += [(depth + 1, child) for child in reversed(branch.children)]


def parts_of(line: Sequence[str]) -> Iterable[Sequence[str]]:
    """A line whose cells have several lines of their own, as so many lines."""
    return zip_longest(*(text.split("\n") for text in line), fillvalue="")


def aligned(line: Sequence[str], widths: Sequence[int]) -> str:
    cells = [f"{INDENT}{text}{' ' * (wide - width(text))}" for text, wide in zip(line, widths, strict=True)]
    return "".join(cells).rstrip()


def width(text: str) -> int:
    """Columns of a terminal that the text's widest line takes."""
    if text.isascii() and "\n" not in text:
        return len(text)
    return max((sum(character_width(one) for one in line) for line in text.split("\n")), default=0)


def character_width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
