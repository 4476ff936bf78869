"""What stands around the code: the root of the repository, its Makefile, settings of tools, notes on changes."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path

import pytest

from tests.house import ROOT, lines_of, text_files

pytestmark = pytest.mark.house

MOST_ROOT_ENTRIES = 20
MOST_CONTRIBUTING_LINES = 100
MOST_README_LINES = 50  # one screen
MOST_RECIPE_LINES = 3
FRAGMENT = re.compile(r"\d+(-[a-z0-9-]+)?\.(added|changed|fixed|breaking)\.md")
RECIPES = ["Add an event type", "Add a command", "Add an RPC", "Add a query", "Add a setting"]
DECISION_PARTS = ["**Context.**", "**Choice.**", "**What would change our mind.**"]
TARGETS = "demo test check fmt differential crash bench docs verify conformance help"


class Settings:
    """The tools' settings in pyproject.toml."""

    def __init__(self) -> None:
        self.tool = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]


def makefile_targets(text: str) -> dict[str, list[str]]:
    """Target -> the lines of its recipe."""
    found: dict[str, list[str]] = {}
    target = ""
    for line in text.splitlines():
        if heading := re.match(r"^([a-z][a-z-]*):", line):
            target = heading[1]
            found[target] = []
        elif line.startswith("\t"):
            found[target].append(line)
    return found


def long_recipes(text: str) -> list[str]:
    return [target for target, lines in makefile_targets(text).items() if len(lines) > MOST_RECIPE_LINES]


def test_root_has_few_entries() -> None:
    entries = {path.parts[0] for path in text_files()}
    assert len(entries) <= MOST_ROOT_ENTRIES, lines_of(sorted(entries))


def test_contributing_is_short_and_has_its_recipes() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    assert len(text.splitlines()) <= MOST_CONTRIBUTING_LINES
    assert [recipe for recipe in RECIPES if f"### {recipe}\n" not in text] == []


def test_readme_fits_a_screen_and_names_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    assert len(text.splitlines()) <= MOST_README_LINES
    assert "make demo" in text
    assert "make test" in text


def test_make_targets_are_short_and_explained() -> None:
    text = (ROOT / "Makefile").read_text("utf-8")
    targets = makefile_targets(text)
    assert not long_recipes(text)
    assert not set(TARGETS.split()) - targets.keys()
    assert not [
        target
        for target in targets
        if target != "environment" and not re.search(rf"^{target}:.*## ", text, re.MULTILINE)
    ]


def test_a_long_recipe_is_found() -> None:
    assert long_recipes("short:\n\ta\n\tb\nlong: short\n\ta\n\tb\n\tc\n\td\n") == ["long"]


def test_ci_runs_the_same_commands_as_people() -> None:
    script = ROOT / ".ci/run"
    text = script.read_text("utf-8")
    assert os.access(script, os.X_OK)
    assert "set -euo pipefail" in text
    assert re.search(r"^make check", text, re.MULTILINE)
    assert re.search(r"^make test", text, re.MULTILINE)


def test_fragments_of_changes_are_named_for_their_issue_and_kind() -> None:
    names = [path.name for path in sorted((ROOT / "changes").iterdir()) if path.name != "README.md"]
    assert names
    assert not [name for name in names if not FRAGMENT.fullmatch(name)]


@pytest.mark.parametrize("name", ["2.new.md", "added.md", "2.added.txt", "2.md"])
def test_a_wrongly_named_fragment_is_found(name: str) -> None:
    assert not FRAGMENT.fullmatch(name)


def test_decisions_are_numbered_and_have_their_parts() -> None:
    pages = sorted((ROOT / "docs/decisions").glob("[0-9]*.md"))
    numbers = [page.name[:4] for page in pages]
    assert numbers == [f"{number:04}" for number in range(1, len(pages) + 1)]
    lacking = [
        f"{page.name}: {part}" for page in pages for part in DECISION_PARTS if part not in page.read_text("utf-8")
    ]
    assert not lacking, lines_of(lacking)


def test_decisions_are_listed() -> None:
    index = (ROOT / "docs/decisions/README.md").read_text("utf-8")
    assert not [page.name for page in (ROOT / "docs/decisions").glob("[0-9]*.md") if f"({page.name})" not in index]


def test_warnings_are_errors_and_markers_strict() -> None:
    pytest_settings = Settings().tool["pytest"]
    assert pytest_settings["filterwarnings"][0] == "error"
    assert {"--strict-markers", "--strict-config"} <= set(pytest_settings["addopts"])
    assert pytest_settings["xfail_strict"] is True
    assert pytest_settings["timeout"] == "20"


def test_both_type_checkers_are_strict_on_all_code() -> None:
    tool = Settings().tool
    assert tool["mypy"]["strict"] is True
    assert tool["pyright"]["typeCheckingMode"] == "strict"
    assert {"src", "tests", "examples"} <= set(tool["mypy"]["files"]) & set(tool["pyright"]["include"])


def test_warning_filters_give_their_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    block = text[text.index("filterwarnings = [") :].split("]\n")[0]
    exceptions = re.findall(r'^    "ignore.*$', block, re.MULTILINE)
    assert not [line for line in exceptions if " # " not in line], lines_of(exceptions)


def test_license_is_apache() -> None:
    text = Path(ROOT / "LICENSE").read_text("utf-8")
    assert "Apache License" in text.splitlines()[1]
    assert "END OF TERMS AND CONDITIONS" in text
