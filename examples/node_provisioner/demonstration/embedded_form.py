"""The workflows run in one program, which has the engine in itself, and the program is killed.

What is stored is read from its file, which holds everything. While the program is dead it is read from a copy, so that
nobody touches the original.
"""

import asyncio
import re
import shlex
import shutil
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import mainspring
from mainspring.client import Client
from node_provisioner.activities import ACTIVITIES
from node_provisioner.demonstration.forms import Histories
from node_provisioner.demonstration.services import SOURCES, Service, ServiceError, module_service
from node_provisioner.installation import Installation, using
from node_provisioner.messages import NodeSpec, Stage
from node_provisioner.nodes import TASK_QUEUE
from node_provisioner.program import FILE
from node_provisioner.timeline import read_events
from node_provisioner.workflows import WORKFLOWS

SAID = re.compile(r"^(\S+): (.*)$", re.MULTILINE)  # the program's line for each step of a node


class EmbeddedForm:
    victims = "the program"

    def __init__(self, directory: Path, arguments: Sequence[str], installation: Installation) -> None:
        self._directory = directory
        self._arguments = list(arguments)
        self._installation = installation
        self._program: Service | None = None

    @property
    def services(self) -> Sequence[Service]:
        return [] if self._program is None else [self._program]

    async def add_nodes(self, specs: Mapping[str, NodeSpec]) -> None:
        nodes = [_argument(node_id, spec) for node_id, spec in specs.items()]
        self._program = module_service("program", self._directory, [*self._arguments, *nodes])
        self._program.start()

    async def stages(self, node_ids: Sequence[str]) -> dict[str, Stage]:
        self._running().check_running()
        said = SAID.findall((self._directory / "program.log").read_text("utf-8"))
        return {node_id: Stage(stage) for node_id, stage in said if node_id in node_ids}

    async def kill(self, node_ids: Sequence[str]) -> Histories:
        self._running().kill()
        copy = self._directory / "as-it-was-killed"
        copy.mkdir()
        for part in self._directory.glob(f"{FILE}*"):
            shutil.copy(part, copy)
        return await _histories(copy / FILE, node_ids)

    async def restart(self) -> None:
        self._running().start()

    async def finish(self, node_ids: Sequence[str]) -> Histories:
        exit_code = await asyncio.to_thread(self._running().wait)
        if exit_code != 0:
            raise ServiceError(f"the program ended with {exit_code}, see {self._directory / 'program.log'}")
        return await _histories(self._directory / FILE, node_ids)

    @asynccontextmanager
    async def client(self) -> AsyncGenerator[Client]:
        """Now this very process runs the workflows, on the same file."""
        with using(self._installation):
            async with mainspring.embedded(
                self._directory / FILE, workflows=WORKFLOWS, activities=ACTIVITIES, task_queue=TASK_QUEUE
            ) as client:
                yield client

    def where_to_look(self) -> str:
        file = self._directory / FILE
        return f"""  From {SOURCES}
    {sys.executable} -m node_provisioner.timeline --file {file} node-4 node-7
  or with a server on the same file, and the official CLI
    {shlex.join([sys.executable, "-m", "mainspring"])} server start-dev --headless --db-filename {file}
    temporal workflow list
    temporal workflow show --workflow-id node-4"""

    def _running(self) -> Service:
        assert self._program is not None, "nodes are added first"
        return self._program


async def _histories(file: Path, node_ids: Sequence[str]) -> Histories:
    """What a file holds. Without workflows and activities nothing in it goes on."""
    async with mainspring.embedded(file) as client:
        return {node_id: await read_events(client, node_id) for node_id in node_ids}


def _argument(node_id: str, spec: NodeSpec) -> str:
    """A node as the program's command line has it."""
    return f"{node_id}:allocate_ms={spec.allocate_ms},boot_ms={spec.boot_ms},join_ms={spec.join_ms}"
