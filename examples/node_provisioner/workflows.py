"""AddNode and DeleteNode.

    AddNode     CreateVM -> WaitForVMReady -> WaitForNodeToJoinCluster -> PublishVMJoined
    DeleteNode  DeleteVM -> RemoveNodeFromCluster -> PublishVMDeleted

What AddNode has done is undone if it fails or is cancelled. The workflow id of both is the node id, so that
at most one of them runs for a node at any time; DeleteNode terminates a running AddNode (`nodes.py`). A terminated
run cannot clean up after itself, so DeleteNode takes nothing for granted: it undoes by node id, whatever there is.
"""

import asyncio
from datetime import UTC, datetime, timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import FailureError

with workflow.unsafe.imports_passed_through():
    from node_provisioner.activities import NodeActivities
    from node_provisioner.messages import (
        AddNodeInput,
        AddNodeOutput,
        CreateVMInput,
        CreateVMOutput,
        DeleteNodeInput,
        DeleteNodeOutput,
        DeleteVMInput,
        NodeStatus,
        PublishVMDeletedInput,
        PublishVMJoinedInput,
        RemoveNodeFromClusterInput,
        Stage,
        WaitForNodeToJoinClusterInput,
        WaitForNodeToJoinClusterOutput,
        WaitForVMReadyInput,
    )

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

RETRY = RetryPolicy(
    initial_interval=timedelta(milliseconds=200),
    maximum_interval=timedelta(seconds=5),
    non_retryable_error_types=["OrderSupersededError", "VMBrokenError", "ValueError"],
)
# Whoever undoes must not meet an activity that is still at work, so cancellation waits until it has ended. Activities
# learn of their cancellation by their heartbeats.
WAIT_FOR_END = workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED
CREATE = workflow.ActivityConfig(
    start_to_close_timeout=timedelta(minutes=1),
    schedule_to_close_timeout=timedelta(minutes=10),
    heartbeat_timeout=timedelta(seconds=2),
    cancellation_type=WAIT_FOR_END,
    retry_policy=RETRY,
)
WAIT = workflow.ActivityConfig(
    start_to_close_timeout=timedelta(minutes=10),
    schedule_to_close_timeout=timedelta(minutes=15),
    heartbeat_timeout=timedelta(seconds=2),
    cancellation_type=WAIT_FOR_END,
    retry_policy=RETRY,
)
# No schedule-to-close timeout: what was made must be undone, however long that is impossible.
UNDO = workflow.ActivityConfig(start_to_close_timeout=timedelta(seconds=15), retry_policy=RETRY)
PUBLISH = workflow.ActivityConfig(
    start_to_close_timeout=timedelta(seconds=10),
    schedule_to_close_timeout=timedelta(minutes=10),
    retry_policy=RETRY,
)


@workflow.defn
class AddNode:
    @workflow.init
    def __init__(self, request: AddNodeInput) -> None:
        self._node_id = request.node_id
        self._ordered_at = _start_of_this_run()
        self._stage = Stage.CREATING_VM
        self._vm: CreateVMOutput | None = None
        self._may_be_published = False

    @workflow.query
    def status(self) -> NodeStatus:
        vm_id = self._vm.vm_id if self._vm else None
        return NodeStatus(node_id=self._node_id, stage=self._stage, vm_id=vm_id)

    @workflow.run
    async def run(self, request: AddNodeInput) -> AddNodeOutput:
        try:
            return await self._add(request)
        except (FailureError, asyncio.CancelledError):
            self._stage = Stage.UNDOING
            await undo(self._node_id, self._ordered_at, is_published=self._may_be_published)
            self._stage = Stage.UNDONE
            raise

    async def _add(self, request: AddNodeInput) -> AddNodeOutput:
        self._vm = vm = await self._create_vm(request)
        self._stage = Stage.WAITING_FOR_VM
        await self._wait_for_vm_ready(vm)
        self._stage = Stage.WAITING_FOR_CLUSTER
        joined = await self._wait_for_node_to_join_cluster(vm)
        self._stage = Stage.PUBLISHING
        await self._publish_vm_joined(vm)
        self._stage = Stage.JOINED
        return AddNodeOutput(node_id=self._node_id, vm_id=vm.vm_id, joined_at=joined.joined_at)

    async def _create_vm(self, request: AddNodeInput) -> CreateVMOutput:
        create = CreateVMInput(node_id=self._node_id, spec=request.spec, ordered_at=self._ordered_at)
        return await workflow.execute_activity_method(NodeActivities.create_vm, create, **CREATE)

    async def _wait_for_vm_ready(self, vm: CreateVMOutput) -> None:
        wait = WaitForVMReadyInput(node_id=self._node_id, vm_id=vm.vm_id)
        await workflow.execute_activity_method(NodeActivities.wait_for_vm_ready, wait, **WAIT)

    async def _wait_for_node_to_join_cluster(self, vm: CreateVMOutput) -> WaitForNodeToJoinClusterOutput:
        wait = WaitForNodeToJoinClusterInput(node_id=self._node_id, vm_id=vm.vm_id)
        return await workflow.execute_activity_method(NodeActivities.wait_for_node_to_join_cluster, wait, **WAIT)

    async def _publish_vm_joined(self, vm: CreateVMOutput) -> None:
        self._may_be_published = True  # before the call: it may fail after the event is out
        publish = PublishVMJoinedInput(node_id=self._node_id, vm_id=vm.vm_id, ordered_at=self._ordered_at)
        await workflow.execute_activity_method(NodeActivities.publish_vm_joined, publish, **PUBLISH)


@workflow.defn
class DeleteNode:
    @workflow.init
    def __init__(self, request: DeleteNodeInput) -> None:
        self._node_id = request.node_id
        self._stage = Stage.UNDOING

    @workflow.query
    def status(self) -> NodeStatus:
        return NodeStatus(node_id=self._node_id, stage=self._stage, vm_id=None)

    @workflow.run
    async def run(self, request: DeleteNodeInput) -> DeleteNodeOutput:
        deleted = await undo(request.node_id, _start_of_this_run(), is_published=True)
        self._stage = Stage.UNDONE
        return deleted


async def undo(node_id: str, ordered_at: int, *, is_published: bool) -> DeleteNodeOutput:
    """Take back all of AddNode. What was never done is found undone, which is as good.

    The VM goes before its membership, not after it as a strict reversal would have it: a VM joins by itself, at any
    moment of its life, so only the removal of one that has ended is final.
    """
    vm = await workflow.execute_activity_method(
        NodeActivities.delete_vm, DeleteVMInput(node_id=node_id, ordered_at=ordered_at), **UNDO
    )
    member = await workflow.execute_activity_method(
        NodeActivities.remove_node_from_cluster, RemoveNodeFromClusterInput(node_id=node_id), **UNDO
    )
    if is_published:
        publish = PublishVMDeletedInput(node_id=node_id, ordered_at=ordered_at)
        await workflow.execute_activity_method(NodeActivities.publish_vm_deleted, publish, **UNDO)
    return DeleteNodeOutput(node_id=node_id, had_vm=vm.was_present, was_member=member.was_member)


def _start_of_this_run() -> int:
    """In nanoseconds, exactly: a float of this size would round."""
    return (workflow.info().start_time - EPOCH) // timedelta(microseconds=1) * 1_000
