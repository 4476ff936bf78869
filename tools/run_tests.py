"""`make test`: all tests, or those of one kind, on all cores.

    python tools/run_tests.py [KIND] [more arguments of pytest]

Kinds are the markers that `tests/conftest.py` gives by folder; `all` is everything but `conformance`, which needs a
checkout of somebody else's suite; `unit` is what needs no server. Skips are listed with their reasons at the end.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
KINDS = {
    "all": "not conformance",
    "unit": "not (scenario or differential or crash or interop or conformance or bad_input or docs or ui)",
}
ALONE = {"crash"}  # measures time and kills processes: nothing beside it
LONGEST_RUN_S = 40 * 60  # twice what it takes on the slowest machine that was seen
LONGEST_ALONE_S = 90 * 60  # `make crash` with 200 kills of each kind
GRACE_S = 120  # after pytest should have ended by itself
MOST_WORKERS = 4
MOST_SAID = 300  # characters of a command line


def longest_s(kind: str) -> int:
    return LONGEST_ALONE_S if kind in ALONE else LONGEST_RUN_S


def command(kind: str, more: list[str]) -> list[str]:
    workers = 0 if kind in ALONE else min(MOST_WORKERS, os.cpu_count() or 1)
    # A file stays on one worker: its servers and namespaces are shared by its tests. In our order: the longest first.
    spread = ["-n", str(workers), "--dist", "loadfile", "--no-loadscope-reorder"] if workers > 1 else []
    limits = ["--session-timeout", str(longest_s(kind)), "--durations", "10", "--durations-min", "5"]
    return [sys.executable, "-m", "pytest", "-m", KINDS.get(kind, kind), *spread, *limits, *more]


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill `process` and what it has started, and say what that was: a worker of pytest says which test it is in."""
    process.send_signal(signal.SIGSTOP)  # so that it starts nothing more
    for child in psutil.Process(process.pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            print("killed:", " ".join(child.cmdline())[:MOST_SAID], flush=True)
            child.kill()
    process.kill()
    process.wait()


def run(arguments: list[str], limit_s: float) -> int:
    """The exit code of `arguments`; 1 when they took longer than `limit_s` seconds and were killed.

    pytest ends a long session by itself, but only between two tests; a hang of its own nothing else would end.
    """
    # No standard input: a test that would ask somebody something must fail, not wait.
    process = subprocess.Popen(arguments, cwd=ROOT, stdin=subprocess.DEVNULL)
    try:
        return process.wait(limit_s)
    except subprocess.TimeoutExpired:
        end(process)
        print(f"\nthe tests were killed: they had not ended after {limit_s:.0f} s", flush=True)
        return 1


def main(arguments: list[str]) -> int:
    kind, more = (arguments[0], arguments[1:]) if arguments else ("all", [])
    return run(command(kind, more), longest_s(kind) + GRACE_S)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
