"""Reading histories: pages, long polls, the close event alone, backwards, runs that follow, and what is refused."""

from __future__ import annotations

import pytest
from temporalio.api.enums.v1 import HistoryEventFilterType
from temporalio.api.workflowservice import v1 as api

from tests.differential.commands import complete_workflow, continue_as_new, record_marker
from tests.differential.driver import WORKFLOW, Driver, attempt, execution
from tests.differential.rig import on_both

CLOSE_EVENT = HistoryEventFilterType.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT
Read = api.GetWorkflowExecutionHistoryRequest
ReadBack = api.GetWorkflowExecutionHistoryReverseRequest
NO_RUN = "00000000-0000-4000-8000-000000000000"


async def read(driver: Driver, request: Read | None = None) -> api.GetWorkflowExecutionHistoryResponse:
    made = Read(namespace=driver.namespace, execution=execution())
    made.MergeFrom(request or Read())
    return await driver.send(driver.service.GetWorkflowExecutionHistory, made)


async def read_back(driver: Driver, request: ReadBack | None = None) -> api.GetWorkflowExecutionHistoryReverseResponse:
    made = ReadBack(namespace=driver.namespace, execution=execution())
    made.MergeFrom(request or ReadBack())
    return await driver.send(driver.service.GetWorkflowExecutionHistoryReverse, made)


async def long_run(driver: Driver, rounds: int = 4) -> str:
    """A run of several batches; returns its run id."""
    run_id = (await driver.start()).run_id
    for number in range(rounds):
        task = await driver.poll_workflow_task()
        await task.complete(record_marker(f"marker-{number}"))
        await driver.signal(f"signal-{number}")
    return run_id


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
@on_both
async def test_pages(driver: Driver, size: int) -> None:
    await long_run(driver)
    token = b""
    while True:
        page = await read(driver, Read(maximum_page_size=size, next_page_token=token))
        token = page.next_page_token
        if not token:
            return


@pytest.mark.parametrize("size", [0, -1, 10_000])
@on_both
async def test_odd_page_sizes(driver: Driver, size: int) -> None:
    await long_run(driver)
    await attempt(read(driver, Read(maximum_page_size=size)))
    await attempt(read_back(driver, ReadBack(maximum_page_size=size)))


@pytest.mark.parametrize("size", [1, 2, 3, 100])
@on_both
async def test_pages_backwards(driver: Driver, size: int) -> None:
    await long_run(driver)
    token = b""
    while True:
        page = await read_back(driver, ReadBack(maximum_page_size=size, next_page_token=token))
        token = page.next_page_token
        if not token:
            return


@on_both
async def test_a_page_does_not_see_what_came_after_the_first_one(driver: Driver) -> None:
    await long_run(driver)
    page = await read(driver, Read(maximum_page_size=2))
    await driver.signal("late")
    await read(driver, Read(maximum_page_size=100, next_page_token=page.next_page_token))


@on_both
async def test_a_wait_for_the_next_event(driver: Driver) -> None:
    await driver.start()
    page = await read(driver, Read(wait_new_event=True))
    waiting = await driver.beside(read(driver, Read(wait_new_event=True, next_page_token=page.next_page_token)))
    await driver.signal()
    page = await waiting
    await driver.terminate()
    page = await read(driver, Read(wait_new_event=True, next_page_token=page.next_page_token))
    assert not page.next_page_token


@on_both
async def test_a_wait_for_the_end(driver: Driver) -> None:
    await driver.start()
    wanted = Read(wait_new_event=True, history_event_filter_type=CLOSE_EVENT)
    waiting = await driver.beside(read(driver, wanted))
    task = await driver.poll_workflow_task()
    await task.complete(complete_workflow())
    await waiting
    await read(driver, wanted)
    await read(driver, Read(history_event_filter_type=CLOSE_EVENT))


@on_both
async def test_the_end_of_an_open_run(driver: Driver) -> None:
    await driver.start()
    await read(driver, Read(history_event_filter_type=CLOSE_EVENT))


@on_both
async def test_a_wait_stays_with_its_run(driver: Driver) -> None:
    run_id = (await driver.start()).run_id
    wanted = Read(wait_new_event=True, history_event_filter_type=CLOSE_EVENT)
    waiting = await driver.beside(read(driver, wanted))
    task = await driver.poll_workflow_task()
    await task.complete(continue_as_new())
    await waiting
    await read(driver, Read(execution=execution(WORKFLOW, run_id)))
    await read(driver)


@pytest.mark.parametrize(
    "wrong",
    [
        Read(execution=execution("nobody")),
        Read(execution=execution(WORKFLOW, NO_RUN)),
        Read(execution=execution(WORKFLOW, "no-uuid")),
        Read(execution=execution("")),
        Read(execution=execution("x" * 1001)),
        Read(namespace="nowhere"),
        Read(next_page_token=b"garbage"),
    ],
    ids=["workflow", "run", "bad run", "no id", "long id", "namespace", "token"],
)
@on_both
async def test_a_request_that_is_refused(driver: Driver, wrong: Read) -> None:
    await driver.start()
    await attempt(read(driver, wrong))
    back = ReadBack(
        namespace=wrong.namespace,
        execution=wrong.execution if wrong.HasField("execution") else None,
        next_page_token=wrong.next_page_token,
    )
    await attempt(read_back(driver, back))


@on_both
async def test_a_request_that_names_nothing(driver: Driver) -> None:
    service, namespace = driver.service, driver.namespace
    await attempt(driver.send(service.GetWorkflowExecutionHistory, Read()))
    await attempt(driver.send(service.GetWorkflowExecutionHistory, Read(namespace=namespace)))
    await attempt(driver.send(service.GetWorkflowExecutionHistoryReverse, ReadBack()))
    await attempt(driver.send(service.GetWorkflowExecutionHistoryReverse, ReadBack(namespace=namespace)))


@on_both
async def test_a_token_of_another_run(driver: Driver) -> None:
    run_id = await long_run(driver)
    page = await read(driver, Read(maximum_page_size=2))
    task = await driver.poll_workflow_task()
    await task.complete(continue_as_new())
    assert run_id
    await attempt(read(driver, Read(execution=execution(WORKFLOW, NO_RUN), next_page_token=page.next_page_token)))
