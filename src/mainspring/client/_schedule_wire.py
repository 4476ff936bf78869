"""Schedules on the wire: what users write to messages, and messages to what users see.

schedule_message(client, Schedule) -> message of the API;  schedule_of(message) -> Schedule
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from google.protobuf.duration_pb2 import Duration
from temporalio.api.common.v1 import Payload, WorkflowType
from temporalio.api.enums.v1 import ScheduleOverlapPolicy as Overlap
from temporalio.api.schedule.v1 import BackfillRequest, IntervalSpec, Range, SchedulePolicies, StructuredCalendarSpec
from temporalio.api.schedule.v1 import Schedule as ScheduleMessage
from temporalio.api.schedule.v1 import ScheduleAction as ActionMessage
from temporalio.api.schedule.v1 import ScheduleSpec as SpecMessage
from temporalio.api.schedule.v1 import ScheduleState as StateMessage
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflow.v1 import NewWorkflowExecutionInfo

from mainspring.client._calls import put_headers, time_of, workflow_converter
from mainspring.client._memo import encode_memo, encode_user_metadata
from mainspring.client._schedule import (
    Schedule,
    ScheduleBackfill,
    ScheduleCalendarSpec,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleState,
)
from mainspring.client._schedule_action import ScheduleAction, ScheduleActionStartWorkflow
from mainspring.client._sending import encode_args
from mainspring.converter import encode_search_attributes

if TYPE_CHECKING:
    from mainspring.client._client import Client

_UNITS = ("second", "minute", "hour", "day_of_month", "month", "year", "day_of_week")


async def schedule_message(client: Client, schedule: Schedule) -> ScheduleMessage:
    """What the server is told of a schedule.

    Raises: UnserializableValue: a value of its action cannot be converted.
    """
    return ScheduleMessage(
        spec=_spec_message(schedule.spec),
        action=await _action_message(client, schedule.action),
        policies=_policy_message(schedule.policy),
        state=StateMessage(
            notes=schedule.state.note or "",
            paused=schedule.state.paused,
            limited_actions=schedule.state.limited_actions,
            remaining_actions=schedule.state.remaining_actions,
        ),
    )


def schedule_of(message: ScheduleMessage) -> Schedule:
    """What the server tells of a schedule.

    Raises: ValueError: its action is of a kind that is not known here.
    """
    return Schedule(
        action=_action_of(message.action),
        spec=spec_of(message.spec),
        policy=_policy_of(message.policies),
        state=ScheduleState(
            note=message.state.notes or None,
            paused=message.state.paused,
            limited_actions=message.state.limited_actions,
            remaining_actions=message.state.remaining_actions,
        ),
    )


def backfill_message(backfill: ScheduleBackfill) -> BackfillRequest:
    """What the server is told of a backfill."""
    message = BackfillRequest(overlap_policy=Overlap.ValueType(backfill.overlap or 0))
    message.start_time.FromDatetime(backfill.start_at)
    message.end_time.FromDatetime(backfill.end_at)
    return message


def _spec_message(spec: ScheduleSpec) -> SpecMessage:
    message = SpecMessage(
        structured_calendar=[_calendar_message(calendar) for calendar in spec.calendars],
        cron_string=spec.cron_expressions,
        interval=[
            IntervalSpec(interval=_duration(one.every), phase=_duration(one.offset) if one.offset else None)
            for one in spec.intervals
        ],
        exclude_structured_calendar=[_calendar_message(calendar) for calendar in spec.skip],
        jitter=_duration(spec.jitter) if spec.jitter else None,
        timezone_name=spec.time_zone_name or "",
    )
    if spec.start_at:
        message.start_time.FromDatetime(spec.start_at)
    if spec.end_at:
        message.end_time.FromDatetime(spec.end_at)
    return message


def spec_of(message: SpecMessage) -> ScheduleSpec:
    """When a schedule acts, as the server tells it."""
    return ScheduleSpec(
        calendars=[_calendar_of(one) for one in message.structured_calendar],
        intervals=[
            ScheduleIntervalSpec(
                every=one.interval.ToTimedelta(), offset=one.phase.ToTimedelta() if one.HasField("phase") else None
            )
            for one in message.interval
        ],
        cron_expressions=message.cron_string,
        skip=[_calendar_of(one) for one in message.exclude_structured_calendar],
        start_at=time_of(message, "start_time"),
        end_at=time_of(message, "end_time"),
        jitter=message.jitter.ToTimedelta() if message.HasField("jitter") else None,
        time_zone_name=message.timezone_name or None,
    )


def _calendar_message(calendar: ScheduleCalendarSpec) -> StructuredCalendarSpec:
    message = StructuredCalendarSpec(comment=calendar.comment or "")
    for unit in _UNITS:
        ranges: Sequence[ScheduleRange] = getattr(calendar, unit)
        getattr(message, unit).extend(Range(start=one.start, end=one.end, step=one.step) for one in ranges)
    return message


def _calendar_of(message: StructuredCalendarSpec) -> ScheduleCalendarSpec:
    calendar = ScheduleCalendarSpec(comment=message.comment or None)
    for unit in _UNITS:
        ranges: Sequence[Range] = getattr(message, unit)
        setattr(calendar, unit, tuple(ScheduleRange(one.start, one.end, one.step) for one in ranges))
    return calendar


def _policy_message(policy: SchedulePolicy) -> SchedulePolicies:
    return SchedulePolicies(
        overlap_policy=Overlap.ValueType(policy.overlap),
        catchup_window=_duration(policy.catchup_window) if policy.catchup_window is not None else None,
        pause_on_failure=policy.pause_on_failure,
    )


def _policy_of(message: SchedulePolicies) -> SchedulePolicy:
    return SchedulePolicy(
        overlap=ScheduleOverlapPolicy(message.overlap_policy),
        catchup_window=message.catchup_window.ToTimedelta() if message.HasField("catchup_window") else None,
        pause_on_failure=message.pause_on_failure,
    )


def _action_of(message: ActionMessage) -> ScheduleAction:
    if message.HasField("start_workflow"):
        return ScheduleActionStartWorkflow("<unset>", raw_info=message.start_workflow)
    raise ValueError(f"Unsupported action: {message.WhichOneof('action')}")


async def _action_message(client: Client, action: ScheduleAction) -> ActionMessage:
    if not isinstance(action, ScheduleActionStartWorkflow):
        raise TypeError(f"expected a ScheduleActionStartWorkflow, got {type(action).__name__}")
    converter = workflow_converter(client, action.id, workflow_type=action.workflow)
    message = NewWorkflowExecutionInfo(
        workflow_id=action.id,
        workflow_type=WorkflowType(name=action.workflow),
        task_queue=TaskQueue(name=action.task_queue),
        workflow_execution_timeout=_duration(action.execution_timeout) if action.execution_timeout else None,
        workflow_run_timeout=_duration(action.run_timeout) if action.run_timeout else None,
        workflow_task_timeout=_duration(action.task_timeout) if action.task_timeout else None,
        user_metadata=await encode_user_metadata(converter, action.static_summary, action.static_details),
        priority=action.priority._to_proto(),  # pyright: ignore[reportPrivateUsage] # the official name
    )
    if action.args:
        message.input.payloads.extend(await _payloads(client, action))
    if action.retry_policy:
        action.retry_policy.apply_to_proto(message.retry_policy)
    if action.memo:
        await encode_memo(converter, action.memo, message.memo)
    _put_search_attributes(action, message)
    await put_headers(client, action.headers, message.header.fields, encoded=action.from_raw)
    return ActionMessage(start_workflow=message)


async def _payloads(client: Client, action: ScheduleActionStartWorkflow) -> Sequence[Payload]:
    """The arguments; those that are payloads go as they are."""
    values = [arg for arg in action.args if not isinstance(arg, Payload)]
    converter = workflow_converter(client, action.id, workflow_type=action.workflow)
    encoded = iter(await encode_args(converter, values, f"workflow {action.workflow!r}") if values else [])
    return [arg if isinstance(arg, Payload) else next(encoded) for arg in action.args]


def _put_search_attributes(action: ScheduleActionStartWorkflow, message: NewWorkflowExecutionInfo) -> None:
    typed = {pair.key.name for pair in action.typed_search_attributes}
    untyped = {name: value for name, value in action.untyped_search_attributes.items() if name not in typed}
    if untyped:
        encode_search_attributes(untyped, message.search_attributes)
    if action.typed_search_attributes:
        encode_search_attributes(action.typed_search_attributes, message.search_attributes)


def _duration(value: timedelta) -> Duration:
    message = Duration()
    message.FromTimedelta(value)
    return message
