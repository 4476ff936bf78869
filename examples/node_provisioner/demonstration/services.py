"""The three services of the demonstration. Each is a process with a log, in a session of its own.

The registry and the server keep their ports over a restart, as they would on machines of their own.
"""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

SOURCES = Path(__file__).parents[2]  # the folder to import `node_provisioner` from
READY_WITHIN_S = 20.0
VM_LIFETIME_S = 180.0  # VMs end by themselves, should this process die before it can delete them
NAMESPACE = "default"


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
        """SIGTERM. Returns: its exit code."""
        return self._end(signal.SIGTERM)

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


class Services:
    def __init__(self, directory: Path, server_command: Sequence[str]) -> None:
        registry_port, server_port = free_port(), free_port()
        self.directory = directory
        self.address = f"127.0.0.1:{server_port}"
        self.registry_url = f"http://127.0.0.1:{registry_port}"
        self.registry = self._module(
            "registry", "processes.registry", f"--port={registry_port}", f"--file={directory / 'members.json'}"
        )
        own = [f"--directory={directory}", f"--registry={self.registry_url}", f"--vm-lifetime-s={VM_LIFETIME_S}"]
        self.worker = self._module("worker", "worker", f"--address={self.address}", *own)
        start_dev = ["server", "start-dev", "--headless", "--port", str(server_port), "--log-level", "warn"]
        database = ["--db-filename", str(directory / "nodes.db")]
        self.server = Service([*server_command, *start_dev, *database], directory / "server.log")

    def _module(self, name: str, module: str, *arguments: str) -> Service:
        command = [sys.executable, "-m", f"node_provisioner.{module}", *arguments]
        return Service(command, self.directory / f"{name}.log")

    def running(self) -> list[str]:
        return [repr(service) for service in (self.worker, self.server, self.registry) if service.is_running]

    def kill_all(self) -> None:
        for service in (self.worker, self.server, self.registry):
            service.kill()

    async def connect(self) -> Client:
        """Wait until the server serves its namespace.

        Raises:
            ServiceError: it has ended, or takes too long.
        """
        deadline = time.monotonic() + READY_WITHIN_S
        while True:
            self.server.check_running()
            try:
                return await _connected(self.address)
            except (RPCError, RuntimeError) as error:  # the SDK's connection errors are plain RuntimeErrors
                if time.monotonic() > deadline:
                    raise ServiceError(f"no server at {self.address}, see {self.directory / 'server.log'}") from error
            await asyncio.sleep(0.05)


async def _connected(address: str) -> Client:
    client = await Client.connect(address, namespace=NAMESPACE)
    await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=NAMESPACE))
    return client


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
