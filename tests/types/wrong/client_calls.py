"""Calls of clients that both type checkers reject. The comment above each says what pyright complains of."""

from __future__ import annotations

from mainspring.client import Client, ScheduleActionStartWorkflow
from tests.types.definitions import AddNode, Order, Prices, Tick, add_node, tick


async def starts(client: Client, order: Order) -> None:
    # error-pyright: No overloads for "start_workflow"
    await client.start_workflow(AddNode.run, "n1", id="n1", task_queue="q")
    # error-pyright: No overloads for "start_workflow"
    await client.start_workflow(AddNode.run, id="n1", task_queue="q")
    # error-pyright: No overloads for "start_workflow"
    await client.start_workflow(Tick.run, order, id="n1", task_queue="q")
    # error-pyright: No overloads for "start_workflow"
    await client.start_workflow(add_node, "n1", id="n1", task_queue="q")
    # error-pyright: No overloads for "start_workflow"
    await client.start_workflow(tick, order, id="n1", task_queue="q")
    # error-pyright: No overloads for "start_workflow"
    await client.start_workflow(AddNode.run, order, task_queue="q")
    # error-pyright: No overloads for "start_workflow"
    await client.start_workflow(AddNode.run, order, id="n1", task_queue="q", timeout=1)
    # error-pyright: "Vm" is not assignable to "str"
    name: str = await client.execute_workflow(add_node, order, id="n1", task_queue="q")
    print(name)


async def nexus_operations(client: Client) -> None:
    prices = client.create_nexus_client(Prices, "shop")
    # error-pyright: No overloads for "execute_operation"
    await prices.execute_operation(Prices.of, 7, id="p")
    # error-pyright: No overloads for "execute_operation"
    await prices.execute_operation(Prices.of, "disk")
    # error-pyright: "int" is not assignable to "str"
    price: str = await prices.execute_operation(Prices.of, "disk", id="p")
    print(price)


async def handles(client: Client) -> None:
    handle = client.get_workflow_handle_for(AddNode.run, "n1")
    # error-pyright: No overloads for "signal"
    await handle.signal(AddNode.rename, 1)
    # error-pyright: No overloads for "signal"
    await handle.signal(AddNode.rename)
    # error-pyright: No overloads for "signal"
    await handle.signal(AddNode.pause, "more")
    # error-pyright: No overloads for "query"
    await handle.query(AddNode.name, 1)
    # error-pyright: No overloads for "execute_update"
    await handle.execute_update(AddNode.resize, "3")
    # error-pyright: No overloads for "execute_update"
    await handle.execute_update(AddNode.resize)


def schedules() -> None:
    # error-pyright: No overloads for "__init__"
    ScheduleActionStartWorkflow(AddNode.run, "n1", id="n1", task_queue="q")
