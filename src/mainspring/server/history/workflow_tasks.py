"""Workflow tasks between a run and its worker: started by a poll, completed, failed.

Here the engine's decisions become what a worker gets: history from where its cache ends, messages, queries, a token.
Reference: CONFORMANCE 3.5, 4.4; tests/differential/test_workflow_tasks.py.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence

import msgspec
from temporalio.api.common.v1 import WorkerVersionStamp
from temporalio.api.enums.v1 import CommandType
from temporalio.api.history.v1 import History, HistoryEvent
from temporalio.api.protocol.v1 import Message
from temporalio.api.query.v1 import WorkflowQuery
from temporalio.api.workflowservice.v1 import RespondWorkflowTaskCompletedRequest, RespondWorkflowTaskFailedRequest

from mainspring.server.engine import completion, lost_worker, update, workflow_task
from mainspring.server.engine.changes import EventBatch, Nanos, RunKey, Task, TaskKind
from mainspring.server.engine.completion import Completed, Worker
from mainspring.server.engine.errors import BadCommand, InvalidArgument, NotFound, ServiceError, WorkflowCompleted
from mainspring.server.engine.records import Activity, WorkflowTask
from mainspring.server.engine.run import Run
from mainspring.server.history.ports import TaskSink
from mainspring.server.history.queries import BufferedQueries
from mainspring.server.history.reading import Reader
from mainspring.server.history.runs import Runs
from mainspring.server.history.tokens import TaskToken

log = logging.getLogger(__name__)

CAN = CommandType.COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION


class StartedTask(msgspec.Struct, frozen=True, kw_only=True):
    """A workflow task as its worker gets it."""

    token: bytes
    key: RunKey
    workflow_type: str
    task_queue: str  # the run's normal one
    previous_started_event_id: int
    started_event_id: int
    attempt: int
    scheduled_at: Nanos
    started_at: Nanos
    messages: Sequence[Message]
    queries: Mapping[str, WorkflowQuery]
    history: list[EventBatch]
    unrecorded: list[HistoryEvent]  # to be appended to the last page: they are not in the store
    next_event_id: int  # where the next page of history begins; 0: this is all
    before_event_id: int  # end of what the history holds for this task


class CompletedTask(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker gets for its completion."""

    completed: Completed
    workflow_type: str
    next_task: StartedTask | None
    eager_activities: list[tuple[Activity, HistoryEvent]]


class WorkflowTasks:
    """See the module."""

    def __init__(self, runs: Runs, reader: Reader, queries: BufferedQueries, tasks: TaskSink) -> None:
        self._runs = runs
        self._tasks = tasks
        self._giving_up: set[asyncio.Task[None]] = set()
        self._reader = reader
        self._queries = queries

    # -- starting

    async def start(
        self, task: Task, *, queue: str, identity: str, worker_version: WorkerVersionStamp | None, page_limit: int
    ) -> StartedTask:
        """A poll of `queue` takes a task that matching gave it.

        The worker need not wait until that is durable: if a crash undoes it, the task is ready again, and what the
        worker makes of it is refused as stale.

        Raises: NotFound: the task is stale; take another.
        """
        request_id = self._runs.new_id()
        version_bytes = b"" if worker_version is None else worker_version.SerializeToString()

        def begin(run: Run) -> _Snapshot:
            started = workflow_task.start(
                run,
                ref=task.ref,
                stamp=task.stamp,
                queue=queue,
                identity=identity,
                request_id=request_id,
                worker_version_bytes=version_bytes,
            )
            return _snapshot(run, started, update.send(run, started))

        snapshot = await self._runs.change_soon(task.run, begin, if_undone=lambda: self._tasks.offer(task))
        return await self._started(snapshot, page_limit=page_limit)

    def start_at_once(self, run: Run) -> Callable[[], None] | None:
        """Start the workflow task that a transition has just scheduled, for a poll that waits for it.

        It is committed with what it came of, and otherwise as if the poll had started it. See `runs.StartAtOnce`; what
        is returned is called before anything else may happen.
        """
        if len(run.tasks) != 1:
            return None
        task = run.tasks[0]
        poller = self._tasks.next_poller(task)
        if poller is None:
            return None
        run.tasks.clear()
        run.end_step()
        started = workflow_task.start_scheduled(
            run,
            identity=poller.identity,
            request_id=self._runs.new_id(),
            worker_version_bytes=poller.started_version,
        )
        snapshot = _snapshot(run, started, update.send(run, started))
        return lambda: self._tasks.hand_over(task, snapshot, lambda: self._give_up(snapshot))

    async def handed(self, started: object, *, page_limit: int) -> StartedTask:
        """The task that was started for a poll, as its worker gets it; `started` is what the poll was answered with."""
        assert isinstance(started, _Snapshot), "made by `start_at_once`"
        return await self._started(started, page_limit=page_limit)

    def _give_up(self, snapshot: _Snapshot) -> None:
        """The caller of the poll had gone in the moment in which the task was started for it."""
        giving_up = asyncio.get_running_loop().create_task(self._release(snapshot))
        self._giving_up.add(giving_up)
        giving_up.add_done_callback(self._giving_up.discard)

    async def _release(self, snapshot: _Snapshot) -> None:
        try:
            await self._runs.change(snapshot.key, lambda run: lost_worker.release_task(run, snapshot.task.stamp))
        except ServiceError as error:
            # The task's timeout does the same, later.
            log.warning("a lost workflow task was not released: run=%s error=%s", snapshot.key.run_id, error)

    async def _started(self, snapshot: _Snapshot, *, page_limit: int) -> StartedTask:
        task = snapshot.task
        page = await self._reader.page(
            snapshot.key,
            first_event_id=snapshot.first_event_id,
            before_event_id=snapshot.before_event_id,
            limit=page_limit,
        )
        token = TaskToken(
            TaskKind.WORKFLOW,
            snapshot.key,
            task.scheduled_event_id,
            task.started_event_id,
            task.attempt,
            task.stamp,
        )
        return StartedTask(
            token=token.encode(),
            key=snapshot.key,
            workflow_type=snapshot.workflow_type,
            task_queue=snapshot.task_queue,
            previous_started_event_id=snapshot.previous_started_event_id,
            started_event_id=task.started_event_id,
            attempt=task.attempt,
            scheduled_at=task.scheduled_at,
            started_at=task.started_at,
            messages=snapshot.messages,
            queries=self._queries.attach(snapshot.key.run_id),
            history=page.batches,
            unrecorded=snapshot.unrecorded,
            next_event_id=page.next_event_id,
            before_event_id=snapshot.before_event_id,
        )

    async def eagerly_started(self, key: RunKey, *, page_limit: int) -> StartedTask | None:
        """The first task of a run that was started together with it; None if it is not with a worker any more."""

        def see(run: Run) -> _Snapshot | None:
            task = run.state.task
            if task is None or task.started_event_id != 3 or task.attempt != 1:
                return None
            return _snapshot(run, task, [])

        snapshot = await self._runs.look(key, see)
        return None if snapshot is None else await self._started(snapshot, page_limit=page_limit)

    # -- completing

    async def complete(
        self, token: TaskToken, request: RespondWorkflowTaskCompletedRequest, *, page_limit: int
    ) -> CompletedTask:
        """A worker completes its task.

        Raises:
            NotFound: the token is stale.
            InvalidArgument: the commands cannot be applied; the task has failed.
        """
        key = token.run
        async with self._runs.locks.hold((key.namespace_id, key.workflow_id)):
            run = self._runs.in_memory(key) or await self._runs.load(key)
            chain = await self._runs.chain(key) if _may_be_followed(run, request) else None
            worker = Worker(new_id=self._runs.new_id, chain=chain)
            try:
                outcome = await self._runs.change_held(
                    key, _completing(token, request, worker), goes_on=_is_answered(run, token)
                )
            except BadCommand as error:
                self._runs.evict(key)
                await self._runs.change_held(key, _failing(token, request, error))
                raise error_of(error) from error
            completed = outcome.completed
            if self._queries.has_any(key.run_id):
                self._queries.task_completed(
                    key.run_id,
                    request.query_results,
                    another_follows=completed.another_follows,
                    limit_bytes=self._runs.namespaces.settings(key.namespace_id).limits.blob_size_error_bytes,
                )
        if completed.heartbeat_is_over:
            raise NotFound("workflow task heartbeat timeout")
        next_task = None
        if outcome.next_task is not None:
            next_task = await self._started(outcome.next_task, page_limit=page_limit)
        return CompletedTask(
            completed=completed,
            workflow_type=outcome.workflow_type,
            next_task=next_task,
            eager_activities=completed.eager_activities,
        )

    async def fail(self, token: TaskToken, request: RespondWorkflowTaskFailedRequest) -> None:
        """A worker says that it cannot handle its task. Raises: NotFound: the token is stale."""

        def fail(run: Run) -> None:
            if not run.is_running:
                raise WorkflowCompleted
            completion.respond_failed(run, _named(run, token), request)

        await self._runs.change(token.run, fail)


def _may_be_followed(run: Run, request: RespondWorkflowTaskCompletedRequest) -> bool:
    """The completion may close the run in such a way that another follows."""
    commands = request.commands
    continues = bool(commands) and commands[-1].command_type == CAN  # it can only be the last
    return (continues or run.state.retry is not None or bool(run.state.cron_schedule)) and run.is_running


class _Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """What is needed of the run to answer once the lock is given back."""

    key: RunKey
    task: WorkflowTask
    workflow_type: str
    task_queue: str
    previous_started_event_id: int
    first_event_id: int
    before_event_id: int
    unrecorded: list[HistoryEvent]
    messages: list[Message]


def _snapshot(run: Run, task: WorkflowTask, messages: list[Message], *, is_inline: bool = False) -> _Snapshot:
    """`is_inline`: the task goes to the worker that has just completed the one before, and has the run in its cache."""
    state = run.state
    is_partial = is_inline or bool(state.sticky_queue)
    return _Snapshot(
        key=run.key,
        task=msgspec.structs.replace(task),
        workflow_type=state.workflow_type,
        task_queue=state.task_queue,
        previous_started_event_id=state.last_completed_started_event_id,
        first_event_id=state.last_completed_started_event_id + 1 if is_partial else 1,
        before_event_id=run.history.next_event_id,
        unrecorded=workflow_task.unrecorded_events(run, task, task.identity),
        messages=messages,
    )


def _is_answered(run: Run, token: TaskToken) -> bool:
    """The answer is to the task that the run has now; a stale one leaves alone what was left open for another."""
    task = run.state.task
    return task is not None and task.stamp == token.stamp


def _named(run: Run, token: TaskToken) -> WorkflowTask:
    return workflow_task.started_task(
        run,
        scheduled_event_id=token.ref,
        started_event_id=token.started_event_id,
        attempt=token.attempt,
        stamp=token.stamp,
    )


class _Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a completion made of the run, seen under its lock."""

    completed: Completed
    workflow_type: str
    next_task: _Snapshot | None


def _completing(
    token: TaskToken, request: RespondWorkflowTaskCompletedRequest, worker: Worker
) -> Callable[[Run], _Outcome]:
    def complete(run: Run) -> _Outcome:
        completed = completion.respond_completed(run, _named(run, token), request, worker)
        task = completed.next_task
        next_task = None if task is None else _snapshot(run, task, completed.next_messages, is_inline=True)
        return _Outcome(completed=completed, workflow_type=run.state.workflow_type, next_task=next_task)

    return complete


def _failing(
    token: TaskToken, request: RespondWorkflowTaskCompletedRequest, error: BadCommand
) -> Callable[[Run], None]:
    def fail(run: Run) -> None:
        completion.fail_for_bad_command(run, _named(run, token), request, error)

    return fail


def error_of(error: BadCommand) -> Exception:
    """What the worker is told of commands that could not be applied."""
    return InvalidArgument(error.text)


def history_bytes(task: StartedTask) -> list[bytes]:
    """The task's page of history as serialised `History` messages."""
    parts = [batch.blob for batch in task.history]
    if task.unrecorded and not task.next_event_id:
        parts.append(History(events=task.unrecorded).SerializeToString())
    return parts
