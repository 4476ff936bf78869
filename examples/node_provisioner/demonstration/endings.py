"""Second act. Four ways in which a node comes to its end, at the same time.

node-7  DeleteNode while its AddNode still runs, which a second AddNode had joined: that one ends, and is undone
node-8  its image is broken: AddNode fails and undoes what it had done
node-9  AddNode is cancelled: the same
node-1  DeleteNode long after it was added, twice: the second finds nothing to do
"""

import asyncio
from dataclasses import dataclass
from typing import Any

from mainspring.client import Client, WorkflowExecutionStatus, WorkflowFailureError, WorkflowHandle
from node_provisioner.demonstration.evidence import Checks, World
from node_provisioner.messages import AddNodeInput, AddNodeOutput, NodeSpec, Stage
from node_provisioner.nodes import start_add_node, start_delete_node, status_of
from node_provisioner.timeline import RunRecord, read_runs

NEVER_MS = 600_000
STAGE_WITHIN_S = 15.0
NODE_IDS = ["node-7", "node-8", "node-9", "node-1"]

Adding = WorkflowHandle[Any, AddNodeOutput]


@dataclass(frozen=True)
class Endings:
    client: Client
    world: World
    checks: Checks

    async def run(self) -> list[RunRecord]:
        """All four. Returns: their runs; those of node-1 include the one of the first act."""
        await asyncio.gather(self._delete_while_adding(), self._broken(), self._cancelled(), self._delete_at_last())
        runs = [await read_runs(self.client, node_id) for node_id in NODE_IDS]
        return [run for of_one_node in runs for run in of_one_node]

    async def _delete_while_adding(self) -> None:
        adding = await self._add("node-7", NodeSpec(boot_ms=NEVER_MS))
        await self._reaches("node-7", Stage.WAITING_FOR_VM)
        again = await self._add("node-7", NodeSpec())
        self.checks.check(
            "node-7: a second AddNode joins the first",
            again.first_execution_run_id == adding.first_execution_run_id,
            (adding.first_execution_run_id, again.first_execution_run_id),
        )
        deleting = await start_delete_node(self.client, "node-7")
        deleted = await deleting.result()
        ended = await self.client.get_workflow_handle("node-7", run_id=adding.first_execution_run_id).describe()
        self.checks.check(
            "node-7: DeleteNode has ended the running AddNode and taken the half-made VM away",
            ended.status is WorkflowExecutionStatus.TERMINATED and deleted.had_vm and await self._is_gone("node-7"),
            (ended.status, deleted),
        )
        events = self.world.events_of("node-7")
        self.checks.check("node-7: only VMDeleted was published", events == ["VMDeleted"], events)

    async def _broken(self) -> None:
        adding = await self._add("node-8", NodeSpec(image="broken", boot_ms=300))
        self.checks.check(
            "node-8: its VM is broken, so AddNode fails, and its VM is gone again, nothing published",
            await _fails(adding) and await self._is_gone("node-8") and not self.world.events_of("node-8"),
            (self.world.provider.pid("node-8"), self.world.events_of("node-8")),
        )
        await self._check_undone("node-8")

    async def _cancelled(self) -> None:
        adding = await self._add("node-9", NodeSpec(boot_ms=300, join_ms=NEVER_MS))
        await self._reaches("node-9", Stage.WAITING_FOR_CLUSTER)
        await adding.cancel()
        failed = await _fails(adding)
        status = (await adding.describe()).status
        self.checks.check(
            "node-9: AddNode is cancelled, and its VM is gone again",
            failed and status is WorkflowExecutionStatus.CANCELED and await self._is_gone("node-9"),
            status,
        )
        await self._check_undone("node-9")

    async def _delete_at_last(self) -> None:
        first = await (await start_delete_node(self.client, "node-1")).result()
        self.checks.check(
            "node-1: DeleteNode takes the finished node out of the cluster and its VM away",
            first.had_vm and first.was_member and await self._is_gone("node-1"),
            first,
        )
        again = await (await start_delete_node(self.client, "node-1")).result()
        events = self.world.events_of("node-1")
        self.checks.check(
            "node-1: DeleteNode once more finds nothing to do",
            not again.had_vm and not again.was_member and events == ["VMJoined", "VMDeleted"],
            (again, events),
        )

    async def _add(self, node_id: str, spec: NodeSpec) -> Adding:
        return await start_add_node(self.client, AddNodeInput(node_id=node_id, spec=spec))

    async def _is_gone(self, node_id: str) -> bool:
        is_member = await self.world.is_member(node_id)
        return not is_member and not await asyncio.to_thread(self.world.provider.exists, node_id)

    async def _reaches(self, node_id: str, stage: Stage) -> None:
        async with asyncio.timeout(STAGE_WITHIN_S):
            while (await status_of(self.client, node_id)).stage is not stage:  # noqa: ASYNC110  # nobody tells
                await asyncio.sleep(0.1)

    async def _check_undone(self, node_id: str) -> None:
        status = await status_of(self.client, node_id)  # a closed run answers from its history
        self.checks.check(
            f"{node_id}: the query `status` says that all was undone", status.stage is Stage.UNDONE, status
        )


async def _fails(adding: Adding) -> bool:
    try:
        await adding.result()
    except WorkflowFailureError:
        return True
    return False
