"""`make test`: all tests, or those of one kind, on all cores.

    python tools/run_tests.py [KIND] [more arguments of pytest]

Kinds are the markers that `tests/conftest.py` gives by folder; `all` is everything but `conformance`, which needs a
checkout of somebody else's suite; `unit` is what needs no server. Skips are listed with their reasons at the end.

The tests as a whole run beside each other, many beside a real server, on machines that are busy. So one or two of them
that fail are run once more with nothing beside them. If they pass then, they are named and the run has passed.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import pytest

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
MOST_AGAIN = 2  # tests; more that fail together have failed for a reason


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


def failed_tests(cache: Path) -> list[str]:
    """What failed in the run that had this folder for pytest's cache; empty if it failed in another way."""
    try:
        return list(json.loads((cache / "v/cache/lastfailed").read_bytes()))
    except FileNotFoundError:
        return []


def run_all(pytest_line: list[str], alone_line: list[str], limit_s: float) -> int:
    """Run everything, and again what fails, if that is little. Returns: the exit code, 0 if that passed then."""
    with tempfile.TemporaryDirectory() as cache:
        status = run([*pytest_line, "-o", f"cache_dir={cache}"], limit_s)
        failed = failed_tests(Path(cache))
    if status != pytest.ExitCode.TESTS_FAILED or not 0 < len(failed) <= MOST_AGAIN:
        return status
    print("\nonce more, with nothing beside:", *failed, flush=True)
    again = run([*alone_line, *failed], limit_s)
    if again == 0:
        print("passed alone, failed beside others:", *failed, flush=True)
    return again


def main(arguments: list[str]) -> int:
    kind, more = (arguments[0], arguments[1:]) if arguments else ("all", [])
    limit_s = longest_s(kind) + GRACE_S
    if kind == "all" and not more:
        return run_all(command(kind, more), [sys.executable, "-m", "pytest"], limit_s)
    return run(command(kind, more), limit_s)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
