"""`make conformance SUITE=path/to/sdk-python`: the official Python SDK's own tests, on Mainspring.

The suite needs packages of its own versions, so it gets an environment of its own inside `.venv`; the rest is
`tests/conformance/sdk_python.py`, whose further arguments (`--levels L0,L1`) may follow.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "tests/conformance/sdk_python_requirements.txt"
VENV = ROOT / ".venv/sdk-python"
STAMP = VENV / "fresh-for"


def suite_python() -> Path:
    """The Python that runs the suite; its environment is made when it is missing or its requirements have changed."""
    python = VENV / "bin/python"
    wanted = REQUIREMENTS.read_text("utf-8")
    if not STAMP.exists() or STAMP.read_text("utf-8") != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", "-r", str(REQUIREMENTS)], check=True)
        STAMP.write_text(wanted, "utf-8")
    return python


def main(arguments: list[str]) -> int:
    if not arguments or not Path(arguments[0], "tests").is_dir():
        print("expected the path of a checkout of the official Python SDK: make conformance SUITE=path/to/sdk-python")
        return 2
    suite, *more = arguments
    server = shlex.join([sys.executable, "-m", "mainspring", "server", "start-dev"])
    runner = [sys.executable, "-m", "tests.conformance.sdk_python", suite, str(suite_python())]
    return subprocess.run([*runner, "--server-command", server, *more], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
