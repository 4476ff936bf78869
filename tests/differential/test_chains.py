"""Chains that the server makes: workflow retries, cron schedules, run and execution timeouts."""

from __future__ import annotations

import pytest
from temporalio.api.command.v1 import ContinueAsNewWorkflowExecutionCommandAttributes
from temporalio.api.common.v1 import RetryPolicy
from temporalio.api.workflowservice import v1 as api

from tests.differential.commands import (
    cancel_workflow,
    complete_workflow,
    continue_as_new,
    fail_workflow,
    payloads,
    seconds,
)
from tests.differential.driver import WORKFLOW, Driver, attempt
from tests.differential.rig import on_both

Start = api.StartWorkflowExecutionRequest
EVERY_SECOND = "@every 1s"
QUICK = RetryPolicy(initial_interval=seconds(0.2), backoff_coefficient=1.0, maximum_attempts=3)


async def show(driver: Driver, run_id: str = "") -> None:
    await driver.history(WORKFLOW, run_id)
    await driver.describe(WORKFLOW, run_id)


# -- retries


@on_both
async def test_a_failed_run_is_tried_again(driver: Driver) -> None:
    run_id = (await driver.start(Start(retry_policy=QUICK, input=payloads("in")))).run_id
    for text in ("first", "second", "third"):
        task = await driver.poll_workflow_task()
        await show(driver)
        await task.complete(fail_workflow(text))
    await show(driver, run_id)
    await show(driver)


@on_both
async def test_a_run_that_succeeds_is_not_tried_again(driver: Driver) -> None:
    await driver.start(Start(retry_policy=QUICK))
    task = await driver.poll_workflow_task()
    await task.complete(fail_workflow("first"))
    task = await driver.poll_workflow_task()
    await task.complete(complete_workflow())
    await show(driver)


@pytest.mark.parametrize("how", ["marked", "listed"])
@on_both
async def test_a_failure_that_is_final(driver: Driver, how: str) -> None:
    policy = RetryPolicy(initial_interval=seconds(0.2), non_retryable_error_types=["Wrong"] if how == "listed" else [])
    await driver.start(Start(retry_policy=policy))
    task = await driver.poll_workflow_task()
    await task.complete(fail_workflow("no", non_retryable=how == "marked"))
    await show(driver)


@on_both
async def test_no_time_for_another_try(driver: Driver) -> None:
    policy = RetryPolicy(initial_interval=seconds(30))
    await driver.start(Start(retry_policy=policy, workflow_execution_timeout=seconds(20)))
    task = await driver.poll_workflow_task()
    await task.complete(fail_workflow("no"))
    await show(driver)


@on_both
async def test_a_run_waits_for_its_next_try(driver: Driver) -> None:
    await driver.start(Start(retry_policy=RetryPolicy(initial_interval=seconds(30))))
    task = await driver.poll_workflow_task()
    await task.complete(fail_workflow("no"))
    await show(driver)
    await driver.signal()
    await driver.terminate()
    await show(driver)


@on_both
async def test_a_canceled_run_is_not_tried_again(driver: Driver) -> None:
    await driver.start(Start(retry_policy=QUICK))
    await driver.request_cancel()
    task = await driver.poll_workflow_task()
    await task.complete(cancel_workflow())
    await show(driver)


@on_both
async def test_a_run_timeout_is_tried_again(driver: Driver) -> None:
    run_id = (await driver.start(Start(retry_policy=QUICK, workflow_run_timeout=seconds(1)))).run_id
    await driver.closing_event(WORKFLOW, run_id)
    task = await driver.poll_workflow_task()
    await driver.history(WORKFLOW, run_id)
    await task.complete(complete_workflow())
    await show(driver)


@on_both
async def test_an_execution_timeout_ends_the_chain(driver: Driver) -> None:
    policy = RetryPolicy(initial_interval=seconds(0.2), backoff_coefficient=1.0)
    run_id = (await driver.start(Start(retry_policy=policy, workflow_execution_timeout=seconds(2)))).run_id
    task = await driver.poll_workflow_task()
    await task.complete(fail_workflow("first"))
    await driver.poll_workflow_task()
    await driver.closing_event()
    await show(driver, run_id)
    await show(driver)


@on_both
async def test_continue_as_new_begins_the_tries_anew(driver: Driver) -> None:
    await driver.start(Start(retry_policy=QUICK))
    task = await driver.poll_workflow_task()
    await task.complete(fail_workflow("first"))
    task = await driver.poll_workflow_task()
    await task.complete(continue_as_new(ContinueAsNewWorkflowExecutionCommandAttributes(retry_policy=QUICK)))
    task = await driver.poll_workflow_task()
    await task.complete(fail_workflow("again"))
    await driver.poll_workflow_task()
    await show(driver)


# -- timeouts


@on_both
async def test_a_run_timeout(driver: Driver) -> None:
    await driver.start(Start(workflow_run_timeout=seconds(1)))
    task = await driver.poll_workflow_task()
    await driver.closing_event()
    await attempt(task.complete(complete_workflow()))
    await driver.history()


@on_both
async def test_an_execution_timeout(driver: Driver) -> None:
    await driver.start(Start(workflow_execution_timeout=seconds(1)))
    await driver.poll_workflow_task()
    await driver.closing_event()
    await driver.history()


@pytest.mark.parametrize(
    "request_",
    [
        Start(workflow_execution_timeout=seconds(10), workflow_run_timeout=seconds(20)),
        Start(workflow_execution_timeout=seconds(10), workflow_task_timeout=seconds(20)),
        Start(workflow_task_timeout=seconds(200)),
        Start(workflow_run_timeout=seconds(5)),
    ],
    ids=["run beyond execution", "task beyond execution", "long task", "short run"],
)
@on_both
async def test_timeouts_bound_each_other(driver: Driver, request_: Start) -> None:
    await driver.start(request_)
    await show(driver)


# -- cron


@on_both
async def test_a_cron_run_waits_for_its_time(driver: Driver) -> None:
    await driver.start(Start(cron_schedule="0 0 1 1 *"))
    await show(driver)
    await driver.signal()
    await driver.no_workflow_task()
    await driver.request_cancel()
    await show(driver)


@on_both
async def test_a_cron_chain(driver: Driver) -> None:
    run_id = (await driver.start(Start(cron_schedule=EVERY_SECOND, input=payloads("in")))).run_id
    task = await driver.poll_workflow_task()
    await task.complete(complete_workflow("first result"))
    await driver.history(WORKFLOW, run_id)
    task = await driver.poll_workflow_task()
    await show(driver)
    await task.complete(fail_workflow("second fails"))
    task = await driver.poll_workflow_task()
    await show(driver)
    await driver.terminate()
    await show(driver)


@on_both
async def test_a_cron_chain_ends_with_a_cancel(driver: Driver) -> None:
    await driver.start(Start(cron_schedule=EVERY_SECOND))
    task = await driver.poll_workflow_task()
    await task.complete(cancel_workflow())
    await show(driver)


@on_both
async def test_a_cron_run_that_continues_as_new(driver: Driver) -> None:
    await driver.start(Start(cron_schedule=EVERY_SECOND))
    task = await driver.poll_workflow_task()
    await task.complete(continue_as_new())
    await driver.history()
    await driver.poll_workflow_task()
    await show(driver)


@on_both
async def test_a_cron_run_that_retries(driver: Driver) -> None:
    await driver.start(Start(cron_schedule=EVERY_SECOND, retry_policy=RetryPolicy(maximum_attempts=2)))
    task = await driver.poll_workflow_task()
    await task.complete(fail_workflow("first"))
    await driver.history()
    task = await driver.poll_workflow_task()
    await task.complete(fail_workflow("second"))
    await show(driver)


@pytest.mark.parametrize(
    "schedule",
    ["never", "* * * *", "61 * * * *", "@every", "@every -1s", "@yearly", "CRON_TZ=Nowhere/City 0 0 * * *", ""],
)
@on_both
async def test_schedules_as_they_are_written(driver: Driver, schedule: str) -> None:
    await attempt(driver.start(Start(cron_schedule=schedule)))
