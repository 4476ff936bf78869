"""Schedules, and versions of workers by build id: what can be called on a client for them.

await client.create_schedule("nightly", Schedule(action=..., spec=...))
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mainspring.client._client_base import ClientBase
from mainspring.client._inputs import (
    GetWorkerBuildIdCompatibilityInput,
    GetWorkerTaskReachabilityInput,
    UpdateWorkerBuildIdCompatibilityInput,
)
from mainspring.client._schedule_handle import ScheduleHandle
from mainspring.client._schedule_inputs import CreateScheduleInput, ListSchedulesInput
from mainspring.common import SearchAttributes, TypedSearchAttributes
from mainspring.common._search_attributes import warn_on_deprecated_search_attributes
from mainspring.service._methods import NO_METADATA

if TYPE_CHECKING:
    from mainspring.client._schedule import Schedule, ScheduleBackfill
    from mainspring.client._schedule_description import ScheduleAsyncIterator
    from mainspring.client._worker_versioning import (
        BuildIdOp,
        TaskReachabilityType,
        WorkerBuildIdVersionSets,
        WorkerTaskReachability,
    )

NO_BACKFILLS: Sequence[ScheduleBackfill] = []
NO_TASK_QUEUES: Sequence[str] = []


class ScheduleCalls(ClientBase):
    """The part of `Client` that is about schedules and build ids."""

    async def create_schedule(
        self,
        id: str,
        schedule: Schedule,
        *,
        trigger_immediately: bool = False,
        backfill: Sequence[ScheduleBackfill] = NO_BACKFILLS,
        memo: Mapping[str, Any] | None = None,
        search_attributes: TypedSearchAttributes | SearchAttributes | None = None,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        rpc_timeout: timedelta | None = None,
    ) -> ScheduleHandle:
        """Create a schedule; memo and search attributes are its own, not its workflows'.

        Raises:
            ValueError: its state contradicts itself.
            ScheduleAlreadyRunningError: there is one with this id.
        """
        warn_on_deprecated_search_attributes(search_attributes)
        return await self._impl.create_schedule(
            CreateScheduleInput(
                id=id,
                schedule=schedule,
                trigger_immediately=trigger_immediately,
                backfill=backfill,
                memo=memo,
                search_attributes=search_attributes,
                rpc_metadata=rpc_metadata,
                rpc_timeout=rpc_timeout,
            )
        )

    def get_schedule_handle(self, id: str) -> ScheduleHandle:
        """A handle of a schedule, which there may or may not be. Nothing is asked of the server."""
        return ScheduleHandle(self._client, id)

    async def list_schedules(
        self,
        query: str | None = None,
        *,
        page_size: int = 1000,
        next_page_token: bytes | None = None,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        rpc_timeout: timedelta | None = None,
    ) -> ScheduleAsyncIterator:
        """Iterate over the schedules that a query finds, all if there is none: `async for one in await ...`."""
        return self._impl.list_schedules(
            ListSchedulesInput(
                page_size=page_size,
                next_page_token=next_page_token,
                rpc_metadata=rpc_metadata,
                rpc_timeout=rpc_timeout,
                query=query,
            )
        )

    async def update_worker_build_id_compatibility(
        self,
        task_queue: str,
        operation: BuildIdOp,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        rpc_timeout: timedelta | None = None,
    ) -> None:
        """Change the sets of build ids of a task queue."""
        await self._impl.update_worker_build_id_compatibility(
            UpdateWorkerBuildIdCompatibilityInput(task_queue, operation, rpc_metadata, rpc_timeout)
        )

    async def get_worker_build_id_compatibility(
        self,
        task_queue: str,
        max_sets: int | None = None,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        rpc_timeout: timedelta | None = None,
    ) -> WorkerBuildIdVersionSets:
        """The sets of build ids of a task queue, the last `max_sets` of them."""
        return await self._impl.get_worker_build_id_compatibility(
            GetWorkerBuildIdCompatibilityInput(task_queue, max_sets, rpc_metadata, rpc_timeout)
        )

    async def get_worker_task_reachability(
        self,
        build_ids: Sequence[str],
        task_queues: Sequence[str] = NO_TASK_QUEUES,
        reachability_type: TaskReachabilityType | None = None,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        rpc_timeout: timedelta | None = None,
    ) -> WorkerTaskReachability:
        """Whether workflows may still need these build ids, on these task queues or on all."""
        return await self._impl.get_worker_task_reachability(
            GetWorkerTaskReachabilityInput(build_ids, task_queues, reachability_type, rpc_metadata, rpc_timeout)
        )
