"""Operations that something of Temporal stands behind: `@temporal_operation`, and the class that it makes handlers of.

start    -> the method starts a workflow, an activity or an update by its client, or gives a result at once
cancel   -> what the token names is asked to end: `cancel_workflow_run`, `cancel_activity`, `cancel_workflow_update`
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeAlias, overload

from nexusrpc import HandlerError, HandlerErrorType, InputT, OutputT
from nexusrpc.handler import (
    CancelOperationContext,
    OperationHandler,
    StartOperationContext,
    StartOperationResultAsync,
    StartOperationResultSync,
)

from mainspring.common._callables import is_async
from mainspring.nexus._context import Context
from mainspring.nexus._definitions import Shape, define
from mainspring.nexus._operation_contexts import TemporalCancelOperationContext, TemporalStartOperationContext
from mainspring.nexus._temporal_client import ClientOfHandler, TemporalNexusClient, TemporalOperationResult
from mainspring.nexus._token import OperationToken, OperationTokenType
from mainspring.types import NexusServiceType

SHAPE = Shape([TemporalStartOperationContext, TemporalNexusClient], TemporalOperationResult)

TemporalOperationStartHandlerFunc: TypeAlias = Callable[
    [NexusServiceType, TemporalStartOperationContext, TemporalNexusClient, InputT],
    Awaitable[TemporalOperationResult[OutputT]],
]
"""A method that `temporal_operation` decorates."""


@dataclass(frozen=True)
class CancelWorkflowRunOptions:
    """Which workflow is to end."""

    workflow_id: str


@dataclass(frozen=True)
class CancelUpdateWorkflowOptions:
    """Which update is to end."""

    workflow_id: str
    update_id: str
    run_id: str
    """The run that accepted it."""


@dataclass(frozen=True)
class CancelActivityOptions:
    """Which activity is to end."""

    activity_id: str
    run_id: str


class TemporalOperationHandler(OperationHandler[InputT, OutputT], ABC):
    """The handler of such an operation. Derive from it to cancel in another way than by asking what runs to end."""

    @abstractmethod
    async def start_operation(
        self, ctx: TemporalStartOperationContext, client: TemporalNexusClient, input: InputT
    ) -> TemporalOperationResult[OutputT]:
        """Start the operation by the client, or end it at once."""
        ...

    async def start(
        self, ctx: StartOperationContext, input: InputT
    ) -> StartOperationResultSync[OutputT] | StartOperationResultAsync:
        """What the worker calls."""
        context = TemporalStartOperationContext._from_start_operation_context(ctx)
        result = await self.start_operation(context, ClientOfHandler(ctx), input)
        return result._to_nexus_result()

    async def cancel(self, ctx: CancelOperationContext, token: str) -> None:
        """What the worker calls.

        Raises:
            HandlerError: The token names nothing that could be cancelled.
        """
        try:
            started = OperationToken.decode(token)
        except TypeError as error:
            raise _not_cancellable("Unable to decode operation token to cancel") from error
        context = TemporalCancelOperationContext._from_cancel_operation_context(ctx)
        match started:
            case OperationToken(type=OperationTokenType.WORKFLOW, workflow_id=str(workflow_id)):
                await self.cancel_workflow_run(context, CancelWorkflowRunOptions(workflow_id))
            case OperationToken(
                type=OperationTokenType.UPDATE_WORKFLOW,
                workflow_id=str(workflow_id),
                update_id=str(update_id),
                run_id=str(run_id),
            ):
                options = CancelUpdateWorkflowOptions(workflow_id, update_id, run_id)
                await self.cancel_workflow_update(context, options)
            case OperationToken(type=OperationTokenType.ACTIVITY, activity_id=str(activity_id), run_id=str(run_id)) if (
                run_id
            ):
                await self.cancel_activity(context, CancelActivityOptions(activity_id, run_id))
            case _:
                raise _not_cancellable(f"Expected operation token of type {started.type.name} to have a valid run id.")

    async def cancel_workflow_run(self, ctx: TemporalCancelOperationContext, options: CancelWorkflowRunOptions) -> None:
        """Ask the workflow to end."""
        del ctx
        await Context.current().client.get_workflow_handle(options.workflow_id).cancel()

    async def cancel_workflow_update(
        self, ctx: TemporalCancelOperationContext, options: CancelUpdateWorkflowOptions
    ) -> None:
        """Override it for updates whose handlers can be told to end, for example by a signal.

        Raises:
            HandlerError: An update that was accepted cannot be cancelled by itself.
        """
        del ctx, options
        raise HandlerError(
            "There is no native way to cancel an accepted Update, so cancellation depends on the Update handler "
            "itself. Override this method and coordinate with the specific Update handler to trigger a cancellation.",
            type=HandlerErrorType.NOT_IMPLEMENTED,
        )

    async def cancel_activity(self, ctx: TemporalCancelOperationContext, options: CancelActivityOptions) -> None:
        """Ask the activity to end."""
        del ctx
        client = Context.current().client
        await client.get_activity_handle(options.activity_id, run_id=options.run_id).cancel()


def _not_cancellable(message: str) -> HandlerError:
    return HandlerError(message, type=HandlerErrorType.INTERNAL, retryable_override=False)


@overload
def temporal_operation(
    start: TemporalOperationStartHandlerFunc[NexusServiceType, InputT, OutputT],
) -> TemporalOperationStartHandlerFunc[NexusServiceType, InputT, OutputT]: ...


@overload
def temporal_operation(
    *, name: str | None = None
) -> Callable[
    [TemporalOperationStartHandlerFunc[NexusServiceType, InputT, OutputT]],
    TemporalOperationStartHandlerFunc[NexusServiceType, InputT, OutputT],
]: ...


def temporal_operation(start: Any = None, *, name: str | None = None) -> Any:
    """Make a method of a service handler the start of an operation that something of Temporal stands behind.

    Raises:
        RuntimeError: The method is not `async def`.
    """

    def decorate(method: Callable[..., Any]) -> Callable[..., Any]:
        if not is_async(method):
            raise RuntimeError(
                f"{method} is not an `async def` method. @temporal_operation must decorate an `async def` start method."
            )

        def make_handler(service: Any) -> OperationHandler[Any, Any]:
            return _HandlerOfMethod(method, service)

        define(method, make_handler, name, SHAPE)
        return method

    return decorate if start is None else decorate(start)


class _HandlerOfMethod(TemporalOperationHandler[Any, Any]):
    """The handler of a decorated method."""

    def __init__(self, method: Callable[..., Awaitable[TemporalOperationResult[Any]]], service: Any) -> None:
        self._method = method
        self._service = service

    async def start_operation(
        self, ctx: TemporalStartOperationContext, client: TemporalNexusClient, input: Any
    ) -> TemporalOperationResult[Any]:
        return await self._method(self._service, ctx, client, input)
