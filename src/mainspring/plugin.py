"""A plugin made of its parts, for those that add workflows, activities, interceptors or a converter and no more.

    SimplePlugin("metrics", interceptors=[Counting()], activities=lambda before: [*before, report])

A parameter is a value or a function of what was there: a sequence is appended, any other value replaces. What is not
given leaves things as they are.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Any, TypeAlias, TypeVar, cast

import mainspring.client
import mainspring.worker
from mainspring.client import ClientConfig, WorkflowHistory
from mainspring.converter import DataConverter
from mainspring.service import ConnectConfig, ServiceClient
from mainspring.worker import Replayer, ReplayerConfig, Worker, WorkerConfig, WorkflowReplayResult, WorkflowRunner

__all__ = ["PluginParameter", "SimplePlugin"]

T = TypeVar("T")

PluginParameter: TypeAlias = T | Callable[[T | None], T] | None
"""Nothing, a value, or a function that makes it of what was there."""

AnyInterceptor: TypeAlias = mainspring.client.Interceptor | mainspring.worker.Interceptor


class SimplePlugin(mainspring.client.Plugin, mainspring.worker.Plugin):
    """A plugin for clients, workers and replayers; each takes what concerns it.

    `data_converter`: client, replayer. `interceptors`: each that is one for clients or for workers, there; one that is
    both is used once. `activities`, `nexus_service_handlers`: worker. `workflows`, `workflow_runner`,
    `workflow_failure_exception_types`: worker, replayer. `run_context`: entered while a worker or replayer runs.
    """

    def __init__(
        self,
        name: str,
        *,
        data_converter: PluginParameter[DataConverter] = None,
        interceptors: Sequence[AnyInterceptor] | None = None,
        activities: PluginParameter[Sequence[Callable[..., Any]]] = None,
        nexus_service_handlers: PluginParameter[Sequence[Any]] = None,
        workflows: PluginParameter[Sequence[type]] = None,
        workflow_runner: PluginParameter[WorkflowRunner] = None,
        workflow_failure_exception_types: PluginParameter[Sequence[type[BaseException]]] = None,
        run_context: Callable[[], AbstractAsyncContextManager[None]] | None = None,
    ) -> None:
        self._name = name
        self.data_converter = data_converter
        self.interceptors = interceptors
        self.activities = activities
        self.nexus_service_handlers = nexus_service_handlers
        self.workflows = workflows
        self.workflow_runner = workflow_runner
        self.workflow_failure_exception_types = workflow_failure_exception_types
        self.run_context = run_context

    def name(self) -> str:
        return self._name

    def configure_client(self, config: ClientConfig) -> ClientConfig:
        converter = replaced(config.get("data_converter"), self.data_converter)
        if converter is not None:
            config["data_converter"] = converter
        given = cast("Sequence[AnyInterceptor] | None", config.get("interceptors"))
        interceptors = appended(given, self.interceptors)
        if interceptors is not None:
            config["interceptors"] = [i for i in interceptors if isinstance(i, mainspring.client.Interceptor)]
        return config

    async def connect_service_client(
        self, config: ConnectConfig, next: Callable[[ConnectConfig], Awaitable[ServiceClient]]
    ) -> ServiceClient:
        return await next(config)

    def configure_worker(self, config: WorkerConfig) -> WorkerConfig:
        activities = appended(config.get("activities"), self.activities)
        if activities:
            config["activities"] = activities
        handlers = appended(config.get("nexus_service_handlers"), self.nexus_service_handlers)
        if handlers is not None:
            config["nexus_service_handlers"] = handlers
        if self.interceptors is not None:
            of_client: Sequence[object] = config["client"].config(active_config=True).get("interceptors", [])
            new = [i for i in self.interceptors if isinstance(i, mainspring.worker.Interceptor) and i not in of_client]
            config["interceptors"] = [*(config.get("interceptors") or ()), *new]
        self._configure_workflows(config)
        return config

    def configure_replayer(self, config: ReplayerConfig) -> ReplayerConfig:
        converter = replaced(config.get("data_converter"), self.data_converter)
        if converter is not None:
            config["data_converter"] = converter
        given = cast("Sequence[AnyInterceptor] | None", config.get("interceptors"))
        interceptors = appended(given, self.interceptors)
        if interceptors is not None:
            config["interceptors"] = [i for i in interceptors if isinstance(i, mainspring.worker.Interceptor)]
        self._configure_workflows(config)
        return config

    def _configure_workflows(self, config: WorkerConfig | ReplayerConfig) -> None:
        workflows = appended(config.get("workflows"), cast("PluginParameter[Sequence[Any]]", self.workflows))
        if workflows is not None:
            config["workflows"] = workflows
        runner = replaced(config.get("workflow_runner"), self.workflow_runner)
        if runner is not None:
            config["workflow_runner"] = runner
        failures = appended(config.get("workflow_failure_exception_types"), self.workflow_failure_exception_types)
        if failures is not None:
            config["workflow_failure_exception_types"] = failures

    async def run_worker(self, worker: Worker, next: Callable[[Worker], Awaitable[None]]) -> None:
        async with self._context():
            await next(worker)

    @asynccontextmanager
    async def run_replayer(
        self,
        replayer: Replayer,
        histories: AsyncIterator[WorkflowHistory],
        next: Callable[
            [Replayer, AsyncIterator[WorkflowHistory]],
            AbstractAsyncContextManager[AsyncIterator[WorkflowReplayResult]],
        ],
    ) -> AsyncGenerator[AsyncIterator[WorkflowReplayResult]]:
        async with self._context(), next(replayer, histories) as results:
            yield results

    def _context(self) -> AbstractAsyncContextManager[None]:
        return self.run_context() if self.run_context else nullcontext()


def replaced(existing: T | None, parameter: PluginParameter[T]) -> T | None:
    if parameter is None:
        return existing
    if callable(parameter):
        made: Any = parameter(existing)  # else a callable T would be one of the two callables
        return cast("T", made)
    return parameter


def appended(existing: Sequence[T] | None, parameter: PluginParameter[Sequence[T]]) -> Sequence[T] | None:
    if parameter is None:
        return existing
    if callable(parameter):
        return parameter(existing)
    return [*(existing or ()), *parameter]
