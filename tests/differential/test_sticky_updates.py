"""Updates of runs with a sticky worker: its speculative tasks are taken, not taken, not answered, failed, discarded."""

from __future__ import annotations

import asyncio

from temporalio.api.workflowservice import v1 as api

from tests.differential.commands import complete_workflow, record_marker, seconds
from tests.differential.driver import Driver, WorkflowTask, attempt, execution
from tests.differential.rig import on_both
from tests.differential.test_sticky import STICKY, Completed, poll_sticky, stay_sticky, sticky_run
from tests.differential.test_updates import UpdateReply, Updating, answer, asked, begun, orders


async def ask_sticky(driver: Driver, update_id: str = "update") -> tuple[asyncio.Task[UpdateReply], WorkflowTask]:
    """An update under way, and the sticky task that brings it."""
    asking = await driver.beside(driver.update(asked(update_id)))
    return asking, await poll_sticky(driver)


async def accept(task: WorkflowTask, *, sticky: bool = True) -> None:
    update = Updating(task)
    messages = [update.accept(), update.complete()]
    beside = stay_sticky() if sticky else Completed()
    beside.messages.extend(messages)
    await task.complete(*orders(*messages), beside=beside)


async def reject(task: WorkflowTask) -> None:
    beside = stay_sticky()
    beside.messages.append(Updating(task).reject())
    await task.complete(beside=beside)


@on_both
async def test_a_sticky_worker_takes_it(driver: Driver) -> None:
    await sticky_run(driver)
    asking, task = await ask_sticky(driver)
    await accept(task)
    await asking
    await driver.describe()
    await driver.history()


@on_both
async def test_a_sticky_worker_rejects_two(driver: Driver) -> None:
    await sticky_run(driver)
    for update_id in ("one", "two"):
        asking, task = await ask_sticky(driver, update_id)
        await reject(task)
        await attempt(asking)
    await driver.signal()
    task = await poll_sticky(driver)
    await task.complete(beside=stay_sticky())
    await driver.history()


@on_both
async def test_a_sticky_worker_has_gone(driver: Driver) -> None:
    """Its task times out before anybody takes it, and the next one comes by the normal queue."""
    await sticky_run(driver, timeout_s=1)
    asking = await driver.beside(driver.update(asked()))
    await driver.describe()
    task = await driver.poll_workflow_task()
    await driver.describe()
    await accept(task, sticky=False)
    await asking
    await driver.history()


@on_both
async def test_a_sticky_worker_has_gone_and_the_update_is_rejected(driver: Driver) -> None:
    await sticky_run(driver, timeout_s=1)
    asking = await driver.beside(driver.update(asked()))
    task = await driver.poll_workflow_task()
    await reject(task)
    await attempt(asking)
    await driver.history()


@on_both
async def test_a_sticky_worker_has_gone_and_a_signal_comes(driver: Driver) -> None:
    await sticky_run(driver, timeout_s=1)
    asking = await driver.beside(driver.update(asked()))
    await driver.signal()
    await driver.history()
    task = await driver.poll_workflow_task()
    await accept(task, sticky=False)
    await asking
    await driver.history()


@on_both
async def test_a_sticky_worker_comes_back_too_late(driver: Driver) -> None:
    await sticky_run(driver, timeout_s=1)
    asking = await driver.beside(driver.update(asked()))
    await asyncio.sleep(1.5)
    await driver.no_workflow_task(STICKY)
    task = await driver.poll_workflow_task()
    await accept(task)
    await asking
    asking, task = await ask_sticky(driver, "next")
    await accept(task)
    await asking
    await driver.history()


@on_both
async def test_a_sticky_worker_has_shut_down(driver: Driver) -> None:
    await sticky_run(driver)
    shutdown = api.ShutdownWorkerRequest(
        namespace=driver.namespace, sticky_task_queue="sticky", identity="driver", reason="done"
    )
    await driver.send(driver.service.ShutdownWorker, shutdown)
    asking = await driver.beside(driver.update(asked()))
    task = await driver.poll_workflow_task()
    await accept(task, sticky=False)
    await asking
    await driver.history()


@on_both
async def test_a_sticky_worker_does_not_answer(driver: Driver) -> None:
    polling = await driver.beside(driver.no_workflow_task(STICKY))
    await driver.start(api.StartWorkflowExecutionRequest(workflow_task_timeout=seconds(1)))
    task = await driver.poll_workflow_task()
    await task.complete(beside=stay_sticky())
    await polling
    asking, late = await ask_sticky(driver)
    task = await driver.poll_workflow_task()
    await attempt(accept(late))
    await accept(task, sticky=False)
    await asking
    await driver.history()


@on_both
async def test_a_sticky_worker_fails_its_task(driver: Driver) -> None:
    await sticky_run(driver)
    asking, task = await ask_sticky(driver)
    await task.fail()
    await driver.history()
    task = await driver.poll_workflow_task()
    await accept(task)
    await asking
    await driver.history()


@on_both
async def test_a_sticky_worker_fails_and_the_next_rejects(driver: Driver) -> None:
    await sticky_run(driver)
    asking, task = await ask_sticky(driver)
    await task.fail()
    task = await driver.poll_workflow_task()
    await reject(task)
    await attempt(asking)
    await driver.history()


@on_both
async def test_a_normal_worker_fails_it_twice(driver: Driver) -> None:
    await begun(driver)
    asking = await driver.beside(driver.update(asked()))
    for _ in range(2):
        task = await driver.poll_workflow_task()
        await task.fail()
    task = await driver.poll_workflow_task()
    await accept(task, sticky=False)
    await asking
    await driver.history()


@on_both
async def test_resetting_while_a_speculative_task_waits(driver: Driver) -> None:
    await sticky_run(driver, timeout_s=1)
    asking = await driver.beside(driver.update(asked()))
    reset = api.ResetStickyTaskQueueRequest(namespace=driver.namespace, execution=execution())
    await driver.send(driver.service.ResetStickyTaskQueue, reset)
    await driver.describe()
    task = await driver.poll_workflow_task()
    await accept(task, sticky=False)
    await asking
    await driver.history()


@on_both
async def test_resetting_while_a_speculative_task_is_under_way(driver: Driver) -> None:
    await sticky_run(driver)
    asking, task = await ask_sticky(driver)
    reset = api.ResetStickyTaskQueueRequest(namespace=driver.namespace, execution=execution())
    await driver.send(driver.service.ResetStickyTaskQueue, reset)
    await accept(task)
    await asking
    await driver.history()


@on_both
async def test_a_rejected_update_beside_a_signal_that_came_during_it(driver: Driver) -> None:
    await sticky_run(driver)
    asking, task = await ask_sticky(driver)
    await driver.signal()
    await reject(task)
    await attempt(asking)
    task = await poll_sticky(driver)
    await task.complete(complete_workflow())
    await driver.history()


@on_both
async def test_a_second_update_comes_while_the_first_is_rejected(driver: Driver) -> None:
    await sticky_run(driver)
    first, task = await ask_sticky(driver, "one")
    second = await driver.beside(driver.update(asked("two")))
    await reject(task)
    await attempt(first)
    task = await poll_sticky(driver)
    await accept(task)
    await second
    await driver.history()


@on_both
async def test_the_next_task_is_returned_for_a_waiting_update(driver: Driver) -> None:
    await sticky_run(driver)
    first, task = await ask_sticky(driver, "one")
    second = await driver.beside(driver.update(asked("two")))
    beside = stay_sticky()
    beside.messages.append(Updating(task).reject())
    beside.return_new_workflow_task = True
    reply = await task.complete(beside=beside)
    await attempt(first)
    await accept(WorkflowTask(driver, reply.workflow_task))
    await second
    await driver.history()


@on_both
async def test_a_speculative_task_that_nobody_takes(driver: Driver) -> None:
    """Of a run without a sticky worker: after five seconds it becomes a normal one."""
    await begun(driver)
    asking = await driver.beside(driver.update(asked()))
    await asyncio.sleep(5.5)
    await driver.history()
    task = await driver.poll_workflow_task()
    await answer(task, Updating(task).reject(), with_commands=False)
    await attempt(asking)
    await driver.history()


@on_both
async def test_commands_beside_a_rejection_on_a_sticky_queue(driver: Driver) -> None:
    await sticky_run(driver)
    asking, task = await ask_sticky(driver)
    beside = stay_sticky()
    beside.messages.append(Updating(task).reject())
    await task.complete(record_marker("again"), beside=beside)
    await attempt(asking)
    await driver.history()
