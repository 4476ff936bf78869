"""Queries that are large: arguments, results, failures, messages; and several that one workflow task brings."""

from __future__ import annotations

import asyncio

import pytest
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.api.query.v1 import WorkflowQuery, WorkflowQueryResult
from temporalio.api.workflowservice import v1 as api

from tests.differential.commands import failure, payloads, record_marker
from tests.differential.driver import Driver, WorkflowTask, attempt
from tests.differential.rig import on_both
from tests.differential.servers import BUFFERED_QUERIES
from tests.differential.test_queries import ANSWERED, FAILED, GOOD, Answer, Completed, Query, answered, begun

KIB = 1024
MIB = 1024 * KIB
LIMIT_BYTES = 2 * MIB
ASKED_AGAIN_WITHIN_S = 1.0


def of_size(size_bytes: int) -> Payloads:
    """Payloads that are exactly so many bytes long as a message."""
    made = Payloads(payloads=[Payload(data=b"x" * (size_bytes - 10))])
    made = Payloads(payloads=[Payload(data=b"x" * (2 * size_bytes - 10 - made.ByteSize()))])
    assert made.ByteSize() == size_bytes
    return made


LARGE = {
    "warned of": Answer(completed_type=ANSWERED, query_result=of_size(MIB)),
    "just fits": Answer(completed_type=ANSWERED, query_result=of_size(LIMIT_BYTES)),
    "too large": Answer(completed_type=ANSWERED, query_result=of_size(LIMIT_BYTES + 1)),
    "long message": Answer(completed_type=FAILED, error_message="m" * 3000, failure=failure("no")),
    "large failure": Answer(completed_type=FAILED, error_message="no", failure=failure("f" * 5000)),
    "failed with a result": Answer(completed_type=FAILED, error_message="no", query_result=of_size(LIMIT_BYTES + 1)),
}


# -- on a task of its own


@pytest.mark.parametrize("answer", LARGE.values(), ids=LARGE.keys())
@on_both
async def test_a_large_answer(driver: Driver, answer: Answer) -> None:
    await begun(driver)
    asking = await driver.beside(driver.query())
    await answered(driver, asking, answer)


@pytest.mark.parametrize("size_bytes", [MIB, LIMIT_BYTES, LIMIT_BYTES + 1])
@on_both
async def test_large_arguments(driver: Driver, size_bytes: int) -> None:
    await begun(driver)
    request = Query(query=WorkflowQuery(query_type="query", query_args=of_size(size_bytes)))
    asking = await driver.beside(attempt(driver.query(request)))
    if size_bytes <= LIMIT_BYTES:
        task = await driver.poll_workflow_task()
        await task.answer_query(GOOD)
    await asking


@on_both
async def test_arguments_that_are_too_large_for_a_run_that_is_not_there(driver: Driver) -> None:
    query = WorkflowQuery(query_type="query", query_args=of_size(LIMIT_BYTES + 1))
    await attempt(driver.query(Query(query=query)))


@on_both
async def test_a_long_type(driver: Driver) -> None:
    await begun(driver)
    asking = await driver.beside(driver.query("q" * 1001))
    await answered(driver, asking)


# -- with a workflow task


async def asked_with_a_task(
    driver: Driver, count: int = 1
) -> tuple[list[asyncio.Task[api.QueryWorkflowResponse | None]], WorkflowTask, list[str]]:
    """That many queries under way, the workflow task that brings them, and their ids in the order of the asking."""
    await begun(driver)
    await driver.signal()
    asking = [await driver.beside(attempt(driver.query(f"query {number}", within_s=4))) for number in range(count)]
    await asyncio.sleep(0.2)  # all are under way even on a busy machine
    task = await driver.poll_workflow_task()
    queries = task.reply.queries
    return asking, task, sorted(queries, key=lambda query_id: queries[query_id].query_type)


def result_of(answer: Answer) -> WorkflowQueryResult:
    return WorkflowQueryResult(
        result_type=answer.completed_type,
        answer=answer.query_result if answer.HasField("query_result") else None,
        error_message=answer.error_message,
        failure=answer.failure if answer.HasField("failure") else None,
    )


@pytest.mark.parametrize("answer", LARGE.values(), ids=LARGE.keys())
@on_both
async def test_a_large_result_beside_commands(driver: Driver, answer: Answer) -> None:
    asking, task, (query_id,) = await asked_with_a_task(driver)
    await attempt(task.complete(record_marker("m"), beside=Completed(query_results={query_id: result_of(answer)})))
    await asyncio.gather(*asking)
    await driver.history()


@pytest.mark.parametrize(
    "result",
    [
        WorkflowQueryResult(),
        WorkflowQueryResult(answer=payloads("answer")),
        WorkflowQueryResult(result_type=ANSWERED),
        WorkflowQueryResult(result_type=ANSWERED, answer=payloads("answer"), error_message="no"),
        WorkflowQueryResult(result_type=FAILED),
        WorkflowQueryResult(result_type=FAILED, failure=failure("no")),
        WorkflowQueryResult(result_type=FAILED, answer=payloads("answer"), error_message="no"),
    ],
    ids=["empty", "no type", "no answer", "both", "no message", "failure alone", "failed with an answer"],
)
@on_both
async def test_a_result_that_says_little(driver: Driver, result: WorkflowQueryResult) -> None:
    asking, task, (query_id,) = await asked_with_a_task(driver)
    await task.complete(beside=Completed(query_results={query_id: result}))
    task = await driver.poll_workflow_task()
    await task.answer_query(GOOD)
    await asyncio.gather(*asking)


@on_both
async def test_several_queries_in_one_task(driver: Driver) -> None:
    asking, task, query_ids = await asked_with_a_task(driver, BUFFERED_QUERIES)
    results = {
        query_id: WorkflowQueryResult(result_type=ANSWERED, answer=payloads(f"answer {number}"))
        for number, query_id in enumerate(query_ids)
    }
    await task.complete(record_marker("m"), beside=Completed(query_results=results))
    await asyncio.gather(*asking)
    await driver.history()


@on_both
async def test_one_of_several_results_is_too_large(driver: Driver) -> None:
    asking, task, (one, two) = await asked_with_a_task(driver, 2)
    results = {one: result_of(LARGE["too large"]), two: result_of(GOOD)}
    await task.complete(record_marker("m"), beside=Completed(query_results=results))
    await asyncio.gather(*asking)
    await driver.history()


@on_both
async def test_one_of_several_is_not_answered(driver: Driver) -> None:
    asking, task, (_, two) = await asked_with_a_task(driver, 2)
    await task.complete(beside=Completed(query_results={two: result_of(GOOD)}))
    task = await driver.poll_workflow_task()
    await task.answer_query(GOOD)
    await asyncio.gather(*asking)


@on_both
async def test_one_is_not_answered_and_another_task_follows(driver: Driver) -> None:
    asking, task, (_, two) = await asked_with_a_task(driver, 2)
    await driver.signal("again")
    await task.complete(beside=Completed(query_results={two: result_of(GOOD)}))
    task = await driver.poll_workflow_task()
    (one,) = task.reply.queries
    await task.complete(beside=Completed(query_results={one: result_of(GOOD)}))
    await asyncio.gather(*asking)


@on_both
async def test_results_for_queries_that_nobody_asked(driver: Driver) -> None:
    asking, task, (query_id,) = await asked_with_a_task(driver)
    results = {"unknown": result_of(LARGE["too large"]), query_id: result_of(GOOD), "": result_of(GOOD)}
    await task.complete(beside=Completed(query_results=results))
    await asyncio.gather(*asking)
    await driver.signal()
    task = await driver.poll_workflow_task()
    await task.complete(beside=Completed(query_results={query_id: result_of(GOOD)}))
    await driver.history()


@on_both
async def test_results_of_a_completion_that_is_refused(driver: Driver) -> None:
    """The query waits for the next attempt. The real server asks itself again, with another id."""
    asking, task, (query_id,) = await asked_with_a_task(driver)
    refused = Completed(query_results={query_id: result_of(GOOD)})
    await attempt(task.complete(record_marker(""), beside=refused))
    await asyncio.sleep(ASKED_AGAIN_WITHIN_S)
    task = await driver.poll_workflow_task()
    del driver.transcript.entries[-1]
    (query_id,) = task.reply.queries
    await task.complete(beside=Completed(query_results={query_id: result_of(GOOD)}))
    await asyncio.gather(*asking)
    await driver.history()
