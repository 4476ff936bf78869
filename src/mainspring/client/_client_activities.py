"""Standalone activities, and activities completed from outside: what can be called on a client for them.

The overloads of a call differ in how the activity is given, which decides how its arguments are checked:

    start_activity(create_vm, ...)              a function; or a name, of which nothing is checked
    start_activity_class(CreateVm, ...)         a class whose objects are activities
    start_activity_method(Vms.create, ...)      a method of a class
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Unpack, cast, overload

from mainspring.activity._definition import Definition
from mainspring.client._activity_handle import ActivityHandle
from mainspring.client._activity_inputs import CountActivitiesInput, ListActivitiesInput, StartActivityInput
from mainspring.client._async_activity import AsyncActivityHandle, AsyncActivityIDReference
from mainspring.client._client_base import ClientBase
from mainspring.client._sending import name_argument
from mainspring.common import (
    ActivityIDConflictPolicy,
    ActivityIDReusePolicy,
    Priority,
    RetryPolicy,
    TypedSearchAttributes,
)
from mainspring.common._arguments import arg_or_args, arg_unset
from mainspring.converter import UnserializableValue
from mainspring.service._methods import NO_METADATA
from mainspring.types import (
    CallableAsyncNoParam,
    CallableAsyncSingleParam,
    CallableSyncNoParam,
    CallableSyncSingleParam,
    ParamType,
    ReturnType,
)

if TYPE_CHECKING:
    from mainspring.client._activity_description import ActivityExecutionAsyncIterator, ActivityExecutionCount
    from mainspring.client._options import ActivityOptions

NO_ARGS: Sequence[Any] = []


class ActivityCalls(ClientBase):
    """The part of `Client` that is about activities."""

    @overload
    async def start_activity(
        self, activity: CallableAsyncNoParam[ReturnType], **options: Unpack[ActivityOptions]
    ) -> ActivityHandle[ReturnType]: ...

    @overload
    async def start_activity(
        self, activity: CallableSyncNoParam[ReturnType], **options: Unpack[ActivityOptions]
    ) -> ActivityHandle[ReturnType]: ...

    @overload
    async def start_activity(
        self,
        activity: CallableAsyncSingleParam[ParamType, ReturnType],
        arg: ParamType,
        **options: Unpack[ActivityOptions],
    ) -> ActivityHandle[ReturnType]: ...

    @overload
    async def start_activity(
        self,
        activity: CallableSyncSingleParam[ParamType, ReturnType],
        arg: ParamType,
        **options: Unpack[ActivityOptions],
    ) -> ActivityHandle[ReturnType]: ...

    @overload
    async def start_activity(
        self, activity: Callable[..., Awaitable[ReturnType]], *, args: Sequence[Any], **options: Unpack[ActivityOptions]
    ) -> ActivityHandle[ReturnType]: ...

    @overload
    async def start_activity(
        self, activity: Callable[..., ReturnType], *, args: Sequence[Any], **options: Unpack[ActivityOptions]
    ) -> ActivityHandle[ReturnType]: ...

    @overload
    async def start_activity(
        self,
        activity: str,
        arg: Any = arg_unset,
        *,
        args: Sequence[Any] = NO_ARGS,
        result_type: type | None = None,
        **options: Unpack[ActivityOptions],
    ) -> ActivityHandle[Any]: ...

    async def start_activity(
        self,
        activity: str | Callable[..., Any],
        arg: Any = arg_unset,
        *,
        args: Sequence[Any] = NO_ARGS,
        id: str,
        task_queue: str,
        result_type: type | None = None,
        schedule_to_close_timeout: timedelta | None = None,
        schedule_to_start_timeout: timedelta | None = None,
        start_to_close_timeout: timedelta | None = None,
        heartbeat_timeout: timedelta | None = None,
        id_reuse_policy: ActivityIDReusePolicy = ActivityIDReusePolicy.ALLOW_DUPLICATE,
        id_conflict_policy: ActivityIDConflictPolicy = ActivityIDConflictPolicy.FAIL,
        retry_policy: RetryPolicy | None = None,
        search_attributes: TypedSearchAttributes | None = None,
        summary: str | None = None,
        priority: Priority = Priority.default,
        start_delay: timedelta | None = None,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        rpc_timeout: timedelta | None = None,
    ) -> ActivityHandle[Any]:
        """Start an activity that belongs to no workflow; on return it is on the server's disk.

        Raises:
            ValueError: no timeout bounds it.
            ActivityAlreadyStartedError: the policies do not allow another run under this id now.
            UnserializableValue: an argument cannot be converted; nothing was sent.
        """
        name, defined_type = Definition.get_name_and_result_type(activity)
        sent = StartActivityInput(
            activity_type=name,
            args=arg_or_args(arg, args),
            id=id,
            task_queue=task_queue,
            result_type=result_type or defined_type,
            schedule_to_close_timeout=schedule_to_close_timeout,
            start_to_close_timeout=start_to_close_timeout,
            schedule_to_start_timeout=schedule_to_start_timeout,
            heartbeat_timeout=heartbeat_timeout,
            id_reuse_policy=id_reuse_policy,
            id_conflict_policy=id_conflict_policy,
            retry_policy=retry_policy,
            priority=priority,
            search_attributes=search_attributes,
            summary=summary,
            start_delay=start_delay,
            headers={},
            rpc_metadata=rpc_metadata,
            rpc_timeout=rpc_timeout,
        )
        try:
            return await self._impl.start_activity(sent)
        except UnserializableValue as error:
            name_argument(error, activity, f"activity {name!r}")
            raise

    @overload
    async def execute_activity(
        self, activity: CallableAsyncNoParam[ReturnType], **options: Unpack[ActivityOptions]
    ) -> ReturnType: ...

    @overload
    async def execute_activity(
        self, activity: CallableSyncNoParam[ReturnType], **options: Unpack[ActivityOptions]
    ) -> ReturnType: ...

    @overload
    async def execute_activity(
        self,
        activity: CallableAsyncSingleParam[ParamType, ReturnType],
        arg: ParamType,
        **options: Unpack[ActivityOptions],
    ) -> ReturnType: ...

    @overload
    async def execute_activity(
        self,
        activity: CallableSyncSingleParam[ParamType, ReturnType],
        arg: ParamType,
        **options: Unpack[ActivityOptions],
    ) -> ReturnType: ...

    @overload
    async def execute_activity(
        self, activity: Callable[..., Awaitable[ReturnType]], *, args: Sequence[Any], **options: Unpack[ActivityOptions]
    ) -> ReturnType: ...

    @overload
    async def execute_activity(
        self, activity: Callable[..., ReturnType], *, args: Sequence[Any], **options: Unpack[ActivityOptions]
    ) -> ReturnType: ...

    @overload
    async def execute_activity(
        self,
        activity: str,
        arg: Any = arg_unset,
        *,
        args: Sequence[Any] = NO_ARGS,
        result_type: type | None = None,
        **options: Unpack[ActivityOptions],
    ) -> Any: ...

    async def execute_activity(
        self,
        activity: str | Callable[..., Any],
        arg: Any = arg_unset,
        *,
        args: Sequence[Any] = NO_ARGS,
        id: str,
        task_queue: str,
        result_type: type | None = None,
        schedule_to_close_timeout: timedelta | None = None,
        schedule_to_start_timeout: timedelta | None = None,
        start_to_close_timeout: timedelta | None = None,
        heartbeat_timeout: timedelta | None = None,
        id_reuse_policy: ActivityIDReusePolicy = ActivityIDReusePolicy.ALLOW_DUPLICATE,
        id_conflict_policy: ActivityIDConflictPolicy = ActivityIDConflictPolicy.FAIL,
        retry_policy: RetryPolicy | None = None,
        search_attributes: TypedSearchAttributes | None = None,
        summary: str | None = None,
        priority: Priority = Priority.default,
        start_delay: timedelta | None = None,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        rpc_timeout: timedelta | None = None,
    ) -> Any:
        """Start an activity and wait for its result.

        Raises: as `start_activity` and `ActivityHandle.result`.
        """
        handle = await self.start_activity(
            cast("str", activity),  # any overload will do: all lead to the same
            arg,
            args=args,
            id=id,
            task_queue=task_queue,
            result_type=result_type,
            schedule_to_close_timeout=schedule_to_close_timeout,
            schedule_to_start_timeout=schedule_to_start_timeout,
            start_to_close_timeout=start_to_close_timeout,
            heartbeat_timeout=heartbeat_timeout,
            id_reuse_policy=id_reuse_policy,
            id_conflict_policy=id_conflict_policy,
            retry_policy=retry_policy,
            search_attributes=search_attributes,
            summary=summary,
            priority=priority,
            start_delay=start_delay,
            rpc_metadata=rpc_metadata,
            rpc_timeout=rpc_timeout,
        )
        return await handle.result()

    def list_activities(
        self,
        query: str,
        *,
        limit: int | None = None,
        page_size: int = 1000,
        next_page_token: bytes | None = None,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        rpc_timeout: timedelta | None = None,
    ) -> ActivityExecutionAsyncIterator:
        """Iterate over the standalone activities that a query finds."""
        return self._impl.list_activities(
            ListActivitiesInput(
                query=query,
                page_size=page_size,
                next_page_token=next_page_token,
                rpc_metadata=rpc_metadata,
                rpc_timeout=rpc_timeout,
                limit=limit,
            )
        )

    async def count_activities(
        self,
        query: str | None = None,
        *,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        rpc_timeout: timedelta | None = None,
    ) -> ActivityExecutionCount:
        """How many standalone activities a query finds, in groups if it has a `GROUP BY`."""
        return await self._impl.count_activities(CountActivitiesInput(query, rpc_metadata, rpc_timeout))

    def get_activity_handle(
        self, activity_id: str, *, run_id: str | None = None, result_type: type | None = None
    ) -> ActivityHandle[Any]:
        """A handle of a standalone activity, which there may or may not be. Nothing is asked of the server."""
        return ActivityHandle(self._client, activity_id, run_id=run_id, result_type=result_type)

    @overload
    def get_async_activity_handle(
        self, *, workflow_id: str, run_id: str | None, activity_id: str
    ) -> AsyncActivityHandle: ...

    @overload
    def get_async_activity_handle(self, *, activity_id: str, run_id: str | None = None) -> AsyncActivityHandle: ...

    @overload
    def get_async_activity_handle(self, *, task_token: bytes) -> AsyncActivityHandle: ...

    def get_async_activity_handle(
        self,
        *,
        workflow_id: str | None = None,
        run_id: str | None = None,
        activity_id: str | None = None,
        task_token: bytes | None = None,
    ) -> AsyncActivityHandle:
        """A handle to complete an activity from outside its worker, by its ids or its task token.

        Raises: ValueError: neither all that is needed is given, nor only that.
        """
        if task_token is not None:
            if workflow_id is not None or run_id is not None or activity_id is not None:
                raise ValueError("Task token cannot be present with other IDs")
            return AsyncActivityHandle(self._client, task_token)
        if activity_id is not None:
            return AsyncActivityHandle(self._client, AsyncActivityIDReference(workflow_id, run_id, activity_id))
        if workflow_id is not None:
            raise ValueError("Workflow ID, run ID, and activity ID must all be given together")
        raise ValueError("Require task token, or workflow_id & run_id & activity_id, or activity_id & run_id")
