"""The processes of the demonstration. Each has a log, and a session of its own."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

SOURCES = Path(__file__).parents[2]  # the folder to import `node_provisioner` from
VM_LIFETIME_S = 180.0  # VMs end by themselves, should this process die before it can delete them


class ServiceError(Exception):
    """A service ended, or is not ready in time. The message says where its log is."""


class Service:
    def __init__(self, command: Sequence[str], log: Path) -> None:
        self._command = list(command)
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def __repr__(self) -> str:
        return f"Service({' '.join(self._command)})"

    @property
    def command(self) -> list[str]:
        return self._command

    def start(self) -> None:
        paths = [str(SOURCES), *filter(None, [os.environ.get("PYTHONPATH")])]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                start_new_session=True,
            )

    def kill(self) -> None:
        """SIGKILL, to it and its children. Nothing happens if it does not run."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """SIGTERM. Returns: its exit code; 0 if it does not run."""
        return self._end(signal.SIGTERM)

    def wait(self) -> int:
        """Wait until it ends by itself, or by another's hand. Returns: its exit code."""
        process = self._process
        return process.wait() if process is not None else 0

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def check_running(self) -> None:
        if not self.is_running:
            raise ServiceError(f"{self._command} has ended, see {self._log}")

    def _end(self, signal_number: signal.Signals) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        if process.poll() is None:
            os.killpg(process.pid, signal_number)
        try:
            return process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return process.wait()


def module_service(name: str, directory: Path, arguments: Sequence[str], *, module: str = "") -> Service:
    """A module of the example, as a process with the log `NAME.log`."""
    command = [sys.executable, "-m", f"node_provisioner.{module or name}", *arguments]
    return Service(command, directory / f"{name}.log")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
