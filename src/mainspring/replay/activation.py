"""What a run is told: an activation, and the jobs that it carries.

    Activation(time, replaying?, jobs=[Initialize, Signal, FireTimer, ResolveActivity, ...])

Jobs are already in the order in which they must be applied: `ORDER` of their classes, then that of the history.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import msgspec
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import StartChildWorkflowExecutionFailedCause
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import WorkflowExecutionStartedEventAttributes, WorkflowTaskStartedEventAttributes


class Job(msgspec.Struct, frozen=True):
    """Something that happened to the run."""

    order: ClassVar[int] = 5  # jobs of a lower order are applied first


class Initialize(Job, frozen=True):
    """The run began: make the workflow object and call it."""

    order = 1
    started: WorkflowExecutionStartedEventAttributes
    started_at: int  # ns since the epoch: the time of the event
    seeded_by: str  # the run id that its random numbers begin with: see `seed_of`


class NotifyHasPatch(Job, frozen=True):
    """The history has the patch's marker: `patched` is true."""

    order = 2
    patch_id: str


class RecordedVersion(Job, frozen=True):
    """The history has the version that `get_version` gave for this change."""

    order = 2
    change_id: str
    version: int


class RecordedSideEffect(Job, frozen=True):
    """The history has the value of the side effect with this number."""

    order = 2
    side_effect_id: int
    value: Payload


class UpdateRandomSeed(Job, frozen=True):
    """The run was reset: its random numbers go on from another seed."""

    order = 3
    seeded_by: str


class Signal(Job, frozen=True):
    """A signal arrived."""

    order = 4
    name: str
    input: Sequence[Payload]
    headers: Mapping[str, Payload]
    event_id: int


class Update(Job, frozen=True):
    """An update was asked for. On replay it is known to have been accepted: its validator is not run again."""

    order = 4
    id: str
    name: str
    protocol_instance_id: str
    input: Sequence[Payload]
    headers: Mapping[str, Payload]
    run_validator: bool


class Cancel(Job, frozen=True):
    """Somebody asked the run to end."""

    reason: str


class FireTimer(Job, frozen=True):
    """A timer is over."""

    seq: int


class Backoff(msgspec.Struct, frozen=True):
    """A local activity is to be tried again after a timer, since the wait is too long for a workflow task."""

    attempt: int  # of the next try
    wait_ns: int
    original_schedule_at: int  # ns since the epoch


class Outcome(msgspec.Struct, frozen=True):
    """How an activity or a child ended: one of these, or completed with `result` (None = it gave nothing)."""

    result: Payload | None = None
    failure: Failure | None = None
    is_cancelled: bool = False  # `failure` says how
    backoff: Backoff | None = None


class ResolveActivity(Job, frozen=True):
    """An activity ended."""

    seq: int
    outcome: Outcome


class ResolveLocalActivity(Job, frozen=True):
    """A local activity ended. In activations without other jobs."""

    seq: int
    outcome: Outcome


class ResolveChildStart(Job, frozen=True):
    """A child workflow started (`run_id`), could not (`cause`), or was cancelled before (`cancelled`)."""

    seq: int
    run_id: str = ""
    cause: StartChildWorkflowExecutionFailedCause.ValueType | None = None
    cancelled: Failure | None = None


class ResolveChild(Job, frozen=True):
    """A child workflow ended."""

    seq: int
    outcome: Outcome


class ResolveSignalExternal(Job, frozen=True):
    """Another workflow has our signal, or `failure` says why not."""

    seq: int
    failure: Failure | None


class ResolveCancelExternal(Job, frozen=True):
    """Another workflow has our request to cancel, or `failure` says why not."""

    seq: int
    failure: Failure | None


class ResolveNexusStart(Job, frozen=True):
    """A Nexus operation started, or ended well at once (`token` is empty), or `failure` says how it ended."""

    seq: int
    token: str = ""
    failure: Failure | None = None


class ResolveNexus(Job, frozen=True):
    """A Nexus operation that had started ended."""

    seq: int
    outcome: Outcome


class Query(Job, frozen=True):
    """Somebody asks. Queries come in activations of their own."""

    order = 7
    id: str
    name: str
    arguments: Sequence[Payload]
    headers: Mapping[str, Payload]


class Activation(msgspec.Struct, kw_only=True):
    """What to do next, and what holds while it is done."""

    jobs: Sequence[Job]
    time_ns: int  # since the epoch: the workflow's clock
    is_replaying: bool
    history_length: int  # events up to the workflow task
    task_started: WorkflowTaskStartedEventAttributes  # what the server said with it, for those who ask
    build_id: str  # of the worker that completes, or on replay completed, this workflow task; "" = unknown
    deployment_name: str
    flags: frozenset[int]  # language flags known to hold from here on


def in_order(jobs: Sequence[Job]) -> Sequence[Job]:
    """Jobs in the order in which they are applied; the sort is stable."""
    return sorted(jobs, key=lambda job: job.order) if len(jobs) > 1 else jobs
