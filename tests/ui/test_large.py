"""Large lists and long histories stay quick; how quick is printed."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest
from playwright.async_api import expect
from temporalio.api.command.v1 import Command, RecordMarkerCommandAttributes
from temporalio.api.enums.v1 import CommandType

from benchmarks import lean
from tests.ui.visiting import Visit, needs_chromium, visiting

pytestmark = [needs_chromium, pytest.mark.slow, pytest.mark.timeout(150)]

RUN_COUNT = 100_000
EVENT_COUNT = 20_000
WEIGHT_LIMIT_BYTES = 100_000

RUNS = """
INSERT INTO visibility (
  run_id, namespace_id, workflow_id, workflow_type, task_queue, status, start_at, execution_at, close_at, close_order,
  history_length, history_size_bytes, state_transition_count, parent_workflow_id, parent_run_id, root_workflow_id,
  root_run_id, first_run_id, memo, search_attributes, searchable
)
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :count)
SELECT printf('run-%06d', n), (SELECT id FROM namespaces WHERE name = 'default'), printf('order-%06d', n),
       'Order' || (n % 7), 'orders', 2 + n % 3, n * 1000000000, n * 1000000000, (n + 5) * 1000000000,
       (n + 5) * 1000000000, 11, 2048, 7, '', '', printf('order-%06d', n), printf('run-%06d', n),
       printf('run-%06d', n), x'', x'', '{}'
  FROM numbers
"""


def fill(path: str) -> None:
    """Put as many runs as that into the lists of a server's file, behind its back."""
    database = sqlite3.connect(path)
    with database:
        database.execute(RUNS, {"count": RUN_COUNT})
    database.close()


async def paint_ms(visit: Visit) -> float:
    """From asking for the page to its first paint with content, as the browser measured it."""
    return float(
        await visit.page.evaluate(
            """() => new Promise(done => new PerformanceObserver(list => done(list.getEntries()[0].startTime))
                .observe({type: "paint", buffered: true}))"""
        )
    )


async def test_a_list_of_100_000_runs_is_counted_filtered_and_paged(tmp_path: Path) -> None:
    path = str(tmp_path / "large.db")
    async with visiting(path):
        """The server makes its file."""
    await asyncio.to_thread(fill, path)
    async with visiting(path) as visit:
        await visit.go("/workflows")
        print(f"first paint of {RUN_COUNT:,} runs: {await paint_ms(visit):.0f} ms")
        await expect(visit.page.locator("tbody tr")).to_have_count(50)
        await visit.page.reload()
        await visit.sees("of 100,000")
        assert not await visit.page.locator("#live-switch").is_checked()
        first = await visit.page.locator("tbody th").first.text_content()
        await visit.press("Next page")
        await expect(visit.page.locator("tbody tr")).to_have_count(50)
        assert await visit.page.locator("tbody th").first.text_content() != first
        await visit.go('/workflows?query=WorkflowType+%3D+"Order3"&status=Failed')
        print(f"first paint of a filtered list: {await paint_ms(visit):.0f} ms")
        await expect(visit.page.locator("tbody tr")).to_have_count(50)
        assert visit.complaints == []


def markers(count: int) -> list[Command]:
    attributes = RecordMarkerCommandAttributes(marker_name="note")
    kind = CommandType.COMMAND_TYPE_RECORD_MARKER
    return [Command(command_type=kind, record_marker_command_attributes=attributes)] * count


async def test_a_history_of_20_000_events_opens_from_its_newest() -> None:
    async with visiting() as visit, lean.connected(visit.served.grpc) as service:
        await service.start_workflow(lean.start_request("long", "long"))
        for number in range(4):
            task = await service.poll_workflow_task(lean.workflow_poll("long"))
            request = lean.task_completed(task, markers(EVENT_COUNT // 4))
            request.force_create_new_workflow_task = number < 3
            await service.complete_workflow_task(request)
        await visit.go("/run?id=long&view=events")
        print(f"first paint of {EVENT_COUNT:,} events: {await paint_ms(visit):.0f} ms")
        await expect(visit.page.locator(".events > li")).to_have_count(50)
        await expect(visit.page.locator(".events > li").first).to_contain_text("20013")
        await visit.press("Older")
        await expect(visit.page.locator(".events > li").first).to_contain_text("19963")
        await visit.press("From the oldest")
        print(f"first paint from the oldest: {await paint_ms(visit):.0f} ms")
        await expect(visit.page.locator(".events > li").first).to_contain_text("WorkflowExecutionStarted")
        for path, first in (("/run?id=long", "20013"), ("/run?id=long&order=oldest", "WorkflowExecutionStarted")):
            await visit.go(path)
            print(f"first paint by step, {path}: {await paint_ms(visit):.0f} ms")
            await expect(visit.page.locator(".steps > li").first).to_contain_text(first)
        assert visit.complaints == []


@pytest.mark.parametrize("path", ["/", "/workflows", "/run?id=order-1", "/start", "/queues"])
async def test_a_page_is_light_and_asks_nobody_else(path: str) -> None:
    async with visiting() as visit:
        await visit.client.start_workflow("Order", id="order-1", task_queue="orders")
        urls: list[str] = []
        visit.page.on("response", lambda answer: urls.append(answer.url))
        await visit.go(path)
        await visit.page.wait_for_load_state("networkidle")
        weight = 0
        for url in set(urls):
            assert url.startswith(visit.served.ui)
            weight += len(await (await visit.page.request.get(url)).body())
        print(f"{path}: {weight:,} bytes in {len(set(urls))} files, first paint {await paint_ms(visit):.0f} ms")

        assert weight < WEIGHT_LIMIT_BYTES
        assert visit.complaints == []
