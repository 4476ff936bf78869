"""How many updates a run takes: in flight, in all, and how large; what is refused then, when there is room again."""

from __future__ import annotations

import asyncio

import pytest
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.api.protocol.v1 import Message
from temporalio.api.update.v1 import Outcome, Request
from temporalio.api.workflowservice import v1 as api

from tests.differential.commands import continue_as_new
from tests.differential.driver import Driver, WorkflowTask, attempt
from tests.differential.rig import on_both
from tests.differential.servers import UPDATES_IN_ALL, UPDATES_IN_FLIGHT, UPDATES_IN_FLIGHT_BYTES
from tests.differential.test_update_with_start import execute, start_of, update_of
from tests.differential.test_updates import ACCEPTED, COMPLETED, Update, Updating, answer, asked, begun, poll

SENT_AGAIN_WITHIN_S = 1.0
Waiting = list[asyncio.Task[api.UpdateWorkflowExecutionResponse | None]]


async def send_many(driver: Driver, count: int, *, first: int = 0, accepted_is_enough: bool = False) -> Waiting:
    """That many updates under way, each with an id of its own, in order."""
    wait = ACCEPTED if accepted_is_enough else COMPLETED
    return [
        await driver.beside(attempt(driver.update(asked(f"update {first + number}", wait)))) for number in range(count)
    ]


def all_of(task: WorkflowTask) -> list[Updating]:
    """The updates that a task brought, in the order of their ids."""
    updates = [Updating(task, index) for index in range(len(task.reply.messages))]
    return sorted(updates, key=lambda update: update.id)


async def poll_for_many(driver: Driver) -> WorkflowTask:
    """The task that brings the updates, without a trace of the poll: they come in the order in which they arrived."""
    task = await driver.poll_workflow_task()
    del driver.transcript.entries[-1]
    return task


async def poll_after_refusal(driver: Driver) -> WorkflowTask:
    """The same, after an update was refused.

    The real server forgets then all that it keeps in memory only, speculative tasks too. It sends the updates to itself
    again, in no order.
    """
    await asyncio.sleep(SENT_AGAIN_WITHIN_S)
    return await poll_for_many(driver)


def done(updates: list[Updating]) -> list[Message]:
    return [message for update in updates for message in (update.accept(), update.complete())]


# -- in flight


@on_both
async def test_so_many_wait_for_a_worker(driver: Driver) -> None:
    await begun(driver)
    waiting = await send_many(driver, UPDATES_IN_FLIGHT)
    await attempt(driver.update(asked("one more")))
    known = await driver.beside(attempt(driver.update(asked("update 0"))))
    task = await poll_after_refusal(driver)
    await answer(task, *done(all_of(task)))
    await asyncio.gather(known, *waiting)
    asking = await driver.beside(driver.update(asked("one more")))
    task = await driver.poll_workflow_task()
    await answer(task, *done(all_of(task)))
    await asking
    await driver.history()


@on_both
async def test_what_is_accepted_is_in_flight(driver: Driver) -> None:
    await begun(driver)
    waiting = await send_many(driver, UPDATES_IN_FLIGHT, accepted_is_enough=True)
    task = await poll_for_many(driver)
    updates = all_of(task)
    await answer(task, *[update.accept() for update in updates])
    await asyncio.gather(*waiting)
    await attempt(driver.update(asked("one more")))
    await driver.signal()
    task = await driver.poll_workflow_task()
    await answer(task, updates[0].complete())
    asking = await driver.beside(driver.update(asked("one more")))
    task = await driver.poll_workflow_task()
    await answer(task, *done(all_of(task)))
    await asking


@on_both
async def test_a_rejected_one_makes_room(driver: Driver) -> None:
    await begun(driver)
    waiting = await send_many(driver, UPDATES_IN_FLIGHT)
    task = await poll_for_many(driver)
    rejected, *others = all_of(task)
    messages = [rejected.reject(), *(update.accept() for update in others)]
    await task.complete(beside=api.RespondWorkflowTaskCompletedRequest(messages=messages))
    asking = await driver.beside(driver.update(asked("one more")))
    task = await driver.poll_workflow_task()
    await answer(task, *done(all_of(task)))
    await asking
    await waiting[0]
    await driver.history()


@on_both
async def test_a_failed_task_leaves_them_in_flight(driver: Driver) -> None:
    await begun(driver)
    waiting = await send_many(driver, UPDATES_IN_FLIGHT)
    task = await poll_for_many(driver)
    await task.fail()
    await attempt(driver.update(asked("one more")))
    task = await poll_after_refusal(driver)
    await answer(task, *done(all_of(task)))
    await asyncio.gather(*waiting)
    await driver.history()


@on_both
async def test_a_run_without_a_worker_takes_no_more(driver: Driver) -> None:
    await driver.start()
    await send_many(driver, UPDATES_IN_FLIGHT)
    await attempt(driver.update(asked("one more")))
    await driver.history()


@on_both
async def test_update_with_start_when_too_many_are_in_flight(driver: Driver) -> None:
    await begun(driver)
    waiting = await send_many(driver, UPDATES_IN_FLIGHT)
    await attempt(execute(driver, start_of(driver), update_of(driver, asked("one more"))))
    task = await poll_after_refusal(driver)
    await answer(task, *done(all_of(task)))
    await asyncio.gather(*waiting)
    await driver.history()


# -- in all


async def use_up(driver: Driver) -> None:
    """Complete as many updates as a run takes."""
    first = 0
    while first < UPDATES_IN_ALL:
        waiting = await send_many(driver, UPDATES_IN_FLIGHT, first=first)
        task = await poll_for_many(driver)
        await answer(task, *done(all_of(task)))
        await asyncio.gather(*waiting)
        first += UPDATES_IN_FLIGHT


@on_both
async def test_so_many_in_all(driver: Driver) -> None:
    run_id = await begun(driver)
    await use_up(driver)
    await attempt(driver.update(asked("one more")))
    await attempt(execute(driver, start_of(driver), update_of(driver, asked("one more"))))
    await driver.update(asked("update 0"))
    await attempt(poll(driver, COMPLETED, "update 0"))
    await driver.signal()
    task = await driver.poll_workflow_task()
    await task.complete(continue_as_new())
    task = await driver.poll_workflow_task()
    await task.complete()
    asking = await driver.beside(driver.update(asked("one more")))
    task = await driver.poll_workflow_task()
    await answer(task, *done(all_of(task)))
    await asking
    await driver.history("workflow", run_id)


@on_both
async def test_a_run_is_told_before_it_takes_no_more(driver: Driver) -> None:
    await begun(driver)
    nearly = UPDATES_IN_ALL * 9 // 10
    for first in range(0, nearly, UPDATES_IN_FLIGHT):
        waiting = await send_many(driver, min(UPDATES_IN_FLIGHT, nearly - first), first=first)
        task = await poll_for_many(driver)
        await answer(task, *done(all_of(task)))
        await asyncio.gather(*waiting)
    await driver.signal()
    task = await driver.poll_workflow_task()
    await task.complete()
    await driver.history()


@on_both
async def test_rejected_ones_do_not_count_in_all(driver: Driver) -> None:
    await begun(driver)
    for first in range(0, UPDATES_IN_ALL, UPDATES_IN_FLIGHT):
        await send_many(driver, UPDATES_IN_FLIGHT, first=first)
        task = await poll_for_many(driver)
        await answer(task, *[update.reject() for update in all_of(task)], with_commands=False)
    asking = await driver.beside(driver.update(asked("one more")))
    task = await driver.poll_workflow_task()
    await answer(task, *done(all_of(task)))
    await asking
    await driver.history()


# -- sizes


MORE_THAN_HALF_BYTES = UPDATES_IN_FLIGHT_BYTES * 55 // 100


def large(update_id: str, size_bytes: int) -> Update:
    made = asked(update_id)
    made.request.input.args.CopyFrom(Payloads(payloads=[Payload(data=b"x" * size_bytes)]))
    return made


@on_both
async def test_so_many_bytes_are_in_flight(driver: Driver) -> None:
    await begun(driver)
    first = await driver.beside(driver.update(large("one", MORE_THAN_HALF_BYTES)))
    await attempt(driver.update(large("two", MORE_THAN_HALF_BYTES)))
    task = await poll_after_refusal(driver)
    await answer(task, *done(all_of(task)))
    await first
    asking = await driver.beside(driver.update(large("two", MORE_THAN_HALF_BYTES)))
    task = await driver.poll_workflow_task()
    await answer(task, *done(all_of(task)))
    await asking


@on_both
async def test_update_with_start_when_too_many_bytes_are_in_flight(driver: Driver) -> None:
    await begun(driver)
    waiting = await driver.beside(driver.update(large("one", MORE_THAN_HALF_BYTES)))
    await attempt(execute(driver, start_of(driver), update_of(driver, large("two", MORE_THAN_HALF_BYTES))))
    task = await poll_after_refusal(driver)
    await answer(task, *done(all_of(task)))
    await waiting


@on_both
async def test_an_accepted_one_weighs_nothing(driver: Driver) -> None:
    await begun(driver)
    first = large("one", MORE_THAN_HALF_BYTES)
    first.wait_policy.lifecycle_stage = ACCEPTED
    accepting = await driver.beside(driver.update(first))
    task = await driver.poll_workflow_task()
    await answer(task, *[update.accept() for update in all_of(task)])
    await accepting
    asking = await driver.beside(driver.update(large("two", MORE_THAN_HALF_BYTES)))
    task = await driver.poll_workflow_task()
    await answer(task, *done(all_of(task)))
    await asking


@pytest.mark.parametrize("over_bytes", [-1, 0])
@on_both
async def test_exactly_so_many_bytes(driver: Driver, over_bytes: int) -> None:
    """Its id counts twice."""
    await begun(driver)
    aim_bytes = UPDATES_IN_FLIGHT_BYTES - 2 * len("one") + over_bytes
    excess_bytes = large("one", UPDATES_IN_FLIGHT_BYTES).request.ByteSize() - UPDATES_IN_FLIGHT_BYTES
    request = large("one", aim_bytes - excess_bytes)
    assert request.request.ByteSize() == aim_bytes
    asking = await driver.beside(attempt(driver.update(request)))
    if over_bytes < 0:
        task = await driver.poll_workflow_task()
        await answer(task, *[update.reject() for update in rejected_without_request(task)], with_commands=False)
    await asking


def rejected_without_request(task: WorkflowTask) -> list[Updating]:
    """The task's updates, whose answers need not say again what was asked."""
    updates = all_of(task)
    for update in updates:
        update.request = Request()
    return updates


@pytest.mark.parametrize("kind", ["accept", "reject", "complete"])
@on_both
async def test_an_answer_that_is_too_large(driver: Driver, kind: str) -> None:
    """Its run is terminated."""
    await begun(driver)
    asking = await driver.beside(attempt(driver.update(asked())))
    task = await driver.poll_workflow_task()
    (update,) = all_of(task)
    too_large = Payloads(payloads=[Payload(data=b"x" * (2 << 20))])
    if kind == "complete":
        await attempt(answer(task, update.accept(), update.complete(Outcome(success=too_large))))
    else:
        update.request.input.args.CopyFrom(too_large)
        await attempt(answer(task, update.accept() if kind == "accept" else update.reject()))
    await asking
    await driver.history()


@on_both
async def test_an_answer_that_is_large(driver: Driver) -> None:
    await begun(driver)
    asking = await driver.beside(driver.update(asked()))
    task = await driver.poll_workflow_task()
    (update,) = all_of(task)
    outcome = Outcome(success=Payloads(payloads=[Payload(data=b"x" * (1 << 20))]))
    await answer(task, update.accept(), update.complete(outcome))
    await asking
    await driver.history()
