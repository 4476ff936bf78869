"""What a server tells of standalone Nexus operations: one described, many listed or counted.

NexusOperationExecutionInfo -> NexusOperationExecutionDescription
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from temporalio.api.nexus.v1 import (
    NexusOperationExecutionCancellationInfo as RawCancellation,
)
from temporalio.api.nexus.v1 import (
    NexusOperationExecutionInfo,
    NexusOperationExecutionListInfo,
)
from temporalio.api.workflowservice.v1 import (
    CountNexusOperationExecutionsResponse,
    ListNexusOperationExecutionsRequest,
)

from mainspring.client._calls import call, duration_of, time_of
from mainspring.client._memo import decode_user_metadata
from mainspring.client._pages import Pages
from mainspring.common import (
    NexusOperationCancellationState,
    NexusOperationExecutionStatus,
    PendingNexusOperationExecutionState,
    SearchAttributeValue,
    TypedSearchAttributes,
)
from mainspring.converter import DataConverter, decode_typed_search_attributes
from mainspring.converter._search_attributes import (
    _decode_search_attribute_value as decode_search_attribute_value,  # pyright: ignore[reportPrivateUsage] # for rooms
)

if TYPE_CHECKING:
    from mainspring.client._client import Client
    from mainspring.client._nexus_inputs import ListNexusOperationsInput


@dataclass
class NexusOperationExecutionCancellationInfo:
    """How far the request to cancel an operation has come."""

    raw: RawCancellation
    requested_time: datetime | None
    state: NexusOperationCancellationState
    attempt: int
    """How often the handler was asked."""
    last_attempt_complete_time: datetime | None
    next_attempt_schedule_time: datetime | None
    last_attempt_failure: BaseException | None
    blocked_reason: str
    """Why it is not sent, if its state is BLOCKED."""
    reason: str
    """What the caller gave as the reason."""


@dataclass
class NexusOperationExecution:
    """A standalone Nexus operation, as a list shows it."""

    operation_id: str
    run_id: str
    endpoint: str
    service: str
    operation: str
    schedule_time: datetime | None
    close_time: datetime | None
    """None while it runs."""
    status: NexusOperationExecutionStatus
    search_attributes: TypedSearchAttributes
    state_transition_count: int
    execution_duration: timedelta | None
    """From its scheduling to its end; None while it runs."""
    raw_info: NexusOperationExecutionListInfo | NexusOperationExecutionInfo


@dataclass
class NexusOperationExecutionDescription(NexusOperationExecution):
    """A standalone Nexus operation, with all that the server tells of it."""

    raw_description: NexusOperationExecutionInfo
    state: PendingNexusOperationExecutionState
    """What it is about while its status is RUNNING."""
    schedule_to_close_timeout: timedelta | None
    schedule_to_start_timeout: timedelta | None
    start_to_close_timeout: timedelta | None
    attempt: int
    expiration_time: datetime | None
    last_attempt_complete_time: datetime | None
    next_attempt_schedule_time: datetime | None
    last_attempt_failure: BaseException | None
    blocked_reason: str | None
    request_id: str
    operation_token: str | None
    """By what its handler knows it, if it has started and did not end at once."""
    identity: str
    """Who started it."""
    cancellation_info: NexusOperationExecutionCancellationInfo | None
    """None unless it was asked to end."""
    _data_converter: DataConverter = field(kw_only=True, compare=False, repr=False)
    _static_summary: str | None = field(kw_only=True, default=None, compare=False, repr=False)
    _static_details: str | None = field(kw_only=True, default=None, compare=False, repr=False)
    _metadata_decoded: bool = field(kw_only=True, default=False, compare=False, repr=False)

    async def static_summary(self) -> str | None:
        """The line about it that its caller gave."""
        await self._decode_metadata()
        return self._static_summary

    async def static_details(self) -> str | None:
        """The text about it that its caller gave."""
        await self._decode_metadata()
        return self._static_details

    async def _decode_metadata(self) -> None:
        if not self._metadata_decoded:
            metadata = self.raw_description.user_metadata
            self._static_summary, self._static_details = await decode_user_metadata(self._data_converter, metadata)
            self._metadata_decoded = True


@dataclass(frozen=True)
class NexusOperationExecutionCountAggregationGroup:
    """How many operations have these values."""

    count: int
    group_values: Sequence[SearchAttributeValue]


@dataclass
class NexusOperationExecutionCount:
    """How many operations there are, by group if the query had a `GROUP BY`."""

    count: int
    groups: Sequence[NexusOperationExecutionCountAggregationGroup]


class NexusOperationExecutionAsyncIterator(Pages[NexusOperationExecution]):
    """The standalone Nexus operations that a query finds."""

    def __init__(self, client: Client, input: ListNexusOperationsInput) -> None:
        super().__init__(page_size=input.page_size, next_page_token=input.next_page_token, limit=input.limit)
        self._client = client
        self._input = input

    async def _fetch(self, page_size: int, token: bytes) -> tuple[Sequence[NexusOperationExecution], bytes]:
        request = ListNexusOperationExecutionsRequest(
            namespace=self._client.namespace, page_size=page_size, next_page_token=token, query=self._input.query or ""
        )
        reply = await call(self._client.workflow_service.list_nexus_operation_executions, request, self._input)
        return [NexusOperationExecution(**_listed(info)) for info in reply.operations], reply.next_page_token


def count_of(reply: CountNexusOperationExecutionsResponse) -> NexusOperationExecutionCount:
    """What the server said, as users see it."""
    groups = [
        NexusOperationExecutionCountAggregationGroup(
            group.count, [decode_search_attribute_value(value) for value in group.group_values]
        )
        for group in reply.groups
    ]
    return NexusOperationExecutionCount(reply.count, groups)


async def description_of(
    info: NexusOperationExecutionInfo, converter: DataConverter
) -> NexusOperationExecutionDescription:
    """What the server said, as users see it."""
    return NexusOperationExecutionDescription(
        **_listed(info),
        raw_description=info,
        state=PendingNexusOperationExecutionState(info.state),
        schedule_to_close_timeout=duration_of(info, "schedule_to_close_timeout"),
        schedule_to_start_timeout=duration_of(info, "schedule_to_start_timeout"),
        start_to_close_timeout=duration_of(info, "start_to_close_timeout"),
        attempt=info.attempt,
        expiration_time=time_of(info, "expiration_time"),
        last_attempt_complete_time=time_of(info, "last_attempt_complete_time"),
        next_attempt_schedule_time=time_of(info, "next_attempt_schedule_time"),
        last_attempt_failure=await _last_failure(info, converter),
        blocked_reason=info.blocked_reason or None,
        request_id=info.request_id,
        operation_token=info.operation_token or None,
        identity=info.identity,
        cancellation_info=(
            await _cancellation_of(info.cancellation_info, converter) if info.HasField("cancellation_info") else None
        ),
        _data_converter=converter,
    )


async def _cancellation_of(info: RawCancellation, converter: DataConverter) -> NexusOperationExecutionCancellationInfo:
    return NexusOperationExecutionCancellationInfo(
        raw=info,
        requested_time=time_of(info, "requested_time"),
        state=NexusOperationCancellationState(info.state),
        attempt=info.attempt,
        last_attempt_complete_time=time_of(info, "last_attempt_complete_time"),
        next_attempt_schedule_time=time_of(info, "next_attempt_schedule_time"),
        last_attempt_failure=await _last_failure(info, converter),
        blocked_reason=info.blocked_reason,
        reason=info.reason,
    )


async def _last_failure(
    info: NexusOperationExecutionInfo | RawCancellation, converter: DataConverter
) -> BaseException | None:
    return await converter.decode_failure(info.last_attempt_failure) if info.HasField("last_attempt_failure") else None


def _listed(info: NexusOperationExecutionListInfo | NexusOperationExecutionInfo) -> Any:
    return {
        "operation_id": info.operation_id,
        "run_id": info.run_id,
        "endpoint": info.endpoint,
        "service": info.service,
        "operation": info.operation,
        "schedule_time": time_of(info, "schedule_time"),
        "close_time": time_of(info, "close_time"),
        "status": NexusOperationExecutionStatus(info.status),
        "search_attributes": decode_typed_search_attributes(info.search_attributes),
        "state_transition_count": info.state_transition_count,
        "execution_duration": duration_of(info, "execution_duration"),
        "raw_info": info,
    }
