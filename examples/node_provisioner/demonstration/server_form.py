"""The workflows run in a worker, against a server: two processes, and both are killed."""

import asyncio
import shlex
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest

from mainspring.client import Client
from mainspring.service import RPCError
from node_provisioner.demonstration.forms import Histories
from node_provisioner.demonstration.services import SOURCES, Service, ServiceError, free_port, module_service
from node_provisioner.messages import AddNodeInput, NodeSpec, Stage
from node_provisioner.nodes import start_add_node, status_of
from node_provisioner.timeline import read_events

READY_WITHIN_S = 30.0
NAMESPACE = "default"


class ServerForm:
    victims = "the worker and the server"

    def __init__(self, directory: Path, installation: Sequence[str], server_command: Sequence[str]) -> None:
        port = free_port()
        self._address = f"127.0.0.1:{port}"
        self._directory = directory
        start_dev = ["server", "start-dev", "--headless", "--port", str(port), "--log-level", "warn"]
        database = ["--db-filename", str(directory / "nodes.db")]
        self._server = Service([*server_command, *start_dev, *database], directory / "server.log")
        self._worker = module_service("worker", directory, [f"--address={self._address}", *installation])

    @property
    def services(self) -> Sequence[Service]:
        return [self._worker, self._server]

    async def add_nodes(self, specs: Mapping[str, NodeSpec]) -> None:
        await self.restart()
        client = await self._connect()
        requests = [AddNodeInput(node_id=node_id, spec=spec) for node_id, spec in specs.items()]
        await asyncio.gather(*(start_add_node(client, request) for request in requests))

    async def stages(self, node_ids: Sequence[str]) -> dict[str, Stage]:
        client = await self._connect()
        answers = await asyncio.gather(*(status_of(client, node_id) for node_id in node_ids))
        return {status.node_id: status.stage for status in answers}

    async def kill(self, node_ids: Sequence[str]) -> Histories:
        histories = await self._histories(node_ids)
        self._worker.kill()
        self._server.kill()
        return histories

    async def restart(self) -> None:
        self._server.start()
        await self._connect()
        self._worker.start()

    async def finish(self, node_ids: Sequence[str]) -> Histories:
        client = await self._connect()
        await asyncio.gather(*(client.get_workflow_handle(node_id).result() for node_id in node_ids))
        return await self._histories(node_ids)

    @asynccontextmanager
    async def client(self) -> AsyncGenerator[Client]:
        yield await self._connect()

    def where_to_look(self) -> str:
        return f"""  Start the same server on the same file
    {shlex.join(self._server.command)}
  and then, from {SOURCES}
    {sys.executable} -m node_provisioner.timeline --address {self._address} node-4 node-7
  or with the official CLI
    temporal workflow list --address {self._address}
    temporal workflow show --address {self._address} --workflow-id node-4"""

    async def _histories(self, node_ids: Sequence[str]) -> Histories:
        client = await self._connect()
        return {node_id: await read_events(client, node_id) for node_id in node_ids}

    async def _connect(self) -> Client:
        """Wait until the server serves its namespace.

        Raises:
            ServiceError: it has ended, or takes too long.
        """
        try:
            async with asyncio.timeout(READY_WITHIN_S):
                return await self._connected()
        except TimeoutError as error:
            raise ServiceError(f"no server at {self._address}, see {self._directory / 'server.log'}") from error

    async def _connected(self) -> Client:
        while True:
            self._server.check_running()
            try:
                client = await Client.connect(self._address, namespace=NAMESPACE)
                await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=NAMESPACE))
            except (RPCError, RuntimeError):  # a connection that fails is a plain RuntimeError
                await asyncio.sleep(0.05)
            else:
                return client
