"""Timers: fired in order of deadline, canceled before and after, due together, and with a workflow task under way."""

from __future__ import annotations

from tests.differential.commands import cancel_timer, complete_workflow, start_timer
from tests.differential.driver import Driver
from tests.differential.rig import on_both


@on_both
async def test_a_timer_fires_and_brings_a_workflow_task(driver: Driver) -> None:
    await driver.start()
    task = await driver.poll_workflow_task()
    await task.complete(start_timer("t", 0.2))
    await driver.describe()
    task = await driver.poll_workflow_task()
    await task.complete(complete_workflow())
    await driver.history()
    await driver.describe()


@on_both
async def test_a_canceled_timer_never_fires(driver: Driver) -> None:
    await driver.start()
    task = await driver.poll_workflow_task()
    await task.complete(start_timer("gone", 0.3), start_timer("stays", 0.6), cancel_timer("gone"))
    task = await driver.poll_workflow_task()
    await task.complete(complete_workflow())
    await driver.history()
