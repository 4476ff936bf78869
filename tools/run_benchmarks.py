"""`make bench`: every script in `benchmarks/`, one after the other, each in a process of its own.

    ITERATIONS=1 python tools/run_benchmarks.py     only shows that none has rotted

A benchmark is a module with a main program that prints its table. It reads `ITERATIONS` from the environment itself;
without it, it runs as long as steady numbers need.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DRIVERS = {"lean"}  # run by the others


def benchmarks() -> list[str]:
    """The modules to run; the rest of the folder is what they share."""
    scripts = sorted((ROOT / "benchmarks").glob("[a-z]*.py"))
    return [script.stem for script in scripts if script.stem not in DRIVERS]


def main() -> int:
    failed: list[str] = []
    for name in benchmarks():
        print(f"\n=== {name}", flush=True)
        command = [sys.executable, "-m", f"benchmarks.{name}"]
        if subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, check=False).returncode:
            failed.append(name)
    if failed:
        print(f"\nfailed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
