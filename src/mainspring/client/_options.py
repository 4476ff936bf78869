"""The keyword arguments that many overloads share, so that each is written down once.

async def signal(self, signal: ..., arg: ParamType, **rpc: Unpack[RpcOptions]) -> None: ...
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from enum import Enum
from typing import Any, Required, TypedDict

from mainspring.common import (
    ActivityIDConflictPolicy,
    ActivityIDReusePolicy,
    NexusOperationIDConflictPolicy,
    NexusOperationIDReusePolicy,
    Priority,
    QueryRejectCondition,
    RetryPolicy,
    SearchAttributes,
    TypedSearchAttributes,
    VersioningOverride,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)


class ConflictChoice(Enum):
    """What `conflict=` may say of a workflow that runs under the id already, beyond what the API's policies can."""

    TERMINATE_IF_OTHER_TYPE = "terminate_if_other_type"
    """A running workflow of the same type is joined; one of another type is terminated and replaced."""


class RpcOptions(TypedDict, total=False):
    """How an RPC is sent."""

    rpc_metadata: Mapping[str, str | bytes]
    """Goes with the call; wins over the client's own metadata."""
    rpc_timeout: timedelta | None
    """For each attempt of the call."""


class QueryOptions(RpcOptions, total=False):
    """How a query is sent."""

    reject_condition: QueryRejectCondition | None


class UpdateOptions(RpcOptions, total=False):
    """How an update is sent."""

    id: str | None
    """The update's id, by which sending it twice is once; a new UUID if None."""


class WorkflowOptions(TypedDict, total=False):
    """What every way to start a workflow takes."""

    id: Required[str]
    task_queue: str | None
    """May be left out if the client has a default one."""
    execution_timeout: timedelta | None
    run_timeout: timedelta | None
    task_timeout: timedelta | None
    id_reuse_policy: WorkflowIDReusePolicy
    retry_policy: RetryPolicy | None
    cron_schedule: str
    memo: Mapping[str, Any] | None
    search_attributes: TypedSearchAttributes | SearchAttributes | None
    static_summary: str | None
    static_details: str | None
    start_delay: timedelta | None
    priority: Priority
    versioning_override: VersioningOverride | None


class WithStartOptions(WorkflowOptions, total=False):
    """What `WithStartWorkflowOperation` takes."""

    id_conflict_policy: Required[WorkflowIDConflictPolicy]
    stack_level: int


class SingleStartOptions(WorkflowOptions, RpcOptions, total=False):
    """What a start that is one call takes."""

    id_conflict_policy: WorkflowIDConflictPolicy
    start_signal: str | None
    start_signal_args: Sequence[Any]
    request_eager_start: bool


class StartOptions(SingleStartOptions, total=False):
    """What `Client.execute_workflow` takes."""

    conflict: ConflictChoice | None


class StartOptionsWithLevel(StartOptions, total=False):
    """What `Client.start_workflow` takes."""

    stack_level: int


class UnplacedActivityOptions(RpcOptions, total=False):
    """What every way to start a standalone activity takes, less its task queue."""

    id: Required[str]
    schedule_to_close_timeout: timedelta | None
    schedule_to_start_timeout: timedelta | None
    start_to_close_timeout: timedelta | None
    heartbeat_timeout: timedelta | None
    id_reuse_policy: ActivityIDReusePolicy
    id_conflict_policy: ActivityIDConflictPolicy
    retry_policy: RetryPolicy | None
    search_attributes: TypedSearchAttributes | None
    summary: str | None
    priority: Priority
    start_delay: timedelta | None


class ActivityOptions(UnplacedActivityOptions, total=False):
    """What every way to start a standalone activity takes on a client."""

    task_queue: Required[str]


class NexusOperationOptions(RpcOptions, total=False):
    """What every way to start a standalone Nexus operation takes."""

    id: Required[str]
    id_reuse_policy: NexusOperationIDReusePolicy
    id_conflict_policy: NexusOperationIDConflictPolicy
    schedule_to_close_timeout: timedelta | None
    schedule_to_start_timeout: timedelta | None
    start_to_close_timeout: timedelta | None
    search_attributes: TypedSearchAttributes | None
    summary: str | None
    headers: Mapping[str, str] | None
