"""`make test` ends: what pytest itself does not end is killed, with all that it has started."""

from __future__ import annotations

import sys

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
