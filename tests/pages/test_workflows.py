"""The list of workflows, as HTML."""

from __future__ import annotations

import re

import pytest

from mainspring.server.ui import listing
from tests.pages.browsing import HOSTILE, browsing, code_in, fail_workflow_task, links, polling, text_of


async def test_a_run_is_listed_with_a_link_to_its_page() -> None:
    async with browsing() as browser:
        run_id = await browser.start("order-1")
        page = await browser.get("/workflows")

    assert f"/run?namespace=default&id=order-1&run={run_id}" in links(page.text)
    assert "Running" in text_of(page.text)


@pytest.mark.parametrize("workflow_id", HOSTILE)
async def test_any_legal_workflow_id_is_shown_as_text(workflow_id: str) -> None:
    async with browsing() as browser:
        await browser.start(workflow_id, workflow_type=workflow_id, queue=workflow_id)
        page = await browser.get("/workflows", query=workflow_id, type=workflow_id)
        listed = await browser.get("/workflows")

    for answer in (page, listed):
        assert code_in(answer.text) == []
    assert workflow_id in text_of(listed.text)


async def test_quick_filters_narrow_the_readers_own_query() -> None:
    async with browsing() as browser:
        for number in range(3):
            await browser.start(f"order-{number}")
        await browser.start("bill-1", workflow_type="Bill")
        chosen = 'WorkflowId = "order-1" OR WorkflowId = "bill-1" -- mine'
        page = await browser.get("/workflows", query=chosen, type="Bill", status="Running", since="1h")
        none = await browser.get("/workflows", query=chosen, status=["Failed", "TimedOut"])

    assert "bill-1</bdi>" in page.text
    assert "order-1</bdi>" not in page.text
    assert "No workflow matches" in none.text


async def test_statuses_are_counted() -> None:
    async with browsing() as browser:
        for number in range(3):
            await browser.start(f"order-{number}")
        page = await browser.get("/workflows", status="Failed")

    assert "Running 3" in text_of(page.text)
    assert "Failed 0" in text_of(page.text)


async def test_pages_follow_each_other_by_links() -> None:
    async with browsing() as browser:
        for number in range(25):
            await browser.start(f"order-{number:02}")
        first = await browser.get("/workflows", count="20", since="24h")
        second = await browser.get(next(link for link in links(first.text) if "page=" in link))

    shown = [re.findall(r"<bdi>(order-\d\d)</bdi>", page.text) for page in (first, second)]
    assert [len(ids) for ids in shown] == [20, 5]
    assert len({*shown[0], *shown[1]}) == 25
    assert "First page" in second.text


@pytest.mark.parametrize("page", ["!", "AAAA", "gaBB"])
async def test_a_page_that_cannot_be_read_is_an_error_of_the_address(page: str) -> None:
    async with browsing() as browser:
        answer = await browser.get("/workflows", page=page)

    assert answer.status_code == 400


@pytest.mark.parametrize(
    "query, wrong",
    [
        ("WorkflowType == 'a'", "="),
        ("WorkflowId = 'ü' ANDD RunId = 'x'", "ANDD"),
        ("(WorkflowId = 'a'", "'"),
        ("order bi StartTime", "bi"),
    ],
)
@pytest.mark.parametrize("status", ["", "Failed"])
async def test_a_mistake_in_a_query_is_marked_where_it_stands(query: str, wrong: str, status: str) -> None:
    async with browsing() as browser:
        page = await browser.get("/workflows", query=query, status=status)

    assert page.status_code == 400
    assert "malformed SQL query" in page.text
    found = re.search(r'class="mistake"><code>(.*?)<mark>(.*?)</mark>(.*?)</code>', page.text)
    assert found is not None
    assert text_of("".join(found.groups())).strip() == query
    if not status:
        assert text_of(found[2]).strip() == wrong


async def test_an_open_run_that_waits_for_somebody_says_so_in_the_list() -> None:
    async with browsing() as browser:
        await browser.start("order-1", queue="<b>nobodys</b>")
        await browser.start("order-2", queue="nobodys")
        await browser.post("/run/act", act="terminate", id="order-2")
        page = await browser.get("/workflows")

    assert text_of(page.text).count("No worker polls task queue") == 1
    assert "No worker polls task queue <b>nobodys</b>" in text_of(page.text)
    assert code_in(page.text) == []


async def test_a_workflow_task_that_fails_says_why_in_the_list() -> None:
    async with browsing() as browser:
        await browser.start("order-1")
        await fail_workflow_task(browser, "no module named <i>orders</i>")
        page = await browser.get("/workflows")

    assert "no module named <i>orders</i>" in text_of(page.text)


async def test_only_stuck_runs_are_listed_when_they_are_asked_for() -> None:
    async with browsing() as browser, polling(browser, "polled"):
        await browser.start("order-1", queue="nobodys")
        await browser.start("order-2", queue="polled")
        await browser.start("order-3", queue="nobodys")
        await browser.post("/run/act", act="terminate", id="order-3")
        whole = await browser.get("/workflows")
        stuck = await browser.get(next(link for link in links(whole.text) if "stuck=1" in link))
        none = await browser.get("/workflows", stuck="1", query="WorkflowId = 'order-2'")

    assert re.findall(r"<bdi>(order-\d)</bdi>", stuck.text) == ["order-1"]
    assert "1 of the 2 open workflows" in text_of(stuck.text)
    assert "None of them is stuck" in text_of(none.text)


async def test_the_search_for_stuck_runs_ends_and_goes_on_from_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "MOST_LOOKED_AT", 20)
    monkeypatch.setattr(listing, "_AT_ONCE", 10)
    async with browsing() as browser, polling(browser, "polled"):
        await browser.start("order-1", queue="nobodys")
        for number in range(20):
            await browser.start(f"well-{number}", queue="polled")
        first = await browser.get("/workflows", stuck="1")
        second = await browser.get(next(link for link in links(first.text) if "page=" in link))

    assert ">0 of the 20 open workflows" in first.text
    assert re.findall(r"<bdi>(order-\d)</bdi>", second.text) == ["order-1"]


async def test_an_unknown_attribute_is_told_of() -> None:
    async with browsing() as browser:
        page = await browser.get("/workflows", query="Nope = 1")

    assert page.status_code == 400
    assert "Nope" in text_of(page.text)


async def test_an_unknown_namespace_has_no_page() -> None:
    async with browsing() as browser:
        answer = await browser.get("/workflows", namespace="<nowhere>")

    assert answer.status_code == 404
    assert "Namespace <nowhere> is not found." in text_of(answer.text)


async def test_the_script_is_sent_the_live_part_alone_and_only_when_it_changed() -> None:
    async with browsing() as browser:
        await browser.start("order-1")
        await browser.post("/run/act", act="terminate", id="order-1")  # so that nothing tells how long it has waited
        first = await browser.get("/workflows", {"x-fragment": "live"}, column="WorkflowType")
        tag = {"x-fragment": "live", "if-none-match": first.headers["etag"]}
        same = await browser.get("/workflows", tag, column="WorkflowType")
        await browser.start("order-2")
        changed = await browser.get("/workflows", tag, column="WorkflowType")

    assert "<html" not in first.text
    assert "order-1" in first.text
    assert (same.status_code, same.text) == (304, "")
    assert (changed.status_code, "order-2" in changed.text) == (200, True)
