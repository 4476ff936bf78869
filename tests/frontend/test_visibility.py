"""Lists and counts as clients see them: pages, order, the older RPCs' filters, what a list tells of a run, refusals."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager

import msgspec
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.common.v1 import Memo, Payload, SearchAttributes
from temporalio.api.enums.v1 import IndexedValueType, WorkflowExecutionStatus
from temporalio.api.filter.v1 import StartTimeFilter, StatusFilter, WorkflowExecutionFilter, WorkflowTypeFilter
from temporalio.api.workflow.v1 import WorkflowExecutionInfo
from temporalio.api.workflowservice import v1 as api

from mainspring.server.engine import attribute_types
from mainspring.server.engine.changes import RunKey, VisibilityRecord
from mainspring.server.engine.errors import InvalidArgument, NamespaceNotFound, ServiceError
from mainspring.server.engine.limits import Limits
from mainspring.server.frontend.namespaces import NamespaceRegistry, new_namespace
from mainspring.server.frontend.visibility import Visibility
from mainspring.server.persistence.sqlite import open_sqlite
from mainspring.server.persistence.sqlite.store import SqliteStore
from mainspring.server.visibility.attributes import SYSTEM
from tests.frontend.registries import CALL, LIMITS
from tests.visibility.rows import CUSTOM, NOON, SECOND, TIMED_OUT, closed, run, written

DEFAULT = "default"
LIST = api.ListWorkflowExecutionsRequest
COUNT = api.CountWorkflowExecutionsRequest
OPEN = api.ListOpenWorkflowExecutionsRequest
CLOSED = api.ListClosedWorkflowExecutionsRequest


class Lists:
    """The methods over a store, with a namespace that has the custom attributes of `rows`."""

    def __init__(self, store: SqliteStore, registry: NamespaceRegistry, visibility: Visibility) -> None:
        self._store = store
        self._namespace_id = registry.named(DEFAULT).id
        self.visibility = visibility

    async def add(self, *records: VisibilityRecord) -> None:
        for record in records:
            key = RunKey(self._namespace_id, record.key.workflow_id, record.key.run_id)
            await self._store.commit([written(msgspec.structs.replace(record, key=key))])

    async def listed(self, request: LIST) -> api.ListWorkflowExecutionsResponse:
        request.namespace = DEFAULT
        return await self.visibility.list_workflow_executions(request, CALL)

    async def ids(self, query: str = "") -> list[str]:
        return ids_of((await self.listed(LIST(query=query))).executions)

    async def count(self, query: str) -> api.CountWorkflowExecutionsResponse:
        return await self.visibility.count_workflow_executions(COUNT(namespace=DEFAULT, query=query), CALL)

    async def open_ids(self, request: OPEN) -> list[str]:
        request.namespace = DEFAULT
        return ids_of((await self.visibility.list_open_workflow_executions(request, CALL)).executions)

    async def closed_ids(self, request: CLOSED) -> list[str]:
        request.namespace = DEFAULT
        return ids_of((await self.visibility.list_closed_workflow_executions(request, CALL)).executions)


@asynccontextmanager
async def lists(limits: Limits = LIMITS) -> AsyncGenerator[Lists]:
    store = await open_sqlite(None)
    try:
        registry = NamespaceRegistry(store, limits)
        await registry.load()
        await registry.create(new_namespace(DEFAULT, retention_s=86_400))
        types = {name: IndexedValueType.ValueType(kind) for name, kind in CUSTOM.items()}
        await registry.add_search_attributes(DEFAULT, types)
        yield Lists(store, registry, Visibility(store, registry, limits))
    finally:
        await store.close()


def ids_of(executions: Iterable[WorkflowExecutionInfo]) -> list[str]:
    return [info.execution.workflow_id for info in executions]


def seconds_after_noon(seconds: int) -> Timestamp:
    return Timestamp(seconds=NOON // SECOND + seconds)


def many(count: int) -> list[VisibilityRecord]:
    """Half of them closed, all started and closed at the same instants."""
    return [run(f"{number:03}") if number % 2 else closed(run(f"{number:03}")) for number in range(count)]


# -- the list


def test_the_attributes_of_queries_are_those_that_the_server_tells_of() -> None:
    assert {name: attribute.kind for name, attribute in SYSTEM.items()} == dict(attribute_types.SYSTEM)


async def test_pages_neither_repeat_nor_miss_runs_that_began_at_the_same_instant() -> None:
    async with lists() as served:
        await served.add(*many(50))
        everything = await served.ids()
        seen: list[str] = []
        token = b""
        while True:
            page = await served.listed(LIST(page_size=7, next_page_token=token))
            seen += ids_of(page.executions)
            token = page.next_page_token
            if not token:
                break
            await served.add(run(f"later {len(seen)}"))  # starts while pages are read, at the same instant as all

    assert len(everything) == len(set(seen))
    assert set(everything) == {each for each in seen if "later" not in each}
    assert [int(each) % 2 for each in everything] == [1] * 25 + [0] * 25  # open ones first


async def test_a_full_last_page_has_no_token() -> None:
    async with lists() as served:
        await served.add(*many(4))
        page = await served.listed(LIST(page_size=4))

    assert len(page.executions) == 4
    assert page.next_page_token == b""


@pytest.mark.parametrize("page_size, expected", [(0, 3), (-5, 3), (2, 2), (3, 3), (1_000, 3)])
async def test_a_page_is_as_big_as_asked_for_but_never_over_the_limit(page_size: int, expected: int) -> None:
    async with lists(Limits(visibility_page_count=3)) as served:
        await served.add(*many(5))
        page = await served.listed(LIST(page_size=page_size))

    assert len(page.executions) == expected


async def test_a_token_is_good_for_its_own_query_only() -> None:
    async with lists() as served:
        await served.add(*many(5))
        token = (await served.listed(LIST(page_size=2, query="WorkflowType = 'Order'"))).next_page_token

        assert len(await served.ids()) == 5
        with pytest.raises(InvalidArgument, match=r"^Invalid NextPageToken\.$"):
            await served.listed(LIST(next_page_token=token))
        with pytest.raises(InvalidArgument, match="invalid search attribute: Nope"):
            await served.listed(LIST(query="Nope = 1", next_page_token=token))


async def test_scan_gives_the_same_list() -> None:
    async with lists() as served:
        await served.add(*many(3))
        request = api.ScanWorkflowExecutionsRequest(namespace=DEFAULT, page_size=2, query="WorkflowType = 'Order'")
        first = await served.visibility.scan_workflow_executions(request, CALL)
        request.next_page_token = first.next_page_token
        second = await served.visibility.scan_workflow_executions(request, CALL)

        assert ids_of([*first.executions, *second.executions]) == await served.ids()
        assert second.next_page_token == b""


async def test_a_long_query_is_answered_like_a_short_one() -> None:
    async with lists() as served:
        await served.add(*many(3))
        others = ", ".join(f"'{number}'" for number in range(2_000))

        assert await served.ids(f"WorkflowId IN ({others}, '001')") == ["001"]


# -- what it tells of a run


async def test_an_open_run_in_a_list() -> None:
    payload = Payload(metadata={"encoding": b"json/plain", "type": b"Keyword"}, data=b'"x"')
    memo = Memo(fields={"m": payload})
    attributes = SearchAttributes(indexed_fields={"K": payload})
    record = msgspec.structs.replace(
        run("a", {"K": "x"}),
        execution_at=NOON + 5 * SECOND,
        parent_workflow_id="parent",
        parent_run_id="run-of-parent",
        history_length=7,
        memo=memo.SerializeToString(),
        search_attributes=attributes.SerializeToString(),
    )
    async with lists() as served:
        await served.add(record)
        [info] = (await served.listed(LIST(query="K = 'x'"))).executions

    assert info.memo == memo
    assert info.search_attributes == attributes
    assert info.type.name == "Order"
    assert info.task_queue == "orders"
    assert info.status == WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING
    assert (info.start_time, info.execution_time) == (seconds_after_noon(0), seconds_after_noon(5))
    assert info.execution.run_id == info.root_execution.run_id == "run-of-a"
    assert info.parent_execution.workflow_id == "parent"
    assert info.parent_execution.run_id == "run-of-parent"
    assert not info.HasField("close_time")
    assert not info.HasField("execution_duration")
    assert info.history_length == info.history_size_bytes == info.state_transition_count == 0


async def test_a_closed_run_in_a_list() -> None:
    async with lists() as served:
        await served.add(closed(run("a"), after_s=90, status=TIMED_OUT))
        [info] = (await served.listed(LIST())).executions

    assert info.close_time == seconds_after_noon(90)
    assert info.execution_duration == Duration(seconds=90)
    assert (info.history_length, info.history_size_bytes, info.state_transition_count) == (11, 1_000, 5)
    assert info.HasField("memo")
    assert info.HasField("search_attributes")
    assert not info.HasField("parent_execution")
    assert info.status == TIMED_OUT


# -- counts


async def test_counts_and_counts_by_status() -> None:
    async with lists() as served:
        await served.add(run("a"), run("b"), closed(run("c")), closed(run("d", {"K": "x"}), status=TIMED_OUT))
        plain = await served.count("")
        grouped = await served.count("GROUP BY ExecutionStatus")
        filtered = await served.count("K = 'x' GROUP BY ExecutionStatus")
        nothing = await served.count("K = 'y' GROUP BY ExecutionStatus")

    assert plain == api.CountWorkflowExecutionsResponse(count=4)
    assert [(group.group_values[0].data, group.count) for group in grouped.groups] == [
        (b'"Running"', 2),
        (b'"Completed"', 1),
        (b'"TimedOut"', 1),
    ]
    assert grouped.count == 4
    assert dict(grouped.groups[0].group_values[0].metadata) == {"encoding": b"json/plain", "type": b"Keyword"}
    assert [group.count for group in filtered.groups] == [filtered.count] == [1]
    assert nothing == api.CountWorkflowExecutionsResponse()


# -- the older lists


async def test_open_runs_by_filter() -> None:
    other = msgspec.structs.replace(run("it's b"), workflow_type="Other", start_at=NOON + 10 * SECOND)
    async with lists() as served:
        await served.add(run("a"), other, closed(run("c")))

        assert await served.open_ids(OPEN()) == ["it's b", "a"]
        assert await served.open_ids(OPEN(execution_filter=WorkflowExecutionFilter(workflow_id="it's b"))) == ["it's b"]
        assert await served.open_ids(OPEN(execution_filter=WorkflowExecutionFilter(workflow_id="c"))) == []
        assert await served.open_ids(OPEN(type_filter=WorkflowTypeFilter(name="Order"))) == ["a"]
        assert await served.open_ids(OPEN(type_filter=WorkflowTypeFilter())) == []
        assert await served.open_ids(OPEN(maximum_page_size=1)) == ["it's b"]
        assert await served.open_ids(OPEN(start_time_filter=between(0, 5))) == ["a"]
        assert await served.open_ids(OPEN(start_time_filter=between(1, None))) == ["it's b"]
        assert await served.open_ids(OPEN(start_time_filter=between(None, 10))) == ["it's b", "a"]


async def test_closed_runs_by_filter_where_times_are_those_of_closing() -> None:
    timed_out = closed(run("b"), after_s=90, status=TIMED_OUT)
    async with lists() as served:
        await served.add(closed(run("a"), after_s=60), timed_out, run("c"))

        assert await served.closed_ids(CLOSED()) == ["b", "a"]
        assert await served.closed_ids(CLOSED(status_filter=StatusFilter(status=TIMED_OUT))) == ["b"]
        assert await served.closed_ids(CLOSED(execution_filter=WorkflowExecutionFilter(workflow_id="a"))) == ["a"]
        assert await served.closed_ids(CLOSED(type_filter=WorkflowTypeFilter(name="Other"))) == []
        assert await served.closed_ids(CLOSED(start_time_filter=between(0, 60))) == ["a"]
        assert await served.closed_ids(CLOSED(start_time_filter=between(61, None))) == ["b"]


def between(earliest_s: int | None, latest_s: int | None) -> StartTimeFilter:
    return StartTimeFilter(
        earliest_time=None if earliest_s is None else seconds_after_noon(earliest_s),
        latest_time=None if latest_s is None else seconds_after_noon(latest_s),
    )


@pytest.mark.parametrize(
    "request_, text",
    [
        (CLOSED(status_filter=StatusFilter()), "StatusFilter must be specified and must be not Running."),
        (
            CLOSED(status_filter=StatusFilter(status=WorkflowExecutionStatus.ValueType(1))),
            "StatusFilter must be specified and must be not Running.",
        ),
        (
            CLOSED(status_filter=StatusFilter(status=WorkflowExecutionStatus.ValueType(99))),
            "invalid query: invalid expression: invalid ExecutionStatus value '99'",
        ),
        (
            CLOSED(start_time_filter=between(5, 4)),
            "EarliestTime in StartTimeFilter should not be larger than LatestTime.",
        ),
        (
            CLOSED(start_time_filter=StartTimeFilter(latest_time=Timestamp(seconds=10**15))),
            "invalid query: invalid expression: unable to parse datetime '1000000000000000s'",
        ),
        (CLOSED(next_page_token=b"x"), "Invalid NextPageToken."),
    ],
)
async def test_filters_that_are_refused(request_: CLOSED, text: str) -> None:
    async with lists() as served:
        with pytest.raises(InvalidArgument) as refused:
            await served.closed_ids(request_)

    assert refused.value.message == text


# -- namespaces, archives


async def test_the_namespace_is_looked_at_before_the_query() -> None:
    async with lists() as served:
        with pytest.raises(NamespaceNotFound):
            await served.visibility.list_workflow_executions(LIST(namespace="gone", query="Nope = 1"), CALL)
        with pytest.raises(InvalidArgument, match=r"^Namespace is empty\.$"):
            await served.visibility.count_workflow_executions(COUNT(query="("), CALL)


@pytest.mark.parametrize(
    "page_size, text",
    [(0, "Cluster is not configured for visibility archival."), (10_001, "PageSize is larger than allowed 10000.")],
)
async def test_nothing_is_archived(page_size: int, text: str) -> None:
    request = api.ListArchivedWorkflowExecutionsRequest(namespace=DEFAULT, page_size=page_size)
    async with lists() as served:
        with pytest.raises(ServiceError) as refused:
            await served.visibility.list_archived_workflow_executions(request, CALL)

    assert refused.value.message == text


async def test_a_field_of_the_real_server_finds_by_the_attribute_that_has_it() -> None:
    async with lists() as served:
        await served.add(run("a", {"K": "x"}), run("b"))

        assert await served.ids("Keyword01 = 'x'") == ["a"]
        assert await served.ids("Keyword10 IS NULL") == ["b", "a"]
