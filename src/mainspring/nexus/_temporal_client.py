"""The client that `temporal_operation` hands to a start method, and what such a method returns.

    client.start_workflow(...), start_activity(...), start_workflow_update(...)  ->  TemporalOperationResult: a token
    TemporalOperationResult.sync(value)                                          ->  the operation has ended at once

What is started by it stands behind the operation: one thing for each request. `client.client` is for all else.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Concatenate, Generic, Literal, Required, Self, TypeVar, Unpack, cast, overload

from nexusrpc import HandlerError, HandlerErrorType, OperationError, OperationErrorState
from nexusrpc.handler import StartOperationContext, StartOperationResultAsync, StartOperationResultSync

from mainspring.client import (
    ActivityHandle,
    Client,
    WorkflowUpdateFailedError,
    WorkflowUpdateHandle,
    WorkflowUpdateStage,
)
from mainspring.client._options import RpcOptions, SingleStartOptions, UnplacedActivityOptions
from mainspring.common._arguments import arg_or_args, arg_unset
from mainspring.nexus._calls import backing
from mainspring.nexus._context import Context
from mainspring.nexus._operation_contexts import NO_ARGS, START_DEFAULTS, defaults_of, start_backing_workflow
from mainspring.nexus._token import OperationToken, OperationTokenType
from mainspring.service._methods import NO_METADATA
from mainspring.types import (
    CallableAsyncNoParam,
    CallableAsyncSingleParam,
    CallableSyncNoParam,
    CallableSyncSingleParam,
    MethodAsyncNoParam,
    MethodAsyncSingleParam,
    MultiParamSpec,
    ParamType,
    ReturnType,
    SelfType,
)
from mainspring.workflow import UpdateMethodMultiParam
from mainspring.workflow._functions import WorkflowFunction
from mainspring.workflow._options import complete, spelled_out

ResultT = TypeVar("ResultT")


@dataclass(frozen=True)
class TemporalOperationResult(Generic[ResultT]):
    """What a start method gives back: the operation's result, or the token of one that goes on."""

    value: ResultT | object = arg_unset
    token: str | None = None

    def __post_init__(self) -> None:
        """Raises: ValueError: It is neither or both, or the token is empty."""
        if (self.value is not arg_unset) == (self.token is not None):
            raise ValueError("TemporalOperationResult must have exactly one of value or token set.")
        token: Any = self.token  # callers may be untyped
        if token is not None and not (isinstance(token, str) and token):
            raise ValueError("TemporalOperationResult token must be a non-empty string.")

    @classmethod
    def sync(cls, value: ResultT) -> Self:
        """The operation has ended at once, with this result."""
        return cls(value=value)

    @classmethod
    def async_token(cls, token: str) -> Self:
        """The operation goes on, and is known by this token."""
        return cls(token=token)

    def _to_nexus_result(self) -> StartOperationResultSync[ResultT] | StartOperationResultAsync:
        if self.token is not None:
            return StartOperationResultAsync(self.token)
        return StartOperationResultSync(cast("ResultT", self.value))


class BackingActivityOptions(UnplacedActivityOptions, total=False):
    """What starting an activity behind an operation takes."""

    task_queue: str | None
    """The worker's if it is None."""


class BackingUpdateOptions(RpcOptions, total=False):
    """What starting an update behind an operation takes."""

    wait_for_stage: Required[Literal[WorkflowUpdateStage.ACCEPTED]]
    update_id: str | None
    """The request's id if it is None, so that a repeated request sends it once."""
    run_id: str | None
    first_execution_run_id: str | None


ACTIVITY_DEFAULTS = {**defaults_of(Client.start_activity, UnplacedActivityOptions), "task_queue": None}
UPDATE_DEFAULTS: Mapping[str, Any] = {
    "wait_for_stage": inspect.Parameter.empty,
    "update_id": None,
    "run_id": None,
    "first_execution_run_id": None,
    "rpc_metadata": NO_METADATA,
    "rpc_timeout": None,
}


class TemporalNexusClient(ABC):
    """See the module. The worker makes it."""

    @property
    @abstractmethod
    def client(self) -> Client:
        """The worker's client, for what does not stand behind the operation."""
        ...

    @overload
    async def start_workflow(
        self, workflow: WorkflowFunction[[], ReturnType], **options: Unpack[SingleStartOptions]
    ) -> TemporalOperationResult[ReturnType]: ...

    @overload
    async def start_workflow(
        self, workflow: WorkflowFunction[[ParamType], ReturnType], arg: ParamType, **options: Unpack[SingleStartOptions]
    ) -> TemporalOperationResult[ReturnType]: ...

    @overload
    async def start_workflow(
        self, workflow: WorkflowFunction[..., ReturnType], *, args: Sequence[Any], **options: Unpack[SingleStartOptions]
    ) -> TemporalOperationResult[ReturnType]: ...

    @overload
    async def start_workflow(
        self, workflow: MethodAsyncNoParam[SelfType, ReturnType], **options: Unpack[SingleStartOptions]
    ) -> TemporalOperationResult[ReturnType]: ...

    @overload
    async def start_workflow(
        self,
        workflow: MethodAsyncSingleParam[SelfType, ParamType, ReturnType],
        arg: ParamType,
        **options: Unpack[SingleStartOptions],
    ) -> TemporalOperationResult[ReturnType]: ...

    @overload
    async def start_workflow(
        self,
        workflow: Callable[Concatenate[SelfType, MultiParamSpec], Awaitable[ReturnType]],
        *,
        args: Sequence[Any],
        **options: Unpack[SingleStartOptions],
    ) -> TemporalOperationResult[ReturnType]: ...

    @overload
    async def start_workflow(
        self,
        workflow: str,
        arg: Any = arg_unset,
        *,
        args: Sequence[Any] = NO_ARGS,
        result_type: type[ReturnType] | None = None,
        **options: Unpack[SingleStartOptions],
    ) -> TemporalOperationResult[ReturnType]: ...

    @abstractmethod
    @spelled_out(SingleStartOptions, START_DEFAULTS)
    async def start_workflow(
        self,
        workflow: Any,
        arg: Any = arg_unset,
        *,
        args: Sequence[Any] = NO_ARGS,
        result_type: type | None = None,
        **options: Unpack[SingleStartOptions],
    ) -> TemporalOperationResult[Any]:
        """Start the workflow whose result is that of the operation; see `WorkflowRunOperationContext.start_workflow`.

        Raises:
            HandlerError: Something stands behind the operation already.
            WorkflowAlreadyStartedError: The policies do not allow another run under this id now.
        """
        ...

    @overload
    async def start_workflow_update(
        self,
        workflow_id: str,
        update: UpdateMethodMultiParam[[Any], ReturnType],
        **options: Unpack[BackingUpdateOptions],
    ) -> TemporalOperationResult[ReturnType]: ...

    @overload
    async def start_workflow_update(
        self,
        workflow_id: str,
        update: UpdateMethodMultiParam[[Any, ParamType], ReturnType],
        arg: ParamType,
        **options: Unpack[BackingUpdateOptions],
    ) -> TemporalOperationResult[ReturnType]: ...

    @overload
    async def start_workflow_update(
        self,
        workflow_id: str,
        update: UpdateMethodMultiParam[MultiParamSpec, ReturnType],
        *,
        args: Sequence[Any],
        **options: Unpack[BackingUpdateOptions],
    ) -> TemporalOperationResult[ReturnType]: ...

    @overload
    async def start_workflow_update(
        self,
        workflow_id: str,
        update: str,
        arg: Any = arg_unset,
        *,
        args: Sequence[Any] = NO_ARGS,
        result_type: type[ReturnType] | None = None,
        **options: Unpack[BackingUpdateOptions],
    ) -> TemporalOperationResult[ReturnType]: ...

    @abstractmethod
    @spelled_out(BackingUpdateOptions, UPDATE_DEFAULTS)
    async def start_workflow_update(
        self,
        workflow_id: str,
        update: Any,
        arg: Any = arg_unset,
        *,
        args: Sequence[Any] = NO_ARGS,
        result_type: type | None = None,
        **options: Unpack[BackingUpdateOptions],
    ) -> TemporalOperationResult[Any]:
        """Send the update whose result is that of the operation; one that has ended already gives it at once.

        Raises:
            HandlerError: Something stands behind the operation already, or its caller waits for no result.
            OperationError: The update has failed.
        """
        ...

    @overload
    async def start_activity(
        self, activity: CallableAsyncNoParam[ReturnType], **options: Unpack[BackingActivityOptions]
    ) -> TemporalOperationResult[ReturnType]: ...

    @overload
    async def start_activity(
        self, activity: CallableSyncNoParam[ReturnType], **options: Unpack[BackingActivityOptions]
    ) -> TemporalOperationResult[ReturnType]: ...

    @overload
    async def start_activity(
        self,
        activity: CallableAsyncSingleParam[ParamType, ReturnType],
        arg: ParamType,
        **options: Unpack[BackingActivityOptions],
    ) -> TemporalOperationResult[ReturnType]: ...

    @overload
    async def start_activity(
        self,
        activity: CallableSyncSingleParam[ParamType, ReturnType],
        arg: ParamType,
        **options: Unpack[BackingActivityOptions],
    ) -> TemporalOperationResult[ReturnType]: ...

    @overload
    async def start_activity(
        self,
        activity: Callable[..., Awaitable[ReturnType]],
        *,
        args: Sequence[Any],
        **options: Unpack[BackingActivityOptions],
    ) -> TemporalOperationResult[ReturnType]: ...

    @overload
    async def start_activity(
        self, activity: Callable[..., ReturnType], *, args: Sequence[Any], **options: Unpack[BackingActivityOptions]
    ) -> TemporalOperationResult[ReturnType]: ...

    @overload
    async def start_activity(
        self,
        activity: str,
        arg: Any = arg_unset,
        *,
        args: Sequence[Any] = NO_ARGS,
        result_type: type[ReturnType] | None = None,
        **options: Unpack[BackingActivityOptions],
    ) -> TemporalOperationResult[ReturnType]: ...

    @abstractmethod
    @spelled_out(BackingActivityOptions, ACTIVITY_DEFAULTS)
    async def start_activity(
        self,
        activity: Any,
        arg: Any = arg_unset,
        *,
        args: Sequence[Any] = NO_ARGS,
        result_type: type | None = None,
        **options: Unpack[BackingActivityOptions],
    ) -> TemporalOperationResult[Any]:
        """Start the activity whose result is that of the operation; options are those of `Client.start_activity`.

        Raises:
            HandlerError: Something stands behind the operation already.
            ActivityAlreadyStartedError: The policies do not allow another run under this id now.
        """
        ...


class ClientOfHandler(TemporalNexusClient):
    """The client of one request to start an operation."""

    def __init__(self, operation: StartOperationContext) -> None:
        self._operation = operation
        self._is_started = False

    @property
    def client(self) -> Client:
        return Context.current().client

    @contextmanager
    def _starting(self) -> Generator[None]:
        """The block starts what stands behind the operation. Another may be tried if it fails, none while it runs."""
        if self._is_started:
            raise HandlerError(
                "Only one async operation can be started per operation handler invocation. "
                "Use TemporalNexusClient.client for additional workflow interactions",
                type=HandlerErrorType.BAD_REQUEST,
            )
        self._is_started = True
        try:
            with backing():
                yield
        except BaseException:
            self._is_started = False
            raise

    async def start_workflow(
        self,
        workflow: Any,
        arg: Any = arg_unset,
        *,
        args: Any = NO_ARGS,
        result_type: Any = None,
        **options: Any,
    ) -> TemporalOperationResult[Any]:
        with self._starting():
            handle = await start_backing_workflow(workflow, arg, args, result_type, cast("SingleStartOptions", options))
        return TemporalOperationResult[Any].async_token(handle.to_token())

    async def start_workflow_update(
        self,
        workflow_id: str,
        update: Any,
        arg: Any = arg_unset,
        *,
        args: Any = NO_ARGS,
        result_type: Any = None,
        **options: Any,
    ) -> TemporalOperationResult[Any]:
        given = complete("start_workflow_update", UPDATE_DEFAULTS, options)
        if not self._operation.callback_url:
            message = "callback URL is required for a workflow update Nexus operation"
            raise HandlerError(message, type=HandlerErrorType.BAD_REQUEST)
        if given["wait_for_stage"] is not WorkflowUpdateStage.ACCEPTED:
            raise ValueError("Only ACCEPTED wait stage is supported")
        workflow = self.client.get_workflow_handle(
            workflow_id, run_id=given["run_id"], first_execution_run_id=given["first_execution_run_id"]
        )
        with self._starting():
            sent: WorkflowUpdateHandle[Any] = await workflow._start_update(
                update,
                arg_or_args(arg, args),
                wait_for_stage=WorkflowUpdateStage.ACCEPTED,
                id=given["update_id"] or self._operation.request_id,
                result_type=result_type,
                rpc_metadata=given["rpc_metadata"],
                rpc_timeout=given["rpc_timeout"],
            )
            if sent._known_outcome is not None:
                return TemporalOperationResult[Any].sync(await _result_of(sent))
        token = OperationToken(
            type=OperationTokenType.UPDATE_WORKFLOW,
            namespace=self.client.namespace,
            workflow_id=workflow_id,
            run_id=sent.workflow_run_id,
            update_id=sent.id,
        )
        return TemporalOperationResult[Any].async_token(token.encode())

    async def start_activity(
        self,
        activity: Any,
        arg: Any = arg_unset,
        *,
        args: Any = NO_ARGS,
        result_type: Any = None,
        **options: Any,
    ) -> TemporalOperationResult[Any]:
        context = Context.current()
        task_queue = options.pop("task_queue", None) or context.info.task_queue
        with self._starting():
            handle: ActivityHandle[Any] = await context.client.start_activity(
                activity, arg, args=args, task_queue=task_queue, result_type=result_type, **options
            )
        token = OperationToken(
            type=OperationTokenType.ACTIVITY,
            namespace=context.client.namespace,
            activity_id=handle.id,
            run_id=handle.run_id,
        )
        return TemporalOperationResult[Any].async_token(token.encode())


async def _result_of(update: WorkflowUpdateHandle[Any]) -> Any:
    try:
        return await update.result()
    except WorkflowUpdateFailedError as error:
        raise OperationError(str(error), state=OperationErrorState.FAILED) from error
