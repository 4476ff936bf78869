"""One workflow task from its poll to its answer.

    handle(poll reply) -> the run from the cache, or replayed -> workflow code -> answer, or a failure
                       -> the next task of the run, if the server gives it at once

While local activities run, a task that nears its timeout is answered as it stands and a new one is asked for, so that
the server sees that the worker lives. A run whose answer the server does not take is thrown away: what workflow code
believes did not happen.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

import msgspec
from temporalio.api.command.v1 import Command
from temporalio.api.enums.v1 import CommandType, VersioningBehavior, WorkflowTaskFailedCause
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflowservice.v1 import (
    GetWorkflowExecutionHistoryRequest,
    PollWorkflowTaskQueueResponse,
    RespondWorkflowTaskCompletedRequest,
    RespondWorkflowTaskCompletedResponse,
)

from mainspring.converter import (
    DataConverter,
    StorageDriverStoreContext,
    StorageDriverWorkflowInfo,
    WorkflowSerializationContext,
)
from mainspring.exceptions import ApplicationError
from mainspring.replay.core import HistoryGap
from mainspring.replay.divergence import Divergence
from mainspring.replay.task import LEGACY_QUERY, Answer, Task
from mainspring.service import RPCError, RPCStatusCode, WorkflowService
from mainspring.worker._cached_run import Activate, CachedRun, RunLocal, WorkflowTaskError
from mainspring.worker._eager import EagerActivities
from mainspring.worker._payload_codec import TaskCodec
from mainspring.worker._payload_limits import PayloadsTooLargeError, SizeLimits
from mainspring.worker._run_cache import RunCache
from mainspring.worker._workflow_answers import Answerer
from mainspring.worker._workflow_metrics import WorkflowMetrics
from mainspring.workflow._exceptions import NondeterminismError

logger = logging.getLogger("mainspring.worker")

Cause = WorkflowTaskFailedCause
NON_DETERMINISTIC = Cause.WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR
TOO_LARGE = Cause.WORKFLOW_TASK_FAILED_CAUSE_PAYLOADS_TOO_LARGE
UNHANDLED = Cause.WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE
UNKNOWN_COMMAND = "unknown command type"  # of a server that lacks what workflow code asks for
ANSWER_AT = 0.8  # of the workflow task's timeout, if local activities still run then


class TaskOptions(msgspec.Struct, kw_only=True, frozen=True):
    """What is done around workflow code."""

    data_converter: DataConverter
    limits: SizeLimits
    eager: EagerActivities
    run_local: RunLocal
    metrics: WorkflowMetrics
    encodes_headers: bool = False
    most_stored_at_once: int = 1  # parts of a task, in external storage
    default_versioning_behavior: int = 0  # `VersioningBehavior` of workflows that say nothing


class WorkflowTasks:
    """Handles the workflow tasks of one worker."""

    def __init__(
        self,
        service: WorkflowService,
        answerer: Answerer,
        cache: RunCache,
        activate: Activate,
        options: TaskOptions,
    ) -> None:
        self.takes_more = True  # tasks that the server would give along with the reply to an answer, or later
        self.keeps_local_activities = True  # that outlast their workflow task; else another worker begins them again
        self._service = service
        self._answerer = answerer
        self._cache = cache
        self._activate = activate
        self._converter = options.data_converter
        self._codec = TaskCodec(
            options.data_converter,
            encodes_headers=options.encodes_headers,
            most_stored_at_once=options.most_stored_at_once,
        )
        self._default_versioning_behavior = options.default_versioning_behavior
        self._limits = options.limits
        self._run_local = options.run_local
        self._eager = options.eager
        self._metrics = options.metrics

    async def handle(self, polled: PollWorkflowTaskQueueResponse) -> None:
        """Do the task, and those that the server gives with its answers."""
        execution = polled.workflow_execution
        is_done = False
        while not is_done:
            run = self._cache.get(execution.workflow_id, execution.run_id)
            async with run.lock:
                if run.is_blocked:
                    return  # the task is left to its timeout; by then the thread may be free
                if run.blocked_thread is not None:
                    self._cache.drop(run)
                if self._cache.holds(run):
                    await self._handle_all(polled, run)
                    is_done = True

    async def _handle_all(self, polled: PollWorkflowTaskQueueResponse, run: CachedRun) -> None:
        following: PollWorkflowTaskQueueResponse | None = polled
        while following is not None:
            following = await self._handle_one(following, run)
            if run.is_lost and not run.is_blocked:
                self._cache.drop(run)
        self._cache.used(run)
        self._metrics.holds(len(self._cache))

    async def _handle_one(
        self, polled: PollWorkflowTaskQueueResponse, run: CachedRun
    ) -> PollWorkflowTaskQueueResponse | None:
        began = time.monotonic()
        try:
            await self._begin(polled, run)
            return await self._work(polled, run, began)
        except Exception as error:
            logger.debug("a workflow task of run %s failed", run.run_id, exc_info=error)
            run.is_lost = True
            await self._fail(polled, run, error, began)
            return None

    # -- the history

    async def _begin(self, polled: PollWorkflowTaskQueueResponse, run: CachedRun) -> None:
        """Give the run its task, with the whole history if it needs that."""
        if run.codec is None:
            run.codec = self._codec.of_run(self._answerer.namespace, run.workflow_id, run.run_id)
        await run.codec.decode_task(polled)
        self._count_cache_use(polled, run)
        events = await self._events(polled, run)
        if not events and run.is_new:  # a query for a run that was thrown out of the cache
            events = await self._whole_history(polled, run)
        try:
            run.begin(self._task(polled, events))
        except HistoryGap:
            run.reset()
            run.begin(self._task(polled, await self._whole_history(polled, run)))

    def _count_cache_use(self, polled: PollWorkflowTaskQueueResponse, run: CachedRun) -> None:
        if not self._metrics.is_counting:
            return
        is_partial = not polled.history.events or polled.history.events[0].event_id > 1
        if is_partial or not run.is_new:
            self._metrics.found(polled.workflow_type.name, is_cached=not run.is_new)

    async def _events(self, polled: PollWorkflowTaskQueueResponse, run: CachedRun) -> list[HistoryEvent]:
        events = polled.history.events[:]
        token = polled.next_page_token
        while token:
            token = await self._read_page(polled, run, token, events)
        return events

    async def _whole_history(self, polled: PollWorkflowTaskQueueResponse, run: CachedRun) -> list[HistoryEvent]:
        events: list[HistoryEvent] = []
        token = await self._read_page(polled, run, b"", events)
        while token:
            token = await self._read_page(polled, run, token, events)
        last = polled.started_event_id
        return [event for event in events if not last or event.event_id <= last]

    async def _read_page(
        self, polled: PollWorkflowTaskQueueResponse, run: CachedRun, token: bytes, events: list[HistoryEvent]
    ) -> bytes:
        request = GetWorkflowExecutionHistoryRequest(
            namespace=self._answerer.namespace, execution=polled.workflow_execution, next_page_token=token
        )
        page = await self._service.get_workflow_execution_history(request, retry=True)
        assert run.codec is not None, "made when the task began"
        await run.codec.decode_history(page.history)
        events.extend(page.history.events)
        return page.next_page_token

    def _task(self, polled: PollWorkflowTaskQueueResponse, events: Sequence[HistoryEvent]) -> Task:
        return Task(
            events=events,
            previous_started_event_id=polled.previous_started_event_id,
            messages=polled.messages,
            queries=polled.queries,
            legacy_query=polled.query if polled.HasField("query") else None,
        )

    # -- the work

    async def _work(
        self, polled: PollWorkflowTaskQueueResponse, run: CachedRun, began: float
    ) -> PollWorkflowTaskQueueResponse | None:
        await run.advance(self._activate)
        while run.replay.is_waiting_for_local_activities:
            left_s = began + run.task_timeout_s * ANSWER_AT - time.monotonic()
            if not await run.finish_local_activities(self._run_local, left_s):
                run.is_lost = not self.keeps_local_activities
                return await self._answer(polled, run, began, force_new=True)
            await run.advance(self._activate)
        if polled.previous_started_event_id:
            self._metrics.replayed(run.workflow_type, run.replaying_s)
        return await self._answer(polled, run, began)

    async def _answer(
        self, polled: PollWorkflowTaskQueueResponse, run: CachedRun, began: float, *, force_new: bool = False
    ) -> PollWorkflowTaskQueueResponse | None:
        assert run.codec is not None, "made when the task began"
        answer = run.replay.answer()
        if polled.HasField("query"):
            found = next((one for one in answer.queries if one.query_id == LEGACY_QUERY), None)
            request = self._answerer.query_answered(polled, found)
            await run.codec.encode_answer(request)
            self._limits.check(request)
            await self._service.respond_query_task_completed(request, retry=True)
            self._metrics.answered(run.workflow_type, (), began, run.started_at)
            return None
        completed = self._completed(polled, answer, force_new=force_new)
        await run.codec.encode_answer(completed)
        self._limits.fail_queries(completed)
        self._limits.check(completed)
        permits = self._eager.ask(completed.commands)
        reply = RespondWorkflowTaskCompletedResponse()
        try:
            reply = await self._service.respond_workflow_task_completed(completed, retry=True)
        except RPCError as error:
            if UNKNOWN_COMMAND in error.message:
                raise  # no server would take it from another try, so it fails the task, where people look
            run.is_lost = True
            self._log_refused(run, error)
            return None
        finally:
            self._eager.begin(permits, reply.activity_tasks)
        self._metrics.answered(run.workflow_type, answer.commands, began, run.started_at)
        if reply.reset_history_event_id:
            run.replay.rewind(reply.reset_history_event_id)
        if run.replay.has_ended:
            run.is_lost = True  # nothing can come any more but a query, for which it is replayed
        return reply.workflow_task if reply.HasField("workflow_task") else None

    def _completed(
        self, polled: PollWorkflowTaskQueueResponse, answer: Answer, *, force_new: bool
    ) -> RespondWorkflowTaskCompletedRequest:
        completed = self._answerer.completed(polled, answer, force_new=force_new)
        if not (self.takes_more or (force_new and self.keeps_local_activities)):
            completed.return_new_workflow_task = False
            completed.ClearField("sticky_attributes")  # the next task would wait for this worker in vain
        if not answer.versioning_behavior and self._default_versioning_behavior:
            completed.versioning_behavior = VersioningBehavior.ValueType(self._default_versioning_behavior)
        return completed

    def _log_refused(self, run: CachedRun, error: RPCError) -> None:
        """NOT_FOUND and the like are everyday life: the task timed out, or the run ended meanwhile."""
        everyday = {RPCStatusCode.NOT_FOUND, RPCStatusCode.INVALID_ARGUMENT}
        level = logging.DEBUG if error.status in everyday else logging.WARNING
        logger.log(level, "the answer to a workflow task of run %s was refused: %s", run.run_id, error)

    # -- failing

    async def _fail(
        self, polled: PollWorkflowTaskQueueResponse, run: CachedRun, error: Exception, began: float
    ) -> None:
        cause, reason = self._cause_of(error)
        self._metrics.failed(run.workflow_type, cause, began)
        if not isinstance(error, WorkflowTaskError):
            logger.warning(
                "a workflow task of run %s (workflow %s) failed", run.run_id, run.workflow_id, exc_info=reason
            )
        failure = await self._failure_of(reason, run)
        try:
            if polled.HasField("query"):
                await self._service.respond_query_task_completed(
                    self._answerer.query_failed(polled, failure), retry=True
                )
            elif self._ends_run(error, reason, run):
                await self._service.respond_workflow_task_completed(self._ended(polled, failure), retry=True)
            elif polled.attempt <= 1:
                # Only the first failure is told: a server gives a failed task back at once, and pauses only after tasks
                # that time out. So a run that cannot go on costs a try now and then, not a processor.
                await self._service.respond_workflow_task_failed(
                    self._answerer.failed(polled, cause, failure), retry=True
                )
        except RPCError as refused:
            self._log_refused(run, refused)

    def _ends_run(self, error: Exception, reason: BaseException, run: CachedRun) -> bool:
        """Whether the run fails, rather than the task: the worker says so, or a converter or codec does."""
        if isinstance(reason, NondeterminismError):
            return run.fails_on(reason)
        return not isinstance(error, WorkflowTaskError) and isinstance(error, ApplicationError) and error.non_retryable

    def _cause_of(self, error: Exception) -> tuple[WorkflowTaskFailedCause.ValueType, BaseException]:
        if isinstance(error, Divergence):
            return NON_DETERMINISTIC, NondeterminismError(str(error))
        if isinstance(error, WorkflowTaskError) and error.__cause__ is not None:
            is_divergence = isinstance(error.__cause__, NondeterminismError)
            return NON_DETERMINISTIC if is_divergence else UNHANDLED, error.__cause__
        return TOO_LARGE if isinstance(error, PayloadsTooLargeError) else UNHANDLED, error

    async def _failure_of(self, error: BaseException, run: CachedRun) -> Failure:
        failure = Failure()
        own = WorkflowSerializationContext(namespace=self._answerer.namespace, workflow_id=run.workflow_id)
        target = StorageDriverWorkflowInfo(
            namespace=self._answerer.namespace, id=run.workflow_id, run_id=run.run_id, type=run.workflow_type or None
        )
        try:
            converter = self._converter._with_contexts(own, StorageDriverStoreContext(target))  # pyright: ignore[reportPrivateUsage] - the official name
            await converter.encode_failure(error, failure)
        except Exception as inner:
            logger.exception("failed converting the failure of a workflow task")
            failure.Clear()
            failure.message = f"Failed converting activation exception: {inner}"
            failure.application_failure_info.SetInParent()
        return failure

    def _ended(self, polled: PollWorkflowTaskQueueResponse, failure: Failure) -> RespondWorkflowTaskCompletedRequest:
        """The run fails, since its worker says that such an error ends runs."""
        command = Command(command_type=CommandType.COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION)
        command.fail_workflow_execution_command_attributes.failure.CopyFrom(failure)
        nothing = Answer(
            commands=[command], messages=[], queries=[], core_flags=[], language_flags=[], versioning_behavior=0
        )
        return self._answerer.completed(polled, nothing)
