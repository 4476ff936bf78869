"""Calls that both type checkers accept, with the types of their results. Only checked, never run."""

from __future__ import annotations

import asyncio
from typing import Any, assert_type

from mainspring import activity, workflow
from tests.types.definitions import (
    MINUTE,
    AddNode,
    Counter,
    Order,
    Provider,
    Tick,
    Vm,
    add_node,
    attach,
    bare,
    create_vm,
    delete_vm,
    ping,
    tick,
)


async def plain_calls(order: Order) -> None:
    assert_type(await create_vm(order), Vm)
    assert_type(await create_vm(order=order), Vm)
    assert_type(await create_vm.execute(order), Vm)
    assert_type(await create_vm.with_options(task_queue="agents")(order), Vm)
    assert_type(await create_vm.with_options(task_queue="agents").execute(order), Vm)
    assert_type(await create_vm.start(order), Vm)
    handle = create_vm.with_options(start_to_close_timeout=MINUTE).start(order)
    _: workflow.ActivityHandle[Vm] = handle
    assert_type(await ping(), bool)
    assert_type(await attach(Vm("1"), "10.0.0.1", "10.0.0.2"), int)
    assert_type(await delete_vm.execute("1"), None)
    assert_type(await delete_vm.start("1"), None)
    both = await asyncio.gather(create_vm(order), ping())
    assert_type(both, tuple[Vm, bool])


async def methods(provider: Provider, order: Order) -> None:
    assert_type(await provider.create(order), Vm)
    assert_type(await provider.create.with_options(task_queue="agents")(order), Vm)
    assert_type(provider.delete("1"), int)
    assert_type(await workflow.execute_activity_method(Provider.create, order), Vm)
    assert_type(await workflow.execute_activity_method(Provider.delete, "1", start_to_close_timeout=MINUTE), int)
    assert_type(await workflow.start_activity_method(Provider.create, order), Vm)
    assert_type(await workflow.execute_local_activity_method(Provider.create, order), Vm)


async def started_activities(order: Order) -> None:
    assert_type(await workflow.execute_activity(bare, order, start_to_close_timeout=MINUTE), Vm)
    handle = workflow.start_activity(create_vm, order)
    assert_type(await handle, Vm)
    assert_type(await workflow.execute_activity(ping, start_to_close_timeout=MINUTE), bool)
    assert_type(await workflow.execute_activity(delete_vm, "1"), None)
    assert_type(await workflow.execute_activity(attach, args=[Vm("1"), "10.0.0.1"]), int)
    assert_type(await workflow.execute_activity("create_vm", order, result_type=Vm), Any)
    assert_type(await workflow.execute_activity_class(Counter, "abc", schedule_to_close_timeout=MINUTE), int)
    assert_type(await workflow.execute_local_activity(create_vm, order, local_retry_threshold=MINUTE), Vm)


async def children(order: Order) -> None:
    assert_type(await add_node(order), Vm)
    assert_type(await add_node.with_options(id="n1")(order), Vm)
    assert_type(await (await add_node.start(order)), Vm)
    assert_type(await tick(), int)
    assert_type(await workflow.execute_child_workflow(add_node, order), Vm)
    assert_type(await workflow.execute_child_workflow(tick, id="t"), int)
    assert_type(await workflow.execute_child_workflow(AddNode.run, order, id="n1"), Vm)
    assert_type(await workflow.execute_child_workflow(Tick.run), int)
    handle = await workflow.start_child_workflow(AddNode.run, order)
    _: workflow.ChildWorkflowHandle[AddNode, Vm] = handle
    assert_type(await handle, Vm)
    await handle.signal(AddNode.pause)
    await handle.signal(AddNode.rename, "new")


async def others() -> None:
    handle = workflow.get_external_workflow_handle_for(AddNode.run, "n1")
    assert_type(handle, workflow.ExternalWorkflowHandle[AddNode])
    await handle.signal(AddNode.rename, "new")
    await handle.signal("anything", 1)


async def undone(order: Order) -> None:
    async with workflow.compensations() as undo:
        vm = await create_vm(order)
        undo.add(delete_vm.execute, vm.vm_id)
        undo.add(attach, vm, "10.0.0.1")
        undo.add(add_node, order)


async def polled(order: Order) -> None:
    async def find() -> Vm | None:
        return Vm(order.node_id)

    assert_type(await activity.poll_until(find, 1), Vm)
    assert_type(activity.poll_until_sync(lambda: order.node_id or None, MINUTE), str)


def recorded() -> None:
    def token() -> str:
        return "random"

    assert_type(workflow.side_effect(token), str)
    assert_type(workflow.get_version("ipv6", -1, 2), int)


def next_run(order: Order) -> None:
    workflow.continue_as_new(order, workflow=add_node)


def next_run_of_a_class(order: Order) -> None:
    workflow.continue_as_new(order, workflow=AddNode.run, run_timeout=MINUTE)
