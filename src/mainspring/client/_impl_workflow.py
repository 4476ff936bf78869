"""Calls on workflows as requests: the end of the chain of interceptors.

StartWorkflowInput -> StartWorkflowExecutionRequest, or SignalWithStart... if it has a signal -> WorkflowHandle
"""

from __future__ import annotations

import uuid
import warnings
from typing import TYPE_CHECKING, Any, TypeVar

from temporalio.api.enums.v1 import QueryRejectCondition, WorkflowIdConflictPolicy, WorkflowIdReusePolicy
from temporalio.api.errordetails.v1 import WorkflowExecutionAlreadyStartedFailure
from temporalio.api.workflowservice.v1 import (
    QueryWorkflowRequest,
    RequestCancelWorkflowExecutionRequest,
    SignalWithStartWorkflowExecutionRequest,
    SignalWorkflowExecutionRequest,
    StartWorkflowExecutionRequest,
    TerminateWorkflowExecutionRequest,
)

from mainspring.client._calls import already_there, call, execution, put_headers, workflow_converter
from mainspring.client._exceptions import WorkflowQueryFailedError, WorkflowQueryRejectedError
from mainspring.client._execution import WorkflowExecutionStatus
from mainspring.client._handle import WorkflowHandle
from mainspring.client._memo import encode_memo, encode_user_metadata
from mainspring.client._sending import check_sizes, encode_args
from mainspring.converter import encode_search_attributes
from mainspring.exceptions import WorkflowAlreadyStartedError
from mainspring.service import RPCError, RPCStatusCode

if TYPE_CHECKING:
    from mainspring.client._client import Client
    from mainspring.client._inputs import (
        CancelWorkflowInput,
        QueryWorkflowInput,
        SignalWorkflowInput,
        StartWorkflowInput,
        TerminateWorkflowInput,
        UpdateWithStartStartWorkflowInput,
    )

StartRequestT = TypeVar("StartRequestT", StartWorkflowExecutionRequest, SignalWithStartWorkflowExecutionRequest)


async def start_workflow(client: Client, input: StartWorkflowInput) -> WorkflowHandle[Any, Any]:
    """Start a workflow, or signal it and start it if it does not run.

    Raises: WorkflowAlreadyStartedError: the policies do not allow another run now.
    """
    try:
        if input.start_signal is not None:
            return await _signal_with_start(client, input)
        return await _start(client, input)
    except RPCError as error:
        raise already_started(error, input) or error from None


async def _start(client: Client, input: StartWorkflowInput) -> WorkflowHandle[Any, Any]:
    request = await start_request(client, input, StartWorkflowExecutionRequest())
    eager = client._eager_workers.get(input.task_queue)  # pyright: ignore[reportPrivateUsage] # workers of this client
    request.request_eager_execution = input.request_eager_start and eager is not None
    await check_sizes(client, f"workflow {input.workflow!r}", ("input", request.input), ("memo", request.memo))
    reply = await call(client.workflow_service.start_workflow_execution, request, input)
    if eager is not None and reply.HasField("eager_workflow_task"):
        eager(reply.eager_workflow_task)
    handle: WorkflowHandle[Any, Any] = WorkflowHandle(
        client,
        input.id,
        result_run_id=reply.run_id,
        first_execution_run_id=reply.first_execution_run_id or reply.run_id,
        result_type=input.ret_type,
        start_workflow_response=reply,
    )
    # Under the name by which tests of the official SDK look for it.
    setattr(handle, "__temporal_eagerly_started", reply.HasField("eager_workflow_task"))  # not mangled
    return handle


async def _signal_with_start(client: Client, input: StartWorkflowInput) -> WorkflowHandle[Any, Any]:
    request = SignalWithStartWorkflowExecutionRequest(signal_name=input.start_signal or "")
    if input.start_signal_args:
        converter = workflow_converter(client, input.id, workflow_type=input.workflow)
        signal = f"signal {input.start_signal!r}"
        request.signal_input.payloads.extend(await encode_args(converter, input.start_signal_args, signal))
    await start_request(client, input, request)
    sizes = (("input", request.input), ("signal_input", request.signal_input), ("memo", request.memo))
    await check_sizes(client, f"workflow {input.workflow!r}", *sizes)
    reply = await call(client.workflow_service.signal_with_start_workflow_execution, request, input)
    return WorkflowHandle(
        client,
        input.id,
        result_run_id=reply.run_id,
        first_execution_run_id=reply.first_execution_run_id or (reply.run_id if reply.started else None),
        result_type=input.ret_type,
        start_workflow_response=reply,
    )


def already_started(
    error: RPCError, input: StartWorkflowInput | UpdateWithStartStartWorkflowInput
) -> WorkflowAlreadyStartedError | None:
    """The error as users know it, if it says that the workflow runs or ran already."""
    there = already_there(error, WorkflowExecutionAlreadyStartedFailure)
    if there is None:
        return None
    return WorkflowAlreadyStartedError(
        input.id, input.workflow, run_id=there.run_id, first_run_id=there.first_execution_run_id or None
    )


async def start_request(
    client: Client, input: StartWorkflowInput | UpdateWithStartStartWorkflowInput, request: StartRequestT
) -> StartRequestT:
    """Fill in all that ways to start a workflow have in common.

    Raises: UnserializableValue: a value cannot be converted.
    """
    converter = workflow_converter(client, input.id, workflow_type=input.workflow)
    request.namespace = client.namespace
    request.workflow_id = input.id
    request.workflow_type.name = input.workflow
    request.task_queue.name = input.task_queue
    request.identity = client.identity
    request.request_id = str(uuid.uuid4())
    if input.args:
        request.input.payloads.extend(await encode_args(converter, input.args, f"workflow {input.workflow!r}"))
    _put_times(input, request)
    _put_policies(input, request)
    if input.memo is not None:
        await encode_memo(converter, input.memo, request.memo)
    if input.search_attributes is not None:
        encode_search_attributes(input.search_attributes, request.search_attributes)
    metadata = await encode_user_metadata(converter, input.static_summary, input.static_details)
    if metadata is not None:
        request.user_metadata.CopyFrom(metadata)
    await put_headers(client, input.headers, request.header.fields)
    return request


def _put_times(input: StartWorkflowInput | UpdateWithStartStartWorkflowInput, request: StartRequestT) -> None:
    if input.execution_timeout is not None:
        request.workflow_execution_timeout.FromTimedelta(input.execution_timeout)
    if input.run_timeout is not None:
        request.workflow_run_timeout.FromTimedelta(input.run_timeout)
    if input.task_timeout is not None:
        request.workflow_task_timeout.FromTimedelta(input.task_timeout)
    if input.start_delay is not None:
        request.workflow_start_delay.FromTimedelta(input.start_delay)
    request.cron_schedule = input.cron_schedule


def _put_policies(input: StartWorkflowInput | UpdateWithStartStartWorkflowInput, request: StartRequestT) -> None:
    request.workflow_id_reuse_policy = WorkflowIdReusePolicy.ValueType(input.id_reuse_policy)
    request.workflow_id_conflict_policy = WorkflowIdConflictPolicy.ValueType(input.id_conflict_policy)
    if input.retry_policy is not None:
        input.retry_policy.apply_to_proto(request.retry_policy)
    request.priority.CopyFrom(input.priority._to_proto())
    if input.versioning_override is not None:
        request.versioning_override.CopyFrom(input.versioning_override._to_proto())
    if input.time_skipping_config is not None:
        request.time_skipping_config.CopyFrom(input.time_skipping_config)


async def cancel_workflow(client: Client, input: CancelWorkflowInput) -> None:
    """Ask a workflow to end."""
    request = RequestCancelWorkflowExecutionRequest(
        namespace=client.namespace,
        workflow_execution=execution(input.id, input.run_id),
        identity=client.identity,
        request_id=str(uuid.uuid4()),
        first_execution_run_id=input.first_execution_run_id or "",
        reason=input.reason,
    )
    await call(client.workflow_service.request_cancel_workflow_execution, request, input)


async def terminate_workflow(client: Client, input: TerminateWorkflowInput) -> None:
    """End a workflow."""
    request = TerminateWorkflowExecutionRequest(
        namespace=client.namespace,
        workflow_execution=execution(input.id, input.run_id),
        reason=input.reason or "",
        identity=client.identity,
        first_execution_run_id=input.first_execution_run_id or "",
    )
    if input.args:
        converter = workflow_converter(client, input.id, run_id=input.run_id)
        request.details.payloads.extend(await encode_args(converter, input.args, "the termination"))
    await check_sizes(client, "the termination", ("details", request.details))
    await call(client.workflow_service.terminate_workflow_execution, request, input)


async def signal_workflow(client: Client, input: SignalWorkflowInput) -> None:
    """Send a signal."""
    request = SignalWorkflowExecutionRequest(
        namespace=client.namespace,
        workflow_execution=execution(input.id, input.run_id),
        signal_name=input.signal,
        identity=client.identity,
        request_id=str(uuid.uuid4()),
    )
    what = f"signal {input.signal!r}"
    if input.args:
        converter = workflow_converter(client, input.id, run_id=input.run_id)
        request.input.payloads.extend(await encode_args(converter, input.args, what))
    await put_headers(client, input.headers, request.header.fields)
    await check_sizes(client, what, ("input", request.input))
    await call(client.workflow_service.signal_workflow_execution, request, input)


async def query_workflow(client: Client, input: QueryWorkflowInput) -> Any:
    """Send a query and convert its result.

    Raises:
        WorkflowQueryRejectedError: the reject condition holds.
        WorkflowQueryFailedError: the handler raised, or there is none.
    """
    converter = workflow_converter(client, input.id, run_id=input.run_id)
    request = QueryWorkflowRequest(namespace=client.namespace, execution=execution(input.id, input.run_id))
    request.query.query_type = input.query
    if input.reject_condition:
        request.query_reject_condition = QueryRejectCondition.ValueType(input.reject_condition)
    what = f"query {input.query!r}"
    if input.args:
        request.query.query_args.payloads.extend(await encode_args(converter, input.args, what))
    await put_headers(client, input.headers, request.query.header.fields)
    await check_sizes(client, what, ("query_args", request.query.query_args))
    try:
        reply = await call(client.workflow_service.query_workflow, request, input)
    except RPCError as error:
        if error.status is RPCStatusCode.INVALID_ARGUMENT:
            raise WorkflowQueryFailedError(error.message) from error
        raise
    if reply.HasField("query_rejected"):
        status = reply.query_rejected.status
        raise WorkflowQueryRejectedError(WorkflowExecutionStatus(status) if status else None)
    hints = [input.ret_type] if input.ret_type else None
    results = await converter.decode(reply.query_result.payloads, hints) if reply.query_result.payloads else []
    if len(results) > 1:
        warnings.warn(f"Expected single query result, got {len(results)}", stacklevel=2)
    return results[0] if results else None
