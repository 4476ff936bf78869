"""What goes through client interceptors for activities that are completed from outside their worker, or stand alone.

handle.cancel(...) -> CancelActivityInput -> interceptors -> request
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from temporalio.api.common.v1 import Payload

from mainspring.common import (
    ActivityIDConflictPolicy,
    ActivityIDReusePolicy,
    Priority,
    RetryPolicy,
    TypedSearchAttributes,
)
from mainspring.converter import DataConverter

if TYPE_CHECKING:
    from mainspring.client._activity_options import ActivityOptionsUpdate
    from mainspring.client._async_activity import AsyncActivityIDReference
    from mainspring.client._inputs import Metadata


@dataclass
class HeartbeatAsyncActivityInput:
    """`AsyncActivityHandle.heartbeat`."""

    id_or_token: AsyncActivityIDReference | bytes
    details: Sequence[Any]
    rpc_metadata: Metadata
    rpc_timeout: timedelta | None
    data_converter_override: DataConverter | None = None


@dataclass
class CompleteAsyncActivityInput:
    """`AsyncActivityHandle.complete`."""

    id_or_token: AsyncActivityIDReference | bytes
    result: Any | None
    rpc_metadata: Metadata
    rpc_timeout: timedelta | None
    data_converter_override: DataConverter | None = None


@dataclass
class FailAsyncActivityInput:
    """`AsyncActivityHandle.fail`."""

    id_or_token: AsyncActivityIDReference | bytes
    error: Exception
    last_heartbeat_details: Sequence[Any]
    rpc_metadata: Metadata
    rpc_timeout: timedelta | None
    data_converter_override: DataConverter | None = None


@dataclass
class ReportCancellationAsyncActivityInput:
    """`AsyncActivityHandle.report_cancellation`."""

    id_or_token: AsyncActivityIDReference | bytes
    details: Sequence[Any]
    rpc_metadata: Metadata
    rpc_timeout: timedelta | None
    data_converter_override: DataConverter | None = None


@dataclass
class StartActivityInput:
    """`Client.start_activity`."""

    activity_type: str
    args: Sequence[Any]
    id: str
    task_queue: str
    result_type: type | None
    schedule_to_close_timeout: timedelta | None
    start_to_close_timeout: timedelta | None
    schedule_to_start_timeout: timedelta | None
    heartbeat_timeout: timedelta | None
    id_reuse_policy: ActivityIDReusePolicy
    id_conflict_policy: ActivityIDConflictPolicy
    retry_policy: RetryPolicy | None
    priority: Priority
    search_attributes: TypedSearchAttributes | None
    summary: str | None
    start_delay: timedelta | None
    headers: Mapping[str, Payload]
    rpc_metadata: Metadata
    rpc_timeout: timedelta | None


@dataclass
class CancelActivityInput:
    """`ActivityHandle.cancel`."""

    activity_id: str
    activity_run_id: str | None
    reason: str | None
    rpc_metadata: Metadata
    rpc_timeout: timedelta | None


@dataclass
class TerminateActivityInput:
    """`ActivityHandle.terminate`."""

    activity_id: str
    activity_run_id: str | None
    reason: str | None
    rpc_metadata: Metadata
    rpc_timeout: timedelta | None


@dataclass
class PauseActivityInput:
    """`ActivityHandle.pause`."""

    activity_id: str
    activity_run_id: str | None
    reason: str | None
    rpc_metadata: Metadata
    rpc_timeout: timedelta | None


@dataclass
class UnpauseActivityInput:
    """`ActivityHandle.unpause`."""

    activity_id: str
    activity_run_id: str | None
    reason: str | None
    jitter: timedelta | None
    rpc_metadata: Metadata
    rpc_timeout: timedelta | None


@dataclass
class UpdateActivityOptionsInput:
    """`ActivityHandle.update_options` and `ActivityHandle.restore_original_options`."""

    activity_id: str
    activity_run_id: str | None
    updates: Sequence[ActivityOptionsUpdate[Any]]
    restore_original: bool
    rpc_metadata: Metadata
    rpc_timeout: timedelta | None


@dataclass
class DescribeActivityInput:
    """`ActivityHandle.describe`."""

    activity_id: str
    activity_run_id: str | None
    include_input: bool
    include_outcome: bool
    include_heartbeat_details: bool
    include_last_failure: bool
    rpc_metadata: Metadata
    rpc_timeout: timedelta | None


@dataclass
class ListActivitiesInput:
    """`Client.list_activities`."""

    query: str | None
    page_size: int
    next_page_token: bytes | None
    rpc_metadata: Metadata
    rpc_timeout: timedelta | None
    limit: int | None


@dataclass
class CountActivitiesInput:
    """`Client.count_activities`."""

    query: str | None
    rpc_metadata: Metadata
    rpc_timeout: timedelta | None
