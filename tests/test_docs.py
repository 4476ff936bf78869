"""The documentation is true: links lead somewhere, code compiles and runs, generated pages are fresh."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.house import ROOT, lines_of, text_files
from tests.server_process import ServerProcess

HEADING = re.compile(r"^#+ +(.*)$", re.MULTILINE)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TEST_FILE = re.compile(r"[\w/]*test_\w+\.py")
CODE_TIMEOUT_S = 60


class Block(NamedTuple):
    """One piece of Python in a page."""

    page: Path
    number: int
    code: str

    def __str__(self) -> str:
        return f"{self.page.as_posix()}-{self.number}"


def pages() -> list[Path]:
    return [path for path in text_files() if path.suffix == ".md"]


def without_code(text: str) -> str:
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL))


def anchors(text: str) -> set[str]:
    """The names by which headings can be linked to."""
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in HEADING.findall(text)}


def broken_links(text: str, page: Path) -> Iterator[str]:
    for target in LINK.findall(without_code(text)):
        path, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", path):
            continue
        file = ROOT / page.parent / path
        if not file.exists():
            yield f"{page}: no file {path}"
        elif anchor and anchor not in anchors(file.read_text("utf-8") if path else text):
            yield f"{page}: no heading #{anchor}"


def blocks() -> list[Block]:
    return [
        Block(page, number, code)
        for page in pages()
        for number, code in enumerate(FENCE.findall((ROOT / page).read_text("utf-8")), 1)
    ]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("docs")) as server:
        yield server


@pytest.mark.house
def test_links_lead_somewhere() -> None:
    found = [complaint for page in pages() for complaint in broken_links((ROOT / page).read_text("utf-8"), page)]
    assert not found, lines_of(found)


@pytest.mark.house
@pytest.mark.parametrize("link", ["[x](nowhere.md)", "[x](README.md#no-such-heading)", "[x](#nowhere)"])
def test_a_broken_link_is_found(link: str) -> None:
    assert list(broken_links(f"# Here\n\n{link}", Path("page.md")))


@pytest.mark.house
def test_good_links_are_not_complained_of() -> None:
    text = "# Run it now\n\n[a](README.md) [b](#run-it-now) [c](https://example.org) `[d](nowhere.md)`"
    assert not list(broken_links(text, Path("page.md")))


def unknown_tests(text: str) -> Iterator[str]:
    """Test files that are named in the text and are not there; after the first of a list, without their folder."""
    folder = ""
    for name in TEST_FILE.findall(text):
        path = name if "/" in name else f"{folder}/{name}"
        folder = path.rpartition("/")[0]
        if not (ROOT / path).exists():
            yield path


@pytest.mark.house
def test_tests_that_are_referred_to_exist() -> None:
    """So that a newcomer finds from a rule to what holds it."""
    sources_ = [path for path in text_files() if path.parts[0] in ("src", "benchmarks", "tools")]
    found = [f"{path}: no {test}" for path in sources_ for test in unknown_tests((ROOT / path).read_text("utf-8"))]
    assert not found, lines_of(found)


@pytest.mark.house
def test_a_reference_into_nowhere_is_found() -> None:
    text = "Reference: tests/differential/test_start.py, test_nothing.py, tests/nowhere/test_start.py."
    assert list(unknown_tests(text)) == ["tests/differential/test_nothing.py", "tests/nowhere/test_start.py"]


def run_page(script: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a page's program. The official SDK's runtime sometimes aborts Python at its very end: then once more."""

    def once() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(script)],
            cwd=script.parent,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=CODE_TIMEOUT_S,
            check=False,
        )

    done = once()
    return once() if "Python runtime state: finalizing" in done.stderr else done


@pytest.mark.docs
@pytest.mark.slow
@pytest.mark.timeout(CODE_TIMEOUT_S + 30)
@pytest.mark.parametrize("block", blocks(), ids=str)
def test_code_runs(block: Block, server: ServerProcess, tmp_path: Path) -> None:
    ast.parse(block.code)
    script = tmp_path / "page.py"
    script.write_text(block.code, "utf-8")
    environment = {"TEMPORAL_ADDRESS": server.address, "PATH": "", "PYTHONPATH": str(ROOT / "src")}
    done = run_page(script, environment)
    assert done.returncode == 0, done.stderr
