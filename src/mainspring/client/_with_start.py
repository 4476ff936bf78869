"""The start half of an update-with-start: how to start the workflow if it does not run yet.

operation = WithStartWorkflowOperation(Cart.run, id="cart-7", task_queue="shop", id_conflict_policy=USE_EXISTING)
"""

from __future__ import annotations

from asyncio import Future
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Concatenate, Generic, Unpack, overload

from mainspring.client._inputs import UpdateWithStartStartWorkflowInput
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
from mainspring.types import (
    LocalReturnType,
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
    from mainspring.client._handle import WorkflowHandle
    from mainspring.client._options import WithStartOptions

NO_ARGS: Sequence[Any] = []


class WithStartWorkflowOperation(Generic[SelfType, ReturnType]):
    """Given to `Client.start_update_with_start_workflow` or `Client.execute_update_with_start_workflow`, once.

    `id_conflict_policy` says what happens if the workflow runs: USE_EXISTING sends the update to it, FAIL fails.
    """

    @overload
    def __init__(
        self: WithStartWorkflowOperation[Any, LocalReturnType],
        workflow: WorkflowFunction[[], LocalReturnType],
        **options: Unpack[WithStartOptions],
    ) -> None: ...

    @overload
    def __init__(
        self: WithStartWorkflowOperation[Any, LocalReturnType],
        workflow: WorkflowFunction[[ParamType], LocalReturnType],
        arg: ParamType,
        **options: Unpack[WithStartOptions],
    ) -> None: ...

    @overload
    def __init__(
        self: WithStartWorkflowOperation[Any, LocalReturnType],
        workflow: WorkflowFunction[..., LocalReturnType],
        *,
        args: Sequence[Any],
        **options: Unpack[WithStartOptions],
    ) -> None: ...

    @overload
    def __init__(
        self, workflow: MethodAsyncNoParam[SelfType, ReturnType], **options: Unpack[WithStartOptions]
    ) -> None: ...

    @overload
    def __init__(
        self,
        workflow: MethodAsyncSingleParam[SelfType, ParamType, ReturnType],
        arg: ParamType,
        **options: Unpack[WithStartOptions],
    ) -> None: ...

    @overload
    def __init__(
        self,
        workflow: Callable[Concatenate[SelfType, MultiParamSpec], Awaitable[ReturnType]],
        *,
        args: Sequence[Any],
        **options: Unpack[WithStartOptions],
    ) -> None: ...

    @overload
    def __init__(
        self: WithStartWorkflowOperation[Any, Any],
        workflow: str,
        arg: Any = arg_unset,
        *,
        args: Sequence[Any] = NO_ARGS,
        result_type: type | None = None,
        **options: Unpack[WithStartOptions],
    ) -> None: ...

    def __init__(
        self,
        workflow: str | Callable[..., Awaitable[Any]],
        arg: Any = arg_unset,
        *,
        args: Sequence[Any] = NO_ARGS,
        id: str,
        task_queue: str | None = None,
        id_conflict_policy: WorkflowIDConflictPolicy,
        result_type: type | None = None,
        execution_timeout: timedelta | None = None,
        run_timeout: timedelta | None = None,
        task_timeout: timedelta | None = None,
        id_reuse_policy: WorkflowIDReusePolicy = WorkflowIDReusePolicy.ALLOW_DUPLICATE,
        retry_policy: RetryPolicy | None = None,
        cron_schedule: str = "",
        memo: Mapping[str, Any] | None = None,
        search_attributes: TypedSearchAttributes | SearchAttributes | None = None,
        static_summary: str | None = None,
        static_details: str | None = None,
        start_delay: timedelta | None = None,
        priority: Priority = Priority.default,
        versioning_override: VersioningOverride | None = None,
        stack_level: int = 2,
    ) -> None:
        """As `Client.start_workflow`, of which it takes what can go with an update.

        Raises: ValueError: no conflict policy is given, or the workflow is no workflow.
        """
        warn_on_deprecated_search_attributes(search_attributes, stack_level=stack_level)
        name, defined_type = Definition.get_name_and_result_type(workflow)
        if id_conflict_policy is WorkflowIDConflictPolicy.UNSPECIFIED:
            raise ValueError("WorkflowIDConflictPolicy is required")
        self.workflow = workflow
        self._start_workflow_input = UpdateWithStartStartWorkflowInput(
            workflow=name,
            args=arg_or_args(arg, args),
            id=id,
            task_queue=task_queue or "",  # the client's default is filled in when it is sent
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
            headers={},
            ret_type=result_type or defined_type,
            priority=priority,
            versioning_override=versioning_override,
        )
        self._workflow_handle: Future[WorkflowHandle[SelfType, ReturnType]] = Future()
        self._used = False

    async def workflow_handle(self) -> WorkflowHandle[SelfType, ReturnType]:
        """Wait for the workflow's handle.

        Raises: whatever the start failed with.
        """
        return await self._workflow_handle

    def use(self) -> UpdateWithStartStartWorkflowInput:
        """What to start, for the one call that it is for.

        Raises: RuntimeError: it was used before.
        """
        if self._used:
            raise RuntimeError("WithStartWorkflowOperation cannot be reused")
        self._used = True
        return self._start_workflow_input

    def started(self, handle: WorkflowHandle[SelfType, ReturnType]) -> None:
        """The workflow runs."""
        self._workflow_handle.set_result(handle)

    def failed(self, error: BaseException) -> None:
        """It could not be started."""
        self._workflow_handle.set_exception(error)
