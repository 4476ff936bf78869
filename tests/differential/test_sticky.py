"""Sticky task queues: partial histories, falling back to the normal queue, resetting."""

from __future__ import annotations

from temporalio.api.common.v1 import Memo
from temporalio.api.taskqueue.v1 import StickyExecutionAttributes
from temporalio.api.workflowservice import v1 as api

from tests.differential.commands import complete_workflow, payload, record_marker, seconds, start_timer
from tests.differential.driver import Driver, WorkflowTask, attempt, execution, sticky_queue
from tests.differential.rig import on_both

Completed = api.RespondWorkflowTaskCompletedRequest
STICKY = api.PollWorkflowTaskQueueRequest(task_queue=sticky_queue("sticky"))


def stay_sticky(*, timeout_s: float = 5, force: bool = False) -> Completed:
    sticky = StickyExecutionAttributes(
        worker_task_queue=sticky_queue("sticky"), schedule_to_start_timeout=seconds(timeout_s)
    )
    return Completed(sticky_attributes=sticky, force_create_new_workflow_task=force)


async def poll_sticky(driver: Driver) -> WorkflowTask:
    return await driver.poll_workflow_task(STICKY)


async def sticky_run(driver: Driver, *, timeout_s: float = 5) -> None:
    """A run that waits, sticky to a queue that has been polled."""
    polling = await driver.beside(driver.no_workflow_task(STICKY))
    await driver.start(api.StartWorkflowExecutionRequest(memo=Memo(fields={"m": payload("memo")})))
    task = await driver.poll_workflow_task()
    await task.complete(record_marker("m"), beside=stay_sticky(timeout_s=timeout_s))
    await polling


@on_both
async def test_a_sticky_task_brings_only_what_is_new(driver: Driver) -> None:
    await sticky_run(driver)
    await driver.signal("one")
    task = await poll_sticky(driver)
    await driver.describe()
    await task.complete(start_timer("t", 0.2), beside=stay_sticky())
    task = await poll_sticky(driver)
    await task.complete(complete_workflow())
    await driver.history()


@on_both
async def test_a_completion_without_sticky_attributes_ends_it(driver: Driver) -> None:
    await sticky_run(driver)
    await driver.signal("one")
    task = await poll_sticky(driver)
    await task.complete()
    await driver.signal("two")
    task = await driver.poll_workflow_task()
    await task.complete(complete_workflow())
    await driver.history()


@on_both
async def test_a_sticky_task_that_nobody_takes_comes_by_the_normal_queue(driver: Driver) -> None:
    await sticky_run(driver, timeout_s=1)
    await driver.signal("one")
    await driver.history()
    task = await driver.poll_workflow_task()
    await task.complete(complete_workflow())
    await driver.history()


@on_both
async def test_a_sticky_queue_that_was_never_polled_is_not_used(driver: Driver) -> None:
    await driver.start()
    task = await driver.poll_workflow_task()
    await task.complete(beside=stay_sticky())
    await driver.signal("one")
    await driver.describe()
    task = await driver.poll_workflow_task()
    await task.complete(complete_workflow())
    await driver.history()


@on_both
async def test_a_failed_sticky_task_comes_by_the_normal_queue(driver: Driver) -> None:
    await sticky_run(driver)
    await driver.signal("one")
    task = await poll_sticky(driver)
    await task.fail()
    await driver.history()
    task = await driver.poll_workflow_task()
    await task.complete(complete_workflow())
    await driver.history()


@on_both
async def test_a_sticky_task_that_is_not_answered_comes_by_the_normal_queue(driver: Driver) -> None:
    polling = await driver.beside(driver.no_workflow_task(STICKY))
    await driver.start(api.StartWorkflowExecutionRequest(workflow_task_timeout=seconds(1)))
    task = await driver.poll_workflow_task()
    await task.complete(beside=stay_sticky())
    await polling
    await driver.signal("one")
    late = await poll_sticky(driver)
    task = await driver.poll_workflow_task()
    await attempt(late.complete())
    await task.complete(complete_workflow())
    await driver.history()


@on_both
async def test_a_failed_sticky_completion_comes_by_the_normal_queue(driver: Driver) -> None:
    await sticky_run(driver)
    await driver.signal("one")
    task = await poll_sticky(driver)
    await driver.signal("two")
    await attempt(task.complete(complete_workflow()))
    task = await driver.poll_workflow_task()
    await task.complete(complete_workflow())
    await driver.history()


@on_both
async def test_resetting_the_sticky_queue(driver: Driver) -> None:
    await sticky_run(driver)
    reset = api.ResetStickyTaskQueueRequest(namespace=driver.namespace, execution=execution())
    await driver.send(driver.service.ResetStickyTaskQueue, reset)
    await driver.describe()
    await driver.signal("one")
    task = await driver.poll_workflow_task()
    await task.complete(complete_workflow())
    await attempt(driver.send(driver.service.ResetStickyTaskQueue, reset))
    missing = api.ResetStickyTaskQueueRequest(namespace=driver.namespace, execution=execution("missing"))
    await attempt(driver.send(driver.service.ResetStickyTaskQueue, missing))
    nothing = api.ResetStickyTaskQueueRequest(namespace=driver.namespace)
    await attempt(driver.send(driver.service.ResetStickyTaskQueue, nothing))


@on_both
async def test_resetting_while_a_sticky_task_waits(driver: Driver) -> None:
    await sticky_run(driver, timeout_s=5)
    await driver.signal("one")
    reset = api.ResetStickyTaskQueueRequest(namespace=driver.namespace, execution=execution())
    await driver.send(driver.service.ResetStickyTaskQueue, reset)
    await driver.history()
    task = await driver.poll_workflow_task()
    await task.complete(complete_workflow())
    await driver.history()


@on_both
async def test_shutting_down_a_worker_ends_its_sticky_queue(driver: Driver) -> None:
    await sticky_run(driver)
    shutdown = api.ShutdownWorkerRequest(
        namespace=driver.namespace, sticky_task_queue="sticky", identity="driver", reason="done"
    )
    await driver.send(driver.service.ShutdownWorker, shutdown)
    await driver.signal("one")
    task = await driver.poll_workflow_task()
    await task.complete(complete_workflow())
    await driver.history()


@on_both
async def test_a_forced_task_on_the_sticky_queue_is_returned(driver: Driver) -> None:
    await sticky_run(driver)
    await driver.signal("one")
    task = await poll_sticky(driver)
    beside = stay_sticky(force=True)
    beside.return_new_workflow_task = True
    reply = await task.complete(record_marker("again"), beside=beside)
    await WorkflowTask(driver, reply.workflow_task).complete(complete_workflow())
    await driver.history()


@on_both
async def test_a_partial_history_in_pages(driver: Driver) -> None:
    """The worker asks for the rest of a history with the token that its task brought."""
    await driver.start()
    task = await driver.poll_workflow_task()
    markers = [record_marker(f"marker {number}") for number in range(600)]
    await task.complete(*markers)
    await driver.signal("one")
    task = await driver.poll_workflow_task()
    token = task.reply.next_page_token
    while token:
        reply = await driver.send(
            driver.service.GetWorkflowExecutionHistory,
            api.GetWorkflowExecutionHistoryRequest(
                namespace=driver.namespace, execution=execution(), next_page_token=token
            ),
        )
        token = reply.next_page_token
