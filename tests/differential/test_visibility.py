"""Lists and counts: the query language by type of attribute, pages, older RPCs, what a list tells of a run, refusals.

What is not compared, since there the real server's answers are those of its SQLite store alone: upper and lower case in
STARTS_WITH and KeywordList, quotes and backslashes in values, equality of custom times, a token on a last page that is
full. See `server/visibility`.
"""

from __future__ import annotations

import msgspec
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.command.v1 import UpsertWorkflowSearchAttributesCommandAttributes
from temporalio.api.common.v1 import Memo, Payload, SearchAttributes, WorkflowType
from temporalio.api.enums.v1 import IndexedValueType, WorkflowExecutionStatus
from temporalio.api.filter.v1 import StartTimeFilter, StatusFilter, WorkflowExecutionFilter, WorkflowTypeFilter
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.api.workflowservice import v1 as api

from tests.differential.commands import command, complete_workflow, fail_workflow, payload
from tests.differential.driver import Driver, attempt, execution, queue
from tests.differential.rig import on_both

Start = api.StartWorkflowExecutionRequest
List = api.ListWorkflowExecutionsRequest
Open = api.ListOpenWorkflowExecutionsRequest
Closed = api.ListClosedWorkflowExecutionsRequest
TYPES = {
    "K": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    "L": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST,
    "T": IndexedValueType.INDEXED_VALUE_TYPE_TEXT,
    "I": IndexedValueType.INDEXED_VALUE_TYPE_INT,
    "D": IndexedValueType.INDEXED_VALUE_TYPE_DOUBLE,
    "B": IndexedValueType.INDEXED_VALUE_TYPE_BOOL,
    "M": IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
    "odd-name": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
}
NOW = Timestamp(seconds=4_000_000_000)  # later than any run of a test
LONG_AGO = Timestamp(seconds=1_000)

Value = str | int | float | bool | list[str]


def attributes(values: dict[str, Value]) -> SearchAttributes:
    def encoded(value: Value) -> Payload:
        return Payload(metadata={"encoding": b"json/plain"}, data=msgspec.json.encode(value))

    return SearchAttributes(indexed_fields={name: encoded(value) for name, value in values.items()})


async def start(driver: Driver, workflow_id: str, values: dict[str, Value], kind: str = "Alpha") -> None:
    await driver.start(
        Start(
            workflow_id=workflow_id,
            workflow_type=WorkflowType(name=kind),
            search_attributes=attributes(values) if values else None,
        )
    )


async def with_attributes(driver: Driver) -> None:
    """Register the custom attributes, and wait until they can be used."""
    request = AddSearchAttributesRequest(namespace=driver.namespace, search_attributes=TYPES)
    await driver.send(driver.operator.AddSearchAttributes, request)
    for query in [f"`{name}` IS NULL" for name in TYPES]:
        await driver.list_runs(query, count=0)
    first = Start(
        workflow_id="first",
        workflow_type=WorkflowType(name="First"),
        task_queue=queue("first"),
        search_attributes=attributes({"M": "2020-01-01T00:00:00Z"}),
    )
    await driver.settle(lambda: driver.start(first), until=lambda reply: reply.started)


async def seven_runs(driver: Driver) -> None:
    """Five that are open, two that are closed; some have attributes of each type, some have none."""
    await with_attributes(driver)
    red: dict[str, Value] = {"K": "red", "L": ["one", "two"], "T": "hello brave World", "I": 5, "D": 1.5, "B": True}
    await start(driver, "a1", {**red, "M": "2024-01-02T03:04:05.5Z", "odd-name": "odd"})
    await start(driver, "a2", {"K": "blue", "L": ["two", "three"], "T": "hello there", "I": -3, "D": 2.25, "B": False})
    await start(driver, "a3", {"K": "it's", "T": "Ünïcode tea", "I": 7, "D": -1.25, "M": "2024-06-01T00:00:00.25Z"})
    await start(driver, "a%4", {}, kind="Be ta")
    await start(driver, "c1", {"K": "red", "L": ["one"], "T": "brave", "I": 5})
    await start(driver, "c_2", {"K": "", "B": True}, kind="Beta")
    for workflow_id in ("c1", "c_2"):
        await driver.terminate(api.TerminateWorkflowExecutionRequest(workflow_execution=execution(workflow_id)))
    await driver.list_runs("ExecutionStatus = 'Terminated'", count=2)
    await driver.list_runs("", count=7)


async def ask(driver: Driver, queries: list[str]) -> None:
    """List and count each."""
    for query in queries:
        await attempt(driver.send(driver.service.ListWorkflowExecutions, List(namespace=driver.namespace, query=query)))
        count = api.CountWorkflowExecutionsRequest(namespace=driver.namespace, query=query)
        await attempt(driver.send(driver.service.CountWorkflowExecutions, count))


QUERIES = {
    "keywords": [
        *("K = 'red'", 'K = "red"', "K = 'RED'", "K != 'red'", "NOT K = 'red'", "K > 'blue'", "K >= 'a' AND K < 'j'"),
        *("K IN ('red', 'blue')", "K NOT IN ('red')", "K BETWEEN 'a' AND 'm'", "K NOT BETWEEN 'a' AND 'm'"),
        *("K IS NULL", "K IS NOT NULL", "K STARTS_WITH 're'", "K NOT STARTS_WITH 're'", "K STARTS_WITH ''"),
        *("WorkflowId STARTS_WITH 'a%'", "WorkflowId STARTS_WITH 'c_'", "K = 'it''s'", r"K = 'it\'s'", 'K = "it\'s"'),
        *("K = ''", "`odd-name` = 'odd'", "`K` = 'red'"),
    ],
    "lists and texts": [
        *("L = 'one'", "L != 'one'", "NOT L = 'one'", "L IN ('one', 'three')", "L NOT IN ('one', 'three')"),
        *("L = 'on'", "L IS NULL", "L IS NOT NULL", "T = 'hello'", "T = 'HELLO'", "T = 'brave there'", "T = 'hell'"),
        *("T != 'hello'", "NOT T = 'hello'", "T IS NULL", "T = 'unicode'", "T = 'hello-world'", "T = 'brave-world'"),
    ],
    "numbers": [
        *("I = 5", "I != 5", "I > -4", "I < 5.5", "I = 5.0", "I BETWEEN -3 AND 5", "I NOT BETWEEN 1 AND 6"),
        *("I IN (5, 7)", "I NOT IN (5)", "I IS NULL", "I = +5", "I = - 3", "I = 1e1", "I = 99999999999999999999"),
        *("D = 1.5", "D > 1", "D != 1.5", "D = -1.25", "D IN (1.5, 2.25)", "D BETWEEN 0 AND 2.25", "B = true"),
        *("B = FALSE", "B != true", "B IS NULL", "B IN (true, false)", "B > false"),
    ],
    "times": [
        *("M > '2024-01-02T03:04:05Z'", "M < '2024-01-02T05:04:05.6+02:00'", "M > 1704164645000000000", "M IS NULL"),
        *("M BETWEEN '2024-01-01T00:00:00Z' AND '2024-12-01T00:00:00Z'", "StartTime > '2020-01-01T00:00:00Z'"),
        *("StartTime < '2020-01-01T00:00:00Z'", "StartTime > 0", "CloseTime > '2020-01-01T00:00:00Z'"),
        *("CloseTime != '2020-01-01T00:00:00Z'", "CloseTime IS NULL", "CloseTime IS NOT NULL"),
        *("NOT CloseTime IS NULL", "CloseTime NOT BETWEEN '2020-01-01T00:00:00Z' AND '2200-01-01T00:00:00Z'"),
        *("ExecutionTime IS NULL", "StartTime > '9999-12-31T23:59:59.999999999Z'"),
        "StartTime > '0001-01-01T00:00:00Z'",
    ],
    "the system's": [
        *("WorkflowType = 'Alpha'", "WorkflowType IN ('Be ta', 'Beta')", "WorkflowType != 'Alpha'"),
        *("TaskQueue = 'queue'", "ExecutionStatus = 'Running'", "ExecutionStatus = 5"),
        *("ExecutionStatus != 'Running'", "HistoryLength = 3", "ExecutionStatus IN ('Running', 5)"),
        *("ExecutionStatus = 'WORKFLOW_EXECUTION_STATUS_RUNNING'", "ExecutionStatus > 'Running'"),
        *("ExecutionStatus BETWEEN 1 AND 3", "ExecutionStatus IS NULL", "HistoryLength != 3"),
        *("HistoryLength IS NULL", "HistorySizeBytes > 10", "StateTransitionCount IS NULL", "ParentWorkflowId = ''"),
        *("ParentWorkflowId != 'x'", "ParentRunId IS NULL", "RootWorkflowId = 'a1'", "RunId != 'x'"),
        *("TemporalWorkflowId = 'a1'", "ScheduleId = 'a1'"),
    ],
    "the rest": [
        *("ExecutionDuration > 0", "ExecutionDuration < '1h30m'", "ExecutionDuration < '1.5d'", "TaskQueue IS NULL"),
        *("ExecutionDuration < '01:00:00'", "ExecutionDuration > '1:2:3'", "ExecutionDuration < '60000000000'"),
        *("ExecutionDuration IS NULL", "ExecutionDuration BETWEEN '0s' AND '1h'", "ExecutionDuration = '-1h'"),
        *("BuildIds IS NULL", "BuildIds IN ('a', 'b')", "ChangeVersion IS NULL", "NamespaceDivision IS NULL"),
        *("TemporalNamespaceDivision IS NOT NULL", "TemporalScheduledById IS NULL", "TemporalSchedulePaused = true"),
        *("TemporalReportedProblems IN ('x')", "TemporalPauseInfo IS NULL", "TemporalWorkerDeployment = 'x'"),
    ],
    "combinations": [
        *("K = 'red' OR I = 7", "K = 'red' OR I = 7 AND B = false"),
        *("(K = 'red' OR I = 7) AND ExecutionStatus = 'Running'", "NOT K = 'red' AND I = 7", "NOT NOT K = 'red'"),
        *("K = 'red' && I = 5 || I = 7", "K <> 'red'", "((((K='red'))))", "K = 'red' AND NOT (I = 5 OR I IS NULL)"),
        *("K = 'red' -- and so on", "K = 'red' /* and */", "K = 'red';", "GROUP BY ExecutionStatus"),
        *("group by `ExecutionStatus`", "K = 'red' GROUP BY ExecutionStatus", "K = 'green' GROUP BY ExecutionStatus"),
        *("WorkflowType = 'Alpha' group  by ExecutionStatus", "  "),
    ],
    "refused attributes": [
        *("Nope = 'x'", "`Nope` = 'x'", "k = 'x'", "a.b = 'x'", "K = 'red' AND `Nope` > 5", "TemporalK = 'red'"),
        *("Memo = 'x'", "NamespaceId = 'x'", "FirstRunId = 'x'", "K = red", "K", "NOT B", "GROUP BY Nope"),
        *("GROUP BY K", "ORDER BY Nope", "GROUP BY ExecutionStatus, K", "ORDER BY StartTime"),
        *("K = 'red' ORDER BY StartTime DESC", "K = 'red' LIMIT 1"),
    ],
    "refused operators": [
        *("K LIKE 're%'", "K NOT LIKE 're%'", "K REGEXP 're'", "K <=> 'red'", "L > 'one'", "L STARTS_WITH 'o'"),
        *("T > 'a'", "L BETWEEN 'a' AND 'b'", "T IN ('hello')", "T STARTS_WITH 'hel'", "I STARTS_WITH 5"),
        *("K IS TRUE", "T = ''", "B BETWEEN true AND false", "K IS NOT true", "ExecutionDuration STARTS_WITH '1s'"),
    ],
    "refused values": [
        *("K = 5", "K = 5.5", "K = true", "L = 5", "T = 5", "I = '5'", "I = true", "I IN (true)", "D = '1.5'"),
        *("B = 1", "B = 'true'", "M > 'x'", "M > 1.5", "M > true", "M > '2024-01-02 03:04:05'"),
        *("ExecutionStatus = 'Open'", "ExecutionStatus = 77", "ExecutionStatus = 5.5", "ExecutionStatus = true"),
        *("ExecutionDuration < '01:60:00'", "ExecutionDuration < 1.5", "ExecutionDuration < 'x'"),
        *("ExecutionDuration < true", "I = 0x10", "I = 1e999", "HistoryLength = 'x'"),
        "StartTime = '2024-01-01T00:00:00+0200'",
    ],
    "malformed": [
        *("K =", "= 'red'", "K == 'red'", "K ~ 'red'", "K = 'red", 'K = "red', "K in ()", "K in 'red'"),
        *("K in ('red',)", "K between 'a'", "K is", "K not 'a'", "(K = 'red'", "K = 'red')", "K = 'red' and", "and"),
        *("K = 'red' xor I = 5", "K = 'a' 'b'", "K = 'red'; drop table x", "K='ü' and", "order by", "`K = 'red'"),
        "a b = 'x'",
    ],
}  # fmt: skip


@pytest.mark.parametrize("queries", QUERIES.values(), ids=list(QUERIES))
@on_both
async def test_queries(driver: Driver, queries: list[str]) -> None:
    await seven_runs(driver)
    await ask(driver, queries)


@on_both
async def test_runs_in_all_states_with_all_that_a_list_tells(driver: Driver) -> None:
    await with_attributes(driver)
    await driver.start(Start(workflow_id="open", memo=Memo(fields={"m": payload("x")})))
    task = await driver.poll_workflow_task()
    words = UpsertWorkflowSearchAttributesCommandAttributes(search_attributes=attributes({"K": "new"}))
    await task.complete(command(words))
    for workflow_id, last in (("completed", complete_workflow()), ("failed", fail_workflow())):
        await driver.start(Start(workflow_id=workflow_id, task_queue=queue("other")))
        task = await driver.poll_workflow_task(api.PollWorkflowTaskQueueRequest(task_queue=queue("other")))
        await task.complete(last)
    await driver.list_runs("ExecutionStatus IN ('Completed', 'Failed')", count=2)
    await driver.list_runs("K = 'new'", count=1)
    await driver.list_runs("HistoryLength > 4", count=2)
    await ask(driver, ["", "GROUP BY ExecutionStatus", "TaskQueue = 'other'", "WorkflowType = 'First'"])


@on_both
async def test_pages_of_every_list(driver: Driver) -> None:
    await seven_runs(driver)
    service, namespace = driver.service, driver.namespace
    token = b""
    for _ in range(3):
        page = await driver.send(
            service.ListWorkflowExecutions, List(namespace=namespace, page_size=3, next_page_token=token)
        )
        token = page.next_page_token
    scan = api.ScanWorkflowExecutionsRequest(namespace=namespace, page_size=3, query="WorkflowType = 'Alpha'")
    scan.next_page_token = (await driver.send(service.ScanWorkflowExecutions, scan)).next_page_token
    await driver.send(service.ScanWorkflowExecutions, scan)
    opened = Open(namespace=namespace, maximum_page_size=3)
    opened.next_page_token = (await driver.send(service.ListOpenWorkflowExecutions, opened)).next_page_token
    await driver.send(service.ListOpenWorkflowExecutions, opened)
    for page_size in (-4, 5_000):
        await driver.send(service.ListWorkflowExecutions, List(namespace=namespace, page_size=page_size))


def by_id(workflow_id: str) -> WorkflowExecutionFilter:
    return WorkflowExecutionFilter(workflow_id=workflow_id)


@on_both
async def test_the_older_lists(driver: Driver) -> None:
    await seven_runs(driver)
    alpha, none = WorkflowTypeFilter(name="Alpha"), WorkflowTypeFilter()
    spans = [
        StartTimeFilter(earliest_time=LONG_AGO, latest_time=NOW),
        StartTimeFilter(earliest_time=NOW),
        StartTimeFilter(latest_time=LONG_AGO),
        StartTimeFilter(latest_time=Timestamp()),
        StartTimeFilter(earliest_time=NOW, latest_time=LONG_AGO),
    ]
    runs = [by_id("a1"), by_id("c1"), by_id(""), WorkflowExecutionFilter(workflow_id="c1", run_id="x")]
    opened = [
        Open(),
        *(Open(start_time_filter=span) for span in spans),
        *(Open(execution_filter=each) for each in runs),
        *(Open(type_filter=each) for each in (alpha, none)),
        Open(maximum_page_size=2, type_filter=alpha),
    ]
    closed = [
        Closed(),
        *(Closed(start_time_filter=span) for span in spans),
        *(Closed(execution_filter=each) for each in runs),
        *(Closed(type_filter=each) for each in (alpha, none)),
        *(
            Closed(status_filter=StatusFilter(status=status))
            for status in map(WorkflowExecutionStatus.ValueType, (0, 1, 2, 5, 99))
        ),
    ]
    for request in opened:
        request.namespace = driver.namespace
        await attempt(driver.send(driver.service.ListOpenWorkflowExecutions, request))
    for other in closed:
        other.namespace = driver.namespace
        await attempt(driver.send(driver.service.ListClosedWorkflowExecutions, other))


@on_both
async def test_requests_that_are_refused_before_their_query_is_read(driver: Driver) -> None:
    service = driver.service
    wrong_way_round = StartTimeFilter(earliest_time=NOW, latest_time=LONG_AGO)
    for namespace in ("", "gone", "x" * 1_001):
        await attempt(driver.send(service.ListWorkflowExecutions, List(namespace=namespace, query="Nope = 1")))
        count = api.CountWorkflowExecutionsRequest(namespace=namespace, query="(")
        await attempt(driver.send(service.CountWorkflowExecutions, count))
        scan = api.ScanWorkflowExecutionsRequest(namespace=namespace, query="(")
        await attempt(driver.send(service.ScanWorkflowExecutions, scan))
        request = Open(namespace=namespace, start_time_filter=wrong_way_round)
        await attempt(driver.send(service.ListOpenWorkflowExecutions, request))
        archived = api.ListArchivedWorkflowExecutionsRequest(namespace=namespace)
        await attempt(driver.send(service.ListArchivedWorkflowExecutions, archived))
    for page_size in (0, 10_001):
        archived = api.ListArchivedWorkflowExecutionsRequest(namespace=driver.namespace, page_size=page_size)
        await attempt(driver.send(service.ListArchivedWorkflowExecutions, archived))
    await attempt(
        driver.send(
            service.ListWorkflowExecutions,
            List(namespace=driver.namespace, query="Nope = 1", next_page_token=b"x"),
        )
    )
