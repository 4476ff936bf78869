"""`make test`: all tests, or those of one kind, on all cores.

    python tools/run_tests.py [KIND] [more arguments of pytest]

Kinds are the markers that `tests/conftest.py` gives by folder; `all` is everything but `conformance`, which needs a
checkout of somebody else's suite; `unit` is what needs no server. Skips are listed with their reasons at the end.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KINDS = {
    "all": "not conformance",
    "unit": "not (scenario or differential or crash or interop or conformance or bad_input or docs)",
}
ALONE = {"crash"}  # measures time and kills processes: nothing beside it
LONGEST_RUN_S = 16 * 60
LONGEST_ALONE_S = 90 * 60  # `make crash` with 200 kills of each kind
MOST_WORKERS = 4


def command(kind: str, more: list[str]) -> list[str]:
    workers = 0 if kind in ALONE else min(MOST_WORKERS, os.cpu_count() or 1)
    # A file stays on one worker: its servers and namespaces are shared by its tests.
    spread = ["-n", str(workers), "--dist", "loadfile"] if workers > 1 else []
    longest_s = LONGEST_ALONE_S if kind in ALONE else LONGEST_RUN_S
    limits = ["--session-timeout", str(longest_s), "--durations", "10", "--durations-min", "5"]
    return [sys.executable, "-m", "pytest", "-m", KINDS.get(kind, kind), *spread, *limits, *more]


def main(arguments: list[str]) -> int:
    kind, more = (arguments[0], arguments[1:]) if arguments else ("all", [])
    # No standard input: a test that would ask somebody something must fail, not wait.
    return subprocess.run(command(kind, more), cwd=ROOT, stdin=subprocess.DEVNULL, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
