"""The API over HTTP and JSON, on a whole server in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import httpx
import pytest
from google.protobuf.message import Message
from starlette.applications import Starlette

from mainspring.server.http.rest import api_routes
from mainspring.server.process.http_doors import api_table
from mainspring.server.process.http_listener import HttpListener
from mainspring.server.process.http_server import HttpServer
from tests.http.served import api

W = "/api/v1/namespaces/default/workflows"
START = {"workflowType": {"name": "T"}, "taskQueue": {"name": "q"}, "input": ["hello", {"a": 1}]}
LARGEST = 100_000


@pytest.mark.parametrize("workflow_id", ["w1", "a%2Fb", "a%0Ab", "100%25", "%E2%98%83"])
async def test_a_workflow_starts_and_its_history_has_its_input(workflow_id: str) -> None:
    async with api() as http:
        started = await http.post(f"{W}/{workflow_id}", json=START)
        assert started.status_code == 200, started.text
        assert started.headers["cache-control"] == "no-store"
        short = (await http.get(f"{W}/{workflow_id}/history")).json()["history"]["events"]
        asked = {"accept": "application/json+no-payload-shorthand"}
        whole = (await http.get(f"{W}/{workflow_id}/history", headers=asked)).json()["history"]["events"]
    assert short[0]["eventId"] == "1"
    assert short[0]["workflowExecutionStartedEventAttributes"]["input"] == ["hello", {"a": 1}]
    first = whole[0]["workflowExecutionStartedEventAttributes"]["input"]["payloads"][0]
    assert first == {"metadata": {"encoding": "anNvbi9wbGFpbg=="}, "data": "ImhlbGxvIg=="}


@pytest.mark.parametrize(
    "method, path, body, status, code",
    [
        ("GET", "/api/v1/namespaces/default", "", 200, None),
        ("GET", "/cluster/namespaces", "", 200, None),
        ("GET", "/api/v1/nothing", "", 404, 5),
        ("GET", "/", "", 404, 5),
        ("GET", "/api/v1/namespaces/nope", "", 404, 5),
        ("DELETE", "/api/v1/namespaces/default", "", 501, 12),
        ("OPTIONS", "/api/v1/namespaces/default", "", 501, 12),
        ("BREW", "/api/v1/namespaces/default", "", 501, 12),
        ("POST", f"{W}/w", "{bad", 400, 3),
        ("POST", f"{W}/w", '{"unknown":1}', 400, 3),
        ("POST", f"{W}/w", "[]", 400, 3),
        ("POST", f"{W}/w", "\udcff".encode("utf-8", "surrogateescape").decode("latin-1"), 400, 3),
        ("POST", f"{W}/w", '{"input":' + "[" * 5_000, 400, 3),
        ("POST", f"{W}/w", '{"input":' + "[" * 20_000 + "]" * 20_000 + "}", 400, 3),
        ("POST", f"{W}/w", " " * (LARGEST + 1), 400, 3),
        ("GET", f"{W}?pageSize=x", "", 400, 3),
        ("GET", f"{W}?unknownField=1", "", 200, None),
        ("GET", f"{W}?pageSize=1&pageSize=1", "", 400, 3),
        ("GET", f"{W}?pageSize=1.0", "", 400, 3),
        ("GET", f"{W}?pageSize=%2B1", "", 200, None),
        ("GET", f"{W}?nextPageToken=YQ", "", 400, 3),
        ("GET", f"{W}?nextPageToken=%21%21%21%21", "", 400, 3),
        ("GET", f"{W}?query=%FF", "", 400, 3),
        ("GET", f"{W}?" + "a=1&" * 5_000, "", 400, 3),
        ("GET", f"{W}/%FF", "", 400, 3),
        ("GET", f"{W}/", "", 400, 3),
        ("GET", f"{W}/none/history?waitNewEvent=T", "", 404, 5),
        ("GET", f"{W}/none/history?waitNewEvent=yes", "", 400, 3),
        ("GET", f"{W}/none/history?historyEventFilterType=1", "", 404, 5),
        ("GET", f"{W}/none/history?historyEventFilterType=99", "", 400, 3),
        ("GET", f"{W}/none/history?execution=x", "", 400, 3),
        ("GET", f"{W}/none/history?execution.workflowId=a&execution.workflowId=b", "", 404, 5),
    ],
)
async def test_answers_have_the_real_servers_status(
    method: str, path: str, body: str, status: int, code: int | None
) -> None:
    async with api() as http:
        answered = await http.request(method, path, content=body)
    assert answered.status_code == status, answered.text
    assert answered.json().get("code") == code


@pytest.mark.parametrize(
    "part",
    [
        '"memo":{},"memo":{}',
        '"workflow_type":{"name":"T"}',
        '"taskQueue":{"name":"q","kind":"1"}',
        '"retryPolicy":{"maximumAttempts":"1_0"}',
        '"retryPolicy":{"maximumAttempts":NaN}',
        '"input":[NaN]',
        '"input":[1e400]',
        '"input":{"payloads":[{"data":"!"}],"x":1}',
        '"links":[{"batchJob":{},"workflowEvent":{}}]',
    ],
)
async def test_what_protobuf_for_python_would_let_pass_is_refused(part: str) -> None:
    body = f'{{"workflowType":{{"name":"T"}},"taskQueue":{{"name":"q"}},{part}}}'
    async with api() as http:
        answered = await http.post(f"{W}/w", content=body)
    assert answered.status_code == 400, answered.text


async def test_in_a_payload_the_last_of_two_values_of_a_name_counts() -> None:
    async with api() as http:
        body = '{"workflowType":{"name":"T"},"taskQueue":{"name":"q"},"input":[{"a":1,"a":2}]}'
        assert (await http.post(f"{W}/w", content=body)).status_code == 200
        history = (await http.get(f"{W}/w/history")).json()["history"]["events"]
    assert history[0]["workflowExecutionStartedEventAttributes"]["input"] == [{"a": 2}]


async def test_a_whole_payload_is_read_strictly() -> None:
    whole = {"content-type": "application/json+no-payload-shorthand"}
    started = START | {"input": {"payloads": [{"metadata": {"encoding": "!!!!"}}]}}
    async with api() as http:
        assert (await http.post(f"{W}/w", json=started, headers=whole)).status_code == 400
        assert (await http.post(f"{W}/w", json=started)).status_code == 200


async def test_details_say_their_type() -> None:
    async with api() as http:
        (detail,) = (await http.get("/api/v1/namespaces/nope")).json()["details"]
    name = "temporal.api.errordetails.v1.NamespaceNotFoundFailure"
    assert detail == {"@type": f"type.googleapis.com/{name}", "namespace": "nope"}


@pytest.mark.parametrize("origin, status", [("http://evil.example", 403), ("null", 403), ("http://api.test", 200)])
async def test_what_a_page_of_another_site_sends_is_refused(origin: str, status: int) -> None:
    async with api() as http:
        assert (await http.post(f"{W}/w", json=START, headers={"origin": origin})).status_code == status


async def test_every_path_of_the_api_answers_without_a_bug() -> None:
    async with api() as http:
        for binding in api_table():
            path = "/" + "/".join("x" if part.startswith("{") else part for part in binding.segments)
            async with asyncio.timeout(15):
                answered = await http.request(binding.method, path, content="{}" if binding.has_body else None)
            assert answered.status_code < 500 or answered.status_code == 501, (path, answered.text)


async def test_a_call_ends_when_its_client_hangs_up() -> None:
    ended = asyncio.Event()

    class Waits:
        async def call(
            self, path: str, request: Message, metadata: Mapping[str, str], timeout_s: float | None
        ) -> Message:
            del path, metadata, timeout_s
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()
            return request

    app = Starlette(routes=api_routes(Waits(), api_table(), LARGEST))
    server = HttpListener(lambda: HttpServer(app))
    await server.start("127.0.0.1", 0)
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}") as http:
            with pytest.raises(httpx.ReadTimeout):
                await http.get(W, timeout=0.2)
        async with asyncio.timeout(5):
            await ended.wait()
    finally:
        await server.finish(0)
