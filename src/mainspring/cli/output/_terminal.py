"""Text for a terminal, by `rich`: coloured headings, tables that fit their values, trees with lines."""

from __future__ import annotations

import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager

from rich import box
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text as RichText
from rich.tree import Tree

from mainspring.cli.endings import ReaderGone
from mainspring.cli.output._text import INDENT, Branch, Cell, Draw
from mainspring.cli.output.words import harmless

HEADING = "bold magenta"


class OutputConsole(Console):
    """Standard output as a terminal, also where it is none: colours were asked for."""

    def __init__(self) -> None:
        super().__init__(file=sys.stdout, force_terminal=True, highlight=False, emoji=False, markup=False)

    def on_broken_pipe(self) -> None:
        raise ReaderGone


class TerminalText:
    """Text with colours; lines longer than the terminal are folded by it, not cut."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def line(self, text: str) -> None:
        self._console.print(RichText(harmless(text)), soft_wrap=True)

    def heading(self, text: str) -> None:
        self._console.print(RichText(harmless(text), HEADING), soft_wrap=True)

    def card(self, rows: Sequence[tuple[str, Cell]]) -> None:
        table = Table(box=None, show_header=False, padding=(0, 1))
        table.add_column(no_wrap=True, style="bold")
        table.add_column(overflow="fold")
        for name, value in rows:
            table.add_row(RichText(name), styled(value))
        self._console.print(table)

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[Cell]], *, header: bool) -> None:
        self._console.print(table_of(columns, rows, header=header))

    def row(self, cells: Sequence[Cell]) -> None:
        line = RichText()
        for cell in cells:
            line.append(INDENT).append_text(styled(cell))
        self._console.print(line, soft_wrap=True)

    def tree(self, root: Branch) -> None:
        self._console.print(rich_tree(root))


def rich_tree(root: Branch) -> Tree:
    top = Tree(styled(Cell(root.label, root.style)))
    waiting = [(top, child) for child in reversed(root.children)]
    while waiting:
        parent, branch = waiting.pop()
        node = parent.add(styled(Cell(branch.label, branch.style)))
        waiting += [(node, child) for child in reversed(branch.children)]
    return top


@contextmanager
def live_tree(console: Console) -> Generator[Draw]:
    """Draw trees in one place; what a terminal has no room for is shown at the end only."""
    with Live(console=console, auto_refresh=False) as live:

        def draw(root: Branch, *, is_last: bool) -> None:
            live.vertical_overflow = "visible" if is_last else "ellipsis"
            live.update(rich_tree(root), refresh=True)

        yield draw


def table_of(columns: Sequence[str], rows: Sequence[Sequence[Cell]], *, header: bool = True) -> Table:
    table = Table(box=box.SIMPLE_HEAD if header else None, show_header=header, padding=(0, 1), header_style=HEADING)
    for name in columns:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*map(styled, row))
    return table


def styled(cell: Cell) -> RichText:
    return RichText(harmless(cell.text), cell.style)
