"""What handlers of operations start, signal and update: it knows of the operation, and the operation's caller of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import nexusrpc
import pytest
from nexusrpc.handler import StartOperationContext
from temporalio.api.common.v1 import Link
from temporalio.api.enums.v1 import EventType, UpdateWorkflowExecutionLifecycleStage
from temporalio.api.workflowservice.v1 import (
    SignalWithStartWorkflowExecutionResponse,
    SignalWorkflowExecutionResponse,
    StartActivityExecutionResponse,
    StartWorkflowExecutionResponse,
    UpdateWorkflowExecutionRequest,
    UpdateWorkflowExecutionResponse,
)

from mainspring.client import Client, WorkflowUpdateStage
from mainspring.client._caller import CALLER
from mainspring.nexus._calls import HandlerOfStart, backing
from mainspring.nexus._links import link_of, nexus_link_of
from mainspring.nexus._token import OperationToken
from mainspring.worker._nexus_cancellation import TaskCancellation
from tests.worker.fake_engine import FakeEngine

CALLER_LINK = Link(workflow_event=Link.WorkflowEvent(namespace="c", workflow_id="caller", run_id="r"))
CALLER_LINK.workflow_event.event_ref.event_id = 5
CALLER_LINK.workflow_event.event_ref.event_type = EventType.EVENT_TYPE_NEXUS_OPERATION_SCHEDULED
ACCEPTED = UpdateWorkflowExecutionLifecycleStage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ACCEPTED
ONE_MINUTE = timedelta(minutes=1)
REPLY_LINK = Link(workflow=Link.Workflow(namespace="n", workflow_id="w", run_id="r"))


@pytest.fixture
def engine() -> FakeEngine:
    engine = FakeEngine()
    engine.replies = {
        "start_workflow_execution": StartWorkflowExecutionResponse(run_id="run", first_execution_run_id="first"),
        "signal_workflow_execution": SignalWorkflowExecutionResponse(link=REPLY_LINK),
        "signal_with_start_workflow_execution": SignalWithStartWorkflowExecutionResponse(signal_link=REPLY_LINK),
        "start_activity_execution": StartActivityExecutionResponse(run_id="run"),
        "update_workflow_execution": UpdateWorkflowExecutionResponse(stage=ACCEPTED, link=REPLY_LINK),
    }
    return engine


@pytest.fixture
def client(engine: FakeEngine) -> Client:
    return engine.client()


@pytest.fixture
def operation() -> Iterator[StartOperationContext]:
    """An operation whose handler runs the test."""
    link = nexus_link_of(CALLER_LINK)
    assert link is not None
    unreadable = nexusrpc.Link(url="http://elsewhere", type="x")
    context = StartOperationContext(
        service="Words",
        operation="greet",
        headers={},
        request_id="request-1",
        callback_url="http://caller",
        callback_headers={"token": "t"},
        inbound_links=[link, unreadable],
        task_cancellation=TaskCancellation(),
    )
    token = CALLER.set(HandlerOfStart(context))
    yield context
    CALLER.reset(token)


def linked(operation: StartOperationContext) -> list[Link | None]:
    return [link_of(link) for link in operation.outbound_links]


def only_callback(callbacks: Any) -> Any:
    """The token in the headers of the only callback."""
    assert [(one.nexus.url, list(one.links)) for one in callbacks] == [("http://caller", [CALLER_LINK])]
    headers = dict(callbacks[0].nexus.header)
    token = OperationToken.decode(headers.pop("nexus-operation-token"))
    assert headers == {"token": "t"}
    return token


async def test_a_workflow_behind_the_operation_has_its_request_id_and_callback(
    engine: FakeEngine, client: Client, operation: StartOperationContext
) -> None:
    with backing():
        await client.start_workflow("W", id="w", task_queue="tq")
    sent = await engine.said("start_workflow_execution")
    assert (sent.request_id, list(sent.links)) == ("request-1", [CALLER_LINK])
    assert only_callback(sent.completion_callbacks).workflow_id == "w"
    options = sent.on_conflict_options
    assert options.attach_request_id
    assert options.attach_completion_callbacks
    assert options.attach_links
    made = linked(operation)[0]
    assert made is not None
    assert (made.workflow_event.workflow_id, made.workflow_event.run_id) == ("w", "first")
    assert made.workflow_event.request_id_ref.request_id == "request-1"


async def test_another_workflow_is_linked_and_delivers_nothing(
    engine: FakeEngine, client: Client, operation: StartOperationContext
) -> None:
    await client.start_workflow("W", id="w", task_queue="tq")
    sent = await engine.said("start_workflow_execution")
    assert list(sent.links) == [CALLER_LINK]
    assert sent.request_id != "request-1"
    assert not sent.completion_callbacks
    made = linked(operation)[0]
    assert made is not None
    assert made.workflow_event.request_id_ref.request_id == sent.request_id


async def test_an_activity_behind_the_operation_has_its_callback(
    engine: FakeEngine, client: Client, operation: StartOperationContext
) -> None:
    activity: Any = {"id": "a", "task_queue": "tq", "start_to_close_timeout": ONE_MINUTE}
    with backing():
        await client.start_activity("A", **activity)
    behind = await engine.said("start_activity_execution")
    await client.start_activity("A", **activity)
    beside = await engine.said("start_activity_execution")
    assert behind.request_id == beside.request_id == "request-1"
    assert only_callback(behind.completion_callbacks).activity_id == "a"
    assert (list(behind.links), list(beside.links)) == ([], [CALLER_LINK])
    assert not beside.completion_callbacks
    assert linked(operation) == [Link(activity=Link.Activity(namespace="default", activity_id="a", run_id="run"))] * 2


async def test_an_update_behind_the_operation_has_its_callback(
    engine: FakeEngine, client: Client, operation: StartOperationContext
) -> None:
    handle, accepted = client.get_workflow_handle("w", run_id="r"), WorkflowUpdateStage.ACCEPTED
    with backing():
        await handle.start_update("u", wait_for_stage=accepted, id="update")
    sent = await engine.said("update_workflow_execution")
    await handle.start_update("u", wait_for_stage=accepted, id="update")
    beside = await engine.said("update_workflow_execution")
    assert (sent.request.request_id, list(sent.request.links)) == ("request-1", [CALLER_LINK])
    token = only_callback(sent.request.completion_callbacks)
    assert (token.workflow_id, token.run_id, token.update_id) == ("w", "r", "update")
    assert not beside.request.completion_callbacks
    assert linked(operation) == [REPLY_LINK, REPLY_LINK]


async def test_signals_are_linked_both_ways(
    engine: FakeEngine, client: Client, operation: StartOperationContext
) -> None:
    await client.get_workflow_handle("w").signal("go")
    await client.start_workflow("W", id="w", task_queue="tq", start_signal="go")
    assert list((await engine.said("signal_workflow_execution")).links) == [CALLER_LINK]
    assert list((await engine.said("signal_with_start_workflow_execution")).links) == [CALLER_LINK]
    assert linked(operation) == [REPLY_LINK, REPLY_LINK]


async def test_elsewhere_nothing_is_linked(engine: FakeEngine, client: Client) -> None:
    await client.start_workflow("W", id="w", task_queue="tq")
    sent = await engine.said("start_workflow_execution")
    assert not sent.links
    assert not sent.HasField("on_conflict_options")


def test_a_request_that_is_prepared_again_is_the_same(operation: StartOperationContext) -> None:
    caller = CALLER.get()
    assert caller is not None
    request = UpdateWorkflowExecutionRequest(namespace="default")
    request.workflow_execution.workflow_id = "w"
    request.request.meta.update_id = "u"
    with backing():
        caller.prepare(request)
        once = request.SerializeToString(deterministic=True)
        caller.prepare(request)
    assert request.SerializeToString(deterministic=True) == once
