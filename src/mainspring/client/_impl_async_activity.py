"""Calls on activities that are completed from outside, as requests. Each has a form by ids and one by token.

CompleteAsyncActivityInput -> RespondActivityTaskCompletedRequest, or ...ByIdRequest
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypedDict

from temporalio.api.common.v1 import Payloads
from temporalio.api.failure.v1 import Failure
from temporalio.api.workflowservice.v1 import (
    RecordActivityTaskHeartbeatByIdRequest,
    RecordActivityTaskHeartbeatByIdResponse,
    RecordActivityTaskHeartbeatRequest,
    RecordActivityTaskHeartbeatResponse,
    RespondActivityTaskCanceledByIdRequest,
    RespondActivityTaskCanceledRequest,
    RespondActivityTaskCompletedByIdRequest,
    RespondActivityTaskCompletedRequest,
    RespondActivityTaskFailedByIdRequest,
    RespondActivityTaskFailedRequest,
)

from mainspring.activity import ActivityCancellationDetails
from mainspring.client._async_activity import AsyncActivityIDReference
from mainspring.client._calls import call
from mainspring.client._exceptions import AsyncActivityCancelledError
from mainspring.client._sending import check_sizes, encode_args
from mainspring.common._arguments import arg_unset
from mainspring.converter import (
    DataConverter,
    StorageDriverActivityInfo,
    StorageDriverStoreContext,
    StorageDriverWorkflowInfo,
)

if TYPE_CHECKING:
    from mainspring.client._activity_inputs import (
        CompleteAsyncActivityInput,
        FailAsyncActivityInput,
        HeartbeatAsyncActivityInput,
        ReportCancellationAsyncActivityInput,
    )
    from mainspring.client._client import Client

    AsyncActivityInput = (
        CompleteAsyncActivityInput
        | FailAsyncActivityInput
        | HeartbeatAsyncActivityInput
        | ReportCancellationAsyncActivityInput
    )


class _Ids(TypedDict):
    namespace: str
    identity: str
    workflow_id: str
    run_id: str
    activity_id: str


class _Token(TypedDict):
    namespace: str
    identity: str
    task_token: bytes


def _by_ids(client: Client, activity: AsyncActivityIDReference) -> _Ids:
    return _Ids(
        namespace=client.namespace,
        identity=client.identity,
        workflow_id=activity.workflow_id or "",
        run_id=activity.run_id or "",
        activity_id=activity.activity_id,
    )


def _by_token(client: Client, token: bytes) -> _Token:
    return _Token(namespace=client.namespace, identity=client.identity, task_token=token)


def _converter(client: Client, input: AsyncActivityInput) -> DataConverter:
    """What encodes for an activity. Of one that is known by its token only nobody knows for whom to store."""
    chosen = input.data_converter_override or client.data_converter
    target: StorageDriverWorkflowInfo | StorageDriverActivityInfo | None = None
    match input.id_or_token:
        case AsyncActivityIDReference(workflow_id=str(workflow_id), run_id=run_id) if workflow_id:
            target = StorageDriverWorkflowInfo(namespace=client.namespace, id=workflow_id, run_id=run_id or None)
        case AsyncActivityIDReference(activity_id=activity_id, run_id=run_id):
            target = StorageDriverActivityInfo(namespace=client.namespace, id=activity_id, run_id=run_id or None)
        case _:
            pass
    return chosen._with_store_context(StorageDriverStoreContext(target))  # pyright: ignore[reportPrivateUsage] # the official name


async def _encoded(client: Client, converter: DataConverter, values: Sequence[Any], what: str) -> Payloads:
    """The values for the server.

    Raises:
        UnserializableValue: one cannot be converted.
        PayloadTooLargeError: the namespace does not allow it.
    """
    payloads = Payloads(payloads=await encode_args(converter, values, what))
    await check_sizes(client, "the activity", (what, payloads))
    return payloads


async def heartbeat_async_activity(client: Client, input: HeartbeatAsyncActivityInput) -> None:
    """Say that an activity goes on.

    Raises: AsyncActivityCancelledError: it should end.
    """
    converter = _converter(client, input)
    details = await _encoded(client, converter, input.details, "heartbeat details") if input.details else None
    service, ref = client.workflow_service, input.id_or_token
    reply: RecordActivityTaskHeartbeatResponse | RecordActivityTaskHeartbeatByIdResponse
    if isinstance(ref, AsyncActivityIDReference):
        by_ids = RecordActivityTaskHeartbeatByIdRequest(**_by_ids(client, ref), details=details)
        reply = await call(service.record_activity_task_heartbeat_by_id, by_ids, input)
    else:
        by_token = RecordActivityTaskHeartbeatRequest(**_by_token(client, ref), details=details)
        reply = await call(service.record_activity_task_heartbeat, by_token, input)
    if reply.cancel_requested or reply.activity_paused or reply.activity_reset:
        raise AsyncActivityCancelledError(
            ActivityCancellationDetails(
                cancel_requested=reply.cancel_requested, paused=reply.activity_paused, reset=reply.activity_reset
            )
        )


async def complete_async_activity(client: Client, input: CompleteAsyncActivityInput) -> None:
    """End an activity with a result."""
    converter = _converter(client, input)
    result = None if input.result is arg_unset else await _encoded(client, converter, [input.result], "result")
    service, ref = client.workflow_service, input.id_or_token
    if isinstance(ref, AsyncActivityIDReference):
        by_ids = RespondActivityTaskCompletedByIdRequest(**_by_ids(client, ref), result=result)
        await call(service.respond_activity_task_completed_by_id, by_ids, input)
    else:
        by_token = RespondActivityTaskCompletedRequest(**_by_token(client, ref), result=result)
        await call(service.respond_activity_task_completed, by_token, input)


async def fail_async_activity(client: Client, input: FailAsyncActivityInput) -> None:
    """End an attempt with a failure."""
    converter = _converter(client, input)
    failure = Failure()
    await converter.encode_failure(input.error, failure)
    last = input.last_heartbeat_details
    details = await _encoded(client, converter, last, "last heartbeat details") if last else None
    service, ref = client.workflow_service, input.id_or_token
    if isinstance(ref, AsyncActivityIDReference):
        by_ids = RespondActivityTaskFailedByIdRequest(
            **_by_ids(client, ref), failure=failure, last_heartbeat_details=details
        )
        await call(service.respond_activity_task_failed_by_id, by_ids, input)
    else:
        by_token = RespondActivityTaskFailedRequest(
            **_by_token(client, ref), failure=failure, last_heartbeat_details=details
        )
        await call(service.respond_activity_task_failed, by_token, input)


async def report_cancellation_async_activity(client: Client, input: ReportCancellationAsyncActivityInput) -> None:
    """End an activity as cancelled."""
    converter = _converter(client, input)
    details = await _encoded(client, converter, input.details, "cancellation details") if input.details else None
    service, ref = client.workflow_service, input.id_or_token
    if isinstance(ref, AsyncActivityIDReference):
        by_ids = RespondActivityTaskCanceledByIdRequest(**_by_ids(client, ref), details=details)
        await call(service.respond_activity_task_canceled_by_id, by_ids, input)
    else:
        by_token = RespondActivityTaskCanceledRequest(**_by_token(client, ref), details=details)
        await call(service.respond_activity_task_canceled, by_token, input)
