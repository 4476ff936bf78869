"""Handles of what a workflow started or wants to speak to.

Handles of activities and children are asyncio tasks: they can be awaited, gathered and cancelled. The runtime makes
them, and gives a child's handle its ids. What goes through interceptors is built here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Concatenate, Generic, overload

from mainspring.common._arguments import arg_or_args, arg_unset
from mainspring.types import (
    MethodSyncOrAsyncNoParam,
    MethodSyncOrAsyncSingleParam,
    MultiParamSpec,
    ParamType,
    ReturnType,
    SelfType,
)
from mainspring.workflow._handler_definitions import SignalDefinition
from mainspring.workflow._outbound import SignalChildWorkflowInput, SignalExternalWorkflowInput
from mainspring.workflow._runtime import Runtime

if TYPE_CHECKING:
    from mainspring.workflow._event_groups import EventGroup


class AsyncioTask(asyncio.Task[ReturnType]):
    """An asyncio task whose coroutine is the runtime's matter."""


class ActivityHandle(AsyncioTask[ReturnType]):
    """A started activity: a task that gives its result or raises `ActivityError`. To cancel it cancels the activity."""


class ChildWorkflowHandle(AsyncioTask[ReturnType], Generic[SelfType, ReturnType]):
    """A started child: a task that gives its result or raises `ChildWorkflowError`. Its cancellation is the child's."""

    @property
    def id(self) -> str:
        """The child's workflow id."""
        raise NotImplementedError

    @property
    def first_execution_run_id(self) -> str | None:
        """The child's first run id; it may be on a later one by now."""
        raise NotImplementedError

    @overload
    async def signal(
        self, signal: MethodSyncOrAsyncNoParam[SelfType, None], *, event_groups: Sequence[EventGroup] | None = None
    ) -> None: ...

    @overload
    async def signal(
        self,
        signal: MethodSyncOrAsyncSingleParam[SelfType, ParamType, None],
        arg: ParamType,
        *,
        event_groups: Sequence[EventGroup] | None = None,
    ) -> None: ...

    @overload
    async def signal(
        self,
        signal: Callable[Concatenate[SelfType, MultiParamSpec], Awaitable[None] | None],
        *,
        args: Sequence[Any],
        event_groups: Sequence[EventGroup] | None = None,
    ) -> None: ...

    @overload
    async def signal(
        self,
        signal: str,
        arg: Any = arg_unset,
        *,
        args: Sequence[Any] = [],
        event_groups: Sequence[EventGroup] | None = None,
    ) -> None: ...

    async def signal(
        self,
        signal: str | Callable[..., Any],
        arg: Any = arg_unset,
        *,
        args: Sequence[Any] = [],
        event_groups: Sequence[EventGroup] | None = None,
    ) -> None:
        """Send a signal, by its method or its name, and wait until the server took it."""
        runtime = Runtime.current()
        runtime.assert_not_read_only("signal child handle")
        await runtime.workflow_outbound.signal_child_workflow(
            SignalChildWorkflowInput(
                signal=SignalDefinition.must_name_from_fn_or_str(signal),
                args=arg_or_args(arg, args),
                child_workflow_id=self.id,
                headers={},
                event_groups=event_groups,
            )
        )


class ExternalWorkflowHandle(Generic[SelfType]):
    """Another run, started by someone else: made by `get_external_workflow_handle`."""

    def __init__(self, id: str, run_id: str | None) -> None:
        self._id = id
        self._run_id = run_id

    @property
    def id(self) -> str:
        """The other's workflow id."""
        return self._id

    @property
    def run_id(self) -> str | None:
        """The one run that is meant; None means the latest."""
        return self._run_id

    @overload
    async def signal(
        self, signal: MethodSyncOrAsyncNoParam[SelfType, None], *, event_groups: Sequence[EventGroup] | None = None
    ) -> None: ...

    @overload
    async def signal(
        self,
        signal: MethodSyncOrAsyncSingleParam[SelfType, ParamType, None],
        arg: ParamType,
        *,
        event_groups: Sequence[EventGroup] | None = None,
    ) -> None: ...

    @overload
    async def signal(
        self,
        signal: str,
        arg: Any = arg_unset,
        *,
        args: Sequence[Any] = [],
        event_groups: Sequence[EventGroup] | None = None,
    ) -> None: ...

    async def signal(
        self,
        signal: str | Callable[..., Any],
        arg: Any = arg_unset,
        *,
        args: Sequence[Any] = [],
        event_groups: Sequence[EventGroup] | None = None,
    ) -> None:
        """Send a signal, by its method or its name, and wait until the server took it."""
        runtime = Runtime.current()
        runtime.assert_not_read_only("signal external handle")
        await runtime.workflow_outbound.signal_external_workflow(
            SignalExternalWorkflowInput(
                signal=SignalDefinition.must_name_from_fn_or_str(signal),
                args=arg_or_args(arg, args),
                namespace=runtime.workflow_info().namespace,
                workflow_id=self.id,
                workflow_run_id=self.run_id,
                headers={},
                event_groups=event_groups,
            )
        )

    async def cancel(self, *, reason: str = "", event_groups: Sequence[EventGroup] | None = None) -> None:
        """Ask the other run to cancel, and wait until the server took the request.

        Args:
            reason: What the other run reads with `cancellation_reason`.
            event_groups: The groups that the command belongs to, beside those of the scope.
        """
        runtime = Runtime.current()
        runtime.assert_not_read_only("cancel external handle")
        await runtime.workflow_cancel_external_workflow(
            self.id, run_id=self.run_id, reason=reason, event_groups=event_groups
        )


def get_external_workflow_handle(workflow_id: str, *, run_id: str | None = None) -> ExternalWorkflowHandle[Any]:
    """A handle to a workflow that someone else started. Nothing is asked of the server."""
    Runtime.current()
    return ExternalWorkflowHandle(workflow_id, run_id)


def get_external_workflow_handle_for(
    workflow: Callable[Concatenate[SelfType, MultiParamSpec], Awaitable[Any]],
    workflow_id: str,
    *,
    run_id: str | None = None,
) -> ExternalWorkflowHandle[SelfType]:
    """A handle to a workflow that someone else started, typed by its run method, which is not checked."""
    del workflow  # only its type is of use
    return get_external_workflow_handle(workflow_id, run_id=run_id)
