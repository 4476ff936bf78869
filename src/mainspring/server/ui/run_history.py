"""The history on the page of a run: read in pages from either end, and shown in one of three ways.

&order=oldest         from the first event on; else from the newest back
&page=<token>         further pages of the service; &beyond=<event id> within one, since the service counts batches of
                      events, and one batch may have thousands
&view=events          every event        &view=json   as JSON alone              else grouped by step
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.api.workflowservice.v1 import (
    GetWorkflowExecutionHistoryRequest,
    GetWorkflowExecutionHistoryResponse,
    GetWorkflowExecutionHistoryReverseRequest,
    GetWorkflowExecutionHistoryReverseResponse,
)

from mainspring.explain.failure_text import FailureText, failure_text
from mainspring.explain.payload_text import payload_text
from mainspring.explain.steps import Step, Steps, StepStatus, event_name, failure_of
from mainspring.server.ui import acting, times
from mainspring.server.ui.page import Nanos, Visit
from mainspring.server.ui.page_tokens import token_of, token_text
from mainspring.server.ui.payload_walk import FAILURES, payloads_in

OLDEST: Final = "oldest"
VIEWS: Final = {"": "Grouped by step", "events": "Every event", "json": "JSON"}
_COUNTS: Final = {"": 200, "events": 50, "json": 50}  # events on a page
_MOST_TEXT: Final = {"": 10_000, "events": 50_000, "json": 1_000_000}  # characters of one event, of one payload
_MOST_NEWEST: Final = 1_000
_GOOD: Final = {StepStatus.COMPLETED, StepStatus.RUNNING, StepStatus.WAITING, StepStatus.UNREAD}


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of which run's history, shown in which way."""

    execution: WorkflowExecution
    view: str
    order: str
    page: str  # a token as text; empty: the first page
    beyond: int  # only events that come after this one, in the order asked for; 0: from the page's first on

    @property
    def is_oldest_first(self) -> bool:
        return self.order == OLDEST

    @property
    def is_the_newest(self) -> bool:
        """It is the page that `read_newest` would read."""
        return not (self.view or self.order or self.page or self.beyond)

    def link(self, visit: Visit, **changed: str) -> str:
        """The page of the run with these fields changed."""
        fields = {
            "id": self.execution.workflow_id,
            "run": self.execution.run_id,
            "view": self.view,
            "order": self.order,
            "page": self.page,
            "beyond": str(self.beyond or ""),
            "from": visit.query.one("from"),
            "to": visit.query.one("to"),
            "payloads": visit.query.one("payloads"),
        }
        return visit.link("/run", **(fields | changed))


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """One page of events, in the order in which it was asked for."""

    events: Sequence[HistoryEvent]
    loaded: Sequence[HistoryEvent]  # the service's page, from its first event on
    next_page: dict[str, str] | None  # fields of the next page; None: it was the last page
    has_newest: bool


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One event."""

    id: int
    name: str
    at: Nanos | None
    failure: FailureText | None
    payloads: tuple[tuple[str, str], ...]  # label and text; those of the failure stand in it
    details: str  # JSON of what is stored


class StepRow(msgspec.Struct, frozen=True, kw_only=True):
    """One step, with its events."""

    id: int
    step: Step
    started_at: Nanos
    took: str
    is_bad: bool
    events: tuple[Event, ...]


class History(msgspec.Struct, frozen=True, kw_only=True):
    """What the page shows of the history."""

    view: str
    views: tuple[tuple[str, str, str], ...]  # name, label, address
    is_oldest_first: bool
    turned_href: str  # from the other end
    first_href: str  # empty on the first page
    next_href: str  # empty on the last page
    events: tuple[Event, ...]
    steps: tuple[StepRow, ...]


def place_of(visit: Visit, execution: WorkflowExecution) -> Place:
    """The place that an address names; what it does not know is the usual one."""
    view, order = visit.query.one("view"), visit.query.one("order")
    return Place(
        execution=execution,
        view=view if view in VIEWS else "",
        order=order if order == OLDEST else "",
        page=visit.query.one("page"),
        beyond=_event_id(visit.query.one("beyond")),
    )


def _event_id(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0


async def read_page(visit: Visit, place: Place) -> Read:
    """The events of a place."""
    read = _read_on if place.is_oldest_first else _read_back
    loaded, token = await read(visit, place.execution, _COUNTS[place.view], place.page)
    return cut(place, loaded, token)


def cut(place: Place, loaded: Sequence[HistoryEvent], token: bytes) -> Read:
    """What a place shows of a page of the service, and where it goes on; `token`: of the service's next page."""
    count, beyond = _COUNTS[place.view], place.beyond
    if place.is_oldest_first:
        rest = [event for event in loaded if event.event_id > beyond]
    else:
        rest = [event for event in loaded if not beyond or event.event_id < beyond]
    events = rest[:count]
    following: dict[str, str] | None = None
    if len(rest) > count:
        following = {"page": place.page, "beyond": str(events[-1].event_id)}
    elif token:
        following = {"page": token_text(token), "beyond": ""}
    is_first = not place.page and not beyond
    has_newest = following is None if place.is_oldest_first else is_first
    return Read(events=events, loaded=loaded, next_page=following, has_newest=has_newest)


async def read_newest(visit: Visit, place: Place, read: Read) -> Sequence[HistoryEvent]:
    """The newest events, the newest first; `read`: what was read already."""
    loaded = read.loaded
    if not place.is_the_newest:
        loaded, _ = await _read_back(visit, place.execution, _COUNTS[""], "")
    return loaded[:_MOST_NEWEST]


async def read_first(visit: Visit, execution: WorkflowExecution) -> HistoryEvent:
    """The event that started the run."""
    reply = await visit.service.call(
        GetWorkflowExecutionHistoryRequest(namespace=visit.namespace, execution=execution, maximum_page_size=1),
        GetWorkflowExecutionHistoryResponse,
    )
    return reply.history.events[0]


async def _read_on(
    visit: Visit, execution: WorkflowExecution, count: int, page: str
) -> tuple[Sequence[HistoryEvent], bytes]:
    reply = await visit.service.call(
        GetWorkflowExecutionHistoryRequest(
            namespace=visit.namespace,
            execution=execution,
            maximum_page_size=count,
            next_page_token=token_of(page),
        ),
        GetWorkflowExecutionHistoryResponse,
    )
    return reply.history.events, reply.next_page_token


async def _read_back(
    visit: Visit, execution: WorkflowExecution, count: int, page: str
) -> tuple[Sequence[HistoryEvent], bytes]:
    reply = await visit.service.call(
        GetWorkflowExecutionHistoryReverseRequest(
            namespace=visit.namespace,
            execution=execution,
            maximum_page_size=count,
            next_page_token=token_of(page),
        ),
        GetWorkflowExecutionHistoryReverseResponse,
    )
    return reply.history.events, reply.next_page_token


def steps_of(read: Read, shown: Mapping[int, HistoryEvent], pending: Sequence[PendingActivityInfo]) -> tuple[Step, ...]:
    """The steps of a page, by time."""
    steps = Steps()
    steps.feed([shown.get(event.event_id, event) for event in read.events])
    return steps.all(pending, has_newest=read.has_newest)


def history_of(
    visit: Visit, place: Place, read: Read, shown: Mapping[int, HistoryEvent], steps: Sequence[Step]
) -> History:
    """What is shown of a page that was read. `shown`: events with decoded payloads, by id."""
    is_grouped = place.view == ""
    most = _MOST_TEXT[place.view]
    by_id = {event.event_id: _event(event, shown.get(event.event_id, event), most) for event in read.events}
    rows = [_row(step, by_id, visit.now) for step in steps] if is_grouped else []
    turned = "" if place.is_oldest_first else OLDEST
    return History(
        view=place.view,
        views=tuple((name, label, place.link(visit, view=name, page="", beyond="")) for name, label in VIEWS.items()),
        is_oldest_first=place.is_oldest_first,
        turned_href=place.link(visit, order=turned, page="", beyond=""),
        first_href=place.link(visit, page="", beyond="") if place.page or place.beyond else "",
        next_href=place.link(visit, **read.next_page) if read.next_page else "",
        events=() if is_grouped else tuple(by_id.values()),
        steps=tuple(rows if place.is_oldest_first else reversed(rows)),
    )


def _row(step: Step, events: Mapping[int, Event], now: Nanos) -> StepRow:
    end = step.ended_at or (now if step.is_open else None)
    return StepRow(
        id=step.event_ids[0],
        step=step,
        started_at=step.started_at,
        took="" if end is None or step.is_point else times.span(end - step.started_at),
        is_bad=step.status not in _GOOD or (step.is_open and step.failure is not None),
        events=tuple(events[number] for number in step.event_ids),
    )


def _event(event: HistoryEvent, shown: HistoryEvent, most_characters: int) -> Event:
    failure = failure_of(shown)
    return Event(
        id=event.event_id,
        name="".join(word.capitalize() for word in event_name(event).split("_")),
        at=times.instant_of(event.event_time),
        failure=None if failure is None else failure_text(failure),
        payloads=tuple(
            (label, payload_text(payload, most_characters).text)
            for label, payload in payloads_in(shown, without=FAILURES)
        ),
        details=acting.message_text(event, most_characters),
    )
