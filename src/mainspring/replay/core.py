"""One run as a worker knows it: what of its history workflow code was told, and which commands it made.

    replay.begin(task)
    while (activation := replay.next_activation()) is not None:
        replay.apply(code.activate(activation))
    answer = replay.answer()

For each sequence of events (see sequences.py): first the commands of the last activation are found in the history, one
event each; then what happened since becomes jobs; then markers and updates of the coming workflow task are read ahead,
since workflow code was told of them within it. After the last sequence queries are asked, in an activation of their
own. A command may resolve at once (an activity given up): such jobs make another activation within the same task.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from temporalio.api.enums.v1 import EventType, WorkflowTaskFailedCause
from temporalio.api.history.v1 import (
    HistoryEvent,
    WorkflowTaskCompletedEventAttributes,
    WorkflowTaskStartedEventAttributes,
)
from temporalio.api.protocol.v1 import Message
from temporalio.api.query.v1 import WorkflowQuery

from mainspring.replay import markers, requests
from mainspring.replay.activation import (
    Activation,
    Cancel,
    Initialize,
    Job,
    NotifyHasPatch,
    Query,
    RecordedSideEffect,
    RecordedVersion,
    Signal,
    UpdateRandomSeed,
    in_order,
)
from mainspring.replay.divergence import SHOWN
from mainspring.replay.local import LocalActivities, LocalResult
from mainspring.replay.matching import ABOUT_ANOTHER, MARKER, Queue
from mainspring.replay.pending import Pending
from mainspring.replay.requester import Requester
from mainspring.replay.sequences import (
    COMMAND_EVENTS,
    FINAL,
    TASK_BEGINS,
    TASK_COMPLETED,
    TASK_SCHEDULED,
    TASK_STARTED,
    UPDATE_ACCEPTED,
    end_of_sequence,
    without_loose_end,
)
from mainspring.replay.task import CORE_FLAGS, LEGACY_QUERY, TERMINAL_GOES_LAST, Answer, QueryAnswer, Task
from mainspring.replay.updates import Updates

RESET = WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW


class HistoryGap(Exception):
    """The events given do not go on where the run is: it must be replayed from its first event."""


class Replay:
    """One run. Not for more than one thread at a time."""

    def __init__(self, namespace: str) -> None:
        self.namespace = namespace
        self.is_replaying = False
        self.time_ns = 0
        self.last_event_id = 0  # of the events that workflow code was told of
        self.is_over = False  # its last event was seen
        self._is_ended = False  # by workflow code: what is left of it is told nothing more, but for queries
        self._settled_event_id = 0  # the last event but for the start of the last workflow task
        self._events: Sequence[HistoryEvent] = ()
        self._kinds: Sequence[EventType.ValueType] = ()  # of the events, in their order
        self._next = 0
        self._activation_index = 0  # of the next activation, in its workflow task
        self._previous_started_event_id = 0
        self._jobs: list[Job] = []
        self._queue = Queue()
        self._local = LocalActivities(self)
        self._updates = Updates(self)
        self._requester = Requester(self, self._local, self._updates)
        self._messages: deque[Message] = deque()
        self._queries: dict[str, WorkflowQuery] = {}
        self._answers: list[QueryAnswer] = []
        self._core_flags: set[int] = set()
        self._language_flags: set[int] = set()
        self._new_core_flags: set[int] = set()
        self._new_language_flags: set[int] = set()
        self._versioning_behavior = 0
        self._task_started = WorkflowTaskStartedEventAttributes()  # the newest start of a workflow task
        self._completed: WorkflowTaskCompletedEventAttributes | None = None  # how the activation's task was, on replay

    # -- the worker's side

    def begin(self, task: Task) -> None:
        """Take a workflow task.

        Raises:
            HistoryGap: Its events do not go on where this run is. Nothing was changed.
        """
        events = task.events
        if events and events[0].event_id <= self.last_event_id < events[-1].event_id:
            events = [event for event in events if event.event_id > self.last_event_id]
        if events and events[0].event_id != self.last_event_id + 1:
            raise HistoryGap(f"expected event {self.last_event_id + 1}, got {events[0].event_id}")
        self._events = events if task.legacy_query is None else without_loose_end(events)
        self._kinds = [event.event_type for event in self._events]
        self._next = 0
        self._activation_index = 0
        self._previous_started_event_id = task.previous_started_event_id
        self._messages = deque(task.messages) if task.messages else deque()
        self._queries = dict(task.queries) if task.queries else {}
        if task.legacy_query is not None:
            self._queries[LEGACY_QUERY] = task.legacy_query

    def next_activation(self) -> Activation | None:
        """What to tell workflow code next; None when the task is done, but for local activities that run.

        Raises:
            Divergence: The history has other events than the commands that workflow code made.
        """
        while not self._jobs and not self._tell_local_activity() and self._next < len(self._events):
            self._tell_sequence()
            if self._next == len(self._events):
                self._receive_messages()
        if not self._jobs:
            self._receive_messages()
        if not self._jobs and not self.is_waiting_for_local_activities:
            self._ask_queries()
        return self._activation() if self._jobs else None

    def apply(self, completion: requests.Completion) -> None:
        """Take what workflow code did in the activation."""
        if completion.used_flags:
            self._new_language_flags |= completion.used_flags - self._language_flags
        self._versioning_behavior = completion.versioning_behavior or self._versioning_behavior
        asked: Sequence[requests.Request] = completion.requests
        terminal = requests.first_terminal(asked)
        if terminal is not None:
            self._is_ended = True
            asked = self._in_order(asked, terminal)
        for request in asked:
            if isinstance(request, requests.AnswerQuery):
                self._answers.append(QueryAnswer(request.query_id, request.result, request.failure))
                continue
            if isinstance(request, requests.Terminal):
                self._leave_markers()
            self._requester.take(request)

    def take_local_activities(self) -> tuple[list[requests.LocalActivityTask], list[int]]:
        """Local activities to run before the task is answered, and the numbers of running ones to cancel."""
        return self._local.take()

    @property
    def has_ended(self) -> bool:
        """Whether workflow code ended the run, as far as this worker knows, or its history says so."""
        return self._is_ended or self.is_over

    @property
    def is_waiting_for_local_activities(self) -> bool:
        return self._local.is_any_running and not self._is_ended

    def finish_local_activity(self, seq: int, result: LocalResult) -> None:
        """A local activity ended; `next_activation` tells workflow code."""
        self._local.finish(seq, result)

    def rewind(self, event_id: int) -> None:
        """The server took back its last workflow task, which left nothing, and goes on after event `event_id`.

        What came before the task was told and stays: such events may be sent again.
        """
        self.last_event_id = max(event_id, self._settled_event_id)

    def answer(self) -> Answer:
        """What the server is to be told of this task. The commands stay until their events are found."""
        answers, self._answers = self._answers, []
        core_flags, language_flags = self._new_core_flags, self._new_language_flags
        if core_flags or language_flags:
            self._new_core_flags, self._new_language_flags = set(), set()
            self._core_flags |= core_flags
            self._language_flags |= language_flags
        commands = self._queue.commands()
        return Answer(
            commands=commands,
            messages=self._updates.take_messages(commands),
            queries=answers,
            core_flags=sorted(core_flags),
            language_flags=sorted(language_flags),
            versioning_behavior=self._versioning_behavior,
        )

    # -- what pending commands may do (`pending.Core`, `requester.Run`)

    def tell(self, job: Job) -> None:
        if self._is_ended and not isinstance(job, Query):
            return
        self._jobs.append(job)
        self._requester.forget(job)

    def add(self, pending: Pending) -> None:
        self._queue.add(pending)

    def follow(self, event_id: int, pending: Pending) -> None:
        self._queue.follow(event_id, pending)

    def has_flag(self, flag: int) -> bool:
        if flag in self._core_flags:
            return True
        if self.is_replaying or flag not in CORE_FLAGS:
            return False
        self._new_core_flags.add(flag)
        return True

    # -- events

    def _tell_sequence(self) -> None:
        """Find the commands of the last activation, and make jobs of what happened since."""
        begin, end = self._next, end_of_sequence(self._kinds, self._next)
        last_event_id = self._events[end - 1].event_id
        self.is_replaying = end < len(self._events) or last_event_id <= self._previous_started_event_id
        at = begin
        while at < end:
            kind = self._kinds[at]
            at += 1 if kind == TASK_SCHEDULED else self._take_event(at, kind, end)
        self._next = end
        self._activation_index = 0
        self.last_event_id = last_event_id
        self._settle(begin, end)
        self._read_ahead()

    def _settle(self, begin: int, end: int) -> None:
        for at in range(end - 1, begin - 1, -1):
            if self._kinds[at] not in TASK_BEGINS:
                self._settled_event_id = self._events[at].event_id
                return

    def _take_event(self, at: int, kind: EventType.ValueType, end: int) -> int:
        """Take the event at `at`, of a sequence that ends before `end`. Returns how many were taken."""
        event = self._events[at]
        if kind in COMMAND_EVENTS:
            taken = self._take_command_event(at, kind, end)
            self.is_over = self.is_over or kind in FINAL
            self._check_all_found(at + taken, end)
            return taken
        if kind == TASK_COMPLETED:
            self._note_completed(event.workflow_task_completed_event_attributes)
            if at + 1 == end or self._kinds[at + 1] != TASK_SCHEDULED:
                self._check_all_found(at + 1, end)
        elif kind == TASK_STARTED:
            self._task_started = event.workflow_task_started_event_attributes
            self.time_ns = _time_ns(event)
        elif kind in ABOUT_ANOTHER:
            self._queue.heard(event, kind, self)
        else:
            self._take_news(event)
        return 1

    def _take_command_event(self, at: int, kind: EventType.ValueType, end: int) -> int:
        event = self._events[at]
        is_local = kind == MARKER and (event.marker_recorded_event_attributes.marker_name == markers.LOCAL_ACTIVITY)
        if is_local and self._local.is_from_history(event):
            if complaint := self._local.mismatch(event):
                raise self._queue.diverged(complaint, self._shown(at, end))
            return 1
        return self._queue.found(self._shown(at, end), kind, self)

    def _check_all_found(self, at: int, end: int) -> None:
        """After the last event that commands made, no command may be left."""
        if self._queue.is_waiting and (at == end or self._kinds[at] not in COMMAND_EVENTS):
            self._queue.all_found(self._shown(at, end))

    def _shown(self, at: int, end: int) -> Sequence[HistoryEvent]:
        """The events from `at` on that a message may show: all of a large task would be copied for each command."""
        return self._events[at:end] if end - at <= SHOWN else self._events[at : at + SHOWN]

    def _take_news(self, event: HistoryEvent) -> None:
        match event.WhichOneof("attributes"):
            case "workflow_execution_started_event_attributes":
                started = event.workflow_execution_started_event_attributes
                self.time_ns = _time_ns(event)
                run_id = started.original_execution_run_id
                self.tell(Initialize(started=started, started_at=self.time_ns, seeded_by=run_id))
            case "workflow_execution_signaled_event_attributes":
                signal = event.workflow_execution_signaled_event_attributes
                name, payloads = signal.signal_name, signal.input.payloads
                self.tell(Signal(name, payloads, signal.header.fields, event_id=event.event_id))
            case "workflow_execution_cancel_requested_event_attributes":
                self.tell(Cancel(reason=event.workflow_execution_cancel_requested_event_attributes.cause))
            case "workflow_task_failed_event_attributes":
                failed = event.workflow_task_failed_event_attributes
                if failed.cause == RESET:
                    self.tell(UpdateRandomSeed(seeded_by=failed.new_run_id))
            case "workflow_execution_update_admitted_event_attributes":
                self._updates.admit(event, is_replaying=self.is_replaying)
            case _:
                return  # of no concern to workflow code

    def _note_completed(self, completed: WorkflowTaskCompletedEventAttributes) -> None:
        metadata = completed.sdk_metadata
        if metadata.core_used_flags:
            self._core_flags.update(metadata.core_used_flags)
        if metadata.lang_used_flags:
            self._language_flags.update(metadata.lang_used_flags)

    def _read_ahead(self) -> None:
        """What the coming workflow task is known to have met: markers, updates, flags."""
        self._completed = None
        for at in range(self._next, end_of_sequence(self._kinds, self._next)):
            event, kind = self._events[at], self._kinds[at]
            if kind == TASK_COMPLETED and (self._completed is None or not self._completed.ByteSize()):
                self._completed = event.workflow_task_completed_event_attributes
                self._note_completed(self._completed)
            elif kind == MARKER:
                self._read_marker_ahead(event)
            elif kind == UPDATE_ACCEPTED:
                self._updates.look_ahead(event)

    def _read_marker_ahead(self, event: HistoryEvent) -> None:
        marker = event.marker_recorded_event_attributes
        if marker.marker_name == markers.PATCH:
            patch_id, _ = markers.read_patch(marker)
            self._requester.patches.setdefault(patch_id, False)
            self.tell(NotifyHasPatch(patch_id))
        elif marker.marker_name == markers.VERSION:
            self.tell(RecordedVersion(*markers.read_version(marker)))
        elif marker.marker_name == markers.SIDE_EFFECT:
            self.tell(RecordedSideEffect(*markers.read_side_effect(marker)))
        elif marker.marker_name == markers.LOCAL_ACTIVITY:
            self._local.look_ahead(event)

    # -- what is no event

    def _tell_local_activity(self) -> bool:
        """Whether a local activity had ended, of which workflow code is told now."""
        time_ns = self._local.tell_next(self._activation_index)
        if time_ns is None:
            return False
        self.time_ns = max(self.time_ns, time_ns)
        return True

    def _leave_markers(self) -> None:
        """Of local activities that have ended, before the command that ends the run: nothing may come behind it."""
        while self._tell_local_activity():
            continue

    def _receive_messages(self) -> None:
        """Together with the last events, as a replay will have them: an update is told before a timer that fired."""
        while self._messages:
            self._updates.receive(self._messages.popleft())

    def _ask_queries(self) -> None:
        queries, self._queries = self._queries, {}
        for query_id, query in queries.items():
            arguments = query.query_args.payloads
            self.tell(Query(query_id, query.query_type, arguments, query.header.fields))

    # -- activations

    def _activation(self) -> Activation:
        jobs, self._jobs = in_order(self._jobs), []
        self._activation_index += 1
        build_id, deployment_name = _completed_by(self._completed) if self._completed is not None else ("", "")
        return Activation(
            jobs=jobs,
            time_ns=self.time_ns,
            is_replaying=self.is_replaying,
            history_length=self.last_event_id,
            task_started=self._task_started,
            build_id=build_id,
            deployment_name=deployment_name,
            flags=frozenset(self._language_flags),
        )

    def _in_order(self, asked: Sequence[requests.Request], terminal: int) -> Sequence[requests.Request]:
        """Only the first request that ends the run, behind all others; histories of old SDKs end with it."""
        if not self.has_flag(TERMINAL_GOES_LAST):
            return asked[: terminal + 1]
        others = [one for one in asked if not isinstance(one, requests.Terminal)]
        return [*others, asked[terminal]]


def _time_ns(event: HistoryEvent) -> int:
    """When it was written, in ns since the epoch."""
    at = event.event_time
    return at.seconds * 1_000_000_000 + at.nanos


def _completed_by(completed: WorkflowTaskCompletedEventAttributes) -> tuple[str, str]:
    """The build id and the deployment of the worker that completed a task; "" = it did not say."""
    version = completed.deployment_version
    return (
        version.build_id or completed.worker_version.build_id,
        version.deployment_name or completed.worker_deployment_name,
    )
