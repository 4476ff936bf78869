"""Queries: on a task of their own, with a workflow task, refused, of closed runs, without workers, answered wrongly."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from temporalio.api.command.v1 import Command
from temporalio.api.enums.v1 import QueryRejectCondition, QueryResultType
from temporalio.api.query.v1 import WorkflowQuery, WorkflowQueryResult
from temporalio.api.taskqueue.v1 import StickyExecutionAttributes
from temporalio.api.workflowservice import v1 as api

from tests.differential.commands import (
    complete_workflow,
    continue_as_new,
    fail_workflow,
    failure,
    payloads,
    record_marker,
    seconds,
)
from tests.differential.driver import WORKFLOW, Driver, WorkflowTask, attempt, execution, sticky_queue
from tests.differential.rig import on_both
from tests.differential.servers import BUFFERED_QUERIES

Answer = api.RespondQueryTaskCompletedRequest
Completed = api.RespondWorkflowTaskCompletedRequest
Query = api.QueryWorkflowRequest
ANSWERED = QueryResultType.QUERY_RESULT_TYPE_ANSWERED
FAILED = QueryResultType.QUERY_RESULT_TYPE_FAILED
NO_RUN = "00000000-0000-4000-8000-000000000000"
GOOD = Answer(completed_type=ANSWERED, query_result=payloads("answer"))


async def begun(driver: Driver, beside: Completed | None = None) -> None:
    """A run that has completed a workflow task and waits."""
    await driver.start()
    task = await driver.poll_workflow_task()
    await task.complete(beside=beside)


async def answered(driver: Driver, asking: asyncio.Task[api.QueryWorkflowResponse], answer: Answer = GOOD) -> None:
    task = await driver.poll_workflow_task()
    await attempt(task.answer_query(answer))
    await attempt(asking)


@on_both
async def test_a_query_has_a_task_of_its_own(driver: Driver) -> None:
    await begun(driver)
    query = WorkflowQuery(query_type="status", query_args=payloads("argument"))
    asking = await driver.beside(driver.query(Query(query=query)))
    await answered(driver, asking)
    await driver.history()
    await driver.describe()


@on_both
async def test_a_worker_cannot_answer(driver: Driver) -> None:
    await begun(driver)
    asking = await driver.beside(driver.query())
    await answered(driver, asking, Answer(completed_type=FAILED, error_message="unknown query", failure=failure("no")))


@pytest.mark.parametrize(
    "answer",
    [Answer(), Answer(completed_type=FAILED), Answer(completed_type=ANSWERED), Answer(error_message="only a message")],
    ids=["empty", "failed", "answered", "message"],
)
@on_both
async def test_an_answer_that_says_little(driver: Driver, answer: Answer) -> None:
    await begun(driver)
    asking = await driver.beside(driver.query())
    await answered(driver, asking, answer)


@on_both
async def test_a_query_comes_with_a_workflow_task(driver: Driver) -> None:
    await driver.start()
    task = await driver.poll_workflow_task()
    await task.complete()
    await driver.signal()
    asking = await driver.beside(driver.query())
    task = await driver.poll_workflow_task()
    (query_id,) = task.reply.queries
    result = WorkflowQueryResult(result_type=ANSWERED, answer=payloads("answer"))
    await task.complete(record_marker("m"), beside=Completed(query_results={query_id: result}))
    await asking
    await driver.history()


@on_both
async def test_a_query_that_a_workflow_task_leaves_unanswered(driver: Driver) -> None:
    await begun(driver)
    await driver.signal()
    asking = await driver.beside(driver.query())
    task = await driver.poll_workflow_task()
    await task.complete()
    await answered(driver, asking)


@on_both
async def test_a_query_fails_with_a_workflow_task(driver: Driver) -> None:
    await begun(driver)
    await driver.signal()
    asking = await driver.beside(driver.query())
    task = await driver.poll_workflow_task()
    (query_id,) = task.reply.queries
    result = WorkflowQueryResult(result_type=FAILED, error_message="no", failure=failure("no"))
    await task.complete(beside=Completed(query_results={query_id: result}))
    await attempt(asking)


@on_both
async def test_a_query_while_a_task_is_under_way_waits_for_it(driver: Driver) -> None:
    await begun(driver)
    await driver.signal()
    task = await driver.poll_workflow_task()
    asking = await driver.beside(driver.query())
    await task.complete(record_marker("m"))
    await answered(driver, asking)


@on_both
async def test_only_so_many_queries_wait_for_a_workflow_task(driver: Driver) -> None:
    await begun(driver)
    await driver.signal()
    waiting = [await driver.beside(attempt(driver.query(within_s=3))) for _ in range(BUFFERED_QUERIES)]
    await attempt(driver.query("one more", within_s=3))
    task = await driver.poll_workflow_task()
    await attempt(driver.query("one more", within_s=3))
    await task.complete()
    await asyncio.gather(*waiting)


@on_both
async def test_a_query_of_a_run_with_a_sticky_worker(driver: Driver) -> None:
    sticky = StickyExecutionAttributes(worker_task_queue=sticky_queue("sticky"), schedule_to_start_timeout=seconds(5))
    await begun(driver, Completed(sticky_attributes=sticky))
    polling = await driver.beside(
        driver.poll_workflow_task(api.PollWorkflowTaskQueueRequest(task_queue=sticky_queue("sticky")))
    )
    asking = await driver.beside(driver.query())
    task = await polling
    await task.answer_query(GOOD)
    await asking


@on_both
async def test_a_query_of_a_run_whose_sticky_worker_has_gone(driver: Driver) -> None:
    sticky = StickyExecutionAttributes(worker_task_queue=sticky_queue("gone"), schedule_to_start_timeout=seconds(5))
    await begun(driver, Completed(sticky_attributes=sticky))
    asking = await driver.beside(driver.query())
    await answered(driver, asking)


# -- which runs can be asked


@on_both
async def test_a_run_without_a_first_task_cannot_answer(driver: Driver) -> None:
    await driver.start()
    await attempt(driver.query(within_s=3))


@pytest.mark.parametrize("condition", ["NONE", "NOT_OPEN", "NOT_COMPLETED_CLEANLY"])
@pytest.mark.parametrize("state", ["open", "completed", "failed", "terminated", "continued"])
@on_both
async def test_reject_conditions(driver: Driver, condition: str, state: str) -> None:
    run_id = (await driver.start()).run_id
    task = await driver.poll_workflow_task()
    commands: dict[str, Callable[[], Command]] = {
        "completed": complete_workflow,
        "failed": fail_workflow,
        "continued": continue_as_new,
    }
    if state in commands:
        await task.complete(commands[state]())
    else:
        await task.complete()
    if state == "terminated":
        await driver.terminate()
    request = Query(
        execution=execution(WORKFLOW, run_id),
        query_reject_condition=QueryRejectCondition.Value(f"QUERY_REJECT_CONDITION_{condition}"),
    )
    asking = await driver.beside(driver.query(request))
    rejects = {
        "NONE": (),
        "NOT_OPEN": set(commands) | {"terminated"},
        "NOT_COMPLETED_CLEANLY": set(commands) - {"completed"} | {"terminated"},
    }
    if state not in rejects[condition]:
        task = await driver.poll_workflow_task()
        await task.answer_query(GOOD)
    await attempt(asking)


@on_both
async def test_a_closed_run_answers(driver: Driver) -> None:
    await driver.start()
    task = await driver.poll_workflow_task()
    await task.complete(complete_workflow())
    asking = await driver.beside(driver.query())
    await answered(driver, asking)


@on_both
async def test_a_run_whose_tasks_fail_cannot_answer(driver: Driver) -> None:
    await begun(driver)
    await driver.signal()
    for _ in range(3):
        task = await driver.poll_workflow_task()
        await task.fail()
    await attempt(driver.query(within_s=3))


@pytest.mark.parametrize(
    "wrong",
    [
        Query(execution=execution("nobody")),
        Query(execution=execution(WORKFLOW, NO_RUN)),
        Query(execution=execution(WORKFLOW, "no-uuid")),
        Query(execution=execution("")),
        Query(execution=execution("x" * 1001)),
        Query(namespace="nowhere"),
        Query(query=WorkflowQuery(query_args=payloads("no type"))),
    ],
    ids=["workflow", "run", "bad run", "no id", "long id", "namespace", "no type"],
)
@on_both
async def test_a_query_that_is_refused(driver: Driver, wrong: Query) -> None:
    await begun(driver)
    await attempt(driver.query(wrong, within_s=3))


@on_both
async def test_a_query_that_names_nothing(driver: Driver) -> None:
    await begun(driver)
    service, namespace = driver.service, driver.namespace
    await attempt(driver.send(service.QueryWorkflow, Query(namespace=namespace)))
    await attempt(driver.send(service.QueryWorkflow, Query(namespace=namespace, execution=execution())))


# -- tokens


@pytest.mark.parametrize("token", [b"", b"garbage"], ids=["none", "garbage"])
@on_both
async def test_broken_tokens(driver: Driver, token: bytes) -> None:
    task = WorkflowTask(driver, api.PollWorkflowTaskQueueResponse(task_token=token))
    await attempt(task.answer_query(GOOD))


@on_both
async def test_an_answer_that_comes_twice(driver: Driver) -> None:
    await begun(driver)
    asking = await driver.beside(driver.query())
    task = await driver.poll_workflow_task()
    await task.answer_query(GOOD)
    await asking
    await attempt(task.answer_query(GOOD))
