"""`docs/internals/cases.md` is true: every case names tests, and each of them is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.house import ROOT, lines_of, read

PAGE = ROOT / "docs/internals/cases.md"
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def cases(page: str) -> list[str]:
    """The rows of the page's table, without its head."""
    return [line for line in page.splitlines() if line.startswith("| ")][2:]


def complaints(rows: list[str]) -> list[str]:
    bare = [f"no test is named: {row}" for row in rows if not NAMED.search(row)]
    named = sorted({match for row in rows for match in NAMED.findall(row)})
    return bare + [f"{file} has no {name}" for file, name in named if name not in names_in(ROOT / file)]


def names_in(path: Path) -> set[str]:
    if not path.exists():
        return set()
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in read(path).tree.body if isinstance(node, functions)}


@pytest.mark.house
def test_each_case_is_held_by_tests_that_are_there() -> None:
    rows = cases(PAGE.read_text("utf-8"))
    assert len(rows) >= 15
    found = complaints(rows)
    assert not found, lines_of(found)


@pytest.mark.house
def test_a_case_without_a_test_is_found() -> None:
    file = "tests/test_cases.py"
    head = "| case | tests |\n| --- | --- |\n"
    rows = cases(
        f"{head}| held | `{file}::test_a_case_without_a_test_is_found` |\n| gone | `{file}::test_gone` |\n| bare | |"
    )
    assert complaints(rows) == ["no test is named: | bare | |", f"{file} has no test_gone"]
