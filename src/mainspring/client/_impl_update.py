"""Updates as requests: alone, or together with the start of their workflow.

update                 UpdateWorkflowExecution, again until accepted, then PollWorkflowExecutionUpdate
start and update       ExecuteMultiOperation of both, likewise
"""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING, Any

from temporalio.api.common.v1 import GrpcStatus
from temporalio.api.enums.v1 import UpdateWorkflowExecutionLifecycleStage as Stage
from temporalio.api.errordetails.v1 import MultiOperationExecutionFailure
from temporalio.api.failure.v1 import MultiOperationExecutionAborted
from temporalio.api.update.v1 import Input, Meta, Request, WaitPolicy
from temporalio.api.workflowservice.v1 import (
    ExecuteMultiOperationRequest,
    ExecuteMultiOperationResponse,
    StartWorkflowExecutionRequest,
    StartWorkflowExecutionResponse,
    UpdateWorkflowExecutionRequest,
)

from mainspring.client._calls import call, execution, put_headers, workflow_converter
from mainspring.client._exceptions import WorkflowUpdateRPCTimeoutOrCancelledError
from mainspring.client._impl_workflow import already_started, start_request
from mainspring.client._sending import check_sizes, encode_args
from mainspring.client._update_handle import WorkflowUpdateHandle, WorkflowUpdateStage, waiting_for_update
from mainspring.service import RPCError, RPCStatusCode

if TYPE_CHECKING:
    from mainspring.client._client import Client
    from mainspring.client._inputs import (
        StartWorkflowUpdateInput,
        StartWorkflowUpdateWithStartInput,
        UpdateWithStartUpdateWorkflowInput,
    )


async def start_workflow_update(client: Client, input: StartWorkflowUpdateInput) -> WorkflowUpdateHandle[Any]:
    """Send an update until it is accepted, then wait for its completion if that is asked for.

    Raises: WorkflowUpdateRPCTimeoutOrCancelledError: waiting ended; the update may go on.
    """
    request = await _update_request(client, input, input.id, input.run_id)
    request.first_execution_run_id = input.first_execution_run_id or ""
    while True:
        with waiting_for_update():
            reply = await call(client.workflow_service.update_workflow_execution, request, input)
        if reply.stage >= Stage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ACCEPTED:
            break
    handle: WorkflowUpdateHandle[Any] = WorkflowUpdateHandle(
        client,
        request.request.meta.update_id,
        input.id,
        workflow_run_id=reply.update_ref.workflow_execution.run_id,
        result_type=input.ret_type,
        known_outcome=reply.outcome if reply.HasField("outcome") else None,
    )
    if input.wait_for_stage is WorkflowUpdateStage.COMPLETED:
        await handle.poll()
    return handle


async def _update_request(
    client: Client,
    input: StartWorkflowUpdateInput | UpdateWithStartUpdateWorkflowInput,
    workflow_id: str,
    run_id: str | None = None,
) -> UpdateWorkflowExecutionRequest:
    request = UpdateWorkflowExecutionRequest(
        namespace=client.namespace,
        workflow_execution=execution(workflow_id, run_id),
        request=Request(
            meta=Meta(update_id=input.update_id or str(uuid.uuid4()), identity=client.identity),
            input=Input(name=input.update),
        ),
        wait_policy=WaitPolicy(lifecycle_stage=Stage.ValueType(input.wait_for_stage)),
    )
    what = f"update {input.update!r}"
    if input.args:
        converter = workflow_converter(client, workflow_id, run_id=run_id)
        request.request.input.args.payloads.extend(await encode_args(converter, input.args, what))
    await put_headers(client, input.headers, request.request.input.header.fields)
    await check_sizes(client, what, ("args", request.request.input.args))
    return request


async def start_update_with_start_workflow(
    client: Client, input: StartWorkflowUpdateWithStartInput
) -> WorkflowUpdateHandle[Any]:
    """Start a workflow if it does not run, and send it an update, all or nothing.

    Raises:
        WorkflowUpdateRPCTimeoutOrCancelledError: waiting ended; workflow and update may go on.
        WorkflowAlreadyStartedError: the policies do not allow the start.
        RPCError: of whichever of the two was refused.
    """
    once = _Once(input)
    try:
        return await _send_both(client, input, once)
    except asyncio.CancelledError as error:
        once.failed(error)
        raise WorkflowUpdateRPCTimeoutOrCancelledError from error
    except RPCError as error:
        if error.status in {RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED}:
            once.failed(error)
            raise WorkflowUpdateRPCTimeoutOrCancelledError from error
        refusal = _refusal(error, input)
        once.failed(refusal)
        raise refusal from (None if refusal is error else error)
    except Exception as error:
        once.failed(error)
        raise


class _Once:
    """Tells whoever waits for the workflow's handle, the first time that there is something to tell."""

    def __init__(self, input: StartWorkflowUpdateWithStartInput) -> None:
        self._input = input
        self._is_told = False

    def started(self, reply: StartWorkflowExecutionResponse) -> None:
        if not self._is_told:
            self._is_told = True
            self._input._on_start(reply)  # pyright: ignore[reportPrivateUsage] # the official name

    def failed(self, error: BaseException) -> None:
        if not self._is_told:
            self._is_told = True
            self._input._on_start_error(error)  # pyright: ignore[reportPrivateUsage] # the official name


async def _send_both(
    client: Client, input: StartWorkflowUpdateWithStartInput, once: _Once
) -> WorkflowUpdateHandle[Any]:
    start, update = input.start_workflow_input, input.update_workflow_input
    start_message = await start_request(client, start, StartWorkflowExecutionRequest())
    sizes = (("input", start_message.input), ("memo", start_message.memo))
    await check_sizes(client, f"workflow {start.workflow!r}", *sizes)
    update_message = await _update_request(client, update, start.id)
    operation = ExecuteMultiOperationRequest.Operation
    request = ExecuteMultiOperationRequest(
        namespace=client.namespace,
        operations=[operation(start_workflow=start_message), operation(update_workflow=update_message)],
    )
    while True:
        reply: ExecuteMultiOperationResponse = await call(
            client.workflow_service.execute_multi_operation, request, input
        )
        started, updated = reply.responses[0].start_workflow, reply.responses[1].update_workflow
        once.started(started)
        if updated.stage >= Stage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ACCEPTED:
            break
    handle: WorkflowUpdateHandle[Any] = WorkflowUpdateHandle(
        client,
        update_message.request.meta.update_id,
        start.id,
        workflow_run_id=started.run_id,
        result_type=update.ret_type,
        known_outcome=updated.outcome if updated.HasField("outcome") else None,
    )
    if update.wait_for_stage is WorkflowUpdateStage.COMPLETED:
        await handle.poll()
    return handle


def _refusal(error: RPCError, input: StartWorkflowUpdateWithStartInput) -> Exception:
    """The error of the operation that was refused, rather than of the one that was left out because of it."""
    failure = MultiOperationExecutionFailure()
    if not (error.grpc_status.details and error.grpc_status.details[0].Unpack(failure)):
        return error
    for status in failure.statuses:
        is_left_out = bool(status.details) and status.details[0].Is(MultiOperationExecutionAborted.DESCRIPTOR)
        if status.code == RPCStatusCode.OK or is_left_out:
            continue
        if status.code not in list(RPCStatusCode):
            return error
        code = RPCStatusCode(status.code)
        own = GrpcStatus(code=status.code, message=status.message, details=status.details)
        refused = RPCError(status.message, code, own.SerializeToString())
        if code is RPCStatusCode.ALREADY_EXISTS and status.details:
            return already_started(refused, input.start_workflow_input) or error
        return RPCError(status.message, code, error.raw_grpc_status)
    return error
