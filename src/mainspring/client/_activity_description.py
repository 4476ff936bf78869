"""What a server tells of standalone activities: one described, many listed or counted.

DescribeActivityExecutionResponse -> ActivityExecutionDescription
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from temporalio.api.activity.v1 import (
    ActivityExecutionInfo,
    ActivityExecutionListInfo,
    ActivityExecutionOutcome,
    CallbackInfo,
)
from temporalio.api.common.v1 import Payloads
from temporalio.api.enums.v1 import ActivityExecutionStatus as Status
from temporalio.api.enums.v1 import PendingActivityState as State
from temporalio.api.workflowservice.v1 import (
    CountActivityExecutionsResponse,
    DescribeActivityExecutionResponse,
    ListActivityExecutionsRequest,
)

from mainspring.client._calls import call, duration_of, time_of
from mainspring.client._pages import Pages
from mainspring.common import (
    Priority,
    RetryPolicy,
    SearchAttributeValue,
    TypedSearchAttributes,
    WorkerDeploymentVersion,
)
from mainspring.converter import DataConverter, decode_typed_search_attributes
from mainspring.converter._search_attributes import (
    _decode_search_attribute_value as decode_search_attribute_value,  # pyright: ignore[reportPrivateUsage] # for rooms
)

if TYPE_CHECKING:
    from mainspring.client._activity_inputs import ListActivitiesInput
    from mainspring.client._client import Client


class ActivityExecutionStatus(IntEnum):
    """Whether a standalone activity goes on, and how it ended. Values are those of the API's enum."""

    UNSPECIFIED = Status.ACTIVITY_EXECUTION_STATUS_UNSPECIFIED
    RUNNING = Status.ACTIVITY_EXECUTION_STATUS_RUNNING
    COMPLETED = Status.ACTIVITY_EXECUTION_STATUS_COMPLETED
    FAILED = Status.ACTIVITY_EXECUTION_STATUS_FAILED
    CANCELED = Status.ACTIVITY_EXECUTION_STATUS_CANCELED
    TERMINATED = Status.ACTIVITY_EXECUTION_STATUS_TERMINATED
    TIMED_OUT = Status.ACTIVITY_EXECUTION_STATUS_TIMED_OUT
    PAUSED = Status.ACTIVITY_EXECUTION_STATUS_PAUSED


class PendingActivityState(IntEnum):
    """What a running activity is about. Values are those of the API's enum."""

    UNSPECIFIED = State.PENDING_ACTIVITY_STATE_UNSPECIFIED
    SCHEDULED = State.PENDING_ACTIVITY_STATE_SCHEDULED
    STARTED = State.PENDING_ACTIVITY_STATE_STARTED
    CANCEL_REQUESTED = State.PENDING_ACTIVITY_STATE_CANCEL_REQUESTED
    PAUSED = State.PENDING_ACTIVITY_STATE_PAUSED
    PAUSE_REQUESTED = State.PENDING_ACTIVITY_STATE_PAUSE_REQUESTED


@dataclass(frozen=True, eq=False, kw_only=True)
class ActivityExecution:
    """A standalone activity, as a list shows it."""

    activity_id: str
    activity_run_id: str | None
    activity_type: str
    close_time: datetime | None
    execution_duration: timedelta | None
    execution_time: datetime | None
    namespace: str
    schedule_time: datetime
    status: ActivityExecutionStatus
    task_queue: str
    typed_search_attributes: TypedSearchAttributes
    raw_info: ActivityExecutionListInfo | ActivityExecutionInfo = field(repr=False)


@dataclass(frozen=True, eq=False, kw_only=True)
class ActivityExecutionDescription(ActivityExecution):
    """A standalone activity, with all that the server tells of it."""

    attempt: int
    canceled_reason: str | None
    current_retry_interval: timedelta | None
    expiration_time: datetime | None
    heartbeat_timeout: timedelta | None
    last_attempt_complete_time: datetime | None
    last_deployment_version: WorkerDeploymentVersion | None
    last_heartbeat_time: datetime | None
    last_started_time: datetime | None
    last_worker_identity: str | None
    next_attempt_schedule_time: datetime | None
    priority: Priority
    retry_policy: RetryPolicy | None
    run_state: PendingActivityState | None
    schedule_to_close_timeout: timedelta | None
    schedule_to_start_timeout: timedelta | None
    start_to_close_timeout: timedelta | None
    start_delay: timedelta | None
    total_heartbeat_count: int
    raw_info: ActivityExecutionInfo = field(repr=False)
    raw_callbacks: Sequence[CallbackInfo] = field(repr=False)
    raw_input: Payloads | None = field(repr=False)
    raw_outcome: ActivityExecutionOutcome | None = field(repr=False)
    data_converter: DataConverter = field(repr=False)

    def has_heartbeat_details(self) -> bool:
        """Whether a heartbeat brought details, and they were asked for."""
        return self.raw_info.HasField("heartbeat_details")

    async def heartbeat_details(self, type_hints: list[type] | None = None) -> list[Any] | None:
        """The details of the last heartbeat."""
        if not self.has_heartbeat_details():
            return None
        return await self.data_converter.decode_wrapper(self.raw_info.heartbeat_details, type_hints)

    def has_last_failure(self) -> bool:
        """Whether an attempt failed, and that was asked for."""
        return self.raw_info.HasField("last_failure")

    async def last_failure(self) -> BaseException | None:
        """How the last attempt failed."""
        return await self.data_converter.decode_failure(self.raw_info.last_failure) if self.has_last_failure() else None

    def has_input(self) -> bool:
        """Whether there are arguments, and they were asked for."""
        return self.raw_input is not None

    async def input(self, type_hints: list[type] | None = None) -> list[Any] | None:
        """The arguments."""
        return await self.data_converter.decode_wrapper(self.raw_input, type_hints) if self.has_input() else None

    def has_result(self) -> bool:
        """Whether it ended with a result, and that was asked for."""
        return self.raw_outcome is not None and self.raw_outcome.HasField("result")

    async def result(self, type_hint: type | None = None) -> Any | None:
        """The result."""
        if self.raw_outcome is None or not self.raw_outcome.HasField("result"):
            return None
        results = await self.data_converter.decode_wrapper(self.raw_outcome.result, [type_hint] if type_hint else None)
        if len(results) > 1:
            warnings.warn(f"Expected single activity result, got {len(results)}", stacklevel=2)
        return results[0] if results else None

    def has_outcome_failure(self) -> bool:
        """Whether it ended with a failure, and that was asked for."""
        return self.raw_outcome is not None and self.raw_outcome.HasField("failure")

    async def outcome_failure(self) -> BaseException | None:
        """How it failed in the end."""
        if self.raw_outcome is None or not self.raw_outcome.HasField("failure"):
            return None
        return await self.data_converter.decode_failure(self.raw_outcome.failure)


@dataclass(frozen=True)
class ActivityExecutionCountAggregationGroup:
    """How many activities have these values."""

    count: int
    group_values: Sequence[SearchAttributeValue]


@dataclass(frozen=True)
class ActivityExecutionCount:
    """How many activities there are, by group if the query had a `GROUP BY`."""

    count: int
    groups: Sequence[ActivityExecutionCountAggregationGroup]


class ActivityExecutionAsyncIterator(Pages[ActivityExecution]):
    """The standalone activities that a query finds."""

    def __init__(self, client: Client, input: ListActivitiesInput) -> None:
        super().__init__(page_size=input.page_size, next_page_token=input.next_page_token, limit=input.limit)
        self._client = client
        self._input = input

    async def _fetch(self, page_size: int, token: bytes) -> tuple[Sequence[ActivityExecution], bytes]:
        namespace = self._client.namespace
        request = ListActivityExecutionsRequest(
            namespace=namespace, page_size=page_size, next_page_token=token, query=self._input.query or ""
        )
        reply = await call(self._client.workflow_service.list_activity_executions, request, self._input)
        return [ActivityExecution(**_listed(info, namespace)) for info in reply.executions], reply.next_page_token


def count_of(reply: CountActivityExecutionsResponse) -> ActivityExecutionCount:
    """What the server said, as users see it."""
    groups = [
        ActivityExecutionCountAggregationGroup(
            group.count, [decode_search_attribute_value(value) for value in group.group_values]
        )
        for group in reply.groups
    ]
    return ActivityExecutionCount(reply.count, groups)


def description_of(
    reply: DescribeActivityExecutionResponse, namespace: str, converter: DataConverter
) -> ActivityExecutionDescription:
    """What the server said, as users see it."""
    info = reply.info
    version = info.last_deployment_version
    return ActivityExecutionDescription(
        **_listed(info, namespace),
        attempt=info.attempt,
        canceled_reason=info.canceled_reason or None,
        current_retry_interval=duration_of(info, "current_retry_interval"),
        expiration_time=time_of(info, "expiration_time"),
        heartbeat_timeout=duration_of(info, "heartbeat_timeout"),
        last_attempt_complete_time=time_of(info, "last_attempt_complete_time"),
        last_deployment_version=(
            WorkerDeploymentVersion(deployment_name=version.deployment_name, build_id=version.build_id)
            if info.HasField("last_deployment_version")
            else None
        ),
        last_heartbeat_time=time_of(info, "last_heartbeat_time"),
        last_started_time=time_of(info, "last_started_time"),
        last_worker_identity=info.last_worker_identity or None,
        next_attempt_schedule_time=time_of(info, "next_attempt_schedule_time"),
        priority=Priority._from_proto(info.priority),  # pyright: ignore[reportPrivateUsage] # the official name
        retry_policy=RetryPolicy.from_proto(info.retry_policy) if info.HasField("retry_policy") else None,
        run_state=PendingActivityState(info.run_state) if info.run_state else None,
        schedule_to_close_timeout=duration_of(info, "schedule_to_close_timeout"),
        schedule_to_start_timeout=duration_of(info, "schedule_to_start_timeout"),
        start_to_close_timeout=duration_of(info, "start_to_close_timeout"),
        start_delay=duration_of(info, "start_delay"),
        total_heartbeat_count=info.total_heartbeat_count,
        raw_callbacks=reply.callbacks,
        raw_input=reply.input if reply.HasField("input") else None,
        raw_outcome=reply.outcome if reply.HasField("outcome") else None,
        data_converter=converter,
    )


def _listed(info: ActivityExecutionListInfo | ActivityExecutionInfo, namespace: str) -> Any:
    return {
        "activity_id": info.activity_id,
        "activity_run_id": info.run_id or None,
        "activity_type": info.activity_type.name,
        "close_time": time_of(info, "close_time"),
        "execution_duration": duration_of(info, "execution_duration"),
        "execution_time": time_of(info, "execution_time"),
        "namespace": namespace,
        "schedule_time": time_of(info, "schedule_time") or datetime.min.replace(tzinfo=UTC),
        "status": ActivityExecutionStatus(info.status),
        "task_queue": info.task_queue,
        "typed_search_attributes": decode_typed_search_attributes(info.search_attributes),
        "raw_info": info,
    }
