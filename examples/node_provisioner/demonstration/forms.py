"""Who runs the workflows: a program with the engine in itself, or a server and a worker. The acts are the same."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from temporalio.api.history.v1 import HistoryEvent

from mainspring.client import Client
from node_provisioner.demonstration.services import Service
from node_provisioner.messages import NodeSpec, Stage

Histories = Mapping[str, Sequence[HistoryEvent]]


class Form(Protocol):
    """Everything that dies in the first act, and the way to what it has stored."""

    @property
    def victims(self) -> str:
        """What is killed, in words."""
        ...

    @property
    def services(self) -> Sequence[Service]:
        """Its processes, to be ended at the very end, the first one first."""
        ...

    async def add_nodes(self, specs: Mapping[str, NodeSpec]) -> None:
        """Start it all, and begin to add the nodes."""
        ...

    async def stages(self, node_ids: Sequence[str]) -> dict[str, Stage]:
        """How far each node is, as far as is known."""
        ...

    async def kill(self, node_ids: Sequence[str]) -> Histories:
        """SIGKILL. Returns: what is stored of each node at that moment."""
        ...

    async def restart(self) -> None:
        """Start again what was killed; what was unfinished goes on."""
        ...

    async def finish(self, node_ids: Sequence[str]) -> Histories:
        """Wait until all nodes are added. Returns: what is stored then."""
        ...

    def client(self) -> AbstractAsyncContextManager[Client]:
        """A client for the second act, with somebody who runs the workflows."""
        ...

    def where_to_look(self) -> str:
        """How to see more, for people."""
        ...
