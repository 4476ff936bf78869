"""The example `django_orders`: its views on a thread, as Django has them, a worker and a server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import django
import pytest
from django.conf import settings
from django.test import Client as Browser
from django_orders.engine import TASK_QUEUE, engine
from django_orders.workflows import pack, send_order

from mainspring.client import Client
from mainspring.worker import Worker
from tests.server_process import ServerProcess, mainspring_command, temporary_server

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(60)]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ServerProcess]:
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "django_orders.settings")
    django.setup()
    with temporary_server(mainspring_command()) as started:
        monkeypatch.setattr(settings, "TEMPORAL_ADDRESS", started.address)
        yield started
        engine().close()
        engine.cache_clear()


async def test_a_view_starts_an_order_and_another_shows_it(server: ServerProcess) -> None:
    def visit() -> None:
        browser = Browser()
        assert browser.get("/orders/o1").status_code == 404
        assert browser.post("/orders/o1/place").status_code == 400
        assert browser.post("/orders/o1/place", {"item": "book"}).status_code == 202
        assert browser.get("/orders/o1?wait=1").json() == {
            "order": "o1",
            "status": "COMPLETED",
            "result": "sent a parcel with book",
        }

    client = await Client.connect(server.address)
    with ThreadPoolExecutor(1) as threads:
        async with Worker(
            client, task_queue=TASK_QUEUE, workflows=[send_order], activities=[pack], activity_executor=threads
        ):
            await asyncio.to_thread(visit)


async def test_an_order_that_waits_for_a_worker_is_shown_as_running(server: ServerProcess) -> None:
    def visit() -> None:
        browser = Browser()
        assert browser.post("/orders/o2/place", {"item": "book"}).status_code == 202
        assert browser.post("/orders/o2/place", {"item": "book"}).status_code == 409
        assert browser.get("/orders/o2").json() == {"order": "o2", "status": "RUNNING", "result": None}

    assert server.address
    await asyncio.to_thread(visit)
