"""What one run asks of the world: activities, children, other workflows. The tail of the outbound interceptors.

    StartActivityInput -> ScheduleActivity request + a handle, which is a task waiting for the future of its `seq`
    ResolveActivity(seq) -> that future

Arguments are converted before a request is made, so that a value that cannot be converted leaves nothing behind.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, NoReturn

from temporalio.api.command.v1 import (
    RequestCancelExternalWorkflowExecutionCommandAttributes,
    SignalExternalWorkflowExecutionCommandAttributes,
)
from temporalio.api.failure.v1 import Failure

from mainspring.common._arguments import apply_headers
from mainspring.converter import WorkflowSerializationContext
from mainspring.replay import requests
from mainspring.replay.activation import (
    ResolveActivity,
    ResolveCancelExternal,
    ResolveChild,
    ResolveChildStart,
    ResolveLocalActivity,
    ResolveNexus,
    ResolveNexusStart,
    ResolveSignalExternal,
)
from mainspring.worker._interceptor import (
    ContinueAsNewInput,
    SignalChildWorkflowInput,
    SignalExternalWorkflowInput,
    StartActivityInput,
    StartChildWorkflowInput,
    StartLocalActivityInput,
    StartNexusOperationInput,
    WorkflowOutboundInterceptor,
)
from mainspring.worker._run_continue import ContinueAsNew
from mainspring.worker._run_handles import RunActivityHandle, RunChildHandle, operation
from mainspring.worker._run_nexus import RunNexusHandle
from mainspring.worker._run_state import RunState
from mainspring.worker._run_timers import RunTimers
from mainspring.workflow._event_groups import EventGroup, event_group_markers
from mainspring.workflow._handles import ActivityHandle, ChildWorkflowHandle
from mainspring.workflow._info import Info
from mainspring.workflow._outbound import check_activity_timeouts


class Calls(WorkflowOutboundInterceptor):
    """Everything that one run asked for and waits for."""

    def __init__(self, state: RunState, timers: RunTimers) -> None:  # no next: this is the tail
        self._state = state
        self._timers = timers
        self._activities: dict[int, RunActivityHandle] = {}
        self._children: dict[int, RunChildHandle] = {}
        self._operations: dict[int, RunNexusHandle] = {}
        self._signals: dict[int, tuple[asyncio.Future[None], str]] = {}
        self._cancels: dict[int, tuple[asyncio.Future[None], str]] = {}

    # -- the tail of the chain

    def info(self) -> Info:
        return self._state.info

    def continue_as_new(self, input: ContinueAsNewInput) -> NoReturn:
        raise ContinueAsNew(self._state, input)

    def start_activity(self, input: StartActivityInput) -> ActivityHandle[Any]:
        return self._start_activity(input)

    def start_local_activity(self, input: StartLocalActivityInput) -> ActivityHandle[Any]:
        known = self._state.details.local_activities
        if known is not None and input.activity not in known:
            available = f"available activities: {', '.join(sorted(known))}" if known else "no available activities"
            raise ValueError(f"Activity function {input.activity} is not registered on this worker, {available}")
        return self._start_activity(input)

    async def start_child_workflow(self, input: StartChildWorkflowInput) -> ChildWorkflowHandle[Any, Any]:
        handle = RunChildHandle(self._state, input)
        self._children[handle.seq] = handle
        # A child that is cancelled with the whole run is not waited for: whoever started it is told at once.
        await operation(self._state, handle.start_future, handle.request_cancel, reraise_on_cancelled_run=True)
        return handle

    async def signal_child_workflow(self, input: SignalChildWorkflowInput) -> None:
        await self._signal(input, namespace="", workflow_id=input.child_workflow_id, run_id=None)

    async def signal_external_workflow(self, input: SignalExternalWorkflowInput) -> None:
        await self._signal(
            input, namespace=input.namespace, workflow_id=input.workflow_id, run_id=input.workflow_run_id
        )

    async def cancel_external(
        self, workflow_id: str, run_id: str | None, reason: str, event_groups: Sequence[EventGroup] | None
    ) -> None:
        """Ask another run to cancel, and wait until the server took it. That wait cannot be cancelled by a request."""
        seq = self._state.next_seq("external_cancel")
        why = f"Cancel requested by workflow with run id {self._state.info.run_id} with reason: {reason}"
        attributes = RequestCancelExternalWorkflowExecutionCommandAttributes(
            namespace=self._state.info.namespace, workflow_id=workflow_id, run_id=run_id or "", reason=why
        )
        markers = event_group_markers(event_groups)
        self._state.ask(requests.CancelExternal(seq=seq, attributes=attributes, event_groups=markers))
        future: asyncio.Future[None] = self._state.loop.create_future()
        self._cancels[seq] = (future, workflow_id)
        await future

    async def start_nexus_operation(self, input: StartNexusOperationInput[Any, Any]) -> Any:
        handle = RunNexusHandle(self._state, input)
        self._operations[handle.seq] = handle
        await operation(self._state, handle.start_future, handle.request_cancel, reraise_on_cancelled_run=True)
        return handle

    async def start_system_nexus_operation(self, input: StartNexusOperationInput[Any, Any]) -> Any:
        return await self.start_nexus_operation(input)

    # -- jobs

    def resolve_activity(self, job: ResolveActivity | ResolveLocalActivity) -> None:
        handle = self._activities.pop(job.seq, None)
        if handle is None:
            raise RuntimeError(f"Failed finding activity handle for sequence {job.seq}")
        handle.resolve(job.outcome)

    def resolve_child_start(self, job: ResolveChildStart) -> None:
        handle = self._children[job.seq] if job.run_id else self._children.pop(job.seq)
        handle.resolve_start(job)

    def resolve_child(self, job: ResolveChild) -> None:
        self._children.pop(job.seq).resolve(job.outcome)

    def resolve_nexus_start(self, job: ResolveNexusStart) -> None:
        handle = self._operations[job.seq] if job.failure is None else self._operations.pop(job.seq)
        handle.resolve_start(job)

    def resolve_nexus(self, job: ResolveNexus) -> None:
        self._operations.pop(job.seq).resolve(job.outcome)

    def resolve_signal(self, job: ResolveSignalExternal) -> None:
        self._resolve_call(*self._signals.pop(job.seq), job.failure)

    def resolve_cancel(self, job: ResolveCancelExternal) -> None:
        self._resolve_call(*self._cancels.pop(job.seq), job.failure)

    # -- parts

    def _start_activity(self, input: StartActivityInput | StartLocalActivityInput) -> RunActivityHandle:
        check_activity_timeouts(input)
        return RunActivityHandle(self._state, input, self._activities, self._timers)

    async def _signal(
        self,
        input: SignalChildWorkflowInput | SignalExternalWorkflowInput,
        *,
        namespace: str,
        workflow_id: str,
        run_id: str | None,
    ) -> None:
        state = self._state
        converter, _ = state.converters.pair(
            lambda: WorkflowSerializationContext(namespace or state.info.namespace, workflow_id)
        )
        attributes = SignalExternalWorkflowExecutionCommandAttributes(
            namespace=namespace or state.info.namespace,
            signal_name=input.signal,
            child_workflow_only=isinstance(input, SignalChildWorkflowInput),
        )
        attributes.execution.workflow_id = workflow_id
        attributes.execution.run_id = run_id or ""
        if input.args:
            attributes.input.payloads.extend(converter.to_payloads(input.args))
        apply_headers(input.headers, attributes.header.fields)
        seq = state.next_seq("external_signal")
        markers = event_group_markers(input.event_groups)
        state.ask(requests.SignalExternal(seq=seq, attributes=attributes, event_groups=markers))
        future: asyncio.Future[None] = state.loop.create_future()
        self._signals[seq] = (future, workflow_id)
        await operation(state, future, lambda _: state.ask(requests.CancelSignalExternal(seq=seq)))

    def _resolve_call(self, future: asyncio.Future[None], workflow_id: str, failure: Failure | None) -> None:
        if future.done():
            return  # its waiter was cancelled
        if failure is None:
            future.set_result(None)
            return
        payload_converter, failure_converter = self._state.converters.pair(
            lambda: WorkflowSerializationContext(self._state.info.namespace, workflow_id)
        )
        future.set_exception(failure_converter.from_failure(failure, payload_converter))
