"""Commands that cannot be carried out: how the workflow task fails, and what is left of it."""

from __future__ import annotations

import pytest
from temporalio.api.command.v1 import (
    CancelTimerCommandAttributes,
    Command,
    CompleteWorkflowExecutionCommandAttributes,
    FailWorkflowExecutionCommandAttributes,
    ModifyWorkflowPropertiesCommandAttributes,
    RecordMarkerCommandAttributes,
    RequestCancelActivityTaskCommandAttributes,
    StartTimerCommandAttributes,
    UpsertWorkflowSearchAttributesCommandAttributes,
)
from temporalio.api.common.v1 import Memo, Payload, SearchAttributes
from temporalio.api.enums.v1 import CommandType

from tests.differential.commands import (
    cancel_timer,
    cancel_workflow,
    command,
    complete_workflow,
    continue_as_new,
    fail_workflow,
    payload,
    payloads,
    record_marker,
    schedule_activity,
    seconds,
    start_timer,
)
from tests.differential.driver import Driver, WorkflowTask, attempt
from tests.differential.rig import on_both

BIG = "x" * (2 * 1024 * 1024 + 1)
ELSEWHERE = (
    "_UNSPECIFIED",
    "_NEXUS_OPERATION",  # not served yet
    "_PROTOCOL_MESSAGE",  # see updates
    "_START_CHILD_WORKFLOW_EXECUTION",  # the real server fails inside
)
INTS = Payload(metadata={"encoding": b"json/plain", "type": b"Int"}, data=b"[1]")


async def first_task(driver: Driver) -> WorkflowTask:
    await driver.start()
    return await driver.poll_workflow_task()


async def refused(driver: Driver, *commands: Command) -> None:
    task = await first_task(driver)
    await attempt(task.complete(record_marker("before"), *commands))
    await driver.history()
    await driver.describe()


@pytest.mark.parametrize("name", [name for name in CommandType.keys() if not name.endswith(ELSEWHERE)])  # noqa: SIM118 - no mapping
@on_both
async def test_a_command_without_attributes(driver: Driver, name: str) -> None:
    await refused(driver, Command(command_type=CommandType.Value(name)))


@on_both
async def test_a_command_of_no_type(driver: Driver) -> None:
    await refused(driver, Command())


BAD = {
    "timer without id": command(StartTimerCommandAttributes(start_to_fire_timeout=seconds(1))),
    "timer with a long id": start_timer("x" * 1001, 1),
    "timer into the past": start_timer("t", -1),
    "cancel of no timer": command(CancelTimerCommandAttributes()),
    "cancel of an unknown timer": cancel_timer("nobody"),
    "cancel of a long timer id": cancel_timer("x" * 1001),
    "cancel of no activity": command(RequestCancelActivityTaskCommandAttributes()),
    "marker without a name": command(RecordMarkerCommandAttributes()),
    "marker with a long name": record_marker("x" * 1001),
    "fail without a failure": command(FailWorkflowExecutionCommandAttributes()),
    "no search attributes": command(UpsertWorkflowSearchAttributesCommandAttributes()),
    "empty search attributes": command(
        UpsertWorkflowSearchAttributesCommandAttributes(search_attributes=SearchAttributes())
    ),
    "unknown search attribute": command(
        UpsertWorkflowSearchAttributesCommandAttributes(
            search_attributes=SearchAttributes(indexed_fields={"Unknown": payload("x")})
        )
    ),
    "search attribute of the server": command(
        UpsertWorkflowSearchAttributesCommandAttributes(
            search_attributes=SearchAttributes(indexed_fields={"WorkflowId": payload("x")})
        )
    ),
    "search attribute of another type": command(
        UpsertWorkflowSearchAttributesCommandAttributes(
            search_attributes=SearchAttributes(indexed_fields={"BuildIds": INTS})
        )
    ),
    "no memo": command(ModifyWorkflowPropertiesCommandAttributes()),
    "empty memo": command(ModifyWorkflowPropertiesCommandAttributes(upserted_memo=Memo())),
}


@pytest.mark.parametrize("what", list(BAD))
@on_both
async def test_bad_attributes(driver: Driver, what: str) -> None:
    await refused(driver, BAD[what])


@on_both
async def test_a_timer_without_a_time_fires_at_once(driver: Driver) -> None:
    task = await first_task(driver)
    await task.complete(command(StartTimerCommandAttributes(timer_id="t")))
    task = await driver.poll_workflow_task()
    await task.complete(complete_workflow())
    await driver.history()


LARGE = {
    "result": command(CompleteWorkflowExecutionCommandAttributes(result=payloads(BIG))),
    "failure": fail_workflow(BIG),
    "marker": command(RecordMarkerCommandAttributes(marker_name="m", details={"d": payloads(BIG)})),
    "memo": command(ModifyWorkflowPropertiesCommandAttributes(upserted_memo=Memo(fields={"m": payload(BIG)}))),
}


@pytest.mark.parametrize("what", list(LARGE))
@on_both
async def test_too_large(driver: Driver, what: str) -> None:
    await refused(driver, LARGE[what])


@on_both
async def test_a_timer_id_that_is_taken(driver: Driver) -> None:
    task = await first_task(driver)
    await attempt(task.complete(start_timer("t", 60), start_timer("t", 60)))
    await driver.history()


@pytest.mark.parametrize("first", ["complete", "fail", "cancel", "continue"])
@on_both
async def test_nothing_follows_a_closing_command(driver: Driver, first: str) -> None:
    commands = {
        "complete": complete_workflow(),
        "fail": fail_workflow(),
        "cancel": cancel_workflow(),
        "continue": continue_as_new(),
    }
    await refused(driver, commands[first], record_marker("after"))


@on_both
async def test_the_next_attempt_is_not_in_the_history(driver: Driver) -> None:
    task = await first_task(driver)
    await attempt(task.complete(cancel_timer("nobody")))
    await driver.history()
    task = await driver.poll_workflow_task()
    await attempt(task.complete(cancel_timer("nobody")))  # it stays with the worker, until it times out
    await driver.history()
    await driver.describe()
    await task.complete(complete_workflow())
    await driver.history()


@on_both
async def test_what_came_before_the_bad_command_is_undone(driver: Driver) -> None:
    task = await first_task(driver)
    await attempt(task.complete(schedule_activity("a"), start_timer("t", 60), cancel_timer("nobody")))
    await driver.describe()
    await driver.no_activity()
    task = await driver.poll_workflow_task()
    await task.complete(schedule_activity("a"), start_timer("t", 60))
    await driver.history()
