"""`make check`: format, lints, both type checkers and the house rules, two at a time.

python tools/check.py      prints one line per step, then all that the failed ones said; status 1 if any failed
"""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = [name for name in ("src", "tests", "tools", "examples", "benchmarks") if (ROOT / name).is_dir()]

HOUSE_RULES = [str(path.relative_to(ROOT)) for path in sorted((ROOT / "tests").glob("test_*.py"))]

# Longest first, so that two lanes end together.
STEPS = {
    "types (pyright)": ["pyright", *FOLDERS],
    "types (mypy)": ["mypy", "--no-error-summary", *FOLDERS],
    "house rules": ["pytest", "-q", "-m", "house", "--no-header", *HOUSE_RULES],
    "lint": ["ruff", "check", "--quiet", *FOLDERS],
    "format": ["ruff", "format", "--check", "--quiet", *FOLDERS],
    "generated pages": ["tools.generate", "--check"],
}


class Outcome(NamedTuple):
    """How one step went."""

    step: str
    passed: bool
    seconds: float
    output: str


def run(step: str) -> Outcome:
    started = time.monotonic()
    command = [sys.executable, "-m", *STEPS[step]]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return Outcome(step, done.returncode == 0, time.monotonic() - started, done.stdout)


def main() -> int:
    failed: list[Outcome] = []
    with ThreadPoolExecutor(max_workers=2) as lanes:
        for outcome in lanes.map(run, STEPS):
            print(f"{'ok    ' if outcome.passed else 'FAILED'} {outcome.step} ({outcome.seconds:.1f} s)", flush=True)
            if not outcome.passed:
                failed.append(outcome)
    for outcome in failed:
        print(f"\n--- {outcome.step}\n{outcome.output.strip()}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
