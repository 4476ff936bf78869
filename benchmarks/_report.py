"""How benchmarks tell what they measured: rows of name, target and one column per server; a table on the screen, and a
dated Markdown file in `results/` if asked.
"""

from __future__ import annotations

import datetime as dt
import os
import platform
from collections.abc import Sequence
from pathlib import Path

import msgspec
import psutil

RESULTS = Path(__file__).parent / "results"
MISSING = "-"


class Row(msgspec.Struct):
    """One line of a table; `verdict` is empty where there is no target, or nothing to hold against it."""

    name: str
    values: list[str]
    target: str = ""
    verdict: str = ""


class Table(msgspec.Struct):
    title: str
    columns: list[str]
    rows: list[Row]

    def markdown(self) -> str:
        lines = [["", *self.columns, "target", ""]]
        lines += [[row.name, *row.values, row.target, row.verdict] for row in self.rows]
        widths = [max(len(line[at]) for line in lines) for at in range(len(lines[0]))]
        ruled = [lines[0], ["-" * max(3, width) for width in widths], *lines[1:]]
        rendered = (" | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in ruled)
        return f"### {self.title}\n\n" + "\n".join(f"| {line} |" for line in rendered) + "\n"


def number(value: float | None, digits: int = 1) -> str:
    return MISSING if value is None else f"{value:,.{digits}f}"


def verdict(*, is_met: bool | None) -> str:
    return "" if is_met is None else "met" if is_met else "MISSED"


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least `percent` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def machine() -> str:
    memory_gib = psutil.virtual_memory().total / 2**30
    return f"{os.cpu_count()} cores, {memory_gib:.0f} GiB, {platform.system()}, Python {platform.python_version()}"


def write(name: str, text: str) -> Path:
    """Keep the text as `results/<date>-<name>.md`; a second run of the day replaces the first."""
    today = dt.datetime.now(dt.UTC).date().isoformat()
    path = RESULTS / f"{today}-{name}.md"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"# {name}, {today}\n\n{machine()}.\n\n{text}", "utf-8")
    return path
