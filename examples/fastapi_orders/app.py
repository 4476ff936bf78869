"""The web application: `uvicorn fastapi_orders.app:app`. The engine lives as long as the application does."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated, TypeAlias

from fastapi import Depends, FastAPI, HTTPException, Request

from fastapi_orders.workflows import Order, PlaceOrder, Stage, charge
from mainspring import embedded
from mainspring.client import Client, WorkflowHandle
from mainspring.contrib.pydantic import pydantic_data_converter
from mainspring.exceptions import WorkflowAlreadyStartedError
from mainspring.service import RPCError, RPCStatusCode


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
    """Open the engine: orders that were waiting when the application last ended go on waiting."""
    async with embedded(
        os.environ.get("ORDERS_DB", "orders.db"),
        workflows=[PlaceOrder],
        activities=[charge],
        data_converter=pydantic_data_converter,
    ) as client:
        app.state.client = client
        yield


app = FastAPI(title="Orders", lifespan=lifespan)


def client_of(request: Request) -> Client:
    client = request.app.state.client
    assert isinstance(client, Client)
    return client


Engine: TypeAlias = Annotated[Client, Depends(client_of)]


def order_of(client: Client, order_id: str) -> WorkflowHandle[PlaceOrder, Stage]:
    return client.get_workflow_handle_for(PlaceOrder.run, order_id)


@asynccontextmanager
async def missing_is_404() -> AsyncGenerator[None]:
    """An order that is not there, or takes no decision any more, is the caller's mistake."""
    try:
        yield
    except RPCError as error:
        if error.status != RPCStatusCode.NOT_FOUND:
            raise
        raise HTTPException(404, "no such open order") from error


@app.put("/orders/{order_id}", status_code=202)
async def place(order_id: str, order: Order, client: Engine) -> Stage:
    """Place an order; a second one by the same id is refused."""
    try:
        await client.start_workflow(PlaceOrder.run, order, id=order_id)
    except WorkflowAlreadyStartedError as error:
        raise HTTPException(409, "the order was placed before") from error
    return Stage.WAITING


@app.post("/orders/{order_id}/decision", status_code=202)
async def decide(order_id: str, is_approved: bool, client: Engine) -> None:
    async with missing_is_404():
        await order_of(client, order_id).signal(PlaceOrder.decide, is_approved)


@app.get("/orders/{order_id}")
async def status(order_id: str, client: Engine) -> Stage:
    async with missing_is_404():
        return await order_of(client, order_id).query(PlaceOrder.status)


@app.get("/orders/{order_id}/result")
async def result(order_id: str, client: Engine) -> Stage:
    """Wait for the end of an order."""
    async with missing_is_404():
        return await order_of(client, order_id).result()
