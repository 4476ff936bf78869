"""What workflows and activities are given and what they give back.

One input and one output per activity, so that each can grow a field without a second thought about
the others. All are plain frozen dataclasses: they travel as JSON in the history of the run.

`ordered_at` is in every message that changes the world: the start of the run that orders the change.
The later order wins, whatever arrives first. An activity of a run that was terminated may still be at work
when its successor's activities run; the fence keeps it from undoing what the successor did.
"""

from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, kw_only=True)
class NodeSpec:
    """What the VM is to be like. The times belong to the machine, not to the workflow's timeouts."""

    image: str = "stable"  # "broken" is an image that never boots
    allocate_ms: int = 0  # until the provider can say where the VM is
    boot_ms: int = 1_000  # from there until it is healthy
    join_ms: int = 500  # from there until it asks to join the cluster


@dataclass(frozen=True, kw_only=True)
class AddNodeInput:
    node_id: str
    spec: NodeSpec = field(default_factory=NodeSpec)


@dataclass(frozen=True, kw_only=True)
class AddNodeOutput:
    node_id: str
    vm_id: str
    joined_at: int


@dataclass(frozen=True, kw_only=True)
class DeleteNodeInput:
    node_id: str


@dataclass(frozen=True, kw_only=True)
class DeleteNodeOutput:
    node_id: str
    had_vm: bool
    was_member: bool


class Stage(StrEnum):
    """Where a run of AddNode or DeleteNode is."""

    CREATING_VM = "creating VM"
    WAITING_FOR_VM = "waiting for VM"
    WAITING_FOR_CLUSTER = "waiting for cluster"
    PUBLISHING = "publishing"
    JOINED = "joined"
    UNDOING = "undoing"
    UNDONE = "undone"


@dataclass(frozen=True, kw_only=True)
class NodeStatus:
    """The answer to the query `status`."""

    node_id: str
    stage: Stage
    vm_id: str | None  # None: no VM is known yet


@dataclass(frozen=True, kw_only=True)
class CreateVMInput:
    node_id: str
    spec: NodeSpec
    ordered_at: int


@dataclass(frozen=True, kw_only=True)
class CreateVMOutput:
    vm_id: str
    health_url: str


@dataclass(frozen=True, kw_only=True)
class WaitForVMReadyInput:
    node_id: str
    vm_id: str


@dataclass(frozen=True, kw_only=True)
class WaitForVMReadyOutput:
    ready_at: int  # nanoseconds since the epoch


@dataclass(frozen=True, kw_only=True)
class WaitForNodeToJoinClusterInput:
    node_id: str
    vm_id: str


@dataclass(frozen=True, kw_only=True)
class WaitForNodeToJoinClusterOutput:
    joined_at: int
    poll_count: int  # over all attempts


@dataclass(frozen=True, kw_only=True)
class PublishVMJoinedInput:
    node_id: str
    vm_id: str
    ordered_at: int


@dataclass(frozen=True, kw_only=True)
class PublishVMJoinedOutput:
    is_new: bool  # False: it had been published before


@dataclass(frozen=True, kw_only=True)
class DeleteVMInput:
    node_id: str
    ordered_at: int


@dataclass(frozen=True, kw_only=True)
class DeleteVMOutput:
    was_present: bool


@dataclass(frozen=True, kw_only=True)
class RemoveNodeFromClusterInput:
    node_id: str
    ordered_at: int


@dataclass(frozen=True, kw_only=True)
class RemoveNodeFromClusterOutput:
    was_member: bool


@dataclass(frozen=True, kw_only=True)
class PublishVMDeletedInput:
    node_id: str
    ordered_at: int


@dataclass(frozen=True, kw_only=True)
class PublishVMDeletedOutput:
    is_new: bool  # False: it had been published before
