"""The header `Grpc-Timeout`: what it may say, and what happens when the time is up."""

from __future__ import annotations

from collections.abc import Mapping

import httpx
import pytest
from google.protobuf.message import Message
from starlette.applications import Starlette
from temporalio.api.workflowservice.v1 import ListWorkflowExecutionsResponse

from mainspring.server.http.rest import api_routes
from mainspring.server.process.http_doors import api_table
from tests.http.served import api

W = "/api/v1/namespaces/default/workflows"
START = {"workflowType": {"name": "T"}, "taskQueue": {"name": "q"}}
DEADLINE_EXCEEDED = 4


class Remembers:
    """A service that keeps how long its calls may take."""

    def __init__(self) -> None:
        self.limits_s: list[float | None] = []

    async def call(self, path: str, request: Message, metadata: Mapping[str, str], timeout_s: float | None) -> Message:
        del path, request, metadata
        self.limits_s.append(timeout_s)
        return ListWorkflowExecutionsResponse()


async def asked_with(limit: str | None) -> tuple[int, list[float | None]]:
    service = Remembers()
    app = Starlette(routes=api_routes(service, api_table(), 1_000))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://api.test") as http:
        answer = await http.get(W, headers={} if limit is None else {"grpc-timeout": limit})
    return answer.status_code, service.limits_s


@pytest.mark.parametrize(
    "limit, seconds",
    [
        (None, None),
        ("", None),
        ("2H", 7_200),
        ("3M", 180),
        ("10S", 10),
        ("500m", 0.5),
        ("20u", 0.00002),
        ("7n", 0.000000007),
        ("99999999H", 359_999_996_400),
    ],
)
async def test_a_call_may_take_as_long_as_its_header_says(limit: str | None, seconds: float | None) -> None:
    status, given = await asked_with(limit)
    assert status == 200
    assert given == [None if seconds is None else pytest.approx(seconds)]


@pytest.mark.parametrize("limit", ["10X", "10s", "S", "10", "-1S", "+1S", "1.5S", "1 S", "100000000S", "x", "1S,2S"])
async def test_what_is_no_time_is_refused_before_anything_is_called(limit: str) -> None:
    assert await asked_with(limit) == (400, [])


@pytest.mark.slow
async def test_a_query_that_nobody_answers_ends_when_its_time_is_up() -> None:
    async with api() as http:
        await http.post(f"{W}/w", json=START)
        answer = await http.post(f"{W}/w/query/q", json={}, headers={"grpc-timeout": "300m"})
    assert answer.status_code == 504
    assert answer.json()["code"] == DEADLINE_EXCEEDED


@pytest.mark.slow
async def test_an_update_that_nobody_answers_ends_when_its_time_is_up() -> None:
    async with api() as http:
        await http.post(f"{W}/w", json=START)
        update = {"request": {"meta": {"updateId": "u"}}}
        answer = await http.post(f"{W}/w/update/u", json=update, headers={"grpc-timeout": "300m"})
    assert answer.status_code == 504
    assert answer.json()["code"] == DEADLINE_EXCEEDED


@pytest.mark.slow
async def test_a_history_that_nothing_is_added_to_is_answered_when_its_time_is_up() -> None:
    async with api() as http:
        await http.post(f"{W}/w", json=START)
        only_new = "waitNewEvent=true&historyEventFilterType=HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT"
        answer = await http.get(f"{W}/w/history?{only_new}", headers={"grpc-timeout": "1500m"})
    assert answer.status_code == 200
    assert answer.json()["history"].get("events", []) == []
    assert answer.json()["nextPageToken"]
