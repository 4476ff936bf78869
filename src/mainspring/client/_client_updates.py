"""Update-with-start: what can be called on a client for it.

operation = WithStartWorkflowOperation(Cart.run, id="cart-7", task_queue="shop", id_conflict_policy=USE_EXISTING)
await client.execute_update_with_start_workflow(Cart.add, item, start_workflow_operation=operation)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Unpack, overload

from temporalio.api.workflowservice.v1 import StartWorkflowExecutionResponse

from mainspring.client._client_base import ClientBase
from mainspring.client._handle import WorkflowHandle
from mainspring.client._inputs import StartWorkflowUpdateWithStartInput, UpdateWithStartUpdateWorkflowInput
from mainspring.client._update_handle import WorkflowUpdateHandle, WorkflowUpdateStage
from mainspring.client._with_start import WithStartWorkflowOperation
from mainspring.common._arguments import arg_or_args, arg_unset
from mainspring.service._methods import NO_METADATA
from mainspring.types import LocalReturnType, MultiParamSpec, ParamType, SelfType
from mainspring.workflow._handler_definitions import UpdateDefinition

if TYPE_CHECKING:
    from mainspring.client._options import UpdateOptions
    from mainspring.workflow import UpdateMethodMultiParam

NO_ARGS: Sequence[Any] = []


class UpdateCalls(ClientBase):
    """The part of `Client` that is about updates which start their workflow."""

    @overload
    async def execute_update_with_start_workflow(
        self,
        update: UpdateMethodMultiParam[[SelfType], LocalReturnType],
        *,
        start_workflow_operation: WithStartWorkflowOperation[SelfType, Any],
        **options: Unpack[UpdateOptions],
    ) -> LocalReturnType: ...

    @overload
    async def execute_update_with_start_workflow(
        self,
        update: UpdateMethodMultiParam[[SelfType, ParamType], LocalReturnType],
        arg: ParamType,
        *,
        start_workflow_operation: WithStartWorkflowOperation[SelfType, Any],
        **options: Unpack[UpdateOptions],
    ) -> LocalReturnType: ...

    @overload
    async def execute_update_with_start_workflow(
        self,
        update: UpdateMethodMultiParam[MultiParamSpec, LocalReturnType],
        *,
        args: Sequence[Any],
        start_workflow_operation: WithStartWorkflowOperation[SelfType, Any],
        **options: Unpack[UpdateOptions],
    ) -> LocalReturnType: ...

    @overload
    async def execute_update_with_start_workflow(
        self,
        update: str,
        arg: Any = arg_unset,
        *,
        start_workflow_operation: WithStartWorkflowOperation[Any, Any],
        args: Sequence[Any] = NO_ARGS,
        result_type: type | None = None,
        **options: Unpack[UpdateOptions],
    ) -> Any: ...

    async def execute_update_with_start_workflow(
        self,
        update: str | Callable[..., Any],
        arg: Any = arg_unset,
        *,
        start_workflow_operation: WithStartWorkflowOperation[Any, Any],
        args: Sequence[Any] = NO_ARGS,
        id: str | None = None,
        result_type: type | None = None,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        rpc_timeout: timedelta | None = None,
    ) -> Any:
        """Start a workflow unless it runs, send it an update, and wait for the update's result.

        Raises: as `start_update_with_start_workflow`, and WorkflowUpdateFailedError.
        """
        handle = await self._update_with_start(
            start_workflow_operation,
            update_input(update, arg_or_args(arg, args), WorkflowUpdateStage.COMPLETED, id, result_type),
            rpc_metadata,
            rpc_timeout,
        )
        return await handle.result()

    @overload
    async def start_update_with_start_workflow(
        self,
        update: UpdateMethodMultiParam[[SelfType], LocalReturnType],
        *,
        start_workflow_operation: WithStartWorkflowOperation[SelfType, Any],
        wait_for_stage: WorkflowUpdateStage,
        **options: Unpack[UpdateOptions],
    ) -> WorkflowUpdateHandle[LocalReturnType]: ...

    @overload
    async def start_update_with_start_workflow(
        self,
        update: UpdateMethodMultiParam[[SelfType, ParamType], LocalReturnType],
        arg: ParamType,
        *,
        start_workflow_operation: WithStartWorkflowOperation[SelfType, Any],
        wait_for_stage: WorkflowUpdateStage,
        **options: Unpack[UpdateOptions],
    ) -> WorkflowUpdateHandle[LocalReturnType]: ...

    @overload
    async def start_update_with_start_workflow(
        self,
        update: UpdateMethodMultiParam[MultiParamSpec, LocalReturnType],
        *,
        args: Sequence[Any],
        start_workflow_operation: WithStartWorkflowOperation[SelfType, Any],
        wait_for_stage: WorkflowUpdateStage,
        **options: Unpack[UpdateOptions],
    ) -> WorkflowUpdateHandle[LocalReturnType]: ...

    @overload
    async def start_update_with_start_workflow(
        self,
        update: str,
        arg: Any = arg_unset,
        *,
        start_workflow_operation: WithStartWorkflowOperation[Any, Any],
        wait_for_stage: WorkflowUpdateStage,
        args: Sequence[Any] = NO_ARGS,
        result_type: type | None = None,
        **options: Unpack[UpdateOptions],
    ) -> WorkflowUpdateHandle[Any]: ...

    async def start_update_with_start_workflow(
        self,
        update: str | Callable[..., Any],
        arg: Any = arg_unset,
        *,
        start_workflow_operation: WithStartWorkflowOperation[Any, Any],
        wait_for_stage: WorkflowUpdateStage,
        args: Sequence[Any] = NO_ARGS,
        id: str | None = None,
        result_type: type | None = None,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        rpc_timeout: timedelta | None = None,
    ) -> WorkflowUpdateHandle[Any]:
        """Start a workflow unless it runs, and send it an update: both or none. The operation has its handle.

        Raises:
            ValueError: `wait_for_stage` is ADMITTED, which the server does not offer.
            RuntimeError: the operation was used before.
            WorkflowAlreadyStartedError: the policies do not allow the start.
            WorkflowUpdateRPCTimeoutOrCancelledError: waiting ended; workflow and update may go on.
        """
        if wait_for_stage is WorkflowUpdateStage.ADMITTED:
            raise ValueError("ADMITTED wait stage not supported")
        return await self._update_with_start(
            start_workflow_operation,
            update_input(update, arg_or_args(arg, args), wait_for_stage, id, result_type),
            rpc_metadata,
            rpc_timeout,
        )

    async def _update_with_start(
        self,
        operation: WithStartWorkflowOperation[Any, Any],
        update: UpdateWithStartUpdateWorkflowInput,
        rpc_metadata: Mapping[str, str | bytes],
        rpc_timeout: timedelta | None,
    ) -> WorkflowUpdateHandle[Any]:
        start = operation.use()
        start.task_queue = self._queue(start.task_queue)

        def started(reply: StartWorkflowExecutionResponse) -> None:
            operation.started(
                WorkflowHandle(
                    self._client,
                    start.id,
                    first_execution_run_id=reply.first_execution_run_id or reply.run_id,
                    result_run_id=reply.run_id,
                    result_type=start.ret_type,
                )
            )

        return await self._impl.start_update_with_start_workflow(
            StartWorkflowUpdateWithStartInput(start, update, rpc_metadata, rpc_timeout, started, operation.failed)
        )


def update_input(
    update: str | Callable[..., Any],
    args: Sequence[Any],
    stage: WorkflowUpdateStage,
    id: str | None,
    result_type: type | None,
) -> UpdateWithStartUpdateWorkflowInput:
    """The update of an update-with-start.

    Raises: RuntimeError: the handler is the dynamic one.
    """
    name, defined_type = UpdateDefinition.get_name_and_result_type(update)
    return UpdateWithStartUpdateWorkflowInput(
        update_id=id,
        update=name,
        args=args,
        wait_for_stage=stage,
        headers={},
        ret_type=result_type or defined_type,
    )
