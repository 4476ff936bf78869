"""The workflow side of a worker: what it polls for, and the runs that it holds.

run()   polls on the task queue, and on a sticky queue of its own for runs that it holds      stop()
"""

from __future__ import annotations

import concurrent.futures
import uuid
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import TypeAlias

import msgspec
from temporalio.api.deployment.v1 import WorkerDeploymentOptions
from temporalio.api.enums.v1 import TaskQueueKind
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import PollWorkflowTaskQueueRequest, PollWorkflowTaskQueueResponse

from mainspring.service import WorkflowService
from mainspring.service._client import TaskToCome
from mainspring.worker._activating import ThreadActivator, activate_inline
from mainspring.worker._activating_here import ActivatorHere
from mainspring.worker._cached_run import Activate, CachedRun
from mainspring.worker._poller_behavior import PollerBehavior, PollerBehaviorSimpleMaximum
from mainspring.worker._pollers import POLLS_END_WITHIN_S, Listen, PolledQueue, Pollers
from mainspring.worker._run_cache import RunCache
from mainspring.worker._run_details import RunDetails
from mainspring.worker._slots import Slots, UsedByWorkflow
from mainspring.worker._worker_metrics import WorkerMetrics
from mainspring.worker._workflow_answers import Answerer
from mainspring.worker._workflow_tasks import TaskOptions, WorkflowTasks
from mainspring.workflow._definition import Definition

POLL_TIMEOUT = timedelta(seconds=70)


class WorkflowOptions(msgspec.Struct, kw_only=True, frozen=True):
    """How a worker does workflow tasks."""

    identity: str
    most_cached: int = 1000  # runs; 0 = none is kept
    polls: PollerBehavior = PollerBehaviorSimpleMaximum()
    polls_end_within_s: float = POLLS_END_WITHIN_S  # at a stop
    task_queue_share: float = 0.2  # of a fixed number of polls; the others are on the sticky queue
    sticky_timeout: timedelta = timedelta(seconds=10)  # how long a task waits for the worker that holds its run
    binary_checksum: str = ""
    build_id: str = ""  # for the history, unless the deployment says it
    deployment: WorkerDeploymentOptions | None = None
    worker_instance_key: str = ""
    is_inline: bool = False  # workflow code runs in the event loop's thread, unwatched
    is_here: bool = False  # it runs there as long as it is brief, watched
    has_deadlock_detection: bool = True


ListenToServer: TypeAlias = Callable[
    [PollWorkflowTaskQueueRequest, Callable[[], bool], Callable[[TaskToCome], None]], Callable[[], None] | None
]
"""See `ServiceClient.listen_for_workflow_tasks`."""


class WorkflowResources(msgspec.Struct, kw_only=True, frozen=True):
    """What a worker does workflow tasks with."""

    executor: concurrent.futures.Executor  # for workflow code
    slots: Slots
    tasks: TaskOptions
    metrics: WorkerMetrics
    listen: ListenToServer | None = None


class WorkflowWorker:
    """See the module."""

    def __init__(
        self,
        service: WorkflowService,
        definitions: Mapping[str | None, Definition],
        details: RunDetails,
        options: WorkflowOptions,
        resources: WorkflowResources,
    ) -> None:
        self._service = service
        self._definitions = definitions
        self._details = details
        self._options = options
        self._metrics = resources.metrics
        self._listen_to_server = resources.listen
        self._cache = RunCache(options.most_cached, self._make_run, self._unwind)
        self.sticky_queue = f"{options.identity}-{uuid.uuid4().hex}" if options.most_cached else ""
        self._pollers = Pollers("workflow tasks", resources.slots, end_within_s=options.polls_end_within_s)
        self._tasks = WorkflowTasks(
            service,
            self._answerer(),
            self._cache,
            self._activate(resources.executor),
            resources.tasks,
        )
        for queue in self._queues():
            self._pollers.add(queue)

    async def run(self) -> None:
        """Poll and work until `stop`.

        Raises:
            RPCError: The server refuses this worker for good.
        """
        try:
            await self._pollers.run()
        finally:
            self._cache.clear()

    def start_eagerly(self, polled: PollWorkflowTaskQueueResponse) -> None:
        """Do the first task of a run that a client of this worker started, as soon as there is a slot."""
        used_by = UsedByWorkflow(polled.workflow_type.name, False)
        self._pollers.begin_when_free(partial(self._tasks.handle, polled), used_by)

    def listen_anew(self) -> None:
        """The worker has another client."""
        self._pollers.listen_anew()

    def stop(self) -> None:
        """Take no more tasks; `run` returns when those at work are done."""
        self._tasks.takes_more = False
        self._pollers.stop()

    def give_up_local_activities(self) -> None:
        """Cancel those that outlast their workflow task: another worker does them, from their beginning."""
        self._tasks.keeps_local_activities = False

    # -- parts

    def _queues(self) -> list[PolledQueue[PollWorkflowTaskQueueResponse]]:
        normal = TaskQueue(name=self._details.task_queue)
        normal_polls, sticky_polls = self._shares()
        queues = [self._queue(normal, normal_polls)]
        if self.sticky_queue:
            kind = TaskQueueKind.TASK_QUEUE_KIND_STICKY
            sticky = TaskQueue(name=self.sticky_queue, kind=kind, normal_name=normal.name)
            queues.append(self._queue(sticky, sticky_polls))
        return queues

    def _shares(self) -> tuple[PollerBehavior, PollerBehavior]:
        """The polls on the task queue, and those on the sticky queue."""
        polls = self._options.polls
        if not isinstance(polls, PollerBehaviorSimpleMaximum) or not self.sticky_queue:
            return polls, polls
        normal = max(1, int(polls.maximum * self._options.task_queue_share))
        sticky = max(1, polls.maximum - normal)
        return PollerBehaviorSimpleMaximum(normal), PollerBehaviorSimpleMaximum(sticky)

    def _queue(self, queue: TaskQueue, polls: PollerBehavior) -> PolledQueue[PollWorkflowTaskQueueResponse]:
        request = self._poll_request(queue)
        is_sticky = queue.kind == TaskQueueKind.TASK_QUEUE_KIND_STICKY
        return PolledQueue(
            poll=self._metrics.polls(
                lambda: self._service.poll_workflow_task_queue(request, timeout=POLL_TIMEOUT),
                "sticky_workflow_task" if is_sticky else "workflow_task",
                self._metrics.workflows.polled,
            ),
            listen=self._listen(request) if is_sticky else None,
            handle=self._tasks.handle,
            used_by=lambda polled: UsedByWorkflow(polled.workflow_type.name, is_sticky),
            behavior=polls,
            is_sticky=is_sticky,
        )

    def _listen(self, request: PollWorkflowTaskQueueRequest) -> Listen[PollWorkflowTaskQueueResponse] | None:
        if self._listen_to_server is None:
            return None
        return self._metrics.heard(partial(self._listen_to_server, request), self._metrics.workflows.polled)

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
            sticky_queue=self.sticky_queue,
            sticky_timeout_ns=round(options.sticky_timeout.total_seconds() * 1e9),
            binary_checksum=options.binary_checksum,
            build_id=options.build_id,
            deployment=options.deployment,
            worker_instance_key=options.worker_instance_key,
        )

    def _make_run(self, workflow_id: str, run_id: str) -> CachedRun:
        return CachedRun(self._details, self._definitions, workflow_id, run_id)

    def _unwind(self, run: CachedRun) -> None:
        if not run.replay.has_ended and not self._pollers.is_stopping:
            self._metrics.workflows.evicted()
        run.evict()

    def _activate(self, executor: concurrent.futures.Executor) -> Activate:
        if self._options.is_inline:
            return activate_inline
        watch = {} if self._options.has_deadlock_detection else {"deadlock_s": None}
        on_threads = ThreadActivator(executor, **watch)
        return ActivatorHere(on_threads, **watch).activate if self._options.is_here else on_threads.activate
