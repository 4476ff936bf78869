"""The worker: it runs workflows, activities and Nexus operations of one task queue.

    async with Worker(client, task_queue="nodes", workflows=[AddNode], activities=[create_vm]):
        ...

It checks the namespace, starts its sides, and ends when it is told to, when it is cancelled, or when one of its sides
cannot go on. At its end, the server is told first, so that no task is on its way to a worker that has gone.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import warnings
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, ShutdownWorkerRequest

from mainspring.service import RPCError
from mainspring.worker._activity_shared_state import SharedStateManager
from mainspring.worker._build_id import load_default_build_id
from mainspring.worker._deployment import WorkerDeploymentConfig
from mainspring.worker._interceptor import Interceptor
from mainspring.worker._plugin import Plugin
from mainspring.worker._poller_behavior import (
    PollerBehavior,
    PollerBehaviorAutoscaling,
    PollerBehaviorSimpleMaximum,
)
from mainspring.worker._tuning import WorkerTuner
from mainspring.worker._worker_checks import check
from mainspring.worker._worker_config import WorkerConfig
from mainspring.worker._worker_parts import WorkerParts, runtime_of, service_client_of
from mainspring.worker._workflow_runner import (
    PatchActivationInput,
    SandboxedWorkflowRunner,
    UnsandboxedWorkflowRunner,
    WorkflowRunner,
)

if TYPE_CHECKING:
    from mainspring.client import Client

__all__ = [
    "PollerBehavior",
    "PollerBehaviorAutoscaling",
    "PollerBehaviorSimpleMaximum",
    "Worker",
    "WorkerConfig",
    "WorkerDeploymentConfig",
    "load_default_build_id",
]

logger = logging.getLogger("mainspring.worker")

VALIDATED_WITHIN = timedelta(seconds=10)
SERVER_TOLD_WITHIN = timedelta(seconds=2)
PLUGINS_END_WITHIN = timedelta(seconds=60)
FIVE_POLLS = PollerBehaviorSimpleMaximum(maximum=5)
SANDBOXED = SandboxedWorkflowRunner()
UNSANDBOXED = UnsandboxedWorkflowRunner()


class Worker:
    """See the module. A worker runs once: by `run` and `shutdown`, or as `async with`."""

    def __init__(
        self,
        client: Client,
        *,
        task_queue: str,
        activities: Sequence[Callable[..., Any]] = [],
        nexus_service_handlers: Sequence[Any] = [],
        workflows: Sequence[Any] = [],
        activity_executor: concurrent.futures.Executor | None = None,
        workflow_task_executor: concurrent.futures.ThreadPoolExecutor | None = None,
        nexus_task_executor: concurrent.futures.ThreadPoolExecutor | None = None,
        workflow_runner: WorkflowRunner = SANDBOXED,
        unsandboxed_workflow_runner: WorkflowRunner = UNSANDBOXED,
        plugins: Sequence[Plugin] = [],
        interceptors: Sequence[Interceptor] = [],
        build_id: str | None = None,
        identity: str | None = None,
        max_cached_workflows: int = 1000,
        max_concurrent_workflow_tasks: int | None = None,
        max_concurrent_activities: int | None = None,
        max_concurrent_local_activities: int | None = None,
        max_concurrent_nexus_tasks: int | None = None,
        tuner: WorkerTuner | None = None,
        max_concurrent_workflow_task_polls: int | None = None,
        nonsticky_to_sticky_poll_ratio: float = 0.2,
        max_concurrent_activity_task_polls: int | None = None,
        no_remote_activities: bool = False,
        sticky_queue_schedule_to_start_timeout: timedelta = timedelta(seconds=10),
        max_heartbeat_throttle_interval: timedelta = timedelta(seconds=60),
        default_heartbeat_throttle_interval: timedelta = timedelta(seconds=30),
        max_activities_per_second: float | None = None,
        max_task_queue_activities_per_second: float | None = None,
        max_eager_activity_reservations_per_workflow_task: int = 3,
        graceful_shutdown_timeout: timedelta = timedelta(),
        plugin_shutdown_timeout: timedelta | None = PLUGINS_END_WITHIN,
        workflow_failure_exception_types: Sequence[type[BaseException]] = [],
        shared_state_manager: SharedStateManager | None = None,
        debug_mode: bool = False,
        disable_eager_activity_execution: bool = False,
        on_fatal_error: Callable[[BaseException], Awaitable[None]] | None = None,
        use_worker_versioning: bool = False,
        disable_safe_workflow_eviction: bool = False,
        deployment_config: WorkerDeploymentConfig | None = None,
        patch_activation_callback: Callable[[PatchActivationInput], bool] | None = None,
        workflow_task_poller_behavior: PollerBehavior = FIVE_POLLS,
        activity_task_poller_behavior: PollerBehavior = FIVE_POLLS,
        nexus_task_poller_behavior: PollerBehavior = FIVE_POLLS,
        disable_payload_error_limit: bool = False,
        max_workflow_task_external_storage_concurrency: int = 3,
    ) -> None:
        """Make a worker; it does nothing before `run`. The options mean what they mean in the official SDK.

        Raises:
            ValueError: Options that do not fit, two workflows or activities of one name, what is no workflow, or a
                `def` activity without an executor.
            TypeError: What is no activity, two dynamic ones, a class in place of a service's object, or a client that
                is none.
            RuntimeError: A client that is lazy, a workflow that its runner cannot prepare, what is no service handler,
                two of one name, or a `def` operation without an executor.
        """
        options = {name: value for name, value in locals().items() if name != "self"}
        config = WorkerConfig(**options)  # type: ignore[typeddict-item]  # the parameters are the keys
        self._initial_config = config.copy()
        self._plugins = _with_those_of_client(client, plugins)
        for plugin in self._plugins:
            config = plugin.configure_worker(config)
        self._config: WorkerConfig = config
        check(config)
        service_client_of(config["client"])
        self._parts = WorkerParts(config)
        self._is_started = False
        self._is_working = False
        self._shutdown_wanted = asyncio.Event()
        self._shutdown_complete = asyncio.Event()
        self._block: _Block | None = None

    def __repr__(self) -> str:
        state = "shut down" if self.is_shutdown else "running" if self.is_running else "not started"
        return f"<Worker on {self.task_queue!r}, {state}>"

    def config(self, *, active_config: bool = False) -> WorkerConfig:
        """A copy of the options that the worker was given; with `active_config`, as plugins changed them."""
        config = (self._config if active_config else self._initial_config).copy()
        config["activities"] = list(config.get("activities", []))
        config["workflows"] = list(config.get("workflows", []))
        return config

    @property
    def task_queue(self) -> str:
        """Where it polls."""
        return self._config["task_queue"]

    @property
    def client(self) -> Client:
        """The client that it calls the server by. Set it to change it; calls that are out go on by the old one."""
        return self._config["client"]

    @client.setter
    def client(self, value: Client) -> None:
        service_client_of(value)
        if runtime_of(value) is not runtime_of(self.client):
            raise ValueError("New client is not on the same runtime as the existing client")
        self._parts.set_client(value)
        self._config["client"] = value

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._is_working and not self.is_shutdown

    @property
    def is_shutdown(self) -> bool:
        """Whether it has ended. It has not at once when it is told to."""
        return self._shutdown_complete.is_set()

    def _set_default_workflow_logic_flag(self, flag: int, *, enabled: bool) -> None:
        """Whether new runs have a numbered change of behaviour that not all have yet. For tests."""
        if self._is_started:
            raise RuntimeError("Cannot set default workflow logic flags after the worker has started")
        (self._parts.default_flags.add if enabled else self._parts.default_flags.discard)(flag)

    # -- the life of a worker

    async def run(self) -> None:
        """Work until `shutdown`, and until all tasks are done then. Cancelling this ends the worker, too.

        Raises:
            RuntimeError: The namespace cannot be reached, it runs already, or one of its sides failed.
        """
        following: Callable[[Worker], Awaitable[None]] = Worker._run
        for plugin in reversed(self._plugins):
            following = partial(_run_by, plugin, following)
        await following(self)

    async def shutdown(self) -> None:
        """Tell the worker to end, and wait until it has. May be called at any time and more than once."""
        self._shutdown_wanted.set()
        await self._shutdown_complete.wait()

    async def _run(self) -> None:
        if self._is_started:
            raise RuntimeError("Already started")
        self._is_started = True
        try:
            self._parts.offer_eager_starts()
            await self._validate()
            await self._parts.make()
            self._is_working = True
            await self._work(self._start_sides())
        finally:
            self._parts.close()
            self._shutdown_complete.set()

    async def _work(self, sides: dict[str, asyncio.Task[None]]) -> None:
        error: BaseException | None = None
        try:
            error = await self._wait(sides)
        except asyncio.CancelledError as cancelled:
            logger.info("Worker cancelled, shutting down")
            error = cancelled
        await self._stop(sides)
        if error is not None:
            raise error

    async def _validate(self) -> None:
        """See that the namespace is there, and learn what it allows."""
        try:
            reply = await self._parts.service.as_service.describe_namespace(
                DescribeNamespaceRequest(namespace=self.client.namespace), retry=True, timeout=VALIDATED_WITHIN
            )
        except RPCError as error:
            raise RuntimeError(f"Worker validation failed: {error}") from error
        self._parts.learn(reply.namespace_info)

    def _start_sides(self) -> dict[str, asyncio.Task[None]]:
        sides = {"Workflow": self._parts.workflows, "Activity": self._parts.activities, "Nexus": self._parts.nexus}
        return {name: asyncio.create_task(side.run()) for name, side in sides.items() if side is not None}

    async def _wait(self, sides: dict[str, asyncio.Task[None]]) -> BaseException | None:
        """Wait until the worker is told to end, or one of its sides does: then this is why."""
        wanted = asyncio.create_task(self._shutdown_wanted.wait())
        try:
            await asyncio.wait([wanted, *sides.values()], return_when=asyncio.FIRST_COMPLETED)
        finally:
            wanted.cancel()
        failed = next(((name, side.exception()) for name, side in sides.items() if side.done()), None)
        if failed is None or failed[1] is None:
            return None
        error = RuntimeError(f"{failed[0]} worker failed")
        error.__cause__ = failed[1]
        logger.error("Worker failed, shutting down", exc_info=error)
        await self._tell_of(error)
        return error

    async def _tell_of(self, error: BaseException) -> None:
        callback = self._config.get("on_fatal_error")
        if callback is None:
            return
        try:
            await callback(error)
        except Exception:
            logger.warning("Fatal error handler failed", exc_info=True)

    async def _stop(self, sides: dict[str, asyncio.Task[None]]) -> None:
        """Take no more tasks, tell the server, let activities and handlers run a while, cancel them, and wait for all.

        Local activities belong to workflow tasks, which are finished: they are not cancelled before those end.
        """
        grace = self._config.get("graceful_shutdown_timeout") or timedelta()
        logger.info("Beginning worker shutdown, will wait %s before cancelling activities", grace)
        parts = self._parts
        parts.withdraw_eager_starts()
        if parts.workflows is not None:
            parts.workflows.stop()
        if parts.activities is not None:
            await parts.activities.stop_polling()
        if parts.nexus is not None:
            parts.nexus.stop_polling()
        await self._tell_server()
        ending = asyncio.create_task(self._end(sides))
        await asyncio.wait([ending], timeout=grace.total_seconds())
        if parts.activities is not None:
            parts.activities.cancel_all()
        if parts.nexus is not None:
            parts.nexus.cancel_all()
        parts.give_up_local_activities()
        await ending

    async def _end(self, sides: dict[str, asyncio.Task[None]]) -> None:
        """Wait for all sides, then for activities that came with the last answers, and for local ones left behind."""
        await asyncio.gather(*sides.values(), return_exceptions=True)
        if self._parts.activities is not None:
            await self._parts.activities.worked()
        await self._parts.local_activities_ended()

    async def _tell_server(self) -> None:
        """The server answers the polls that are out, and gives the sticky queue's tasks to other workers."""
        identity, parts = self._parts.identity, self._parts
        types = {
            TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW: parts.workflows,
            TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY: parts.activities,
            TaskQueueType.TASK_QUEUE_TYPE_NEXUS: parts.nexus,
        }
        request = ShutdownWorkerRequest(
            namespace=identity.namespace,
            sticky_task_queue=parts.workflows.sticky_queue if parts.workflows else "",
            identity=identity.identity,
            reason="graceful shutdown",
            worker_instance_key=identity.instance_key,
            task_queue=identity.task_queue,
            task_queue_types=[kind for kind, side in types.items() if side is not None],
        )
        try:
            await self._parts.service.as_service.shutdown_worker(request, timeout=SERVER_TOLD_WITHIN)
        except RPCError as error:
            logger.debug("the server was not told that the worker stops: %s", error)

    # -- async with

    async def __aenter__(self) -> Self:
        """Run beside the block. If the worker fails, the block is cancelled, and its failure raised at the end."""
        if self._block is not None:
            raise RuntimeError("Already started")
        inner = asyncio.current_task()
        if inner is None:
            raise RuntimeError("Can only use async with inside a task")
        self._block = _Block(self, inner)
        self._parts.offer_eager_starts()  # at once: the block may start a run before the worker has begun
        return self

    async def __aexit__(self, exc_type: type[BaseException] | None, *args: object) -> None:
        """Shut down, and wait for what plugins do after it."""
        if self._block is None:
            raise RuntimeError("Never started")
        await self.shutdown()
        # Plugins may drop the option.
        timeout = self._config.get("plugin_shutdown_timeout", PLUGINS_END_WITHIN)
        await self._block.end(timeout.total_seconds() if timeout else None)
        if exc_type is asyncio.CancelledError and self._block.error is not None:
            raise self._block.error


class _Block:
    """The run of a worker beside an `async with` block."""

    def __init__(self, worker: Worker, inner: asyncio.Task[Any]) -> None:
        self.error: BaseException | None = None
        self._inner = inner
        self._is_ending = False
        self._running = asyncio.create_task(self._run(worker))

    async def end(self, within_s: float | None) -> None:
        """Wait for the run to end; cancel it if it takes longer."""
        self._is_ending = True
        try:
            await asyncio.wait([self._running], timeout=within_s)
        finally:
            if not self._running.done():
                self._running.cancel()
                with suppress(asyncio.CancelledError):
                    await asyncio.wait([self._running], timeout=1)

    async def _run(self, worker: Worker) -> None:
        try:
            await worker.run()
        except BaseException as error:  # noqa: BLE001 - raised where the block ends
            self.error = error
            # Once the block ends, a cancellation would hit what comes after it.
            if not self._is_ending:
                self._inner.cancel()


async def _run_by(plugin: Plugin, following: Callable[[Worker], Awaitable[None]], worker: Worker) -> None:
    await plugin.run_worker(worker, following)


def _with_those_of_client(client: Client, plugins: Sequence[Plugin]) -> list[Plugin]:
    """The client's plugins that are for workers too, then the worker's own."""
    of_client = [plugin for plugin in client.config()["plugins"] if isinstance(plugin, Plugin)]
    for plugin in of_client:
        if type(plugin) in [type(own) for own in plugins]:
            warnings.warn(
                f"The same plugin type {type(plugin)} is present from both client and worker. "
                "It may run twice and may not be the intended behavior.",
                stacklevel=3,
            )
    return [*of_client, *plugins]
