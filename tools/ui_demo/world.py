"""A small provisioner: nodes are added to racks, racks to a fleet; orders wait for a person; some things go wrong."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from mainspring import activity, workflow
from mainspring.common import RetryPolicy
from mainspring.exceptions import ApplicationError

QUEUE = "provisioning"
LONG = timedelta(hours=1)


@dataclass
class Node:
    """What a node is asked to be."""

    name: str
    image: str = "debian-12"
    cores: int = 8
    serial: int = 9_007_199_254_740_993  # more than a browser's numbers hold


@activity.defn(start_to_close_timeout=timedelta(seconds=30))
async def create_machine(node: Node) -> str:
    await asyncio.sleep(random.uniform(0.1, 0.8))
    return f"vm-{node.name}"


@activity.defn(start_to_close_timeout=timedelta(seconds=30))
async def install(machine: str, image: str) -> str:
    await asyncio.sleep(random.uniform(0.2, 1.5))
    return f"{image} on {machine}"


@activity.defn(
    start_to_close_timeout=timedelta(seconds=5),
    retry_policy=RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=20)),
)
async def register_name(machine: str) -> str:
    if "rack-2" in machine:
        raise ApplicationError("the name server answered SERVFAIL for 10.0.2.0/24", type="NameServerError")
    return f"{machine}.example.net"


@activity.defn(start_to_close_timeout=LONG, heartbeat_timeout=timedelta(seconds=30))
async def copy_disk(machine: str) -> int:
    for percent in range(100):
        activity.heartbeat({"machine": machine, "percent": percent})
        await asyncio.sleep(3)
    return 100


@activity.defn(start_to_close_timeout=timedelta(seconds=5), retry_policy=RetryPolicy(maximum_attempts=2))
async def reserve_rack(rack: str) -> str:
    raise ApplicationError(f"{rack} has no free slot", {"rack": rack, "free": 0}, type="NoRoom")


@workflow.defn
class AddNode:
    """Adds a node; the name server of rack 2 fails."""

    @workflow.run
    async def run(self, node: Node) -> str:
        machine = await create_machine(node)
        await install(machine, node.image)
        return await register_name(machine)


@workflow.defn
class AddRack:
    """Adds the nodes of a rack, one child each."""

    @workflow.run
    async def run(self, rack: str, count: int) -> int:
        nodes = [Node(f"{rack}-node-{number}") for number in range(count)]
        names = await asyncio.gather(
            *(workflow.execute_child_workflow(AddNode.run, node, id=f"add-{node.name}") for node in nodes)
        )
        return len(names)


@workflow.defn
class BuildFleet:
    """Racks as children, nodes as their children."""

    @workflow.run
    async def run(self, fleet: str, racks: int) -> int:
        counts = await asyncio.gather(
            *(
                workflow.execute_child_workflow(
                    AddRack.run, args=[f"{fleet}-rack-{number}", number + 1], id=f"{fleet}-rack-{number}"
                )
                for number in range(racks)
            )
        )
        return sum(counts)


@workflow.defn
class ApproveOrder:
    """Waits for a person, by a signal; answers queries, takes updates."""

    def __init__(self) -> None:
        self.state = "waiting for approval"
        self.limit = 1_000

    @workflow.run
    async def run(self, order: str) -> str:
        await workflow.wait_condition(lambda: self.state != "waiting for approval")
        await workflow.sleep(1)
        return f"{order}: {self.state}"

    @workflow.signal
    def approve(self, by: str) -> None:
        self.state = f"approved by {by}"

    @workflow.query
    def status(self) -> str:
        return self.state

    @workflow.update
    def set_limit(self, limit: int) -> int:
        self.limit, before = limit, self.limit
        return before


@workflow.defn
class ReserveRack:
    """Fails, since there is no room."""

    @workflow.run
    async def run(self, rack: str) -> str:
        return await reserve_rack(rack)


@workflow.defn
class RemindLater:
    """Sleeps for hours."""

    @workflow.run
    async def run(self, hours: int) -> None:
        await workflow.sleep(hours * 3_600)


@workflow.defn
class MoveDisk:
    """A long activity that tells how far it is."""

    @workflow.run
    async def run(self, machine: str) -> int:
        return await copy_disk(machine)


@workflow.defn
class ShipOrder:
    """Its code has a bug, so that its task fails again and again until the bug is mended."""

    @workflow.run
    async def run(self, order: str) -> str:
        prices: dict[str, int] = {}
        return str(prices[order])


WORKFLOWS = [AddNode, AddRack, BuildFleet, ApproveOrder, ReserveRack, RemindLater, MoveDisk, ShipOrder]
ACTIVITIES: list[Callable[..., Any]] = [create_machine, install, register_name, copy_disk, reserve_rack]
