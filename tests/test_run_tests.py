"""`make test` ends: what pytest itself does not end is killed, with all that it has started."""

from __future__ import annotations

import sys
from pathlib import Path

import psutil
import pytest

from tools import run_tests

HANGS = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); "


def test_a_run_that_hangs_is_killed_with_its_children(capfd: pytest.CaptureFixture[str]) -> None:
    before = psutil.Process().children(recursive=True)
    assert run_tests.run([sys.executable, "-c", f"{HANGS} time.sleep(60)"], limit_s=1) == 1
    said = capfd.readouterr().out
    assert "the tests were killed" in said
    assert "import time; time.sleep(60)" in said, "it does not say what was still running"
    assert set(psutil.Process().children(recursive=True)) <= set(before)


def test_a_run_that_ends_gives_its_own_exit_code() -> None:
    assert run_tests.run([sys.executable, "-c", "exit(5)"], limit_s=60) == 5


FAILS_ONCE = """
from pathlib import Path
import pytest

@pytest.mark.parametrize("number", range({count}))
def test_fails_the_first_time(number):
    seen = Path({folder!r}, str(number))
    if not seen.exists():
        seen.touch()
        raise AssertionError("the first time")

def test_is_well():
    pass
"""


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of its own, and without plugins: to import them takes longer than all that is run here."""
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    monkeypatch.setattr(run_tests, "ROOT", tmp_path)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


def run_all(folder: Path, text: str) -> int:
    (folder / "test_it.py").write_text(text)
    line = [sys.executable, "-m", "pytest"]
    return run_tests.run_all(line, line, limit_s=60)


def test_what_fails_beside_others_and_passes_alone_is_named(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_all(tmp_path, FAILS_ONCE.format(count=2, folder=str(tmp_path))) == 0
    said = capfd.readouterr().out
    assert "2 failed, 1 passed" in said
    last = said.splitlines()[-1]
    assert last.startswith("passed alone, failed beside others:")
    assert last.count("test_fails_the_first_time[") == 2


def test_what_fails_alone_too_has_failed(tmp_path: Path) -> None:
    assert run_all(tmp_path, "def test_is_wrong():\n    assert False\n") == pytest.ExitCode.TESTS_FAILED


def test_many_that_fail_are_not_run_again(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    count = run_tests.MOST_AGAIN + 1
    failed = run_all(tmp_path, FAILS_ONCE.format(count=count, folder=str(tmp_path)))
    assert failed == pytest.ExitCode.TESTS_FAILED
    assert "once more" not in capfd.readouterr().out


def test_a_run_that_cannot_begin_is_not_run_again(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_all(tmp_path, "import nothing_of_this_name\n") != 0
    assert "passed alone" not in capfd.readouterr().out
