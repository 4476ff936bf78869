"""What a run is made of: its scalars, and keyed records of all that is pending.

    RunState        one blob, written at every transition: so nothing big and nothing that grows lives in it
    Activity, Timer, Child, ExternalRequest, Update    one stored record each, written only when touched

Structs are stored as MessagePack arrays: append fields at the end, with a default, and never take one out.
Fields named `..._bytes` hold serialised protobuf messages of the API.
"""

from __future__ import annotations

import msgspec

from mainspring.server.engine.changes import NORMAL_PRIORITY, Nanos
from mainspring.server.engine.external_payloads import Kept
from mainspring.server.engine.stages import ActivityStage, ChildStage, UpdateStage


class WorkflowTask(msgspec.Struct, array_like=True):
    """The one pending workflow task of a run.

    A transient task (attempt > 1) and a speculative one (made for an update) are not in the history: their two events
    get ids only when the history must show them. Until then `scheduled_event_id` is the id that the event would have.
    """

    scheduled_event_id: int
    attempt: int
    stamp: int
    scheduled_at: Nanos
    original_scheduled_at: Nanos  # of the first task in a row of heartbeats
    timeout_ns: int
    queue: str  # sticky or normal
    is_sticky: bool
    is_speculative: bool = False
    is_recorded: bool = True  # its Scheduled event is in the history
    started_event_id: int = 0  # 0: waits for a poller
    started_at: Nanos = 0
    request_id: str = ""
    identity: str = ""
    suggests_continue_as_new: bool = False
    suggest_reasons: tuple[int, ...] = ()
    history_size_bytes: int = 0
    start_timeout_ns: int = 0  # schedule to start, 0 = none
    worker_version_bytes: bytes = b""  # WorkerVersionStamp of the worker that has it


class RetryRules(msgspec.Struct, frozen=True, array_like=True):
    """A retry policy with all defaults filled in."""

    initial_ns: int
    coefficient: float
    maximum_ns: int
    maximum_attempts: int  # 0: no limit
    non_retryable_types: tuple[str, ...] = ()


class Priority(msgspec.Struct, frozen=True, array_like=True):
    """How a task stands among others of its queue."""

    key: int = 0  # 1 first; 0: not set, which is 3
    fairness_key: str = ""
    fairness_weight: float = 0.0

    @property
    def level(self) -> int:
        """The key, or the middle one if none is set."""
        return self.key or NORMAL_PRIORITY


class Parent(msgspec.Struct, frozen=True, array_like=True):
    """Who started this run as a child."""

    namespace: str
    namespace_id: str
    workflow_id: str
    run_id: str
    initiated_event_id: int


class ResetPoint(msgspec.Struct, frozen=True, array_like=True):
    """The first workflow task that a build completed, in this run or in one before it in the chain."""

    build_id: str
    binary_checksum: str
    completed_event_id: int
    created_at: Nanos
    run_id: str
    is_resettable: bool = True  # nothing was under way to other runs then
    expires_at: Nanos = 0  # its run has closed: when retention ends; 0: its run is open, or kept for ever


class RunState(msgspec.Struct, array_like=True):
    """The scalars of a run."""

    namespace: str
    workflow_type: str
    task_queue: str
    first_run_id: str
    create_request_id: str
    root_workflow_id: str
    root_run_id: str
    started_at: Nanos
    execution_at: Nanos  # start plus first workflow task backoff
    execution_timeout_ns: int
    run_timeout_ns: int
    task_timeout_ns: int
    execution_expires_at: Nanos = 0  # 0: never
    run_expires_at: Nanos = 0
    first_task_at: Nanos = 0  # the first workflow task is held back until then; 0: not (any more)
    attempt: int = 1
    retry: RetryRules | None = None
    cron_schedule: str = ""
    parent: Parent | None = None
    priority: Priority = Priority()
    status: int = 1
    closed_at: Nanos = 0
    delete_at: Nanos = 0  # closed runs: when retention ends; 0: never
    next_run_id: str = ""  # of the run that this one was continued in
    cancel_requested: bool = False
    last_event_at: Nanos = 0
    history_size_bytes: int = 0
    transition_count: int = 0
    signal_count: int = 0
    buffered_next: int = 0  # number of the next buffered event
    task: WorkflowTask | None = None
    task_stamp: int = 0
    next_attempt: int = 1  # of the next workflow task; > 1 makes it transient
    failures_in_a_row: int = 0  # workflow task problems since one completed
    last_problem: tuple[str, ...] = ()  # texts for TemporalReportedProblems
    last_completed_started_event_id: int = 0
    completed_tasks: int = 0
    sticky_queue: str = ""
    sticky_timeout_ns: int = 0
    worker_version_bytes: bytes = b""  # the last one reported (WorkerVersionStamp)
    reset_points: tuple[ResetPoint, ...] = ()
    close_attempted: bool = False  # the worker wanted to close but a buffered event stood in the way
    kept_elsewhere: Kept = Kept()  # what its history refers to


class Activity(msgspec.Struct, array_like=True):
    """One pending activity. Its input and header stay in the history, in event `scheduled_event_id`."""

    scheduled_event_id: int
    activity_id: str
    activity_type: str
    queue: str
    retry: RetryRules
    schedule_to_close_ns: int  # timeouts; 0: none
    schedule_to_start_ns: int
    start_to_close_ns: int
    heartbeat_ns: int
    first_scheduled_at: Nanos
    scheduled_at: Nanos  # of this attempt: when it may start
    priority: Priority = Priority()
    stage: ActivityStage = ActivityStage.SCHEDULED
    is_dispatched: bool = False  # this attempt's task has been made
    attempt: int = 1
    stamp: int = 1
    started_at: Nanos = 0
    request_id: str = ""
    identity: str = ""
    worker_version_bytes: bytes = b""
    cancel_requested_event_id: int = 0
    heartbeat_at: Nanos = 0
    heartbeat_details_bytes: bytes = b""
    last_failure_bytes: bytes = b""
    last_attempt_completed_at: Nanos = 0
    last_worker_identity: str = ""
    is_left: bool = False  # by its worker, to be completed from elsewhere: this attempt does not end with that worker

    @property
    def expires_at(self) -> Nanos:
        """When schedule-to-close ends all attempts; 0: never."""
        return self.first_scheduled_at + self.schedule_to_close_ns if self.schedule_to_close_ns else 0


class Timer(msgspec.Struct, frozen=True, array_like=True):
    """One running user timer."""

    timer_id: str
    started_event_id: int
    fires_at: Nanos


class Child(msgspec.Struct, array_like=True):
    """One pending child workflow."""

    initiated_event_id: int
    namespace: str
    namespace_id: str
    workflow_id: str
    workflow_type: str
    create_request_id: str
    parent_close_policy: int
    control: str = ""
    stage: ChildStage = ChildStage.INITIATED
    started_event_id: int = 0
    run_id: str = ""
    header_bytes: bytes = b""


class ExternalRequest(msgspec.Struct, frozen=True, array_like=True):
    """A signal or cancel request to another run that is under way."""

    initiated_event_id: int
    request_id: str
    namespace: str
    namespace_id: str
    workflow_id: str
    run_id: str
    child_only: bool = False
    signal_name: str = ""
    control: str = ""
    reason: str = ""


class MadeByRequest(msgspec.Struct, array_like=True):
    """What a request that the run carried out once has made of it."""

    event_type: int = 0  # temporal.api.enums.v1.EventType
    event_id: int = 0  # 0: the event is held back, or not known


class Update(msgspec.Struct, array_like=True):
    """One update that the run knows of. The request is kept until it is accepted; then the history has it."""

    update_id: str
    admitted_at: Nanos
    stage: UpdateStage = UpdateStage.ADMITTED
    request_bytes: bytes = b""  # temporal.api.update.v1.Request
    sequencing_event_id: int = 0
    accepted_event_id: int = 0
    completed_event_id: int = 0
    order: int = 0  # admission order within the run
