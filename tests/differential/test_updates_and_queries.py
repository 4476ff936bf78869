"""An update and a query of the same run at once: in one workflow task, one during the other's, accepted or rejected."""

from __future__ import annotations

import pytest
from temporalio.api.protocol.v1 import Message as ProtocolMessage
from temporalio.api.workflowservice import v1 as api

from tests.differential.commands import complete_workflow, record_marker
from tests.differential.driver import Driver, WorkflowTask, attempt
from tests.differential.rig import on_both
from tests.differential.test_queries import GOOD, Completed
from tests.differential.test_query_waits import answers
from tests.differential.test_sticky import poll_sticky, stay_sticky, sticky_run
from tests.differential.test_updates import Updating, asked, begun, orders

ANSWERS = ["accept", "reject", "silence", "accept only", "reject without an answer"]


async def reply_to(
    task: WorkflowTask, kind: str, beside: Completed | None = None
) -> api.RespondWorkflowTaskCompletedResponse:
    """Answer both the update and the query of a task, or less than that."""
    made = Completed()
    made.MergeFrom(beside or Completed())
    if kind in ("accept", "reject"):
        made.MergeFrom(answers(task))
    messages: list[ProtocolMessage] = []
    if kind.startswith("accept"):
        update = Updating(task)
        messages = [update.accept(), update.complete()]
        made.messages.extend(messages)
    elif kind.startswith("reject"):
        made.messages.append(Updating(task).reject())
    return await task.complete(*orders(*messages), beside=made)


@pytest.mark.parametrize("kind", ANSWERS)
@on_both
async def test_one_task_brings_both(driver: Driver, kind: str) -> None:
    await begun(driver)
    updating = await driver.beside(attempt(driver.update(asked())))
    querying = await driver.beside(attempt(driver.query()))
    task = await driver.poll_workflow_task()
    await reply_to(task, kind)
    if kind not in ("accept", "reject"):
        task = await driver.poll_workflow_task()
        await task.answer_query(GOOD)
    await querying
    await updating
    await driver.history()


@pytest.mark.parametrize("kind", ANSWERS)
@on_both
async def test_a_sticky_task_brings_both(driver: Driver, kind: str) -> None:
    await sticky_run(driver)
    updating = await driver.beside(attempt(driver.update(asked())))
    querying = await driver.beside(attempt(driver.query()))
    task = await poll_sticky(driver)
    await reply_to(task, kind, stay_sticky())
    if kind not in ("accept", "reject"):
        task = await poll_sticky(driver)
        await task.answer_query(GOOD)
    await querying
    await updating
    await driver.history()


@pytest.mark.parametrize("kind", ["accept", "reject"])
@on_both
async def test_a_query_comes_while_the_update_is_with_its_worker(driver: Driver, kind: str) -> None:
    await begun(driver)
    updating = await driver.beside(attempt(driver.update(asked())))
    task = await driver.poll_workflow_task()
    querying = await driver.beside(attempt(driver.query()))
    await reply_to(task, kind)
    await updating
    task = await driver.poll_workflow_task()
    await task.answer_query(GOOD)
    await querying
    await driver.history()


@pytest.mark.parametrize("kind", ["accept", "reject"])
@on_both
async def test_a_query_comes_while_the_update_is_with_its_sticky_worker(driver: Driver, kind: str) -> None:
    await sticky_run(driver)
    updating = await driver.beside(attempt(driver.update(asked())))
    task = await poll_sticky(driver)
    querying = await driver.beside(attempt(driver.query()))
    await reply_to(task, kind, stay_sticky())
    await updating
    task = await poll_sticky(driver)
    await task.answer_query(GOOD)
    await querying
    await driver.history()


@pytest.mark.parametrize("kind", ["accept", "reject"])
@on_both
async def test_an_update_comes_while_a_query_is_with_its_worker(driver: Driver, kind: str) -> None:
    await begun(driver)
    querying = await driver.beside(attempt(driver.query()))
    query_task = await driver.poll_workflow_task()
    updating = await driver.beside(attempt(driver.update(asked())))
    task = await driver.poll_workflow_task()
    await query_task.answer_query(GOOD)
    await querying
    await reply_to(task, kind)
    await updating
    await driver.history()


@on_both
async def test_an_update_comes_while_a_query_waits_for_a_poller(driver: Driver) -> None:
    """Queries that wait in the queue go before tasks."""
    await begun(driver)
    querying = await driver.beside(attempt(driver.query()))
    updating = await driver.beside(attempt(driver.update(asked())))
    task = await driver.poll_workflow_task()
    if task.reply.HasField("query"):
        await task.answer_query(GOOD)
        task = await driver.poll_workflow_task()
        await reply_to(task, "reject")
    else:
        await reply_to(task, "reject")
        task = await driver.poll_workflow_task()
        await task.answer_query(GOOD)
    await querying
    await updating
    await driver.history()


@on_both
async def test_both_come_before_the_first_task(driver: Driver) -> None:
    await driver.start()
    updating = await driver.beside(attempt(driver.update(asked())))
    querying = await driver.beside(attempt(driver.query()))
    task = await driver.poll_workflow_task()
    await reply_to(task, "reject")
    await updating
    await querying
    await driver.history()


@on_both
async def test_a_second_update_keeps_the_query_waiting(driver: Driver) -> None:
    """The query is not answered by the first task, and a second one follows for the second update."""
    await begun(driver)
    first = await driver.beside(attempt(driver.update(asked("one"))))
    task = await driver.poll_workflow_task()
    second = await driver.beside(attempt(driver.update(asked("two"))))
    querying = await driver.beside(attempt(driver.query()))
    await reply_to(task, "reject without an answer")
    await first
    task = await driver.poll_workflow_task()
    await reply_to(task, "reject")
    await second
    await querying
    await driver.history()


@on_both
async def test_the_task_that_brings_both_fails(driver: Driver) -> None:
    await begun(driver)
    updating = await driver.beside(attempt(driver.update(asked())))
    querying = await driver.beside(attempt(driver.query()))
    task = await driver.poll_workflow_task()
    await task.fail()
    task = await driver.poll_workflow_task()
    await reply_to(task, "accept")
    await updating
    await querying
    await driver.history()


@on_both
async def test_a_task_that_brings_both_closes_the_run(driver: Driver) -> None:
    await begun(driver)
    updating = await driver.beside(attempt(driver.update(asked())))
    querying = await driver.beside(attempt(driver.query()))
    task = await driver.poll_workflow_task()
    await task.complete(complete_workflow(), beside=answers(task))
    await updating
    await querying
    await driver.history()


@on_both
async def test_commands_beside_a_rejection_and_an_answer(driver: Driver) -> None:
    await begun(driver)
    updating = await driver.beside(attempt(driver.update(asked())))
    querying = await driver.beside(attempt(driver.query()))
    task = await driver.poll_workflow_task()
    beside = answers(task)
    beside.messages.append(Updating(task).reject())
    await task.complete(record_marker("m"), beside=beside)
    await updating
    await querying
    await driver.history()
