"""Makes `.venv`: the one set-up step of this repository, run by every target of the Makefile.

    python3 tools/environment.py     -> .venv (or $VENV) with the project (editable) and its `dev` extra

Needs nothing but a Python; does nothing, in a few milliseconds, while `.venv` is as fresh as `pyproject.toml`.
Runs on older Pythons too, to find a new enough one; so no current syntax in this file.
"""

from __future__ import annotations

import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
VENV = ROOT / os.environ.get("VENV", ".venv")
STAMP = VENV / "fresh-for"
OLDEST = (3, 11)
NAMES = ["python3.14", "python3.13", "python3.12", "python3.11", "python3"]


def main() -> None:
    wanted = fingerprint()
    if STAMP.exists() and STAMP.read_text(encoding="utf-8") == wanted:
        return
    started = time.monotonic()
    say(f"setting up {VENV.name} (once; takes about a minute)")
    create()
    python = str(venv_python())
    pip = [python, "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
    run([*pip, "--upgrade", "pip"])
    run([*pip, "--editable", str(ROOT) + "[dev]"])
    STAMP.write_text(wanted, encoding="utf-8")
    say(f"ready after {time.monotonic() - started:.0f} s")


def fingerprint() -> str:
    """What the environment was made from: it is made anew when this changes or the folder was moved."""
    parts = [(ROOT / "pyproject.toml").read_bytes(), str(ROOT).encode()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def create() -> None:
    if STAMP.exists() and venv_python().exists():
        return  # was complete once: pip only has to add what is new
    shutil.rmtree(str(VENV), ignore_errors=True)
    status = subprocess.call([find_python(), "-m", "venv", str(VENV)])
    if status != 0:
        shutil.rmtree(str(VENV), ignore_errors=True)
        sys.exit(f"cannot create {VENV.name}: on Debian and Ubuntu run `apt install python3-venv`, then try again")


def find_python() -> str:
    """The running Python if it is new enough, else the first on PATH that is."""
    if sys.version_info >= OLDEST:
        return sys.executable
    for name in NAMES:
        path = shutil.which(name)
        check = f"import sys; sys.exit(sys.version_info < {OLDEST!r})"
        if path and subprocess.call([path, "-c", check]) == 0:
            return path
    sys.exit("no Python of version {}.{} or newer found on PATH".format(*OLDEST))


def venv_python() -> pathlib.Path:
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def run(command: list[str]) -> None:
    status = subprocess.call(command)
    if status != 0:
        sys.exit("failed with status {}: {}".format(status, " ".join(command)))


def say(text: str) -> None:
    sys.stderr.write(f"environment: {text}\n")


if __name__ == "__main__":
    main()
