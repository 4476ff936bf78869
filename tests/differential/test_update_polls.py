"""Polls for an update: each stage that one can wait for, in each state that the update and its run can be in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from temporalio.api.update.v1 import UpdateRef, WaitPolicy
from temporalio.api.workflowservice import v1 as api

from tests.differential.commands import complete_workflow, continue_as_new
from tests.differential.driver import WORKFLOW, Driver, WorkflowTask, attempt, execution
from tests.differential.rig import on_both
from tests.differential.test_updates import (
    ACCEPTED,
    ADMITTED,
    COMPLETED,
    Stage,
    UpdateReply,
    Updating,
    answer,
    asked,
    begun,
    orders,
)

Completed = api.RespondWorkflowTaskCompletedRequest
PollRequest = api.PollWorkflowExecutionUpdateRequest
UNSPECIFIED = Stage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_UNSPECIFIED
STAGES = {"unspecified": UNSPECIFIED, "admitted": ADMITTED, "accepted": ACCEPTED, "completed": COMPLETED}
SHORT_S = 0.8
SENT_AGAIN_WITHIN_S = 1.0
OWN_WAIT_S = 20.0


async def poll(
    driver: Driver, stage: Stage.ValueType, run_id: str = "", *, update_id: str = "update", within_s: float = SHORT_S
) -> api.PollWorkflowExecutionUpdateResponse | None:
    request = PollRequest(
        namespace=driver.namespace,
        update_ref=UpdateRef(workflow_execution=execution(WORKFLOW, run_id), update_id=update_id),
        wait_policy=WaitPolicy(lifecycle_stage=stage),
    )
    return await attempt(driver.send(driver.service.PollWorkflowExecutionUpdate, request, within_s=within_s))


async def poll_each_stage(driver: Driver, run_id: str) -> None:
    """Without and with the run's id."""
    for stage in STAGES.values():
        await poll(driver, stage)
    for stage in STAGES.values():
        await poll(driver, stage, run_id)


# -- states to be polled in


async def unknown(driver: Driver) -> str:
    return await begun(driver)


async def under_way(driver: Driver) -> tuple[str, asyncio.Task[UpdateReply | None]]:
    """A run's id, and the update that was sent to it."""
    run_id = await begun(driver)
    return run_id, await driver.beside(attempt(driver.update(asked())))


async def admitted(driver: Driver) -> str:
    run_id, _ = await under_way(driver)
    return run_id


async def sent(driver: Driver) -> str:
    run_id = await admitted(driver)
    await driver.poll_workflow_task()
    return run_id


async def accepted(driver: Driver) -> str:
    run_id = await admitted(driver)
    task = await driver.poll_workflow_task()
    await answer(task, Updating(task).accept())
    return run_id


async def completed(driver: Driver) -> str:
    run_id, asking = await under_way(driver)
    await finish(await driver.poll_workflow_task())
    await asking
    return run_id


async def rejected(driver: Driver) -> str:
    run_id, asking = await under_way(driver)
    task = await driver.poll_workflow_task()
    await answer(task, Updating(task).reject(), with_commands=False)
    await asking
    return run_id


async def finish(task: WorkflowTask) -> None:
    update = Updating(task)
    await answer(task, update.accept(), update.complete())


async def closed_before_it_was_sent(driver: Driver) -> str:
    run_id, asking = await under_way(driver)
    await driver.terminate()
    await asking
    return run_id


async def closed_when_accepted(driver: Driver) -> str:
    run_id, asking = await under_way(driver)
    task = await driver.poll_workflow_task()
    await answer(task, Updating(task).accept())
    await driver.terminate()
    await asking
    return run_id


async def closed_by_the_task_that_accepts(driver: Driver) -> str:
    run_id, asking = await under_way(driver)
    task = await driver.poll_workflow_task()
    accept = Updating(task).accept()
    await task.complete(*orders(accept), complete_workflow(), beside=Completed(messages=[accept]))
    await asking
    return run_id


async def closed_when_completed(driver: Driver) -> str:
    run_id = await completed(driver)
    await driver.terminate()
    return run_id


async def continued_when_accepted(driver: Driver) -> str:
    run_id, asking = await under_way(driver)
    task = await driver.poll_workflow_task()
    await answer(task, Updating(task).accept())
    await driver.signal()
    task = await driver.poll_workflow_task()
    await task.complete(continue_as_new())
    await asking
    return run_id


async def continued_when_admitted(driver: Driver) -> str:
    """The update goes on to the next run, which has not been polled for."""
    run_id = await begun(driver)
    await driver.signal()
    task = await driver.poll_workflow_task()
    _ = await driver.beside(attempt(driver.update(asked())))
    await task.complete(continue_as_new())
    await asyncio.sleep(SENT_AGAIN_WITHIN_S)
    return run_id


async def continued_when_completed(driver: Driver) -> str:
    run_id = await completed(driver)
    await driver.signal()
    task = await driver.poll_workflow_task()
    await task.complete(continue_as_new())
    return run_id


STATES: list[Callable[[Driver], Awaitable[str]]] = [
    unknown,
    admitted,
    sent,
    accepted,
    completed,
    rejected,
    closed_before_it_was_sent,
    closed_when_accepted,
    closed_by_the_task_that_accepts,
    closed_when_completed,
    continued_when_admitted,
    continued_when_accepted,
    continued_when_completed,
]


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
@on_both
async def test_each_stage(driver: Driver, state: Callable[[Driver], Awaitable[str]]) -> None:
    run_id = await state(driver)
    await poll_each_stage(driver, run_id)


# -- waits that come to an end


@pytest.mark.parametrize("stage", ["accepted", "completed"])
@pytest.mark.parametrize("ending", ["accept", "complete", "reject", "terminate", "silence", "close"])
@on_both
async def test_a_poll_waits(driver: Driver, stage: str, ending: str) -> None:
    _, asking = await under_way(driver)
    task = await driver.poll_workflow_task()
    polling = await driver.beside(poll(driver, STAGES[stage], within_s=3))
    update = Updating(task)
    if ending == "accept":
        await answer(task, update.accept())
    elif ending == "complete":
        await finish(task)
    elif ending == "reject":
        await answer(task, update.reject(), with_commands=False)
    elif ending == "terminate":
        await driver.terminate()
    elif ending == "silence":
        await task.complete()
    else:
        await task.complete(complete_workflow())
    await polling
    if ending != "accept":
        await asking


@on_both
async def test_a_poll_waits_for_the_outcome_of_an_accepted_update(driver: Driver) -> None:
    _, asking = await under_way(driver)
    task = await driver.poll_workflow_task()
    update = Updating(task)
    await answer(task, update.accept())
    polling = await driver.beside(poll(driver, COMPLETED, within_s=3))
    await driver.signal()
    task = await driver.poll_workflow_task()
    await answer(task, update.complete())
    await polling
    await asking


@on_both
async def test_a_wait_that_the_server_ends(driver: Driver) -> None:
    """It answers with the stage that the update has reached, if the caller waits for long enough."""
    await accepted(driver)
    long_s = OWN_WAIT_S + 5
    first = await driver.beside(poll(driver, COMPLETED, within_s=long_s))
    other = await driver.beside(attempt(driver.update(asked("other"), within_s=long_s)))
    polls = [
        await driver.beside(poll(driver, stage, update_id="other", within_s=long_s)) for stage in (ACCEPTED, COMPLETED)
    ]
    await asyncio.gather(first, other, *polls)


# -- requests that make no sense


@pytest.mark.parametrize("what", ["no ref", "no execution", "no workflow id", "no update id", "no policy", "elsewhere"])
@on_both
async def test_polls_that_make_no_sense(driver: Driver, what: str) -> None:
    await completed(driver)
    request = PollRequest(
        namespace=driver.namespace,
        update_ref=UpdateRef(workflow_execution=execution(), update_id="update"),
        wait_policy=WaitPolicy(lifecycle_stage=COMPLETED),
    )
    if what == "no ref":
        request.ClearField("update_ref")
    elif what == "no execution":
        request.update_ref.ClearField("workflow_execution")
    elif what == "no workflow id":
        request.update_ref.workflow_execution.workflow_id = ""
    elif what == "no update id":
        request.update_ref.update_id = ""
    elif what == "no policy":
        request.ClearField("wait_policy")
    else:
        request.update_ref.workflow_execution.workflow_id = "elsewhere"
    await attempt(driver.send(driver.service.PollWorkflowExecutionUpdate, request, within_s=3))


@pytest.mark.parametrize("stage", [4, -1])
@on_both
async def test_a_stage_that_does_not_exist(driver: Driver, stage: int) -> None:
    await completed(driver)
    await poll(driver, stage)  # type: ignore[arg-type]  # a number that is no stage
    await attempt(driver.update(asked("other", stage), within_s=1))  # type: ignore[arg-type]  # likewise
