"""The activities: each does one thing to the world, through one of the three interfaces.

Each is idempotent by node id, so that running it once more does no harm: a worker may die after the effect and
before its answer, and then the server hands the activity to another one. Waits heartbeat with the number of
polls so far; the next attempt goes on counting from there.
"""

import asyncio
from dataclasses import dataclass

from temporalio import activity

from node_provisioner.interfaces import Cluster, EventKind, NodeEvent, Provider, Publisher, VMBrokenError, VMState
from node_provisioner.messages import (
    CreateVMInput,
    CreateVMOutput,
    DeleteVMInput,
    DeleteVMOutput,
    PublishVMDeletedInput,
    PublishVMDeletedOutput,
    PublishVMJoinedInput,
    PublishVMJoinedOutput,
    RemoveNodeFromClusterInput,
    RemoveNodeFromClusterOutput,
    WaitForNodeToJoinClusterInput,
    WaitForNodeToJoinClusterOutput,
    WaitForVMReadyInput,
    WaitForVMReadyOutput,
)

POLL_INTERVAL_S = 0.1
HEARTBEAT_INTERVAL_S = 0.5


@dataclass(frozen=True)
class NodeActivities:
    provider: Provider
    cluster: Cluster
    publisher: Publisher

    @activity.defn(name="CreateVM")
    async def create_vm(self, request: CreateVMInput) -> CreateVMOutput:
        # A provider can take its time to allocate a VM. Without heartbeats, the death of this worker
        # would only be noticed at the start-to-close timeout.
        beating = asyncio.create_task(_keep_heartbeating())
        try:
            vm = await self.provider.create_vm(request.node_id, request.spec, ordered_at=request.ordered_at)
        finally:
            beating.cancel()
        return CreateVMOutput(vm_id=vm.vm_id, health_url=vm.health_url)

    @activity.defn(name="WaitForVMReady")
    async def wait_for_vm_ready(self, request: WaitForVMReadyInput) -> WaitForVMReadyOutput:
        poll_count = _polls_of_earlier_attempts()
        while True:
            poll_count += 1
            activity.heartbeat(poll_count)
            state = await self.provider.vm_state(request.node_id, request.vm_id)
            if state is VMState.READY:
                return WaitForVMReadyOutput(poll_count=poll_count)
            if state in (VMState.BROKEN, VMState.GONE):
                raise VMBrokenError(f"{request.vm_id} of node {request.node_id} is {state}")
            await asyncio.sleep(POLL_INTERVAL_S)

    @activity.defn(name="WaitForNodeToJoinCluster")
    async def wait_for_node_to_join_cluster(
        self, request: WaitForNodeToJoinClusterInput
    ) -> WaitForNodeToJoinClusterOutput:
        poll_count = _polls_of_earlier_attempts()
        while True:
            poll_count += 1
            activity.heartbeat(poll_count)
            member = await self.cluster.find_member(request.node_id)
            if member is not None and member.vm_id == request.vm_id:
                return WaitForNodeToJoinClusterOutput(joined_at=member.joined_at, poll_count=poll_count)
            if await self.provider.vm_state(request.node_id, request.vm_id) is VMState.GONE:
                raise VMBrokenError(f"{request.vm_id} of node {request.node_id} is gone and will never join")
            await asyncio.sleep(POLL_INTERVAL_S)

    @activity.defn(name="PublishVMJoined")
    async def publish_vm_joined(self, request: PublishVMJoinedInput) -> PublishVMJoinedOutput:
        event = NodeEvent(
            node_id=request.node_id, kind=EventKind.VM_JOINED, vm_id=request.vm_id, ordered_at=request.ordered_at
        )
        return PublishVMJoinedOutput(is_new=await self.publisher.publish(event))

    @activity.defn(name="DeleteVM")
    async def delete_vm(self, request: DeleteVMInput) -> DeleteVMOutput:
        was_present = await self.provider.delete_vm(request.node_id, ordered_at=request.ordered_at)
        return DeleteVMOutput(was_present=was_present)

    @activity.defn(name="RemoveNodeFromCluster")
    async def remove_node_from_cluster(self, request: RemoveNodeFromClusterInput) -> RemoveNodeFromClusterOutput:
        return RemoveNodeFromClusterOutput(was_member=await self.cluster.remove_member(request.node_id))

    @activity.defn(name="PublishVMDeleted")
    async def publish_vm_deleted(self, request: PublishVMDeletedInput) -> PublishVMDeletedOutput:
        event = NodeEvent(node_id=request.node_id, kind=EventKind.VM_DELETED, vm_id=None, ordered_at=request.ordered_at)
        return PublishVMDeletedOutput(is_new=await self.publisher.publish(event))


def _polls_of_earlier_attempts() -> int:
    details = activity.info().heartbeat_details
    return int(details[0]) if details else 0


async def _keep_heartbeating() -> None:
    while True:
        activity.heartbeat()
        await asyncio.sleep(HEARTBEAT_INTERVAL_S)
