"""What an installation supplies: something that makes VMs, a cluster that they join, somebody to tell.

The activities know these three protocols and nothing behind them. An implementation must be idempotent by
node id, since an activity whose worker died is run again, and must honour `ordered_at`: a change that was ordered
before the latest one it has seen is refused (`create_vm`) or does nothing (`delete_vm`, `remove_member`, `publish`).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from node_provisioner.messages import NodeSpec


class OrderSupersededError(Exception):
    """The node was deleted by an order that is younger than this one. Trying again is useless."""


class VMBrokenError(Exception):
    """The VM will never be healthy. Trying again is useless."""


class VMState(StrEnum):
    BOOTING = "booting"
    READY = "ready"
    BROKEN = "broken"  # it says itself that it will never be ready
    GONE = "gone"  # there is no such VM, or no longer


@dataclass(frozen=True, kw_only=True)
class VM:
    node_id: str
    vm_id: str  # differs each time a VM is made for the same node
    health_url: str
    ordered_at: int


class Provider(Protocol):
    """Makes and deletes VMs, at most one for each node."""

    async def create_vm(self, node_id: str, spec: NodeSpec, *, ordered_at: int) -> VM:
        """Make the node's VM, or find the one that is there. It exists, but may still be booting.

        Raises:
            OrderSupersededError: the node was deleted by the same or a younger order. Nothing was made.
        """
        ...

    async def vm_state(self, node_id: str, vm_id: str) -> VMState:
        """How this very VM is."""
        ...

    async def delete_vm(self, node_id: str, *, ordered_at: int) -> bool:
        """Delete the node's VM, unless a younger order made it. It has ended on return, and cannot come back.

        Returns: whether there was one.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Member:
    node_id: str
    vm_id: str
    joined_at: int
    ordered_at: int  # of the VM


class Cluster(Protocol):
    """Knows its members. Nodes join it by themselves."""

    async def find_member(self, node_id: str) -> Member | None: ...

    async def remove_member(self, node_id: str, *, ordered_at: int) -> bool:
        """Forget the node, unless a younger order made its VM. Returns: whether it was a member."""
        ...


class EventKind(StrEnum):
    VM_JOINED = "VMJoined"
    VM_DELETED = "VMDeleted"


@dataclass(frozen=True, kw_only=True)
class NodeEvent:
    node_id: str
    kind: EventKind
    vm_id: str | None
    ordered_at: int


class Publisher(Protocol):
    """Tells others about nodes."""

    async def publish(self, event: NodeEvent) -> bool:
        """Tell it, once. It has been stored or taken on return. Returns: whether it was new."""
        ...
