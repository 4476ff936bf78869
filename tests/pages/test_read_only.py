"""A web UI that only shows: it offers no action, and takes none."""

from __future__ import annotations

import re

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import (
    CountWorkflowExecutionsRequest,
    CountWorkflowExecutionsResponse,
    DescribeWorkflowExecutionRequest,
    DescribeWorkflowExecutionResponse,
    ListNamespacesRequest,
    ListNamespacesResponse,
)
from temporalio.api.workflowservice.v1.service_pb2 import DESCRIPTOR

from mainspring.server.ui import Options
from mainspring.server.ui.permissions import REFUSAL, changes_nothing
from mainspring.server.ui.routes import paths_of_actions
from tests.pages.browsing import Browser, browsing, text_of

READ_ONLY = Options(is_read_only=True)
PAGES = ("/", "/workflows", "/run?id=order-1", "/run/tree?id=order-1", "/queues", "/namespaces", "/namespaces/one")
RUN = '["order-1",""]'
FORMS = {
    "/workflows/selected": {"act": "terminate", "run": RUN},
    "/workflows/act": {"act": "terminate", "run": RUN},
    "/start": {"id": "order-2", "type": "Order", "queue": "orders", "request_id": "r"},
    "/run/act": {"act": "terminate", "id": "order-1"},
    "/namespaces/register": {"name": "mine", "days": "1"},
    "/namespaces/update": {"description": "mine", "days": "1"},
    "/namespaces/attributes": {"name": "Mine", "type": "Int"},
}


async def state(browser: Browser) -> tuple[object, ...]:
    """Whatever the forms would change."""
    described = await browser.call(
        DescribeWorkflowExecutionRequest(namespace="default", execution=WorkflowExecution(workflow_id="order-1")),
        DescribeWorkflowExecutionResponse,
    )
    counted = await browser.call(CountWorkflowExecutionsRequest(namespace="default"), CountWorkflowExecutionsResponse)
    namespaces = await browser.call(ListNamespacesRequest(page_size=100), ListNamespacesResponse)
    info = described.workflow_execution_info
    return info.status, info.history_length, counted.count, namespaces


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_offers_nothing_but_to_look(path: str) -> None:
    async with browsing(READ_ONLY) as browser:
        await browser.start("order-1")
        page = await browser.get(path)

    assert page.status_code == 200
    assert set(re.findall(r'method="post" action="([^"]*)"', page.text)) <= {"/theme", "/workflows/selected"}
    assert set(re.findall(r'(?:name="act" value="|act=)(\w+)', page.text)) <= {"query"}
    assert 'href="/start' not in page.text
    assert ", read-only" in page.text


@pytest.mark.parametrize("path", FORMS)
async def test_a_form_that_is_sent_all_the_same_does_nothing(path: str) -> None:
    async with browsing(READ_ONLY) as browser:
        await browser.start("order-1")
        before = await state(browser)
        answer = await browser.post(path, **FORMS[path])
        after = await state(browser)

    assert answer.status_code == 403
    assert REFUSAL in text_of(answer.text)
    assert after == before


def test_every_form_is_tried() -> None:
    assert set(paths_of_actions()) - {"/theme"} == set(FORMS)


@pytest.mark.parametrize("path", ["/start", "/run/act?act=signal&id=order-1"])
async def test_the_page_of_a_form_says_so(path: str) -> None:
    async with browsing(READ_ONLY) as browser:
        await browser.start("order-1")
        answer = await browser.get(path)

    assert answer.status_code == 403
    assert REFUSAL in text_of(answer.text)


async def test_a_workflow_can_still_be_queried_and_the_theme_switched() -> None:
    async with browsing(READ_ONLY) as browser:
        await browser.start("order-1")
        form = await browser.get("/run/act?act=query&id=order-1")
        theme = await browser.post("/theme", theme="dark")

    assert form.status_code == 200
    assert theme.status_code == 303


def test_what_is_not_known_to_change_nothing_is_taken_to_change_something() -> None:
    rpcs = [method.name for method in DESCRIPTOR.services_by_name["WorkflowService"].methods]
    writing = ("Create", "Delete", "Pause", "Patch", "Poll", "Record", "Register", "Request", "Reset", "Respond", "Set")
    assert not [rpc for rpc in rpcs if rpc.startswith(writing) and changes_nothing(rpc)]
    assert not changes_nothing("SomethingOfALaterApi")
