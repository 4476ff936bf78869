"""The servers that peers of `benchmarks/sdk.py` need, each on free ports and in a folder that goes with it.

    with postgres(programs) as server:       with restate(binary) as server:       server.targets, server.pid

As they come: PostgreSQL and Restate's server sync to the disk by default. PostgreSQL refuses to run as root, so for
root it is run as a user that has no rights.
"""

from __future__ import annotations

import os
import pwd
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from tests.server_process import free_port

READY_WITHIN_S = 60.0
ENDS_WITHIN_S = 20.0
ASK_AGAIN_S = 0.1


class PeerServer(msgspec.Struct):
    """A server that is ready."""

    targets: list[str]  # what a driver is told
    pid: int


@contextmanager
def postgres(programs: Path) -> Generator[PeerServer]:
    """A new PostgreSQL; its target is the URL of a database that need not be there yet."""
    user, port = unprivileged_user(), free_port()
    with tempfile.TemporaryDirectory(prefix="mainspring-postgres-", ignore_cleanup_errors=True) as folder:
        if user is not None:
            os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
        files = str(Path(folder) / "data")
        made = subprocess.run(
            [str(programs / "initdb"), "-D", files, "-U", "bench", "--auth=trust", "-E", "UTF8", "--locale=C"],
            user=user,
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode:
            raise RuntimeError(f"initdb failed: {made.stderr}")
        command = [str(programs / "postgres"), "-D", files, "-k", folder, "-h", "127.0.0.1", "-p", str(port)]
        with running(command, Path(folder), lambda: answers_tcp(port), user=user) as pid:
            yield PeerServer([f"postgresql://bench@127.0.0.1:{port}/bench"], pid)


@contextmanager
def restate(binary: Path) -> Generator[PeerServer]:
    """A new Restate server; its targets are the URLs of its ingress and of its administration."""
    ingress, admin, node = free_port(), free_port(), free_port()
    with tempfile.TemporaryDirectory(prefix="mainspring-restate-", ignore_cleanup_errors=True) as folder:
        environment = {
            "RESTATE_INGRESS__BIND_ADDRESS": f"127.0.0.1:{ingress}",
            "RESTATE_ADMIN__BIND_ADDRESS": f"127.0.0.1:{admin}",
            "RESTATE_BIND_ADDRESS": f"127.0.0.1:{node}",
            "RESTATE_ADVERTISED_ADDRESS": f"http://127.0.0.1:{node}",
            "RESTATE_LISTEN_MODE": "tcp",
            "RESTATE_DISABLE_TELEMETRY": "true",
        }
        command = [str(binary), "--no-logo", "--base-dir", folder]
        urls = [f"http://127.0.0.1:{ingress}", f"http://127.0.0.1:{admin}"]

        def is_ready() -> bool:
            return answers_http(f"{urls[0]}/restate/health") and answers_http(f"{urls[1]}/health")

        with running(command, Path(folder), is_ready, environment=environment) as pid:
            yield PeerServer(urls, pid)


@contextmanager
def running(
    command: Sequence[str],
    folder: Path,
    is_ready: Callable[[], bool],
    *,
    user: str | None = None,
    environment: dict[str, str] | None = None,
) -> Generator[int]:
    """The process of a server, from when it is ready; its log is `folder`/server.log.

    Raises: RuntimeError: it ended, or was not ready in time. The message holds its log.
    """
    log_path = folder / "server.log"
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, cwd=folder, user=user, env=os.environ | (environment or {})
        )
    try:
        until = time.monotonic() + READY_WITHIN_S
        while not is_ready():
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{command[0]} did not get ready:\n{log_path.read_text('utf-8', 'replace')}")
            time.sleep(ASK_AGAIN_S)
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def unprivileged_user() -> str | None:
    """For root, a user to run PostgreSQL as; for others, None: themselves."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in names)


def answers_tcp(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def answers_http(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False
