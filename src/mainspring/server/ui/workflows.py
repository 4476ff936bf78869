"""The list of workflows: filters, counts by status, the chosen columns, a page at a time.

The query string is the whole state of the page, so a link is a saved view.
"""

from __future__ import annotations

from typing import Final

import msgspec
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest, ListSearchAttributesResponse
from temporalio.api.workflow.v1 import WorkflowExecutionInfo

from mainspring.server.ui import columns, errors, filters, listing, selected, starting
from mainspring.server.ui.actions import FOR_MANY, Action
from mainspring.server.ui.columns import Cell, Column
from mainspring.server.ui.counts import ByStatus, Counts
from mainspring.server.ui.filters import Filter, Mistake
from mainspring.server.ui.listing import NOTHING, Listing
from mainspring.server.ui.page import Page, Visit
from mainspring.server.ui.page_tokens import token_of, token_text
from mainspring.server.ui.service import Refused

PAGE_COUNT: Final = 50
LIVE_S: Final = 3
LARGE: Final = 10_000  # runs in a list
PAGE_COUNTS: Final = (20, 50, 100, 200)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One run."""

    key: str  # of the run, for forms: see `selected`
    workflow_id: str
    status: str
    href: str
    cells: tuple[Cell, ...]
    trouble: str  # why it will not go on by itself, or what fails; empty if nothing does


class StatusChip(msgspec.Struct, frozen=True, kw_only=True):
    """One status as a quick filter; `count` is None if it is not known."""

    name: str
    count: int | None
    is_chosen: bool
    href: str


class WorkflowList(msgspec.Struct, frozen=True, kw_only=True):
    """What the page shows."""

    filter: Filter
    full_query: str
    error: str
    mistake: Mistake | None
    total: int | None
    statuses: tuple[StatusChip, ...]
    stuck: StatusChip
    looked_at_count: int  # open runs that were asked whether they are stuck; 0: none were
    columns: tuple[Column, ...]
    offered: tuple[Column, ...]
    rows: tuple[Row, ...]
    chosen_columns: tuple[str, ...]  # as the query string names them
    hidden_fields: tuple[tuple[str, str], ...]  # the filter, for forms that change something else
    actions: tuple[Action, ...]  # on ticked rows
    can_start: bool
    page_count: int
    page_counts: tuple[int, ...]
    first_page: str  # address; empty on the first page
    next_page: str  # address; empty on the last page
    live_s: int  # how often the script asks again; 0: not by itself


class Workflows:
    """The list, and the counts that it shares with the start page."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts

    async def show(self, visit: Visit) -> Page:
        """The list that the query string describes. A wrong query is shown with its mistake, and no rows."""
        given = filters.filter_of(visit.query)
        fixed = given.fixed(visit.now)
        custom = await _custom_attributes(visit)
        shown = columns.chosen(visit.query.all("column"), custom)
        found, error = await _read(visit, fixed)
        counts = None if error else await self._counted(visit, fixed)
        model = WorkflowList(
            filter=given,
            full_query=fixed.text(),
            error=error,
            mistake=fixed.mistake(error),
            total=_total(counts, given),
            statuses=_chips(visit, given, counts),
            stuck=_stuck_chip(visit, given),
            looked_at_count=found.looked_at_count if given.is_stuck else 0,
            columns=tuple(shown),
            offered=tuple(columns.offered(custom)),
            rows=tuple(_row(visit, run, shown, found) for run in found.runs),
            chosen_columns=tuple(visit.query.all("column")),
            hidden_fields=_hidden(given),
            actions=tuple(action for action in FOR_MANY if visit.service.serves(action.rpc)),
            can_start=starting.is_possible(visit),
            page_count=_page_count(visit),
            page_counts=PAGE_COUNTS,
            first_page=_link(visit, given) if visit.query.one("page") else "",
            next_page=_link(visit, fixed, token_text(found.next_token)) if found.next_token else "",
            live_s=0 if given.is_stuck else _live_s(visit, counts),
        )
        return Page("workflows.html", model, title="Workflows", section="workflows", status=400 if error else 200)

    async def _counted(self, visit: Visit, fixed: Filter) -> ByStatus | None:
        try:
            return await self._counts.by_status(visit.service, visit.namespace, fixed.text(with_status=False))
        except Refused:  # the list can be shown without
            return None


async def _custom_attributes(visit: Visit) -> list[str]:
    request = ListSearchAttributesRequest(namespace=visit.namespace)
    reply = await visit.service.call(request, ListSearchAttributesResponse)
    return sorted(reply.custom_attributes)


async def _read(visit: Visit, fixed: Filter) -> tuple[Listing, str]:
    """The runs, or none and what is wrong with the reader's query."""
    reading = listing.read_stuck if fixed.is_stuck else listing.read
    try:
        token = token_of(visit.query.one("page"))
        return await reading(visit, fixed.text(), count=_page_count(visit), token=token), ""
    except Refused as refused:
        if refused.code != errors.INVALID_ARGUMENT:
            raise
        return NOTHING, refused.message


def _page_count(visit: Visit) -> int:
    text = visit.query.one("count")
    return int(text) if text in {str(count) for count in PAGE_COUNTS} else PAGE_COUNT


def _link(visit: Visit, wanted: Filter, page: str = "") -> str:
    return visit.link(
        "/workflows",
        **wanted.fields(),
        column=visit.query.all("column"),
        count=visit.query.one("count"),
        page=page,
    )


def _hidden(given: Filter) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    for name, value in given.fields().items():
        found.extend((name, each) for each in ((value,) if isinstance(value, str) else value) if each)
    return tuple(found)


def _live_s(visit: Visit, counts: ByStatus | None) -> int:
    """A first page that is cheap is live by itself; the reader may switch it on for others."""
    is_large = counts is None or sum(counts.values()) > LARGE
    return 0 if is_large or visit.query.one("page") else LIVE_S


def _total(counts: ByStatus | None, given: Filter) -> int | None:
    if counts is None or given.is_stuck:
        return None
    return sum(count for name, count in counts.items() if not given.statuses or name in given.statuses)


def _chips(visit: Visit, given: Filter, counts: ByStatus | None) -> tuple[StatusChip, ...]:
    return tuple(
        StatusChip(
            name=name,
            count=None if counts is None else counts.get(name, 0),
            is_chosen=name in given.statuses,
            href=_link(visit, filters.toggled(given, name)),
        )
        for name in filters.STATUSES
    )


def _stuck_chip(visit: Visit, given: Filter) -> StatusChip:
    other = msgspec.structs.replace(given, is_stuck=not given.is_stuck, statuses=())
    return StatusChip(name="Stuck", count=None, is_chosen=given.is_stuck, href=_link(visit, other))


def _row(visit: Visit, run: WorkflowExecutionInfo, shown: list[Column], found: Listing) -> Row:
    workflow_id, run_id = run.execution.workflow_id, run.execution.run_id
    reason = found.answers.get(run_id)
    return Row(
        key=selected.key_of(run.execution),
        workflow_id=workflow_id,
        status=columns.status_name(run.status),
        href=visit.link("/run", id=workflow_id, run=run_id),
        cells=tuple(columns.cell(column, run, visit.namespace, visit.now) for column in shown),
        trouble=reason.sentence if reason is not None and reason.is_bad else "",
    )
