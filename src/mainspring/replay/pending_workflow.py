"""Children, and calls to other workflows: signals and requests to cancel.

child:  made -> initiated -> started | not started -> (cancel asked for) -> resolved, once
call:   made -> initiated -> delivered | not delivered
"""

from __future__ import annotations

from temporalio.api.command.v1 import Command, RequestCancelExternalWorkflowExecutionCommandAttributes
from temporalio.api.enums.v1 import CommandType, EventType
from temporalio.api.history.v1 import HistoryEvent

from mainspring.replay import outcomes
from mainspring.replay.activation import (
    Outcome,
    ResolveCancelExternal,
    ResolveChild,
    ResolveChildStart,
    ResolveSignalExternal,
)
from mainspring.replay.pending import Core, Pending, different
from mainspring.replay.requests import CancelExternal, ChildCancellation, SignalExternal, StartChild

SIGNAL_INITIATED = EventType.EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED
CANCEL_INITIATED = EventType.EVENT_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED


class ChildPending(Pending):
    """One child workflow: initiated, started or not, perhaps asked to cancel, resolved once."""

    def __init__(self, request: StartChild, namespace: str) -> None:
        command = Command(
            command_type=CommandType.COMMAND_TYPE_START_CHILD_WORKFLOW_EXECUTION,
            start_child_workflow_execution_command_attributes=request.attributes,
        )
        super().__init__(request, command, EventType.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED)
        self.seq = request.seq
        self.cancellation = request.cancellation
        self.workflow_id = request.attributes.workflow_id
        self.workflow_type = request.attributes.workflow_type.name
        self.namespace = request.attributes.namespace or namespace
        self.child = outcomes.ChildInfo(self.namespace, self.workflow_id, self.workflow_type)
        self.is_started = False
        self.is_resolved = False
        self.is_cancel_requested = False

    def mismatch(self, event: HistoryEvent) -> str:
        initiated = event.start_child_workflow_execution_initiated_event_attributes
        return different("child workflow type", initiated.workflow_type.name, self.workflow_type) or different(
            "child workflow id", initiated.workflow_id, self.workflow_id
        )

    def subject(self) -> str:
        return f"{self.workflow_type} {self.workflow_id!r}"

    def recorded(self, event: HistoryEvent, core: Core) -> None:
        super().recorded(event, core)
        self.child.initiated(event.event_id)
        core.follow(event.event_id, self)

    def heard(self, event: HistoryEvent, core: Core) -> None:
        match event.WhichOneof("attributes"):
            case "child_workflow_execution_started_event_attributes":
                run_id = event.child_workflow_execution_started_event_attributes.workflow_execution.run_id
                self.child.started(event.event_id, run_id)
                self._start(ResolveChildStart(seq=self.seq, run_id=run_id), core)
            case "start_child_workflow_execution_failed_event_attributes":
                cause = event.start_child_workflow_execution_failed_event_attributes.cause
                self._start(ResolveChildStart(seq=self.seq, cause=cause), core)
                self.is_resolved = True
            case _:
                self._end(self._outcome(event), core)

    def cancel(self, reason: str, core: Core) -> None:
        """Its caller was cancelled."""
        if self.is_resolved or self.is_cancel_requested:
            return
        self.is_cancel_requested = True
        if not self.is_recorded:
            self.is_dropped = self.is_resolved = True
            core.tell(ResolveChildStart(seq=self.seq, cancelled=self.child.cancelled_unstarted(reason)))
            return
        if self.cancellation != ChildCancellation.ABANDON:
            core.add(self._request_cancel(reason))
        if self.cancellation in {ChildCancellation.ABANDON, ChildCancellation.TRY_CANCEL}:
            self._give_up(core)

    def told(self, core: Core) -> None:
        """The child has the request to cancel."""
        if self.cancellation == ChildCancellation.WAIT_CANCELLATION_REQUESTED:
            self._give_up(core)

    def _give_up(self, core: Core) -> None:
        if self.is_started:
            self._end(self.child.cancelled(), core)
        elif not self.is_resolved:
            self.is_resolved = True
            core.tell(ResolveChildStart(seq=self.seq, cancelled=self.child.cancelled().failure))

    def _request_cancel(self, reason: str) -> Pending:
        attributes = RequestCancelExternalWorkflowExecutionCommandAttributes(
            namespace=self.namespace, workflow_id=self.workflow_id, child_workflow_only=True, reason=reason
        )
        return ChildCancelPending(self, attributes)

    def _start(self, job: ResolveChildStart, core: Core) -> None:
        if not self.is_started and not self.is_resolved:
            self.is_started = True
            core.tell(job)

    def _end(self, outcome: Outcome | None, core: Core) -> None:
        if outcome is not None and not self.is_resolved:
            self.is_resolved = True
            core.tell(ResolveChild(seq=self.seq, outcome=outcome))

    def _outcome(self, event: HistoryEvent) -> Outcome | None:
        match event.WhichOneof("attributes"):
            case "child_workflow_execution_completed_event_attributes":
                return outcomes.completed(event.child_workflow_execution_completed_event_attributes.result)
            case "child_workflow_execution_failed_event_attributes":
                failed = event.child_workflow_execution_failed_event_attributes
                return self.child.failed(failed.failure, failed.retry_state)
            case "child_workflow_execution_timed_out_event_attributes":
                return self.child.timed_out(event.child_workflow_execution_timed_out_event_attributes.retry_state)
            case "child_workflow_execution_canceled_event_attributes":
                return self.child.cancelled(event.child_workflow_execution_canceled_event_attributes.details)
            case "child_workflow_execution_terminated_event_attributes":
                return self.child.terminated()
            case _:
                return None


class CallPending(Pending):
    """A call to another workflow: initiated, then delivered or not."""

    def __init__(self, request: SignalExternal | CancelExternal | None, command: Command) -> None:
        is_signal = command.command_type == CommandType.COMMAND_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION
        super().__init__(request, command, SIGNAL_INITIATED if is_signal else CANCEL_INITIATED)

    def recorded(self, event: HistoryEvent, core: Core) -> None:
        super().recorded(event, core)
        core.follow(event.event_id, self)


class ChildCancelPending(CallPending):
    """The request to cancel that a child's caller made by being cancelled."""

    def __init__(
        self, child: ChildPending, attributes: RequestCancelExternalWorkflowExecutionCommandAttributes
    ) -> None:
        command = Command(
            command_type=CommandType.COMMAND_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION,
            request_cancel_external_workflow_execution_command_attributes=attributes,
        )
        super().__init__(None, command)
        self.child = child

    def subject(self) -> str:
        return f"of {self.child.workflow_id!r}"

    def heard(self, event: HistoryEvent, core: Core) -> None:
        if event.HasField("external_workflow_execution_cancel_requested_event_attributes"):
            self.child.told(core)


class SignalPending(CallPending):
    """A signal to another workflow."""

    def __init__(self, request: SignalExternal) -> None:
        command = Command(
            command_type=CommandType.COMMAND_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION,
            signal_external_workflow_execution_command_attributes=request.attributes,
        )
        super().__init__(request, command)
        self.seq = request.seq
        self.attributes = request.attributes

    def mismatch(self, event: HistoryEvent) -> str:
        initiated = event.signal_external_workflow_execution_initiated_event_attributes
        return different("signal", initiated.signal_name, self.attributes.signal_name)

    def subject(self) -> str:
        return f"{self.attributes.signal_name} to {self.attributes.execution.workflow_id!r}"

    def heard(self, event: HistoryEvent, core: Core) -> None:
        if event.HasField("external_workflow_execution_signaled_event_attributes"):
            core.tell(ResolveSignalExternal(seq=self.seq, failure=None))
        elif event.HasField("signal_external_workflow_execution_failed_event_attributes"):
            cause = event.signal_external_workflow_execution_failed_event_attributes.cause
            core.tell(ResolveSignalExternal(seq=self.seq, failure=outcomes.signal_failed(cause)))

    def cancel(self, core: Core) -> None:
        """Do not send it, if it is not yet sent."""
        if not self.is_recorded and not self.is_dropped:
            self.is_dropped = True
            core.tell(ResolveSignalExternal(seq=self.seq, failure=outcomes.signal_cancelled()))


class CancelPending(CallPending):
    """A request to another workflow to cancel."""

    def __init__(self, request: CancelExternal) -> None:
        command = Command(
            command_type=CommandType.COMMAND_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION,
            request_cancel_external_workflow_execution_command_attributes=request.attributes,
        )
        super().__init__(request, command)
        self.seq = request.seq
        self.workflow_id = request.attributes.workflow_id

    def subject(self) -> str:
        return f"of {self.workflow_id!r}"

    def heard(self, event: HistoryEvent, core: Core) -> None:
        if event.HasField("external_workflow_execution_cancel_requested_event_attributes"):
            core.tell(ResolveCancelExternal(seq=self.seq, failure=None))
        elif event.HasField("request_cancel_external_workflow_execution_failed_event_attributes"):
            cause = event.request_cancel_external_workflow_execution_failed_event_attributes.cause
            core.tell(ResolveCancelExternal(seq=self.seq, failure=outcomes.cancel_failed(cause)))
