"""A workflow, known by its id: everything that can be asked of it and sent to it.

handle.signal(...) -> SignalWorkflowInput -> interceptors -> RPC; likewise query, updates, cancel, terminate, describe
handle.result()    -> waits for the closing event of one run after the other
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Concatenate, Generic, Unpack, cast, overload

from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflowservice.v1 import (
    SignalWithStartWorkflowExecutionResponse,
    StartWorkflowExecutionResponse,
)

from mainspring.client._calls import outbound, workflow_converter
from mainspring.client._history import WorkflowHistory, WorkflowHistoryEventFilterType
from mainspring.client._inputs import (
    CancelWorkflowInput,
    DescribeWorkflowInput,
    FetchWorkflowHistoryEventsInput,
    QueryWorkflowInput,
    SignalWorkflowInput,
    StartWorkflowUpdateInput,
    TerminateWorkflowInput,
)
from mainspring.client._result import next_run_id, result_of
from mainspring.client._sending import name_argument
from mainspring.client._update_handle import WorkflowUpdateHandle, WorkflowUpdateStage
from mainspring.common import QueryRejectCondition
from mainspring.common._arguments import arg_or_args, arg_unset
from mainspring.converter import UnserializableValue
from mainspring.service._methods import NO_METADATA
from mainspring.types import (
    LocalReturnType,
    MethodSyncOrAsyncNoParam,
    MethodSyncOrAsyncSingleParam,
    MultiParamSpec,
    ParamType,
    ReturnType,
    SelfType,
)
from mainspring.workflow._handler_definitions import QueryDefinition, SignalDefinition, UpdateDefinition

if TYPE_CHECKING:
    from mainspring.client._client import Client
    from mainspring.client._execution import WorkflowExecutionDescription
    from mainspring.client._history import WorkflowHistoryEventAsyncIterator
    from mainspring.client._options import QueryOptions, RpcOptions, UpdateOptions
    from mainspring.workflow import UpdateMethodMultiParam

NO_ARGS: Sequence[Any] = []

StartResponse = StartWorkflowExecutionResponse | SignalWithStartWorkflowExecutionResponse


class WorkflowHandle(Generic[SelfType, ReturnType]):
    """A workflow: all its runs, or one of them if `run_id` is set.

    `Client.start_workflow` returns one without `run_id`: it cancels and terminates only in the chain of runs that began
    with the started one, and otherwise means whichever run is the latest under the id.
    """

    def __init__(
        self,
        client: Client,
        id: str,
        *,
        run_id: str | None = None,
        result_run_id: str | None = None,
        first_execution_run_id: str | None = None,
        result_type: type | None = None,
        start_workflow_response: StartResponse | None = None,
    ) -> None:
        """Made by `Client.start_workflow` and `Client.get_workflow_handle`, not by users."""
        self._client = client
        self._id = id
        self._run_id = run_id
        self._result_run_id = result_run_id
        self._first_execution_run_id = first_execution_run_id
        self._result_type = result_type
        self._start_workflow_response = start_workflow_response
        self.__temporal_eagerly_started = False

    def __repr__(self) -> str:
        return f"<WorkflowHandle id={self._id!r} run_id={self._run_id or self._result_run_id!r}>"

    @property
    def id(self) -> str:
        """The workflow's id."""
        return self._id

    @property
    def run_id(self) -> str | None:
        """The one run that is meant; None means the latest."""
        return self._run_id

    @property
    def result_run_id(self) -> str | None:
        """The run from which `result` sets out."""
        return self._result_run_id

    @property
    def first_execution_run_id(self) -> str | None:
        """The run that began the chain in which `cancel`, `terminate` and updates stay."""
        return self._first_execution_run_id

    async def result(
        self,
        *,
        follow_runs: bool = True,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        rpc_timeout: timedelta | None = None,
    ) -> ReturnType:
        """Wait for the workflow's result, through all runs that follow if `follow_runs`. The timeout is for each call.

        Raises:
            WorkflowFailureError: it failed, was cancelled or terminated, or timed out.
            WorkflowContinuedAsNewError: it went on in another run, which was not to be followed.
        """
        run_id = self._result_run_id
        while True:
            event = await self._close_event(run_id, rpc_metadata, rpc_timeout)
            following = next_run_id(event) if follow_runs else None
            if following is None:
                converter = workflow_converter(self._client, self._id)
                return cast("ReturnType", await result_of(event, converter, self._result_type))
            run_id = following

    async def _close_event(
        self, run_id: str | None, rpc_metadata: Mapping[str, str | bytes], rpc_timeout: timedelta | None
    ) -> HistoryEvent:
        events = self._events(
            run_id,
            wait_new_event=True,
            event_filter_type=WorkflowHistoryEventFilterType.CLOSE_EVENT,
            skip_archival=True,
            rpc_metadata=rpc_metadata,
            rpc_timeout=rpc_timeout,
        )
        async for event in events:
            return event
        raise RuntimeError("No completion event found")

    async def cancel(
        self,
        *,
        reason: str = "",
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        rpc_timeout: timedelta | None = None,
    ) -> None:
        """Ask the workflow to end; it may clean up, or go on all the same. `reason` can be read inside it."""
        await outbound(self._client).cancel_workflow(
            CancelWorkflowInput(
                id=self._id,
                run_id=self._run_id,
                first_execution_run_id=self._first_execution_run_id,
                reason=reason,
                rpc_metadata=rpc_metadata,
                rpc_timeout=rpc_timeout,
            )
        )

    async def terminate(
        self,
        *args: Any,
        reason: str | None = None,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        rpc_timeout: timedelta | None = None,
    ) -> None:
        """End the workflow at once, without its having a say. `args` are details for the history."""
        await outbound(self._client).terminate_workflow(
            TerminateWorkflowInput(
                id=self._id,
                run_id=self._run_id,
                first_execution_run_id=self._first_execution_run_id,
                args=args,
                reason=reason,
                rpc_metadata=rpc_metadata,
                rpc_timeout=rpc_timeout,
            )
        )

    async def describe(
        self,
        *,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        rpc_timeout: timedelta | None = None,
    ) -> WorkflowExecutionDescription:
        """What the server knows of the workflow now."""
        return await outbound(self._client).describe_workflow(
            DescribeWorkflowInput(id=self._id, run_id=self._run_id, rpc_metadata=rpc_metadata, rpc_timeout=rpc_timeout)
        )

    async def fetch_history(
        self,
        *,
        event_filter_type: WorkflowHistoryEventFilterType = WorkflowHistoryEventFilterType.ALL_EVENT,
        skip_archival: bool = False,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        rpc_timeout: timedelta | None = None,
    ) -> WorkflowHistory:
        """All events that there are by now."""
        events = self.fetch_history_events(
            event_filter_type=event_filter_type,
            skip_archival=skip_archival,
            rpc_metadata=rpc_metadata,
            rpc_timeout=rpc_timeout,
        )
        return WorkflowHistory(self._id, [event async for event in events])

    def fetch_history_events(
        self,
        *,
        page_size: int | None = None,
        next_page_token: bytes | None = None,
        wait_new_event: bool = False,
        event_filter_type: WorkflowHistoryEventFilterType = WorkflowHistoryEventFilterType.ALL_EVENT,
        skip_archival: bool = False,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        rpc_timeout: timedelta | None = None,
    ) -> WorkflowHistoryEventAsyncIterator:
        """Iterate over the events; with `wait_new_event` also over those to come, until the run is closed."""
        return self._events(
            self._run_id,
            page_size=page_size,
            next_page_token=next_page_token,
            wait_new_event=wait_new_event,
            event_filter_type=event_filter_type,
            skip_archival=skip_archival,
            rpc_metadata=rpc_metadata,
            rpc_timeout=rpc_timeout,
        )

    def _events(
        self,
        run_id: str | None,
        *,
        page_size: int | None = None,
        next_page_token: bytes | None = None,
        **options: Any,
    ) -> WorkflowHistoryEventAsyncIterator:
        return outbound(self._client).fetch_workflow_history_events(
            FetchWorkflowHistoryEventsInput(
                id=self._id, run_id=run_id, page_size=page_size, next_page_token=next_page_token, **options
            )
        )

    @overload
    async def query(
        self, query: MethodSyncOrAsyncNoParam[SelfType, LocalReturnType], **options: Unpack[QueryOptions]
    ) -> LocalReturnType: ...

    @overload
    async def query(
        self,
        query: MethodSyncOrAsyncSingleParam[SelfType, ParamType, LocalReturnType],
        arg: ParamType,
        **options: Unpack[QueryOptions],
    ) -> LocalReturnType: ...

    @overload
    async def query(
        self,
        query: Callable[Concatenate[SelfType, MultiParamSpec], Awaitable[LocalReturnType] | LocalReturnType],
        *,
        args: Sequence[Any],
        **options: Unpack[QueryOptions],
    ) -> LocalReturnType: ...

    @overload
    async def query(
        self,
        query: str,
        arg: Any = arg_unset,
        *,
        args: Sequence[Any] = NO_ARGS,
        result_type: type | None = None,
        **options: Unpack[QueryOptions],
    ) -> Any: ...

    async def query(
        self,
        query: str | Callable[..., Any],
        arg: Any = arg_unset,
        *,
        args: Sequence[Any] = NO_ARGS,
        result_type: type | None = None,
        reject_condition: QueryRejectCondition | None = None,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        rpc_timeout: timedelta | None = None,
    ) -> Any:
        """Ask the workflow for something, without changing it; also after it is closed.

        Raises:
            WorkflowQueryRejectedError: `reject_condition` holds.
            WorkflowQueryFailedError: the handler raised, or there is none.
            UnserializableValue: an argument cannot be converted; nothing was sent.
        """
        name, ret_type = query_name_and_result_type(query, result_type)
        default = self._client.config(active_config=True)["default_workflow_query_reject_condition"]
        sent = QueryWorkflowInput(
            id=self._id,
            run_id=self._run_id,
            query=name,
            args=arg_or_args(arg, args),
            reject_condition=reject_condition or default,
            headers={},
            ret_type=ret_type,
            rpc_metadata=rpc_metadata,
            rpc_timeout=rpc_timeout,
        )
        try:
            return await outbound(self._client).query_workflow(sent)
        except UnserializableValue as error:
            name_argument(error, query, f"query {sent.query!r}")
            raise

    @overload
    async def signal(self, signal: MethodSyncOrAsyncNoParam[SelfType, None], **rpc: Unpack[RpcOptions]) -> None: ...

    @overload
    async def signal(
        self,
        signal: MethodSyncOrAsyncSingleParam[SelfType, ParamType, None],
        arg: ParamType,
        **rpc: Unpack[RpcOptions],
    ) -> None: ...

    @overload
    async def signal(
        self,
        signal: Callable[Concatenate[SelfType, MultiParamSpec], Awaitable[None] | None],
        *,
        args: Sequence[Any],
        **rpc: Unpack[RpcOptions],
    ) -> None: ...

    @overload
    async def signal(
        self, signal: str, arg: Any = arg_unset, *, args: Sequence[Any] = NO_ARGS, **rpc: Unpack[RpcOptions]
    ) -> None: ...

    async def signal(
        self,
        signal: str | Callable[..., Any],
        arg: Any = arg_unset,
        *,
        args: Sequence[Any] = NO_ARGS,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        rpc_timeout: timedelta | None = None,
    ) -> None:
        """Tell the workflow something. On return it is in the history; its handler runs later.

        Raises: UnserializableValue: an argument cannot be converted; nothing was sent.
        """
        sent = SignalWorkflowInput(
            id=self._id,
            run_id=self._run_id,
            signal=SignalDefinition.must_name_from_fn_or_str(signal),
            args=arg_or_args(arg, args),
            headers={},
            rpc_metadata=rpc_metadata,
            rpc_timeout=rpc_timeout,
        )
        try:
            await outbound(self._client).signal_workflow(sent)
        except UnserializableValue as error:
            name_argument(error, signal, f"signal {sent.signal!r}")
            raise

    @overload
    async def execute_update(
        self, update: UpdateMethodMultiParam[[SelfType], LocalReturnType], **options: Unpack[UpdateOptions]
    ) -> LocalReturnType: ...

    @overload
    async def execute_update(
        self,
        update: UpdateMethodMultiParam[[SelfType, ParamType], LocalReturnType],
        arg: ParamType,
        **options: Unpack[UpdateOptions],
    ) -> LocalReturnType: ...

    @overload
    async def execute_update(
        self,
        update: UpdateMethodMultiParam[MultiParamSpec, LocalReturnType],
        *,
        args: Sequence[Any],
        **options: Unpack[UpdateOptions],
    ) -> LocalReturnType: ...

    @overload
    async def execute_update(
        self,
        update: str,
        arg: Any = arg_unset,
        *,
        args: Sequence[Any] = NO_ARGS,
        result_type: type | None = None,
        **options: Unpack[UpdateOptions],
    ) -> Any: ...

    async def execute_update(
        self,
        update: str | Callable[..., Any],
        arg: Any = arg_unset,
        *,
        args: Sequence[Any] = NO_ARGS,
        id: str | None = None,
        result_type: type | None = None,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        rpc_timeout: timedelta | None = None,
    ) -> Any:
        """Send an update and wait for its result.

        Raises:
            WorkflowUpdateFailedError: it was rejected, or its handler failed.
            WorkflowUpdateRPCTimeoutOrCancelledError: waiting ended; the update may go on.
            UnserializableValue: an argument cannot be converted; nothing was sent.
        """
        handle = await self._start_update(
            update,
            arg_or_args(arg, args),
            wait_for_stage=WorkflowUpdateStage.COMPLETED,
            id=id,
            result_type=result_type,
            rpc_metadata=rpc_metadata,
            rpc_timeout=rpc_timeout,
        )
        return await handle.result()

    @overload
    async def start_update(
        self,
        update: UpdateMethodMultiParam[[SelfType], LocalReturnType],
        *,
        wait_for_stage: WorkflowUpdateStage,
        **options: Unpack[UpdateOptions],
    ) -> WorkflowUpdateHandle[LocalReturnType]: ...

    @overload
    async def start_update(
        self,
        update: UpdateMethodMultiParam[[SelfType, ParamType], LocalReturnType],
        arg: ParamType,
        *,
        wait_for_stage: WorkflowUpdateStage,
        **options: Unpack[UpdateOptions],
    ) -> WorkflowUpdateHandle[LocalReturnType]: ...

    @overload
    async def start_update(
        self,
        update: UpdateMethodMultiParam[MultiParamSpec, LocalReturnType],
        *,
        args: Sequence[Any],
        wait_for_stage: WorkflowUpdateStage,
        **options: Unpack[UpdateOptions],
    ) -> WorkflowUpdateHandle[LocalReturnType]: ...

    @overload
    async def start_update(
        self,
        update: str,
        arg: Any = arg_unset,
        *,
        wait_for_stage: WorkflowUpdateStage,
        args: Sequence[Any] = NO_ARGS,
        result_type: type | None = None,
        **options: Unpack[UpdateOptions],
    ) -> WorkflowUpdateHandle[Any]: ...

    async def start_update(
        self,
        update: str | Callable[..., Any],
        arg: Any = arg_unset,
        *,
        wait_for_stage: WorkflowUpdateStage,
        args: Sequence[Any] = NO_ARGS,
        id: str | None = None,
        result_type: type | None = None,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        rpc_timeout: timedelta | None = None,
    ) -> WorkflowUpdateHandle[Any]:
        """Send an update and wait until it is accepted, or completed.

        Raises:
            ValueError: `wait_for_stage` is ADMITTED, which the server does not offer.
            WorkflowUpdateRPCTimeoutOrCancelledError: waiting ended; the update may go on.
            UnserializableValue: an argument cannot be converted; nothing was sent.
        """
        return await self._start_update(
            update,
            arg_or_args(arg, args),
            wait_for_stage=wait_for_stage,
            id=id,
            result_type=result_type,
            rpc_metadata=rpc_metadata,
            rpc_timeout=rpc_timeout,
        )

    async def _start_update(
        self,
        update: str | Callable[..., Any],
        args: Sequence[Any],
        *,
        wait_for_stage: WorkflowUpdateStage,
        id: str | None,
        result_type: type | None,
        rpc_metadata: Mapping[str, str | bytes],
        rpc_timeout: timedelta | None,
    ) -> WorkflowUpdateHandle[Any]:
        if wait_for_stage is WorkflowUpdateStage.ADMITTED:
            raise ValueError("ADMITTED wait stage not supported")
        name, defined_type = UpdateDefinition.get_name_and_result_type(update)
        sent = StartWorkflowUpdateInput(
            id=self._id,
            run_id=self._run_id,
            first_execution_run_id=self._first_execution_run_id,
            update_id=id,
            update=name,
            args=args,
            wait_for_stage=wait_for_stage,
            headers={},
            ret_type=result_type or defined_type,
            rpc_metadata=rpc_metadata,
            rpc_timeout=rpc_timeout,
        )
        try:
            return await outbound(self._client).start_workflow_update(sent)
        except UnserializableValue as error:
            name_argument(error, update, f"update {sent.update!r}")
            raise

    def get_update_handle(
        self, id: str, *, workflow_run_id: str | None = None, result_type: type | None = None
    ) -> WorkflowUpdateHandle[Any]:
        """A handle of an update that was sent before. Nothing is asked of the server."""
        return WorkflowUpdateHandle(
            self._client, id, self._id, workflow_run_id=workflow_run_id or self._run_id, result_type=result_type
        )

    def get_update_handle_for(
        self,
        update: UpdateMethodMultiParam[Any, LocalReturnType],
        id: str,
        *,
        workflow_run_id: str | None = None,
    ) -> WorkflowUpdateHandle[LocalReturnType]:
        """As `get_update_handle`, with the types of the update's handler."""
        _, result_type = UpdateDefinition.get_name_and_result_type(update)
        return self.get_update_handle(id, workflow_run_id=workflow_run_id, result_type=result_type)


def query_name_and_result_type(query: str | Callable[..., Any], result_type: type | None) -> tuple[str, type | None]:
    """The query's name, and the type of its result: the handler's if there is one, else the given one.

    Raises: RuntimeError: the function is no handler of a query, or the dynamic one.
    """
    if not callable(query):
        return str(query), result_type
    definition = QueryDefinition.from_fn(query)
    if definition is None:
        name = getattr(query, "__qualname__", query)
        raise RuntimeError(f"Query definition not found on {name}, is it decorated with @workflow.query?")
    if not definition.name:
        raise RuntimeError("Cannot invoke dynamic query definition")
    return definition.name, definition.ret_type
