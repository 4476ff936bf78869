"""A person at a breakpoint in workflow code is not refused anything, and not hurried."""

from __future__ import annotations

import concurrent.futures
import io
import pdb
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, cast

import pytest

from mainspring.determinism._debugger import debugger_is_attached, is_debugged
from mainspring.replay.requests import Completion
from mainspring.worker import _activating
from mainspring.worker._activating import ThreadActivator
from mainspring.worker._cached_run import CachedRun

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import time
from mainspring import workflow
from tests.worker.driven import Driven

@workflow.defn
class Stops:
    @workflow.run
    async def run(self) -> str:
        here = "in the workflow"
        breakpoint()
        return here

print(Driven(Stops).begin())
"""


@pytest.mark.slow
def test_breakpoint_asks_at_the_terminal_and_shows_the_source(tmp_path: Path) -> None:
    program = tmp_path / "stops.py"
    program.write_text(PROGRAM, "utf-8")
    done = subprocess.run(
        [sys.executable, program],
        input="p here\np time.time() > 1700000100\nlist\np open(__file__).readline()\nc\n",
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'src'}", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "'in the workflow'" in done.stdout, done.stderr
    assert "True" in done.stdout, "what is typed sees real time"
    assert 'here = "in the workflow"' in done.stdout, "the source is shown"
    assert "complete 'in the workflow'" in done.stdout, done.stderr


class Asked(io.TextIOBase):
    """A terminal whose person thinks for a while before he says to go on."""

    def __init__(self, reached: threading.Event, think: threading.Event) -> None:
        self._reached = reached
        self._think = think

    def readline(self, size: int | None = -1, /) -> str:  # type: ignore[override]  # of text
        del size
        self._reached.set()
        self._think.wait(15)
        return "c\n"


async def test_a_thread_at_a_breakpoint_is_not_taken_for_a_deadlock(monkeypatch: pytest.MonkeyPatch) -> None:
    reached, think = threading.Event(), threading.Event()
    completion = Completion()
    looked: list[bool] = []

    def look(thread_id: int) -> bool:
        looked.append(reached.is_set() and is_debugged(thread_id))
        if looked.count(True) == 3:  # three times it was not hurried
            think.set()
        return looked[-1] or not reached.is_set()

    monkeypatch.setattr(_activating, "is_debugged", look)

    def work() -> Completion:
        pdb.Pdb(stdin=cast(Any, Asked(reached, think)), stdout=io.StringIO(), nosigint=True, readrc=False).set_trace()
        return completion

    run = cast(CachedRun, type("Run", (), {"is_lost": False})())
    with concurrent.futures.ThreadPoolExecutor(1) as executor:
        assert await ThreadActivator(executor, deadlock_s=0.01).activate(work, run) is completion
    assert looked.count(True) >= 3
    assert not run.is_lost


def test_a_thread_that_nobody_looks_at_is_not_debugged() -> None:
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    assert thread.ident is not None
    assert not is_debugged(thread.ident)
    stop.set()
    thread.join()


def test_a_trace_function_is_a_debugger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "gettrace", lambda: print)
    assert debugger_is_attached()
