"""Calls on schedules as requests: the end of the chain of interceptors.

CreateScheduleInput -> CreateScheduleRequest -> ScheduleHandle; pausing and the like are patches of a schedule
"""

from __future__ import annotations

import inspect
import uuid
from typing import TYPE_CHECKING

from temporalio.api.enums.v1 import ScheduleOverlapPolicy as Overlap
from temporalio.api.errordetails.v1 import WorkflowExecutionAlreadyStartedFailure
from temporalio.api.schedule.v1 import SchedulePatch, TriggerImmediatelyRequest
from temporalio.api.workflowservice.v1 import (
    CreateScheduleRequest,
    DeleteScheduleRequest,
    DescribeScheduleRequest,
    PatchScheduleRequest,
    UpdateScheduleRequest,
)

from mainspring.client._calls import already_there, call
from mainspring.client._exceptions import ScheduleAlreadyRunningError
from mainspring.client._memo import encode_memo
from mainspring.client._schedule_description import (
    ScheduleDescription,
    ScheduleUpdate,
    ScheduleUpdateInput,
    description_of,
)
from mainspring.client._schedule_handle import ScheduleHandle
from mainspring.client._schedule_wire import backfill_message, schedule_message
from mainspring.converter import encode_search_attributes
from mainspring.service import RPCError

if TYPE_CHECKING:
    from mainspring.client._client import Client
    from mainspring.client._inputs import Sent
    from mainspring.client._schedule_inputs import (
        BackfillScheduleInput,
        CreateScheduleInput,
        DeleteScheduleInput,
        DescribeScheduleInput,
        PauseScheduleInput,
        TriggerScheduleInput,
        UnpauseScheduleInput,
        UpdateScheduleInput,
    )


async def create_schedule(client: Client, input: CreateScheduleInput) -> ScheduleHandle:
    """Create a schedule.

    Raises:
        ValueError: its state says that actions are limited but not to how many, or the other way round.
        ScheduleAlreadyRunningError: there is one with this id.
    """
    state = input.schedule.state
    if state.limited_actions and not state.remaining_actions:
        raise ValueError("Must set limited actions to false if there are no remaining actions set")
    if not state.limited_actions and state.remaining_actions:
        raise ValueError("Must set limited actions to true if there are remaining actions set")
    request = CreateScheduleRequest(
        namespace=client.namespace,
        schedule_id=input.id,
        schedule=await schedule_message(client, input.schedule),
        initial_patch=_initial_patch(input),
        identity=client.identity,
        request_id=str(uuid.uuid4()),
    )
    if input.memo:
        await encode_memo(client.data_converter, input.memo, request.memo)
    if input.search_attributes:
        encode_search_attributes(input.search_attributes, request.search_attributes)
    try:
        await call(client.workflow_service.create_schedule, request, input)
    except RPCError as error:
        if _says_already_running(error):
            raise ScheduleAlreadyRunningError from error
        raise
    return ScheduleHandle(client, input.id)


def _initial_patch(input: CreateScheduleInput) -> SchedulePatch | None:
    if not (input.trigger_immediately or input.backfill):
        return None
    patch = SchedulePatch(backfill_request=[backfill_message(one) for one in input.backfill])
    if input.trigger_immediately:
        overlap = Overlap.ValueType(input.schedule.policy.overlap)
        patch.trigger_immediately.CopyFrom(TriggerImmediatelyRequest(overlap_policy=overlap))
    return patch


def _says_already_running(error: RPCError) -> bool:
    return already_there(error, WorkflowExecutionAlreadyStartedFailure) is not None


async def delete_schedule(client: Client, input: DeleteScheduleInput) -> None:
    """Remove a schedule."""
    request = DeleteScheduleRequest(namespace=client.namespace, schedule_id=input.id, identity=client.identity)
    await call(client.workflow_service.delete_schedule, request, input)


async def describe_schedule(client: Client, input: DescribeScheduleInput | UpdateScheduleInput) -> ScheduleDescription:
    """What the server tells of a schedule."""
    request = DescribeScheduleRequest(namespace=client.namespace, schedule_id=input.id)
    reply = await call(client.workflow_service.describe_schedule, request, input)
    return description_of(input.id, reply, client.data_converter)


async def backfill_schedule(client: Client, input: BackfillScheduleInput) -> None:
    """Act for times that have passed."""
    backfills = [backfill_message(one) for one in input.backfills]
    await _patch(client, input.id, SchedulePatch(backfill_request=backfills), input)


async def pause_schedule(client: Client, input: PauseScheduleInput) -> None:
    """Let a schedule do nothing."""
    await _patch(client, input.id, SchedulePatch(pause=input.note or "Paused via Python SDK"), input)


async def unpause_schedule(client: Client, input: UnpauseScheduleInput) -> None:
    """Let a schedule act again."""
    await _patch(client, input.id, SchedulePatch(unpause=input.note or "Unpaused via Python SDK"), input)


async def trigger_schedule(client: Client, input: TriggerScheduleInput) -> None:
    """Act now."""
    trigger = TriggerImmediatelyRequest(overlap_policy=Overlap.ValueType(input.overlap or 0))
    await _patch(client, input.id, SchedulePatch(trigger_immediately=trigger), input)


async def _patch(client: Client, schedule_id: str, patch: SchedulePatch, sent: Sent) -> None:
    request = PatchScheduleRequest(
        namespace=client.namespace,
        schedule_id=schedule_id,
        patch=patch,
        identity=client.identity,
        request_id=str(uuid.uuid4()),
    )
    await call(client.workflow_service.patch_schedule, request, sent)


async def update_schedule(client: Client, input: UpdateScheduleInput) -> None:
    """Let the updater say what a schedule is to be."""
    answer = input.updater(ScheduleUpdateInput(await describe_schedule(client, input)))
    update = await answer if inspect.isawaitable(answer) else answer
    if not update:
        return
    if not isinstance(update, ScheduleUpdate):  # pyright: ignore[reportUnnecessaryIsInstance] # not all callers check
        raise TypeError(f"an updater returns a ScheduleUpdate or None, got {type(update).__name__}")
    request = UpdateScheduleRequest(
        namespace=client.namespace,
        schedule_id=input.id,
        schedule=await schedule_message(client, update.schedule),
        identity=client.identity,
        request_id=str(uuid.uuid4()),
    )
    if update.search_attributes is not None:
        request.search_attributes.indexed_fields.clear()  # an empty message is there, too: it removes all
        encode_search_attributes(update.search_attributes, request.search_attributes)
    await call(client.workflow_service.update_schedule, request, input)
