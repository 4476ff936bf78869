"""Operations that a workflow stands behind: how their methods are read, and what goes wrong with them."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import nexusrpc
import pytest
from nexusrpc.handler import StartOperationContext, service_handler
from temporalio.api.workflowservice.v1 import StartWorkflowExecutionResponse

from mainspring import nexus
from mainspring.nexus._token import OperationToken, OperationTokenType
from mainspring.nexus._workflow_run import WorkflowRunOperationHandler
from mainspring.worker import Worker
from mainspring.worker._nexus_cancellation import TaskCancellation
from tests.worker.fake_engine import FakeEngine
from tests.worker.nexus_server import FakeNexusServer, Serving, a_cancellation, a_start


@service_handler
class Words:
    @nexus.workflow_run_operation
    async def greet(self, ctx: nexus.WorkflowRunOperationContext, name: str) -> nexus.WorkflowHandle[str]:
        ctx.metric_meter.create_counter("greetings").add(1)
        return await ctx.start_workflow("Greet", name, id=f"greet-{ctx.request_id}", result_type=str)

    @nexus.workflow_run_operation(name="by-another-name")
    async def wrong(self, ctx: nexus.WorkflowRunOperationContext, name: str) -> nexus.WorkflowHandle[str]:
        return name  # type: ignore[return-value]  # what is tested


async def test_the_workflow_runs_on_the_queue_of_the_worker_and_its_token_is_the_answer() -> None:
    engine = FakeEngine()
    engine.replies["start_workflow_execution"] = StartWorkflowExecutionResponse(run_id="run")
    async with Worker(engine.client(), task_queue="tq", nexus_service_handlers=[Words()], build_id="1"):
        engine.give(a_start("greet", "you", callback="http://caller"))
        started = await engine.said("start_workflow_execution")
        said = await engine.said("respond_nexus_task_completed")
        token = said.response.start_operation.async_success.operation_token
        engine.give(a_cancellation("greet", token))
        cancelled = await engine.said("request_cancel_workflow_execution")
    assert (started.workflow_id, started.task_queue.name) == ("greet-request-1", "tq")
    assert started.completion_callbacks[0].nexus.header["nexus-operation-token"] == token
    assert nexus.WorkflowHandle[str].from_token(token) == nexus.WorkflowHandle("default", "greet-request-1")
    assert cancelled.workflow_execution.workflow_id == "greet-request-1"


async def test_what_cannot_be_cancelled_is_said() -> None:
    activity = OperationToken(type=OperationTokenType.ACTIVITY, namespace="default", activity_id="a").encode()
    elsewhere = nexus.WorkflowHandle[str]("other", "w").to_token()
    server = FakeNexusServer()
    async with Serving(server, [Words()]):
        for token in ("no token", activity):
            server.tasks.put_nowait(a_cancellation("greet", token))
            kind, message, _ = (await server.answer()).handler_error
            assert kind == "NOT_FOUND"
            assert message.startswith("Failed to decode operation token as a workflow operation token")
        server.tasks.put_nowait(a_cancellation("greet", elsewhere))
        assert (await server.answer()).handler_error[0] == "NOT_FOUND"


async def test_a_method_must_return_the_handle_that_it_got() -> None:
    server = FakeNexusServer()
    async with Serving(server, [Words()]):
        server.tasks.put_nowait(a_start("by-another-name", "you"))
        said = await server.answer()
    assert said.failure is not None
    assert "must start its workflow by WorkflowRunOperationContext.start_workflow" in said.failure.cause.message


def test_types_are_those_of_the_annotations() -> None:
    operation = nexusrpc.get_operation(Words.greet)
    assert operation is not None
    assert (operation.name, operation.method_name) == ("greet", "greet")
    assert (operation.input_type, operation.output_type) == (str, str)
    renamed = nexusrpc.get_operation(Words.wrong)
    assert renamed is not None
    assert (renamed.name, renamed.method_name) == ("by-another-name", "wrong")


async def takes_something_else(self: Any, ctx: int, name: str) -> nexus.WorkflowHandle[str]:
    raise NotImplementedError


async def has_one_parameter(self: Any, ctx: nexus.WorkflowRunOperationContext) -> nexus.WorkflowHandle[str]:
    raise NotImplementedError


async def returns_a_list(self: Any, ctx: nexus.WorkflowRunOperationContext, name: str) -> list[str]:
    raise NotImplementedError


@pytest.mark.parametrize(
    "method, message",
    [
        (takes_something_else, "Expected parameter 1 .* WorkflowRunOperationContext"),
        (has_one_parameter, "exactly 2 type-annotated parameters"),
        (returns_a_list, "Expected return type .* WorkflowHandle with one type parameter"),
    ],
)
def test_annotations_that_do_not_fit_are_worth_a_warning(method: Callable[..., Any], message: str) -> None:
    method.__annotations__.pop("self", None)
    with pytest.warns(UserWarning, match=message):
        nexus.workflow_run_operation(method)


def test_a_method_may_say_nothing_of_its_types() -> None:
    async def bare(self: Any, ctx: nexus.WorkflowRunOperationContext, name: str):  # type: ignore[no-untyped-def]  # tested
        del self, ctx, name

    bare.__annotations__.pop("self")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nexus.workflow_run_operation(bare)  # pyright: ignore[reportArgumentType]  # tested


def test_a_start_that_is_a_def_is_refused() -> None:
    def start(ctx: StartOperationContext, name: str) -> Any:
        del ctx, name

    with pytest.raises(RuntimeError, match="not an `async def` method"):
        WorkflowRunOperationHandler[str, str](start)


def test_a_context_is_made_in_handlers_only() -> None:
    context = StartOperationContext(
        service="s", operation="o", headers={}, request_id="r", task_cancellation=TaskCancellation()
    )
    with pytest.raises(RuntimeError, match="Not in Nexus operation context"):
        nexus.WorkflowRunOperationContext._from_start_operation_context(context)  # pyright: ignore[reportPrivateUsage] - official
