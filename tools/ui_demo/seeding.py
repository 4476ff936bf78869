"""Fills a server with the example world, and keeps it alive."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest

from mainspring.client import Client
from mainspring.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes
from mainspring.worker import Worker
from tools.ui_demo import world

CUSTOMER = SearchAttributeKey.for_keyword("Customer")


@asynccontextmanager
async def seeded(grpc: str) -> AsyncGenerator[Client]:
    """A client of the server, with a worker beside it and the world begun."""
    client = await Client.connect(grpc)
    await client.operator_service.add_search_attributes(
        AddSearchAttributesRequest(
            namespace="default",
            search_attributes={"Customer": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD},
        )
    )
    async with Worker(
        client,
        task_queue=world.QUEUE,
        workflows=world.WORKFLOWS,
        activities=world.ACTIVITIES,
        identity="provisioner-1@rack-0",
    ):
        await begin(client)
        yield client


async def begin(client: Client) -> None:
    """One of each kind: some finish, some fail, some wait."""
    queue = world.QUEUE
    await client.start_workflow(world.BuildFleet.run, args=["fleet-a", 3], id="fleet-a", task_queue=queue)
    for number, customer in enumerate(["Ada", "Grace", "Edsger"]):
        await client.start_workflow(
            world.ApproveOrder.run,
            f"order-{1001 + number}",
            id=f"order-{1001 + number}",
            task_queue=queue,
            search_attributes=TypedSearchAttributes([SearchAttributePair(CUSTOMER, customer)]),
        )
    await client.start_workflow(world.ReserveRack.run, "rack-9", id="reserve-rack-9", task_queue=queue)
    await client.start_workflow(world.RemindLater.run, 8, id="reminder-monday", task_queue=queue)
    await client.start_workflow(world.MoveDisk.run, "vm-17", id="move-disk-vm-17", task_queue=queue)
    await client.start_workflow(world.ShipOrder.run, "order-1000", id="ship-order-1000", task_queue=queue)
    await client.start_workflow(world.AddNode.run, world.Node("old-1"), id="import-old-1", task_queue="import")
    for number in range(8):
        await client.start_workflow(world.AddNode.run, world.Node(f"n{number}"), id=f"add-n{number}", task_queue=queue)
    doomed = await client.start_workflow(world.RemindLater.run, 100, id="reminder-never", task_queue=queue)
    await doomed.terminate("nobody needs it")
    left = await client.start_workflow(world.RemindLater.run, 2, id="reminder-left", task_queue=queue)
    await left.cancel()


async def keep_alive(client: Client) -> None:
    """Another node every few seconds, until cancelled."""
    for number in itertools.count(100):
        await client.start_workflow(
            world.AddNode.run, world.Node(f"n{number}"), id=f"add-n{number}", task_queue=world.QUEUE
        )
        await asyncio.sleep(4)
