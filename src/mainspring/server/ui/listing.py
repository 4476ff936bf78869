"""Reads the runs of a list, with what holds up those that are open.

The API has no query for stuck runs: open ones are described in their order, page by page, until there are enough or
enough were looked at; the next page goes on from there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from temporalio.api.workflow.v1 import WorkflowExecutionInfo
from temporalio.api.workflowservice.v1 import ListWorkflowExecutionsRequest, ListWorkflowExecutionsResponse

from mainspring.explain.reasons import Reason
from mainspring.server.ui import waits
from mainspring.server.ui.page import Visit

MOST_LOOKED_AT: Final = 2_000  # open runs, for one page of stuck ones
_AT_ONCE: Final = 200


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """Runs in the order of the list. `answers`: why they do not go on, by run id; of open ones only."""

    runs: Sequence[WorkflowExecutionInfo]
    answers: dict[str, Reason]
    next_token: bytes  # empty: this was the last page
    looked_at_count: int


NOTHING: Final = Listing(runs=(), answers={}, next_token=b"", looked_at_count=0)


async def read(visit: Visit, query: str, *, count: int, token: bytes) -> Listing:
    """A page of what a query finds.

    Raises:
        Refused: The query or the token is wrong.
    """
    reply = await _listed(visit, query, count, token)
    return Listing(
        runs=reply.executions,
        answers=await waits.answers(visit, reply.executions),
        next_token=reply.next_page_token,
        looked_at_count=len(reply.executions),
    )


async def read_newest(visit: Visit, query: str, *, count: int) -> list[WorkflowExecutionInfo]:
    """The first of what a query finds, without what holds them up. Raises: Refused."""
    runs: list[WorkflowExecutionInfo] = []
    token = b""
    while len(runs) < count:
        reply = await _listed(visit, query, min(_AT_ONCE, count - len(runs)), token)
        runs += reply.executions
        token = reply.next_page_token
        if not token:
            break
    return runs


async def read_stuck(visit: Visit, query: str, *, count: int, token: bytes) -> Listing:
    """Those of a query's runs that will not go on by themselves, or fail: at least `count` if there are as many among
    the `MOST_LOOKED_AT` that follow.

    Raises:
        Refused: The query or the token is wrong.
    """
    runs: list[WorkflowExecutionInfo] = []
    answers: dict[str, Reason] = {}
    looked_at = 0
    while len(runs) < count and looked_at < MOST_LOOKED_AT:
        page = await read(visit, query, count=_AT_ONCE, token=token)
        stuck = [run for run in page.runs if _is_stuck(page.answers.get(run.execution.run_id))]
        runs += stuck
        answers |= {run.execution.run_id: page.answers[run.execution.run_id] for run in stuck}
        looked_at += page.looked_at_count
        token = page.next_token
        if not token:
            break
    return Listing(runs=runs, answers=answers, next_token=token, looked_at_count=looked_at)


async def _listed(visit: Visit, query: str, count: int, token: bytes) -> ListWorkflowExecutionsResponse:
    request = ListWorkflowExecutionsRequest(
        namespace=visit.namespace, query=query, page_size=count, next_page_token=token
    )
    return await visit.service.call(request, ListWorkflowExecutionsResponse)


def _is_stuck(reason: Reason | None) -> bool:
    return reason is not None and reason.is_bad
