"""What a server tells of workflows: one described, many listed or counted.

WorkflowExecutionInfo -> WorkflowExecution;  DescribeWorkflowExecutionResponse -> WorkflowExecutionDescription
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Self, overload

from temporalio.api.enums.v1 import WorkflowExecutionStatus as Status
from temporalio.api.workflow.v1 import WorkflowExecutionInfo
from temporalio.api.workflowservice.v1 import (
    CountWorkflowExecutionsResponse,
    DescribeWorkflowExecutionResponse,
    ListWorkflowExecutionsRequest,
)

from mainspring.client._calls import call, time_of
from mainspring.client._history import WorkflowHistory, WorkflowHistoryEventFilterType
from mainspring.client._memo import decode_memo, decode_memo_value, decode_user_metadata
from mainspring.client._pages import Pages
from mainspring.common import SearchAttributes, SearchAttributeValue, TypedSearchAttributes
from mainspring.common._arguments import arg_unset
from mainspring.converter import (
    DataConverter,
    WorkflowSerializationContext,
    decode_search_attributes,
    decode_typed_search_attributes,
)
from mainspring.converter._search_attributes import (
    _decode_search_attribute_value as decode_search_attribute_value,  # pyright: ignore[reportPrivateUsage] # for rooms
)
from mainspring.service._methods import NO_METADATA
from mainspring.types import AnyType, ParamType

if TYPE_CHECKING:
    from mainspring.client._client import Client
    from mainspring.client._inputs import ListWorkflowsInput


class WorkflowExecutionStatus(IntEnum):
    """Whether a run goes on, and how it ended. Values are those of the API's enum."""

    RUNNING = Status.WORKFLOW_EXECUTION_STATUS_RUNNING
    COMPLETED = Status.WORKFLOW_EXECUTION_STATUS_COMPLETED
    FAILED = Status.WORKFLOW_EXECUTION_STATUS_FAILED
    CANCELED = Status.WORKFLOW_EXECUTION_STATUS_CANCELED
    TERMINATED = Status.WORKFLOW_EXECUTION_STATUS_TERMINATED
    CONTINUED_AS_NEW = Status.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW
    TIMED_OUT = Status.WORKFLOW_EXECUTION_STATUS_TIMED_OUT


@dataclass
class WorkflowExecution:
    """One run, as a list shows it."""

    close_time: datetime | None
    execution_time: datetime | None
    """When its first workflow task was or is due: later than the start for a cron or a delay."""
    history_length: int
    id: str
    namespace: str
    parent_id: str | None
    parent_run_id: str | None
    root_id: str | None
    root_run_id: str | None
    raw_info: WorkflowExecutionInfo
    run_id: str
    search_attributes: SearchAttributes
    start_time: datetime
    status: WorkflowExecutionStatus | None
    task_queue: str
    typed_search_attributes: TypedSearchAttributes
    workflow_type: str
    _context_free_data_converter: DataConverter

    @property
    def data_converter(self) -> DataConverter:
        """The converter for the run's values."""
        context = WorkflowSerializationContext(namespace=self.namespace, workflow_id=self.id)
        return self._context_free_data_converter.with_context(context)

    @classmethod
    def _from_raw_info(
        cls, info: WorkflowExecutionInfo, namespace: str, converter: DataConverter, **additional_fields: Any
    ) -> Self:
        has_parent, has_root = info.HasField("parent_execution"), info.HasField("root_execution")
        return cls(
            close_time=time_of(info, "close_time"),
            execution_time=time_of(info, "execution_time"),
            history_length=info.history_length,
            id=info.execution.workflow_id,
            namespace=namespace,
            parent_id=info.parent_execution.workflow_id if has_parent else None,
            parent_run_id=info.parent_execution.run_id if has_parent else None,
            root_id=info.root_execution.workflow_id if has_root else None,
            root_run_id=info.root_execution.run_id if has_root else None,
            raw_info=info,
            run_id=info.execution.run_id,
            search_attributes=decode_search_attributes(info.search_attributes),
            start_time=info.start_time.ToDatetime(UTC),
            status=WorkflowExecutionStatus(info.status) if info.status else None,
            task_queue=info.task_queue,
            typed_search_attributes=decode_typed_search_attributes(info.search_attributes),
            workflow_type=info.type.name,
            _context_free_data_converter=converter,
            **additional_fields,
        )

    async def memo(self) -> Mapping[str, Any]:
        """All values of the memo."""
        return await decode_memo(self.data_converter, self.raw_info.memo)

    @overload
    async def memo_value(self, key: str, default: Any = arg_unset) -> Any: ...

    @overload
    async def memo_value(self, key: str, *, type_hint: type[ParamType]) -> ParamType: ...

    @overload
    async def memo_value(self, key: str, default: AnyType, *, type_hint: type[ParamType]) -> AnyType | ParamType: ...

    async def memo_value(self, key: str, default: Any = arg_unset, *, type_hint: type | None = None) -> Any:
        """One value of the memo, converted to `type_hint` if one is given.

        Raises: KeyError: there is none of this name, and no default.
        """
        return await decode_memo_value(self.data_converter, self.raw_info.memo, key, default, type_hint)


@dataclass
class WorkflowExecutionDescription(WorkflowExecution):
    """One run, with all that the server tells of it in `raw_description`."""

    raw_description: DescribeWorkflowExecutionResponse
    _static_summary: str | None = None
    _static_details: str | None = None
    _metadata_decoded: bool = False

    async def static_summary(self) -> str | None:
        """The line for people that the workflow was started with."""
        await self._decode_metadata()
        return self._static_summary

    async def static_details(self) -> str | None:
        """The text for people that the workflow was started with."""
        await self._decode_metadata()
        return self._static_details

    async def _decode_metadata(self) -> None:
        if self._metadata_decoded:
            return
        metadata = self.raw_description.execution_config.user_metadata
        self._static_summary, self._static_details = await decode_user_metadata(self.data_converter, metadata)
        self._metadata_decoded = True

    @staticmethod
    async def _from_raw_description(
        description: DescribeWorkflowExecutionResponse, namespace: str, converter: DataConverter
    ) -> WorkflowExecutionDescription:
        return description_of(description, namespace, converter)


def description_of(
    reply: DescribeWorkflowExecutionResponse, namespace: str, converter: DataConverter
) -> WorkflowExecutionDescription:
    """What the server said, as users see it."""
    return WorkflowExecutionDescription._from_raw_info(  # pyright: ignore[reportPrivateUsage] # the official name
        reply.workflow_execution_info, namespace, converter, raw_description=reply
    )


@dataclass
class WorkflowExecutionCountAggregationGroup:
    """How many runs have these values."""

    count: int
    group_values: Sequence[SearchAttributeValue]


@dataclass
class WorkflowExecutionCount:
    """How many runs there are, by group if the query had a `GROUP BY`."""

    count: int
    groups: Sequence[WorkflowExecutionCountAggregationGroup]


def count_of(reply: CountWorkflowExecutionsResponse) -> WorkflowExecutionCount:
    """What the server said, as users see it."""
    groups = [
        WorkflowExecutionCountAggregationGroup(
            group.count, [decode_search_attribute_value(value) for value in group.group_values]
        )
        for group in reply.groups
    ]
    return WorkflowExecutionCount(reply.count, groups)


class WorkflowExecutionAsyncIterator(Pages[WorkflowExecution]):
    """The runs that a query finds."""

    def __init__(self, client: Client, input: ListWorkflowsInput) -> None:
        super().__init__(page_size=input.page_size, next_page_token=input.next_page_token, limit=input.limit)
        self._client = client
        self._input = input

    async def _fetch(self, page_size: int, token: bytes) -> tuple[Sequence[WorkflowExecution], bytes]:
        request = ListWorkflowExecutionsRequest(
            namespace=self._client.namespace,
            page_size=page_size,
            next_page_token=token,
            query=self._input.query or "",
        )
        reply = await call(self._client.workflow_service.list_workflow_executions, request, self._input)
        found = [
            WorkflowExecution._from_raw_info(  # pyright: ignore[reportPrivateUsage] # the official name
                info, self._client.namespace, self._client.data_converter
            )
            for info in reply.executions
        ]
        return found, reply.next_page_token

    async def map_histories(
        self,
        *,
        event_filter_type: WorkflowHistoryEventFilterType = WorkflowHistoryEventFilterType.ALL_EVENT,
        skip_archival: bool = False,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        rpc_timeout: timedelta | None = None,
    ) -> AsyncIterator[WorkflowHistory]:
        """The history of each of the runs, fetched one after the other."""
        async for found in self:
            yield await self._client.get_workflow_handle(found.id, run_id=found.run_id).fetch_history(
                event_filter_type=event_filter_type,
                skip_archival=skip_archival,
                rpc_metadata=rpc_metadata,
                rpc_timeout=rpc_timeout,
            )
