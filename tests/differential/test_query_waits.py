"""Queries that wait: for a poller, for a worker's answer, for the first workflow task, for tasks that fail."""

from __future__ import annotations

import asyncio

import pytest
from temporalio.api.query.v1 import WorkflowQueryResult
from temporalio.api.workflowservice import v1 as api

from tests.differential.commands import complete_workflow, payloads, record_marker, seconds
from tests.differential.driver import Driver, WorkflowTask, attempt, queue
from tests.differential.rig import on_both
from tests.differential.test_queries import ANSWERED, GOOD, Completed, begun
from tests.differential.test_sticky import STICKY, poll_sticky, stay_sticky, sticky_run

Start = api.StartWorkflowExecutionRequest
RESULT = WorkflowQueryResult(result_type=ANSWERED, answer=payloads("answer"))
ASKED_AGAIN_WITHIN_S = 1.0


def answers(task: WorkflowTask) -> Completed:
    return Completed(query_results=dict.fromkeys(task.reply.queries, RESULT))


# -- for a poller


async def begun_without_a_poll(driver: Driver) -> None:
    """A run whose first workflow task came with its start, so that nobody has ever polled its queue."""
    reply = await driver.start(Start(request_eager_execution=True))
    await WorkflowTask(driver, reply.eager_workflow_task).complete()


@on_both
async def test_nobody_has_ever_polled(driver: Driver) -> None:
    await begun_without_a_poll(driver)
    await attempt(driver.query(within_s=3))


@on_both
async def test_nobody_has_ever_polled_and_the_caller_is_in_a_hurry(driver: Driver) -> None:
    await begun_without_a_poll(driver)
    await attempt(driver.query(within_s=0.8))


@on_both
async def test_a_poller_comes_just_in_time(driver: Driver) -> None:
    await begun_without_a_poll(driver)
    asking = await driver.beside(driver.query(within_s=5))
    task = await driver.poll_workflow_task()
    await task.answer_query(GOOD)
    await asking


@on_both
async def test_somebody_polled_a_while_ago(driver: Driver) -> None:
    await begun(driver)
    await attempt(driver.query(within_s=2.5))


@on_both
async def test_nobody_polls_for_a_closed_run(driver: Driver) -> None:
    reply = await driver.start(Start(request_eager_execution=True))
    await WorkflowTask(driver, reply.eager_workflow_task).complete(complete_workflow())
    await attempt(driver.query(within_s=3))


# -- for an answer


@on_both
async def test_a_worker_that_never_answers(driver: Driver) -> None:
    await begun(driver)
    asking = await driver.beside(attempt(driver.query(within_s=1.5)))
    task = await driver.poll_workflow_task()
    await asking
    await asyncio.sleep(0.5)  # the server's clock runs a little behind the caller's
    await attempt(task.answer_query(GOOD))
    await driver.history()


@on_both
async def test_a_query_that_nobody_waits_for_any_more(driver: Driver) -> None:
    await begun(driver)
    await attempt(driver.query(within_s=1.2))
    await asyncio.sleep(0.5)
    await driver.no_workflow_task()


@on_both
async def test_two_queries_at_once_have_tasks_of_their_own(driver: Driver) -> None:
    await begun(driver)
    one = await driver.beside(driver.query())
    two = await driver.beside(driver.query())
    for _ in range(2):
        task = await driver.poll_workflow_task()
        await task.answer_query(GOOD)
    await one
    await two


@on_both
async def test_a_sticky_worker_that_never_answers(driver: Driver) -> None:
    """The query goes on to the normal queue, and so does all that follows."""
    await sticky_run(driver, timeout_s=1)
    asking = await driver.beside(driver.query())
    await poll_sticky(driver)
    task = await driver.poll_workflow_task()
    await task.answer_query(GOOD)
    await asking
    await driver.describe()
    await driver.signal()
    task = await driver.poll_workflow_task()
    await task.complete(complete_workflow())
    await driver.history()


@on_both
async def test_a_sticky_worker_that_polls_no_more(driver: Driver) -> None:
    await sticky_run(driver, timeout_s=1)
    asking = await driver.beside(driver.query())
    task = await driver.poll_workflow_task()
    await task.answer_query(GOOD)
    await asking
    await driver.no_workflow_task(STICKY)
    await driver.signal()
    task = await driver.poll_workflow_task()
    await task.complete(complete_workflow())


@on_both
async def test_a_sticky_worker_that_has_shut_down(driver: Driver) -> None:
    await sticky_run(driver, timeout_s=5)
    shutdown = api.ShutdownWorkerRequest(
        namespace=driver.namespace, sticky_task_queue="sticky", identity="driver", reason="done"
    )
    await driver.send(driver.service.ShutdownWorker, shutdown)
    asking = await driver.beside(driver.query())
    task = await driver.poll_workflow_task()
    await task.answer_query(GOOD)
    await asking
    polling = await driver.beside(driver.no_workflow_task(STICKY))
    await driver.signal()
    await polling
    task = await driver.poll_workflow_task()
    await task.complete(complete_workflow())


# -- for the first workflow task


@on_both
async def test_a_query_waits_for_the_first_task(driver: Driver) -> None:
    await driver.start()
    asking = await driver.beside(driver.query())
    task = await driver.poll_workflow_task()
    await task.complete(record_marker("m"), beside=answers(task))
    await asking
    await driver.history()


@on_both
async def test_a_query_comes_while_the_first_task_is_under_way(driver: Driver) -> None:
    await driver.start()
    task = await driver.poll_workflow_task()
    asking = await driver.beside(driver.query())
    await task.complete(record_marker("m"))
    task = await driver.poll_workflow_task()
    await task.answer_query(GOOD)
    await asking


@on_both
async def test_the_first_task_is_never_completed(driver: Driver) -> None:
    await driver.start()
    await driver.poll_workflow_task()
    await attempt(driver.query(within_s=1.5))


@on_both
async def test_the_first_task_closes_the_run(driver: Driver) -> None:
    await driver.start()
    task = await driver.poll_workflow_task()
    asking = await driver.beside(driver.query())
    await task.complete(complete_workflow())
    task = await driver.poll_workflow_task()
    await task.answer_query(GOOD)
    await asking


@on_both
async def test_a_run_is_terminated_before_its_first_task(driver: Driver) -> None:
    await driver.start()
    asking = await driver.beside(attempt(driver.query(within_s=3)))
    await driver.terminate()
    await asking


@on_both
async def test_a_run_that_closed_before_its_first_task(driver: Driver) -> None:
    await driver.start()
    await driver.terminate()
    await attempt(driver.query(within_s=3))


@pytest.mark.parametrize("delay_s", [1, 60])
@on_both
async def test_the_first_task_is_delayed(driver: Driver, delay_s: int) -> None:
    await driver.start(Start(workflow_start_delay=seconds(delay_s)))
    asking = await driver.beside(attempt(driver.query(within_s=5)))
    if delay_s == 1:
        task = await driver.poll_workflow_task()
        await task.complete(beside=answers(task))
    await asking


# -- while tasks fail


async def failing(driver: Driver, times: int) -> None:
    """A run whose workflow task has failed that often and is scheduled again."""
    await begun(driver)
    await driver.signal()
    for _ in range(times):
        task = await driver.poll_workflow_task()
        await task.fail()


@pytest.mark.parametrize("times", [1, 2, 3])
@on_both
async def test_a_query_between_attempts(driver: Driver, times: int) -> None:
    await failing(driver, times)
    asking = await driver.beside(attempt(driver.query(within_s=3)))
    if times == 1:
        task = await driver.poll_workflow_task()
        await task.complete(beside=answers(task))
    await asking


@on_both
async def test_a_query_during_an_attempt(driver: Driver) -> None:
    await failing(driver, 1)
    task = await driver.poll_workflow_task()
    asking = await driver.beside(attempt(driver.query(within_s=4)))
    await task.fail()
    task = await driver.poll_workflow_task()
    await task.complete(beside=answers(task))
    await asking


@on_both
async def test_the_task_that_brings_a_query_fails(driver: Driver) -> None:
    await begun(driver)
    await driver.signal()
    asking = await driver.beside(driver.query())
    task = await driver.poll_workflow_task()
    await task.fail()
    task = await driver.poll_workflow_task()
    await task.complete(beside=answers(task))
    await asking
    await driver.history()


@on_both
async def test_the_task_that_brings_a_query_fails_again_and_again(driver: Driver) -> None:
    await begun(driver)
    await driver.signal()
    asking = await driver.beside(attempt(driver.query(within_s=4)))
    for _ in range(3):
        task = await driver.poll_workflow_task()
        await task.fail()
    await asking


@on_both
async def test_the_task_that_brings_a_query_times_out(driver: Driver) -> None:
    await driver.start(Start(workflow_task_timeout=seconds(1)))
    asking = await driver.beside(driver.query())
    await driver.poll_workflow_task()
    task = await driver.poll_workflow_task()
    await task.complete(beside=answers(task))
    await asking
    await driver.history()


@on_both
async def test_the_sticky_task_that_brings_a_query_is_not_taken(driver: Driver) -> None:
    await sticky_run(driver, timeout_s=1)
    await driver.signal()
    asking = await driver.beside(driver.query())
    task = await driver.poll_workflow_task()
    await task.complete(beside=answers(task))
    await asking
    await driver.history()


@on_both
async def test_a_query_of_a_run_whose_completion_is_not_possible_yet(driver: Driver) -> None:
    """New events came: the completion fails, and the query goes with the next attempt."""
    await begun(driver)
    await driver.signal()
    task = await driver.poll_workflow_task()
    asking = await driver.beside(driver.query())
    await driver.signal("again")
    await attempt(task.complete(complete_workflow()))
    await asyncio.sleep(ASKED_AGAIN_WITHIN_S)
    task = await driver.poll_workflow_task()
    await task.complete(complete_workflow(), beside=answers(task))
    await asking
    await driver.history()


@on_both
async def test_a_query_of_a_sticky_run_during_a_task(driver: Driver) -> None:
    await sticky_run(driver)
    await driver.signal()
    task = await poll_sticky(driver)
    asking = await driver.beside(driver.query())
    await task.complete(beside=stay_sticky())
    task = await poll_sticky(driver)
    await task.answer_query(GOOD)
    await asking


@on_both
async def test_a_query_on_a_queue_of_another_name(driver: Driver) -> None:
    await driver.start(Start(task_queue=queue("other")))
    task = await driver.poll_workflow_task(api.PollWorkflowTaskQueueRequest(task_queue=queue("other")))
    await task.complete()
    asking = await driver.beside(driver.query())
    task = await driver.poll_workflow_task(api.PollWorkflowTaskQueueRequest(task_queue=queue("other")))
    await task.answer_query(GOOD)
    await asking
