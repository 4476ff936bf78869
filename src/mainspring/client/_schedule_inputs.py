"""What goes through client interceptors for schedules.

schedule_handle.pause(...) -> PauseScheduleInput -> interceptors -> request
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mainspring.common import SearchAttributes, TypedSearchAttributes

if TYPE_CHECKING:
    from mainspring.client._inputs import Metadata
    from mainspring.client._schedule import Schedule, ScheduleBackfill, ScheduleOverlapPolicy
    from mainspring.client._schedule_description import ScheduleUpdate, ScheduleUpdateInput


@dataclass
class CreateScheduleInput:
    """`Client.create_schedule`."""

    id: str
    schedule: Schedule
    trigger_immediately: bool
    backfill: Sequence[ScheduleBackfill]
    memo: Mapping[str, Any] | None
    search_attributes: SearchAttributes | TypedSearchAttributes | None
    rpc_metadata: Metadata
    rpc_timeout: timedelta | None


@dataclass
class ListSchedulesInput:
    """`Client.list_schedules`."""

    page_size: int
    next_page_token: bytes | None
    rpc_metadata: Metadata
    rpc_timeout: timedelta | None
    query: str | None = None


@dataclass
class BackfillScheduleInput:
    """`ScheduleHandle.backfill`."""

    id: str
    backfills: Sequence[ScheduleBackfill]
    rpc_metadata: Metadata
    rpc_timeout: timedelta | None


@dataclass
class DeleteScheduleInput:
    """`ScheduleHandle.delete`."""

    id: str
    rpc_metadata: Metadata
    rpc_timeout: timedelta | None


@dataclass
class DescribeScheduleInput:
    """`ScheduleHandle.describe`."""

    id: str
    rpc_metadata: Metadata
    rpc_timeout: timedelta | None


@dataclass
class PauseScheduleInput:
    """`ScheduleHandle.pause`."""

    id: str
    note: str | None
    rpc_metadata: Metadata
    rpc_timeout: timedelta | None


@dataclass
class TriggerScheduleInput:
    """`ScheduleHandle.trigger`."""

    id: str
    overlap: ScheduleOverlapPolicy | None
    rpc_metadata: Metadata
    rpc_timeout: timedelta | None


@dataclass
class UnpauseScheduleInput:
    """`ScheduleHandle.unpause`."""

    id: str
    note: str | None
    rpc_metadata: Metadata
    rpc_timeout: timedelta | None


@dataclass
class UpdateScheduleInput:
    """`ScheduleHandle.update`."""

    id: str
    updater: Callable[[ScheduleUpdateInput], ScheduleUpdate | Awaitable[ScheduleUpdate | None] | None]
    rpc_metadata: Metadata
    rpc_timeout: timedelta | None
