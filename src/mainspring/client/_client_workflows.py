"""Workflows: what can be called on a client for them.

The overloads of a call differ in how the workflow is given, which decides how its arguments are checked:

    AddNode.run            a method of a class: with no, one, or (as `args`) more parameters after `self`
    add_node               a function decorated with `@workflow.defn`: likewise, without `self`
    "AddNode"              a name: nothing is checked
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Concatenate, Unpack, cast, overload

from mainspring.client._client_base import ClientBase
from mainspring.client._conflict import start_or_replace
from mainspring.client._handle import WorkflowHandle
from mainspring.client._inputs import CountWorkflowsInput, ListWorkflowsInput, StartWorkflowInput
from mainspring.client._sending import name_argument
from mainspring.common import (
    Priority,
    RetryPolicy,
    SearchAttributes,
    TypedSearchAttributes,
    VersioningOverride,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from mainspring.common._arguments import arg_or_args, arg_unset
from mainspring.common._search_attributes import warn_on_deprecated_search_attributes
from mainspring.converter import UnserializableValue
from mainspring.service._methods import NO_METADATA
from mainspring.types import (
    MethodAsyncNoParam,
    MethodAsyncSingleParam,
    MultiParamSpec,
    ParamType,
    ReturnType,
    SelfType,
)
from mainspring.workflow._definition import Definition
from mainspring.workflow._functions import WorkflowFunction

if TYPE_CHECKING:
    from mainspring.client._execution import WorkflowExecutionAsyncIterator, WorkflowExecutionCount
    from mainspring.client._options import ConflictChoice, StartOptions, StartOptionsWithLevel

NO_ARGS: Sequence[Any] = []


class WorkflowCalls(ClientBase):
    """The part of `Client` that is about workflows."""

    @overload
    async def start_workflow(
        self, workflow: WorkflowFunction[[], ReturnType], **options: Unpack[StartOptionsWithLevel]
    ) -> WorkflowHandle[Any, ReturnType]: ...

    @overload
    async def start_workflow(
        self,
        workflow: WorkflowFunction[[ParamType], ReturnType],
        arg: ParamType,
        **options: Unpack[StartOptionsWithLevel],
    ) -> WorkflowHandle[Any, ReturnType]: ...

    @overload
    async def start_workflow(
        self,
        workflow: WorkflowFunction[..., ReturnType],
        *,
        args: Sequence[Any],
        **options: Unpack[StartOptionsWithLevel],
    ) -> WorkflowHandle[Any, ReturnType]: ...

    @overload
    async def start_workflow(
        self, workflow: MethodAsyncNoParam[SelfType, ReturnType], **options: Unpack[StartOptionsWithLevel]
    ) -> WorkflowHandle[SelfType, ReturnType]: ...

    @overload
    async def start_workflow(
        self,
        workflow: MethodAsyncSingleParam[SelfType, ParamType, ReturnType],
        arg: ParamType,
        **options: Unpack[StartOptionsWithLevel],
    ) -> WorkflowHandle[SelfType, ReturnType]: ...

    @overload
    async def start_workflow(
        self,
        workflow: Callable[Concatenate[SelfType, MultiParamSpec], Awaitable[ReturnType]],
        *,
        args: Sequence[Any],
        **options: Unpack[StartOptionsWithLevel],
    ) -> WorkflowHandle[SelfType, ReturnType]: ...

    @overload
    async def start_workflow(
        self,
        workflow: str,
        arg: Any = arg_unset,
        *,
        args: Sequence[Any] = NO_ARGS,
        result_type: type | None = None,
        **options: Unpack[StartOptionsWithLevel],
    ) -> WorkflowHandle[Any, Any]: ...

    async def start_workflow(
        self,
        workflow: str | Callable[..., Awaitable[Any]],
        arg: Any = arg_unset,
        *,
        args: Sequence[Any] = NO_ARGS,
        id: str,
        task_queue: str | None = None,
        result_type: type | None = None,
        execution_timeout: timedelta | None = None,
        run_timeout: timedelta | None = None,
        task_timeout: timedelta | None = None,
        id_reuse_policy: WorkflowIDReusePolicy = WorkflowIDReusePolicy.ALLOW_DUPLICATE,
        id_conflict_policy: WorkflowIDConflictPolicy = WorkflowIDConflictPolicy.UNSPECIFIED,
        retry_policy: RetryPolicy | None = None,
        cron_schedule: str = "",
        memo: Mapping[str, Any] | None = None,
        search_attributes: TypedSearchAttributes | SearchAttributes | None = None,
        static_summary: str | None = None,
        static_details: str | None = None,
        start_delay: timedelta | None = None,
        start_signal: str | None = None,
        start_signal_args: Sequence[Any] = NO_ARGS,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        rpc_timeout: timedelta | None = None,
        request_eager_start: bool = False,
        priority: Priority = Priority.default,
        versioning_override: VersioningOverride | None = None,
        conflict: ConflictChoice | None = None,
        stack_level: int = 2,
    ) -> WorkflowHandle[Any, Any]:
        """Start a workflow; on return it is on the server's disk. What each option means: docs/guide/client.md.

        Raises:
            WorkflowAlreadyStartedError: the policies do not allow another run under this id now.
            UnserializableValue: a value cannot be converted, PayloadTooLargeError: the namespace does not allow its
                size. Nothing was sent.
        """
        warn_on_deprecated_search_attributes(search_attributes, stack_level=stack_level)
        name, defined_type = Definition.get_name_and_result_type(workflow)
        sent = StartWorkflowInput(
            workflow=name,
            args=arg_or_args(arg, args),
            id=id,
            task_queue=self._queue(task_queue),
            execution_timeout=execution_timeout,
            run_timeout=run_timeout,
            task_timeout=task_timeout,
            id_reuse_policy=id_reuse_policy,
            id_conflict_policy=id_conflict_policy,
            retry_policy=retry_policy,
            cron_schedule=cron_schedule,
            memo=memo,
            search_attributes=search_attributes,
            start_delay=start_delay,
            headers={},
            start_signal=start_signal,
            start_signal_args=start_signal_args,
            static_summary=static_summary,
            static_details=static_details,
            ret_type=result_type or defined_type,
            rpc_metadata=rpc_metadata,
            rpc_timeout=rpc_timeout,
            request_eager_start=request_eager_start,
            priority=priority,
            versioning_override=versioning_override,
        )
        return await self._start(workflow, sent, conflict)

    async def _start(
        self, workflow: str | Callable[..., Any], input: StartWorkflowInput, conflict: ConflictChoice | None
    ) -> WorkflowHandle[Any, Any]:
        try:
            if conflict is not None:
                return await start_or_replace(self._client, input)
            return await self._impl.start_workflow(input)
        except UnserializableValue as error:
            name_argument(error, workflow, f"workflow {input.workflow!r}")
            raise

    @overload
    async def execute_workflow(
        self, workflow: WorkflowFunction[[], ReturnType], **options: Unpack[StartOptions]
    ) -> ReturnType: ...

    @overload
    async def execute_workflow(
        self, workflow: WorkflowFunction[[ParamType], ReturnType], arg: ParamType, **options: Unpack[StartOptions]
    ) -> ReturnType: ...

    @overload
    async def execute_workflow(
        self, workflow: WorkflowFunction[..., ReturnType], *, args: Sequence[Any], **options: Unpack[StartOptions]
    ) -> ReturnType: ...

    @overload
    async def execute_workflow(
        self, workflow: MethodAsyncNoParam[SelfType, ReturnType], **options: Unpack[StartOptions]
    ) -> ReturnType: ...

    @overload
    async def execute_workflow(
        self,
        workflow: MethodAsyncSingleParam[SelfType, ParamType, ReturnType],
        arg: ParamType,
        **options: Unpack[StartOptions],
    ) -> ReturnType: ...

    @overload
    async def execute_workflow(
        self,
        workflow: Callable[Concatenate[SelfType, MultiParamSpec], Awaitable[ReturnType]],
        *,
        args: Sequence[Any],
        **options: Unpack[StartOptions],
    ) -> ReturnType: ...

    @overload
    async def execute_workflow(
        self,
        workflow: str,
        arg: Any = arg_unset,
        *,
        args: Sequence[Any] = NO_ARGS,
        result_type: type | None = None,
        **options: Unpack[StartOptions],
    ) -> Any: ...

    async def execute_workflow(
        self,
        workflow: str | Callable[..., Awaitable[Any]],
        arg: Any = arg_unset,
        *,
        args: Sequence[Any] = NO_ARGS,
        id: str,
        task_queue: str | None = None,
        result_type: type | None = None,
        execution_timeout: timedelta | None = None,
        run_timeout: timedelta | None = None,
        task_timeout: timedelta | None = None,
        id_reuse_policy: WorkflowIDReusePolicy = WorkflowIDReusePolicy.ALLOW_DUPLICATE,
        id_conflict_policy: WorkflowIDConflictPolicy = WorkflowIDConflictPolicy.UNSPECIFIED,
        retry_policy: RetryPolicy | None = None,
        cron_schedule: str = "",
        memo: Mapping[str, Any] | None = None,
        search_attributes: TypedSearchAttributes | SearchAttributes | None = None,
        static_summary: str | None = None,
        static_details: str | None = None,
        start_delay: timedelta | None = None,
        start_signal: str | None = None,
        start_signal_args: Sequence[Any] = NO_ARGS,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        rpc_timeout: timedelta | None = None,
        request_eager_start: bool = False,
        priority: Priority = Priority.default,
        versioning_override: VersioningOverride | None = None,
        conflict: ConflictChoice | None = None,
    ) -> Any:
        """Start a workflow and wait for its result.

        Raises: as `start_workflow` and `WorkflowHandle.result`.
        """
        handle = await self.start_workflow(
            cast("str", workflow),  # any overload will do: all lead to the same
            arg,
            args=args,
            id=id,
            task_queue=self._queue(task_queue),
            result_type=result_type,
            execution_timeout=execution_timeout,
            run_timeout=run_timeout,
            task_timeout=task_timeout,
            id_reuse_policy=id_reuse_policy,
            id_conflict_policy=id_conflict_policy,
            retry_policy=retry_policy,
            cron_schedule=cron_schedule,
            memo=memo,
            search_attributes=search_attributes,
            static_summary=static_summary,
            static_details=static_details,
            start_delay=start_delay,
            start_signal=start_signal,
            start_signal_args=start_signal_args,
            rpc_metadata=rpc_metadata,
            rpc_timeout=rpc_timeout,
            request_eager_start=request_eager_start,
            priority=priority,
            versioning_override=versioning_override,
            conflict=conflict,
            stack_level=3,
        )
        return await handle.result()

    def get_workflow_handle(
        self,
        workflow_id: str,
        *,
        run_id: str | None = None,
        first_execution_run_id: str | None = None,
        result_type: type | None = None,
    ) -> WorkflowHandle[Any, Any]:
        """A handle of a workflow, which there may or may not be. Nothing is asked of the server."""
        return WorkflowHandle(
            self._client,
            workflow_id,
            run_id=run_id,
            result_run_id=run_id,
            first_execution_run_id=first_execution_run_id,
            result_type=result_type,
        )

    @overload
    def get_workflow_handle_for(
        self,
        workflow: WorkflowFunction[..., ReturnType],
        workflow_id: str,
        *,
        run_id: str | None = None,
        first_execution_run_id: str | None = None,
    ) -> WorkflowHandle[Any, ReturnType]: ...

    @overload
    def get_workflow_handle_for(
        self,
        workflow: Callable[Concatenate[SelfType, MultiParamSpec], Awaitable[ReturnType]],
        workflow_id: str,
        *,
        run_id: str | None = None,
        first_execution_run_id: str | None = None,
    ) -> WorkflowHandle[SelfType, ReturnType]: ...

    def get_workflow_handle_for(
        self,
        workflow: Callable[..., Awaitable[Any]],
        workflow_id: str,
        *,
        run_id: str | None = None,
        first_execution_run_id: str | None = None,
    ) -> WorkflowHandle[Any, Any]:
        """As `get_workflow_handle`, with the types of the workflow's run method or function."""
        return self.get_workflow_handle(
            workflow_id,
            run_id=run_id,
            first_execution_run_id=first_execution_run_id,
            result_type=Definition.must_from_run_fn(workflow).ret_type,
        )

    def list_workflows(
        self,
        query: str | None = None,
        *,
        limit: int | None = None,
        page_size: int = 1000,
        next_page_token: bytes | None = None,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        rpc_timeout: timedelta | None = None,
    ) -> WorkflowExecutionAsyncIterator:
        """Iterate over the runs that a query finds, all if there is none. What it finds may lag a little behind."""
        return self._impl.list_workflows(
            ListWorkflowsInput(
                query=query,
                page_size=page_size,
                next_page_token=next_page_token,
                rpc_metadata=rpc_metadata,
                rpc_timeout=rpc_timeout,
                limit=limit,
            )
        )

    async def count_workflows(
        self,
        query: str | None = None,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        rpc_timeout: timedelta | None = None,
    ) -> WorkflowExecutionCount:
        """How many runs a query finds, in groups if it has a `GROUP BY`."""
        return await self._impl.count_workflows(CountWorkflowsInput(query, rpc_metadata, rpc_timeout))
