"""What leaves the engine: the changes of one transition, ready for the store and then for the waiters.

    transition(run, cause, now)  ->  run.take_changes()  ->  Store.commit([...])  ->  publish

Records here are plain values: no protobuf objects but the serialised bytes of events and payload-like fields. The rule
that everything obeys: what is in `Changes` is committed, with full durability, BEFORE anyone learns of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum, StrEnum

import msgspec

from mainspring.server.engine.notices import Notice

Nanos = int
"""An instant: nanoseconds since the epoch. Durations carry their unit in the name (`..._ns`)."""

NORMAL_PRIORITY = 3


class RunKey(msgspec.Struct, frozen=True, array_like=True):
    """Names one run."""

    namespace_id: str
    workflow_id: str
    run_id: str

    @property
    def parts(self) -> tuple[str, str, str]:
        """Namespace id, workflow id, run id."""
        return self.namespace_id, self.workflow_id, self.run_id


class TaskKind(IntEnum):
    """Which kind of worker a ready task waits for. The numbers are stored."""

    WORKFLOW = 1
    ACTIVITY = 2


class QueueKey(msgspec.Struct, frozen=True, array_like=True):
    """Names one task queue of one kind. Sticky queues are queues like any other here; their names are unique."""

    namespace_id: str
    name: str
    kind: TaskKind


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """A task that is ready for a worker. Durable until the transition that starts it; at most one per (run, kind, ref).

    A task may be stale (its run has moved on): starting it then answers NotFound, and matching drops it.
    """

    run: RunKey
    queue: QueueKey
    ref: int  # scheduled event id
    stamp: int  # which attempt or rescheduling of `ref` this is; a started task must carry the run's current stamp
    created_at: Nanos
    normal_queue: str = ""  # only on sticky queues: where the task goes if the sticky worker has gone
    priority: int = NORMAL_PRIORITY  # 1 first, 5 last
    fairness_key: str = ""
    fairness_weight: float = 1.0
    is_speculative: bool = False  # lives in memory only: no row; lost with the process, found again by its update
    expires_at: Nanos | None = None  # no sense in handing it out later


class EventBatch(msgspec.Struct, frozen=True, array_like=True):
    """Consecutive events of one run that were written together: `blob` is a serialised `History` message."""

    first_event_id: int
    next_event_id: int  # first id after the batch
    blob: bytes


class EffectKind(StrEnum):
    """What a run does to another run, or to the outside. The values are stored."""

    START_CHILD = "start_child"
    SIGNAL_EXTERNAL = "signal_external"
    CANCEL_EXTERNAL = "cancel_external"
    CHILD_CLOSED = "child_closed"  # tell the parent
    CLOSE_CHILD = "close_child"  # parent close policy, one per child


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the outbox; (run, kind, ref) is its identity and the base of its request id.

    Carried out at least once, so whatever it does must be idempotent. Removed by `Changes.finished_effects` of the
    transition that records its result, or of the run itself where there is no result.
    """

    run: RunKey
    kind: EffectKind
    ref: int  # initiated event id
    created_at: Nanos
    blob: bytes  # what the kind needs, as the engine wrote it


class EffectKey(msgspec.Struct, frozen=True, array_like=True):
    """Names one effect."""

    run_id: str
    kind: EffectKind
    ref: int


class CurrentRun(msgspec.Struct, frozen=True, kw_only=True):
    """The run that a workflow id stands for: the running one, or the last that ran."""

    key: RunKey
    first_run_id: str  # of the chain of continue-as-new, retry and cron
    create_request_id: str
    is_running: bool
    status: int  # temporal.api.enums.v1.WorkflowExecutionStatus
    started_at: Nanos
    attached_request_ids: tuple[str, ...] = ()  # of starts that were attached to this run (USE_EXISTING)


class VisibilityRecord(msgspec.Struct, frozen=True, kw_only=True):
    """How a run shows in lists. One row a run, replaced whole."""

    key: RunKey
    workflow_type: str
    task_queue: str
    status: int
    start_at: Nanos
    execution_at: Nanos  # start plus first workflow task backoff
    close_at: Nanos | None = None
    history_length: int = 0  # 0 while open, as in the real server
    history_size_bytes: int = 0
    state_transition_count: int = 0
    parent_workflow_id: str = ""
    parent_run_id: str = ""
    root_workflow_id: str = ""
    root_run_id: str = ""
    first_run_id: str = ""
    memo: bytes = b""  # serialised temporal.api.common.v1.Memo
    search_attributes: bytes = b""  # serialised temporal.api.common.v1.SearchAttributes, as given
    searchable: str = "{}"  # the same as JSON: name -> string, number, bool or list of strings; datetimes as Nanos


class Changes(msgspec.Struct, kw_only=True):
    """All that one transition did to one run. The only thing that leaves the engine.

    Order is the caller's duty: everything here is committed together, with full durability, BEFORE anyone learns of it:
    before the reply is sent, a poller is woken or a waiter is told. If the commit fails, drop this and the run in
    memory; nothing has happened.
    """

    key: RunKey
    expected_version: int  # 0: the run is new
    state: bytes  # the run's scalars
    next_event_id: int
    status: int  # temporal.api.enums.v1.WorkflowExecutionStatus
    wake_at: Nanos | None  # the run's earliest deadline; None = nothing to wait for
    events: tuple[EventBatch, ...] = ()
    records: dict[tuple[str, str], bytes | None] = {}  # (kind, key): None = deleted
    tasks: Sequence[Task] = ()  # ready now; speculative ones have no row
    finished_tasks: Sequence[tuple[TaskKind, int]] = ()  # (kind, ref) whose rows go
    effects: Sequence[Effect] = ()
    finished_effects: Sequence[EffectKey] = ()  # also of other runs
    visibility: VisibilityRecord | None = None  # None: as it was
    current: CurrentRun | None = None  # set: this becomes the workflow id's current run row
    expected_current: str | None = None  # with `current`: run id that must be current before; "" = none may be there
    read_again: Mapping[int, bytes] = {}  # those of the events that the server reads again, serialised, by id
    notices: Sequence[Notice] = ()  # what waiters are told once the rest is committed; never stored
