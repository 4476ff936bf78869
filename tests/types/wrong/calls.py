"""Calls that both type checkers reject. The comment above each says what pyright complains of."""

from __future__ import annotations

from datetime import timedelta

from mainspring import activity, workflow
from tests.types.definitions import (
    AddNode,
    Order,
    Provider,
    Tick,
    Vm,
    add_node,
    attach,
    create_vm,
    delete_vm,
    ping,
    tick,
)


async def plain_calls(order: Order) -> None:
    # error-pyright: is not assignable to "Order"
    await create_vm("n1")
    # error-pyright: Argument missing for parameter "order"
    await create_vm()
    # error-pyright: Expected 1 positional argument
    await create_vm(order, order)
    # error-pyright: No parameter named "size"
    await create_vm(order, size=1)
    # error-pyright: "Vm" is not assignable to "str"
    name: str = await create_vm(order)
    # error-pyright: "None" is not awaitable
    await delete_vm("1")
    # error-pyright: is not assignable to "str"
    await delete_vm.execute(1)
    # error-pyright: Expected 0 positional arguments
    await ping(order)
    # error-pyright: Cannot access attribute "node_id" for class "Vm"
    print((await create_vm(order)).node_id, name)


async def options(order: Order) -> None:
    # error-pyright: No parameter named "timeout"
    await create_vm.with_options(timeout=timedelta(1))(order)
    # error-pyright: is not assignable to "timedelta"
    await create_vm.with_options(start_to_close_timeout=1)(order)
    # error-pyright: is not assignable to "Order"
    await create_vm.with_options(task_queue="agents")("n1")
    # error-pyright: is not assignable to "Order"
    await create_vm.start("n1")


async def methods(provider: Provider, order: Order) -> None:
    # error-pyright: is not assignable to "Order"
    await provider.create("n1")
    # error-pyright: No overloads for "execute_activity_method"
    await workflow.execute_activity_method(Provider.create, "n1")
    # error-pyright: "Vm" is not assignable to "str"
    name: str = await workflow.execute_activity_method(Provider.create, order)
    print(name)


async def started_activities(order: Order) -> None:
    # error-pyright: No overloads for "execute_activity"
    await workflow.execute_activity(create_vm, "n1")
    # error-pyright: No overloads for "execute_activity"
    await workflow.execute_activity(create_vm)
    # error-pyright: No overloads for "execute_activity"
    await workflow.execute_activity(ping, order)
    # error-pyright: No overloads for "execute_activity"
    await workflow.execute_activity(create_vm, order, timeout=timedelta(1))
    # error-pyright: No overloads for "start_activity"
    workflow.start_activity(delete_vm, 1)
    # error-pyright: No overloads for "execute_local_activity"
    await workflow.execute_local_activity(create_vm, order, heartbeat_timeout=timedelta(1))
    # error-pyright: "Vm" is not assignable to "str"
    name: str = await workflow.execute_activity(create_vm, order)
    print(name)


async def children(order: Order) -> None:
    # error-pyright: is not assignable to "Order"
    await add_node("n1")
    # error-pyright: Argument missing for parameter "order"
    await add_node()
    # error-pyright: "Vm" is not assignable to "str"
    name: str = await add_node(order)
    # error-pyright: No parameter named "timeout"
    await add_node.with_options(timeout=timedelta(1))(order)
    # error-pyright: No overloads for "execute_child_workflow"
    await workflow.execute_child_workflow(add_node, "n1")
    # error-pyright: No overloads for "execute_child_workflow"
    await workflow.execute_child_workflow(add_node)
    # error-pyright: No overloads for "execute_child_workflow"
    await workflow.execute_child_workflow(tick, order)
    # error-pyright: No overloads for "execute_child_workflow"
    await workflow.execute_child_workflow(AddNode.run, "n1")
    # error-pyright: No overloads for "execute_child_workflow"
    await workflow.execute_child_workflow(AddNode.run)
    # error-pyright: No overloads for "execute_child_workflow"
    await workflow.execute_child_workflow(Tick.run, order)
    # error-pyright: "Vm" is not assignable to "str"
    name = await workflow.execute_child_workflow(AddNode.run, order)
    print(name)


async def signals(order: Order) -> None:
    handle = await workflow.start_child_workflow(AddNode.run, order)
    # error-pyright: No overloads for "signal"
    await handle.signal(AddNode.rename, 1)
    # error-pyright: No overloads for "signal"
    await handle.signal(AddNode.rename)
    # error-pyright: Cannot access attribute "unknown" for class "type\[AddNode\]"
    await handle.signal(AddNode.unknown)
    # error-pyright: No overloads for "signal"
    await handle.signal(Tick.run)
    external = workflow.get_external_workflow_handle_for(AddNode.run, "n1")
    # error-pyright: No overloads for "signal"
    await external.signal(AddNode.rename, 1)


async def undone(order: Order) -> None:
    async with workflow.compensations() as undo:
        # error-pyright: is not assignable to "str"
        undo.add(delete_vm.execute, 1)
        # error-pyright: Argument missing for parameter "address"
        undo.add(attach, Vm("1"))
        # error-pyright: Argument of type .* cannot be assigned to parameter "undo"
        undo.add(delete_vm, "1")


def next_run(order: Order) -> None:
    # error-pyright: No overloads for "continue_as_new"
    workflow.continue_as_new("n1", workflow=add_node)


def next_run_of_a_class(order: Order) -> None:
    # error-pyright: No overloads for "continue_as_new"
    workflow.continue_as_new(1, workflow=AddNode.run)


class Definitions:
    # error-pyright: is not assignable to "timedelta"
    @activity.defn(start_to_close_timeout=1)
    async def seconds(self) -> None: ...

    # error-pyright: Argument of type
    @workflow.run
    def plain(self) -> None: ...
