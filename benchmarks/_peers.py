"""The other libraries of `benchmarks/sdk.py`: where they are installed, once for all checkouts, and what is there.

    peers = found(may_install=True)     peers.python -> a Python with DBOS and Restate's SDK, peers.restate_server, ...

The folder is `MAINSPRING_BENCHMARK_PEERS`, or else one under the user's cache directory: `venv/`, `node_modules/`. What
cannot be had is missing from the table, and `skipped` says why.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec

VARIABLE = "MAINSPRING_BENCHMARK_PEERS"
PACKAGES = (
    *("dbos==3.4.0", "restate-sdk==1.3.0"),
    *("httpx==0.28.1", "hypercorn==0.18.0", "psutil==7.2.2", "uvloop==0.23.0"),
)
RESTATE_SERVER = "@restatedev/restate-server-linux-x64"
RESTATE_VERSION = "1.7.12"
INSTALLED_WITHIN_S = 600.0


class Peers(msgspec.Struct):
    """What there is; None is not there."""

    python: Path | None = None
    restate_server: Path | None = None
    postgres_programs: Path | None = None  # the folder with `initdb` and `postgres`
    skipped: list[str] = msgspec.field(default_factory=list[str])


def found(*, may_install: bool) -> Peers:
    """The peers of this machine; those that are not installed yet are, if that is allowed."""
    folder, peers = peers_folder(), Peers()
    try:
        peers.python = python_with_peers(folder, may_install=may_install)
    except PeerMissingError as error:
        peers.skipped.append(f"DBOS and Restate: {error}")
        return peers
    try:
        peers.restate_server = restate_server(folder, may_install=may_install)
    except PeerMissingError as error:
        peers.skipped.append(f"Restate: {error}")
    peers.postgres_programs = postgres_programs()
    if peers.postgres_programs is None:
        peers.skipped.append("DBOS on PostgreSQL: there is no `initdb`; on Debian, `apt install postgresql`")
    return peers


class PeerMissingError(Exception):
    """A peer is not there. The message says why, and what to do."""


def peers_folder() -> Path:
    given = os.environ.get(VARIABLE)
    if given:
        return Path(given).expanduser().resolve()
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser() / "mainspring" / "benchmark-peers"


def python_with_peers(folder: Path, *, may_install: bool) -> Path:
    """Raises PeerMissingError: it is not there, and may or can not be made."""
    python, stamp = folder / "venv" / "bin" / "python", folder / "venv" / "made-of"
    if stamp.exists() and stamp.read_text("utf-8") == "\n".join(PACKAGES):
        return python
    if not may_install:
        raise PeerMissingError("not installed yet, and a short run installs nothing")
    run([sys.executable, "-m", "venv", str(folder / "venv")])
    run([str(python), "-m", "pip", "--disable-pip-version-check", "--quiet", "install", *PACKAGES])
    stamp.write_text("\n".join(PACKAGES), "utf-8")
    return python


def restate_server(folder: Path, *, may_install: bool) -> Path:
    """Raises PeerMissingError: it is not there, and may or can not be installed."""
    package = folder / "node_modules" / RESTATE_SERVER
    binary, description = package / "bin" / "restate-server", package / "package.json"
    if description.exists() and f'"version": "{RESTATE_VERSION}"' in description.read_text("utf-8"):
        return binary
    if not may_install:
        raise PeerMissingError("its server is not installed yet, and a short run installs nothing")
    if shutil.which("npm") is None:
        raise PeerMissingError("its server comes by npm, which is not there")
    run(["npm", "install", "--silent", "--no-save", "--prefix", str(folder), f"{RESTATE_SERVER}@{RESTATE_VERSION}"])
    return binary


def postgres_programs() -> Path | None:
    """The newest PostgreSQL of the machine: of the PATH, else where Debian puts it."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return installed[-1].parent if installed else None


def run(command: list[str]) -> None:
    """Raises PeerMissingError: the command failed."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALLED_WITHIN_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PeerMissingError(f"could not be installed: {error}") from error
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise PeerMissingError(f"could not be installed, `{' '.join(command[:4])} ...` said: {''.join(last)}")
