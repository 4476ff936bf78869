"""What a handle makes of answers: results through all runs, pages, errors that only ours can get."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.api.history.v1 import History, HistoryEvent
from temporalio.api.workflow.v1 import WorkflowExecutionInfo
from temporalio.api.workflowservice.v1 import (
    GetWorkflowExecutionHistoryResponse,
    ListWorkflowExecutionsResponse,
)

from mainspring import workflow
from mainspring.client import (
    AsyncActivityHandle,
    Client,
    ClientConfig,
    Interceptor,
    OutboundInterceptor,
    Plugin,
    StartWorkflowInput,
    WithStartWorkflowOperation,
    WorkflowContinuedAsNewError,
    WorkflowExecution,
    WorkflowFailureError,
    WorkflowHandle,
    WorkflowUpdateStage,
)
from mainspring.common import WorkflowIDConflictPolicy
from mainspring.converter import UnserializableValue, WorkflowSerializationContext
from mainspring.exceptions import ApplicationError
from mainspring.exceptions import TimeoutError as WorkflowTimeoutError
from mainspring.service import ConnectConfig, DirectServiceClient, ServiceClient
from tests.client.fakes import Answer, Engine, a_client, started

ONE = Payloads(payloads=[Payload(metadata={"encoding": b"json/plain"}, data=b"1")])


def completed(new_run_id: str = "") -> HistoryEvent:
    event = HistoryEvent()
    event.workflow_execution_completed_event_attributes.result.CopyFrom(ONE)
    event.workflow_execution_completed_event_attributes.new_execution_run_id = new_run_id
    return event


def failed(new_run_id: str = "") -> HistoryEvent:
    event = HistoryEvent()
    attributes = event.workflow_execution_failed_event_attributes
    attributes.failure.message = "no luck"
    attributes.failure.application_failure_info.type = "Luck"
    attributes.new_execution_run_id = new_run_id
    return event


def timed_out(new_run_id: str = "") -> HistoryEvent:
    event = HistoryEvent()
    event.workflow_execution_timed_out_event_attributes.new_execution_run_id = new_run_id
    return event


def continued(new_run_id: str) -> HistoryEvent:
    event = HistoryEvent()
    event.workflow_execution_continued_as_new_event_attributes.new_execution_run_id = new_run_id
    return event


def histories(*closing: HistoryEvent | None) -> Engine:
    """An engine whose runs close so; None is a poll that ended before the run did."""
    replies: list[Answer] = []
    for event in closing:
        reply = GetWorkflowExecutionHistoryResponse(history=History(events=[event] if event else []))
        reply.next_page_token = b"" if event else b"more"
        replies.append(reply)
    return Engine(get_workflow_execution_history=replies)


def runs_asked_for(engine: Engine) -> list[str]:
    return [request.execution.run_id for request in engine.requests("get_workflow_execution_history")]


@pytest.mark.parametrize("close", [completed, failed, timed_out, continued])
async def test_a_result_follows_runs_however_they_end(close: Any) -> None:
    engine = histories(close("r2"), completed())
    assert await a_client(engine).get_workflow_handle("w", run_id="r1").result() == 1
    assert runs_asked_for(engine) == ["r1", "r2"]


async def test_of_one_run_its_own_end_counts() -> None:
    def handle(event: HistoryEvent) -> WorkflowHandle[Any, Any]:
        return a_client(histories(event)).get_workflow_handle("w", run_id="r1")

    assert await handle(completed("r2")).result(follow_runs=False) == 1
    with pytest.raises(WorkflowFailureError) as failure:
        await handle(failed("r2")).result(follow_runs=False)
    assert isinstance(failure.value.cause, ApplicationError)
    with pytest.raises(WorkflowFailureError) as late:
        await handle(timed_out("r2")).result(follow_runs=False)
    assert isinstance(late.value.cause, WorkflowTimeoutError)
    with pytest.raises(WorkflowContinuedAsNewError) as elsewhere:
        await handle(continued("r2")).result(follow_runs=False)
    assert elsewhere.value.new_execution_run_id == "r2"


async def test_a_poll_that_ends_early_is_made_again() -> None:
    engine = histories(None, None, completed())
    assert await a_client(engine).get_workflow_handle("w").result() == 1
    tokens = [request.next_page_token for request in engine.requests("get_workflow_execution_history")]
    assert tokens == [b"", b"more", b"more"]


@pytest.mark.parametrize("event", [HistoryEvent(), continued("")])
async def test_a_history_that_makes_no_sense_is_an_error(event: HistoryEvent) -> None:
    with pytest.raises(RuntimeError, match=r"No completion event found|missing new run ID"):
        await a_client(histories(event)).get_workflow_handle("w").result()


def page(count: int, token: bytes) -> ListWorkflowExecutionsResponse:
    return ListWorkflowExecutionsResponse(executions=[WorkflowExecutionInfo()] * count, next_page_token=token)


@pytest.mark.parametrize(
    "limit, sizes, found", [(None, [10, 10, 10], 25), (25, [10, 10, 5], 25), (12, [10, 2], 12), (0, [], 0)]
)
async def test_pages_are_fetched_as_they_are_needed(limit: int | None, sizes: Sequence[int], found: int) -> None:
    replies: list[Answer] = [page(10, b"2"), page(10 if limit != 12 else 2, b"3"), page(5, b"")]
    engine = Engine(list_workflow_executions=replies)
    runs = [run async for run in a_client(engine).list_workflows(page_size=10, limit=limit)]
    assert len(runs) == found
    assert all(isinstance(run, WorkflowExecution) for run in runs)
    assert [request.page_size for request in engine.requests("list_workflow_executions")] == list(sizes)


async def test_an_empty_page_is_not_the_end() -> None:
    engine = Engine(list_workflow_executions=[page(0, b"2"), page(1, b"")])
    assert len([run async for run in a_client(engine).list_workflows()]) == 1


class Renaming(OutboundInterceptor):
    async def start_workflow(self, input: StartWorkflowInput) -> WorkflowHandle[Any, Any]:
        input.workflow += "-renamed"
        return await super().start_workflow(input)


class Appending(OutboundInterceptor):
    async def start_workflow(self, input: StartWorkflowInput) -> WorkflowHandle[Any, Any]:
        input.workflow += "-appended"
        return await super().start_workflow(input)


class Intercept(Interceptor):
    def __init__(self, kind: type[OutboundInterceptor]) -> None:
        self.kind = kind

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:
        return self.kind(next)


async def test_earlier_interceptors_are_around_later_ones() -> None:
    engine = Engine(start_workflow_execution=[started()])
    client = a_client(engine, interceptors=[Intercept(Renaming), Intercept(Appending)])
    await client.start_workflow("W", id="w", task_queue="q")
    assert engine.started.workflow_type.name == "W-renamed-appended"


CALLS = [name for name in vars(OutboundInterceptor) if not name.startswith("_")]


@pytest.mark.parametrize("name", CALLS)
async def test_an_interceptor_hands_every_call_on(name: str) -> None:
    following = Mock(spec=OutboundInterceptor)
    answer = getattr(OutboundInterceptor(following), name)("given")
    if asyncio.iscoroutine(answer):
        await answer
    assert [str(call) for call in following.mock_calls] == [f"call.{name}('given')"]


class Naming(Plugin):
    def __init__(self, log: list[str], label: str) -> None:
        self.log = log
        self.label = label

    def configure_client(self, config: ClientConfig) -> ClientConfig:
        self.log.append(f"configure {self.label}")
        config["namespace"] += f"-{self.label}"
        return config

    async def connect_service_client(self, config: ConnectConfig, next: Any) -> ServiceClient:
        self.log.append(f"connect {self.label}")
        connected: ServiceClient = await next(config)
        return connected


class Connecting(Plugin):
    def configure_client(self, config: ClientConfig) -> ClientConfig:
        return config

    async def connect_service_client(self, config: ConnectConfig, next: Any) -> ServiceClient:
        del next
        return DirectServiceClient(config, Engine())


async def test_plugins_connect_and_configure() -> None:
    log: list[str] = []
    plugins = [Naming(log, "a"), Naming(log, "b"), Connecting()]
    client = await Client.connect("nowhere:1", namespace="n", plugins=plugins)
    assert log == ["connect a", "connect b", "configure a", "configure b"]
    assert client.namespace == "n-a-b"
    assert client.config()["namespace"] == "n"
    assert client.config(active_config=True)["namespace"] == "n-a-b"
    assert plugins[0].name().endswith("Naming")


def test_a_client_is_made_anew_from_its_config() -> None:
    client = a_client(Engine(), namespace="n", interceptors=[Intercept(Renaming)])
    again = Client(**client.config())
    assert again.config() == client.config()
    assert again.service_client is client.service_client


@pytest.mark.parametrize(
    "ids, message",
    [
        ({}, "Require task token"),
        ({"workflow_id": "w"}, "must all be given together"),
        ({"task_token": b"t", "activity_id": "a"}, "cannot be present with other IDs"),
    ],
)
def test_an_activity_needs_all_of_its_ids_or_its_token(ids: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        a_client(Engine()).get_async_activity_handle(**ids)


def test_an_activitys_handle_that_is_made_otherwise_says_how_it_takes_a_context() -> None:
    class Own(AsyncActivityHandle):
        def __init__(self, client: Client) -> None:
            super().__init__(client, b"token")

    context = WorkflowSerializationContext(namespace="n", workflow_id="w")
    client = a_client(Engine())
    assert type(client.get_async_activity_handle(activity_id="a").with_context(context)) is AsyncActivityHandle
    with pytest.raises(TypeError, match="must override with_context"):
        Own(client).with_context(context)


async def test_an_update_waits_for_no_stage_that_the_server_has_not() -> None:
    handle = a_client(Engine()).get_workflow_handle("w")
    with pytest.raises(ValueError, match="ADMITTED"):
        await handle.start_update("u", wait_for_stage=WorkflowUpdateStage.ADMITTED)


def operation() -> WithStartWorkflowOperation[Any, Any]:
    policy = WorkflowIDConflictPolicy.USE_EXISTING
    return WithStartWorkflowOperation("W", object(), id="w", task_queue="q", id_conflict_policy=policy)


async def test_an_operation_is_used_once_and_tells_what_went_wrong() -> None:
    client = a_client(Engine())
    starting = operation()
    with pytest.raises(UnserializableValue):
        await client.execute_update_with_start_workflow("u", start_workflow_operation=starting)
    with pytest.raises(UnserializableValue):
        await starting.workflow_handle()
    with pytest.raises(RuntimeError, match="cannot be reused"):
        await client.execute_update_with_start_workflow("u", start_workflow_operation=starting)


async def test_an_operation_says_what_happens_if_the_workflow_runs() -> None:
    policy = WorkflowIDConflictPolicy.UNSPECIFIED
    with pytest.raises(ValueError, match="WorkflowIDConflictPolicy is required"):
        WithStartWorkflowOperation("W", id="w", task_queue="q", id_conflict_policy=policy)


@workflow.defn
async def add_node(count: int) -> int:
    return count


async def test_a_function_is_started_as_a_workflow_with_its_types() -> None:
    engine = histories(completed())
    engine.answer("start_workflow_execution", started("r1"))
    client = a_client(engine)
    result = await client.execute_workflow(add_node, 1, id="n1", task_queue="q", run_timeout=timedelta(hours=1))
    assert result == 1
    assert engine.started.workflow_type.name == "add_node"


async def test_a_workflow_task_with_the_start_is_only_asked_for_if_somebody_takes_it() -> None:
    engine = Engine(start_workflow_execution=[started()])
    client = a_client(engine)
    await client.start_workflow("W", id="w", task_queue="q", request_eager_start=True)
    assert not engine.started.request_eager_execution


async def test_a_workflow_task_with_the_start_goes_to_the_worker_that_takes_it() -> None:
    reply = started()
    reply.eager_workflow_task.task_token = b"token"
    engine = Engine(start_workflow_execution=[reply])
    client = a_client(engine)
    taken: list[bytes] = []
    workers = client._eager_workers  # pyright: ignore[reportPrivateUsage] # where workers put themselves
    workers["q"] = lambda task: taken.append(task.task_token)
    await client.start_workflow("W", id="w", task_queue="q", request_eager_start=True)
    assert engine.started.request_eager_execution
    assert taken == [b"token"]
