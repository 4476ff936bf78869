"""Queries that wait for a workflow task, so that they see all that happened before they were asked.

    ask -> (a task is pending) buffer -> the task starts: `attach` -> its completion: answered | unblocked
        -> (none is pending) straight to matching, which is the frontend's business

Nothing of this is stored: who asks, asks again. A query that its task did not answer is unblocked, and then goes
straight.
Reference: tests/differential/test_queries.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import msgspec
from temporalio.api.enums.v1 import QueryResultType, ResourceExhaustedCause
from temporalio.api.query.v1 import WorkflowQuery, WorkflowQueryResult

from mainspring.server.engine.changes import Changes
from mainspring.server.engine.errors import InvalidArgument, ResourceExhausted
from mainspring.server.engine.limits import BLOB_TOO_LARGE
from mainspring.server.engine.notices import RunClosed


class Unblocked(msgspec.Struct, frozen=True):
    """No workflow task will answer the query: ask the worker directly."""


class Buffered(msgspec.Struct):
    """One waiting query."""

    query_id: str
    query: WorkflowQuery
    answer: asyncio.Future[WorkflowQueryResult | Unblocked | InvalidArgument]
    is_sent: bool = False


class BufferedQueries:
    """The waiting queries of all runs. A `Publisher`: a closed run answers none."""

    def __init__(self) -> None:
        self._by_run: dict[str, dict[str, Buffered]] = {}

    def __len__(self) -> int:
        return sum(len(queries) for queries in self._by_run.values())

    def add(self, run_id: str, query_id: str, query: WorkflowQuery, *, limit: int) -> Buffered:
        """Let a query wait for the run's next workflow task, as one of at most `limit`. Give it back with `remove`.

        Raises: ResourceExhausted: too many wait already.
        """
        queries = self._by_run.setdefault(run_id, {})
        if len(queries) >= limit:
            raise ResourceExhausted(
                "consistent query buffer is full, this may be caused by too many queries and workflow not able to "
                "process query fast enough",
                ResourceExhaustedCause.RESOURCE_EXHAUSTED_CAUSE_BUSY_WORKFLOW,
            )
        buffered = Buffered(query_id, query, asyncio.get_running_loop().create_future())
        queries[query_id] = buffered
        return buffered

    def remove(self, run_id: str, query_id: str) -> None:
        """Nobody waits for the query any more."""
        queries = self._by_run.get(run_id)
        if queries is not None:
            queries.pop(query_id, None)
            if not queries:
                del self._by_run[run_id]

    def has_any(self, run_id: str) -> bool:
        """Some query waits for a workflow task of the run, or is with one."""
        return run_id in self._by_run

    def attach(self, run_id: str) -> Mapping[str, WorkflowQuery]:
        """The queries that go with a workflow task of the run that starts now."""
        queries = self._by_run.get(run_id)
        if not queries:
            return {}
        for buffered in queries.values():
            buffered.is_sent = True
        return {query_id: buffered.query for query_id, buffered in queries.items()}

    def task_completed(
        self, run_id: str, results: Mapping[str, WorkflowQueryResult], *, another_follows: bool, limit_bytes: int
    ) -> None:
        """A workflow task of the run was completed, with these answers; a query without one may wait for the next.

        `another_follows`: the next task is pending already. `limit_bytes`: of a larger answer its asker learns only
        that.
        """
        for query_id, buffered in list(self._by_run.get(run_id, {}).items()):
            if buffered.answer.done():
                continue
            result = results.get(query_id)
            if result is not None and result.answer.ByteSize() > limit_bytes:
                buffered.answer.set_result(InvalidArgument(BLOB_TOO_LARGE))
            elif result is not None and _says_something(result):
                buffered.answer.set_result(result)
            elif not another_follows:
                buffered.answer.set_result(Unblocked())

    def doubt(self, changes: Changes) -> None:
        """The run may have closed: let those who wait look for themselves."""
        self._unblock(changes.key.run_id)

    def publish(self, changes: Changes) -> None:
        """The run has closed: what still waits goes straight to a worker."""
        if changes.key.run_id in self._by_run and any(isinstance(n, RunClosed) for n in changes.notices):
            self._unblock(changes.key.run_id)

    def _unblock(self, run_id: str) -> None:
        for buffered in self._by_run.get(run_id, {}).values():
            if not buffered.answer.done() and not buffered.is_sent:
                buffered.answer.set_result(Unblocked())


def _says_something(result: WorkflowQueryResult) -> bool:
    """Either an answer or why there is none; what says neither, or both, answers no query."""
    if result.result_type == QueryResultType.QUERY_RESULT_TYPE_ANSWERED:
        return result.HasField("answer") and not result.error_message
    is_failed = result.result_type == QueryResultType.QUERY_RESULT_TYPE_FAILED
    return is_failed and not result.HasField("answer") and bool(result.error_message)
