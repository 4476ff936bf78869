"""Counts by status, never costly: each is shared by all who look, and kept for twenty times as long as it took.

    counts.by_status(service, namespace, query)  ->  {"Running": 12, ...}, or None if it is not there yet

A count that takes longer than a page may wait goes on by itself; the next visit finds it.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import OrderedDict
from typing import Final

import msgspec
from temporalio.api.workflowservice.v1 import CountWorkflowExecutionsRequest, CountWorkflowExecutionsResponse

from mainspring.server.ui.service import Service

PATIENCE_S: Final = 0.1
_KEPT_TIMES: Final = 20
_KEPT_AT_LEAST_S: Final = 1.0
_TIMEOUT_S: Final = 30.0
_MOST_KEPT: Final = 64

ByStatus = dict[str, int]


class _Count(msgspec.Struct):
    task: asyncio.Task[ByStatus]
    good_until_s: float = float("inf")  # of time.monotonic(); while it is being made, for ever


class Counts:
    """The counts of late, by namespace and query."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str], _Count] = OrderedDict()

    async def by_status(self, service: Service, namespace: str, query: str) -> ByStatus | None:
        """How many runs match, by status; None if that takes longer than a page may wait.

        Raises:
            Refused: The query cannot be counted.
        """
        count = self._current(service, namespace, query)
        done, _ = await asyncio.wait([count.task], timeout=PATIENCE_S)
        return count.task.result() if done and not count.task.cancelled() else None

    def _current(self, service: Service, namespace: str, query: str) -> _Count:
        key = (namespace, query)
        known = self._kept.get(key)
        if known is not None and time.monotonic() < known.good_until_s:
            self._kept.move_to_end(key)
            return known
        made = _Count(asyncio.create_task(_count(service, namespace, query)))
        began_s = time.monotonic()

        def settle(task: asyncio.Task[ByStatus]) -> None:
            if not task.cancelled():
                task.exception()  # seen, also if nobody waits for it any more
            now_s = time.monotonic()
            made.good_until_s = now_s + max(_KEPT_AT_LEAST_S, _KEPT_TIMES * (now_s - began_s))

        made.task.add_done_callback(settle)
        self._kept[key] = made
        self._forget_old()
        return made

    def _forget_old(self) -> None:
        while len(self._kept) > _MOST_KEPT:
            _, oldest = self._kept.popitem(last=False)
            oldest.task.cancel()


async def _count(service: Service, namespace: str, query: str) -> ByStatus:
    request = CountWorkflowExecutionsRequest(namespace=namespace, query=f"{query} GROUP BY ExecutionStatus".strip())
    reply = await service.call(request, CountWorkflowExecutionsResponse, _TIMEOUT_S)
    return {str(json.loads(group.group_values[0].data)): group.count for group in reply.groups}
