"""Environments whose time is the machine's: the local engine, and servers that there are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.api.workflowservice.v1 import GetSystemInfoRequest
from typing_extensions import override

from mainspring.client import (
    Client,
    Interceptor,
    OutboundInterceptor,
    StartWorkflowInput,
    WorkflowFailureError,
    WorkflowHandle,
)
from mainspring.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes
from mainspring.exceptions import ApplicationError
from mainspring.service import RPCError, RPCStatusCode
from mainspring.testing import WorkflowEnvironment
from mainspring.worker import Worker
from tests.testing.flows import QUEUE, Asserting, Moment


async def test_a_local_engine_serves_its_client_and_others() -> None:
    async with await WorkflowEnvironment.start_local(namespace="other") as env:
        other = await env.connect_client(identity="someone else")
        async with Worker(env.client, task_queue=QUEUE, workflows=[Moment]):
            await other.execute_workflow(Moment.run, id="w", task_queue=QUEUE)

        assert (await env.client.count_workflows("ExecutionStatus = 'Completed'")).count == 1
        assert (other.namespace, other.identity) == ("other", "someone else")
        assert not env.supports_time_skipping


async def test_a_local_engine_keeps_its_file(tmp_path: Path) -> None:
    path = str(tmp_path / "test.db")
    async with await WorkflowEnvironment.start_local(dev_server_database_filename=path) as env:
        await env.client.start_workflow("Moment", id="w", task_queue=QUEUE)

    async with await WorkflowEnvironment.start_local(dev_server_database_filename=path) as env:
        assert (await env.client.get_workflow_handle("w").describe()).id == "w"


async def test_local_time_is_the_machines() -> None:
    async with await WorkflowEnvironment.start_local() as env:
        await env.sleep(timedelta(milliseconds=1))
        with env.auto_time_skipping_disabled():
            now = await env.get_current_time()

    assert abs((datetime.now(UTC) - now).total_seconds()) < 60


async def test_search_attributes_are_there_from_the_start() -> None:
    color = SearchAttributeKey.for_keyword("Color")
    attributes = TypedSearchAttributes([SearchAttributePair(color, "red")])

    async with await WorkflowEnvironment.start_local(search_attributes=[color]) as env:
        await env.client.start_workflow("Moment", id="w", task_queue=QUEUE, search_attributes=attributes)

        assert [run.id async for run in env.client.list_workflows("Color = 'red'")] == ["w"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--dynamic-config-value", "limit.maxIDLength=3", "--log-level", "error"],
        ["--dynamic-config-value=limit.maxIDLength=3"],
    ],
)
async def test_limits_are_set_as_for_the_official_server(arguments: list[str]) -> None:
    async with await WorkflowEnvironment.start_local(dev_server_extra_args=arguments) as env:
        with pytest.raises(RPCError) as refused:
            await env.client.start_workflow("Moment", id="long", task_queue="q")

    assert refused.value.status is RPCStatusCode.INVALID_ARGUMENT


async def test_a_wrong_limit_is_said() -> None:
    arguments = ["--dynamic-config-value", 'limit.maxIDLength="many"']
    with pytest.raises(ValueError, match=r"limit\.maxIDLength"):
        await WorkflowEnvironment.start_local(dev_server_extra_args=arguments)


async def test_an_environment_can_be_shut_down_twice(env: WorkflowEnvironment) -> None:
    await env.shutdown()
    await env.shutdown()

    with pytest.raises(RPCError) as refused:
        await env.client.workflow_service.get_system_info(GetSystemInfoRequest())
    assert refused.value.status is RPCStatusCode.UNAVAILABLE


class Recording(Interceptor):
    def __init__(self) -> None:
        self.started: list[str] = []

    @override
    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:
        return _Recorder(next, self.started)


class _Recorder(OutboundInterceptor):
    def __init__(self, following: OutboundInterceptor, started: list[str]) -> None:
        super().__init__(following)
        self._started = started

    @override
    async def start_workflow(self, input: StartWorkflowInput) -> WorkflowHandle[Any, Any]:
        self._started.append(input.id)
        return await super().start_workflow(input)


async def test_an_assertion_fails_the_workflow_and_interceptors_stay(env: WorkflowEnvironment) -> None:
    recording = Recording()
    config = env.client.config()
    config["interceptors"] = [recording]

    async with WorkflowEnvironment.from_client(Client(**config)) as around:
        client = around.client
        async with Worker(client, task_queue=QUEUE, workflows=[Asserting]):
            with pytest.raises(WorkflowFailureError) as failed_at_once:
                await client.execute_workflow(Asserting.run, 41, id="w1", task_queue=QUEUE)
            handle = await client.start_workflow(Asserting.run, 42, id="w2", task_queue=QUEUE)
            await handle.signal(Asserting.guess, 7)
            with pytest.raises(WorkflowFailureError) as failed_by_signal:
                await handle.result()

    for failed in (failed_at_once, failed_by_signal):
        assert isinstance(failed.value.cause, ApplicationError)
        assert failed.value.cause.type == "AssertionError"
        assert failed.value.cause.message.startswith("not the answer")
    assert recording.started == ["w1", "w2"]
