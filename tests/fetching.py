"""Fetches, and compiles, what an official SDK of another language stands on, by that language's own tool.

A registry that does not answer must cost a skip with its reason, never the time of the whole test run.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

FETCH_LIMIT_S = 120
MOST_SAID = 300  # characters: the rest is advice


def why_not_fetched(command: list[str], directory: Path, *, limit_s: float = FETCH_LIMIT_S) -> str | None:
    """Run `command` in `directory`. None if it did what it should, or the reason, as it gave it itself."""
    try:
        fetched = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False, timeout=limit_s)
    except subprocess.TimeoutExpired:
        return f"`{Path(command[0]).name}` had not ended after {limit_s:g} s"
    said = fetched.stderr.strip() or fetched.stdout.strip()
    return None if fetched.returncode == 0 else said[:MOST_SAID]
