"""The page of a run."""

from __future__ import annotations

import re

import pytest
from temporalio.api.common.v1 import Payload, Payloads

from tests.pages.browsing import HOSTILE, browsing, code_in, links, text_of


@pytest.mark.parametrize("workflow_id", HOSTILE)
async def test_every_legal_workflow_id_has_a_page(workflow_id: str) -> None:
    async with browsing() as browser:
        run_id = await browser.start(workflow_id, workflow_type=workflow_id)
        listed = await browser.get("/workflows")
        page = await browser.get(next(link for link in links(listed.text) if run_id in link))

    assert page.status_code == 200
    assert workflow_id in text_of(page.text)
    assert code_in(page.text) == []


async def test_payloads_are_shown_as_the_bytes_they_are_and_never_run() -> None:
    data = b'{"n":9007199254740993,"d":0.10000000000000000555,"x":"</pre><script>alert(1)</script>"}'
    payloads = [
        Payload(metadata={"encoding": b"json/plain"}, data=data),
        Payload(metadata={"encoding": b"binary/plain"}, data=b"\xff\x00" * 100),
        Payload(metadata={"encoding": b"binary/null"}),
    ]
    async with browsing() as browser:
        await browser.start("order-1", payloads=Payloads(payloads=payloads))
        page = await browser.get("/run", id="order-1")

    assert code_in(page.text) == []
    assert data.decode() in text_of(page.text)
    assert "200 bytes, binary/plain: ff 00" in page.text
    assert ">null<" in page.text


async def test_a_closed_run_says_how_it_ended_and_offers_only_what_it_still_can() -> None:
    async with browsing() as browser:
        await browser.start("order-1")
        open_page = await browser.get("/run", id="order-1")
        await browser.post("/run/act", act="terminate", id="order-1")
        closed_page = await browser.get("/run", id="order-1")

    actions = [set(re.findall(r"act=(\w+)", page.text)) for page in (open_page, closed_page)]
    assert actions == [{"signal", "update", "query", "cancel", "terminate", "delete"}, {"query", "delete"}]
    assert "Terminated" in text_of(closed_page.text)
    assert 'data-live="0"' in closed_page.text


async def test_a_long_history_is_paged_from_its_newest_event() -> None:
    async with browsing() as browser:
        await browser.start("order-1")
        for number in range(60):
            await browser.post("/run/act", act="signal", id="order-1", name=f"s{number}", request_id=f"r{number}")
        newest = await browser.get("/run", id="order-1")
        older = await browser.get(next(link for link in links(newest.text) if "page=" in link))

    ids = [[int(found) for found in re.findall(r'data-key="event-(\d+)"', page.text)] for page in (newest, older)]
    assert ids == [list(range(62, 12, -1)), list(range(12, 0, -1))]
    assert "Newest" in text_of(older.text)


async def test_a_run_that_there_is_not_is_not_found() -> None:
    async with browsing() as browser:
        assert (await browser.get("/run", id="<nobody>")).status_code == 404
        assert (await browser.get("/run")).status_code == 400
