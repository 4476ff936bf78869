"""Payloads that are stored encoded are shown decoded, sent encoded, and never lost in between."""

from __future__ import annotations

import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from temporalio.api.activity.v1 import ActivityOptions
from temporalio.api.common.v1 import Header, Memo, Payload, Payloads, SearchAttributes, WorkflowExecution
from temporalio.api.failure.v1 import ApplicationFailureInfo, Failure
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflowservice.v1 import GetWorkflowExecutionHistoryRequest, GetWorkflowExecutionHistoryResponse

from mainspring.server.process.config import UiConfig
from mainspring.server.process.http_doors import ui_options
from mainspring.server.ui import Options, codec, codec_server
from mainspring.server.ui.codec_server import CodecServer
from mainspring.server.ui.payload_walk import FAILURES, SEARCH_ATTRIBUTES, payloads_in
from tests.pages.browsing import Browser, browsing, code_in, links, text_of
from tests.pages.codec_servers import ENCRYPTED, WRONG, CodecStub, encrypted
from tests.pages.codec_servers import codec_server as serving

SECRET = b'{"n":9007199254740993,"x":"<b>secret</b>"}'


@asynccontextmanager
async def secretive(wrong: str = "") -> AsyncGenerator[tuple[Browser, CodecStub]]:
    """A visitor of a server with a codec server, and a run `order-1` with an encrypted argument."""
    with serving(wrong) as stub:
        async with browsing(Options(codec=CodecServer(stub.endpoint))) as browser:
            await browser.start("order-1", payloads=Payloads(payloads=[encrypted(SECRET)]))
            yield browser, stub


async def history(browser: Browser, workflow_id: str) -> list[HistoryEvent]:
    request = GetWorkflowExecutionHistoryRequest(
        namespace="default", execution=WorkflowExecution(workflow_id=workflow_id)
    )
    return list((await browser.call(request, GetWorkflowExecutionHistoryResponse)).history.events)


async def test_payloads_are_shown_decoded_as_the_bytes_they_are() -> None:
    async with secretive() as (browser, stub):
        page = await browser.get("/run", id="order-1")

    assert text_of(page.text).count(SECRET.decode()) == 2  # the input, and the event that holds it
    assert code_in(page.text) == []
    assert f"Payloads decoded by {stub.endpoint.removeprefix('http://')}." in text_of(page.text)
    assert [(asked.path, asked.namespace, asked.payloads) for asked in stub.asked] == [
        ("/decode", "default", [encrypted(SECRET)])
    ]


async def test_the_reader_can_see_what_is_stored() -> None:
    async with secretive() as (browser, stub):
        decoded = await browser.get("/run", id="order-1")
        stored = await browser.get(next(link for link in links(decoded.text) if "payloads=stored" in link))
        again = await browser.get("/run", id="order-1")

    assert "binary/encrypted: " in stored.text
    assert "secret" not in stored.text
    assert "secret" in again.text
    assert len(stub.asked) == 1  # what was decoded lately is kept


@pytest.mark.parametrize("wrong", WRONG)
async def test_what_cannot_be_decoded_is_shown_as_it_is_stored_with_the_reason(wrong: str) -> None:
    async with secretive(wrong) as (browser, stub):
        page = await browser.get("/run", id="order-1")

    assert page.status_code == 200
    assert f"Payloads are shown as they are stored: codec server {stub.endpoint[7:]} " in text_of(page.text)
    assert f"{len(SECRET)} bytes, binary/encrypted: " in page.text
    assert code_in(page.text) == []


async def test_a_codec_server_that_is_not_there_is_told_of() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    async with browsing(Options(codec=CodecServer(f"http://127.0.0.1:{port}"))) as browser:
        await browser.start("order-1", payloads=Payloads(payloads=[encrypted(SECRET)]))
        page = await browser.get("/run", id="order-1")

    assert "did not answer" in page.text
    assert "binary/encrypted: " in page.text


@pytest.mark.parametrize("wrong, told", [("slow", "did not answer within 0.2 s"), ("endless", "answered more than")])
async def test_an_answer_without_end_is_not_waited_for(wrong: str, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec_server, "TIMEOUT_S", 0.2 if wrong == "slow" else 5.0)
    monkeypatch.setattr(codec_server, "MOST_ANSWER_BYTES", 100_000)
    async with secretive(wrong) as (browser, _):
        page = await browser.get("/run", id="order-1")

    assert told in page.text
    assert "binary/encrypted: " in page.text


async def test_more_payloads_than_one_page_may_ask_for_are_left_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec, "MOST_BYTES", 200)
    payloads = [encrypted(b'"%d%s"' % (number, b"x" * 60)) for number in range(4)]
    with serving() as stub:
        async with browsing(Options(codec=CodecServer(stub.endpoint))) as browser:
            await browser.start("order-1", payloads=Payloads(payloads=payloads))
            page = await browser.get("/run", id="order-1")

    assert "3 are too many for one page" in text_of(page.text)
    assert "encrypted: 22" in page.text


async def test_what_the_reader_writes_is_sent_encoded() -> None:
    async with secretive() as (browser, stub):
        await browser.post("/run/act", act="signal", id="order-1", name="go", arguments="1", **{"text-0": '"<mine>"'})
        sent = (await history(browser, "order-1"))[-1].workflow_execution_signaled_event_attributes.input

    assert list(sent.payloads) == [encrypted(b'"<mine>"')]
    assert [asked.path for asked in stub.asked] == ["/encode"]


async def test_nothing_is_sent_if_it_cannot_be_encoded() -> None:
    async with secretive("status") as (browser, _):
        page = await browser.post(
            "/run/act", act="signal", id="order-1", name="go", arguments="1", **{"text-0": '"mine"'}
        )
        many = await browser.post(
            "/workflows/act", act="signal", run='["order-1",""]', name="go", arguments="1", **{"text-0": '"mine"'}
        )
        events = await history(browser, "order-1")

    for answer in (page, many):
        assert answer.status_code == 400
        assert "not sent, since codec server" in answer.text
        assert "500 Oh no: <b>no key</b>" in text_of(answer.text)
        assert '"mine"' in text_of(answer.text)
    assert len(events) == 2


async def test_a_signal_to_many_is_encoded_once() -> None:
    async with secretive() as (browser, stub):
        await browser.start("order-2")
        runs = ['["order-1",""]', '["order-2",""]']
        await browser.post("/workflows/act", act="signal", run=runs, name="go", arguments="1", **{"text-0": '"mine"'})
        sent = [
            (await history(browser, workflow_id))[-1].workflow_execution_signaled_event_attributes.input.payloads[0]
            for workflow_id in ("order-1", "order-2")
        ]

    assert sent == [encrypted(b'"mine"')] * 2
    assert [asked.path for asked in stub.asked] == ["/encode"]


async def start_like(browser: Browser, text: str, encoding: str = "json/plain") -> list[Payload]:
    """Start another with this text in place of the argument; the input that it was given."""
    fields = {"text-0": text, "encoding-0": encoding, "arguments": "1", "like": "order-1"}
    await browser.post("/start", id="order-2", type="Order", queue="orders", request_id="r", **fields)
    started = (await history(browser, "order-2"))[0].workflow_execution_started_event_attributes
    return list(started.input.payloads)


async def test_another_is_started_with_the_stored_bytes_of_what_was_not_changed() -> None:
    async with secretive() as (browser, stub):
        form = await browser.get("/start", like="order-1")
        sent = await start_like(browser, SECRET.decode())

    assert SECRET.decode() in text_of(form.text)
    assert sent == [encrypted(SECRET)]
    assert [asked.path for asked in stub.asked] == ["/decode"]


async def test_what_was_changed_is_encoded_again() -> None:
    async with secretive() as (browser, _):
        assert await start_like(browser, '{"n":1}') == [encrypted(b'{"n":1}')]


async def test_a_form_that_was_shown_as_stored_sends_what_is_stored() -> None:
    async with secretive() as (browser, stub):
        stored = encrypted(SECRET)
        sent = await start_like(browser, stored.data.decode(), ENCRYPTED.decode())

    assert sent == [stored]
    assert [asked.path for asked in stub.asked] == ["/decode"]


async def test_the_namespace_stands_in_the_path_of_the_endpoint_as_one_part() -> None:
    with serving() as stub:
        codec = CodecServer(f"{stub.endpoint}/of/{{namespace}}/")
        assert await codec.decode("a/../b", [encrypted(b"1")]) == [
            Payload(metadata={"encoding": b"json/plain"}, data=b"1")
        ]

    assert stub.asked[0].path == "/of/a%2F..%2Fb/decode"


def test_the_configuration_names_the_codec_server() -> None:
    assert ui_options(UiConfig()) == Options()
    named = ui_options(UiConfig(codec_endpoint="https://codec.example.com:8443/v1/", disable_write_actions=True))
    assert named.codec is not None
    assert named.codec.host == "codec.example.com:8443"
    assert named.is_read_only


async def test_only_so_much_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec_server, "MOST_KEPT_BYTES", 1_000)
    with serving() as stub:
        codec = CodecServer(stub.endpoint)
        for number in (1, 2, 3, 1, 3):
            await codec.decode("default", [encrypted(b"%d" % number * 200)])

    assert len(stub.asked) == 4  # the last one was kept


def test_payloads_of_a_message_have_labels() -> None:
    def payload(text: str) -> Payload:
        return Payload(data=text.encode())

    event = HistoryEvent()
    started = event.workflow_execution_started_event_attributes
    started.input.payloads.extend([payload("a"), payload("b")])
    started.header.CopyFrom(Header(fields={"trace": payload("c")}))
    started.memo.CopyFrom(Memo(fields={"who": payload("d")}))
    started.search_attributes.CopyFrom(SearchAttributes(indexed_fields={"City": payload("e")}))
    started.continued_failure.CopyFrom(
        Failure(application_failure_info=ApplicationFailureInfo(details=Payloads(payloads=[payload("f")])))
    )
    event.user_metadata.summary.CopyFrom(payload("g"))

    found = {label: found.data.decode() for label, found in payloads_in(event, without=FAILURES)}
    assert found == {
        "Input 1": "a",
        "Input 2": "b",
        "Header: trace": "c",
        "Memo: who": "d",
        "Search attributes: City": "e",
        "Summary": "g",
    }
    encodable = [found.data.decode() for _, found in payloads_in(event, without=SEARCH_ATTRIBUTES)]
    assert sorted(encodable) == ["a", "b", "c", "d", "f", "g"]
    assert list(payloads_in(ActivityOptions())) == []
