"""Actions by their forms: asked before they destroy, carried out once, shown with both sides."""

from __future__ import annotations

import html
import json
import re

import pytest
from temporalio.api.common.v1 import Payload, Payloads, WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflowservice.v1 import (
    GetWorkflowExecutionHistoryRequest,
    GetWorkflowExecutionHistoryResponse,
)

from mainspring.server.ui import acting, matching, selected
from tests.pages.browsing import HOSTILE, Browser, browsing, code_in, links, text_of

EXACT = b'{"n": 9007199254740993, "d": 1.10000000000000000001, "s":"\\u00e9 </textarea><script>alert(1)</script>"}\r\n'


async def events(browser: Browser, workflow_id: str) -> list[HistoryEvent]:
    request = GetWorkflowExecutionHistoryRequest(
        namespace="default", execution=WorkflowExecution(workflow_id=workflow_id)
    )
    return list((await browser.call(request, GetWorkflowExecutionHistoryResponse)).history.events)


def fields_of(page: str) -> dict[str, str]:
    """The main form as a browser would send it unchanged."""
    form = re.search(r'<form class="panel".*?</form>', page, re.DOTALL)
    assert form is not None
    found = dict(re.findall(r'<input[^>]*? name="([^"]+)" value="([^"]*)"', form[0]))
    found |= dict(re.findall(r'<textarea[^>]* name="([^"]+)"[^>]*>\n(.*?)</textarea>', form[0], re.DOTALL))
    for name, options in re.findall(r'<select name="([^"]+)".*?>(.*?)</select>', form[0], re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options)
        found[name] = chosen[1] if chosen else ""
    return {
        name: text_of(value).replace("\r\n", "\n").replace("\n", "\r\n")
        for name, value in found.items()
        if name != "csrf"
    }


@pytest.mark.parametrize("workflow_id", HOSTILE)
async def test_each_action_has_a_form_for_any_legal_id_and_changes_nothing_by_itself(workflow_id: str) -> None:
    async with browsing() as browser:
        await browser.start(workflow_id)
        for act in ("signal", "update", "query", "cancel", "terminate", "delete"):
            page = await browser.get("/run/act", act=act, id=workflow_id)
            assert page.status_code == 200
            assert code_in(page.text) == []
            assert workflow_id in text_of(page.text)
        history = await events(browser, workflow_id)

    assert len(history) == 2


async def test_a_signal_is_sent_once_with_the_text_as_it_was_written() -> None:
    async with browsing() as browser:
        await browser.start("order-1")
        form = fields_of((await browser.get("/run/act", act="signal", id="order-1")).text)
        form |= {"name": "approve", "text-0": '{"n": 9007199254740993}'}
        answer = await browser.post("/run/act", **form)
        await browser.post("/run/act", **form)  # a page that is loaded again
        history = await events(browser, "order-1")

    assert answer.status_code == 200
    assert "SignalWorkflowExecutionRequest" in answer.text
    signals = [event for event in history if event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED]
    assert len(signals) == 1
    attributes = signals[0].workflow_execution_signaled_event_attributes
    assert attributes.signal_name == "approve"
    assert attributes.input.payloads[0].data == b'{"n": 9007199254740993}'
    assert attributes.identity == "mainspring-ui"


async def test_what_is_no_json_is_sent_back_to_its_writer() -> None:
    async with browsing() as browser:
        await browser.start("order-1")
        answer = await browser.post(
            "/run/act",
            act="signal",
            id="order-1",
            name="approve",
            **{"arguments": "1", "text-0": '{"a": ', "encoding-0": "json/plain"},
        )
        unnamed = await browser.post("/run/act", act="signal", id="order-1", name="")

    assert (answer.status_code, unnamed.status_code) == (400, 400)
    assert "not JSON" in answer.text
    assert '{"a": ' in text_of(answer.text)
    assert 'value="approve"' in answer.text
    assert "a name is needed" in unnamed.text


async def test_a_terminated_run_is_ended_and_a_second_time_is_told_so() -> None:
    async with browsing() as browser:
        await browser.start("order-1")
        done = await browser.post("/run/act", act="terminate", id="order-1", reason="<b>no more</b>")
        again = await browser.post("/run/act", act="terminate", id="order-1")
        history = await events(browser, "order-1")

    assert done.status_code == 200
    attributes = history[-1].workflow_execution_terminated_event_attributes
    assert (attributes.reason, attributes.identity) == ("<b>no more</b>", "mainspring-ui")
    assert code_in(done.text) == []
    assert "<b>no more" not in done.text
    assert again.status_code == 404
    assert "workflow execution already completed" in text_of(again.text)


async def test_a_query_that_no_worker_answers_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acting, "TIMEOUT_S", 0.1)
    async with browsing() as browser:
        await browser.start("order-1")
        answer = await browser.post("/run/act", act="query", id="order-1", name="state")

    assert answer.status_code == 504
    assert "Query: deadline exceeded" in text_of(answer.text)
    assert "QueryWorkflowRequest" in answer.text


@pytest.mark.parametrize("path", ["/run/act?act=nothing&id=a", "/run/act?act=signal", "/run/act?act=signal&id="])
async def test_an_action_that_is_none_or_names_no_run_is_an_error(path: str) -> None:
    async with browsing() as browser:
        assert (await browser.get(path)).status_code == 400


async def test_one_is_started_like_another_with_the_same_bytes() -> None:
    binary = Payload(metadata={"encoding": b"binary/encrypted", "key": b"\xff"}, data=b"\x00\xff\x01")
    text = Payload(metadata={"encoding": b"json/plain", "messageType": b"x"}, data=EXACT)
    odd = Payload(metadata={"encoding": b"json/plain"}, data=b"\r\n{}")
    async with browsing() as browser:
        run_id = await browser.start("order-1", payloads=Payloads(payloads=[binary, text, odd]))
        page = await browser.get("/start", like="order-1", like_run=run_id)
        answer = await browser.post("/start", **fields_of(page.text) | {"id": "order-2"})
        started = (await events(browser, "order-2"))[0].workflow_execution_started_event_attributes

    assert code_in(page.text) == []
    assert answer.status_code == 200
    assert list(started.input.payloads) == [binary, text, odd]
    assert (started.workflow_type.name, started.task_queue.name) == ("Order", "orders")


async def test_a_changed_argument_is_sent_as_written_and_the_others_as_they_were() -> None:
    before = Payloads(
        payloads=[
            Payload(metadata={"encoding": b"json/plain"}, data=b"1"),
            Payload(metadata={"encoding": b"json/plain"}, data=b"  2 "),
        ]
    )
    async with browsing() as browser:
        await browser.start("order-1", payloads=before)
        page = await browser.get("/start", like="order-1")
        await browser.post("/start", **fields_of(page.text) | {"id": "order-2", "text-0": "12345678901234567890.10"})
        started = (await events(browser, "order-2"))[0].workflow_execution_started_event_attributes

    assert [payload.data for payload in started.input.payloads] == [b"12345678901234567890.10", b"  2 "]


async def test_another_argument_is_a_form_with_one_more_and_nothing_is_started() -> None:
    async with browsing() as browser:
        form = {
            "id": "order-1",
            "type": "Order",
            "queue": "orders",
            "arguments": "1",
            "text-0": "1",
            "encoding-0": "json/plain",
        }
        page = await browser.post("/start", more="1", **form)
        wrong = await browser.post("/start", **{**form, "id": ""}, workflow_run_timeout="soon")
        late = await browser.post("/start", **form, workflow_run_timeout="soon")
        listed = await browser.get("/workflows")

    assert 'name="text-1"' in page.text
    assert 'name="arguments" value="2"' in page.text
    assert "a workflow id is needed" in wrong.text
    assert "expected a number of seconds" in late.text
    assert "No workflow matches" in listed.text


async def test_selected_runs_are_previewed_then_acted_on_each_by_itself() -> None:
    async with browsing() as browser:
        keys = [json.dumps([name, await browser.start(name)]) for name in HOSTILE[:3]]
        await browser.post("/run/act", act="terminate", id=HOSTILE[0])
        preview = await browser.post("/workflows/selected", act="terminate", run=keys)
        history = await events(browser, HOSTILE[1])
        done = await browser.post("/workflows/act", act="terminate", run=keys, reason="spring cleaning", request_id="r")

    assert "Terminate 3 workflows?" in text_of(preview.text)
    assert code_in(preview.text) == code_in(done.text) == []
    assert len(history) == 2
    assert "Terminate: 2 of 3 done" in text_of(done.text)
    assert "workflow execution already completed" in text_of(done.text)


@pytest.mark.parametrize(
    "payload",
    [
        Payload(metadata={"encoding": b"json/plain"}, data=b"[3544790567247868102, 0.2345678901234568]"),
        Payload(metadata={"encoding": b"json/plain"}, data=b'{"a": 1, "a": 2}'),
        Payload(metadata={"encoding": b"json/plain"}, data=b"NaN"),
        Payload(metadata={"encoding": b"json/plain"}, data=b'"' + b"%&=+ <>" * 290_000 + b'"'),
        Payload(metadata={"encoding": b"binary/null"}),
        Payload(metadata={"encoding": b"json/protobuf", "messageType": b"a.B"}, data=b'{"id":"9007199254740993"}'),
        Payload(metadata={"encoding": b"binary/protobuf", "messageType": b"a.B"}, data=b"\x08\xff\xff\x03"),
        Payload(metadata={"encoding": b"mine/\xff"}, data=b"\x00\x01"),
        Payload(metadata={"encoding": b"mine/text", "key": b"7"}, data="ünï ☃".encode()),
        Payload(),
    ],
    ids=["numbers", "twice", "NaN", "2 MB", "null", "JSON of a message", "message", "bytes", "text", "nothing"],
)
@pytest.mark.timeout(60)
async def test_any_payload_is_shown_and_sent_again_as_it_is(payload: Payload) -> None:
    async with browsing() as browser:
        await browser.start("order-1", payloads=Payloads(payloads=[payload]))
        page = await browser.get("/run", id="order-1")
        form = fields_of((await browser.get("/start", like="order-1")).text)
        answer = await browser.post("/start", **(form | {"id": "order-2"}))
        started = (await events(browser, "order-2"))[0].workflow_execution_started_event_attributes

    assert (page.status_code, answer.status_code) == (200, 200)
    assert list(started.input.payloads) == [payload]


@pytest.mark.parametrize("runs", [[], ["no json"], ['["a"]'], [json.dumps([str(n), ""]) for n in range(1_001)]])
async def test_a_selection_of_none_of_too_many_or_of_nonsense_is_refused(runs: list[str]) -> None:
    async with browsing() as browser:
        for path in ("/workflows/selected", "/workflows/act"):
            assert (await browser.post(path, act="terminate", run=runs)).status_code == 400


def keys_in(preview: str) -> list[str]:
    return [html.unescape(found) for found in re.findall(r'name="run" value="([^"]*)"', preview)]


async def test_all_that_a_filter_finds_are_previewed_and_then_only_those_acted_on() -> None:
    async with browsing() as browser:
        for number in range(25):
            await browser.start(f"order-{number}")
        await browser.start("bill-1", workflow_type="Bill")
        form = {"act": "terminate", "all": "1", "type": "Order", "status": "Running"}
        listed = await browser.get("/workflows", type="Order", status="Running", count="20")
        preview = await browser.post("/workflows/selected", **form)
        await browser.start("order-late")
        done = await browser.post("/workflows/act", act="terminate", run=keys_in(preview.text))
        late = await events(browser, "order-late")
        bill = await events(browser, "bill-1")

    assert "all that match (25)" in text_of(listed.text)
    assert "Terminate 25 workflows?" in text_of(preview.text)
    assert "Terminate: 25 of 25 done" in text_of(done.text)
    assert (len(late), len(bill)) == (2, 2)


async def test_more_than_can_be_acted_on_at_once_are_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "MOST", 3)
    async with browsing() as browser:
        for number in range(5):
            await browser.start(f"order-{number}")
        preview = await browser.post("/workflows/selected", act="cancel", all="1")
        stuck = await browser.post("/workflows/selected", act="cancel", all="1", stuck="1")

    for page in (preview, stuck):
        assert "Cancel 3 workflows?" in text_of(page.text)
        assert keys_in(page.text) == keys_in(preview.text)
    assert "5 match. At most 3 are acted on at once" in text_of(preview.text)
    assert "5 open workflows were looked at; there are more." in text_of(stuck.text)


async def test_a_filter_that_finds_nothing_or_is_wrong_acts_on_nothing() -> None:
    async with browsing() as browser:
        await browser.start("order-1")
        none = await browser.post("/workflows/selected", act="cancel", all="1", query="WorkflowId = 'nobody'")
        wrong = await browser.post("/workflows/selected", act="cancel", all="1", query="<b> = 1")

    assert (none.status_code, wrong.status_code) == (400, 400)
    assert "No workflow matches any more." in text_of(none.text)
    assert code_in(wrong.text) == []


async def test_the_answer_for_many_begins_with_what_was_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selected, "_MOST_SHOWN", 2)
    async with browsing() as browser:
        keys = [json.dumps([f"order-{n}", await browser.start(f"order-{n}")]) for n in range(4)]
        done = await browser.post("/workflows/act", act="cancel", run=[*keys, '["nobody",""]'])

    assert "Cancel: 4 of 5 done" in text_of(done.text)
    assert re.findall(r"<li><span class=\"(\w+)\">", done.text) == ["wrong", "good"]
    assert "And 3 more." in text_of(done.text)


async def test_signals_to_many_are_each_sent_once() -> None:
    async with browsing() as browser:
        keys = [json.dumps([f"order-{n}", await browser.start(f"order-{n}")]) for n in range(2)]
        form: dict[str, str | list[str]] = {"act": "signal", "run": keys, "name": "go", "request_id": "same"}
        for _ in range(2):
            await browser.post("/workflows/act", **form)
        counts = [len(await events(browser, f"order-{n}")) for n in range(2)]

    assert counts == [3, 3]


async def test_an_action_on_many_that_needs_a_name_asks_for_it() -> None:
    async with browsing() as browser:
        key = json.dumps(["order-1", await browser.start("order-1")])
        answer = await browser.post("/workflows/act", act="signal", run=key)

    assert answer.status_code == 400
    assert "a name is needed" in answer.text


async def test_links_after_an_action_lead_to_the_run() -> None:
    async with browsing() as browser:
        await browser.start("a b")
        answer = await browser.post("/run/act", act="cancel", id="a b")

    assert "/run?namespace=default&id=a%20b" in links(answer.text)
