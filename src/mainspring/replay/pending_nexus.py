"""Nexus operations: what becomes of each, and of a request to cancel it.

operation: made -> scheduled -> started, or ended at once -> (cancel asked for) -> resolved, once
"""

from __future__ import annotations

from temporalio.api.command.v1 import Command, RequestCancelNexusOperationCommandAttributes
from temporalio.api.enums.v1 import CommandType, EventType
from temporalio.api.failure.v1 import CanceledFailureInfo, Failure, NexusOperationFailureInfo
from temporalio.api.history.v1 import HistoryEvent

from mainspring.replay.activation import Outcome, ResolveNexus, ResolveNexusStart
from mainspring.replay.pending import Core, Pending, different
from mainspring.replay.requests import NexusCancellation, ScheduleNexusOperation

CANCELLED_UNSENT = "Nexus Operation cancelled before scheduled"
GIVEN_UP = "Nexus operation cancelled after starting"
CANCEL_DELIVERED = "Nexus operation cancellation request completed"
CANCEL_NOT_DELIVERED = "Nexus operation cancellation request failed"


class NexusPending(Pending):
    """One operation: scheduled, started or not, perhaps asked to cancel, resolved once."""

    def __init__(self, request: ScheduleNexusOperation) -> None:
        command = Command(
            command_type=CommandType.COMMAND_TYPE_SCHEDULE_NEXUS_OPERATION,
            schedule_nexus_operation_command_attributes=request.attributes,
        )
        super().__init__(request, command, EventType.EVENT_TYPE_NEXUS_OPERATION_SCHEDULED)
        self.seq = request.seq
        self.cancellation = request.cancellation
        self.info = NexusOperationFailureInfo(
            endpoint=request.attributes.endpoint,
            service=request.attributes.service,
            operation=request.attributes.operation,
        )
        self.is_started = False
        self.is_resolved = False
        self.is_cancel_requested = False

    def mismatch(self, event: HistoryEvent) -> str:
        scheduled = event.nexus_operation_scheduled_event_attributes
        return (
            different("Nexus endpoint", scheduled.endpoint, self.info.endpoint)
            or different("Nexus service", scheduled.service, self.info.service)
            or different("Nexus operation", scheduled.operation, self.info.operation)
        )

    def subject(self) -> str:
        return f"{self.info.service}/{self.info.operation} at {self.info.endpoint!r}"

    def recorded(self, event: HistoryEvent, core: Core) -> None:
        super().recorded(event, core)
        self.info.scheduled_event_id = event.event_id
        core.follow(event.event_id, self)

    def heard(self, event: HistoryEvent, core: Core) -> None:
        match event.WhichOneof("attributes"):
            case "nexus_operation_started_event_attributes":
                self.info.operation_token = event.nexus_operation_started_event_attributes.operation_token
                self._start(self.info.operation_token, core)
            case "nexus_operation_completed_event_attributes":
                self._complete(event, core)
            case "nexus_operation_failed_event_attributes":
                self._fail(event.nexus_operation_failed_event_attributes.failure, core)
            case "nexus_operation_canceled_event_attributes":
                self._fail(event.nexus_operation_canceled_event_attributes.failure, core)
            case "nexus_operation_timed_out_event_attributes":
                self._fail(event.nexus_operation_timed_out_event_attributes.failure, core)
            case _:
                return

    def cancel(self, core: Core) -> None:
        """Its caller was cancelled."""
        if self.is_resolved or self.is_cancel_requested:
            return
        self.is_cancel_requested = True
        if not self.is_recorded:
            self.is_dropped = True
            self._fail(self._cancelled(CANCELLED_UNSENT), core)
            return
        if self.cancellation != NexusCancellation.ABANDON:
            core.add(NexusCancelPending(self))
        if self.cancellation in {NexusCancellation.ABANDON, NexusCancellation.TRY_CANCEL}:
            self._fail(self._cancelled(GIVEN_UP), core)

    def told(self, failure: Failure | None, core: Core) -> None:
        """The handler has the request to cancel, or `failure` says why not."""
        if self.cancellation == NexusCancellation.WAIT_REQUESTED:
            message = CANCEL_DELIVERED if failure is None else CANCEL_NOT_DELIVERED
            self._fail(self._cancelled(message, failure), core)

    def _start(self, token: str, core: Core) -> None:
        if not self.is_started and not self.is_resolved:
            self.is_started = True
            core.tell(ResolveNexusStart(seq=self.seq, token=token))

    def _complete(self, event: HistoryEvent, core: Core) -> None:
        self._start("", core)  # one that ends at once is told as started, without a token
        if not self.is_resolved:
            self.is_resolved = True
            completed = event.nexus_operation_completed_event_attributes
            core.tell(ResolveNexus(seq=self.seq, outcome=Outcome(result=completed.result)))

    def _fail(self, failure: Failure, core: Core) -> None:
        if self.is_resolved:
            return
        self.is_resolved = True
        if self.is_started:
            core.tell(ResolveNexus(seq=self.seq, outcome=Outcome(failure=failure)))
        else:
            core.tell(ResolveNexusStart(seq=self.seq, failure=failure))

    def _cancelled(self, message: str, cause: Failure | None = None) -> Failure:
        if cause is None:
            cause = Failure(canceled_failure_info=CanceledFailureInfo())
        return Failure(message=message, cause=cause, nexus_operation_execution_failure_info=self.info)


class NexusCancelPending(Pending):
    """The request to cancel that an operation's caller made by being cancelled."""

    def __init__(self, operation: NexusPending) -> None:
        attributes = RequestCancelNexusOperationCommandAttributes(scheduled_event_id=operation.info.scheduled_event_id)
        command = Command(
            command_type=CommandType.COMMAND_TYPE_REQUEST_CANCEL_NEXUS_OPERATION,
            request_cancel_nexus_operation_command_attributes=attributes,
        )
        super().__init__(None, command, EventType.EVENT_TYPE_NEXUS_OPERATION_CANCEL_REQUESTED)
        self.operation = operation

    def subject(self) -> str:
        return self.operation.subject()

    def recorded(self, event: HistoryEvent, core: Core) -> None:
        super().recorded(event, core)
        core.follow(event.event_id, self)

    def heard(self, event: HistoryEvent, core: Core) -> None:
        if event.HasField("nexus_operation_cancel_request_failed_event_attributes"):
            self.operation.told(event.nexus_operation_cancel_request_failed_event_attributes.failure, core)
        else:
            self.operation.told(None, core)
