"""What a run asks for is in one order, whatever the process's hash seed and the addresses of its objects are."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("ordered_workflow.py")


def asked_for(answers: int, process: int) -> list[str]:
    """What a run asks for in a process of its own."""
    done = subprocess.run(
        [sys.executable, PROGRAM, str(answers), str(process)],
        env={**os.environ, "PYTHONHASHSEED": str(process)},
        capture_output=True,
        check=True,
        timeout=120,
        text=True,
    )
    assert not done.stderr, done.stderr
    asked: list[str] = json.loads(done.stdout)
    return asked


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize("answers", [1, 2])
def test_every_way_to_wait_asks_for_the_same_in_every_process(answers: int) -> None:
    asked = asked_for(answers, process=1)
    assert asked_for(answers, process=2) == asked
    assert asked[-1] == "complete 1"
    assert len(asked) > 400
    assert sum("closed" in one for one in asked) == 4, "generators that were left early are closed too"
