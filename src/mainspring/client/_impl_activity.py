"""Calls on standalone activities as requests: the end of the chain of interceptors.

StartActivityInput -> StartActivityExecutionRequest -> ActivityHandle; likewise the others
"""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from temporalio.api.common.v1 import ActivityType
from temporalio.api.enums.v1 import ActivityIdConflictPolicy, ActivityIdReusePolicy
from temporalio.api.errordetails.v1 import ActivityExecutionAlreadyStartedFailure
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    CountActivityExecutionsRequest,
    DescribeActivityExecutionRequest,
    PauseActivityExecutionRequest,
    RequestCancelActivityExecutionRequest,
    StartActivityExecutionRequest,
    TerminateActivityExecutionRequest,
    UnpauseActivityExecutionRequest,
    UpdateActivityExecutionOptionsRequest,
)

from mainspring.client._activity_description import (
    ActivityExecutionAsyncIterator,
    ActivityExecutionCount,
    ActivityExecutionDescription,
    count_of,
    description_of,
)
from mainspring.client._activity_handle import ActivityHandle
from mainspring.client._activity_options import ActivityExecutionOptions, options_of, put_updates
from mainspring.client._calls import already_there, call, put_headers
from mainspring.client._memo import encode_user_metadata
from mainspring.client._sending import check_sizes, encode_args
from mainspring.converter import (
    ActivitySerializationContext,
    DataConverter,
    StorageDriverActivityInfo,
    StorageDriverStoreContext,
    encode_search_attributes,
)
from mainspring.exceptions import ActivityAlreadyStartedError
from mainspring.service import RPCError

if TYPE_CHECKING:
    from mainspring.client._activity_inputs import (
        CancelActivityInput,
        CountActivitiesInput,
        DescribeActivityInput,
        ListActivitiesInput,
        PauseActivityInput,
        StartActivityInput,
        TerminateActivityInput,
        UnpauseActivityInput,
        UpdateActivityOptionsInput,
    )
    from mainspring.client._client import Client


def _converter(client: Client, activity_id: str, activity_type: str, task_queue: str) -> DataConverter:
    context = ActivitySerializationContext(
        namespace=client.namespace,
        activity_id=activity_id,
        activity_type=activity_type,
        activity_task_queue=task_queue,
        is_local=False,
        workflow_id=None,
        workflow_type=None,
    )
    target = StorageDriverActivityInfo(namespace=client.namespace, id=activity_id, type=activity_type)
    return client.data_converter._with_contexts(context, StorageDriverStoreContext(target))  # pyright: ignore[reportPrivateUsage] # the official name


async def start_activity(client: Client, input: StartActivityInput) -> ActivityHandle[Any]:
    """Start an activity that belongs to no workflow.

    Raises:
        ValueError: it has no timeout that bounds it, or a negative delay.
        ActivityAlreadyStartedError: the policies do not allow another run now.
    """
    if not (input.start_to_close_timeout or input.schedule_to_close_timeout):
        raise ValueError("Activity must have start_to_close_timeout or schedule_to_close_timeout")
    if input.start_delay is not None and input.start_delay < timedelta(0):
        raise ValueError("start_delay must be non-negative")
    request = await _start_request(client, input)
    await check_sizes(client, f"activity {input.activity_type!r}", ("input", request.input))
    try:
        reply = await call(client.workflow_service.start_activity_execution, request, input)
    except RPCError as error:
        raise _already_started(error, input) or error from None
    return ActivityHandle(client, input.id, run_id=reply.run_id, result_type=input.result_type)


async def _start_request(client: Client, input: StartActivityInput) -> StartActivityExecutionRequest:
    converter = _converter(client, input.id, input.activity_type, input.task_queue)
    request = StartActivityExecutionRequest(
        namespace=client.namespace,
        identity=client.identity,
        request_id=str(uuid.uuid4()),
        activity_id=input.id,
        activity_type=ActivityType(name=input.activity_type),
        task_queue=TaskQueue(name=input.task_queue),
        id_reuse_policy=ActivityIdReusePolicy.ValueType(input.id_reuse_policy),
        id_conflict_policy=ActivityIdConflictPolicy.ValueType(input.id_conflict_policy),
        user_metadata=await encode_user_metadata(converter, input.summary, None),
        priority=input.priority._to_proto(),  # pyright: ignore[reportPrivateUsage] # the official name
    )
    for name in (
        *("schedule_to_close_timeout", "start_to_close_timeout", "schedule_to_start_timeout"),
        *("heartbeat_timeout", "start_delay"),
    ):
        value: timedelta | None = getattr(input, name)
        if value is not None:
            getattr(request, name).FromTimedelta(value)
    if input.retry_policy is not None:
        input.retry_policy.apply_to_proto(request.retry_policy)
    if input.args:
        what = f"activity {input.activity_type!r}"
        request.input.payloads.extend(await encode_args(converter, input.args, what))
    if input.search_attributes is not None:
        encode_search_attributes(input.search_attributes, request.search_attributes)
    await put_headers(client, input.headers, request.header.fields)
    return request


def _already_started(error: RPCError, input: StartActivityInput) -> ActivityAlreadyStartedError | None:
    there = already_there(error, ActivityExecutionAlreadyStartedFailure)
    return None if there is None else ActivityAlreadyStartedError(input.id, input.activity_type, run_id=there.run_id)


async def cancel_activity(client: Client, input: CancelActivityInput) -> None:
    """Ask an activity to end."""
    request = RequestCancelActivityExecutionRequest(
        namespace=client.namespace,
        activity_id=input.activity_id,
        run_id=input.activity_run_id or "",
        identity=client.identity,
        request_id=str(uuid.uuid4()),
        reason=input.reason or "",
    )
    await call(client.workflow_service.request_cancel_activity_execution, request, input)


async def terminate_activity(client: Client, input: TerminateActivityInput) -> None:
    """End an activity."""
    request = TerminateActivityExecutionRequest(
        namespace=client.namespace,
        activity_id=input.activity_id,
        run_id=input.activity_run_id or "",
        identity=client.identity,
        request_id=str(uuid.uuid4()),
        reason=input.reason or "",
    )
    await call(client.workflow_service.terminate_activity_execution, request, input)


async def pause_activity(client: Client, input: PauseActivityInput) -> None:
    """Let no attempt begin."""
    request = PauseActivityExecutionRequest(
        namespace=client.namespace,
        activity_id=input.activity_id,
        run_id=input.activity_run_id or "",
        identity=client.identity,
        request_id=str(uuid.uuid4()),
        reason=input.reason or "",
    )
    await call(client.workflow_service.pause_activity_execution, request, input)


async def unpause_activity(client: Client, input: UnpauseActivityInput) -> None:
    """Let attempts begin again."""
    request = UnpauseActivityExecutionRequest(
        namespace=client.namespace,
        activity_id=input.activity_id,
        run_id=input.activity_run_id or "",
        identity=client.identity,
        request_id=str(uuid.uuid4()),
        reason=input.reason or "",
    )
    if input.jitter is not None:
        request.jitter.FromTimedelta(input.jitter)
    await call(client.workflow_service.unpause_activity_execution, request, input)


async def update_activity_options(client: Client, input: UpdateActivityOptionsInput) -> ActivityExecutionOptions:
    """Change options, or undo all changes.

    Raises: ValueError: both are asked for, an option is not known, or it is changed twice.
    """
    if input.restore_original and input.updates:
        raise ValueError("restore_original cannot be combined with individual option updates")
    request = UpdateActivityExecutionOptionsRequest(
        namespace=client.namespace,
        activity_id=input.activity_id,
        run_id=input.activity_run_id or "",
        identity=client.identity,
        request_id=str(uuid.uuid4()),
        restore_original=input.restore_original,
    )
    put_updates(input.updates, request)
    reply = await call(client.workflow_service.update_activity_execution_options, request, input)
    return options_of(reply.activity_options)


async def describe_activity(client: Client, input: DescribeActivityInput) -> ActivityExecutionDescription:
    """What the server tells of an activity."""
    request = DescribeActivityExecutionRequest(
        namespace=client.namespace,
        activity_id=input.activity_id,
        run_id=input.activity_run_id or "",
        include_input=input.include_input,
        include_outcome=input.include_outcome,
        include_heartbeat_details=input.include_heartbeat_details,
        include_last_failure=input.include_last_failure,
    )
    reply = await call(client.workflow_service.describe_activity_execution, request, input)
    info = reply.info
    converter = _converter(client, info.activity_id, info.activity_type.name, info.task_queue)
    return description_of(reply, client.namespace, converter)


def list_activities(client: Client, input: ListActivitiesInput) -> ActivityExecutionAsyncIterator:
    """The activities that a query finds."""
    return ActivityExecutionAsyncIterator(client, input)


async def count_activities(client: Client, input: CountActivitiesInput) -> ActivityExecutionCount:
    """How many a query finds."""
    request = CountActivityExecutionsRequest(namespace=client.namespace, query=input.query or "")
    return count_of(await call(client.workflow_service.count_activity_executions, request, input))
