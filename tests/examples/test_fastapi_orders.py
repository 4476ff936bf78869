"""The example `fastapi_orders`, asked over HTTP without a socket."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from fastapi_orders.app import app

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(60)]

ORDER = {"item": "book", "amount": 12}


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDERS_DB", str(tmp_path / "orders.db"))


@asynccontextmanager
async def running() -> AsyncGenerator[httpx.AsyncClient]:
    """The application from its start to its end."""
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://orders") as client,
    ):
        yield client


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("is_approved, end", [("true", "charged"), ("false", "refused")])
async def test_an_order_waits_for_its_decision_also_over_a_restart(is_approved: str, end: str) -> None:
    async with running() as client:
        assert (await client.put("/orders/o1", json=ORDER)).status_code == 202
        assert (await client.put("/orders/o1", json=ORDER)).status_code == 409
        assert (await client.get("/orders/o1")).json() == "waiting"

    async with running() as client:
        decided = await client.post("/orders/o1/decision", params={"is_approved": is_approved})
        assert decided.status_code == 202
        assert (await client.get("/orders/o1/result")).json() == end
        assert (await client.get("/orders/o1")).json() == end
        assert (await client.post("/orders/o1/decision", params={"is_approved": "true"})).status_code == 404


@pytest.mark.usefixtures("database")
async def test_what_is_wrong_is_the_callers_mistake() -> None:
    async with running() as client:
        assert (await client.get("/orders/none")).status_code == 404
        assert (await client.get("/orders/none/result")).status_code == 404
        assert (await client.put("/orders/o1", json={"item": "book"})).status_code == 422
