"""Workflow tasks on the wire: polls, completions, failures, sticky queues, the end of a worker.

A poll takes what matching has until one task proves fresh: a stale one is dropped and the poll goes on.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeAlias, TypeVar

from temporalio.api.failure.v1 import Failure, ServerFailureInfo
from temporalio.api.workflowservice.v1 import (
    PollWorkflowTaskQueueRequest,
    PollWorkflowTaskQueueResponse,
    ResetStickyTaskQueueRequest,
    ResetStickyTaskQueueResponse,
    RespondWorkflowTaskCompletedRequest,
    RespondWorkflowTaskCompletedResponse,
    RespondWorkflowTaskFailedRequest,
    RespondWorkflowTaskFailedResponse,
    ShutdownWorkerRequest,
    ShutdownWorkerResponse,
)

from mainspring.server.engine import signal, workflow_task
from mainspring.server.engine.changes import QueueKey, Task, TaskKind
from mainspring.server.engine.errors import NotFound
from mainspring.server.engine.run import Run
from mainspring.server.engine.settings import NamespaceSettings
from mainspring.server.frontend import requests, task_replies, task_tokens, waits
from mainspring.server.frontend.call import Call, RawReply
from mainspring.server.frontend.namespaces import NamespaceRegistry
from mainspring.server.frontend.polls import Poll, Polls, workflow_poll
from mainspring.server.frontend.queries import Queries
from mainspring.server.history import History
from mainspring.server.history.tokens import TaskToken
from mainspring.server.history.workflow_tasks import CompletedTask, StartedTask
from mainspring.server.matching.matching import Matching
from mainspring.server.matching.records import Handed, Listener, Query

T = TypeVar("T")
TaskToCome: TypeAlias = Coroutine[Any, Any, PollWorkflowTaskQueueResponse]


class WorkflowTasks:
    """See the module."""

    def __init__(self, history: History, matching: Matching, queries: Queries, registry: NamespaceRegistry) -> None:
        self._history = history
        self._matching = matching
        self._queries = queries
        self._registry = registry
        self._polls = Polls(workflow_poll)

    def _settings(self, namespace: str) -> NamespaceSettings:
        return self._history.runs.namespaces.settings(self._registry.served(namespace).id)

    # -- polling

    async def poll_workflow_task_queue(
        self, request: PollWorkflowTaskQueueRequest, call: Call
    ) -> RawReply | PollWorkflowTaskQueueResponse:
        """Wait for a workflow task or a query; empty when there is none in time."""
        settings = self._settings(request.namespace)
        until_s = waits.poll_until_s(call, settings.limits)
        poll = self._polls.read(request, settings)
        while True:
            found = await self._matching.poll(poll.queue, poll.poller, deadline_s=until_s, sticky=poll.is_sticky)
            if found is None:
                return PollWorkflowTaskQueueResponse()
            if isinstance(found, Query):
                reply = await self._queries.task_for(found, is_sticky=poll.is_sticky)
                if reply is not None:
                    return reply
                continue
            started = await self._started(found, poll)
            if started is not None:
                return task_replies.workflow_task(started, backlog=self._matching.backlog_count_hint(poll.queue))

    def listen(
        self, request: PollWorkflowTaskQueueRequest, has_room: Callable[[], bool], take: Callable[[TaskToCome], None]
    ) -> Callable[[], None] | None:
        """Give a worker in this process what this poll would be answered with, whenever a task is started for it.

        `take` is called while the worker `has_room`, and must see to it that what it is given is awaited. Queries and
        tasks that had to wait go to polls, as ever. Returns: what ends it.

        Raises: as the poll does.
        """
        poll = self._polls.read(request, self._settings(request.namespace))

        async def told(handed: Handed) -> PollWorkflowTaskQueueResponse:
            started = await self._handed(handed, poll)
            return task_replies.whole(task_replies.workflow_task(started))

        listener = Listener(poll.poller, has_room, lambda handed: take(told(handed)))
        return self._matching.listen(poll.queue, listener, sticky=poll.is_sticky)

    async def _started(self, found: Task | Handed, poll: Poll) -> StartedTask | None:
        """The task that the poll found, started; None: it was stale."""
        if isinstance(found, Handed):
            return await self._handed(found, poll)
        starting = self._history.workflow_tasks.start(
            found,
            queue=poll.queue.name,
            identity=poll.poller.identity,
            worker_version=poll.stamp,
            page_limit=poll.settings.limits.history_page_count,
        )
        return await start_or_drop(self._matching, found, starting)

    async def _handed(self, handed: Handed, poll: Poll) -> StartedTask:
        page_limit = poll.settings.limits.history_page_count
        return await self._history.workflow_tasks.handed(handed.started, page_limit=page_limit)

    # -- answers

    async def respond_workflow_task_completed(
        self, request: RespondWorkflowTaskCompletedRequest, _call: Call
    ) -> RespondWorkflowTaskCompletedResponse:
        """Commands, messages and query answers of a worker; maybe the next task in return."""
        token = self._token(request.task_token, request.namespace)
        settings = self._history.runs.namespaces.settings(token.run.namespace_id)
        requests.check_length(request.identity, "Identity", settings.limits)
        done = await self._history.workflow_tasks.complete(
            token, request, page_limit=settings.limits.history_page_count
        )
        return self._completed(done, token, settings)

    def _completed(
        self, done: CompletedTask, token: TaskToken, settings: NamespaceSettings
    ) -> RespondWorkflowTaskCompletedResponse:
        response = RespondWorkflowTaskCompletedResponse(reset_history_event_id=done.completed.reset_to_event_id)
        if done.next_task is not None:
            response.workflow_task.CopyFrom(task_replies.whole(task_replies.workflow_task(done.next_task)))
        for activity, scheduled in done.eager_activities:
            task_replies.fill_activity_task(
                response.activity_tasks.add(),
                (token.run, activity, scheduled),
                namespace=settings.name,
                workflow_type=done.workflow_type,
            )
        return response

    async def respond_workflow_task_failed(
        self, request: RespondWorkflowTaskFailedRequest, _call: Call
    ) -> RespondWorkflowTaskFailedResponse:
        """A worker cannot handle its task; another attempt follows."""
        token = self._token(request.task_token, request.namespace)
        settings = self._history.runs.namespaces.settings(token.run.namespace_id)
        requests.check_length(request.identity, "Identity", settings.limits)
        if request.failure.ByteSize() > settings.limits.blob_size_error_bytes:
            request.failure.CopyFrom(server_failure("Failure exceeds size limit."))
        await self._history.workflow_tasks.fail(token, request)
        return RespondWorkflowTaskFailedResponse()

    def _token(self, token: bytes, namespace: str) -> TaskToken:
        return task_tokens.token_of(self._registry, token, TaskKind.WORKFLOW, namespace)

    # -- sticky queues

    async def reset_sticky_task_queue(
        self, request: ResetStickyTaskQueueRequest, _call: Call
    ) -> ResetStickyTaskQueueResponse:
        """The run's worker has dropped it from its cache."""
        settings = self._settings(request.namespace)
        requests.check_execution(request.execution, is_set=request.HasField("execution"))

        def reset(run: Run) -> None:
            signal.check_running(run)
            workflow_task.clear_sticky(run)

        execution = request.execution
        await self._history.runs.change_named(settings.id, execution.workflow_id, execution.run_id, reset)
        return ResetStickyTaskQueueResponse()

    async def shutdown_worker(self, request: ShutdownWorkerRequest, _call: Call) -> ShutdownWorkerResponse:
        """A worker ends: its sticky queue goes, and its polls are answered empty."""
        settings = self._settings(request.namespace)
        if request.worker_instance_key and settings.limits.cancels_polls_on_shutdown:
            self._matching.cancel_polls(request.worker_instance_key)
        if request.sticky_task_queue:
            self._matching.forget_queue(QueueKey(settings.id, request.sticky_task_queue, TaskKind.WORKFLOW))
        return ShutdownWorkerResponse()


async def start_or_drop(matching: Matching, task: Task, starting: Awaitable[T]) -> T | None:
    """Start a task that a poll took. Returns: what it became; None: it was stale and is dropped, so the poll goes on.

    Raises: what `starting` does; the task is then given back, for another poller.
    """
    try:
        return await starting
    except NotFound:
        matching.drop(task)
        return None
    except BaseException:
        matching.offer(task)
        raise


def server_failure(message: str) -> Failure:
    """Stands in for a failure that is too large to be kept."""
    return Failure(message=message, source="Server", server_failure_info=ServerFailureInfo(non_retryable=True))
