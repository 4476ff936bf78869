"""Text as pipes and files get it."""

from __future__ import annotations

from mainspring.cli.output import Cell
from mainspring.cli.output._text import PlainText


def test_the_lines_of_a_value_stand_below_each_other() -> None:
    written: list[str] = []
    PlainText(written.append).card([("Failure", Cell("Message: m\nStackTrace:\n  a.py")), ("Status", Cell("FAILED"))])
    assert "".join(written).splitlines() == [
        "  Failure  Message: m",
        "           StackTrace:",
        "             a.py",
        "  Status   FAILED",
    ]
