"""What a workflow says about itself: search attributes, memo, markers. Bad ones: `test_bad_commands`."""

from __future__ import annotations

import pytest
from temporalio.api.command.v1 import (
    ModifyWorkflowPropertiesCommandAttributes,
    RecordMarkerCommandAttributes,
    UpsertWorkflowSearchAttributesCommandAttributes,
)
from temporalio.api.common.v1 import Header, Memo, Payload, SearchAttributes
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.api.workflowservice import v1 as api

from tests.differential.commands import (
    command,
    complete_workflow,
    continue_as_new,
    failure,
    payload,
    payloads,
    record_marker,
)
from tests.differential.driver import Driver, WorkflowTask, attempt
from tests.differential.rig import on_both

NULL = Payload(metadata={"encoding": b"binary/null"})
EMPTY_LIST = Payload(metadata={"encoding": b"json/plain"}, data=b"[]")


def json_payload(text: str) -> Payload:
    return Payload(metadata={"encoding": b"json/plain"}, data=text.encode())


def upsert(**fields: Payload) -> UpsertWorkflowSearchAttributesCommandAttributes:
    return UpsertWorkflowSearchAttributesCommandAttributes(search_attributes=SearchAttributes(indexed_fields=fields))


def modify(**fields: Payload) -> ModifyWorkflowPropertiesCommandAttributes:
    return ModifyWorkflowPropertiesCommandAttributes(upserted_memo=Memo(fields=fields))


async def begun(driver: Driver, *, attributes: dict[str, Payload] | None = None) -> WorkflowTask:
    """A run with two custom search attributes to its name, and a memo."""
    kinds = {
        "Word": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
        "Words": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST,
        "Number": IndexedValueType.INDEXED_VALUE_TYPE_INT,
    }
    await driver.send(
        driver.operator.AddSearchAttributes,
        AddSearchAttributesRequest(namespace=driver.namespace, search_attributes=kinds),
    )
    request = api.StartWorkflowExecutionRequest(
        memo=Memo(fields={"first": payload("1"), "second": payload("2")}),
        search_attributes=SearchAttributes(indexed_fields=attributes or {"Word": json_payload('"a"')}),
    )
    await driver.settle(lambda: driver.start(request), until=lambda _: True)
    return await driver.poll_workflow_task()


async def seen(driver: Driver) -> None:
    await driver.history()
    await driver.describe()


# -- search attributes


@pytest.mark.parametrize(
    "fields",
    [
        {"Word": json_payload('"b"')},
        {"Number": json_payload("7")},
        {"Word": json_payload('"b"'), "Number": json_payload("7"), "Words": json_payload('["x","y"]')},
        {"Word": NULL},
        {"Word": EMPTY_LIST},
        {"Word": json_payload("null")},
        {"Word": json_payload('["only"]')},
        {"Words": json_payload('"only"')},
        {"Number": json_payload('"7"')},
        {},
        {"Unknown": json_payload("1")},
        {"WorkflowId": json_payload('"x"')},
        {"BinaryChecksums": json_payload('["x"]')},
        {"TemporalChangeVersion": json_payload('["patch-1"]')},
    ],
    ids=lambda fields: "+".join(f"{n}={f.data.decode() or 'null'}" for n, f in fields.items()) or "none",
)
@on_both
async def test_search_attributes_are_set_and_taken_away(driver: Driver, fields: dict[str, Payload]) -> None:
    task = await begun(driver)
    await attempt(task.complete(command(upsert(**fields)), record_marker("after")))
    await seen(driver)


@on_both
async def test_a_later_change_wins_over_an_earlier_one_in_the_same_task(driver: Driver) -> None:
    task = await begun(driver)
    await task.complete(
        command(upsert(Word=json_payload('"b"'), Number=json_payload("1"))),
        command(upsert(Number=json_payload("2"))),
        command(upsert(Word=NULL)),
    )
    await seen(driver)
    await driver.list_runs("Number = 2 AND Word IS NULL", count=1)


@on_both
async def test_lists_find_a_run_by_what_it_says_now(driver: Driver) -> None:
    task = await begun(driver)
    await driver.list_runs('Word = "a"', count=1)
    await task.complete(command(upsert(Word=json_payload('"b"'))), complete_workflow())
    await driver.list_runs('Word = "b" AND ExecutionStatus = "Completed"', count=1)
    await driver.list_runs('Word = "a"', count=0)


@on_both
async def test_the_next_run_begins_with_what_the_last_one_said(driver: Driver) -> None:
    task = await begun(driver)
    await task.complete(
        command(upsert(Word=json_payload('"b"'))), command(modify(first=payload("changed"))), continue_as_new()
    )
    await driver.poll_workflow_task()
    await seen(driver)


# -- memo


@pytest.mark.parametrize(
    "fields",
    [
        {"first": payload("changed")},
        {"third": payload("3")},
        {"first": NULL},
        {"first": NULL, "second": NULL},
        {"nothing": NULL},
        {"first": Payload()},
        {"first": json_payload("null")},
        {"first": EMPTY_LIST},
        {"first": json_payload('""')},
        {"first": json_payload("{}")},
        {"first": json_payload(" [] ")},
        {"first": Payload(metadata={"encoding": b"json/plain"})},
        {"first": Payload(metadata={"encoding": b"binary/plain"}, data=b"null")},
        {"first": Payload(metadata={"encoding": b"binary/plain"}, data=b"[]")},
        {"first": Payload(data=b"null")},
        {"": payload("no name")},
    ],
    ids=lambda fields: "+".join(f"{n}={f.data.decode() or 'null'}" for n, f in fields.items()),
)
@on_both
async def test_a_memo_is_changed_field_by_field(driver: Driver, fields: dict[str, Payload]) -> None:
    task = await begun(driver)
    await attempt(task.complete(command(modify(**fields)), record_marker("after")))
    await seen(driver)
    await driver.list_runs(count=1)


@on_both
async def test_a_memo_is_changed_twice_in_one_task(driver: Driver) -> None:
    task = await begun(driver)
    await task.complete(command(modify(first=payload("a"), second=NULL)), command(modify(first=payload("b"))))
    await seen(driver)


# -- markers


@on_both
async def test_a_marker_keeps_all_that_it_is_given(driver: Driver) -> None:
    task = await begun(driver)
    marker = RecordMarkerCommandAttributes(
        marker_name="m",
        details={"a": payloads("1", "2"), "b": payloads()},
        header=Header(fields={"h": payload("header")}),
        failure=failure("recorded"),
    )
    await task.complete(command(marker), command(marker), complete_workflow())
    await seen(driver)
