"""A run in memory: scalars, pending records, its history builder, and what the current transition has produced.

    run = Run.load(stored) | start.open_run(...)
    run.begin(now)                        the transition's clock
    ... transition functions mutate it ...
    changes = run.take_changes()          all that must be committed together

It tracks which keyed records were touched; only those are written, so a step costs what it touches. Deadlines of
records lie in a heap whose stale entries are dropped when they come up; run-wide deadlines are read off the scalars.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

import msgspec
from temporalio.api.common.v1 import Memo, SearchAttributes, WorkflowExecution
from temporalio.api.enums.v1 import WorkflowExecutionStatus, event_type_pb2, workflow_pb2
from temporalio.api.history.v1 import HistoryEvent

from mainspring.server.engine.changes import (
    Changes,
    CurrentRun,
    Effect,
    EffectKey,
    EventBatch,
    Nanos,
    RunKey,
    Task,
    TaskKind,
    VisibilityRecord,
)
from mainspring.server.engine.errors import InvariantError, RunTooLarge
from mainspring.server.engine.external_payloads import with_numbers
from mainspring.server.engine.history_builder import HistoryBuilder
from mainspring.server.engine.notices import Notice
from mainspring.server.engine.records import (
    Activity,
    Child,
    ExternalRequest,
    MadeByRequest,
    RunState,
    Timer,
    Update,
)
from mainspring.server.engine.settings import NamespaceSettings
from mainspring.server.engine.stages import ActivityStage

K = TypeVar("K", int, str)
R = TypeVar("R")

_STATE_ENCODER = msgspec.msgpack.Encoder()
_STATE_DECODER = msgspec.msgpack.Decoder(RunState)
_ACTIVITY = msgspec.msgpack.Decoder(Activity)
_TIMER = msgspec.msgpack.Decoder(Timer)
_CHILD = msgspec.msgpack.Decoder(Child)
_EXTERNAL = msgspec.msgpack.Decoder(ExternalRequest)
_UPDATE = msgspec.msgpack.Decoder(Update)
_REQUEST = msgspec.msgpack.Decoder(MadeByRequest)

RUNNING = WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING

Searchable = str | int | float | bool | list[str] | None
"""A search attribute as JSON; datetimes as nanoseconds since the epoch."""

_NEVER: Final = 2**63 - 1

Deadline = tuple[Nanos, int, str, int | str]
"""(at, tie break, kind of record, key of record)"""


Touched = dict[tuple[str, str], object]
"""Records that a transition has changed, by kind and key; None for those that are gone."""


class Records(dict[K, R]):
    """Records of one kind by key. Those that are changed go into `touched`, which all kinds of a run share.

    A dictionary, since looking at them is most of what is done with them; changed only by the methods here.
    """

    __slots__ = ("_decoder", "_parse_key", "_touched", "kind")

    def __init__(
        self, kind: str, decoder: msgspec.msgpack.Decoder[R], parse_key: Callable[[str], K], touched: Touched
    ) -> None:
        super().__init__()
        self.kind = kind
        self._parse_key: Callable[[str], K] = parse_key
        self._decoder = decoder
        self._touched = touched

    def put(self, key: K, record: R) -> None:
        """Add or replace; the record will be written."""
        self[key] = record
        self._touched[self.kind, str(key)] = record

    def touch(self, key: K) -> None:
        """The record of that key was changed in place; it will be written."""
        self._touched[self.kind, str(key)] = self.get(key)

    def remove(self, key: K) -> R:
        """Forget the record; its row goes."""
        self._touched[self.kind, str(key)] = None
        return self.pop(key)

    def clear(self) -> None:
        """Forget them all."""
        for key in list(self):
            self.remove(key)

    def load(self, key: str, blob: bytes) -> None:
        """Take a stored record in."""
        self[self._parse_key(key)] = self._decoder.decode(blob)


AnyRecords = (
    Records[int, Activity]
    | Records[str, Timer]
    | Records[int, Child]
    | Records[int, ExternalRequest]
    | Records[str, Update]
    | Records[str, MadeByRequest]
)


class Run:
    """One workflow execution. Not thread safe; its lock is the caller's duty."""

    def __init__(
        self, key: RunKey, state: RunState, settings: NamespaceSettings, *, version: int = 0, next_event_id: int = 1
    ) -> None:
        self.key = key
        self.state = state
        self.settings = settings
        self.limits = settings.limits  # as they are when a transition begins
        self.version = version  # 0: not stored yet
        self.now: Nanos = 0
        self.least_stamp = 0  # of workflow tasks: those below may have been given to tasks that were undone
        self.history = HistoryBuilder(next_event_id)
        touched = self._touched = Touched()
        self.activities: Records[int, Activity] = Records("activity", _ACTIVITY, int, touched)
        self.activity_ids: dict[str, int] = {}
        self.timers: Records[str, Timer] = Records("timer", _TIMER, str, touched)
        self.children: Records[int, Child] = Records("child", _CHILD, int, touched)
        self.signals: Records[int, ExternalRequest] = Records("signal", _EXTERNAL, int, touched)
        self.cancels: Records[int, ExternalRequest] = Records("cancel", _EXTERNAL, int, touched)
        self.updates: Records[str, Update] = Records("update", _UPDATE, str, touched)  # those without an outcome
        self.completed_updates: Records[str, Update] = Records("completed_update", _UPDATE, str, touched)
        self.requests: Records[str, MadeByRequest] = Records("request", _REQUEST, str, touched)  # by request id
        self._all_keyed: tuple[AnyRecords, ...] = (
            self.activities,
            self.timers,
            self.children,
            self.signals,
            self.cancels,
            self.updates,
            self.completed_updates,
            self.requests,
        )
        self.memo = Memo()
        self.search_attributes = SearchAttributes()
        self.searchable: dict[str, Searchable] = {}  # search attributes as JSON values
        self.tasks: list[Task] = []
        self.finished_tasks: list[tuple[TaskKind, int]] = []
        self.effects: list[Effect] = []
        self.finished_effects: list[EffectKey] = []
        self.notices: list[Notice] = []
        self._is_in_step = False  # something may be done that no `end_step` has counted
        self.batches: list[EventBatch] = []  # of the steps that have ended
        self._blobs: dict[tuple[str, str], bytes | None] = {}
        self._blob_sizes: dict[tuple[str, str], int] = {}  # of all records as they are stored
        self._records_bytes = 0
        self._deadlines: list[Deadline] = []
        self._activities_due: dict[int, Nanos] = {}  # by scheduled event id: the deadline of each that is in the heap
        self._visibility_is_stale = version == 0
        self._is_dirty = version == 0
        self.current: CurrentRun | None = None
        self.expected_current: str | None = None
        self.successor: Run | None = None  # the next run of the chain, to be committed together with this one

    # -- loading

    @classmethod
    def load(
        cls,
        key: RunKey,
        settings: NamespaceSettings,
        *,
        version: int,
        next_event_id: int,
        state: bytes,
        records: Mapping[tuple[str, str], bytes],
        least_stamp: int = 0,
    ) -> Run:
        """A run as the store has it."""
        run = cls(key, _STATE_DECODER.decode(state), settings, version=version, next_event_id=next_event_id)
        run.least_stamp = least_stamp
        stored = {r.kind: r for r in run._all_keyed}
        buffered: list[tuple[int, bytes]] = []
        for (kind, name), blob in records.items():
            if kind in stored:
                stored[kind].load(name, blob)
            elif kind == "buffered":
                buffered.append((int(name), blob))
            elif kind == "memo":
                run.memo = Memo.FromString(blob)
            elif kind == "search_attributes":
                run.search_attributes = SearchAttributes.FromString(blob)
            elif kind == "searchable":
                run.searchable = msgspec.json.decode(blob, type=dict[str, Searchable])
            else:
                raise InvariantError(f"unknown record kind {kind!r}", run.execution)
        run._count_bytes(records)
        run._after_load(buffered)
        return run

    def _after_load(self, buffered: list[tuple[int, bytes]]) -> None:
        self.activity_ids = {a.activity_id: a.scheduled_event_id for a in self.activities.values()}
        self.history.restore(sorted(buffered), next_number=self.state.buffered_next)
        self.history.started_ids = {
            c.initiated_event_id: c.started_event_id for c in self.children.values() if c.started_event_id
        }
        for activity in self.activities.values():
            self._mind_activity(activity)
        self._deadlines += [(t.fires_at, t.started_event_id, "timer", t.timer_id) for t in self.timers.values()]
        heapq.heapify(self._deadlines)

    # -- what it is

    @property
    def execution(self) -> WorkflowExecution:
        return WorkflowExecution(workflow_id=self.key.workflow_id, run_id=self.key.run_id)

    @property
    def is_running(self) -> bool:
        return self.state.status == RUNNING

    @property
    def has_started_task(self) -> bool:
        """A worker has the workflow task: events from outside are held back."""
        task = self.state.task
        return task is not None and task.started_event_id != 0

    @property
    def has_buffered_events(self) -> bool:
        return bool(self.history.buffered)

    def __repr__(self) -> str:
        s = self.state
        return (
            f"<Run {self.key.workflow_id}/{self.key.run_id} v{self.version} {s.workflow_type} status={s.status}"
            f" next_event={self.history.next_event_id} activities={len(self.activities)} timers={len(self.timers)}>"
        )

    # -- a transition

    def begin(self, now: Nanos) -> None:
        """Set the clock of the transition that follows; it never runs backwards within a run."""
        self.now = max(now, self.state.last_event_at)
        self.history.begin(self.now)
        self._is_in_step = True
        self.limits = self.settings.limits

    def touched(self) -> None:
        """Scalars were changed, so there is something to commit even without events."""
        self._is_dirty = True

    @property
    def is_dirty(self) -> bool:
        """Something was changed since the last commit."""
        return (
            self._is_dirty
            or self.history.is_dirty
            or bool(self.tasks or self.finished_tasks or self.effects or self.finished_effects)
            or bool(self._blobs or self._touched)
        )

    def finish_task(self, kind: TaskKind, ref: int) -> None:
        """The task's row goes: it was started, or is no longer wanted."""
        self.finished_tasks.append((kind, ref))

    def put_blob(self, kind: str, blob: bytes | None) -> None:
        """Write one of the unkeyed records (memo, search attributes)."""
        self._blobs[kind, ""] = blob

    def show(self) -> None:
        """The run's row in the lists is to be written again."""
        self._visibility_is_stale = True

    def flush_buffered(self) -> None:
        """Give all held back events their ids, and tell the records that wait for one."""
        for kind, event in self.history.flush_buffered():
            if kind == event_type_pb2.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED:
                self._note_child_started(event)
            elif kind == event_type_pb2.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
                self._note_request_event(event.workflow_execution_signaled_event_attributes.request_id, event)
            elif kind == event_type_pb2.EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED:
                attributes = event.workflow_execution_options_updated_event_attributes
                self._note_request_event(attributes.attached_request_id, event)

    def _note_child_started(self, event: HistoryEvent) -> None:
        child = self.children.get(event.child_workflow_execution_started_event_attributes.initiated_event_id)
        if child is not None:
            child.started_event_id = event.event_id
            self.children.touch(child.initiated_event_id)

    def _note_request_event(self, request_id: str, event: HistoryEvent) -> None:
        """An event that a request has made got its id."""
        made = self.requests.get(request_id)
        if made is not None:
            made.event_id = event.event_id
            self.requests.touch(request_id)

    # -- deadlines

    def put_timer(self, timer: Timer) -> None:
        self.timers.put(timer.timer_id, timer)
        heapq.heappush(self._deadlines, (timer.fires_at, timer.started_event_id, "timer", timer.timer_id))

    def put_activity(self, activity: Activity) -> None:
        """Add an activity, or note that it changed: it is written, and its next deadline is minded."""
        self.activities.put(activity.scheduled_event_id, activity)
        self._mind_activity(activity)

    def remove_activity(self, activity: Activity) -> None:
        ref = activity.scheduled_event_id
        self.activities.remove(ref)
        self._activities_due.pop(ref, None)
        if self.activity_ids.get(activity.activity_id) == ref:
            del self.activity_ids[activity.activity_id]

    def _mind_activity(self, activity: Activity) -> None:
        """Its next deadline takes the place of the one that was minded before."""
        ref = activity.scheduled_event_id
        at, _ = activity_deadline(activity) or (0, 0)
        if self._activities_due.get(ref, 0) == at:
            return
        self._activities_due[ref] = at
        if at:
            heapq.heappush(self._deadlines, (at, ref, "activity", ref))

    def _is_current(self, entry: Deadline) -> bool:
        at, _, kind, key = entry
        if kind == "activity":
            return self._activities_due.get(int(key)) == at
        timer = self.timers.get(str(key))
        return timer is not None and timer.fires_at == at

    def next_record_deadline(self) -> Deadline | None:
        """The earliest deadline of any activity or timer."""
        heap = self._deadlines
        while heap and not self._is_current(heap[0]):
            heapq.heappop(heap)
        return heap[0] if heap else None

    def wake_at(self) -> Nanos | None:
        """The run's earliest deadline of any kind."""
        state = self.state
        if state.status != RUNNING:
            return state.delete_at or None
        entry = self.next_record_deadline()
        earliest = _NEVER if entry is None else entry[0]
        for at in (state.first_task_at, state.run_expires_at, state.execution_expires_at, task_deadline(state)):
            if 0 < at < earliest:
                earliest = at
        return None if earliest == _NEVER else earliest

    # -- the outcome

    def check(self) -> None:
        """Cheap invariants that hold after every transition.

        Raises:
            InvariantError: one does not; nothing may be committed.
        """
        if self.state.task is not None and not self.is_running:
            raise InvariantError("a closed run has a workflow task", self.execution)
        if self.history.buffered and not self.has_started_task:
            raise InvariantError("events are buffered without a started workflow task", self.execution)
        if len(self.activity_ids) != len(self.activities):
            raise InvariantError("two pending activities have one id", self.execution)

    def take_changes(self) -> Changes:
        """All that the transition did. Afterwards the run stands as it will be stored.

        Raises: RunTooLarge: it would hold more than a run may; nothing may be committed.
        """
        state, history, is_running = self.state, self.history, self.is_running
        if not is_running:
            history.drop_buffered()
        elif history.buffered and not self.has_started_task:
            self.flush_buffered()
        self.check()
        if self._is_in_step:
            self.end_step()
        records = self._take_records()
        state.buffered_next = history.next_buffered
        encoded_state = _STATE_ENCODER.encode(state)
        if is_running and self._records_bytes + len(encoded_state) > self.limits.mutable_state_size_error_bytes:
            raise RunTooLarge("Workflow mutable state size exceeds limit.")
        changes = Changes(
            key=self.key,
            expected_version=self.version,
            state=encoded_state,
            next_event_id=history.next_event_id,
            status=state.status,
            wake_at=self.wake_at(),
            events=tuple(self.batches),
            read_again=history.take_kept(),
            records=records,
            tasks=self.tasks,
            finished_tasks=self.finished_tasks,
            effects=self.effects,
            finished_effects=self.finished_effects,
            visibility=self._visibility() if self._visibility_is_stale else None,
            current=self.current,
            expected_current=self.expected_current,
            notices=self.notices,
        )
        self._reset_transition()
        return changes

    def end_step(self) -> None:
        """Count what was done so far as a transition: what follows is committed with it, but counts as another.

        So a task that is started in the transition that schedules it sees the history as any other does.
        """
        state = self.state
        self._is_in_step = False
        state.transition_count += 1
        batches = self.history.take_batches()
        if batches:
            for batch in batches:
                state.history_size_bytes += len(batch.blob)
            state.kept_elsewhere = state.kept_elsewhere.with_more(batches)
            state.last_event_at = self.now
            self.batches += batches

    def _take_records(self) -> dict[tuple[str, str], bytes | None]:
        """All records that the transition has changed, as they are stored."""
        records = self._blobs
        for name, record in self._touched.items():
            records[name] = None if record is None else _STATE_ENCODER.encode(record)
        self.history.drain_buffered(records)
        self._count_bytes(records)
        return records

    def _count_bytes(self, records: Mapping[tuple[str, str], bytes | None]) -> None:
        """Records are stored, or go."""
        sizes = self._blob_sizes
        for name, blob in records.items():
            self._records_bytes -= sizes.pop(name, 0)
            if blob is not None:
                sizes[name] = len(blob)
                self._records_bytes += len(blob)

    def _reset_transition(self) -> None:
        self.version += 1
        self._blobs = {}
        self.batches = []
        self._touched.clear()
        self.tasks = []
        self.finished_tasks = []
        self.effects = []
        self.finished_effects = []
        self.notices = []
        self.current = None
        self.expected_current = None
        self._is_dirty = False
        self._visibility_is_stale = False

    def _visibility(self) -> VisibilityRecord:
        s = self.state
        closed = s.closed_at != 0
        kept = s.kept_elsewhere.search_attributes() if closed else {}
        return VisibilityRecord(
            key=self.key,
            workflow_type=s.workflow_type,
            task_queue=s.task_queue,
            status=s.status,
            start_at=s.started_at,
            execution_at=s.execution_at,
            close_at=s.closed_at if closed else None,
            history_length=self.history.next_event_id - 1 if closed else 0,
            history_size_bytes=s.history_size_bytes if closed else 0,
            state_transition_count=s.transition_count if closed else 0,
            parent_workflow_id=s.parent.workflow_id if s.parent else "",
            parent_run_id=s.parent.run_id if s.parent else "",
            root_workflow_id=s.root_workflow_id,
            root_run_id=s.root_run_id,
            first_run_id=s.first_run_id,
            memo=self.memo.SerializeToString(),
            search_attributes=with_numbers(self.search_attributes, kept).SerializeToString(),
            searchable=msgspec.json.encode({**self.searchable, **kept}).decode(),
        )


def activity_deadline(activity: Activity) -> tuple[Nanos, int] | None:
    """The activity's next deadline as (at, TimeoutType; 0 = the backoff before this attempt is over).

    Of deadlines at the same time the one that stands first here is the nearest, the end of all attempts before others:
    an attempt that begins as its activity is scheduled may last as long.
    """
    a = activity
    at, kind = _NEVER, 0
    if a.schedule_to_close_ns:
        at, kind = a.expires_at, workflow_pb2.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE
    if a.stage is ActivityStage.STARTED:
        if a.start_to_close_ns and a.started_at + a.start_to_close_ns < at:
            at, kind = a.started_at + a.start_to_close_ns, workflow_pb2.TIMEOUT_TYPE_START_TO_CLOSE
        if a.heartbeat_ns and max(a.heartbeat_at, a.started_at) + a.heartbeat_ns < at:
            at, kind = max(a.heartbeat_at, a.started_at) + a.heartbeat_ns, workflow_pb2.TIMEOUT_TYPE_HEARTBEAT
    elif not a.is_dispatched:
        if a.scheduled_at < at:
            at, kind = a.scheduled_at, 0
    elif a.schedule_to_start_ns and a.scheduled_at + a.schedule_to_start_ns < at:
        at, kind = a.scheduled_at + a.schedule_to_start_ns, workflow_pb2.TIMEOUT_TYPE_SCHEDULE_TO_START
    return None if at == _NEVER else (at, kind)


def task_deadline(state: RunState) -> Nanos:
    """When the pending workflow task times out; 0: never, or there is none."""
    task = state.task
    if task is None:
        return 0
    if task.started_event_id:
        return task.started_at + task.timeout_ns
    return task.scheduled_at + task.start_timeout_ns if task.start_timeout_ns else 0
