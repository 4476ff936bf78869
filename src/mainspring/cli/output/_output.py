"""`Output`: the one door to standard output.

Everything is written at once and flushed where somebody may be waiting for it. A reader that has gone away ends the
command without a word.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, TypeAlias

from google.protobuf.message import Message

from mainspring.cli.endings import ReaderGone
from mainspring.cli.output._text import Branch, Cell, Draw, PlainText, Text, Value
from mainspring.cli.output.proto_json import Json, encoded, tree_of
from mainspring.cli.output.words import ago, iso

Format: TypeAlias = Literal["text", "json", "jsonl", "none"]
TimeFormat: TypeAlias = Literal["relative", "iso", "raw"]


@dataclass
class Output:
    """Prints in the format that was asked for."""

    format: Format = "text"
    shorthand: bool = True
    """Whether payloads are shown as their own JSON where they have one."""
    time_format: TimeFormat = "relative"
    is_coloured: bool = False
    _items: int = -1
    """How many items of an open list were printed; -1 outside lists."""
    _text: Text | None = None

    @property
    def is_json(self) -> bool:
        return self.format in {"json", "jsonl"}

    @property
    def is_text(self) -> bool:
        return self.format == "text"

    def line(self, text: str = "") -> None:
        """A line of text; nothing in JSON."""
        if self.is_text:
            self.text.line(text)

    def heading(self, text: str) -> None:
        """A title of what follows; nothing in JSON."""
        if self.is_text:
            self.text.heading(text)

    def tree(self, root: Branch) -> None:
        """A tree; nothing in JSON."""
        if self.is_text:
            self.text.tree(root)

    @contextmanager
    def drawing(self) -> Generator[Draw]:
        """Draw a tree as often as it changes, in the same place; without a terminal only the last one is printed."""
        if self.is_text and self.is_coloured and sys.stdout.isatty():
            from mainspring.cli.output._terminal import OutputConsole, live_tree

            with live_tree(OutputConsole()) as draw:
                yield draw
        else:
            yield self._draw_last

    def _draw_last(self, root: Branch, *, is_last: bool) -> None:
        if is_last:
            self.tree(root)

    def card(self, facts: Mapping[str, Value]) -> None:
        """Names and values of one thing, those of None left out; nothing in JSON."""
        if self.is_text:
            self.text.card([(name, self.cell(value)) for name, value in facts.items() if value is not None])

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[Value]], *, header: bool = True) -> None:
        """Rows of values; nothing in JSON."""
        if self.is_text:
            self.text.table(columns, [[self.cell(value) for value in row] for row in rows], header=header)

    def row(self, cells: Sequence[Cell]) -> None:
        """One row of a table whose rows come one by one; its cells are padded already. Nothing in JSON."""
        if self.is_text:
            self.text.row(cells)

    def record(self, facts: Mapping[str, Value], *, with_none: bool = False) -> None:
        """One thing in any format: names as JSON has them, `workflowId`; in text they begin with a capital.

        Values of None are left out; `with_none` shows them as null in JSON.
        """
        if self.is_json:
            shown = {name: value for name, value in facts.items() if with_none or value is not None}
            self.json({name: self.tree_of(value) for name, value in shown.items()})
        else:
            self.card({name[:1].upper() + name[1:]: value for name, value in facts.items()})

    def records(self, columns: Mapping[str, str], rows: Sequence[Mapping[str, Value]]) -> None:
        """Things in any format; `columns` maps their names in JSON to titles in text."""
        if self.is_json:
            self.json([{name: self.tree_of(value) for name, value in row.items()} for row in rows])
        elif rows:
            self.table(list(columns.values()), [[row.get(name) for name in columns] for row in rows])

    def message(self, message: Message, *, shorthand: bool | None = None) -> None:
        """A message as JSON; nothing in text."""
        if self.is_json:
            self.json(tree_of(message, shorthand=self.shorthand if shorthand is None else shorthand))

    def json(self, tree: Json) -> None:
        """A tree as JSON; nothing in text."""
        if not self.is_json:
            return
        text = encoded(tree, indent=self.format == "json")
        if self._items >= 0 and self.format == "json":
            text = (b",\n" if self._items else b"\n") + text
            self._items += 1
            self._write_bytes(text)
        else:
            self._write_bytes(text + b"\n")

    @contextmanager
    def listing(self) -> Generator[None]:
        """What `json` and `message` print inside is one list, valid also if it breaks off; a line each in JSONL."""
        self._items = 0
        if self.format == "json":
            self._write_bytes(b"[")
        try:
            yield
        finally:
            if self.format == "json":
                self._write_bytes(b"\n]\n")
            self._items = -1

    def tree_of(self, value: Value) -> Json:
        """A value of a record as JSON."""
        if isinstance(value, Message):
            return tree_of(value, shorthand=self.shorthand)
        if isinstance(value, datetime):
            return iso(value)
        if isinstance(value, Cell):
            return value.text
        if isinstance(value, Mapping):
            return {name: self.tree_of(inner) for name, inner in value.items()}
        if isinstance(value, Sequence) and not isinstance(value, str):
            return [self.tree_of(inner) for inner in value]
        return value

    def cell(self, value: Value) -> Cell:
        """A value as text."""
        if isinstance(value, Cell):
            return value
        if isinstance(value, datetime):
            return Cell(self.time(value))
        if isinstance(value, bool):
            return Cell("true" if value else "false")
        if isinstance(value, Message | Mapping) or (isinstance(value, Sequence) and not isinstance(value, str)):
            return Cell(encoded(self.tree_of(value), indent=False).decode())
        return Cell("" if value is None else str(value))

    def time(self, moment: datetime) -> str:
        if self.time_format == "relative":
            return ago(moment, datetime.now(UTC))
        return iso(moment) if self.time_format == "iso" else str(moment)

    @property
    def text(self) -> Text:
        """Where text goes: to a terminal with colours, if that was asked for."""
        if self._text is None:
            self._text = self._terminal() if self.is_coloured else PlainText(self._write)
        return self._text

    def flush(self) -> None:
        """Let the reader have what was printed."""
        try:
            sys.stdout.flush()
        except BrokenPipeError as error:
            raise ReaderGone from error

    def _terminal(self) -> Text:
        from mainspring.cli.output._terminal import OutputConsole, TerminalText

        return TerminalText(OutputConsole())

    def _write(self, text: str) -> None:
        try:
            sys.stdout.write(text)
        except BrokenPipeError as error:
            raise ReaderGone from error

    def _write_bytes(self, text: bytes) -> None:
        """JSON is UTF-8, whatever the terminal's encoding is."""
        try:
            sys.stdout.flush()
            sys.stdout.buffer.write(text)
        except BrokenPipeError as error:
            raise ReaderGone from error
