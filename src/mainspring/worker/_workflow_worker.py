"""The workflow side of a worker: it polls for workflow tasks, does them, and stops without losing one.

    run()   polls on the task queue, and on a sticky queue of its own for runs that it holds      stop()

A slot is taken before a poll, so that no task is accepted that would have to wait. At a stop the server is told first:
it answers the polls, so that no task is on its way to a worker that has gone.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

import msgspec
from temporalio.api.deployment.v1 import WorkerDeploymentOptions
from temporalio.api.enums.v1 import TaskQueueKind
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    PollActivityTaskQueueResponse,
    PollWorkflowTaskQueueRequest,
    PollWorkflowTaskQueueResponse,
    ShutdownWorkerRequest,
)

from mainspring.service import RPCError, RPCStatusCode, WorkflowService
from mainspring.worker._activating import ThreadActivator, activate_inline
from mainspring.worker._cached_run import Activate, CachedRun, RunLocal
from mainspring.worker._run_cache import RunCache
from mainspring.worker._run_details import RunDetails
from mainspring.worker._workflow_answers import Answerer
from mainspring.worker._workflow_tasks import WorkflowTasks
from mainspring.workflow._definition import Definition

logger = logging.getLogger("mainspring.worker")

POLL_TIMEOUT = timedelta(seconds=70)
POLLS_END_WITHIN_S = 2.0  # after the server was told that the worker stops
RETRY_POLL_AFTER_S = (0.2, 0.5, 1.0, 2.0, 5.0)
FATAL = {RPCStatusCode.INVALID_ARGUMENT, RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNIMPLEMENTED}


class WorkflowOptions(msgspec.Struct, kw_only=True, frozen=True):
    """How a worker does workflow tasks."""

    identity: str
    most_cached: int = 1000  # runs; 0 = none is kept
    most_tasks: int = 100  # at once
    polls: int = 4  # on the task queue
    sticky_polls: int = 1
    sticky_timeout: timedelta = timedelta(seconds=10)  # how long a task waits for the worker that holds its run
    binary_checksum: str = ""
    deployment: WorkerDeploymentOptions | None = None
    worker_instance_key: str = ""
    is_inline: bool = False  # workflow code runs in the event loop's thread, unwatched
    has_deadlock_detection: bool = True


class WorkflowWorker:
    """See the module."""

    def __init__(
        self,
        service: WorkflowService,
        definitions: Mapping[str | None, Definition],
        details: RunDetails,
        options: WorkflowOptions,
        *,
        executor: concurrent.futures.Executor,
        run_local: RunLocal,
        start_eagerly: Callable[[Sequence[PollActivityTaskQueueResponse]], None],
    ) -> None:
        self._service = service
        self._definitions = definitions
        self._details = details
        self._options = options
        self._slots = asyncio.Semaphore(options.most_tasks)
        self._cache = RunCache(options.most_cached, self._make_run, CachedRun.evict)
        self._sticky_queue = f"{options.identity}-{uuid.uuid4().hex}" if options.most_cached else ""
        self._polls: set[asyncio.Task[None]] = set()
        self._working: set[asyncio.Task[None]] = set()
        self._is_stopping = False
        self._tasks = WorkflowTasks(
            service,
            self._answerer(),
            self._cache,
            self._activate(executor),
            data_converter=details.data_converter,
            run_local=run_local,
            start_eagerly=start_eagerly,
        )

    async def run(self) -> None:
        """Poll and work until `stop`.

        Raises:
            RPCError: The server refuses this worker for good.
        """
        normal = TaskQueue(name=self._details.task_queue)
        queues = [normal] * self._options.polls
        if self._sticky_queue:
            kind = TaskQueueKind.TASK_QUEUE_KIND_STICKY
            sticky = TaskQueue(name=self._sticky_queue, kind=kind, normal_name=normal.name)
            queues += [sticky] * self._options.sticky_polls
        self._polls = {asyncio.create_task(self._poll(queue)) for queue in queues}
        try:
            done, _ = await asyncio.wait(self._polls, return_when=asyncio.FIRST_EXCEPTION)
        finally:
            await self._end()
        for poll in done:
            if not poll.cancelled():
                poll.result()

    async def stop(self) -> None:
        """Take no more tasks; `run` returns when those at work are done."""
        self._is_stopping = True
        request = ShutdownWorkerRequest(
            namespace=self._details.namespace,
            sticky_task_queue=self._sticky_queue,
            identity=self._options.identity,
            reason="graceful shutdown",
        )
        try:
            await self._service.shutdown_worker(request, timeout=timedelta(seconds=POLLS_END_WITHIN_S))
        except RPCError as error:
            logger.debug("the server was not told that the worker stops: %s", error)
        if self._polls:
            await asyncio.wait(self._polls, timeout=POLLS_END_WITHIN_S)
        for poll in self._polls:
            poll.cancel()

    async def _end(self) -> None:
        for poll in self._polls:
            poll.cancel()
        await asyncio.gather(*self._polls, return_exceptions=True)
        await asyncio.gather(*self._working, return_exceptions=True)
        self._cache.clear()

    async def _poll(self, queue: TaskQueue) -> None:
        failures = 0
        request = self._poll_request(queue)
        while not self._is_stopping:
            await self._slots.acquire()
            try:
                polled = await self._service.poll_workflow_task_queue(request, timeout=POLL_TIMEOUT)
            except RPCError as error:
                self._slots.release()
                failures += 1
                await self._after_failure(error, failures)
                continue
            except BaseException:
                self._slots.release()
                raise
            failures = 0
            if polled.task_token:
                self._begin(polled)
            else:
                self._slots.release()

    async def _after_failure(self, error: RPCError, failures: int) -> None:
        if self._is_stopping:
            return
        if error.status in FATAL:
            raise error
        if error.status not in {RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED}:
            logger.warning("polling for workflow tasks failed, trying again: %s", error)
        await asyncio.sleep(RETRY_POLL_AFTER_S[min(failures, len(RETRY_POLL_AFTER_S)) - 1])

    def _begin(self, polled: PollWorkflowTaskQueueResponse) -> None:
        working = asyncio.create_task(self._tasks.handle(polled))
        self._working.add(working)
        working.add_done_callback(self._done)

    def _done(self, working: asyncio.Task[None]) -> None:
        self._working.discard(working)
        self._slots.release()
        if not working.cancelled() and (error := working.exception()) is not None:
            logger.error("a workflow task was lost", exc_info=error)

    # -- parts

    def _poll_request(self, queue: TaskQueue) -> PollWorkflowTaskQueueRequest:
        request = PollWorkflowTaskQueueRequest(
            namespace=self._details.namespace,
            task_queue=queue,
            identity=self._options.identity,
            binary_checksum=self._options.binary_checksum,
            worker_instance_key=self._options.worker_instance_key,
        )
        if self._options.deployment is not None:
            request.deployment_options.CopyFrom(self._options.deployment)
        return request

    def _answerer(self) -> Answerer:
        options = self._options
        return Answerer(
            namespace=self._details.namespace,
            identity=options.identity,
            task_queue=self._details.task_queue,
            sticky_queue=self._sticky_queue,
            sticky_timeout_ns=round(options.sticky_timeout.total_seconds() * 1e9),
            binary_checksum=options.binary_checksum,
            deployment=options.deployment,
            worker_instance_key=options.worker_instance_key,
        )

    def _make_run(self, workflow_id: str, run_id: str) -> CachedRun:
        return CachedRun(self._details, self._definitions, workflow_id, run_id)

    def _activate(self, executor: concurrent.futures.Executor) -> Activate:
        if self._options.is_inline:
            return activate_inline
        if self._options.has_deadlock_detection:
            return ThreadActivator(executor).activate
        return ThreadActivator(executor, None).activate
