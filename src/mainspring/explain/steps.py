"""Events grouped into steps: one for each activity, timer, child, signal, update, ... with how it went.

    steps = Steps()
    steps.feed(page)            pages in any order, the newest first as well; an event may come twice
    steps.all()                 in order of their first events

Events of a step name its first one (scheduled, initiated, started); those of an update name its id. A step whose end
was not read is `unread`, and one that the end of the run cut short is `abandoned`: nothing of a closed run stays
running.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final

import msgspec
from temporalio.api.enums.v1 import EventType
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflow.v1 import PendingActivityInfo

from mainspring.explain.closing import is_closing
from mainspring.explain.failure_text import FailureText, failure_text
from mainspring.explain.step_titles import step_title, summary_of
from mainspring.explain.times import Nanos, instant_of


class StepKind(StrEnum):
    """What a step is."""

    START = "start"
    CLOSE = "close"
    WORKFLOW_TASK = "workflow task"
    ACTIVITY = "activity"
    LOCAL_ACTIVITY = "local activity"
    TIMER = "timer"
    CHILD = "child"
    SIGNAL = "signal"
    UPDATE = "update"
    EXTERNAL_SIGNAL = "signal to another"
    EXTERNAL_CANCEL = "cancel of another"
    CANCEL_REQUEST = "cancel request"
    NEXUS = "nexus operation"
    MARKER = "marker"
    CHANGE = "change"  # of options, memo, search attributes; a pause


class StepStatus(StrEnum):
    """How a step stands."""

    WAITING = "waiting"  # nobody has begun it
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    TIMED_OUT = "timed out"
    CANCELED = "canceled"
    TERMINATED = "terminated"
    ABANDONED = "abandoned"  # the run closed before its end
    UNREAD = "unread"  # its end may be among events that were not fed


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step. `begun_at`: when its last attempt began, if somebody began it. `ended_at` None: it has not ended."""

    kind: StepKind
    status: StepStatus
    title: str
    summary: str
    started_at: Nanos
    begun_at: Nanos | None
    ended_at: Nanos | None
    attempt: int
    worker: str
    failure: FailureText | None
    event_ids: tuple[int, ...]

    @property
    def is_open(self) -> bool:
        """It goes on."""
        return self.status in OPEN

    @property
    def is_point(self) -> bool:
        """It takes no time."""
        return self.kind in POINTS


OPEN: Final = {StepStatus.WAITING, StepStatus.RUNNING}
POINTS: Final = {
    StepKind.START,
    StepKind.CLOSE,
    StepKind.SIGNAL,
    StepKind.CANCEL_REQUEST,
    StepKind.MARKER,
    StepKind.LOCAL_ACTIVITY,
    StepKind.CHANGE,
}
_KINDS: Final = (  # by how the name of the event type begins; the first that fits
    ("WORKFLOW_TASK_", StepKind.WORKFLOW_TASK),
    ("ACTIVITY_TASK_", StepKind.ACTIVITY),
    ("TIMER_", StepKind.TIMER),
    ("START_CHILD_", StepKind.CHILD),
    ("CHILD_", StepKind.CHILD),
    ("SIGNAL_EXTERNAL_", StepKind.EXTERNAL_SIGNAL),
    ("EXTERNAL_WORKFLOW_EXECUTION_SIGNALED", StepKind.EXTERNAL_SIGNAL),
    ("REQUEST_CANCEL_EXTERNAL_", StepKind.EXTERNAL_CANCEL),
    ("EXTERNAL_WORKFLOW_EXECUTION_CANCEL_", StepKind.EXTERNAL_CANCEL),
    ("NEXUS_", StepKind.NEXUS),
    ("WORKFLOW_EXECUTION_UPDATE_", StepKind.UPDATE),
    ("WORKFLOW_EXECUTION_SIGNALED", StepKind.SIGNAL),
    ("WORKFLOW_EXECUTION_CANCEL_REQUESTED", StepKind.CANCEL_REQUEST),
    ("WORKFLOW_EXECUTION_STARTED", StepKind.START),
    ("MARKER_", StepKind.MARKER),
)
_STATUSES: Final = (  # by how the name of the event type ends
    ("_SCHEDULED", StepStatus.WAITING),
    ("_INITIATED", StepStatus.WAITING),
    ("_ADMITTED", StepStatus.WAITING),
    ("_ACCEPTED", StepStatus.RUNNING),
    ("_STARTED", StepStatus.RUNNING),
    ("_REJECTED", StepStatus.FAILED),
    ("_FAILED", StepStatus.FAILED),
    ("_TIMED_OUT", StepStatus.TIMED_OUT),
    ("_CANCELED", StepStatus.CANCELED),
    ("_TERMINATED", StepStatus.TERMINATED),
    ("_COMPLETED", StepStatus.COMPLETED),
    ("_FIRED", StepStatus.COMPLETED),
    ("_SIGNALED", StepStatus.COMPLETED),
)
_LOCAL_ACTIVITIES: Final = {"LocalActivity", "core_local_activity"}
_KEYS: Final = ("scheduled_event_id", "initiated_event_id")

Key = int | str


class Steps:
    """Collects events, and knows their steps."""

    def __init__(self) -> None:
        self._events: dict[Key, dict[int, HistoryEvent]] = {}
        self._closing: HistoryEvent | None = None

    def __repr__(self) -> str:
        return f"Steps(count={len(self._events)}, is_closed={self._closing is not None})"

    def feed(self, events: Iterable[HistoryEvent]) -> None:
        """Take in events, in any order."""
        for event in events:
            self._events.setdefault(_key(event), {})[event.event_id] = event
            if is_closing(event):
                self._closing = event

    def all(self, pending: Sequence[PendingActivityInfo] = (), *, has_newest: bool = True) -> tuple[Step, ...]:
        """The steps in order of their first events.

        `pending`: activities that the server says are pending, for their present attempts. `has_newest`: the newest
        events were fed, so that what has no end in them has not ended.
        """
        by_id = {activity.activity_id: activity for activity in pending}
        groups = [[group[number] for number in sorted(group)] for group in self._events.values()]
        groups.sort(key=lambda group: group[0].event_id)
        closing = self._closing if has_newest else None
        return tuple(_cut_short(_step(group, by_id), closing, has_newest=has_newest) for group in groups)


def event_name(event: HistoryEvent) -> str:
    """`TIMER_FIRED`; the number of a type of a later API."""
    names = EventType.DESCRIPTOR.values_by_number
    found = names.get(event.event_type)
    return f"EVENT_{event.event_type}" if found is None else found.name.removeprefix("EVENT_TYPE_")


def kind_of(event: HistoryEvent) -> StepKind:
    """The kind of step that an event belongs to."""
    if is_closing(event):
        return StepKind.CLOSE
    if event.marker_recorded_event_attributes.marker_name in _LOCAL_ACTIVITIES:
        return StepKind.LOCAL_ACTIVITY
    name = event_name(event)
    return next((kind for beginning, kind in _KINDS if name.startswith(beginning)), StepKind.CHANGE)


def failure_of(event: HistoryEvent) -> Failure | None:
    """The failure that an event tells of; None if it tells of none."""
    which = event.WhichOneof("attributes")
    if which is None:
        return None
    attributes = getattr(event, which)
    fields = attributes.DESCRIPTOR.fields_by_name
    for name in ("failure", "last_failure"):
        if name in fields and attributes.HasField(name):
            failure: Failure = getattr(attributes, name)
            return failure
    if event.HasField("workflow_execution_update_completed_event_attributes"):
        outcome = event.workflow_execution_update_completed_event_attributes.outcome
        return outcome.failure if outcome.HasField("failure") else None
    return None


def _key(event: HistoryEvent) -> Key:
    """The id of the step's first event; for updates `update:` and their id."""
    kind = kind_of(event)
    if kind is StepKind.UPDATE:
        return f"update:{_update_id(event)}"
    which = event.WhichOneof("attributes")
    if which is None or kind in POINTS:
        return event.event_id
    attributes = getattr(event, which)
    names = ("started_event_id",) if kind is StepKind.TIMER else _KEYS
    found = next((int(getattr(attributes, name)) for name in names if hasattr(attributes, name)), 0)
    return found or event.event_id


def _update_id(event: HistoryEvent) -> str:
    return (
        event.workflow_execution_update_accepted_event_attributes.protocol_instance_id
        or event.workflow_execution_update_completed_event_attributes.meta.update_id
        or event.workflow_execution_update_admitted_event_attributes.request.meta.update_id
        or event.workflow_execution_update_rejected_event_attributes.protocol_instance_id
        or str(event.event_id)
    )


def _step(events: Sequence[HistoryEvent], pending: dict[str, PendingActivityInfo]) -> Step:
    first, last = events[0], events[-1]
    kind = kind_of(first)
    status = _status(kind, events)
    failure = next((each for each in map(failure_of, reversed(events)) if each is not None), None)
    ended_at = None if status in OPEN else instant_of(last.event_time)
    step = Step(
        kind=kind,
        status=status,
        title=step_title(first, event_name(first)),
        summary=summary_of(first),
        started_at=instant_of(first.event_time) or 0,
        begun_at=_begun_at(events),
        ended_at=ended_at,
        attempt=max((_attempt(event) for event in events), default=0),
        worker=next((worker for worker in map(_worker, reversed(events)) if worker), ""),
        failure=None if failure is None else failure_text(failure),
        event_ids=tuple(event.event_id for event in events),
    )
    activity = pending.get(first.activity_task_scheduled_event_attributes.activity_id)
    return step if activity is None or kind is not StepKind.ACTIVITY else _with_attempt(step, activity)


def _with_attempt(step: Step, activity: PendingActivityInfo) -> Step:
    """History tells of attempts only when they are over."""
    begun_at = instant_of(activity.last_started_time)
    is_begun = bool(activity.last_worker_identity) and begun_at is not None
    failure = failure_text(activity.last_failure) if activity.HasField("last_failure") else step.failure
    return msgspec.structs.replace(
        step,
        status=StepStatus.RUNNING if is_begun else StepStatus.WAITING,
        begun_at=begun_at,
        ended_at=None,
        attempt=activity.attempt,
        worker=activity.last_worker_identity,
        failure=failure,
    )


def _cut_short(step: Step, closing: HistoryEvent | None, *, has_newest: bool) -> Step:
    """What has no end, where the run has one, or where not all was read."""
    if not step.is_open:
        return step
    if closing is not None:
        return msgspec.structs.replace(step, status=StepStatus.ABANDONED, ended_at=instant_of(closing.event_time))
    return step if has_newest else msgspec.structs.replace(step, status=StepStatus.UNREAD)


def _status(kind: StepKind, events: Sequence[HistoryEvent]) -> StepStatus:
    if kind in POINTS and kind is not StepKind.CLOSE:
        return StepStatus.COMPLETED
    status = StepStatus.WAITING
    for event in events:
        name = event_name(event)
        if kind is StepKind.EXTERNAL_CANCEL and name.endswith("_CANCEL_REQUESTED"):
            return StepStatus.COMPLETED
        status = next((found for ending, found in _STATUSES if name.endswith(ending)), status)
    if kind is StepKind.UPDATE and status is StepStatus.COMPLETED and failure_of(events[-1]) is not None:
        return StepStatus.FAILED
    if kind is StepKind.CLOSE and status in OPEN:  # continued as new
        return StepStatus.COMPLETED
    return status


def _begun_at(events: Sequence[HistoryEvent]) -> Nanos | None:
    for event in events:
        name = event_name(event)
        if name.endswith(("_TASK_STARTED", "CHILD_WORKFLOW_EXECUTION_STARTED", "OPERATION_STARTED", "_ACCEPTED")):
            return instant_of(event.event_time)
    return None


def _attempt(event: HistoryEvent) -> int:
    return (
        event.activity_task_started_event_attributes.attempt or event.workflow_task_scheduled_event_attributes.attempt
    )


def _worker(event: HistoryEvent) -> str:
    return (
        event.activity_task_started_event_attributes.identity or event.workflow_task_started_event_attributes.identity
    )
