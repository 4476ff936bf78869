"""What a workflow may say when it starts something: enumerations and options.

Each way to start something has one TypedDict of options, and one mapping of their defaults. The functions take
`**options: Unpack[ActivityConfig]`, so that what the caller gave is told from what it left out: the options of an
`@activity.defn(start_to_close_timeout=...)` stand between the two. `spelled_out` shows the options in signatures.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from enum import Enum, IntEnum
from typing import Any, TypedDict, TypeVar

from mainspring.common import (
    Priority,
    RetryPolicy,
    SearchAttributes,
    TypedSearchAttributes,
    VersioningOverride,
    WorkflowIDReusePolicy,
)
from mainspring.workflow._event_groups import EventGroup

_F = TypeVar("_F", bound=Callable[..., Any])


class ActivityCancellationType(IntEnum):
    """What a workflow does when it cancels an activity."""

    TRY_CANCEL = 0
    """Ask the activity to stop, and fail its handle at once."""
    WAIT_CANCELLATION_COMPLETED = 1
    """Ask the activity to stop, and wait for how it ends."""
    ABANDON = 2
    """Ask nothing, and fail the handle at once."""


class ChildWorkflowCancellationType(IntEnum):
    """What a workflow does when it cancels a child."""

    ABANDON = 0
    """Ask nothing, and fail the handle at once."""
    TRY_CANCEL = 1
    """Ask the child to stop, and fail the handle at once."""
    WAIT_CANCELLATION_COMPLETED = 2
    """Ask the child to stop, and wait for how it ends."""
    WAIT_CANCELLATION_REQUESTED = 3
    """Ask the child to stop, and wait until it was told so."""


class NexusOperationCancellationType(IntEnum):
    """What a workflow does when it cancels a Nexus operation."""

    ABANDON = 1
    """Ask nothing, and fail the handle at once."""
    TRY_CANCEL = 2
    """Ask the operation to stop, and fail the handle at once."""
    WAIT_REQUESTED = 3
    """Ask the operation to stop, and wait until its handler was told so."""
    WAIT_COMPLETED = 0
    """Ask the operation to stop, and wait for how it ends."""


class ParentClosePolicy(IntEnum):
    """What becomes of a child when its parent closes."""

    UNSPECIFIED = 0
    TERMINATE = 1
    ABANDON = 2
    REQUEST_CANCEL = 3


class VersioningIntent(Enum):
    """Which build ids may take a command. Deprecated: worker deployments replace it."""

    COMPATIBLE = 1
    """A worker whose build id is compatible with this one's."""
    DEFAULT = 2
    """The task queue's default build id."""


class ContinueAsNewVersioningBehavior(IntEnum):
    """Which worker deployment version takes the first task of the new run."""

    UNSPECIFIED = 0
    """As the run before it: a pinned run stays pinned."""
    AUTO_UPGRADE = 1
    """The task queue's current version, for the first task."""
    USE_RAMPING_VERSION = 2
    """The task queue's ramping version, for the first task; the current one if there is none."""


class ActivityConfig(TypedDict, total=False):
    """Options of `start_activity` and `execute_activity`, of `@activity.defn` and of `with_options`."""

    task_queue: str | None
    schedule_to_close_timeout: timedelta | None
    schedule_to_start_timeout: timedelta | None
    start_to_close_timeout: timedelta | None
    heartbeat_timeout: timedelta | None
    retry_policy: RetryPolicy | None
    cancellation_type: ActivityCancellationType
    activity_id: str | None
    versioning_intent: VersioningIntent | None
    summary: str | None
    event_groups: Sequence[EventGroup] | None
    priority: Priority


class LocalActivityConfig(TypedDict, total=False):
    """Options of `start_local_activity` and `execute_local_activity`."""

    schedule_to_close_timeout: timedelta | None
    schedule_to_start_timeout: timedelta | None
    start_to_close_timeout: timedelta | None
    retry_policy: RetryPolicy | None
    local_retry_threshold: timedelta | None
    cancellation_type: ActivityCancellationType
    activity_id: str | None
    summary: str | None
    event_groups: Sequence[EventGroup] | None


class ChildWorkflowConfig(TypedDict, total=False):
    """Options of `start_child_workflow` and `execute_child_workflow`, and of a function workflow's `with_options`."""

    id: str | None
    task_queue: str | None
    cancellation_type: ChildWorkflowCancellationType
    parent_close_policy: ParentClosePolicy
    execution_timeout: timedelta | None
    run_timeout: timedelta | None
    task_timeout: timedelta | None
    id_reuse_policy: WorkflowIDReusePolicy
    retry_policy: RetryPolicy | None
    cron_schedule: str
    memo: Mapping[str, Any] | None
    search_attributes: SearchAttributes | TypedSearchAttributes | None
    versioning_intent: VersioningIntent | None
    static_summary: str | None
    static_details: str | None
    event_groups: Sequence[EventGroup] | None
    priority: Priority
    versioning_override: VersioningOverride | None


ACTIVITY_DEFAULTS: Mapping[str, Any] = {
    "task_queue": None,
    "schedule_to_close_timeout": None,
    "schedule_to_start_timeout": None,
    "start_to_close_timeout": None,
    "heartbeat_timeout": None,
    "retry_policy": None,
    "cancellation_type": ActivityCancellationType.TRY_CANCEL,
    "activity_id": None,
    "versioning_intent": None,
    "summary": None,
    "event_groups": None,
    "priority": Priority.default,
}
LOCAL_ACTIVITY_DEFAULTS: Mapping[str, Any] = {
    "schedule_to_close_timeout": None,
    "schedule_to_start_timeout": None,
    "start_to_close_timeout": None,
    "retry_policy": None,
    "local_retry_threshold": None,
    "cancellation_type": ActivityCancellationType.TRY_CANCEL,
    "activity_id": None,
    "summary": None,
    "event_groups": None,
}
CHILD_WORKFLOW_DEFAULTS: Mapping[str, Any] = {
    "id": None,
    "task_queue": None,
    "cancellation_type": ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
    "parent_close_policy": ParentClosePolicy.TERMINATE,
    "execution_timeout": None,
    "run_timeout": None,
    "task_timeout": None,
    "id_reuse_policy": WorkflowIDReusePolicy.ALLOW_DUPLICATE,
    "retry_policy": None,
    "cron_schedule": "",
    "memo": None,
    "search_attributes": None,
    "versioning_intent": None,
    "static_summary": None,
    "static_details": None,
    "event_groups": None,
    "priority": Priority.default,
    "versioning_override": None,
}


def spelled_out(config: type, defaults: Mapping[str, Any]) -> Callable[[_F], _F]:
    """Show each option of `config` as a keyword parameter where the function has `**options`."""

    def decorate(function: _F) -> _F:
        signature = inspect.signature(function)
        own = [one for one in signature.parameters.values() if one.kind is not inspect.Parameter.VAR_KEYWORD]
        annotations = config.__annotations__
        shown = [
            inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, default=defaults[name], annotation=annotations[name]
            )
            for name in config.__annotations__
        ]
        vars(function)["__signature__"] = signature.replace(parameters=[*own, *shown])
        return function

    return decorate


def complete(caller: str, defaults: Mapping[str, Any], *given: Mapping[str, Any]) -> dict[str, Any]:
    """Every option: the last of `given` that has it, else its default.

    Raises:
        TypeError: an option that `defaults` does not know.
    """
    options = {**defaults}
    for some in given:
        options.update(some)
    if len(options) > len(defaults):
        unknown = next(name for name in options if name not in defaults)
        raise TypeError(f"{caller}() got an unexpected keyword argument {unknown!r}")
    return options
