"""The service handlers of a worker, checked when it is made, with the worker's interceptors around each operation.

    request -> `nexusrpc.handler.Handler` -> interceptors -> operation handler, in the loop or on the executor

A `def` runs on the executor that the user gave, with the context variables of the request.
"""

from __future__ import annotations

import concurrent.futures
import contextvars
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, ParamSpec, TypeVar

from nexusrpc.handler import (
    CancelOperationContext,
    Handler,
    MiddlewareSafeOperationHandler,
    OperationContext,
    OperationHandlerMiddleware,
    StartOperationContext,
    StartOperationResultAsync,
    StartOperationResultSync,
)
from typing_extensions import override

from mainspring.worker._interceptor import (
    ExecuteNexusOperationCancelInput,
    ExecuteNexusOperationStartInput,
    Interceptor,
    NexusOperationInboundInterceptor,
)

P = ParamSpec("P")
T = TypeVar("T")


def handler_of(
    service_handlers: Sequence[Any], executor: concurrent.futures.Executor | None, interceptors: Sequence[Interceptor]
) -> Handler:
    """What dispatches requests to the services.

    Raises:
        TypeError: One is a class, of which an object is wanted.
        RuntimeError: One is no service handler, two have one name, or a `def` has no executor to run on.
    """
    within = ContextKeepingExecutor(executor) if executor is not None else None
    return Handler(service_handlers, within, middleware=[Intercepting(interceptors)])


class ContextKeepingExecutor(concurrent.futures.Executor):
    """An executor whose threads see the context variables of who submits."""

    def __init__(self, executor: concurrent.futures.Executor) -> None:
        self._executor = executor

    @override
    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> concurrent.futures.Future[T]:
        return self._executor.submit(partial(contextvars.copy_context().run, fn, *args, **kwargs))


class Intercepting(OperationHandlerMiddleware):
    """Puts the interceptors of a worker around an operation handler."""

    def __init__(self, interceptors: Sequence[Interceptor]) -> None:
        self._interceptors = interceptors

    @override
    def intercept(self, ctx: OperationContext, next: MiddlewareSafeOperationHandler) -> MiddlewareSafeOperationHandler:
        del ctx
        inbound: NexusOperationInboundInterceptor = InboundTail(next)
        for interceptor in reversed(self._interceptors):
            inbound = interceptor.intercept_nexus_operation(inbound)
        return Intercepted(inbound)


class InboundTail(NexusOperationInboundInterceptor):
    """The end of a chain of interceptors: it calls the handler."""

    def __init__(self, handler: MiddlewareSafeOperationHandler) -> None:
        self._handler = handler

    @override
    async def execute_nexus_operation_start(
        self, input: ExecuteNexusOperationStartInput
    ) -> StartOperationResultSync[Any] | StartOperationResultAsync:
        return await self._handler.start(input.ctx, input.input)

    @override
    async def execute_nexus_operation_cancel(self, input: ExecuteNexusOperationCancelInput) -> None:
        await self._handler.cancel(input.ctx, input.token)


class Intercepted(MiddlewareSafeOperationHandler):
    """A chain of interceptors as a handler."""

    def __init__(self, inbound: NexusOperationInboundInterceptor) -> None:
        self._inbound = inbound

    @override
    async def start(
        self, ctx: StartOperationContext, input: Any
    ) -> StartOperationResultSync[Any] | StartOperationResultAsync:
        return await self._inbound.execute_nexus_operation_start(ExecuteNexusOperationStartInput(ctx, input))

    @override
    async def cancel(self, ctx: CancelOperationContext, token: str) -> None:
        await self._inbound.execute_nexus_operation_cancel(ExecuteNexusOperationCancelInput(ctx, token))
