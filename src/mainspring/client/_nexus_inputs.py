"""What goes through client interceptors for Nexus operations that stand alone.

handle.cancel(...) -> CancelNexusOperationInput -> interceptors -> request
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mainspring.common import (
    NexusOperationIDConflictPolicy,
    NexusOperationIDReusePolicy,
    TypedSearchAttributes,
)

if TYPE_CHECKING:
    from mainspring.client._inputs import Metadata


@dataclass
class StartNexusOperationInput:
    """`NexusClient.start_operation`."""

    operation: str
    arg: Any
    id: str
    endpoint: str
    service: str
    result_type: type | None
    schedule_to_close_timeout: timedelta | None
    schedule_to_start_timeout: timedelta | None
    start_to_close_timeout: timedelta | None
    id_reuse_policy: NexusOperationIDReusePolicy
    id_conflict_policy: NexusOperationIDConflictPolicy
    search_attributes: TypedSearchAttributes | None
    summary: str | None
    headers: Mapping[str, str]
    rpc_metadata: Metadata
    rpc_timeout: timedelta | None


@dataclass
class DescribeNexusOperationInput:
    """`NexusOperationHandle.describe`."""

    operation_id: str
    run_id: str | None
    rpc_metadata: Metadata
    rpc_timeout: timedelta | None


@dataclass
class GetNexusOperationResultInput:
    """`NexusOperationHandle.result`. Endpoint, service and operation are empty if the handle knows only the id."""

    operation_id: str
    run_id: str | None
    endpoint: str
    service: str
    operation: str
    rpc_metadata: Metadata
    rpc_timeout: timedelta | None
    result_type: type[Any] | None


@dataclass
class CancelNexusOperationInput:
    """`NexusOperationHandle.cancel`."""

    operation_id: str
    run_id: str | None
    reason: str | None
    rpc_metadata: Metadata
    rpc_timeout: timedelta | None


@dataclass
class TerminateNexusOperationInput:
    """`NexusOperationHandle.terminate`."""

    operation_id: str
    run_id: str | None
    reason: str | None
    rpc_metadata: Metadata
    rpc_timeout: timedelta | None


@dataclass
class ListNexusOperationsInput:
    """`Client.list_nexus_operations`."""

    query: str | None
    page_size: int
    next_page_token: bytes | None
    rpc_metadata: Metadata
    rpc_timeout: timedelta | None
    limit: int | None


@dataclass
class CountNexusOperationsInput:
    """`Client.count_nexus_operations`."""

    query: str | None
    rpc_metadata: Metadata
    rpc_timeout: timedelta | None
