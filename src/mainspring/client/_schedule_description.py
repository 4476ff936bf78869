"""What a server tells of schedules: one described, many listed; and how to change one.

DescribeScheduleResponse -> ScheduleDescription;  ScheduleListEntry -> ScheduleListDescription
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, overload

from temporalio.api.schedule.v1 import ScheduleActionResult as ResultMessage
from temporalio.api.schedule.v1 import ScheduleInfo as InfoMessage
from temporalio.api.schedule.v1 import ScheduleListEntry
from temporalio.api.schedule.v1 import ScheduleListInfo as ListInfoMessage
from temporalio.api.workflowservice.v1 import DescribeScheduleResponse, ListSchedulesRequest

from mainspring.client._calls import call, time_of
from mainspring.client._memo import decode_memo, decode_memo_value
from mainspring.client._pages import Pages
from mainspring.client._schedule import Schedule, ScheduleSpec
from mainspring.client._schedule_wire import schedule_of, spec_of
from mainspring.common import SearchAttributes, TypedSearchAttributes
from mainspring.common._arguments import arg_unset
from mainspring.converter import DataConverter, decode_search_attributes, decode_typed_search_attributes
from mainspring.types import AnyType, ParamType

if TYPE_CHECKING:
    from mainspring.client._client import Client
    from mainspring.client._schedule_inputs import ListSchedulesInput


class ScheduleActionExecution(ABC):  # noqa: B024 # only tells the kinds from anything else
    """Something that a schedule did."""


@dataclass
class ScheduleActionExecutionStartWorkflow(ScheduleActionExecution):
    """A workflow that a schedule started."""

    workflow_id: str
    first_execution_run_id: str


@dataclass
class ScheduleActionResult:
    """One time that a schedule acted."""

    scheduled_at: datetime
    started_at: datetime
    action: ScheduleActionExecution


@dataclass
class ScheduleInfo:
    """What a schedule did and will do."""

    num_actions: int
    num_actions_missed_catchup_window: int
    num_actions_skipped_overlap: int
    running_actions: Sequence[ScheduleActionExecution]
    recent_actions: Sequence[ScheduleActionResult]
    next_action_times: Sequence[datetime]
    created_at: datetime
    last_updated_at: datetime | None


@dataclass
class ScheduleDescription:
    """All that the server tells of one schedule."""

    id: str
    schedule: Schedule
    info: ScheduleInfo
    typed_search_attributes: TypedSearchAttributes
    search_attributes: SearchAttributes
    data_converter: DataConverter
    raw_description: DescribeScheduleResponse

    async def memo(self) -> Mapping[str, Any]:
        """All values of the schedule's own memo."""
        return await decode_memo(self.data_converter, self.raw_description.memo)

    @overload
    async def memo_value(self, key: str, default: Any = arg_unset) -> Any: ...

    @overload
    async def memo_value(self, key: str, *, type_hint: type[ParamType]) -> ParamType: ...

    @overload
    async def memo_value(self, key: str, default: AnyType, *, type_hint: type[ParamType]) -> AnyType | ParamType: ...

    async def memo_value(self, key: str, default: Any = arg_unset, *, type_hint: type | None = None) -> Any:
        """One value of the memo.

        Raises: KeyError: there is none of this name, and no default.
        """
        return await decode_memo_value(self.data_converter, self.raw_description.memo, key, default, type_hint)


@dataclass
class ScheduleUpdateInput:
    """What an updater gets."""

    description: ScheduleDescription


@dataclass
class ScheduleUpdate:
    """What an updater returns: the schedule as it is to be."""

    schedule: Schedule
    search_attributes: TypedSearchAttributes | None = None
    """The schedule's own, all of them; None leaves them as they are."""


class ScheduleListAction(ABC):  # noqa: B024 # only tells the kinds from anything else
    """What a listed schedule does."""


@dataclass
class ScheduleListActionStartWorkflow(ScheduleListAction):
    """It starts a workflow of this type."""

    workflow: str


@dataclass
class ScheduleListState:
    """Whether a listed schedule acts."""

    note: str | None
    paused: bool


@dataclass
class ScheduleListSchedule:
    """What a list tells of a schedule."""

    action: ScheduleListAction
    spec: ScheduleSpec
    state: ScheduleListState


@dataclass
class ScheduleListInfo:
    """What a listed schedule did and will do."""

    recent_actions: Sequence[ScheduleActionResult]
    next_action_times: Sequence[datetime]


@dataclass
class ScheduleListDescription:
    """A schedule, as a list shows it: it may lag a little behind."""

    id: str
    schedule: ScheduleListSchedule | None
    info: ScheduleListInfo | None
    typed_search_attributes: TypedSearchAttributes
    search_attributes: SearchAttributes
    data_converter: DataConverter
    raw_entry: ScheduleListEntry

    async def memo(self) -> Mapping[str, Any]:
        """All values of the schedule's own memo."""
        return await decode_memo(self.data_converter, self.raw_entry.memo)

    @overload
    async def memo_value(self, key: str, default: Any = arg_unset) -> Any: ...

    @overload
    async def memo_value(self, key: str, *, type_hint: type[ParamType]) -> ParamType: ...

    @overload
    async def memo_value(self, key: str, default: AnyType, *, type_hint: type[ParamType]) -> AnyType | ParamType: ...

    async def memo_value(self, key: str, default: Any = arg_unset, *, type_hint: type | None = None) -> Any:
        """One value of the memo.

        Raises: KeyError: there is none of this name, and no default.
        """
        return await decode_memo_value(self.data_converter, self.raw_entry.memo, key, default, type_hint)


class ScheduleAsyncIterator(Pages[ScheduleListDescription]):
    """The schedules that a query finds."""

    def __init__(self, client: Client, input: ListSchedulesInput) -> None:
        super().__init__(page_size=input.page_size, next_page_token=input.next_page_token)
        self._client = client
        self._input = input

    async def _fetch(self, page_size: int, token: bytes) -> tuple[Sequence[ScheduleListDescription], bytes]:
        request = ListSchedulesRequest(
            namespace=self._client.namespace,
            maximum_page_size=page_size,
            next_page_token=token,
            query=self._input.query or "",
        )
        reply = await call(self._client.workflow_service.list_schedules, request, self._input)
        return [_listed(entry, self._client.data_converter) for entry in reply.schedules], reply.next_page_token


def description_of(id: str, reply: DescribeScheduleResponse, converter: DataConverter) -> ScheduleDescription:
    """What the server said, as users see it.

    Raises: ValueError: the schedule's action is of a kind that is not known here.
    """
    return ScheduleDescription(
        id=id,
        schedule=schedule_of(reply.schedule),
        info=_info_of(reply.info),
        typed_search_attributes=decode_typed_search_attributes(reply.search_attributes),
        search_attributes=decode_search_attributes(reply.search_attributes),
        data_converter=converter,
        raw_description=reply,
    )


def _info_of(message: InfoMessage) -> ScheduleInfo:
    return ScheduleInfo(
        num_actions=message.action_count,
        num_actions_missed_catchup_window=message.missed_catchup_window,
        num_actions_skipped_overlap=message.overlap_skipped,
        running_actions=[
            ScheduleActionExecutionStartWorkflow(one.workflow_id, one.run_id) for one in message.running_workflows
        ],
        recent_actions=[_result_of(one) for one in message.recent_actions],
        next_action_times=[one.ToDatetime(UTC) for one in message.future_action_times],
        created_at=message.create_time.ToDatetime(UTC),
        last_updated_at=time_of(message, "update_time"),
    )


def _result_of(message: ResultMessage) -> ScheduleActionResult:
    started = message.start_workflow_result
    return ScheduleActionResult(
        scheduled_at=message.schedule_time.ToDatetime(UTC),
        started_at=message.actual_time.ToDatetime(UTC),
        action=ScheduleActionExecutionStartWorkflow(started.workflow_id, started.run_id),
    )


def _listed(entry: ScheduleListEntry, converter: DataConverter) -> ScheduleListDescription:
    has_info = entry.HasField("info")
    return ScheduleListDescription(
        id=entry.schedule_id,
        schedule=_listed_schedule(entry.info) if has_info else None,
        info=_listed_info(entry.info) if has_info else None,
        typed_search_attributes=decode_typed_search_attributes(entry.search_attributes),
        search_attributes=decode_search_attributes(entry.search_attributes),
        data_converter=converter,
        raw_entry=entry,
    )


def _listed_schedule(info: ListInfoMessage) -> ScheduleListSchedule:
    if not info.HasField("workflow_type"):
        raise ValueError("Unknown action on schedule")
    return ScheduleListSchedule(
        action=ScheduleListActionStartWorkflow(info.workflow_type.name),
        spec=spec_of(info.spec),
        state=ScheduleListState(info.notes or None, info.paused),
    )


def _listed_info(info: ListInfoMessage) -> ScheduleListInfo:
    return ScheduleListInfo(
        recent_actions=[_result_of(one) for one in info.recent_actions],
        next_action_times=[one.ToDatetime(UTC) for one in info.future_action_times],
    )
