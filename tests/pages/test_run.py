"""The page of a run."""

from __future__ import annotations

import html
import json
import re
import time

import msgspec
import pytest
from google.protobuf.message import Message
from temporalio.api.command.v1 import Command, ContinueAsNewWorkflowExecutionCommandAttributes
from temporalio.api.common.v1 import Memo, Payload, Payloads, SearchAttributes, WorkflowExecution, WorkflowType
from temporalio.api.enums.v1 import CommandType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflow.v1 import WorkflowExecutionInfo
from temporalio.api.workflowservice.v1 import (
    DescribeTaskQueueRequest,
    StartWorkflowExecutionRequest,
    StartWorkflowExecutionResponse,
)

from mainspring.server.ui import run
from mainspring.server.ui.page import Fields, Visit
from mainspring.server.ui.run_history import Place, cut
from mainspring.server.ui.run_tree import nested
from mainspring.server.ui.service import Refused, Reply, ServerStatistics, Service
from tests.pages.browsing import HOSTILE, browsing, code_in, complete_workflow_task, links, text_of


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


async def test_what_is_kept_elsewhere_is_shown_as_that_and_counted() -> None:
    metadata = {"encoding": b"json/protobuf", "messageType": b"temporal.api.sdk.v1.ExternalStorageReference"}
    payload = Payload(metadata=metadata, data=b'{"claimData":{"key":"<b>k</b>"},"driverName":"disk"}')
    payload.external_payloads.add(size_bytes=1_234_567)
    async with browsing() as browser:
        await browser.start("order-1", payloads=Payloads(payloads=[payload, payload]))
        page = await browser.get("/run", id="order-1")

    shown = text_of(page.text)
    assert f"(in external storage, 1,234,567 bytes) {payload.data.decode()}" in shown
    assert "2 payloads, 2,469,134 bytes" in shown
    assert code_in(page.text) == []


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
        newest = await browser.get("/run", id="order-1", view="events")
        older = await browser.get(next(link for link in links(newest.text) if "page=" in link))

    ids = [[int(found) for found in re.findall(r'data-key="event-(\d+)"', page.text)] for page in (newest, older)]
    assert ids == [list(range(62, 12, -1)), list(range(12, 0, -1))]
    assert "Newest" in text_of(older.text)


async def test_a_run_that_there_is_not_is_not_found() -> None:
    async with browsing() as browser:
        assert (await browser.get("/run", id="<nobody>")).status_code == 404
        assert (await browser.get("/run")).status_code == 400


async def test_why_it_waits_stands_on_top() -> None:
    async with browsing() as browser:
        await browser.start("order-1", queue="nobodys")
        page = await browser.get("/run", id="order-1")

    assert "No worker polls task queue nobodys" in text_of(page.text)
    assert 'class="notice answer bad"' in page.text


async def test_a_closed_run_tells_how_it_ended_and_draws_nothing_as_running() -> None:
    async with browsing() as browser:
        await browser.start("order-1")
        await browser.post("/run/act", act="terminate", id="order-1", reason="<b>why</b>")
        page = await browser.get("/run", id="order-1")

    assert "Terminated after" in text_of(page.text)
    assert "<b>why</b>" in text_of(page.text)
    assert "bar-abandoned" in page.text
    assert not re.search(r"bar-(running|waiting)", page.text)


async def test_runs_of_a_chain_lead_to_each_other() -> None:
    again = ContinueAsNewWorkflowExecutionCommandAttributes(
        workflow_type=WorkflowType(name="Order"), task_queue=TaskQueue(name="orders")
    )
    command = Command(
        command_type=CommandType.COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION,
        continue_as_new_workflow_execution_command_attributes=again,
    )
    async with browsing() as browser:
        first_id = await browser.start("order-1")
        await complete_workflow_task(browser, command)
        newest = await browser.get("/run", id="order-1")
        before = await browser.get(next(link for link in links(newest.text) if f"run={first_id}" in link))
        after = re.search(r"<dt>Next run</dt><dd><a href=\"([^\"]*)\"", before.text)
        assert after is not None
        next_page = await browser.get(html.unescape(after[1]))

    assert "Run before" in text_of(newest.text)
    assert "ContinuedAsNew" in text_of(before.text)
    assert f"<bdi>{first_id}</bdi>" in next_page.text


async def test_memo_and_search_attributes_are_shown() -> None:
    async with browsing() as browser:
        request = StartWorkflowExecutionRequest(
            namespace="default",
            workflow_id="order-1",
            workflow_type=WorkflowType(name="Order"),
            task_queue=TaskQueue(name="orders"),
            memo=Memo(fields={"<i>note</i>": Payload(metadata={"encoding": b"json/plain"}, data=b'"<b>hi</b>"')}),
            search_attributes=SearchAttributes(indexed_fields={"BuildIds": Payload(data=b'["<u>1</u>","2"]')}),
        )
        await browser.call(request, StartWorkflowExecutionResponse)
        page = await browser.get("/run", id="order-1")

    assert code_in(page.text) == []
    assert 'Memo: <i>note</i>"<b>hi</b>"' in text_of(page.text)
    assert "BuildIds<u>1</u>, 2" in text_of(page.text)


@pytest.mark.parametrize("order", ["", "oldest"])
async def test_history_is_read_from_either_end_to_the_other(order: str) -> None:
    async with browsing() as browser:
        await browser.start("order-1")
        for number in range(60):
            await browser.post("/run/act", act="signal", id="order-1", name=f"s{number}", request_id=f"r{number}")
        page = await browser.get("/run", id="order-1", view="events", order=order)
        ids = re.findall(r'data-key="event-(\d+)"', page.text)
        while further := re.search(r'rel="next" href="([^"]*)"', page.text):
            page = await browser.get(further[1].replace("&amp;", "&"))
            ids += re.findall(r'data-key="event-(\d+)"', page.text)

    whole = list(range(1, 63))
    assert [int(found) for found in ids] == (whole if order else whole[::-1])


@pytest.mark.parametrize("order", ["", "oldest"])
def test_a_batch_of_thousands_is_cut_into_pages(order: str) -> None:
    loaded = [HistoryEvent(event_id=number) for number in range(1, 201)]
    place = Place(execution=WorkflowExecution(), view="events", order=order, page="p", beyond=0)
    found: list[int] = []
    while True:
        read = cut(place, loaded if order else loaded[::-1], b"more")
        found += [event.event_id for event in read.events]
        assert len(read.events) == 50
        assert read.next_page is not None
        if read.next_page["page"] != "p":
            break
        place = msgspec.structs.replace(place, beyond=int(read.next_page["beyond"]))

    assert found == (list(range(1, 201)) if order else list(range(200, 0, -1)))
    assert read.next_page["beyond"] == ""


async def test_history_as_json_is_json() -> None:
    async with browsing() as browser:
        await browser.start("order-1")
        page = await browser.get("/run", id="order-1", view="json", order="oldest")

    shown = re.search(r'<pre class="panel history-json">(.*?)</pre>', page.text, re.DOTALL)
    assert shown is not None
    assert [event["event_id"] for event in json.loads(text_of(shown[1]))] == ["1", "2"]


@pytest.mark.parametrize("name", HOSTILE)
async def test_names_in_history_and_timeline_are_only_text(name: str) -> None:
    async with browsing() as browser:
        await browser.start("order-1", workflow_type=name)
        await browser.post("/run/act", act="signal", id="order-1", name=name)
        pages = [await browser.get("/run", id="order-1", view=view) for view in ("", "events", "json")]

    assert [code_in(page.text) for page in pages] == [[], [], []]
    assert name in text_of(pages[0].text)


async def test_the_timeline_is_zoomed_and_moved_by_links() -> None:
    async with browsing() as browser:
        await browser.start("order-1")
        whole = await browser.get("/run", id="order-1")
        closer = await browser.get(next(link for link in links(whole.text) if "from=" in link).split("#")[0])

    assert ">All</a>" not in whole.text
    assert ">All</a>" in closer.text


@pytest.mark.parametrize(
    "window",
    [{"from": "5", "to": "5"}, {"from": "x", "to": "9"}, {"from": "-1", "to": "9"}, {"from": "9" * 30, "to": "1"}],
)
async def test_a_window_that_is_none_is_the_whole(window: dict[str, str]) -> None:
    async with browsing() as browser:
        await browser.start("order-1")
        page = await browser.get("/run", None, id="order-1", **window)

    assert page.status_code == 200
    assert ">All</a>" not in page.text


@pytest.mark.parametrize("to", ["1", str(2**62)])
async def test_a_window_where_nothing_happened_can_be_left(to: str) -> None:
    async with browsing() as browser:
        await browser.start("order-1")
        page = await browser.get("/run", None, id="order-1", to=to, **{"from": "0"})

    assert page.status_code == 200
    assert ">All</a>" in page.text


async def test_a_forged_page_token_is_refused() -> None:
    async with browsing() as browser:
        await browser.start("order-1")
        pages = [await browser.get("/run", id="order-1", page="forged", order=order) for order in ("", "oldest")]

    assert [page.status_code for page in pages] == [400, 400]


async def test_a_run_alone_is_its_own_tree() -> None:
    async with browsing() as browser:
        await browser.start("order-1", workflow_type="<i>Order</i>")
        page = await browser.get("/run/tree", id="order-1")
        nobody = await browser.get("/run/tree", id="nobody")
        unnamed = await browser.get("/run/tree")

    assert page.text.count('aria-level="') == 1
    assert "<i>Order</i>" in text_of(page.text)
    assert [nobody.status_code, unnamed.status_code] == [404, 400]


def test_a_tree_has_children_below_their_parents_and_strangers_at_the_top() -> None:
    def made(run_id: str, parent: str = "") -> WorkflowExecutionInfo:
        return WorkflowExecutionInfo(
            execution=WorkflowExecution(run_id=run_id), parent_execution=WorkflowExecution(run_id=parent)
        )

    runs = [made("a"), made("c", "b"), made("b", "a"), made("d", "a"), made("e", "gone")]
    assert [(depth, found.execution.run_id) for depth, found in nested(runs)] == [
        (0, "a"),
        (1, "b"),
        (2, "c"),
        (1, "d"),
        (0, "e"),
    ]
    chain = [made("0"), *(made(str(number), str(number - 1)) for number in range(1, 5_000))]
    assert max(depth for depth, _ in nested(chain)) == 4_999


class QueuesHidden:
    """A service whose queues this visitor may not see."""

    def __init__(self, service: Service) -> None:
        self.service = service

    async def call(self, request: Message, reply_type: type[Reply], timeout_s: float = 10.0) -> Reply:
        if isinstance(request, DescribeTaskQueueRequest):
            raise Refused(7, "not allowed")
        return await self.service.call(request, reply_type, timeout_s)

    def serves(self, rpc: str) -> bool:
        return self.service.serves(rpc)

    async def statistics(self) -> ServerStatistics:
        return await self.service.statistics()


async def test_a_run_has_a_page_for_who_may_not_see_its_queue() -> None:
    async with browsing() as browser:
        await browser.start("order-1")
        visit = Visit(
            service=QueuesHidden(browser.service),
            namespace="default",
            query=Fields([("id", "order-1")]),
            form=Fields(()),
            now=time.time_ns(),
        )
        page = await run.show(visit)

    assert isinstance(page.model, run.RunPage)
    assert page.model.answer.sentence.endswith("for a worker on task queue orders.")
    assert page.model.pollers == ()
