"""Both type checkers reject each wrong call, on the line where it stands, and complain of nothing else.

    # error-pyright: a regular expression for what pyright says of the next line

What they accept is in `right_calls.py`, which `make check` checks with everything else.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WRONG = sorted((ROOT / "tests/types/wrong").glob("*.py"))
MARK = re.compile(r"\s*# error-pyright: (.+)")

Complaints = Mapping[Path, Mapping[int, list[str]]]


def expected(path: Path) -> dict[int, str]:
    """Line -> what pyright says of it."""
    marks = ((number, MARK.fullmatch(line)) for number, line in enumerate(path.read_text("utf-8").splitlines(), 1))
    return {number + 1: mark[1] for number, mark in marks if mark is not None}


def pyright(folder: Path) -> Complaints:
    """What pyright in strict mode says, by file and line."""
    settings = {
        "include": [os.path.relpath(path, folder) for path in WRONG],  # absolute ones are ignored
        "extraPaths": [str(ROOT / "src"), str(ROOT)],
        "pythonVersion": "3.11",
        "typeCheckingMode": "strict",
    }
    (folder / "pyrightconfig.json").write_text(json.dumps(settings), "utf-8")
    python = ["--pythonpath", sys.executable, "--outputjson"]
    said = json.loads(run("pyright", "-p", str(folder), *python))
    found: defaultdict[Path, defaultdict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    for one in said["generalDiagnostics"]:
        found[Path(one["file"])][one["range"]["start"]["line"] + 1].append(one["message"])
    return found


def mypy(folder: Path) -> Complaints:
    """What mypy in strict mode says, by file and line."""
    said = run("mypy", f"--cache-dir={folder}", "--no-pretty", "--show-absolute-path", *map(str, WRONG))
    found: defaultdict[Path, defaultdict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    for path, line, message in re.findall(r"^(.+?):(\d+): error: (.+)$", said, re.MULTILINE):
        found[Path(path)][int(line)].append(message)
    return found


def run(checker: str, *arguments: str) -> str:
    command = [sys.executable, "-m", checker, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout


def unexpected(complaints: Mapping[int, list[str]], marks: Mapping[int, str]) -> list[str]:
    return [f"{line}: {messages}" for line, messages in sorted(complaints.items()) if line not in marks]


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_pyright_rejects_every_wrong_call_and_nothing_else(tmp_path: Path) -> None:
    complaints = pyright(tmp_path)
    for path in WRONG:
        marks, found = expected(path), complaints.get(path, {})
        missed = [
            f"{line}: {mark!r} in {found.get(line, [])}"
            for line, mark in marks.items()
            if not any(re.search(mark, message) for message in found.get(line, []))
        ]
        assert missed + unexpected(found, marks) == []


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_mypy_rejects_every_wrong_call_and_nothing_else(tmp_path: Path) -> None:
    complaints = mypy(tmp_path)
    for path in WRONG:
        marks, found = expected(path), complaints.get(path, {})
        assert [line for line in marks if line not in found] + unexpected(found, marks) == []


def test_every_wrong_file_has_marks() -> None:
    assert WRONG
    assert all(expected(path) for path in WRONG)
