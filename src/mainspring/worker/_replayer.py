"""Replays histories against the workflow code of today: the check that a change does not break open runs.

    replayer = Replayer(workflows=[AddNode])
    await replayer.replay_workflow(WorkflowHistory.from_json("node-1", path.read_text()))

Nothing is executed but workflow code; no server is needed. A history may end anywhere: what comes after its last
workflow task is new ground and is not judged.
"""

from __future__ import annotations

import concurrent.futures
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

from temporalio.api.history.v1 import History

from mainspring.common import HeaderCodecBehavior
from mainspring.converter import DataConverter
from mainspring.exceptions import ApplicationError
from mainspring.replay.divergence import Divergence
from mainspring.replay.task import Task
from mainspring.runtime import Runtime
from mainspring.worker._activating import ThreadActivator, activate_inline
from mainspring.worker._cached_run import CachedRun, WorkflowTaskError
from mainspring.worker._flags import DEFAULT_FLAGS
from mainspring.worker._interceptor import Interceptor
from mainspring.worker._payload_codec import TaskCodec
from mainspring.worker._run_details import AroundRuns, RunDetails
from mainspring.worker._workflow_runner import SandboxedWorkflowRunner, UnsandboxedWorkflowRunner, WorkflowRunner
from mainspring.workflow._definition import Definition
from mainspring.workflow._exceptions import NondeterminismError

if TYPE_CHECKING:
    from mainspring.client import WorkflowHistory
    from mainspring.worker._plugin import Plugin

SANDBOXED = SandboxedWorkflowRunner()
UNSANDBOXED = UnsandboxedWorkflowRunner()
Results = AbstractAsyncContextManager[AsyncIterator["WorkflowReplayResult"]]


class ReplayerConfig(TypedDict, total=False):
    """The options of a `Replayer`, as `config` gives them and plugins may change them."""

    workflows: Sequence[Callable[..., Any]]  # classes and functions
    workflow_task_executor: concurrent.futures.ThreadPoolExecutor | None
    workflow_runner: WorkflowRunner
    unsandboxed_workflow_runner: WorkflowRunner
    namespace: str
    data_converter: DataConverter
    interceptors: Sequence[Interceptor]
    build_id: str | None
    identity: str | None
    workflow_failure_exception_types: Sequence[type[BaseException]]
    debug_mode: bool
    runtime: Runtime | None
    disable_safe_workflow_eviction: bool
    header_codec_behavior: HeaderCodecBehavior


@dataclass(frozen=True)
class WorkflowReplayResult:
    """How the replay of one history went."""

    history: WorkflowHistory
    replay_failure: Exception | None
    """Why today's code is not the history's; None if it is. That the run itself failed is no failure of its replay."""


@dataclass(frozen=True)
class WorkflowReplayResults:
    """How the replay of several histories went."""

    replay_failures: Mapping[str, Exception]
    """The failures by run id; runs without one are not in it."""


class Replayer:
    """See the module. The options are those of `Worker`, and must be those that the runs were made with."""

    def __init__(
        self,
        *,
        workflows: Sequence[Callable[..., Any]],
        workflow_task_executor: concurrent.futures.ThreadPoolExecutor | None = None,
        workflow_runner: WorkflowRunner = SANDBOXED,
        unsandboxed_workflow_runner: WorkflowRunner = UNSANDBOXED,
        namespace: str = "ReplayNamespace",
        data_converter: DataConverter = DataConverter.default,
        interceptors: Sequence[Interceptor] = [],
        plugins: Sequence[Plugin] = [],
        build_id: str | None = None,
        identity: str | None = None,
        workflow_failure_exception_types: Sequence[type[BaseException]] = [],
        debug_mode: bool = False,
        runtime: Runtime | None = None,
        disable_safe_workflow_eviction: bool = False,
        header_codec_behavior: HeaderCodecBehavior = HeaderCodecBehavior.NO_CODEC,
    ) -> None:
        """Make a replayer.

        Raises:
            ValueError: There is no workflow.
        """
        self._config = ReplayerConfig(
            workflows=list(workflows),
            workflow_task_executor=workflow_task_executor or concurrent.futures.ThreadPoolExecutor(),
            workflow_runner=workflow_runner,
            unsandboxed_workflow_runner=unsandboxed_workflow_runner,
            namespace=namespace,
            data_converter=data_converter,
            interceptors=interceptors,
            build_id=build_id,
            identity=identity,
            workflow_failure_exception_types=workflow_failure_exception_types,
            debug_mode=debug_mode,
            runtime=runtime,
            disable_safe_workflow_eviction=disable_safe_workflow_eviction,
            header_codec_behavior=header_codec_behavior,
        )
        self._initial_config = self._config.copy()
        self._default_flags: set[int] = set(DEFAULT_FLAGS)
        self.plugins = plugins
        for plugin in plugins:
            self._config = plugin.configure_replayer(self._config)
        if not self._config.get("workflows"):
            raise ValueError("At least one workflow must be specified")

    def _set_default_workflow_logic_flag(self, flag: int, *, enabled: bool) -> None:
        """Whether a history without a task that was completed has a numbered change of behaviour."""
        (self._default_flags.add if enabled else self._default_flags.discard)(flag)

    def config(self, *, active_config: bool = False) -> ReplayerConfig:
        """The options; with `active_config` as the plugins changed them."""
        config = (self._config if active_config else self._initial_config).copy()
        config["workflows"] = list(config.get("workflows", []))
        return config

    async def replay_workflow(
        self, history: WorkflowHistory, *, raise_on_replay_failure: bool = True
    ) -> WorkflowReplayResult:
        """Replay one history.

        Raises:
            NondeterminismError: The code made other commands than the history has.
            RuntimeError: The code could not be replayed: it failed, or there is none of this type.
        """

        async def only() -> AsyncIterator[WorkflowHistory]:
            yield history

        async with self.workflow_replay_iterator(only()) as results:
            result = await anext(results)
        if raise_on_replay_failure and result.replay_failure is not None:
            raise result.replay_failure
        return result

    async def replay_workflows(
        self, histories: AsyncIterator[WorkflowHistory], *, raise_on_replay_failure: bool = True
    ) -> WorkflowReplayResults:
        """Replay all histories; raises the first failure unless told not to."""
        failures: dict[str, Exception] = {}
        async with self.workflow_replay_iterator(histories) as results:
            async for result in results:
                if result.replay_failure is None:
                    continue
                if raise_on_replay_failure:
                    raise result.replay_failure
                failures[result.history.run_id] = result.replay_failure
        return WorkflowReplayResults(replay_failures=failures)

    def workflow_replay_iterator(self, histories: AsyncIterator[WorkflowHistory]) -> Results:
        """Results one by one, each replayed when it is asked for: `async with` this, `async for` what it gives."""
        run: Callable[[Replayer, AsyncIterator[WorkflowHistory]], Results] = Replayer._results
        for plugin in reversed(self.plugins):
            run = _through(plugin, run)
        return run(self, histories)

    @asynccontextmanager
    async def _results(
        self, histories: AsyncIterator[WorkflowHistory]
    ) -> AsyncGenerator[AsyncIterator[WorkflowReplayResult]]:
        details, definitions = self._details(), self._definitions()

        async def results() -> AsyncIterator[WorkflowReplayResult]:
            async for history in histories:
                failure = await self._replay(history, details, definitions)
                yield WorkflowReplayResult(history=history, replay_failure=failure)

        yield results()

    async def _replay(
        self, history: WorkflowHistory, details: RunDetails, definitions: Mapping[str | None, Definition]
    ) -> Exception | None:
        events = History(events=history.events)
        tasks = TaskCodec(details.data_converter, encodes_headers=self._encodes_headers)
        codec = tasks.of_run(details.namespace, history.workflow_id, history.run_id)
        try:
            await codec.decode_history(events)
        except Exception as error:  # noqa: BLE001 - of the user's codec or driver, and it is reported
            return _undecodable(error, history)
        run = CachedRun(details, definitions, history.workflow_id, history.run_id)
        last = events.events[-1].event_id if events.events else 0
        try:
            run.begin(Task(events=events.events, previous_started_event_id=last))
            await run.advance(self._activate())
        except Divergence as error:
            return NondeterminismError(str(error))
        except WorkflowTaskError as error:
            return _failure(error)
        finally:
            run.evict()
        return None

    @property
    def _encodes_headers(self) -> bool:
        behavior = self._config.get("header_codec_behavior", HeaderCodecBehavior.NO_CODEC)
        return behavior != HeaderCodecBehavior.NO_CODEC

    def _activate(self) -> Callable[..., Awaitable[Any]]:
        executor = self._config.get("workflow_task_executor")
        if executor is None or self._config.get("debug_mode"):
            return activate_inline
        return ThreadActivator(executor).activate

    def _definitions(self) -> dict[str | None, Definition]:
        definitions = [Definition.must_from_class(one) for one in self._config.get("workflows", [])]
        return {definition.name: definition for definition in definitions}

    def _details(self) -> RunDetails:
        config = self._config
        build_id = config.get("build_id") or ""
        return RunDetails(
            namespace=config.get("namespace", "ReplayNamespace"),
            task_queue=f"replay-{build_id}",
            data_converter=config.get("data_converter", DataConverter.default),
            around=AroundRuns.of(config.get("interceptors", [])),
            failure_exception_types=config.get("workflow_failure_exception_types", []),
            build_id=build_id,
            is_guarded=not isinstance(config.get("workflow_runner"), UnsandboxedWorkflowRunner),
            default_flags=self._default_flags,
        )


def _through(
    plugin: Plugin, run: Callable[[Replayer, AsyncIterator[WorkflowHistory]], Results]
) -> Callable[[Replayer, AsyncIterator[WorkflowHistory]], Results]:
    return lambda replayer, histories: plugin.run_replayer(replayer, histories, run)


def _undecodable(error: Exception, history: WorkflowHistory) -> Exception | None:
    """What follows from an error by which a worker's workflow task would fail, or the run, if it says so."""
    if not isinstance(error, ApplicationError) or not error.non_retryable:
        return error
    last = history.events[-1]
    failure = last.workflow_execution_failed_event_attributes.failure
    told = failure.message, failure.application_failure_info.type
    if last.HasField("workflow_execution_failed_event_attributes") and told == (error.message, error.type or ""):
        return None  # as it was
    divergence = NondeterminismError(f"the run would fail here, and goes on in the history: {error}")
    divergence.__cause__ = error
    return divergence


def _failure(error: WorkflowTaskError) -> Exception:
    cause = error.__cause__
    if isinstance(cause, NondeterminismError):
        return cause
    failure = RuntimeError(f"the workflow could not be replayed: {cause}")
    failure.__cause__ = cause
    return failure
