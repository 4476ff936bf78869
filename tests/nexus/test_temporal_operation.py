"""Operations that a workflow, an activity or an update stands behind, on an engine that knows nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import nexusrpc
import pytest
from nexusrpc.handler import service_handler
from temporalio.api.enums.v1 import UpdateWorkflowExecutionLifecycleStage
from temporalio.api.failure.v1 import ApplicationFailureInfo, Failure
from temporalio.api.workflowservice.v1 import (
    StartActivityExecutionResponse,
    StartWorkflowExecutionResponse,
    UpdateWorkflowExecutionResponse,
)
from typing_extensions import override

from mainspring import nexus
from mainspring.client import WorkflowUpdateStage
from mainspring.converter import DataConverter
from mainspring.nexus._token import OperationToken, OperationTokenType
from mainspring.service import RPCError, RPCStatusCode
from mainspring.worker import Worker
from tests.worker.fake_engine import FakeEngine
from tests.worker.nexus_server import FakeNexusServer, Serving, a_cancellation, a_start

Started = nexus.TemporalOperationResult[str]
ACCEPTED = UpdateWorkflowExecutionLifecycleStage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ACCEPTED
SECOND = timedelta(seconds=1)


@service_handler
class Words:
    @nexus.temporal_operation
    async def at_once(
        self, ctx: nexus.TemporalStartOperationContext, client: nexus.TemporalNexusClient, name: str
    ) -> Started:
        return nexus.TemporalOperationResult[str].sync(f"hello {name}")

    @nexus.temporal_operation
    async def by_workflow(
        self, ctx: nexus.TemporalStartOperationContext, client: nexus.TemporalNexusClient, name: str
    ) -> Started:
        return await client.start_workflow("W", name, id="w", result_type=str)

    @nexus.temporal_operation
    async def by_activity(
        self, ctx: nexus.TemporalStartOperationContext, client: nexus.TemporalNexusClient, name: str
    ) -> Started:
        return await client.start_activity("A", name, id="a", start_to_close_timeout=SECOND, result_type=str)

    @nexus.temporal_operation
    async def by_update(
        self, ctx: nexus.TemporalStartOperationContext, client: nexus.TemporalNexusClient, name: str
    ) -> Started:
        return await client.start_workflow_update(
            "w", "u", name, wait_for_stage=WorkflowUpdateStage.ACCEPTED, result_type=str
        )

    @nexus.temporal_operation
    async def again(
        self, ctx: nexus.TemporalStartOperationContext, client: nexus.TemporalNexusClient, name: str
    ) -> Started:
        try:
            await client.start_activity("A", name, id="a", start_to_close_timeout=SECOND)
        except RPCError:
            return await client.start_workflow("W", name, id="w", result_type=str)
        return await client.start_workflow("W", name, id="w", result_type=str)

    @nexus.temporal_operation
    async def misspelt(
        self, ctx: nexus.TemporalStartOperationContext, client: nexus.TemporalNexusClient, name: str
    ) -> Started:
        options: Any = {"wait_for_stage": WorkflowUpdateStage.ACCEPTED, "update": name, "updateid": "u"}
        return await client.start_workflow_update("w", **options)


@pytest.fixture
def engine() -> FakeEngine:
    engine = FakeEngine()
    engine.replies = {
        "start_workflow_execution": StartWorkflowExecutionResponse(run_id="run"),
        "start_activity_execution": StartActivityExecutionResponse(run_id="run"),
        "update_workflow_execution": an_update(),
    }
    return engine


def an_update() -> UpdateWorkflowExecutionResponse:
    reply = UpdateWorkflowExecutionResponse(stage=ACCEPTED)
    reply.update_ref.workflow_execution.run_id = "run"
    return reply


async def answered(engine: FakeEngine, task: Any) -> Any:
    """The answer to one request."""
    async with Worker(engine.client(), task_queue="tq", nexus_service_handlers=[Words()], build_id="1"):
        engine.give(task)
        return (await engine.said("respond_nexus_task_completed")).response.start_operation


async def test_an_operation_may_end_at_once(engine: FakeEngine) -> None:
    said = await answered(engine, a_start("at_once", "you"))
    assert DataConverter.default.payload_converter.from_payloads([said.sync_success.payload]) == ["hello you"]


BEHIND = [
    ("by_workflow", {"type": OperationTokenType.WORKFLOW, "workflow_id": "w"}),
    ("by_activity", {"type": OperationTokenType.ACTIVITY, "activity_id": "a", "run_id": "run"}),
    (
        "by_update",
        {"type": OperationTokenType.UPDATE_WORKFLOW, "workflow_id": "w", "run_id": "run", "update_id": "request-1"},
    ),
]


@pytest.mark.parametrize("operation, fields", BEHIND, ids=[operation for operation, _ in BEHIND])
async def test_the_token_names_what_stands_behind(operation: str, fields: Any, engine: FakeEngine) -> None:
    said = await answered(engine, a_start(operation, "you", callback="http://caller"))
    token = OperationToken.decode(said.async_success.operation_token)
    assert token == OperationToken(namespace="default", **fields)


async def test_what_is_started_runs_on_the_queue_of_the_worker(engine: FakeEngine) -> None:
    await answered(engine, a_start("by_activity", "you", callback="http://caller"))
    sent = await engine.said("start_activity_execution")
    assert (sent.task_queue.name, sent.request_id) == ("tq", "request-1")
    assert len(sent.completion_callbacks) == 1


async def test_only_one_thing_may_stand_behind_an_operation(engine: FakeEngine) -> None:
    async with Worker(engine.client(), task_queue="tq", nexus_service_handlers=[Words()], build_id="1"):
        engine.give(a_start("again", "you"))
        said = await engine.said("respond_nexus_task_failed")
        engine.errors["start_activity_execution"] = RPCError("no", RPCStatusCode.INVALID_ARGUMENT, b"")
        engine.give(a_start("again", "you"))
        then = await engine.said("respond_nexus_task_completed")
    assert said.failure.message.startswith("Only one async operation can be started")
    assert then.response.start_operation.async_success.operation_token


async def test_an_update_that_has_ended_gives_its_result_at_once(engine: FakeEngine) -> None:
    ended = an_update()
    ended.outcome.success.payloads.extend(DataConverter.default.payload_converter.to_payloads(["done"]))
    engine.replies["update_workflow_execution"] = ended
    said = await answered(engine, a_start("by_update", "you", callback="http://caller"))
    assert said.HasField("sync_success")
    failed = an_update()
    failed.outcome.failure.CopyFrom(Failure(message="no", application_failure_info=ApplicationFailureInfo(type="No")))
    engine.replies["update_workflow_execution"] = failed
    said = await answered(engine, a_start("by_update", "you", callback="http://caller"))
    assert said.failure.message == "Workflow update failed"


async def test_an_update_needs_somebody_who_waits_and_options_that_there_are() -> None:
    server = FakeNexusServer()
    async with Serving(server, [Words()]):
        server.tasks.put_nowait(a_start("by_update", "you"))
        assert (await server.answer()).handler_error[:2] == (
            "BAD_REQUEST",
            "callback URL is required for a workflow update Nexus operation",
        )
        server.tasks.put_nowait(a_start("misspelt", "you", callback="http://caller"))
        said = await server.answer()
    assert said.failure is not None
    assert "unexpected keyword argument 'updateid'" in said.failure.cause.message


class Cancels(nexus.TemporalOperationHandler[str, str]):
    """Has a way to end updates."""

    @override
    async def start_operation(
        self, ctx: nexus.TemporalStartOperationContext, client: nexus.TemporalNexusClient, input: str
    ) -> Started:
        return nexus.TemporalOperationResult[str].async_token(input)

    @override
    async def cancel_workflow_update(
        self, ctx: nexus.TemporalCancelOperationContext, options: nexus.CancelUpdateWorkflowOptions
    ) -> None:
        raise nexusrpc.HandlerError(f"{options} of {ctx.operation}", type=nexusrpc.HandlerErrorType.UNAUTHORIZED)


@service_handler(name="Words")
class OfAClass:
    @nexusrpc.handler.operation_handler
    def ends_updates(self) -> nexusrpc.handler.OperationHandler[str, str]:
        return Cancels()

    @nexus.temporal_operation
    async def plain(
        self, ctx: nexus.TemporalStartOperationContext, client: nexus.TemporalNexusClient, name: str
    ) -> Started:
        return nexus.TemporalOperationResult[str].sync(name)


def token_of(**fields: Any) -> str:
    return OperationToken(namespace="default", **fields).encode()


async def test_what_stands_behind_is_asked_to_end(engine: FakeEngine) -> None:
    async with Worker(engine.client(), task_queue="tq", nexus_service_handlers=[OfAClass()], build_id="1"):
        engine.give(a_cancellation("plain", token_of(type=OperationTokenType.WORKFLOW, workflow_id="w")))
        workflow = await engine.said("request_cancel_workflow_execution")
        engine.give(a_cancellation("plain", token_of(type=OperationTokenType.ACTIVITY, activity_id="a", run_id="r")))
        activity = await engine.said("request_cancel_activity_execution")
    assert workflow.workflow_execution.workflow_id == "w"
    assert (activity.activity_id, activity.run_id) == ("a", "r")


async def test_what_cannot_be_cancelled_is_said() -> None:
    update = token_of(type=OperationTokenType.UPDATE_WORKFLOW, workflow_id="w", run_id="r", update_id="u")
    no_run = token_of(type=OperationTokenType.ACTIVITY, activity_id="a")
    server = FakeNexusServer()
    said: list[tuple[str, str]] = []
    async with Serving(server, [OfAClass()]):
        for operation, token in (
            *(("plain", "no token"), ("plain", no_run), ("plain", update)),
            ("ends_updates", update),
        ):
            server.tasks.put_nowait(a_cancellation(operation, token))
            said.append((await server.answer()).handler_error[:2])
    assert [kind for kind, _ in said] == ["INTERNAL", "INTERNAL", "NOT_IMPLEMENTED", "UNAUTHORIZED"]
    assert said[0][1] == "Unable to decode operation token to cancel"
    assert said[1][1] == "Expected operation token of type ACTIVITY to have a valid run id."
    assert said[3][1].endswith("of ends_updates")


def test_a_result_is_a_value_or_a_token() -> None:
    result: Any = nexus.TemporalOperationResult
    assert result.sync(None).value is None
    for wrong in ({}, {"value": 1, "token": "t"}):
        with pytest.raises(ValueError, match="exactly one of value or token"):
            result(**wrong)
    for token in ("", 7):
        with pytest.raises(ValueError, match="non-empty string"):
            result.async_token(token)


def test_a_method_that_is_a_def_is_refused() -> None:
    def start() -> None:
        """Not `async`."""

    decorate: Any = nexus.temporal_operation
    with pytest.raises(RuntimeError, match="must decorate an `async def` start method"):
        decorate(start)
