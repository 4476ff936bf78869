"""GetWorkflowExecutionHistory and its reverse: pages, long polls, the close event alone, runs that follow.

A long poll waits for the next event (or for the close event) for at most 20 s and then answers with an empty page and a
token, so that the client asks again. Pages hold whole batches; bytes are passed on as they are stored.
Reference: tests/differential/test_history.py.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractContextManager

import msgspec
from temporalio.api.enums.v1 import HistoryEventFilterType
from temporalio.api.history.v1 import History, HistoryEvent
from temporalio.api.workflowservice.v1 import (
    GetWorkflowExecutionHistoryRequest,
    GetWorkflowExecutionHistoryResponse,
    GetWorkflowExecutionHistoryReverseRequest,
    GetWorkflowExecutionHistoryReverseResponse,
)

from mainspring.server.engine import workflow_task
from mainspring.server.engine.changes import EventBatch, RunKey
from mainspring.server.engine.errors import InvalidArgument
from mainspring.server.engine.limits import Limits
from mainspring.server.engine.run import Run
from mainspring.server.frontend import close_events, requests, waits
from mainspring.server.frontend.call import Call, RawReply
from mainspring.server.frontend.namespaces import NamespaceRegistry
from mainspring.server.frontend.page_tokens import HistoryToken, history_token
from mainspring.server.history import History as HistoryRoom
from mainspring.server.history.waiting import until

_FIELD = GetWorkflowExecutionHistoryResponse.DESCRIPTOR.fields_by_name["history"]
_REVERSE_FIELD = GetWorkflowExecutionHistoryReverseResponse.DESCRIPTOR.fields_by_name["history"]
_CLOSE_ONLY = HistoryEventFilterType.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT
_Request = GetWorkflowExecutionHistoryRequest | GetWorkflowExecutionHistoryReverseRequest
_Waiter = AbstractContextManager[asyncio.Future[None]]
_TOOLS = frozenset({"temporal-cli", "temporal-ui"})


class _Position(msgspec.Struct, frozen=True, kw_only=True):
    """How far a run's history goes now."""

    next_event_id: int
    is_running: bool
    unrecorded: list[HistoryEvent]


class _Range(msgspec.Struct, frozen=True):
    """What a page covered."""

    next_event_id: int  # where the next page begins; 0: there is none
    before_event_id: int
    is_for_task: bool


class Histories:
    """See the module."""

    def __init__(self, history: HistoryRoom, registry: NamespaceRegistry) -> None:
        self._history = history
        self._registry = registry

    async def get_workflow_execution_history(self, request: GetWorkflowExecutionHistoryRequest, call: Call) -> RawReply:
        """A page of events, oldest first, or a wait for more."""
        key, token, limits = await self._asked(request)
        if request.history_event_filter_type == _CLOSE_ONLY:
            return await self._close_event(request, key, call, limits)
        return await self._page(request, key, token, call)

    async def _asked(self, request: _Request) -> tuple[RunKey, HistoryToken | None, Limits]:
        """The run that a request names, where in its history it goes on, and the limits of its namespace."""
        record = self._registry.served(request.namespace)
        limits = self._history.runs.namespaces.settings(record.id).limits
        requests.check_execution(request.execution, is_set=request.HasField("execution"))
        token = history_token(request.next_page_token) if request.next_page_token else None
        run_id = _agreed_run_id(request.execution.run_id, token)
        key = await self._history.runs.resolve(record.id, request.execution.workflow_id, run_id)
        return key, token, limits

    async def _page(
        self, request: GetWorkflowExecutionHistoryRequest, key: RunKey, token: HistoryToken | None, call: Call
    ) -> RawReply:
        limits = self._history.runs.namespaces.settings(key.namespace_id).limits
        first = token.next_event_id if token is not None else 1
        position = await self._position(key, beyond=first, waits_s=_wait_s(request, call, limits))
        before = token.before_event_id if token is not None and token.before_event_id else position.next_event_id
        limit = _page_limit(request.maximum_page_size, limits)
        page = await self._history.reader.page(key, first_event_id=first, before_event_id=before, limit=limit)
        parts = [batch.blob for batch in page.batches]
        shows_all = not page.next_event_id
        is_for_worker = call.metadata.get("client-name", "") not in _TOOLS
        if shows_all and position.unrecorded and is_for_worker and before == position.next_event_id:
            parts.append(History(events=position.unrecorded).SerializeToString())
        is_for_task = token is not None and token.is_for_task
        following = _next_token(request, key, position, _Range(page.next_event_id, before, is_for_task))
        return _reply(following, parts)

    async def _close_event(
        self, request: GetWorkflowExecutionHistoryRequest, key: RunKey, call: Call, limits: Limits
    ) -> RawReply:
        position = await self._position_closed(key, waits_s=_wait_s(request, call, limits))
        if position.is_running:
            again = HistoryToken(key.run_id, position.next_event_id, waits=True).encode()
            return _reply(again if request.wait_new_event else b"", [])
        last = position.next_event_id - 1
        page = await self._history.reader.page(key, first_event_id=last, before_event_id=last + 1, limit=1)
        return _reply(b"", [close_events.shown(batch.blob, call.metadata) for batch in page.batches])

    # -- waiting

    async def _position(self, key: RunKey, *, beyond: int, waits_s: float) -> _Position:
        """Where the run is; waits until it has events from `beyond` on, or is closed."""
        until_s = time.monotonic() + waits_s
        while True:
            position = await self._history.runs.look(key, _position_of)
            is_enough = position.next_event_id > beyond or not position.is_running
            if is_enough or not await self._wait(self._history.waiting.changed, key, until_s):
                return position

    async def _position_closed(self, key: RunKey, *, waits_s: float) -> _Position:
        until_s = time.monotonic() + waits_s
        while True:
            position = await self._history.runs.glance(key, _position_of)  # all of a closed run is durable
            if not position.is_running or not await self._wait(self._history.waiting.closed, key, until_s):
                return position

    async def _wait(self, waiter: Callable[[str], _Waiter], key: RunKey, until_s: float) -> bool:
        """Wait for the run, of which was seen what it is. Returns: there is time for another look.

        Nothing was awaited since that look, so no change can slip through.
        """
        remaining_s = until_s - time.monotonic()
        if remaining_s <= 0:
            return False
        with waiter(key.run_id) as moved_on:
            await until(moved_on, remaining_s)
        return True

    # -- newest first

    async def get_workflow_execution_history_reverse(
        self, request: GetWorkflowExecutionHistoryReverseRequest, _call: Call
    ) -> RawReply:
        """A page of events, newest first."""
        key, token, limits = await self._asked(request)
        position = await self._history.runs.look(key, _position_of)
        before = token.next_event_id if token is not None else position.next_event_id
        limit = _page_limit(request.maximum_page_size, limits)
        page = await self._history.reader.page_reversed(key, before_event_id=before, limit=limit)
        message = GetWorkflowExecutionHistoryReverseResponse()
        if page.next_event_id:
            message.next_page_token = HistoryToken(key.run_id, page.next_event_id).encode()
        return RawReply(message, _REVERSE_FIELD, [_reversed(batch) for batch in page.batches])


def _position_of(run: Run) -> _Position:
    task = run.state.task
    unrecorded = [] if task is None else workflow_task.unrecorded_events(run, task)
    return _Position(next_event_id=run.history.next_event_id, is_running=run.is_running, unrecorded=unrecorded)


def _reversed(batch: EventBatch) -> bytes:
    events = list(History.FromString(batch.blob).events)
    events.reverse()
    return History(events=events).SerializeToString()


def _agreed_run_id(run_id: str, token: HistoryToken | None) -> str:
    """The run that request and token name; they must not differ."""
    if token is None:
        return run_id
    if run_id and run_id != token.run_id:
        raise InvalidArgument("RunId in the request does not match the NextPageToken.")
    return token.run_id


def _wait_s(request: GetWorkflowExecutionHistoryRequest, call: Call, limits: Limits) -> float:
    return waits.wait_until_s(call, limits) - time.monotonic() if request.wait_new_event else 0.0


def _page_limit(asked: int, limits: Limits) -> int:
    return min(asked, limits.history_page_count) if asked > 0 else limits.history_page_count


def _next_token(request: GetWorkflowExecutionHistoryRequest, key: RunKey, position: _Position, page: _Range) -> bytes:
    if page.next_event_id:
        kept = page.before_event_id if page.is_for_task else 0  # a worker's task ends where it did when it began
        return HistoryToken(key.run_id, page.next_event_id, kept, page.is_for_task).encode()
    if request.wait_new_event and position.is_running:
        return HistoryToken(key.run_id, page.before_event_id, waits=True).encode()
    return b""


def _reply(token: bytes, parts: list[bytes]) -> RawReply:
    return RawReply(GetWorkflowExecutionHistoryResponse(next_page_token=token), _FIELD, parts)
