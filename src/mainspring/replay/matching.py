"""The commands of a run, each waiting for its event; and the check that the history has the events the code asks for.

    made: [StartTimer 1] [ScheduleActivity 1] [patch "p"]
    history:  TimerStarted 1 -> found    ActivityTaskScheduled 1 -> found    MarkerRecorded core_patch p -> found

A patch's marker is lenient, since patches exist to change code under open runs: a call whose marker the history lacks
is no command; a marker that is deprecated may lack its call.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from operator import attrgetter

from temporalio.api.command.v1 import Command
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent

from mainspring.replay.divergence import describe_event, divergence
from mainspring.replay.markers import CHANGE_VERSION, PATCH, MarkerPending, mark_of
from mainspring.replay.pending import Core, Pending

MARKER = EventType.EVENT_TYPE_MARKER_RECORDED
UPSERTED = EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES

GOES_ON = {  # events after which more can be heard of the same thing
    EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED,
    EventType.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED,
    EventType.EVENT_TYPE_NEXUS_OPERATION_STARTED,
}
REFERS_BY = {  # the field by which an event names the event that began what it is about
    "activity_task_started_event_attributes": "scheduled_event_id",
    "activity_task_completed_event_attributes": "scheduled_event_id",
    "activity_task_failed_event_attributes": "scheduled_event_id",
    "activity_task_timed_out_event_attributes": "scheduled_event_id",
    "activity_task_canceled_event_attributes": "scheduled_event_id",
    "timer_fired_event_attributes": "started_event_id",
    "start_child_workflow_execution_failed_event_attributes": "initiated_event_id",
    "child_workflow_execution_started_event_attributes": "initiated_event_id",
    "child_workflow_execution_completed_event_attributes": "initiated_event_id",
    "child_workflow_execution_failed_event_attributes": "initiated_event_id",
    "child_workflow_execution_timed_out_event_attributes": "initiated_event_id",
    "child_workflow_execution_canceled_event_attributes": "initiated_event_id",
    "child_workflow_execution_terminated_event_attributes": "initiated_event_id",
    "external_workflow_execution_signaled_event_attributes": "initiated_event_id",
    "signal_external_workflow_execution_failed_event_attributes": "initiated_event_id",
    "external_workflow_execution_cancel_requested_event_attributes": "initiated_event_id",
    "request_cancel_external_workflow_execution_failed_event_attributes": "initiated_event_id",
    "nexus_operation_started_event_attributes": "scheduled_event_id",
    "nexus_operation_completed_event_attributes": "scheduled_event_id",
    "nexus_operation_failed_event_attributes": "scheduled_event_id",
    "nexus_operation_canceled_event_attributes": "scheduled_event_id",
    "nexus_operation_timed_out_event_attributes": "scheduled_event_id",
    "nexus_operation_cancel_request_completed_event_attributes": "requested_event_id",
    "nexus_operation_cancel_request_failed_event_attributes": "requested_event_id",
}
# By the type of an event that is about something begun earlier: reads from it the event that began that.
ABOUT_ANOTHER = {
    EventType.Value(f"EVENT_TYPE_{attributes.removesuffix('_event_attributes').upper()}"): attrgetter(
        f"{attributes}.{field}"
    )
    for attributes, field in REFERS_BY.items()
}
TIMER_CANCELED = EventType.EVENT_TYPE_TIMER_CANCELED


class Queue:
    """Commands made and not yet found in the history, oldest first; and who hears of later events."""

    def __init__(self) -> None:
        self._made: deque[Pending] = deque()
        self._followers: dict[int, Pending] = {}

    def add(self, pending: Pending) -> None:
        self._made.append(pending)

    def follow(self, event_id: int, pending: Pending) -> None:
        self._followers[event_id] = pending

    def commands(self) -> list[Command]:
        """What the server is to be given."""
        return [pending.command for pending in self._made if not pending.is_dropped]

    @property
    def is_waiting(self) -> bool:
        """Whether there are commands whose events were not found yet."""
        return bool(self._made)

    def found(self, events: Sequence[HistoryEvent], kind: EventType.ValueType, core: Core) -> int:
        """The first of `events`, of that kind, was made by a command: by the oldest one here, or the code has diverged.

        Returns:
            How many of the events are accounted for.
        """
        event = events[0]
        skipped = self._skip_patches(events, kind)
        if skipped:
            return skipped
        if not self._made:
            raise self.diverged(f"the workflow made no command for event {describe_event(event)}", events)
        pending = self._made[0]
        if pending.expects != kind:
            raise self.diverged(
                f"event {describe_event(event)} was expected, got the command {pending.describe()}", events
            )
        if complaint := pending.mismatch(event):
            raise self.diverged(f"event {describe_event(event)}: {complaint}", events)
        self._made.popleft()
        pending.recorded(event, core)
        if kind == TIMER_CANCELED:
            self._followers.pop(event.timer_canceled_event_attributes.started_event_id, None)
        return 1

    def all_found(self, events: Sequence[HistoryEvent]) -> None:
        """The history has no more events of this workflow task; `events` are what comes instead."""
        self._drop_unrecorded_patches()
        if self._made:
            raise self.diverged(f"the history has no event for the command {self._made[0].describe()}", events)

    def heard(self, event: HistoryEvent, kind: EventType.ValueType, core: Core) -> None:
        """Pass on what became of something that a command began: an event of a kind in `ABOUT_ANOTHER`."""
        begun_by = ABOUT_ANOTHER[kind](event)
        follower = self._followers.get(begun_by)
        if follower is None:
            raise self.diverged(
                f"event {describe_event(event)} is about event {begun_by}, which no command made", [event]
            )
        follower.heard(event, core)
        if kind not in GOES_ON:
            del self._followers[begun_by]

    def diverged(self, found: str, events: Sequence[HistoryEvent]) -> Exception:
        return divergence(found, events=events, made=self._made)

    def _skip_patches(self, events: Sequence[HistoryEvent], kind: EventType.ValueType) -> int:
        """Drop patches that the history lacks; count events of deprecated patches that the code lacks."""
        mark = mark_of(events[0]) if kind == MARKER else None
        is_patch = mark is not None and mark.name == PATCH
        while True:
            self._drop_dropped()
            front = self._made[0] if self._made else None
            at_patch = front.mark if isinstance(front, MarkerPending) and front.mark.name == PATCH else None
            if is_patch and mark is not None:
                is_other = at_patch is None or at_patch.key != mark.key
                return self._patch_length(events) if mark.is_deprecated and is_other else 0
            if at_patch is None:
                return 0
            self._made.popleft()

    def _patch_length(self, events: Sequence[HistoryEvent]) -> int:
        """A patch's marker, and the upsert that may come with it."""
        following = events[1] if len(events) > 1 else None
        if following is None or following.event_type != UPSERTED:
            return 1
        fields = following.upsert_workflow_search_attributes_event_attributes.search_attributes.indexed_fields
        return 2 if CHANGE_VERSION in fields else 1

    def _drop_dropped(self) -> None:
        while self._made and self._made[0].is_dropped:
            self._made.popleft()

    def _drop_unrecorded_patches(self) -> None:
        self._made = deque(
            pending
            for pending in self._made
            if not pending.is_dropped and not (isinstance(pending, MarkerPending) and pending.mark.name == PATCH)
        )
