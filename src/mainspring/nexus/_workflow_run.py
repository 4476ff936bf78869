"""Operations that a workflow stands behind: `@workflow_run_operation`.

start    -> the decorated method starts a workflow, whose token is the answer; its result goes to the caller by itself
cancel   -> the workflow that the token names is asked to end
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, overload

from nexusrpc import HandlerError, HandlerErrorType, InputT, OutputT
from nexusrpc.handler import (
    CancelOperationContext,
    OperationHandler,
    StartOperationContext,
    StartOperationResultAsync,
)

from mainspring.common._callables import is_async
from mainspring.nexus._context import Context
from mainspring.nexus._definitions import Shape, define
from mainspring.nexus._operation_contexts import WorkflowRunOperationContext
from mainspring.nexus._token import WorkflowHandle
from mainspring.types import NexusServiceType

SHAPE = Shape([WorkflowRunOperationContext], WorkflowHandle)


class WorkflowRunOperationHandler(OperationHandler[InputT, OutputT]):
    """The handler of such an operation, for those that make handlers themselves."""

    def __init__(self, start: Callable[[StartOperationContext, InputT], Awaitable[WorkflowHandle[OutputT]]]) -> None:
        """Raises: RuntimeError: The method is not `async def`."""
        if not is_async(start):
            raise RuntimeError(
                f"{start} is not an `async def` method. "
                "WorkflowRunOperationHandler must be initialized with an `async def` start method."
            )
        self._start = start

    async def start(self, ctx: StartOperationContext, input: InputT) -> StartOperationResultAsync:
        """Start the workflow.

        Raises:
            RuntimeError: The method returned something else than the handle of a workflow that it started so.
        """
        handle = await self._start(ctx, input)
        if not isinstance(handle, WorkflowHandle):  # pyright: ignore[reportUnnecessaryIsInstance]  # methods may be untyped
            raise RuntimeError(
                f"Expected {handle} to be a nexus.WorkflowHandle, but got {type(handle)}. A method decorated with "
                "@workflow_run_operation must start its workflow by WorkflowRunOperationContext.start_workflow and "
                "return the handle that it gives: a workflow started by client.Client.start_workflow would not "
                "deliver its result to the caller of the operation."
            )
        return StartOperationResultAsync(handle.to_token())

    async def cancel(self, ctx: CancelOperationContext, token: str) -> None:
        """Ask the workflow to end."""
        del ctx
        await cancel_workflow(token)


async def cancel_workflow(token: str) -> None:
    """Ask the workflow behind an operation to end.

    Raises:
        HandlerError: The token names no workflow of the worker's namespace.
    """
    try:
        handle = WorkflowHandle[Any].from_token(token)
    except TypeError as error:
        raise HandlerError(
            "Failed to decode operation token as a workflow operation token. "
            "Canceling non-workflow operations is not supported.",
            type=HandlerErrorType.NOT_FOUND,
        ) from error
    try:
        started = handle._to_client_workflow_handle(Context.current().client)
    except ValueError as error:
        raise HandlerError(
            "Failed to construct workflow handle from workflow operation token", type=HandlerErrorType.NOT_FOUND
        ) from error
    await started.cancel()


@overload
def workflow_run_operation(
    start: Callable[[NexusServiceType, WorkflowRunOperationContext, InputT], Awaitable[WorkflowHandle[OutputT]]],
) -> Callable[[NexusServiceType, WorkflowRunOperationContext, InputT], Awaitable[WorkflowHandle[OutputT]]]: ...


@overload
def workflow_run_operation(
    *, name: str | None = None
) -> Callable[
    [Callable[[NexusServiceType, WorkflowRunOperationContext, InputT], Awaitable[WorkflowHandle[OutputT]]]],
    Callable[[NexusServiceType, WorkflowRunOperationContext, InputT], Awaitable[WorkflowHandle[OutputT]]],
]: ...


def workflow_run_operation(start: Any = None, *, name: str | None = None) -> Any:
    """Make a method of a service handler the start of an operation that a workflow stands behind.

    The method starts the workflow by `ctx.start_workflow` and returns the handle that it gets.
    """

    def decorate(method: Callable[..., Any]) -> Callable[..., Any]:
        def make_handler(service: Any) -> OperationHandler[Any, Any]:
            async def start_of_service(ctx: StartOperationContext, input: Any) -> WorkflowHandle[Any]:
                handle: WorkflowHandle[Any] = await method(
                    service, WorkflowRunOperationContext._from_start_operation_context(ctx), input
                )
                return handle

            start_of_service.__doc__ = method.__doc__
            return WorkflowRunOperationHandler(start_of_service)

        define(method, make_handler, name, SHAPE)
        return method

    return decorate if start is None else decorate(start)
