"""What goes through client interceptors: one record for each kind of call, which interceptors may change.

    client.start_workflow(...) -> StartWorkflowInput -> interceptor -> interceptor -> request

Calls on activities and schedules have theirs in `_activity_inputs.py` and `_schedule_inputs.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol

from temporalio.api.common.v1 import Payload, TimeSkippingConfig
from temporalio.api.workflowservice.v1 import StartWorkflowExecutionResponse

from mainspring.common import (
    Priority,
    QueryRejectCondition,
    RetryPolicy,
    SearchAttributes,
    TypedSearchAttributes,
    VersioningOverride,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)

if TYPE_CHECKING:
    from mainspring.client._history import WorkflowHistoryEventFilterType
    from mainspring.client._update_handle import WorkflowUpdateStage
    from mainspring.client._worker_versioning import BuildIdOp, TaskReachabilityType

Metadata = Mapping[str, str | bytes]


class Sent(Protocol):
    """What each of them says about its RPC."""

    rpc_metadata: Metadata
    rpc_timeout: timedelta | None


@dataclass
class StartWorkflowInput:
    """`Client.start_workflow`, with a signal if `start_signal` is set."""

    workflow: str
    args: Sequence[Any]
    id: str
    task_queue: str
    execution_timeout: timedelta | None
    run_timeout: timedelta | None
    task_timeout: timedelta | None
    id_reuse_policy: WorkflowIDReusePolicy
    id_conflict_policy: WorkflowIDConflictPolicy
    retry_policy: RetryPolicy | None
    cron_schedule: str
    memo: Mapping[str, Any] | None
    search_attributes: SearchAttributes | TypedSearchAttributes | None
    start_delay: timedelta | None
    headers: Mapping[str, Payload]
    start_signal: str | None
    start_signal_args: Sequence[Any]
    static_summary: str | None
    static_details: str | None
    ret_type: type | None
    rpc_metadata: Metadata
    rpc_timeout: timedelta | None
    request_eager_start: bool
    priority: Priority
    versioning_override: VersioningOverride | None = None
    time_skipping_config: TimeSkippingConfig | None = None


@dataclass
class CancelWorkflowInput:
    """`WorkflowHandle.cancel`."""

    id: str
    run_id: str | None
    first_execution_run_id: str | None
    reason: str
    rpc_metadata: Metadata
    rpc_timeout: timedelta | None


@dataclass
class DescribeWorkflowInput:
    """`WorkflowHandle.describe`."""

    id: str
    run_id: str | None
    rpc_metadata: Metadata
    rpc_timeout: timedelta | None


@dataclass
class FetchWorkflowHistoryEventsInput:
    """`WorkflowHandle.fetch_history_events`, and what `WorkflowHandle.result` waits with."""

    id: str
    run_id: str | None
    page_size: int | None
    next_page_token: bytes | None
    wait_new_event: bool
    event_filter_type: WorkflowHistoryEventFilterType
    skip_archival: bool
    rpc_metadata: Metadata
    rpc_timeout: timedelta | None


@dataclass
class ListWorkflowsInput:
    """`Client.list_workflows`."""

    query: str | None
    page_size: int
    next_page_token: bytes | None
    rpc_metadata: Metadata
    rpc_timeout: timedelta | None
    limit: int | None


@dataclass
class CountWorkflowsInput:
    """`Client.count_workflows`."""

    query: str | None
    rpc_metadata: Metadata
    rpc_timeout: timedelta | None


@dataclass
class QueryWorkflowInput:
    """`WorkflowHandle.query`."""

    id: str
    run_id: str | None
    query: str
    args: Sequence[Any]
    reject_condition: QueryRejectCondition | None
    headers: Mapping[str, Payload]
    ret_type: type | None
    rpc_metadata: Metadata
    rpc_timeout: timedelta | None


@dataclass
class SignalWorkflowInput:
    """`WorkflowHandle.signal`."""

    id: str
    run_id: str | None
    signal: str
    args: Sequence[Any]
    headers: Mapping[str, Payload]
    rpc_metadata: Metadata
    rpc_timeout: timedelta | None


@dataclass
class TerminateWorkflowInput:
    """`WorkflowHandle.terminate`; `args` are the details that the history keeps."""

    id: str
    run_id: str | None
    first_execution_run_id: str | None
    args: Sequence[Any]
    reason: str | None
    rpc_metadata: Metadata
    rpc_timeout: timedelta | None


@dataclass
class StartWorkflowUpdateInput:
    """`WorkflowHandle.start_update` and `WorkflowHandle.execute_update`."""

    id: str
    run_id: str | None
    first_execution_run_id: str | None
    update_id: str | None
    update: str
    args: Sequence[Any]
    wait_for_stage: WorkflowUpdateStage
    headers: Mapping[str, Payload]
    ret_type: type | None
    rpc_metadata: Metadata
    rpc_timeout: timedelta | None


@dataclass
class UpdateWithStartUpdateWorkflowInput:
    """The update of an update-with-start."""

    update_id: str | None
    update: str
    args: Sequence[Any]
    wait_for_stage: WorkflowUpdateStage
    headers: Mapping[str, Payload]
    ret_type: type | None


@dataclass
class UpdateWithStartStartWorkflowInput:
    """The start of an update-with-start: as `StartWorkflowInput`, without what cannot go with an update."""

    workflow: str
    args: Sequence[Any]
    id: str
    task_queue: str
    execution_timeout: timedelta | None
    run_timeout: timedelta | None
    task_timeout: timedelta | None
    id_reuse_policy: WorkflowIDReusePolicy
    id_conflict_policy: WorkflowIDConflictPolicy
    retry_policy: RetryPolicy | None
    cron_schedule: str
    memo: Mapping[str, Any] | None
    search_attributes: SearchAttributes | TypedSearchAttributes | None
    start_delay: timedelta | None
    headers: Mapping[str, Payload]
    static_summary: str | None
    static_details: str | None
    ret_type: type | None
    priority: Priority
    versioning_override: VersioningOverride | None = None
    time_skipping_config: TimeSkippingConfig | None = None


@dataclass
class StartWorkflowUpdateWithStartInput:
    """`Client.start_update_with_start_workflow` and `Client.execute_update_with_start_workflow`.

    The metadata and the timeout here are those of the RPC. One of the callbacks is called, once, when it is known
    whether the workflow runs.
    """

    start_workflow_input: UpdateWithStartStartWorkflowInput
    update_workflow_input: UpdateWithStartUpdateWorkflowInput
    rpc_metadata: Metadata
    rpc_timeout: timedelta | None
    _on_start: Callable[[StartWorkflowExecutionResponse], None]
    _on_start_error: Callable[[BaseException], None]


@dataclass
class UpdateWorkerBuildIdCompatibilityInput:
    """`Client.update_worker_build_id_compatibility`."""

    task_queue: str
    operation: BuildIdOp
    rpc_metadata: Metadata
    rpc_timeout: timedelta | None


@dataclass
class GetWorkerBuildIdCompatibilityInput:
    """`Client.get_worker_build_id_compatibility`."""

    task_queue: str
    max_sets: int | None
    rpc_metadata: Metadata
    rpc_timeout: timedelta | None


@dataclass
class GetWorkerTaskReachabilityInput:
    """`Client.get_worker_task_reachability`."""

    build_ids: Sequence[str]
    task_queues: Sequence[str]
    reachability: TaskReachabilityType | None
    rpc_metadata: Metadata
    rpc_timeout: timedelta | None
