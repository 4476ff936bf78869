"""Runs in a store in memory, and which of them a query finds.

    async with a_list(run("a", searchable={"K": "x"}), run("b", status=COMPLETED)) as found:
        assert await found("K = 'x'") == "a"

Attributes: K Keyword, L KeywordList, T Text, I Int, D Double, B Bool, M Datetime. Workflow ids are found in the order
of lists: runs given later stand first, open ones before closed ones.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import msgspec
from temporalio.api.enums.v1 import IndexedValueType, WorkflowExecutionStatus

from mainspring.server.engine.changes import Changes, RunKey, VisibilityRecord
from mainspring.server.persistence.sqlite import open_sqlite
from mainspring.server.visibility.attributes import Attributes
from mainspring.server.visibility.compiler import compile_query
from mainspring.server.visibility.syntax import parse

SECOND = 1_000_000_000
NOON = 1_704_110_400 * SECOND  # 2024-01-01T12:00:00Z
RUNNING = WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING
COMPLETED = WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_COMPLETED
TIMED_OUT = WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_TIMED_OUT

NAMESPACE = "namespace"
CUSTOM: dict[str, int] = {
    "K": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    "L": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST,
    "T": IndexedValueType.INDEXED_VALUE_TYPE_TEXT,
    "I": IndexedValueType.INDEXED_VALUE_TYPE_INT,
    "D": IndexedValueType.INDEXED_VALUE_TYPE_DOUBLE,
    "B": IndexedValueType.INDEXED_VALUE_TYPE_BOOL,
    "M": IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
    "odd name": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
}
ATTRIBUTES = Attributes(CUSTOM)

Searchable = dict[str, str | int | float | bool | list[str]]
Find = Callable[[str], Awaitable[str]]


def run(workflow_id: str, searchable: Searchable | None = None, *, namespace: str = NAMESPACE) -> VisibilityRecord:
    """An open run of type `Order` on queue `orders`, started at noon."""
    return VisibilityRecord(
        key=RunKey(namespace, workflow_id, f"run-of-{workflow_id}"),
        workflow_type="Order",
        task_queue="orders",
        status=RUNNING,
        start_at=NOON,
        execution_at=NOON,
        root_workflow_id=workflow_id,
        root_run_id=f"run-of-{workflow_id}",
        searchable=msgspec.json.encode(searchable or {}).decode(),
    )


def closed(record: VisibilityRecord, *, after_s: int = 60, status: int = COMPLETED) -> VisibilityRecord:
    """The same run, closed so long after it began."""
    return msgspec.structs.replace(
        record,
        status=status,
        close_at=record.execution_at + after_s * SECOND,
        history_length=11,
        history_size_bytes=1_000,
        state_transition_count=5,
    )


def written(record: VisibilityRecord) -> Changes:
    return Changes(
        key=record.key,
        expected_version=0,
        state=b"",
        next_event_id=2,
        status=record.status,
        wake_at=None,
        visibility=record,
    )


@asynccontextmanager
async def a_list(*records: VisibilityRecord) -> AsyncGenerator[Find]:
    """Write the runs; gives a function from a query to the ids of the runs that it finds."""
    store = await open_sqlite(None)
    try:
        for number, record in enumerate(records):
            # Started a microsecond apart, so that their order is known.
            await store.commit([written(msgspec.structs.replace(record, start_at=record.start_at + number * 1_000))])

        async def found(query: str) -> str:
            where = compile_query(parse(query), ATTRIBUTES, NAMESPACE).where
            page = await store.executions(where, after=None, limit=1_000)
            assert await store.count_executions(where) == len(page.records)
            return " ".join(each.key.workflow_id for each in page.records)

        yield found
    finally:
        await store.close()
