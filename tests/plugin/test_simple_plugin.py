"""What a plugin made of its parts does to the options of clients, workers and replayers, and around their runs."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

import mainspring.client
import mainspring.worker
from mainspring import activity, workflow
from mainspring.client import ClientConfig, WorkflowHistory
from mainspring.converter import DataConverter, DefaultPayloadConverter
from mainspring.plugin import SimplePlugin
from mainspring.service import ConnectConfig, ServiceClient
from mainspring.worker import (
    Replayer,
    ReplayerConfig,
    UnsandboxedWorkflowRunner,
    Worker,
    WorkerConfig,
    WorkflowReplayResult,
)

CONVERTER = DataConverter(payload_converter_class=DefaultPayloadConverter)
RUNNER = UnsandboxedWorkflowRunner()


class ForClients(mainspring.client.Interceptor):
    """An interceptor of clients."""


class ForWorkers(mainspring.worker.Interceptor):
    """An interceptor of workers."""


class ForBoth(mainspring.client.Interceptor, mainspring.worker.Interceptor):
    """An interceptor of both."""


@activity.defn
def before() -> None: ...


@activity.defn
def after() -> None: ...


@workflow.defn
class Before:
    @workflow.run
    async def run(self) -> None: ...


@workflow.defn
class After:
    @workflow.run
    async def run(self) -> None: ...


class ClientStub:
    """Knows what a plugin asks of a worker's client."""

    def __init__(self, interceptors: Sequence[object]) -> None:
        self.interceptors = interceptors

    def config(self, *, active_config: bool = False) -> dict[str, object]:
        assert active_config
        return {"interceptors": self.interceptors}


def worker_config(plugin: SimplePlugin, client: Sequence[object] = (), **given: object) -> dict[str, object]:
    config = cast("WorkerConfig", {"client": ClientStub(client), **given})
    return {name: value for name, value in plugin.configure_worker(config).items() if name != "client"}


def replayer_config(plugin: SimplePlugin, **given: object) -> dict[str, object]:
    return dict(plugin.configure_replayer(cast("ReplayerConfig", given)))


def client_config(plugin: SimplePlugin, **given: object) -> dict[str, object]:
    return dict(plugin.configure_client(cast("ClientConfig", given)))


def test_a_plugin_of_no_parts_changes_nothing() -> None:
    plugin = SimplePlugin("none")
    assert plugin.name() == "none"
    assert client_config(plugin, namespace="ns") == {"namespace": "ns"}
    assert worker_config(plugin, activities=[before]) == {"activities": [before]}
    assert replayer_config(plugin, workflows=[Before]) == {"workflows": [Before]}


def test_sequences_are_appended_and_values_replace() -> None:
    plugin = SimplePlugin(
        "all",
        data_converter=CONVERTER,
        activities=[after],
        nexus_service_handlers=["handler"],
        workflows=[After],
        workflow_runner=RUNNER,
        workflow_failure_exception_types=[ValueError],
    )
    of_workflows = {
        "workflows": [Before, After],
        "workflow_runner": RUNNER,
        "workflow_failure_exception_types": [ValueError],
    }
    assert client_config(plugin, data_converter=None) == {"data_converter": CONVERTER}
    assert replayer_config(plugin, workflows=[Before]) == {"data_converter": CONVERTER, **of_workflows}
    assert worker_config(plugin, activities=[before], workflows=[Before]) == {
        "activities": [before, after],
        "nexus_service_handlers": ["handler"],
        **of_workflows,
    }


def test_a_function_makes_the_value_of_what_was_there() -> None:
    seen: list[object] = []

    def only_after(existing: Sequence[type] | None) -> Sequence[type]:
        seen.append(existing)
        return [After]

    plugin = SimplePlugin("functions", workflows=only_after, data_converter=lambda _existing: CONVERTER)
    assert worker_config(plugin, workflows=[Before]) == {"workflows": [After]}
    assert client_config(plugin) == {"data_converter": CONVERTER}
    assert seen == [[Before]]


def test_interceptors_go_where_they_are_for() -> None:
    of_clients, of_workers, of_both = ForClients(), ForWorkers(), ForBoth()
    plugin = SimplePlugin("interceptors", interceptors=[of_clients, of_workers, of_both])
    first = ForBoth()
    assert client_config(plugin, interceptors=[first])["interceptors"] == [first, of_clients, of_both]
    assert replayer_config(plugin, interceptors=[first])["interceptors"] == [first, of_workers, of_both]
    assert worker_config(plugin, interceptors=[first])["interceptors"] == [first, of_workers, of_both]


def test_an_interceptor_that_the_client_has_is_not_used_twice() -> None:
    of_both, of_workers = ForBoth(), ForWorkers()
    plugin = SimplePlugin("interceptors", interceptors=[of_both, of_workers])
    assert worker_config(plugin, [of_both])["interceptors"] == [of_workers]


def test_a_replayer_is_made_with_what_the_plugin_adds() -> None:
    replayer = Replayer(workflows=[Before], plugins=[SimplePlugin("replay", workflows=[After])])
    assert replayer.config(active_config=True).get("workflows") == [Before, After]


async def test_a_connection_is_made_by_the_next_one() -> None:
    client = cast("ServiceClient", object())

    async def connect(config: ConnectConfig) -> ServiceClient:
        assert config.target_host == "host:7233"
        return client

    config = ConnectConfig(target_host="host:7233")
    assert await SimplePlugin("connect").connect_service_client(config, connect) is client


@pytest.mark.parametrize("with_context", [True, False])
async def test_runs_are_inside_the_context(with_context: bool) -> None:
    steps: list[str] = []

    @asynccontextmanager
    async def context() -> AsyncGenerator[None]:
        steps.append("enter")
        yield
        steps.append("exit")

    async def run(worker: Worker) -> None:
        steps.append("run")

    @asynccontextmanager
    async def replay(
        replayer: Replayer, histories: AsyncIterator[WorkflowHistory]
    ) -> AsyncGenerator[AsyncIterator[WorkflowReplayResult]]:
        steps.append("replay")
        yield results

    nothing: Any = None
    results: Any = object()
    plugin = SimplePlugin("context", run_context=context if with_context else None)
    await plugin.run_worker(nothing, run)
    async with plugin.run_replayer(nothing, nothing, replay) as found:
        assert found is results
    expected = ["enter", "run", "exit", "enter", "replay", "exit"]
    assert steps == (expected if with_context else ["run", "replay"])
