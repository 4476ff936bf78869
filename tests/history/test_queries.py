"""Queries that wait for a workflow task: which answers reach who asked, and who has to ask the worker directly."""

from __future__ import annotations

import asyncio

import pytest
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.api.enums.v1 import QueryResultType
from temporalio.api.query.v1 import WorkflowQuery, WorkflowQueryResult

from mainspring.server.engine.errors import InvalidArgument, ResourceExhausted
from mainspring.server.history.queries import Buffered, BufferedQueries, Unblocked

RUN = "run"
LIMIT_BYTES = 100
ANSWERED = QueryResultType.QUERY_RESULT_TYPE_ANSWERED
FAILED = QueryResultType.QUERY_RESULT_TYPE_FAILED
OUT = Payloads(payloads=[Payload(data=b"out")])
GOOD = WorkflowQueryResult(result_type=ANSWERED, answer=OUT)


def waiting(queries: BufferedQueries, query_id: str = "q") -> Buffered:
    return queries.add(RUN, query_id, WorkflowQuery(query_type="query"), limit=2)


def outcome_of(result: WorkflowQueryResult, *, another_follows: bool = False) -> object:
    """What the asker gets when a workflow task answers like this; None: it goes on waiting."""

    async def run() -> object:
        queries = BufferedQueries()
        buffered = waiting(queries)
        queries.task_completed(RUN, {"q": result}, another_follows=another_follows, limit_bytes=LIMIT_BYTES)
        return buffered.answer.result() if buffered.answer.done() else None

    return asyncio.run(run())


@pytest.mark.parametrize("result", [GOOD, WorkflowQueryResult(result_type=FAILED, error_message="no")])
def test_an_answer_and_a_failure_reach_their_asker(result: WorkflowQueryResult) -> None:
    assert outcome_of(result) is result


@pytest.mark.parametrize(
    "result",
    [
        WorkflowQueryResult(),
        WorkflowQueryResult(answer=OUT),
        WorkflowQueryResult(result_type=ANSWERED),
        WorkflowQueryResult(result_type=ANSWERED, answer=OUT, error_message="no"),
        WorkflowQueryResult(result_type=FAILED),
        WorkflowQueryResult(result_type=FAILED, answer=OUT, error_message="no"),
    ],
)
def test_a_result_that_says_neither_or_both_is_none(result: WorkflowQueryResult) -> None:
    assert isinstance(outcome_of(result), Unblocked)
    assert outcome_of(result, another_follows=True) is None


def test_of_a_result_that_is_too_large_its_asker_learns_only_that() -> None:
    large = Payloads(payloads=[Payload(data=b"x" * LIMIT_BYTES)])
    outcome = outcome_of(WorkflowQueryResult(result_type=ANSWERED, answer=large))
    assert isinstance(outcome, InvalidArgument)


def test_only_so_many_wait() -> None:
    async def run() -> None:
        queries = BufferedQueries()
        waiting(queries, "a")
        waiting(queries, "b")
        with pytest.raises(ResourceExhausted):
            waiting(queries, "c")
        queries.remove(RUN, "a")
        waiting(queries, "c")

    asyncio.run(run())
