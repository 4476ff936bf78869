"""Counts are shared, kept, and never hold a page up."""

from __future__ import annotations

import asyncio
import gc
from typing import cast

import pytest
from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload
from temporalio.api.workflowservice.v1 import CountWorkflowExecutionsRequest, CountWorkflowExecutionsResponse

from mainspring.server.ui import counts
from mainspring.server.ui.counts import Counts
from mainspring.server.ui.service import Refused, Reply, ServerStatistics


class CountingService:
    """Answers when it is let; counts how often it was asked."""

    def __init__(self) -> None:
        self.queries: list[str] = []
        self.may_answer = asyncio.Event()
        self.refusal: Refused | None = None

    async def call(self, request: Message, reply_type: type[Reply], timeout_s: float = 0) -> Reply:
        assert isinstance(request, CountWorkflowExecutionsRequest)
        self.queries.append(request.query)
        await self.may_answer.wait()
        if self.refusal is not None:
            raise self.refusal
        group = CountWorkflowExecutionsResponse.AggregationGroup(group_values=[Payload(data=b'"Failed"')], count=3)
        return cast("Reply", CountWorkflowExecutionsResponse(count=3, groups=[group]))

    def serves(self, rpc: str) -> bool:
        return bool(rpc)

    async def statistics(self) -> ServerStatistics:
        raise NotImplementedError


async def test_all_who_look_share_a_count() -> None:
    kept, service = Counts(), CountingService()
    service.may_answer.set()
    found = await asyncio.gather(*(kept.by_status(service, "default", "A = 1") for _ in range(5)))

    assert found == [{"Failed": 3}] * 5
    assert service.queries == ["A = 1 GROUP BY ExecutionStatus"]


async def test_a_slow_count_is_there_at_the_next_visit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counts, "PATIENCE_S", 0.001)
    kept, service = Counts(), CountingService()

    assert await kept.by_status(service, "default", "") is None
    service.may_answer.set()
    monkeypatch.setattr(counts, "PATIENCE_S", 10.0)
    assert await kept.by_status(service, "default", "") == {"Failed": 3}
    assert len(service.queries) == 1


async def test_a_refused_count_is_told_to_all_who_wait() -> None:
    kept, service = Counts(), CountingService()
    service.refusal = Refused(3, "no such attribute")
    service.may_answer.set()

    for _ in range(2):
        with pytest.raises(Refused):
            await kept.by_status(service, "default", "Nope = 1")


async def test_only_so_many_counts_are_kept() -> None:
    kept, service = Counts(), CountingService()
    service.may_answer.set()
    for number in range(100):
        await kept.by_status(service, "default", f"A = {number}")
    await kept.by_status(service, "default", "A = 99")
    await kept.by_status(service, "default", "A = 0")

    assert len(service.queries) == 101


async def test_a_count_that_is_refused_when_nobody_waits_any_more_is_no_fault(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(counts, "PATIENCE_S", 0.001)
    kept, service = Counts(), CountingService()
    service.refusal = Refused(3, "no such attribute")

    assert await kept.by_status(service, "default", "") is None
    service.may_answer.set()
    for _ in range(3):
        await asyncio.sleep(0)
    del kept
    gc.collect()
    assert caplog.records == []


async def test_who_waits_for_a_count_that_has_to_make_room_is_told_that_there_is_none() -> None:
    kept, service = Counts(), CountingService()
    waiting = asyncio.create_task(kept.by_status(service, "default", "A = 1"))
    others = [asyncio.create_task(kept.by_status(service, "default", f"B = {number}")) for number in range(64)]

    assert await waiting is None
    service.may_answer.set()
    assert {str(found) for found in await asyncio.gather(*others)} == {"{'Failed': 3}"}
