"""QueryWorkflow: a worker is asked for a value, in step with everything that happened before.

    a workflow task is pending  -> the query goes with it      (history.queries)
    none is pending             -> straight to a worker's poll (matching), with the history if it is not sticky

Reference: tests/differential/test_queries.py; FEATURES 4.3.
"""

from __future__ import annotations

import asyncio
import time

import msgspec
from temporalio.api.common.v1 import Payloads
from temporalio.api.enums.v1 import QueryRejectCondition, QueryResultType, WorkflowExecutionStatus
from temporalio.api.errordetails.v1 import QueryFailedFailure
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import History as HistoryMessage
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.query.v1 import WorkflowQuery, WorkflowQueryResult
from temporalio.api.workflowservice.v1 import (
    QueryWorkflowRequest,
    QueryWorkflowResponse,
    RespondQueryTaskCompletedRequest,
    RespondQueryTaskCompletedResponse,
)

from mainspring.server.engine import workflow_task
from mainspring.server.engine.changes import QueueKey, RunKey, TaskKind
from mainspring.server.engine.errors import DeadlineExceeded, InvalidArgument, NotFound, QueryFailed, WorkflowNotReady
from mainspring.server.engine.limits import BLOB_TOO_LARGE, Limits
from mainspring.server.engine.run import Run
from mainspring.server.engine.times import SECOND
from mainspring.server.frontend import requests, task_replies, task_tokens
from mainspring.server.frontend.call import Call, RawReply
from mainspring.server.frontend.namespaces import NamespaceRegistry
from mainspring.server.frontend.page_tokens import HistoryToken
from mainspring.server.history import History
from mainspring.server.history.queries import Unblocked
from mainspring.server.history.tokens import QueryToken, query_token
from mainspring.server.matching.matching import Matching
from mainspring.server.matching.records import Answer, Query, StickyWorkerUnavailable

_Reject = QueryRejectCondition
_Status = WorkflowExecutionStatus
LONGEST_S = 60.0
TIMED_OUT = "query timed out before a worker could process it"


class _State(msgspec.Struct, frozen=True, kw_only=True):
    """What decides where a query goes."""

    key: RunKey
    status: int
    is_running: bool
    has_completed_task: bool
    has_pending_task: bool
    first_task_in_ns: int  # 0: it has been scheduled
    attempt: int
    sticky_queue: str
    sticky_timeout_ns: int
    task_queue: str
    workflow_type: str
    previous_started_event_id: int
    next_event_id: int


class Queries:
    """See the module."""

    def __init__(self, history: History, matching: Matching, registry: NamespaceRegistry) -> None:
        self._history = history
        self._matching = matching
        self._registry = registry

    async def query_workflow(self, request: QueryWorkflowRequest, call: Call) -> QueryWorkflowResponse:
        """Ask a run's code for a value."""
        record = self._registry.served(request.namespace)
        limits = self._history.runs.namespaces.settings(record.id).limits
        requests.check_execution(request.execution, is_set=request.HasField("execution"))
        if not request.HasField("query"):
            raise InvalidArgument("WorkflowQuery is not set on request.")
        if not request.query.query_type:
            raise InvalidArgument("QueryType is not set on request.")
        requests.check_blob(request.query.query_args.ByteSize(), limits)
        until_s = call.deadline_s if call.deadline_s is not None else time.monotonic() + LONGEST_S
        execution = request.execution
        state = await self._history.runs.look_named(record.id, execution.workflow_id, execution.run_id, _state_of)
        response = _rejection(state, request.query_reject_condition)
        if response is None:
            _check_can_answer(state, until_s, limits.query_fail_attempt_count)
            response = await self._answer(state, request.query, until_s, limits)
        return response

    async def _answer(
        self, state: _State, query: WorkflowQuery, until_s: float, limits: Limits
    ) -> QueryWorkflowResponse:
        if state.is_running and (state.has_pending_task or not state.has_completed_task):
            result = await self._with_task(state.key, query, until_s, limits.buffered_queries_count)
            if result is not None:
                return _answered(result)
            state = await self._history.runs.look(state.key, _state_of)
            _check_can_answer(state, until_s, limits.query_fail_attempt_count)
        return await self._directly(state, query, until_s)

    async def _with_task(
        self, key: RunKey, query: WorkflowQuery, until_s: float, limit: int
    ) -> WorkflowQueryResult | None:
        """Wait, as one of at most `limit`, for the run's next workflow task to answer.

        Returns: None: it will not, ask directly.
        """
        query_id = self._history.runs.new_id()
        buffered = self._history.queries.add(key.run_id, query_id, query, limit=limit)
        try:
            result = await asyncio.wait_for(buffered.answer, max(0.0, until_s - time.monotonic()))
        except TimeoutError as error:
            raise DeadlineExceeded(TIMED_OUT) from error
        finally:
            self._history.queries.remove(key.run_id, query_id)
        if isinstance(result, InvalidArgument):
            raise result
        return None if isinstance(result, Unblocked) else result

    async def _directly(self, state: _State, query: WorkflowQuery, until_s: float) -> QueryWorkflowResponse:
        if state.sticky_queue:
            answer = await self._of_sticky_worker(state, query, until_s)
            if answer is not None:
                return _told(answer)
        try:
            return _told(await self._matching.ask(self._question(state, query), until_s))
        except DeadlineExceeded as error:
            raise DeadlineExceeded(TIMED_OUT) from error

    async def _of_sticky_worker(self, state: _State, query: WorkflowQuery, until_s: float) -> Answer | None:
        """Ask the worker that has the run in its cache, for as long as a workflow task would wait for it.

        Returns: None: it has gone, or does not answer; the run is not sticky any more.
        """
        sticky_until_s = time.monotonic() + state.sticky_timeout_ns / SECOND
        try:
            return await self._matching.ask(self._question(state, query, is_sticky=True), min(until_s, sticky_until_s))
        except StickyWorkerUnavailable:
            await self._unstick(state)
            return None
        except DeadlineExceeded as error:
            if until_s <= sticky_until_s:
                raise DeadlineExceeded(TIMED_OUT) from error
            await self._unstick(state)
            return None

    def _question(self, state: _State, query: WorkflowQuery, *, is_sticky: bool = False) -> Query:
        name = state.sticky_queue if is_sticky else state.task_queue
        return Query(
            query_id=self._history.runs.new_id(),
            run=state.key,
            queue=QueueKey(state.key.namespace_id, name, TaskKind.WORKFLOW),
            query=query.SerializeToString(),
            normal_queue=state.task_queue if is_sticky else "",
        )

    async def _unstick(self, state: _State) -> None:
        """What comes next for the run goes to its normal queue, unless another worker has it by now."""

        def unstick(run: Run) -> None:
            if run.is_running and run.state.sticky_queue == state.sticky_queue:
                workflow_task.clear_sticky(run)

        await self._history.runs.change(state.key, unstick)

    # -- the worker's side

    async def task_for(self, query: Query, *, is_sticky: bool) -> RawReply | None:
        """The reply to the poll that got `query`; None: the run is gone, nobody can answer."""
        try:
            state, unrecorded = await self._history.runs.look(query.run, _state_and_unrecorded)
        except NotFound:
            self._matching.answer(
                query.query_id, Answer(completed_type=2, error_message="workflow execution not found")
            )
            return None
        parts: list[bytes] = []
        token = b""
        if not is_sticky:
            limit = self._history.runs.namespaces.settings(query.run.namespace_id).limits.history_page_count
            page = await self._history.reader.page(
                query.run, first_event_id=1, before_event_id=state.next_event_id, limit=limit
            )
            parts = [batch.blob for batch in page.batches]
            if page.next_event_id:
                token = HistoryToken(
                    query.run.run_id, page.next_event_id, state.next_event_id, is_for_task=True
                ).encode()
            elif unrecorded:
                parts.append(HistoryMessage(events=unrecorded).SerializeToString())
        return task_replies.query_task(
            task_replies.QueryTask(
                token=QueryToken(query.run.namespace_id, query.query_id).encode(),
                key=query.run,
                workflow_type=state.workflow_type,
                task_queue=state.task_queue,
                query=WorkflowQuery.FromString(query.query),
                previous_started_event_id=state.previous_started_event_id,
                started_event_id=0,
                history=parts,
                next_page_token=token,
                backlog=self._matching.backlog_count_hint(query.queue),
            )
        )

    async def respond_query_task_completed(
        self, request: RespondQueryTaskCompletedRequest, _call: Call
    ) -> RespondQueryTaskCompletedResponse:
        """A worker answers a query that it got on a task of its own."""
        if request.namespace:
            self._registry.named(request.namespace)
        token = query_token(request.task_token)
        task_tokens.check_token_namespace(self._registry, token.namespace_id, request.namespace)
        limits = self._history.runs.namespaces.settings(token.namespace_id).limits
        answer = Answer(
            completed_type=request.completed_type,
            result=request.query_result.SerializeToString(),
            error_message=request.error_message,
            failure=request.failure.SerializeToString() if request.HasField("failure") else b"",
            cause=request.cause,
        )
        if request.query_result.ByteSize() > limits.blob_size_error_bytes:
            answer = Answer(completed_type=QueryResultType.QUERY_RESULT_TYPE_FAILED, error_message=BLOB_TOO_LARGE)
        self._matching.answer(token.query_id, answer)
        return RespondQueryTaskCompletedResponse()


def _state_and_unrecorded(run: Run) -> tuple[_State, list[HistoryEvent]]:
    task = run.state.task
    return _state_of(run), [] if task is None else workflow_task.unrecorded_events(run, task)


def _state_of(run: Run) -> _State:
    state = run.state
    return _State(
        key=run.key,
        status=state.status,
        is_running=run.is_running,
        has_completed_task=state.completed_tasks > 0,
        has_pending_task=state.task is not None,
        first_task_in_ns=max(1, state.first_task_at - run.now) if state.first_task_at else 0,
        attempt=state.next_attempt if state.task is None else state.task.attempt,
        sticky_queue=state.sticky_queue,
        sticky_timeout_ns=state.sticky_timeout_ns,
        task_queue=state.task_queue,
        workflow_type=state.workflow_type,
        previous_started_event_id=state.last_completed_started_event_id,
        next_event_id=run.history.next_event_id,
    )


def _rejection(state: _State, condition: QueryRejectCondition.ValueType) -> QueryWorkflowResponse | None:
    if state.is_running:
        return None
    is_clean = state.status == _Status.WORKFLOW_EXECUTION_STATUS_COMPLETED
    rejects = condition == _Reject.QUERY_REJECT_CONDITION_NOT_OPEN or (
        condition == _Reject.QUERY_REJECT_CONDITION_NOT_COMPLETED_CLEANLY and not is_clean
    )
    if not rejects:
        return None
    response = QueryWorkflowResponse()
    response.query_rejected.status = state.status  # type: ignore[assignment]  # an enum's number
    return response


def _check_can_answer(state: _State, until_s: float, failing_attempt: int) -> None:
    if not state.is_running and not state.has_completed_task:
        raise WorkflowNotReady("Workflow execution closed before WorkflowTaskStarted event")
    if state.first_task_in_ns and state.first_task_in_ns / 1e9 > until_s - time.monotonic():
        raise WorkflowNotReady("Workflow task is not scheduled yet.")
    if state.attempt >= failing_attempt:
        raise WorkflowNotReady("Unable to query workflow due to Workflow Task in failed state.")


def _answered(result: WorkflowQueryResult) -> QueryWorkflowResponse:
    if result.result_type == QueryResultType.QUERY_RESULT_TYPE_ANSWERED:
        return QueryWorkflowResponse(query_result=result.answer if result.HasField("answer") else None)
    raise _failure(result.error_message, result.failure if result.HasField("failure") else None)


def _told(answer: Answer) -> QueryWorkflowResponse:
    if answer.completed_type == QueryResultType.QUERY_RESULT_TYPE_ANSWERED:
        return QueryWorkflowResponse(query_result=Payloads.FromString(answer.result) if answer.result else None)
    raise _failure(answer.error_message, Failure.FromString(answer.failure) if answer.failure else None)


def _failure(message: str, failure: Failure | None) -> QueryFailed:
    return QueryFailed(message, QueryFailedFailure(failure=failure))
