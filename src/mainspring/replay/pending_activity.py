"""Activities and timers: what becomes of each, and of a request to cancel it.

activity: made -> scheduled -> (cancel asked for) -> resolved, once
timer:    made -> started -> fired | cancelled
"""

from __future__ import annotations

from temporalio.api.command.v1 import (
    CancelTimerCommandAttributes,
    Command,
    RequestCancelActivityTaskCommandAttributes,
    StartTimerCommandAttributes,
)
from temporalio.api.enums.v1 import CommandType, EventType
from temporalio.api.failure.v1 import ActivityFailureInfo
from temporalio.api.history.v1 import HistoryEvent

from mainspring.replay import outcomes
from mainspring.replay.activation import FireTimer, Outcome, ResolveActivity
from mainspring.replay.pending import Core, FollowUpPending, Pending, different
from mainspring.replay.requests import ActivityCancellation, ScheduleActivity, StartTimer

SCHEDULE = CommandType.COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK
SCHEDULED = EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
COMPLETED = EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED
FAILED = EventType.EVENT_TYPE_ACTIVITY_TASK_FAILED
TIMED_OUT = EventType.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT
CANCELED = EventType.EVENT_TYPE_ACTIVITY_TASK_CANCELED
CANCEL_REQUESTED = EventType.EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED


class ActivityPending(Pending):
    """One activity: scheduled, perhaps asked to cancel, resolved once."""

    def __init__(self, request: ScheduleActivity) -> None:
        attributes = request.attributes
        command = Command(command_type=SCHEDULE)
        command.schedule_activity_task_command_attributes.CopyFrom(attributes)
        super().__init__(request, command, SCHEDULED)
        self.seq = request.seq
        self.cancellation = request.cancellation
        self.activity_id = attributes.activity_id
        self.activity_type = attributes.activity_type.name
        self.is_resolved = False
        self.is_cancel_requested = False
        self.scheduled_event_id = 0

    def mismatch(self, event: HistoryEvent) -> str:
        scheduled = event.activity_task_scheduled_event_attributes
        return different("activity type", scheduled.activity_type.name, self.activity_type) or different(
            "activity id", scheduled.activity_id, self.activity_id
        )

    def subject(self) -> str:
        return f"{self.activity_type} {self.activity_id!r}"

    def recorded(self, event: HistoryEvent, core: Core) -> None:
        super().recorded(event, core)
        self.scheduled_event_id = event.event_id
        core.follow(self.scheduled_event_id, self)

    def heard(self, event: HistoryEvent, core: Core) -> None:
        outcome = self._outcome(event)
        if outcome is not None:
            self._resolve(outcome, core)

    def cancel(self, core: Core) -> None:
        """Its caller was cancelled."""
        if self.is_resolved or self.is_cancel_requested:
            return
        self.is_cancel_requested = True
        self.is_dropped = not self.is_recorded
        if self.is_recorded and self.cancellation != ActivityCancellation.ABANDON:
            core.add(self._request_cancel())
        if self.is_dropped or self.cancellation != ActivityCancellation.WAIT_CANCELLATION_COMPLETED:
            self._resolve(outcomes.activity_given_up(self._info()), core)

    def _request_cancel(self) -> Pending:
        attributes = RequestCancelActivityTaskCommandAttributes(scheduled_event_id=self.scheduled_event_id)
        command = Command(
            command_type=CommandType.COMMAND_TYPE_REQUEST_CANCEL_ACTIVITY_TASK,
            request_cancel_activity_task_command_attributes=attributes,
        )
        return FollowUpPending(command, CANCEL_REQUESTED, self.subject)

    def _resolve(self, outcome: Outcome, core: Core) -> None:
        if not self.is_resolved:
            self.is_resolved = True
            core.tell(ResolveActivity(seq=self.seq, outcome=outcome))

    def _outcome(self, event: HistoryEvent) -> Outcome | None:
        kind = event.event_type
        if kind == COMPLETED:
            return outcomes.completed(event.activity_task_completed_event_attributes.result)
        if kind == FAILED:
            return outcomes.activity_failed(self._info(), event.activity_task_failed_event_attributes)
        if kind == TIMED_OUT:
            return outcomes.activity_timed_out(self._info(), event.activity_task_timed_out_event_attributes)
        if kind == CANCELED:
            return outcomes.activity_cancelled(self._info(), event.activity_task_canceled_event_attributes)
        return None  # started, and requests to cancel that we made ourselves

    def _info(self) -> ActivityFailureInfo:
        return outcomes.activity_info(self.activity_type, self.activity_id, self.scheduled_event_id)


class TimerPending(Pending):
    """One timer."""

    def __init__(self, request: StartTimer) -> None:
        self.seq = request.seq
        self.timer_id = str(request.seq)
        attributes = StartTimerCommandAttributes(timer_id=self.timer_id)
        attributes.start_to_fire_timeout.FromNanoseconds(request.wait_ns)
        command = Command(command_type=CommandType.COMMAND_TYPE_START_TIMER, start_timer_command_attributes=attributes)
        super().__init__(request, command, EventType.EVENT_TYPE_TIMER_STARTED)
        self.is_over = False

    def mismatch(self, event: HistoryEvent) -> str:
        return different("timer", event.timer_started_event_attributes.timer_id, self.timer_id)

    def subject(self) -> str:
        return repr(self.timer_id)

    def recorded(self, event: HistoryEvent, core: Core) -> None:
        super().recorded(event, core)
        core.follow(event.event_id, self)

    def heard(self, event: HistoryEvent, core: Core) -> None:
        if event.HasField("timer_fired_event_attributes") and not self.is_over:
            self.is_over = True
            core.tell(FireTimer(seq=self.seq))

    def cancel(self, core: Core) -> None:
        if self.is_over:
            return
        self.is_over = True
        self.is_dropped = not self.is_recorded
        if self.is_recorded:
            command = Command(
                command_type=CommandType.COMMAND_TYPE_CANCEL_TIMER,
                cancel_timer_command_attributes=CancelTimerCommandAttributes(timer_id=self.timer_id),
            )
            core.add(FollowUpPending(command, EventType.EVENT_TYPE_TIMER_CANCELED, self.subject))
