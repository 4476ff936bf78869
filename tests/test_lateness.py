"""`tests/lateness.py`: a test that would hang fails, though an event loop swallows the alarm, or its teardown hangs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LIMIT_S = 60

SWALLOWED = """
    import asyncio, time

    async def busy():
        while True:
            try:
                time.sleep(0.5)  # the alarm rings here, in a task that keeps what it raises
            except BaseException:
                return

    async def test_hangs():
        asyncio.create_task(busy())
        await asyncio.Event().wait()
    """
TEARDOWN = """
    import threading, pytest

    @pytest.fixture
    def hangs_when_it_ends():
        yield
        threading.Event().wait()

    def test_fails(hangs_when_it_ends):
        raise ValueError("as it should")
    """


@pytest.mark.slow
@pytest.mark.timeout(LIMIT_S + 10)
@pytest.mark.parametrize("code, outcome", [(SWALLOWED, "1 failed"), (TEARDOWN, "1 failed, 1 error")])
def test_a_test_that_hangs_fails(code: str, outcome: str, tmp_path: Path) -> None:
    late = tmp_path / "test_late.py"
    late.write_text("\n".join(line[4:] for line in code.splitlines()))
    (tmp_path / "pytest.ini").write_text("[pytest]\nasyncio_mode = auto\n")
    options = [
        "-p",
        "tests.lateness",
        "-c",
        str(tmp_path / "pytest.ini"),
        "--timeout",
        "1",
        "--timeout-method",
        "signal",
    ]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(late)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert outcome in ran.stdout, ran.stdout + ran.stderr
