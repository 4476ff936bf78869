"""Lists and counts of runs: ListWorkflowExecutions, its older siblings, CountWorkflowExecutions.

    query text, or the filters of the older RPCs  -->  conditions  -->  compiled for the namespace's attributes
        -->  one page of the store, open runs first  -->  WorkflowExecutionInfo

A list shows every transition that was acknowledged before it was asked for. Reference: FEATURES 4.7 for pages and
order; tests/differential/test_visibility.py.
"""

from __future__ import annotations

import asyncio
from typing import Final

import msgspec
from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.common.v1 import Payload, WorkflowExecution, WorkflowType
from temporalio.api.enums.v1 import WorkflowExecutionStatus
from temporalio.api.filter.v1 import StartTimeFilter
from temporalio.api.workflow.v1 import WorkflowExecutionInfo
from temporalio.api.workflowservice.v1 import (
    CountWorkflowExecutionsRequest,
    CountWorkflowExecutionsResponse,
    ListArchivedWorkflowExecutionsRequest,
    ListArchivedWorkflowExecutionsResponse,
    ListClosedWorkflowExecutionsRequest,
    ListClosedWorkflowExecutionsResponse,
    ListOpenWorkflowExecutionsRequest,
    ListOpenWorkflowExecutionsResponse,
    ListWorkflowExecutionsRequest,
    ListWorkflowExecutionsResponse,
    ScanWorkflowExecutionsRequest,
    ScanWorkflowExecutionsResponse,
)

from mainspring.server.engine.changes import VisibilityRecord
from mainspring.server.engine.errors import InvalidArgument
from mainspring.server.engine.limits import Limits
from mainspring.server.frontend.call import Call
from mainspring.server.frontend.namespaces import NamespaceRegistry
from mainspring.server.frontend.system import STOCK_FIELDS
from mainspring.server.persistence.store import NamespaceRecord, VisibilityStore
from mainspring.server.visibility import syntax
from mainspring.server.visibility.attributes import Attribute, Attributes
from mainspring.server.visibility.compiler import Compiled, compile_query
from mainspring.server.visibility.conditions import (
    And,
    Column,
    Condition,
    Query,
    Text,
    comparison,
    equals,
    invalid_query,
    joined,
)
from mainspring.server.visibility.tokens import page_token, position_of
from mainspring.server.visibility.values import status_name

_RUNNING: Final = WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING
_UNSPECIFIED: Final = WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_UNSPECIFIED
_ARCHIVED_PAGE_COUNT: Final = 10_000
_NANOS_PER_S: Final = 1_000_000_000


class _Page(msgspec.Struct, frozen=True):
    executions: list[WorkflowExecutionInfo]
    next_page_token: bytes


class Visibility:
    """The methods that list and count runs."""

    def __init__(self, store: VisibilityStore, registry: NamespaceRegistry, limits: Limits) -> None:
        self._store = store
        self._registry = registry
        self._limits = limits

    async def list_workflow_executions(
        self, request: ListWorkflowExecutionsRequest, _call: Call
    ) -> ListWorkflowExecutionsResponse:
        compiled = await self._compiled(request.namespace, request.query)
        page = await self._page(compiled, request.page_size, request.next_page_token)
        return ListWorkflowExecutionsResponse(executions=page.executions, next_page_token=page.next_page_token)

    async def scan_workflow_executions(
        self, request: ScanWorkflowExecutionsRequest, _call: Call
    ) -> ScanWorkflowExecutionsResponse:
        """The same list in the same order."""
        compiled = await self._compiled(request.namespace, request.query)
        page = await self._page(compiled, request.page_size, request.next_page_token)
        return ScanWorkflowExecutionsResponse(executions=page.executions, next_page_token=page.next_page_token)

    async def count_workflow_executions(
        self, request: CountWorkflowExecutionsRequest, _call: Call
    ) -> CountWorkflowExecutionsResponse:
        compiled = await self._compiled(request.namespace, request.query)
        if not compiled.group_by:
            return CountWorkflowExecutionsResponse(count=await self._store.count_executions(compiled.where))
        rows = await self._store.count_executions_by(compiled.where, compiled.group_by)
        return CountWorkflowExecutionsResponse(
            count=sum(count for _, count in rows), groups=[_group(int(status), count) for status, count in rows]
        )

    async def list_open_workflow_executions(
        self, request: ListOpenWorkflowExecutionsRequest, _call: Call
    ) -> ListOpenWorkflowExecutionsResponse:
        record = self._registry.served(request.namespace)
        conditions = [equals("ExecutionStatus", "Running"), *_times("StartTime", request.start_time_filter)]
        # The real server reads the filter's run id on neither RPC.
        if request.HasField("execution_filter"):
            conditions.append(equals("WorkflowId", request.execution_filter.workflow_id))
        elif request.HasField("type_filter"):
            conditions.append(equals("WorkflowType", request.type_filter.name))
        compiled = self._compiled_for(record, Query(joined(And, tuple(conditions))))
        page = await self._page(compiled, request.maximum_page_size, request.next_page_token)
        return ListOpenWorkflowExecutionsResponse(executions=page.executions, next_page_token=page.next_page_token)

    async def list_closed_workflow_executions(
        self, request: ListClosedWorkflowExecutionsRequest, _call: Call
    ) -> ListClosedWorkflowExecutionsResponse:
        """What it calls a filter of start times is one of close times, as in the real server."""
        record = self._registry.served(request.namespace)
        not_running = comparison(Column("ExecutionStatus"), "!=", Text("Running"))
        conditions = [not_running, *_times("CloseTime", request.start_time_filter)]
        if request.HasField("execution_filter"):
            conditions.append(equals("WorkflowId", request.execution_filter.workflow_id))
        elif request.HasField("type_filter"):
            conditions.append(equals("WorkflowType", request.type_filter.name))
        elif request.HasField("status_filter"):
            conditions.append(_closed_with(request.status_filter.status))
        compiled = self._compiled_for(record, Query(joined(And, tuple(conditions))))
        page = await self._page(compiled, request.maximum_page_size, request.next_page_token)
        return ListClosedWorkflowExecutionsResponse(executions=page.executions, next_page_token=page.next_page_token)

    async def list_archived_workflow_executions(
        self, request: ListArchivedWorkflowExecutionsRequest, _call: Call
    ) -> ListArchivedWorkflowExecutionsResponse:
        """Nothing is archived here."""
        self._registry.served(request.namespace)
        if request.page_size > _ARCHIVED_PAGE_COUNT:
            raise InvalidArgument(f"PageSize is larger than allowed {_ARCHIVED_PAGE_COUNT}.")
        raise InvalidArgument("Cluster is not configured for visibility archival.")

    async def _compiled(self, namespace: str, text: str) -> Compiled:
        record = self._registry.served(namespace)
        if len(text) > syntax.LONG:
            return self._compiled_for(record, await asyncio.to_thread(syntax.parse, text))
        return self._compiled_for(record, syntax.parse(text))

    def _compiled_for(self, record: NamespaceRecord, query: Query) -> Compiled:
        custom = self._registry.search_attributes(record.id)
        return compile_query(query, Attributes(custom, _fields(record)), record.id)

    async def _page(self, compiled: Compiled, page_size: int, token: bytes) -> _Page:
        largest = self._limits.visibility_page_count
        limit = page_size if 0 < page_size <= largest else largest
        after = position_of(compiled.where, token)
        page = await self._store.executions(compiled.where, after=after, limit=limit)
        return _Page([execution_info(row) for row in page.records], page_token(compiled.where, page.position))


def _fields(record: NamespaceRecord) -> dict[str, Attribute]:
    """The real server's field names of custom attributes: they can be used as well, those that nothing has are NULL."""
    aliases = record.search_attribute_aliases
    return {field: Attribute(aliases.get(field, field), kind) for field, kind in STOCK_FIELDS.items()}


def _times(name: str, times: StartTimeFilter) -> list[Condition]:
    """Both ends included; an end that is not set is open.

    Raises:
        InvalidArgument: they are the wrong way round, or out of range.
    """
    found: list[Condition] = []
    earliest, latest = times.earliest_time, times.latest_time
    if times.HasField("earliest_time"):
        if times.HasField("latest_time") and _order(earliest) > _order(latest):
            raise InvalidArgument("EarliestTime in StartTimeFilter should not be larger than LatestTime.")
        found.append(comparison(Column(name), ">=", Text(_rfc3339(earliest))))
    if times.HasField("latest_time"):
        found.append(comparison(Column(name), "<=", Text(_rfc3339(latest))))
    return found


def _order(instant: Timestamp) -> tuple[int, int]:
    return (instant.seconds, instant.nanos)


def _rfc3339(instant: Timestamp) -> str:
    try:
        return instant.ToJsonString()
    except ValueError as error:
        raise invalid_query(f"invalid expression: unable to parse datetime '{instant.seconds}s'") from error


def _closed_with(status: int) -> Condition:
    if status in (_UNSPECIFIED, _RUNNING):
        raise InvalidArgument("StatusFilter must be specified and must be not Running.")
    known = status in WorkflowExecutionStatus.values()
    return equals("ExecutionStatus", status_name(status) if known else str(status))


def _group(status: int, count: int) -> CountWorkflowExecutionsResponse.AggregationGroup:
    value = Payload(
        metadata={"encoding": b"json/plain", "type": b"Keyword"}, data=msgspec.json.encode(status_name(status))
    )
    return CountWorkflowExecutionsResponse.AggregationGroup(group_values=[value], count=count)


def execution_info(row: VisibilityRecord) -> WorkflowExecutionInfo:
    """A run as lists show it: less than DescribeWorkflowExecution tells, and the numbers of closed runs only."""
    info = WorkflowExecutionInfo(
        execution=WorkflowExecution(workflow_id=row.key.workflow_id, run_id=row.key.run_id),
        type=WorkflowType(name=row.workflow_type),
        status=WorkflowExecutionStatus.ValueType(row.status),
        task_queue=row.task_queue,
        root_execution=WorkflowExecution(workflow_id=row.root_workflow_id, run_id=row.root_run_id),
    )
    _set_instant(info.start_time, row.start_at)
    _set_instant(info.execution_time, row.execution_at or row.start_at)
    info.memo.MergeFromString(row.memo)
    info.memo.SetInParent()  # set though empty
    info.search_attributes.MergeFromString(row.search_attributes)
    info.search_attributes.SetInParent()
    if row.parent_workflow_id:
        info.parent_execution.workflow_id = row.parent_workflow_id
        info.parent_execution.run_id = row.parent_run_id
    if row.close_at is not None:
        _set_instant(info.close_time, row.close_at)
        info.execution_duration.FromNanoseconds(row.close_at - row.execution_at)
        info.history_length = row.history_length
        info.history_size_bytes = row.history_size_bytes
        info.state_transition_count = row.state_transition_count
    return info


def _set_instant(field: Timestamp, at: int) -> None:
    field.seconds, field.nanos = divmod(at, _NANOS_PER_S)
