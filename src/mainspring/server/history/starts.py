"""Starting workflows: the one place where a workflow id's current run is decided.

    none, or closed and the reuse policy allows it   ->  a new run
    running: FAIL | USE_EXISTING | TERMINATE_EXISTING ->  refuse | join | end it and start, in one commit
    the same request id again                        ->  the same answer again

An id that was never seen is started without asking the store first: if it turns out to be taken, the commit says so,
and the decision is made again with the current run in hand.
Reference: tests/differential/test_start.py, CASES "Workflow ID reuse x conflict matrix".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec
from temporalio.api.common.v1 import Link, Payload, Payloads
from temporalio.api.enums.v1 import EventType, WorkflowExecutionStatus, WorkflowIdConflictPolicy, WorkflowIdReusePolicy
from temporalio.api.history.v1 import WorkflowExecutionStartedEventAttributes
from temporalio.api.sdk.v1 import UserMetadata

from mainspring.server.engine import close, events, signal, start, workflow_task
from mainspring.server.engine.changes import CurrentRun, Nanos, RunKey
from mainspring.server.engine.errors import CurrentRunConflict, Unavailable, VersionConflict, WorkflowAlreadyStarted
from mainspring.server.engine.run import Run
from mainspring.server.history.runs import CONFLICT_TRIES, Runs

_Conflict = WorkflowIdConflictPolicy
_Reuse = WorkflowIdReusePolicy
_Status = WorkflowExecutionStatus

FAILED_STATUSES = frozenset(
    {
        _Status.WORKFLOW_EXECUTION_STATUS_FAILED,
        _Status.WORKFLOW_EXECUTION_STATUS_CANCELED,
        _Status.WORKFLOW_EXECUTION_STATUS_TERMINATED,
        _Status.WORKFLOW_EXECUTION_STATUS_TIMED_OUT,
    }
)


class StartSpec(msgspec.Struct, kw_only=True):
    """A checked wish to start a workflow."""

    namespace_id: str
    workflow_id: str
    request_id: str
    reuse_policy: WorkflowIdReusePolicy.ValueType
    conflict_policy: WorkflowIdConflictPolicy.ValueType
    attributes: Callable[[str, Nanos], WorkflowExecutionStartedEventAttributes]  # (run id, now)
    identity: str = ""
    links: Iterable[Link] = ()
    user_metadata: UserMetadata | None = None
    attach_request_id: bool = False  # on USE_EXISTING: note it in the running one's history
    attach_links: bool = False
    eager_identity: str | None = None  # start the first workflow task at once for this worker
    waits_for_parent: bool = False
    before_task: Callable[[Run], None] | None = None  # what a new run gets before its first workflow task (a signal)
    on_new: Callable[[Run], None] | None = None  # more to do to a new run in the same commit (an update)
    on_existing: Callable[[Run], None] | None = None  # more to do to a running one that is joined


class StartOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it."""

    key: RunKey
    first_run_id: str
    is_new: bool  # this request made the run, now or when it was sent before
    was_known: bool = False  # the request had been carried out before
    status: int = _Status.WORKFLOW_EXECUTION_STATUS_RUNNING


class Starts:
    """Start workflows. See the module."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs

    async def start(self, spec: StartSpec) -> StartOutcome:
        """Start a workflow, or join or refuse, as the policies say.

        Raises:
            WorkflowAlreadyStarted: the policies forbid it.
            Whatever `on_new` or `on_existing` raise; then nothing was done.
        """
        async with self._runs.locks.hold((spec.namespace_id, spec.workflow_id)):
            current = self._runs.known_current(spec.namespace_id, spec.workflow_id)
            for _ in range(CONFLICT_TRIES):
                try:
                    return await self._decide(spec, current)
                except (CurrentRunConflict, VersionConflict):
                    if current is not None:
                        self._runs.evict(current.key)
                    current = await self._runs.store.current_run(spec.namespace_id, spec.workflow_id)
        raise Unavailable(f"workflow {spec.workflow_id} is started by others all the time, try again")

    async def _decide(self, spec: StartSpec, current: CurrentRun | None) -> StartOutcome:
        if current is None:
            return await self._open(spec, None)
        if spec.request_id == current.create_request_id:
            return _outcome(current, is_new=True, was_known=True)
        if current.is_running:
            return await self._meet_running(spec, current)
        self._check_reuse(spec, current)
        return await self._open(spec, current)

    # -- a running one

    async def _meet_running(self, spec: StartSpec, current: CurrentRun) -> StartOutcome:
        if spec.conflict_policy == _Conflict.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING:
            return await self._join(spec, current)
        if spec.conflict_policy == _Conflict.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING:
            return await self._replace(spec, current)
        raise already_started(
            f"Workflow execution is already running. WorkflowId: {spec.workflow_id}, RunId: {current.key.run_id}.",
            current,
        )

    async def _join(self, spec: StartSpec, current: CurrentRun) -> StartOutcome:
        def attach(run: Run) -> bool:
            was_known = spec.request_id in run.requests
            if was_known:
                return True
            if spec.attach_request_id:
                workflow_task.record_speculative(run)
                links = spec.links if spec.attach_links else ()
                events.workflow_execution_options_updated(run, spec.request_id, links)
                signal.remember_request(run, spec.request_id, EventType.EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED)
                workflow_task.want(run)
            if spec.on_existing is not None:
                spec.on_existing(run)
            return False

        was_known = await self._runs.change_held(current.key, attach)
        return _outcome(current, is_new=False, was_known=was_known)

    async def _replace(self, spec: StartSpec, current: CurrentRun) -> StartOutcome:
        existing = await self._runs.load(current.key)
        existing.begin(self._runs.clock())
        run_id = self._runs.new_id()
        try:
            text = f'"terminated by new runID: {run_id}"'.encode()
            details = Payloads(payloads=[Payload(metadata={"encoding": b"json/plain"}, data=text)])
            close.terminate(
                existing,
                reason="TerminateIfRunning WorkflowIdReusePolicy",
                details=details,
                identity="history-service",
            )
            existing.current = None  # the new run takes its place in the same commit
            existing.expected_current = None
            run = self._new_run(spec, run_id, expected_current=current.key.run_id)
            await self._runs.commit(existing, run)
        except BaseException:
            self._runs.evict(current.key)
            raise
        return _new_outcome(run)

    # -- a closed one, or none

    def _check_reuse(self, spec: StartSpec, current: CurrentRun) -> None:
        if spec.reuse_policy == _Reuse.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE:
            raise already_started(
                f"Workflow execution already finished. WorkflowId: {spec.workflow_id}, RunId: {current.key.run_id}. "
                "Workflow Id reuse policy: reject duplicate workflow Id.",
                current,
            )
        failed_only = spec.reuse_policy == _Reuse.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY
        if failed_only and current.status not in FAILED_STATUSES:
            raise already_started(
                f"Workflow execution already finished successfully. WorkflowId: {spec.workflow_id}, "
                f"RunId: {current.key.run_id}. "
                "Workflow Id reuse policy: allow duplicate workflow Id if last run failed.",
                current,
            )

    async def _open(self, spec: StartSpec, current: CurrentRun | None) -> StartOutcome:
        expected = current.key.run_id if current is not None else ""
        run = self._new_run(spec, self._runs.new_id(), expected_current=expected)
        await self._runs.commit(run)
        return _new_outcome(run)

    def _new_run(self, spec: StartSpec, run_id: str, *, expected_current: str) -> Run:
        now = self._runs.clock()
        opening = start.Opening(
            key=RunKey(spec.namespace_id, spec.workflow_id, run_id),
            settings=self._runs.namespaces.settings(spec.namespace_id),
            create_request_id=spec.request_id,
            now=now,
            links=spec.links,
            user_metadata=spec.user_metadata,
            expected_current=expected_current,
            waits_for_parent=spec.waits_for_parent,
            before_task=spec.before_task,
        )
        run = start.open_run(opening, spec.attributes(run_id, now))
        if spec.on_new is not None:
            spec.on_new(run)
        if spec.eager_identity is not None and run.state.task is not None:
            run.tasks.clear()
            workflow_task.start_scheduled(run, identity=spec.eager_identity, request_id=spec.request_id)
        return run


def already_started(message: str, current: CurrentRun) -> WorkflowAlreadyStarted:
    """The refusal to start, naming the run that is in the way."""
    return WorkflowAlreadyStarted(
        message,
        start_request_id=current.create_request_id,
        run_id=current.key.run_id,
        first_execution_run_id=current.first_run_id,
    )


def _outcome(current: CurrentRun, *, is_new: bool, was_known: bool) -> StartOutcome:
    return StartOutcome(
        key=current.key,
        first_run_id=current.first_run_id,
        is_new=is_new,
        was_known=was_known,
        status=current.status,
    )


def _new_outcome(run: Run) -> StartOutcome:
    return StartOutcome(key=run.key, first_run_id=run.state.first_run_id, is_new=True)
