"""Activities and workflows in every form, for the calls in the files beside this one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import nexusrpc

from mainspring import activity, workflow

MINUTE = timedelta(minutes=1)


@dataclass
class Order:
    node_id: str


@dataclass
class Vm:
    vm_id: str


@activity.defn
async def bare(order: Order) -> Vm:
    return Vm(order.node_id)


@activity.defn(start_to_close_timeout=MINUTE, heartbeat_timeout=timedelta(seconds=10))
async def create_vm(order: Order) -> Vm:
    return Vm(order.node_id)


@activity.defn(start_to_close_timeout=MINUTE)
async def ping() -> bool:
    return True


@activity.defn(start_to_close_timeout=MINUTE)
async def attach(vm: Vm, address: str, *more: str) -> int:
    return len((vm, address, *more))


@activity.defn(start_to_close_timeout=MINUTE)
def delete_vm(vm_id: str) -> None:
    del vm_id


class Provider:
    @activity.defn(start_to_close_timeout=MINUTE)
    async def create(self, order: Order) -> Vm:
        return Vm(order.node_id)

    @activity.defn
    def delete(self, vm_id: str) -> int:
        return len(vm_id)


@activity.defn
class Counter:
    async def __call__(self, text: str) -> int:
        return len(text)


@workflow.defn
async def add_node(order: Order) -> Vm:
    return await create_vm(order)


@workflow.defn(name="tick")
async def tick() -> int:
    return 1


@workflow.defn
class AddNode:
    @workflow.run
    async def run(self, order: Order) -> Vm:
        return Vm(order.node_id)

    @workflow.signal
    def pause(self) -> None: ...

    @workflow.signal
    async def rename(self, name: str) -> None: ...

    @workflow.query
    def name(self) -> str:
        return ""

    @workflow.update
    async def resize(self, size: int) -> str:
        return str(size)

    @resize.validator
    def check_size(self, size: int) -> None: ...


@workflow.defn
class Tick:
    @workflow.run
    async def run(self) -> int:
        return 1


@nexusrpc.service
class Prices:
    of: nexusrpc.Operation[str, int]
