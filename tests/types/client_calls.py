"""Calls of clients that both type checkers accept, with the types of their results. Only checked, never run."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, assert_type

from mainspring.client import (
    Client,
    ConflictChoice,
    NexusOperationHandle,
    ScheduleActionStartWorkflow,
    WithStartWorkflowOperation,
    WorkflowHandle,
    WorkflowUpdateHandle,
    WorkflowUpdateStage,
)
from mainspring.common import WorkflowIDConflictPolicy
from tests.types.definitions import AddNode, Order, Prices, Provider, Tick, Vm, add_node, create_vm, ping, tick

MINUTE = timedelta(minutes=1)


async def starts(client: Client, order: Order) -> None:
    assert_type(await client.execute_workflow(AddNode.run, order, id="n1", task_queue="q"), Vm)
    assert_type(await client.execute_workflow(Tick.run, id="n1", task_queue="q"), int)
    assert_type(await client.execute_workflow(AddNode.run, args=[order], id="n1", task_queue="q"), Vm)
    assert_type(await client.execute_workflow(add_node, order, id="n1", task_queue="q"), Vm)
    assert_type(await client.execute_workflow(tick, id="n1", task_queue="q"), int)
    assert_type(await client.execute_workflow(add_node, args=[order], id="n1", task_queue="q"), Vm)
    handle = await client.start_workflow(AddNode.run, order, id="n1", task_queue="q", run_timeout=MINUTE)
    assert_type(handle, WorkflowHandle[AddNode, Vm])
    assert_type(await client.start_workflow(add_node, order, id="n1", task_queue="q"), WorkflowHandle[Any, Vm])
    replaced = ConflictChoice.TERMINATE_IF_OTHER_TYPE
    await client.start_workflow(add_node, order, id="n1", task_queue="q", conflict=replaced)
    named = await client.start_workflow("AddNode", order, id="n1", task_queue="q", result_type=Vm)
    assert_type(named, WorkflowHandle[Any, Any])


async def handles(client: Client) -> None:
    handle = client.get_workflow_handle_for(AddNode.run, "n1")
    assert_type(handle, WorkflowHandle[AddNode, Vm])
    assert_type(client.get_workflow_handle_for(add_node, "n1"), WorkflowHandle[Any, Vm])
    assert_type(await handle.result(), Vm)
    await handle.signal(AddNode.pause)
    await handle.signal(AddNode.rename, "new", rpc_timeout=MINUTE)
    await handle.signal("rename", args=["new"])
    assert_type(await handle.query(AddNode.name), str)
    assert_type(await handle.execute_update(AddNode.resize, 3), str)
    update = await handle.start_update(AddNode.resize, 3, wait_for_stage=WorkflowUpdateStage.ACCEPTED)
    assert_type(update, WorkflowUpdateHandle[str])
    assert_type(handle.get_update_handle_for(AddNode.resize, "u"), WorkflowUpdateHandle[str])


async def updates_that_start(client: Client, order: Order) -> None:
    operation = WithStartWorkflowOperation(
        AddNode.run, order, id="n1", task_queue="q", id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING
    )
    result = await client.execute_update_with_start_workflow(AddNode.resize, 3, start_workflow_operation=operation)
    assert_type(result, str)
    assert_type(await operation.workflow_handle(), WorkflowHandle[AddNode, Vm])


async def standalone_activities(client: Client, order: Order) -> None:
    assert_type(
        await client.execute_activity(create_vm, order, id="a", task_queue="q", start_to_close_timeout=MINUTE), Vm
    )
    assert_type(await client.execute_activity(ping, id="a", task_queue="q", start_to_close_timeout=MINUTE), bool)
    assert_type(
        await client.execute_activity_method(
            Provider.create, order, id="a", task_queue="q", start_to_close_timeout=MINUTE
        ),
        Vm,
    )


async def nexus_operations(client: Client) -> None:
    prices = client.create_nexus_client(Prices, "shop")
    assert_type(await prices.execute_operation(Prices.of, "disk", id="p"), int)
    assert_type(await prices.start_operation(Prices.of, "disk", id="p"), NexusOperationHandle[int])
    named = client.create_nexus_client("Prices", "shop")
    assert_type(await named.execute_operation("of", "disk", id="p", result_type=int), int)
    assert_type(client.get_nexus_operation_handle("p", result_type=int), NexusOperationHandle[int])
    assert_type(await client.get_nexus_operation_handle("p", operation=Prices.of).result(), int)


def schedules(order: Order) -> None:
    ScheduleActionStartWorkflow(AddNode.run, order, id="n1", task_queue="q")
    ScheduleActionStartWorkflow(add_node, order, id="n1", task_queue="q")
    ScheduleActionStartWorkflow(tick, id="n1", task_queue="q")
