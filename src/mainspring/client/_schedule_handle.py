"""A schedule, known by its id: everything that can be asked of it and done to it.

await client.get_schedule_handle("nightly").trigger()
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from mainspring.client._calls import outbound
from mainspring.client._schedule_inputs import (
    BackfillScheduleInput,
    DeleteScheduleInput,
    DescribeScheduleInput,
    PauseScheduleInput,
    TriggerScheduleInput,
    UnpauseScheduleInput,
    UpdateScheduleInput,
)
from mainspring.service._methods import NO_METADATA

if TYPE_CHECKING:
    from mainspring.client._client import Client
    from mainspring.client._schedule import ScheduleBackfill, ScheduleOverlapPolicy
    from mainspring.client._schedule_description import ScheduleDescription, ScheduleUpdate, ScheduleUpdateInput


class ScheduleHandle:
    """Made by `Client.create_schedule` and `Client.get_schedule_handle`."""

    def __init__(self, client: Client, id: str) -> None:
        self._client = client
        self.id = id

    def __repr__(self) -> str:
        return f"<ScheduleHandle id={self.id!r}>"

    async def backfill(
        self,
        *backfill: ScheduleBackfill,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        rpc_timeout: timedelta | None = None,
    ) -> None:
        """Act for times that have passed.

        Raises: ValueError: no time is given.
        """
        if not backfill:
            raise ValueError("At least one backfill required")
        await outbound(self._client).backfill_schedule(
            BackfillScheduleInput(self.id, backfill, rpc_metadata=rpc_metadata, rpc_timeout=rpc_timeout)
        )

    async def delete(
        self,
        *,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        rpc_timeout: timedelta | None = None,
    ) -> None:
        """Remove the schedule; workflows that it started go on."""
        await outbound(self._client).delete_schedule(
            DeleteScheduleInput(self.id, rpc_metadata=rpc_metadata, rpc_timeout=rpc_timeout)
        )

    async def describe(
        self,
        *,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        rpc_timeout: timedelta | None = None,
    ) -> ScheduleDescription:
        """What the server knows of the schedule now."""
        return await outbound(self._client).describe_schedule(
            DescribeScheduleInput(self.id, rpc_metadata=rpc_metadata, rpc_timeout=rpc_timeout)
        )

    async def pause(
        self,
        *,
        note: str | None = None,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        rpc_timeout: timedelta | None = None,
    ) -> None:
        """Let it do nothing until it is unpaused. The note is kept in its state."""
        await outbound(self._client).pause_schedule(
            PauseScheduleInput(self.id, note, rpc_metadata=rpc_metadata, rpc_timeout=rpc_timeout)
        )

    async def trigger(
        self,
        *,
        overlap: ScheduleOverlapPolicy | None = None,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        rpc_timeout: timedelta | None = None,
    ) -> None:
        """Act now, with another overlap policy than the schedule's if one is given."""
        await outbound(self._client).trigger_schedule(
            TriggerScheduleInput(self.id, overlap, rpc_metadata=rpc_metadata, rpc_timeout=rpc_timeout)
        )

    async def unpause(
        self,
        *,
        note: str | None = None,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        rpc_timeout: timedelta | None = None,
    ) -> None:
        """Let it act again. The note is kept in its state."""
        await outbound(self._client).unpause_schedule(
            UnpauseScheduleInput(self.id, note, rpc_metadata=rpc_metadata, rpc_timeout=rpc_timeout)
        )

    async def update(
        self,
        updater: Callable[[ScheduleUpdateInput], ScheduleUpdate | Awaitable[ScheduleUpdate | None] | None],
        *,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        rpc_timeout: timedelta | None = None,
    ) -> None:
        """Change the schedule: `updater` gets what it is and returns what it is to be, or None to leave it.

        If somebody else changed it meanwhile, that change is lost: the server offers no way to notice.
        """
        await outbound(self._client).update_schedule(
            UpdateScheduleInput(self.id, updater, rpc_metadata=rpc_metadata, rpc_timeout=rpc_timeout)
        )
