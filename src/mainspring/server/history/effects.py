"""What each kind of effect does: to the target first, then to the source, which learns the result.

Targets are named by workflow id, or by run id; what a target refuses (closed, unknown, taken) is a result too, and
becomes an event of the source. Locks are taken one after the other, never two at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import (
    StartChildWorkflowExecutionFailedCause,
    WorkflowIdConflictPolicy,
)
from temporalio.api.history.v1 import (
    StartChildWorkflowExecutionInitiatedEventAttributes,
    WorkflowExecutionStartedEventAttributes,
)
from temporalio.api.workflowservice.v1 import RequestCancelWorkflowExecutionRequest, SignalWorkflowExecutionRequest

from mainspring.server.engine import child, close, cron, effects, external, signal, start
from mainspring.server.engine.changes import Effect, EffectKind, Nanos, RunKey
from mainspring.server.engine.errors import (
    NamespaceNotFound,
    NotFound,
    WorkflowAlreadyStarted,
)
from mainspring.server.engine.records import Child, ExternalRequest
from mainspring.server.engine.run import Run
from mainspring.server.engine.stages import ChildStage
from mainspring.server.engine.times import duration, length_ns, timestamp
from mainspring.server.history.outbox import Handler
from mainspring.server.history.runs import Runs
from mainspring.server.history.starts import Starts, StartSpec

_StartCause = StartChildWorkflowExecutionFailedCause
Initiated = StartChildWorkflowExecutionInitiatedEventAttributes
Cause = TypeVar("Cause")
Act = Callable[[Run, WorkflowExecution], None]
"""Does something to a target run; the other is the source."""


class Effects:
    """The handlers of the outbox."""

    def __init__(self, runs: Runs, starts: Starts) -> None:
        self._runs = runs
        self._starts = starts

    def handlers(self) -> dict[EffectKind, Handler]:
        """By kind."""
        return {
            EffectKind.START_CHILD: self.start_child,
            EffectKind.CHILD_CLOSED: self.child_closed,
            EffectKind.CLOSE_CHILD: self.close_child,
            EffectKind.SIGNAL_EXTERNAL: self.signal_external,
            EffectKind.CANCEL_EXTERNAL: self.cancel_external,
        }

    async def _record(self, effect: Effect, decide: Callable[[Run], None]) -> None:
        """Record a result with the source, and take the effect out of the outbox in the same commit."""

        def record(run: Run) -> None:
            effects.finish(run, effect)
            decide(run)

        try:
            await self._runs.change(effect.run, record)
        except NotFound:
            await self._runs.store.drop_effect(effect)  # the source was deleted meanwhile

    async def _change_if_there(self, key: RunKey, decide: Callable[[Run], None]) -> bool:
        """Change a run. Returns: it was there and open; a run that is deleted or closed needs nothing any more."""
        try:
            await self._runs.change(key, decide)
        except NotFound:
            return False
        return True

    # -- children

    async def start_child(self, effect: Effect) -> None:
        """Start the child; then its first workflow task, once the parent knows."""
        try:
            parent, pending = await self._runs.look(effect.run, lambda run: (run, run.children.get(effect.ref)))
        except NotFound:
            await self._runs.store.drop_effect(effect)
            return
        if pending is None or (not parent.is_running and not child.outlives_parent(pending)):
            await self._record(effect, _nothing)
            return
        if pending.stage is ChildStage.INITIATED:
            started = await self._try_start(effect, pending)
            if started is None:
                return
        await self._first_task(effect, pending)

    async def _try_start(self, effect: Effect, pending: Child) -> RunKey | None:
        """Returns: the child's run; None if it could not be started, which is recorded."""
        event = await self._runs.event(effect.run, effect.ref)
        initiated = event.start_child_workflow_execution_initiated_event_attributes
        parent = await self._runs.look(effect.run, _as_parent)
        spec = StartSpec(
            namespace_id=pending.namespace_id,
            workflow_id=pending.workflow_id,
            request_id=pending.create_request_id,
            reuse_policy=initiated.workflow_id_reuse_policy,
            conflict_policy=WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
            attributes=lambda run_id, now: _child_attributes(initiated, parent, run_id, now, effect.ref),
            user_metadata=event.user_metadata if event.HasField("user_metadata") else None,
            waits_for_parent=True,
        )
        try:
            outcome = await self._starts.start(spec)
        except WorkflowAlreadyStarted:
            await self._start_failed(
                effect, _StartCause.START_CHILD_WORKFLOW_EXECUTION_FAILED_CAUSE_WORKFLOW_ALREADY_EXISTS
            )
            return None
        except NamespaceNotFound:
            await self._start_failed(
                effect, _StartCause.START_CHILD_WORKFLOW_EXECUTION_FAILED_CAUSE_NAMESPACE_NOT_FOUND
            )
            return None
        return outcome.key

    async def _start_failed(self, effect: Effect, cause: StartChildWorkflowExecutionFailedCause.ValueType) -> None:
        def record(run: Run) -> None:
            pending = run.children.get(effect.ref)
            if pending is not None and run.is_running:
                child.record_start_failed(run, pending, cause)

        await self._record(effect, record)

    async def _first_task(self, effect: Effect, pending: Child) -> None:
        """The parent learns of the child, and only then does the child get its first workflow task."""
        current = await self._runs.current(pending.namespace_id, pending.workflow_id)
        is_ours = current is not None and current.create_request_id == pending.create_request_id
        run_id = pending.run_id or (current.key.run_id if current is not None and is_ours else "")
        if not run_id:
            await self._record(effect, _nothing)  # it has come and gone; its close told the parent
            return
        key = RunKey(pending.namespace_id, pending.workflow_id, run_id)
        if pending.stage is ChildStage.INITIATED:
            await self._runs.change(effect.run, lambda run: _record_started(run, effect.ref, run_id))
        await self._change_if_there(key, start.schedule_first_task)
        await self._record(effect, lambda run: _apply_policy_late(run, effect.ref))

    async def child_closed(self, effect: Effect) -> None:
        """Tell the parent that this run, a child of it, has closed."""
        closed = effects.child_closed(effect)
        try:
            last_event_id = await self._runs.look(effect.run, lambda run: run.history.next_event_id - 1)
            outcome = await self._runs.event(effect.run, last_event_id)
        except NotFound:
            await self._runs.store.drop_effect(effect)
            return

        def tell(parent: Run) -> None:
            pending = parent.children.get(closed.initiated_event_id)
            if pending is None or not parent.is_running or pending.workflow_id != effect.run.workflow_id:
                return
            if pending.run_id and pending.run_id != closed.first_run_id:
                return
            child.record_closed(parent, pending, effect.run, outcome, closed.first_run_id)

        await self._change_if_there(closed.parent, tell)
        await self._runs.store.drop_effect(effect)

    async def close_child(self, effect: Effect) -> None:
        """The parent has closed: its policy for this child."""
        closing = effects.close_child(effect)
        key = closing.child
        current = await self._runs.current(key.namespace_id, key.workflow_id)
        if current is not None and current.is_running and current.first_run_id == key.run_id:
            await self._apply_policy(effect, current.key, terminate=closing.terminate)
        await self._runs.store.drop_effect(effect)

    async def _apply_policy(self, effect: Effect, key: RunKey, *, terminate: bool) -> None:
        source = WorkflowExecution(workflow_id=effect.run.workflow_id, run_id=effect.run.run_id)
        request = RequestCancelWorkflowExecutionRequest(
            identity="history-service", reason="by parent close policy", request_id=f"{effect.run.run_id}:{effect.ref}"
        )

        def apply(run: Run) -> None:
            if terminate:
                close.terminate(run, reason="by parent close policy", details=None, identity="history-service")
            else:
                signal.request_cancel(run, request, source, effect.ref)

        await self._change_if_there(key, apply)

    # -- external workflows

    async def signal_external(self, effect: Effect) -> None:
        """Signal the target; tell the source how it went."""
        request = await self._pending(effect, external.SIGNAL)
        if request is None:
            return
        event = await self._runs.event(effect.run, effect.ref)
        initiated = event.signal_external_workflow_execution_initiated_event_attributes
        message = SignalWorkflowExecutionRequest(
            signal_name=initiated.signal_name,
            request_id=request.request_id,
            identity="history-service",
            input=initiated.input if initiated.HasField("input") else None,
            header=initiated.header if initiated.HasField("header") else None,
        )
        await self._send(effect, external.SIGNAL, request, lambda run, source: signal.signal(run, message, source))

    async def cancel_external(self, effect: Effect) -> None:
        """Ask the target to cancel; tell the source how it went."""
        request = await self._pending(effect, external.CANCEL)
        if request is None:
            return
        message = RequestCancelWorkflowExecutionRequest(
            request_id=request.request_id, identity="history-service", reason=request.reason
        )
        await self._send(
            effect,
            external.CANCEL,
            request,
            lambda run, source: signal.request_cancel(run, message, source, effect.ref),
        )

    async def _pending(self, effect: Effect, kind: external.Kind[Cause]) -> ExternalRequest | None:
        """The request, if it is still pending; if not, the effect goes."""
        try:
            request = await self._runs.look(effect.run, lambda run: kind.pending(run).get(effect.ref))
        except NotFound:
            request = None
        if request is None:
            await self._runs.store.drop_effect(effect)
        return request

    async def _send(self, effect: Effect, kind: external.Kind[Cause], request: ExternalRequest, act: Act) -> None:
        """Do `act` to the target run; tell the source how it went."""
        cause: Cause | None = None
        try:
            await self._reach(effect, request, act)
        except kind.refusals as refusal:
            cause = kind.cause_of(refusal)

        def record(run: Run) -> None:
            pending = kind.pending(run).get(effect.ref)
            if pending is not None and run.is_running:
                external.record_result(run, kind, pending, cause)

        await self._record(effect, record)

    async def _reach(self, effect: Effect, request: ExternalRequest, act: Act) -> None:
        """Do `act` to the target run.

        Raises: NotFound: there is no such run, it is closed, or it is not the child that it must be.
        """
        self._runs.namespaces.settings(request.namespace_id)
        source = WorkflowExecution(workflow_id=effect.run.workflow_id, run_id=effect.run.run_id)

        def reach(run: Run) -> None:
            if run.key == effect.run:
                raise NotFound("a workflow cannot reach itself like this")
            parent = run.state.parent
            if request.child_only and (parent is None or parent.workflow_id != effect.run.workflow_id):
                raise NotFound("workflow parent does not match")
            act(run, source)

        await self._runs.change_named(request.namespace_id, request.workflow_id, request.run_id, reach)


def _nothing(run: Run) -> None:
    run.touched()


def _as_parent(run: Run) -> tuple[str, RunKey, WorkflowExecution]:
    root = WorkflowExecution(workflow_id=run.state.root_workflow_id, run_id=run.state.root_run_id)
    return run.settings.name, run.key, root


def _child_attributes(
    initiated: Initiated,
    parent: tuple[str, RunKey, WorkflowExecution],
    run_id: str,
    now: Nanos,
    initiated_event_id: int,
) -> WorkflowExecutionStartedEventAttributes:
    namespace, key, root = parent
    started = WorkflowExecutionStartedEventAttributes(
        original_execution_run_id=run_id,
        first_execution_run_id=run_id,
        workflow_id=initiated.workflow_id,
        attempt=1,
        cron_schedule=initiated.cron_schedule,
        parent_workflow_namespace=namespace,
        parent_workflow_namespace_id=key.namespace_id,
        parent_initiated_event_id=initiated_event_id,
    )
    start.copy_common(started, initiated)
    started.parent_workflow_execution.workflow_id = key.workflow_id
    started.parent_workflow_execution.run_id = key.run_id
    started.root_workflow_execution.CopyFrom(root)
    wait_ns = cron.wait_ns(initiated.cron_schedule, now, now) if initiated.cron_schedule else 0
    started.first_workflow_task_backoff.CopyFrom(duration(wait_ns))
    execution_ns = length_ns(initiated.workflow_execution_timeout)
    if execution_ns:
        started.workflow_execution_expiration_time.CopyFrom(timestamp(now + execution_ns + wait_ns))
    return started


def _record_started(run: Run, initiated_event_id: int, run_id: str) -> None:
    pending = run.children.get(initiated_event_id)
    if pending is None or pending.stage is not ChildStage.INITIATED:
        return
    if run.is_running:
        child.record_started(run, pending, run_id)
    else:
        child.note_started_late(run, pending, run_id)


def _apply_policy_late(run: Run, initiated_event_id: int) -> None:
    """The parent closed while the child was being started, so its policy could not reach the child then."""
    run.touched()
    pending = run.children.get(initiated_event_id)
    if run.is_running or pending is None or child.outlives_parent(pending):
        return
    if pending.stage is ChildStage.STARTED and not pending.started_event_id:
        effects.add(run, EffectKind.CLOSE_CHILD, initiated_event_id, child.closing(pending))
