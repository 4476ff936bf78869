"""Calls on standalone Nexus operations as requests: the end of the chain of interceptors.

StartNexusOperationInput -> StartNexusOperationExecutionRequest -> NexusOperationHandle; likewise the others
"""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from temporalio.api.enums.v1 import NexusOperationIdConflictPolicy, NexusOperationIdReusePolicy, NexusOperationWaitStage
from temporalio.api.errordetails.v1 import NexusOperationExecutionAlreadyStartedFailure
from temporalio.api.workflowservice.v1 import (
    CountNexusOperationExecutionsRequest,
    DescribeNexusOperationExecutionRequest,
    PollNexusOperationExecutionRequest,
    PollNexusOperationExecutionResponse,
    RequestCancelNexusOperationExecutionRequest,
    StartNexusOperationExecutionRequest,
    TerminateNexusOperationExecutionRequest,
)

from mainspring.client._calls import already_there, ask_until, call
from mainspring.client._exceptions import NexusOperationFailureError
from mainspring.client._memo import encode_user_metadata
from mainspring.client._nexus_description import (
    NexusOperationExecutionAsyncIterator,
    NexusOperationExecutionCount,
    NexusOperationExecutionDescription,
    count_of,
    description_of,
)
from mainspring.client._nexus_handle import NexusOperationHandle
from mainspring.client._sending import check_sizes, encode_named
from mainspring.converter import DataConverter, NexusSerializationContext, encode_search_attributes
from mainspring.exceptions import NexusOperationAlreadyStartedError
from mainspring.service import RPCError

if TYPE_CHECKING:
    from mainspring.client._client import Client
    from mainspring.client._nexus_inputs import (
        CancelNexusOperationInput,
        CountNexusOperationsInput,
        DescribeNexusOperationInput,
        GetNexusOperationResultInput,
        ListNexusOperationsInput,
        StartNexusOperationInput,
        TerminateNexusOperationInput,
    )


async def start_nexus_operation(client: Client, input: StartNexusOperationInput) -> NexusOperationHandle[Any]:
    """Start an operation that belongs to no workflow.

    Raises:
        NexusOperationAlreadyStartedError: the policies do not allow another run now.
    """
    request = await _start_request(client, input)
    await check_sizes(client, _what(input), ("input", request.input))
    try:
        reply = await call(client.workflow_service.start_nexus_operation_execution, request, input)
    except RPCError as error:
        raise _already_started(error, input) or error from None
    return NexusOperationHandle(
        client,
        input.id,
        run_id=reply.run_id or None,
        result_type=input.result_type,
        endpoint=input.endpoint,
        service=input.service,
        operation=input.operation,
    )


def _converter(client: Client, endpoint: str, service: str, operation: str) -> DataConverter:
    context = NexusSerializationContext(endpoint=endpoint, service=service, operation=operation)
    return client.data_converter.with_context(context)


def _what(input: StartNexusOperationInput) -> str:
    return f"Nexus operation {input.service}/{input.operation}"


async def _start_request(client: Client, input: StartNexusOperationInput) -> StartNexusOperationExecutionRequest:
    converter = _converter(client, input.endpoint, input.service, input.operation)
    request = StartNexusOperationExecutionRequest(
        namespace=client.namespace,
        identity=client.identity,
        request_id=str(uuid.uuid4()),
        operation_id=input.id,
        endpoint=input.endpoint,
        service=input.service,
        operation=input.operation,
        input=await encode_named(converter, input.arg, _what(input)),
        nexus_header=input.headers,
        id_reuse_policy=NexusOperationIdReusePolicy.ValueType(input.id_reuse_policy),
        id_conflict_policy=NexusOperationIdConflictPolicy.ValueType(input.id_conflict_policy),
        user_metadata=await encode_user_metadata(converter, input.summary, None),
    )
    for name in ("schedule_to_close_timeout", "schedule_to_start_timeout", "start_to_close_timeout"):
        value: timedelta | None = getattr(input, name)
        if value is not None:
            getattr(request, name).FromTimedelta(value)
    if input.search_attributes is not None:
        encode_search_attributes(input.search_attributes, request.search_attributes)
    return request


def _already_started(error: RPCError, input: StartNexusOperationInput) -> NexusOperationAlreadyStartedError | None:
    there = already_there(error, NexusOperationExecutionAlreadyStartedFailure)
    return None if there is None else NexusOperationAlreadyStartedError(input.id, run_id=there.run_id)


async def get_nexus_operation_result(client: Client, input: GetNexusOperationResultInput) -> Any:
    """Wait until an operation has ended. Returns: its result.

    Raises: NexusOperationFailureError: it has none.
    """
    reply = await _ended(client, input)
    converter = client.data_converter
    if input.endpoint:  # the handle has started it, so that all three are known
        converter = _converter(client, input.endpoint, input.service, input.operation)
    if reply.HasField("failure"):
        raise NexusOperationFailureError(cause=await converter.decode_failure(reply.failure))
    return (await converter.decode([reply.result], [input.result_type] if input.result_type else None))[0]


async def _ended(client: Client, input: GetNexusOperationResultInput) -> PollNexusOperationExecutionResponse:
    request = PollNexusOperationExecutionRequest(
        namespace=client.namespace,
        operation_id=input.operation_id,
        run_id=input.run_id or "",
        wait_stage=NexusOperationWaitStage.NEXUS_OPERATION_WAIT_STAGE_CLOSED,
    )
    return await ask_until(
        lambda: call(client.workflow_service.poll_nexus_operation_execution, request, input),
        lambda reply: reply.WhichOneof("outcome") is not None,
    )


async def describe_nexus_operation(
    client: Client, input: DescribeNexusOperationInput
) -> NexusOperationExecutionDescription:
    """What the server tells of an operation."""
    request = DescribeNexusOperationExecutionRequest(
        namespace=client.namespace, operation_id=input.operation_id, run_id=input.run_id or ""
    )
    reply = await call(client.workflow_service.describe_nexus_operation_execution, request, input)
    info = reply.info
    return await description_of(info, _converter(client, info.endpoint, info.service, info.operation))


async def cancel_nexus_operation(client: Client, input: CancelNexusOperationInput) -> None:
    """Ask the handler of an operation to end it."""
    request = RequestCancelNexusOperationExecutionRequest(
        namespace=client.namespace,
        operation_id=input.operation_id,
        run_id=input.run_id or "",
        identity=client.identity,
        request_id=str(uuid.uuid4()),
        reason=input.reason or "",
    )
    await call(client.workflow_service.request_cancel_nexus_operation_execution, request, input)


async def terminate_nexus_operation(client: Client, input: TerminateNexusOperationInput) -> None:
    """End an operation."""
    request = TerminateNexusOperationExecutionRequest(
        namespace=client.namespace,
        operation_id=input.operation_id,
        run_id=input.run_id or "",
        identity=client.identity,
        request_id=str(uuid.uuid4()),
        reason=input.reason or "",
    )
    await call(client.workflow_service.terminate_nexus_operation_execution, request, input)


def list_nexus_operations(client: Client, input: ListNexusOperationsInput) -> NexusOperationExecutionAsyncIterator:
    """The operations that a query finds."""
    return NexusOperationExecutionAsyncIterator(client, input)


async def count_nexus_operations(client: Client, input: CountNexusOperationsInput) -> NexusOperationExecutionCount:
    """How many a query finds."""
    request = CountNexusOperationExecutionsRequest(namespace=client.namespace, query=input.query or "")
    return count_of(await call(client.workflow_service.count_nexus_operation_executions, request, input))
