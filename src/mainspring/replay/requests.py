"""What workflow code asks for in one activation. The core gives each its place among the run's commands.

    Completion(requests=[StartTimer(seq=1, ...), ScheduleActivity(seq=1, ...), SetPatch("p"), Terminal(...)])

`seq` numbers count from 1 for each kind within a run, and are what the run is told in the job that resolves it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum

import msgspec
from temporalio.api.command.v1 import (
    Command,
    ModifyWorkflowPropertiesCommandAttributes,
    RequestCancelExternalWorkflowExecutionCommandAttributes,
    ScheduleActivityTaskCommandAttributes,
    ScheduleNexusOperationCommandAttributes,
    SignalExternalWorkflowExecutionCommandAttributes,
    StartChildWorkflowExecutionCommandAttributes,
    UpsertWorkflowSearchAttributesCommandAttributes,
)
from temporalio.api.common.v1 import Payload, RetryPolicy
from temporalio.api.failure.v1 import Failure
from temporalio.api.sdk.v1 import EventGroupMarker, UserMetadata


class Request(msgspec.Struct, kw_only=True):
    """Something that workflow code asks for."""

    where: str = ""  # "file.py:12" in workflow code; only known while replaying, for the message of a divergence
    user_metadata: UserMetadata | None = None
    event_groups: Sequence[EventGroupMarker] = ()


class ActivityCancellation(IntEnum):
    """What becomes of the call when its caller is cancelled. Values: `workflow.ActivityCancellationType`."""

    TRY_CANCEL = 0
    WAIT_CANCELLATION_COMPLETED = 1
    ABANDON = 2


class ChildCancellation(IntEnum):
    """What becomes of the call when its caller is cancelled. Values: `workflow.ChildWorkflowCancellationType`."""

    ABANDON = 0
    TRY_CANCEL = 1
    WAIT_CANCELLATION_COMPLETED = 2
    WAIT_CANCELLATION_REQUESTED = 3


class NexusCancellation(IntEnum):
    """What becomes of the call when its caller is cancelled. Values: `workflow.NexusOperationCancellationType`."""

    WAIT_COMPLETED = 0
    ABANDON = 1
    TRY_CANCEL = 2
    WAIT_REQUESTED = 3


class ScheduleActivity(Request, kw_only=True):
    """Run an activity; resolved by `ResolveActivity`."""

    seq: int
    attributes: ScheduleActivityTaskCommandAttributes
    cancellation: ActivityCancellation


class CancelActivity(Request, kw_only=True):
    """Cancel an activity, as its cancellation type says."""

    seq: int


class LocalActivityTask(msgspec.Struct, kw_only=True):
    """A local activity as the worker runs it."""

    seq: int
    activity_id: str
    activity_type: str
    attempt: int
    original_schedule_at: int  # ns since the epoch; 0 = now
    input: Sequence[Payload]
    headers: Mapping[str, Payload]
    schedule_to_close_ns: int  # 0 = none
    schedule_to_start_ns: int
    start_to_close_ns: int
    retry_policy: RetryPolicy | None
    local_retry_threshold_ns: int
    cancellation: ActivityCancellation
    user_metadata: UserMetadata | None = None


class ScheduleLocalActivity(Request, kw_only=True):
    """Run an activity in this worker, within the workflow task; resolved by `ResolveLocalActivity`."""

    task: LocalActivityTask


class CancelLocalActivity(Request, kw_only=True):
    """Cancel a local activity, as its cancellation type says."""

    seq: int


class StartTimer(Request, kw_only=True):
    """Start a timer; resolved by `FireTimer`."""

    seq: int
    wait_ns: int


class CancelTimer(Request, kw_only=True):
    """Forget a timer; its caller knows already."""

    seq: int


class StartChild(Request, kw_only=True):
    """Start a child workflow; resolved by `ResolveChildStart`, then by `ResolveChild`."""

    seq: int
    attributes: StartChildWorkflowExecutionCommandAttributes
    cancellation: ChildCancellation


class CancelChild(Request, kw_only=True):
    """Cancel a child workflow, as its cancellation type says."""

    seq: int
    reason: str = ""


class SignalExternal(Request, kw_only=True):
    """Signal another workflow; resolved by `ResolveSignalExternal`."""

    seq: int
    attributes: SignalExternalWorkflowExecutionCommandAttributes


class CancelSignalExternal(Request, kw_only=True):
    """Do not send a signal, if it is not yet sent."""

    seq: int


class CancelExternal(Request, kw_only=True):
    """Ask another workflow to cancel; resolved by `ResolveCancelExternal`."""

    seq: int
    attributes: RequestCancelExternalWorkflowExecutionCommandAttributes


class ScheduleNexusOperation(Request, kw_only=True):
    """Call a Nexus operation; resolved by `ResolveNexusStart`, and `ResolveNexus` if it started."""

    seq: int
    attributes: ScheduleNexusOperationCommandAttributes
    cancellation: NexusCancellation


class CancelNexusOperation(Request, kw_only=True):
    """Cancel a Nexus operation, as its cancellation type says."""

    seq: int


class SetPatch(Request, kw_only=True):
    """Workflow code passed `patched` or `deprecate_patch`."""

    patch_id: str
    deprecated: bool


class SetVersion(Request, kw_only=True):
    """Workflow code chose a version of a change, by `get_version`."""

    change_id: str
    version: int


class RecordSideEffect(Request, kw_only=True):
    """Workflow code computed a value that is kept."""

    side_effect_id: int
    value: Payload


class UpsertSearchAttributes(Request, kw_only=True):
    """Change the run's search attributes."""

    attributes: UpsertWorkflowSearchAttributesCommandAttributes


class ModifyProperties(Request, kw_only=True):
    """Change the run's memo."""

    attributes: ModifyWorkflowPropertiesCommandAttributes


class Terminal(Request, kw_only=True):
    """End the run: complete, fail, cancel or continue as new. The first one counts, after all other requests."""

    command: Command


def first_terminal(requests: Sequence[Request]) -> int | None:
    """The place of the first request that ends the run, if one does."""
    for at, request in enumerate(requests):
        if isinstance(request, Terminal):
            return at
    return None


class AcceptUpdate(Request, kw_only=True):
    """The update's validator let it through."""

    protocol_instance_id: str


class RejectUpdate(Request, kw_only=True):
    """The update's validator refused it; nothing of it stays in the history."""

    protocol_instance_id: str
    failure: Failure


class CompleteUpdate(Request, kw_only=True):
    """An accepted update ended, with `result` or with `failure`."""

    protocol_instance_id: str
    result: Payload | None = None
    failure: Failure | None = None


class AnswerQuery(Request, kw_only=True):
    """A query's answer: `result`, or `failure`."""

    query_id: str
    result: Payload | None = None
    failure: Failure | None = None


class Completion(msgspec.Struct, kw_only=True):
    """What workflow code did in one activation. `error`: it cannot go on, so the workflow task fails."""

    requests: list[Request] = []
    error: BaseException | None = None
    used_flags: set[int] = set()
    versioning_behavior: int = 0  # `VersioningBehavior`; 0 = unspecified
