"""The overview, task queues, workers and namespaces, as HTML; words for the query bar, as JSON."""

from __future__ import annotations

import asyncio

import pytest
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest, ListSearchAttributesResponse
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    DescribeNamespaceResponse,
    PollWorkflowTaskQueueRequest,
    PollWorkflowTaskQueueResponse,
)

from tests.pages.browsing import HOSTILE, Browser, browsing, code_in, links, text_of

PAGES = ["/", "/workflows", "/queues", "/workers", "/namespaces", "/namespaces/one", "/start"]


async def poll(browser: Browser, queue: str, identity: str) -> None:
    """Take one task, as a worker would."""
    request = PollWorkflowTaskQueueRequest(namespace="default", task_queue=TaskQueue(name=queue), identity=identity)
    await browser.call(request, PollWorkflowTaskQueueResponse)


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_of_a_server_that_nobody_has_used_says_so(path: str) -> None:
    async with browsing() as browser:
        page = await browser.get(path)

    assert page.status_code == 200
    assert code_in(page.text) == []


@pytest.mark.parametrize("path", [*PAGES, "/nowhere"])
async def test_every_link_of_a_page_leads_somewhere(path: str) -> None:
    async with browsing() as browser:
        await browser.start("order-1")
        page = await browser.get(path)
        for link in links(page.text):
            if not link.startswith("#"):
                assert (await browser.get(link)).status_code == 200, link


async def test_tasks_that_nobody_polls_for_are_told_of_on_the_overview() -> None:
    async with browsing() as browser:
        await browser.start("order-1", queue="<b>orders</b>")
        page = await browser.get("/")
        queue = await browser.get("/queue", queue="<b>orders</b>")

    assert "Tasks wait, and nobody polls" in page.text
    assert "<b>orders</b>" in text_of(page.text)
    assert "no worker polls for them" in queue.text
    assert code_in(page.text) == code_in(queue.text) == []


async def test_a_worker_is_shown_with_the_queues_that_it_polls() -> None:
    async with browsing() as browser:
        for number in range(2):
            await browser.start(f"order-{number}", queue=f"orders-{number}")
            await poll(browser, f"orders-{number}", HOSTILE[0])
        workers = await browser.get("/workers")
        queue = await browser.get("/queue", queue="orders-1")

    assert text_of(workers.text).count(HOSTILE[0]) == 1
    assert "orders-0" in workers.text
    assert "orders-1" in workers.text
    assert HOSTILE[0] in text_of(queue.text)
    assert code_in(workers.text) == []


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_queue_of_any_name_leads_to_its_workflows(name: str) -> None:
    async with browsing() as browser:
        run_id = await browser.start("order-1", queue=name)
        await browser.start("order-2")
        queue = await browser.get("/queue", queue=name)
        listed = await browser.get(next(link for link in links(queue.text) if "TaskQueue" in link))

    assert run_id in listed.text
    assert "order-2</bdi>" not in listed.text


async def test_a_queue_without_a_name_is_asked_for_again() -> None:
    async with browsing() as browser:
        answer = await browser.get("/queue", queue=" ")

    assert (answer.status_code, answer.headers["location"]) == (303, "/queues?namespace=default")


async def test_a_namespace_is_made_changed_and_given_an_attribute() -> None:
    async with browsing() as browser:
        made = await browser.post("/namespaces/register", name="new", description="<i>mine</i>", days="2")
        changed = await browser.post("/namespaces/update", namespace="new", description="ours", owner="o@x", days="0.5")
        added = await browser.post("/namespaces/attributes", namespace="new", name="Customer", type="Keyword")
        page = await browser.get("/namespaces/one", namespace="new")
        described = await browser.call(DescribeNamespaceRequest(namespace="new"), DescribeNamespaceResponse)
        attributes = await browser.call(ListSearchAttributesRequest(namespace="new"), ListSearchAttributesResponse)

    assert [answer.status_code for answer in (made, changed, added)] == [200, 200, 200]
    assert code_in(made.text) == []
    assert (described.namespace_info.description, described.namespace_info.owner_email) == ("ours", "o@x")
    assert described.config.workflow_execution_retention_ttl.seconds == 43_200
    assert set(attributes.custom_attributes) == {"Customer"}
    assert 'value="0.5"' in page.text
    assert "Customer" in page.text


@pytest.mark.parametrize(
    "path, form",
    [
        ("/namespaces/register", {"name": "new", "days": "soon"}),
        ("/namespaces/register", {"name": "new", "days": "nan"}),
        ("/namespaces/register", {"name": "new", "days": "-1"}),
        ("/namespaces/register", {"name": "", "days": "1"}),
        ("/namespaces/attributes", {"name": "A", "type": "Blob"}),
        ("/namespaces/attributes", {"name": "", "type": "Int"}),
    ],
)
async def test_a_wrong_form_of_a_namespace_is_refused(path: str, form: dict[str, str]) -> None:
    async with browsing() as browser:
        assert (await browser.post(path, **form)).status_code == 400


async def test_the_query_bar_is_given_names_and_values() -> None:
    async with browsing() as browser:
        await browser.start("order-1", workflow_type="</script>")
        await browser.post("/namespaces/attributes", name="Customer", type="KeywordList")
        answer = await browser.get("/workflows/words")

    words = {each["name"]: each for each in answer.json()["attributes"]}
    assert words["Customer"]["type"] == "KeywordList"
    assert words["WorkflowType"]["values"] == ["</script>"]
    assert "TimedOut" in words["ExecutionStatus"]["values"]
    assert answer.headers["content-type"] == "application/json"


async def test_a_server_that_stops_is_unavailable_in_words() -> None:
    async with browsing() as browser:
        await browser.calls.finish(0)
        answer = await browser.get("/workflows")

    assert answer.status_code == 503
    assert "the server is stopping" in text_of(answer.text)


async def test_many_visits_at_once_are_served() -> None:
    async with browsing() as browser:
        answers = await asyncio.gather(*(browser.get(path) for path in PAGES * 5))

    assert {answer.status_code for answer in answers} == {200}
