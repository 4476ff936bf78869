"""What start and cancel methods of operations get as their first parameter, and the workflow behind an operation.

    ctx.start_workflow(...) -> Client.start_workflow, as what stands behind the operation (`_calls`) -> WorkflowHandle

Options and their defaults are those of the client, read from it.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Concatenate, Self, Unpack, overload

from nexusrpc.handler import CancelOperationContext, StartOperationContext

from mainspring.client import Client
from mainspring.client._options import SingleStartOptions
from mainspring.common import MetricMeter
from mainspring.common._arguments import arg_unset
from mainspring.nexus._calls import backing
from mainspring.nexus._context import Context
from mainspring.nexus._token import WorkflowHandle
from mainspring.types import (
    MethodAsyncNoParam,
    MethodAsyncSingleParam,
    MultiParamSpec,
    ParamType,
    ReturnType,
    SelfType,
)
from mainspring.workflow._functions import WorkflowFunction
from mainspring.workflow._options import spelled_out

NO_ARGS: Sequence[Any] = []


def defaults_of(method: Callable[..., Any], options: type) -> Mapping[str, Any]:
    """The defaults that a method of the client has for options; `Parameter.empty` for one that must be given."""
    parameters = inspect.signature(method).parameters
    return {name: parameters[name].default for name in options.__annotations__}


START_DEFAULTS = defaults_of(Client.start_workflow, SingleStartOptions)


@dataclass(frozen=True)
class NexusCallback:
    """Where the server delivers the result of an operation."""

    url: str
    headers: Mapping[str, str]


def fields_of(context: StartOperationContext | CancelOperationContext) -> dict[str, Any]:
    """The fields of a context, to make one of another class of it."""
    return {field.name: getattr(context, field.name) for field in dataclasses.fields(context)}


class TemporalStartOperationContext(StartOperationContext):
    """What `temporal_operation` hands to a start method."""

    @classmethod
    def _from_start_operation_context(cls, ctx: StartOperationContext) -> Self:
        return cls(**fields_of(ctx))


class TemporalCancelOperationContext(CancelOperationContext):
    """What `TemporalOperationHandler` hands to the methods that cancel."""

    @classmethod
    def _from_cancel_operation_context(cls, ctx: CancelOperationContext) -> Self:
        return cls(**fields_of(ctx))


class WorkflowRunOperationContext(StartOperationContext):
    """What `workflow_run_operation` hands to a start method."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Raises: RuntimeError: The caller handles no operation."""
        super().__init__(*args, **kwargs)
        Context.current()

    @classmethod
    def _from_start_operation_context(cls, ctx: StartOperationContext) -> Self:
        return cls(**fields_of(ctx))

    @property
    def metric_meter(self) -> MetricMeter:
        """The meter of the operation."""
        return Context.current().metric_meter

    @overload
    async def start_workflow(
        self, workflow: WorkflowFunction[[], ReturnType], **options: Unpack[SingleStartOptions]
    ) -> WorkflowHandle[ReturnType]: ...

    @overload
    async def start_workflow(
        self, workflow: WorkflowFunction[[ParamType], ReturnType], arg: ParamType, **options: Unpack[SingleStartOptions]
    ) -> WorkflowHandle[ReturnType]: ...

    @overload
    async def start_workflow(
        self, workflow: WorkflowFunction[..., ReturnType], *, args: Sequence[Any], **options: Unpack[SingleStartOptions]
    ) -> WorkflowHandle[ReturnType]: ...

    @overload
    async def start_workflow(
        self, workflow: MethodAsyncNoParam[SelfType, ReturnType], **options: Unpack[SingleStartOptions]
    ) -> WorkflowHandle[ReturnType]: ...

    @overload
    async def start_workflow(
        self,
        workflow: MethodAsyncSingleParam[SelfType, ParamType, ReturnType],
        arg: ParamType,
        **options: Unpack[SingleStartOptions],
    ) -> WorkflowHandle[ReturnType]: ...

    @overload
    async def start_workflow(
        self,
        workflow: Callable[Concatenate[SelfType, MultiParamSpec], Awaitable[ReturnType]],
        *,
        args: Sequence[Any],
        **options: Unpack[SingleStartOptions],
    ) -> WorkflowHandle[ReturnType]: ...

    @overload
    async def start_workflow(
        self,
        workflow: str,
        arg: Any = arg_unset,
        *,
        args: Sequence[Any] = NO_ARGS,
        result_type: type[ReturnType] | None = None,
        **options: Unpack[SingleStartOptions],
    ) -> WorkflowHandle[ReturnType]: ...

    @spelled_out(SingleStartOptions, START_DEFAULTS)
    async def start_workflow(
        self,
        workflow: Any,
        arg: Any = arg_unset,
        *,
        args: Sequence[Any] = NO_ARGS,
        result_type: type | None = None,
        **options: Unpack[SingleStartOptions],
    ) -> WorkflowHandle[Any]:
        """Start the workflow whose result is that of the operation; options are those of `Client.start_workflow`.

        It runs in the worker's namespace, on the worker's task queue unless another one is given. The server delivers
        its result to the operation's caller, a request that is repeated starts it once, and both link to each other.

        Raises:
            WorkflowAlreadyStartedError: The policies do not allow another run under this id now.
        """
        return await start_backing_workflow(workflow, arg, args, result_type, options)


async def start_backing_workflow(
    workflow: Any, arg: Any, args: Sequence[Any], result_type: type | None, options: SingleStartOptions
) -> WorkflowHandle[Any]:
    """Start a workflow as what stands behind the running operation."""
    context = Context.current()
    placed: SingleStartOptions = {**options, "task_queue": options.get("task_queue") or context.info.task_queue}
    with backing():
        handle = await context.client.start_workflow(workflow, arg, args=args, result_type=result_type, **placed)
    return WorkflowHandle(namespace=context.client.namespace, workflow_id=handle.id)
