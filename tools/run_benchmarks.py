"""`make bench`: every script in `benchmarks/`, one after the other, each in a process of its own.

    ITERATIONS=1 python tools/run_benchmarks.py     only shows that none has rotted

A benchmark reads `ITERATIONS` from the environment (unset: as many as give steady numbers) and prints its table.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    failed: list[str] = []
    for script in sorted((ROOT / "benchmarks").glob("[a-z]*.py")):
        print(f"\n=== {script.stem}", flush=True)
        if subprocess.run([sys.executable, str(script)], cwd=ROOT, stdin=subprocess.DEVNULL, check=False).returncode:
            failed.append(script.stem)
    if failed:
        print(f"\nfailed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
