"""The runs that a filter of the list finds, to act on all of them: the newest, as many as can be acted on at once.

What is acted on is what the preview showed: their keys travel in its form, and no run that starts later is among them.
"""

from __future__ import annotations

from typing import Final

import msgspec
from starlette.exceptions import HTTPException
from temporalio.api.workflow.v1 import WorkflowExecutionInfo
from temporalio.api.workflowservice.v1 import CountWorkflowExecutionsRequest, CountWorkflowExecutionsResponse

from mainspring.server.ui import errors, filters, listing
from mainspring.server.ui.filters import Filter
from mainspring.server.ui.page import Visit
from mainspring.server.ui.service import Refused

MOST: Final = 1_000


class Matching(msgspec.Struct, frozen=True):
    """Runs in the order of the list. `note`: what the reader should know of those that are not among them."""

    runs: tuple[WorkflowExecutionInfo, ...]
    note: str


async def matching(visit: Visit) -> Matching:
    """What the filter in the visitor's form finds.

    Raises:
        HTTPException: The filter is wrong.
    """
    given = filters.filter_of(visit.form).fixed(visit.now)
    try:
        return await _found(visit, given)
    except Refused as refused:
        if refused.code != errors.INVALID_ARGUMENT:
            raise
        raise HTTPException(400, refused.message) from refused


async def _found(visit: Visit, given: Filter) -> Matching:
    if given.is_stuck:
        stuck = await listing.read_stuck(visit, given.text(), count=MOST, token=b"")
        is_cut = bool(stuck.next_token) or len(stuck.runs) > MOST
        note = f"{stuck.looked_at_count:,} open workflows were looked at; there are more."
        return Matching(tuple(stuck.runs[:MOST]), note if is_cut else "")
    count = CountWorkflowExecutionsRequest(namespace=visit.namespace, query=given.text())
    total = (await visit.service.call(count, CountWorkflowExecutionsResponse)).count
    runs = await listing.read_newest(visit, given.text(), count=MOST)
    note = f"{total:,} match. At most {MOST:,} are acted on at once: the first of the list."
    return Matching(tuple(runs), note if total > len(runs) else "")
