"""The whole history as a file."""

from __future__ import annotations

import json
import time

import pytest
from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload, Payloads, WorkflowExecution
from temporalio.api.workflowservice.v1 import GetWorkflowExecutionHistoryRequest

from mainspring.client import WorkflowHistory
from mainspring.server.ui import downloads
from mainspring.server.ui.page import Fields, Visit
from mainspring.server.ui.service import Refused, Reply, ServerStatistics, Service
from tests.pages.browsing import HOSTILE, browsing, links


async def test_a_history_is_sent_whole_as_replay_takes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "_AT_ONCE", 3)
    data = b'{"n":9007199254740993}'
    async with browsing() as browser:
        payload = Payload(metadata={"encoding": b"json/plain"}, data=data)
        await browser.start("order-1", payloads=Payloads(payloads=[payload]))
        for number in range(10):
            await browser.post("/run/act", act="signal", id="order-1", name=f"s{number}", request_id=f"r{number}")
        page = await browser.get("/run", id="order-1")
        answer = await browser.get(next(link for link in links(page.text) if "history.json" in link))

    read = WorkflowHistory.from_json("order-1", answer.text)
    assert [event.event_id for event in read.events] == list(range(1, 13))
    assert read.events[0].workflow_execution_started_event_attributes.input.payloads[0].data == data
    assert json.loads(answer.text)["events"][0]["eventType"] == "EVENT_TYPE_WORKFLOW_EXECUTION_STARTED"
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-disposition"].startswith('attachment; filename="order-1-')


@pytest.mark.parametrize("workflow_id", [*HOSTILE, "x" * 1_000])
async def test_the_name_of_the_file_holds_nothing_that_a_system_minds(workflow_id: str) -> None:
    found = downloads.file_name(WorkflowExecution(workflow_id=workflow_id, run_id="r"))
    assert found.isascii()
    assert set(found) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.")
    assert found.endswith("-r.json")
    assert not found.startswith((".", "-"))
    assert len(found) <= 120


async def test_a_run_that_there_is_not_has_no_file() -> None:
    async with browsing() as browser:
        assert (await browser.get("/run/history.json", id="nobody")).status_code == 404
        assert (await browser.get("/run/history.json")).status_code == 400


class Failing:
    """A service that answers one page of a history, and then no more."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.pages = 0

    async def call(self, request: Message, reply_type: type[Reply], timeout_s: float = 10.0) -> Reply:
        if isinstance(request, GetWorkflowExecutionHistoryRequest):
            self.pages += 1
            if self.pages > 1:
                raise Refused(14, "the store is gone")
        return await self.service.call(request, reply_type, timeout_s)

    def serves(self, rpc: str) -> bool:
        return self.service.serves(rpc)

    async def statistics(self) -> ServerStatistics:
        raise NotImplementedError


async def test_half_a_history_is_not_taken_for_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "_AT_ONCE", 1)
    async with browsing() as browser:
        await browser.start("order-1")
        await browser.post("/run/act", act="signal", id="order-1", name="go")
        visit = Visit(
            service=Failing(browser.service),
            namespace="default",
            query=Fields([("id", "order-1")]),
            form=Fields(()),
            now=time.time_ns(),
        )
        download = await downloads.history(visit)
        sent = await anext(download.parts) + await anext(download.parts)
        with pytest.raises(Refused, match="the store is gone"):
            await anext(download.parts)

    with pytest.raises(json.JSONDecodeError):
        json.loads(sent)
