"""AddNode and DeleteNode: plain functions, of which each `await` is a step that a crash does not undo.

    add_node     create_vm -> wait_for_vm_ready -> wait_for_node_to_join_cluster -> publish_vm_joined
    delete_node  delete_vm -> remove_node_from_cluster -> publish_vm_deleted

What `add_node` has done is undone if it fails or is cancelled. The workflow id of both is the node id, so that at most
one of them runs for a node at any time; `delete_node` terminates a running `add_node` (`nodes.py`). A terminated run
cannot clean up after itself, so `delete_node` takes nothing for granted: it undoes by node id, whatever there is.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

from mainspring import workflow
from node_provisioner.activities import (
    create_vm,
    delete_vm,
    publish_vm_deleted,
    publish_vm_joined,
    remove_node_from_cluster,
    wait_for_node_to_join_cluster,
    wait_for_vm_ready,
)
from node_provisioner.messages import (
    AddNodeInput,
    AddNodeOutput,
    CreateVMInput,
    DeleteNodeInput,
    DeleteNodeOutput,
    DeleteVMInput,
    NodeStatus,
    PublishVMDeletedInput,
    PublishVMJoinedInput,
    RemoveNodeFromClusterInput,
    Stage,
    WaitForNodeToJoinClusterInput,
    WaitForVMReadyInput,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
STATUS = "status"


@workflow.defn(name="AddNode")
async def add_node(request: AddNodeInput) -> AddNodeOutput:
    node_id, ordered_at = request.node_id, _start_of_this_run()
    async with workflow.compensations() as undo, Progress(node_id) as progress:
        # What is added last is undone first. The VM goes before its membership: it joins by itself, at any moment of
        # its life, so only the removal of one that has ended is final.
        undo.add(progress.reach, Stage.UNDONE)
        undo.add(remove_node_from_cluster, RemoveNodeFromClusterInput(node_id=node_id, ordered_at=ordered_at))
        undo.add(delete_vm, DeleteVMInput(node_id=node_id, ordered_at=ordered_at))

        vm = await create_vm(CreateVMInput(node_id=node_id, spec=request.spec, ordered_at=ordered_at))
        await progress.reach(Stage.WAITING_FOR_VM, vm.vm_id)
        await wait_for_vm_ready(WaitForVMReadyInput(node_id=node_id, vm_id=vm.vm_id))
        await progress.reach(Stage.WAITING_FOR_CLUSTER)
        joined = await wait_for_node_to_join_cluster(WaitForNodeToJoinClusterInput(node_id=node_id, vm_id=vm.vm_id))
        await progress.reach(Stage.PUBLISHING)
        # Before the call: it may fail after the event is out.
        undo.add(publish_vm_deleted, PublishVMDeletedInput(node_id=node_id, ordered_at=ordered_at))
        await publish_vm_joined(PublishVMJoinedInput(node_id=node_id, vm_id=vm.vm_id, ordered_at=ordered_at))
        await progress.reach(Stage.JOINED)
    return AddNodeOutput(node_id=node_id, vm_id=vm.vm_id, joined_at=joined.joined_at)


@workflow.defn(name="DeleteNode")
async def delete_node(request: DeleteNodeInput) -> DeleteNodeOutput:
    node_id, ordered_at = request.node_id, _start_of_this_run()
    async with Progress(node_id, Stage.UNDOING) as progress:
        vm = await delete_vm(DeleteVMInput(node_id=node_id, ordered_at=ordered_at))
        member = await remove_node_from_cluster(RemoveNodeFromClusterInput(node_id=node_id, ordered_at=ordered_at))
        await publish_vm_deleted(PublishVMDeletedInput(node_id=node_id, ordered_at=ordered_at))
        await progress.reach(Stage.UNDONE)
    return DeleteNodeOutput(node_id=node_id, had_vm=vm.was_present, was_member=member.was_member)


class Progress:
    """Where the run is, for whoever asks by the query `status`. A block that fails is being undone."""

    def __init__(self, node_id: str, stage: Stage = Stage.CREATING_VM) -> None:
        self._node_id = node_id
        self._stage = stage
        self._vm_id: str | None = None

    async def __aenter__(self) -> Self:
        workflow.set_query_handler(STATUS, self._status)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            await self.reach(Stage.UNDOING)

    async def reach(self, stage: Stage, vm_id: str | None = None) -> None:
        """Note how far the run has come. It waits for nothing; as a coroutine it can be a compensation."""
        self._stage = stage
        self._vm_id = vm_id or self._vm_id

    def _status(self) -> NodeStatus:
        return NodeStatus(node_id=self._node_id, stage=self._stage, vm_id=self._vm_id)


WORKFLOWS: list[Callable[..., Any]] = [add_node, delete_node]


def _start_of_this_run() -> int:
    """In nanoseconds, exactly: a float of this size would round."""
    return (workflow.info().start_time - EPOCH) // timedelta(microseconds=1) * 1_000
