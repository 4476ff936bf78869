"""The activities: each does one thing to the world, through one of the three interfaces.

Each is idempotent by node id, so that running it once more does no harm: a process may die after the effect and
before its answer is stored, and then the activity is run again. Its decorator says how long it may take and how often
it is tried, so that workflows call it as the function that it is.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from mainspring import activity
from mainspring.common import RetryPolicy
from mainspring.workflow import ActivityCancellationType
from node_provisioner.installation import installed
from node_provisioner.interfaces import EventKind, NodeEvent, VMBrokenError, VMState
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
RETRY = RetryPolicy(
    initial_interval=timedelta(milliseconds=200),
    maximum_interval=timedelta(seconds=5),
    non_retryable_error_types=["OrderSupersededError", "VMBrokenError", "ValueError"],
)
# So soon it is seen that the process of an activity has died, if nobody says so.
HEARTBEAT_TIMEOUT = timedelta(seconds=2)
# Whoever undoes must not meet an activity that is still at work, so cancellation waits until it has ended. Activities
# learn of their cancellation by their heartbeats.
WAIT_FOR_END = ActivityCancellationType.WAIT_CANCELLATION_COMPLETED


# A provider can take its time to allocate a VM, and says nothing meanwhile: the worker heartbeats for it.
@activity.defn(
    name="CreateVM",
    start_to_close_timeout=timedelta(minutes=1),
    schedule_to_close_timeout=timedelta(minutes=10),
    heartbeat_timeout=HEARTBEAT_TIMEOUT,
    auto_heartbeat=True,
    cancellation_type=WAIT_FOR_END,
    retry_policy=RETRY,
)
async def create_vm(request: CreateVMInput) -> CreateVMOutput:
    vm = await installed().provider.create_vm(request.node_id, request.spec, ordered_at=request.ordered_at)
    return CreateVMOutput(vm_id=vm.vm_id, health_url=vm.health_url)


@activity.defn(
    name="WaitForVMReady",
    start_to_close_timeout=timedelta(minutes=10),
    schedule_to_close_timeout=timedelta(minutes=15),
    heartbeat_timeout=HEARTBEAT_TIMEOUT,
    cancellation_type=WAIT_FOR_END,
    retry_policy=RETRY,
)
async def wait_for_vm_ready(request: WaitForVMReadyInput) -> WaitForVMReadyOutput:
    async def is_ready() -> bool:
        state = await installed().provider.vm_state(request.node_id, request.vm_id)
        if state in (VMState.BROKEN, VMState.GONE):
            raise VMBrokenError(f"{request.vm_id} of node {request.node_id} is {state}")
        return state is VMState.READY

    await activity.poll_until(is_ready, POLL_INTERVAL_S)
    return WaitForVMReadyOutput(ready_at=time.time_ns())


@activity.defn(
    name="WaitForNodeToJoinCluster",
    start_to_close_timeout=timedelta(minutes=10),
    schedule_to_close_timeout=timedelta(minutes=15),
    heartbeat_timeout=HEARTBEAT_TIMEOUT,
    cancellation_type=WAIT_FOR_END,
    retry_policy=RETRY,
)
async def wait_for_node_to_join_cluster(request: WaitForNodeToJoinClusterInput) -> WaitForNodeToJoinClusterOutput:
    """Poll in a loop of our own: each heartbeat tells the next attempt from where to go on counting."""
    poll_count = _polls_of_earlier_attempts()
    while True:
        poll_count += 1
        activity.heartbeat(poll_count)
        member = await installed().cluster.find_member(request.node_id)
        if member is not None and member.vm_id == request.vm_id:
            return WaitForNodeToJoinClusterOutput(joined_at=member.joined_at, poll_count=poll_count)
        if await installed().provider.vm_state(request.node_id, request.vm_id) is VMState.GONE:
            raise VMBrokenError(f"{request.vm_id} of node {request.node_id} is gone and will never join")
        await asyncio.sleep(POLL_INTERVAL_S)


@activity.defn(
    name="PublishVMJoined",
    start_to_close_timeout=timedelta(seconds=10),
    schedule_to_close_timeout=timedelta(minutes=10),
    retry_policy=RETRY,
)
async def publish_vm_joined(request: PublishVMJoinedInput) -> PublishVMJoinedOutput:
    event = NodeEvent(
        node_id=request.node_id, kind=EventKind.VM_JOINED, vm_id=request.vm_id, ordered_at=request.ordered_at
    )
    return PublishVMJoinedOutput(is_new=await installed().publisher.publish(event))


# What undoes has no schedule-to-close timeout: what was made must be undone, however long that is impossible.
@activity.defn(name="DeleteVM", start_to_close_timeout=timedelta(seconds=15), retry_policy=RETRY)
async def delete_vm(request: DeleteVMInput) -> DeleteVMOutput:
    was_present = await installed().provider.delete_vm(request.node_id, ordered_at=request.ordered_at)
    return DeleteVMOutput(was_present=was_present)


@activity.defn(name="RemoveNodeFromCluster", start_to_close_timeout=timedelta(seconds=15), retry_policy=RETRY)
async def remove_node_from_cluster(request: RemoveNodeFromClusterInput) -> RemoveNodeFromClusterOutput:
    was_member = await installed().cluster.remove_member(request.node_id, ordered_at=request.ordered_at)
    return RemoveNodeFromClusterOutput(was_member=was_member)


@activity.defn(name="PublishVMDeleted", start_to_close_timeout=timedelta(seconds=15), retry_policy=RETRY)
async def publish_vm_deleted(request: PublishVMDeletedInput) -> PublishVMDeletedOutput:
    event = NodeEvent(node_id=request.node_id, kind=EventKind.VM_DELETED, vm_id=None, ordered_at=request.ordered_at)
    return PublishVMDeletedOutput(is_new=await installed().publisher.publish(event))


ACTIVITIES: list[Callable[..., Any]] = [
    create_vm,
    wait_for_vm_ready,
    wait_for_node_to_join_cluster,
    publish_vm_joined,
    delete_vm,
    remove_node_from_cluster,
    publish_vm_deleted,
]


def _polls_of_earlier_attempts() -> int:
    details = activity.info().heartbeat_details
    return int(details[0]) if details else 0
