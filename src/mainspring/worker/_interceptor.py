"""Interceptors of a worker: code around everything that goes into and comes out of workflows and activities.

    server -> inbound interceptors -> workflow or activity -> outbound interceptors -> server

A worker asks each `Interceptor` for its inbound part, once per attempt of an activity (`intercept_activity`) and once
per run (`workflow_interceptor_class`); that one may wrap the outbound part in its `init`. Requests to handlers of Nexus
operations have an inbound part only (`intercept_nexus_operation`). The first interceptor in a list is the outermost.
What workflows send out is defined in `mainspring.workflow`, whose functions build it.
"""

from __future__ import annotations

import concurrent.futures
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from temporalio.api.common.v1 import Payload

from mainspring.activity import Info as ActivityInfo
from mainspring.workflow._outbound import (
    ContinueAsNewInput,
    SignalChildWorkflowInput,
    SignalExternalWorkflowInput,
    StartActivityInput,
    StartChildWorkflowInput,
    StartLocalActivityInput,
    StartNexusOperationInput,
    WorkflowOutboundInterceptor,
)

if TYPE_CHECKING:
    from nexusrpc.handler import (
        CancelOperationContext,
        StartOperationContext,
        StartOperationResultAsync,
        StartOperationResultSync,
    )

__all__ = [
    "ActivityInboundInterceptor",
    "ActivityOutboundInterceptor",
    "ContinueAsNewInput",
    "ExecuteActivityInput",
    "ExecuteNexusOperationCancelInput",
    "ExecuteNexusOperationStartInput",
    "ExecuteWorkflowInput",
    "HandleQueryInput",
    "HandleSignalInput",
    "HandleUpdateInput",
    "Interceptor",
    "NexusOperationInboundInterceptor",
    "SignalChildWorkflowInput",
    "SignalExternalWorkflowInput",
    "StartActivityInput",
    "StartChildWorkflowInput",
    "StartLocalActivityInput",
    "StartNexusOperationInput",
    "WorkflowInboundInterceptor",
    "WorkflowInterceptorClassInput",
    "WorkflowOutboundInterceptor",
]


@dataclass
class ExecuteActivityInput:
    """One attempt of an activity."""

    fn: Callable[..., Any]
    args: Sequence[Any]
    executor: concurrent.futures.Executor | None
    headers: Mapping[str, Payload]


class ActivityOutboundInterceptor:
    """What activities ask of the worker passes through here. Override what is of interest."""

    def __init__(self, next: ActivityOutboundInterceptor) -> None:
        self.next = next

    def info(self) -> ActivityInfo:
        """`activity.info`."""
        return self.next.info()

    def heartbeat(self, *details: Any) -> None:
        """`activity.heartbeat`."""
        self.next.heartbeat(*details)


class ActivityInboundInterceptor:
    """Attempts of activities pass through here. Override what is of interest."""

    def __init__(self, next: ActivityInboundInterceptor) -> None:
        self.next = next

    def init(self, outbound: ActivityOutboundInterceptor) -> None:
        """Learn of the outbound part; hand a wrapped one on to see what the activity asks for."""
        self.next.init(outbound)

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        """Run the attempt."""
        return await self.next.execute_activity(input)


@dataclass(frozen=True)
class WorkflowInterceptorClassInput:
    """What `Interceptor.workflow_interceptor_class` may add to."""

    unsafe_extern_functions: MutableMapping[str, Callable[..., Any]]
    """What `workflow.extern_functions` will give. Such functions run outside determinism: with care."""


@dataclass
class ExecuteWorkflowInput:
    """The run of a workflow. `run_fn` is not bound to the workflow object."""

    type: type
    run_fn: Callable[..., Awaitable[Any]]
    args: Sequence[Any]
    headers: Mapping[str, Payload]


@dataclass
class HandleSignalInput:
    """A signal."""

    signal: str
    args: Sequence[Any]
    headers: Mapping[str, Payload]


@dataclass
class HandleQueryInput:
    """A query."""

    id: str
    query: str
    args: Sequence[Any]
    headers: Mapping[str, Payload]


@dataclass
class HandleUpdateInput:
    """An update, for its validator and then for its handler."""

    id: str
    update: str
    args: Sequence[Any]
    headers: Mapping[str, Payload]


class WorkflowInboundInterceptor:
    """What comes to a workflow passes through here. Override what is of interest."""

    def __init__(self, next: WorkflowInboundInterceptor) -> None:
        self.next = next

    def init(self, outbound: WorkflowOutboundInterceptor) -> None:
        """Learn of the outbound part; hand a wrapped one on to see what the workflow asks for."""
        self.next.init(outbound)

    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:
        return await self.next.execute_workflow(input)

    async def handle_signal(self, input: HandleSignalInput) -> None:
        await self.next.handle_signal(input)

    async def handle_query(self, input: HandleQueryInput) -> Any:
        return await self.next.handle_query(input)

    def handle_update_validator(self, input: HandleUpdateInput) -> None:
        self.next.handle_update_validator(input)

    async def handle_update_handler(self, input: HandleUpdateInput) -> Any:
        return await self.next.handle_update_handler(input)


@dataclass
class ExecuteNexusOperationStartInput:
    """A request to start a Nexus operation."""

    ctx: StartOperationContext
    input: Any


@dataclass
class ExecuteNexusOperationCancelInput:
    """A request to cancel a Nexus operation that was started."""

    ctx: CancelOperationContext
    token: str


class NexusOperationInboundInterceptor:
    """Requests to handlers of Nexus operations pass through here. Override what is of interest."""

    def __init__(self, next: NexusOperationInboundInterceptor) -> None:
        self.next = next

    async def execute_nexus_operation_start(
        self, input: ExecuteNexusOperationStartInput
    ) -> StartOperationResultSync[Any] | StartOperationResultAsync:
        """Start the operation."""
        return await self.next.execute_nexus_operation_start(input)

    async def execute_nexus_operation_cancel(self, input: ExecuteNexusOperationCancelInput) -> None:
        """Cancel the operation."""
        await self.next.execute_nexus_operation_cancel(input)


class Interceptor:
    """Base of a worker's interceptors."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """The inbound part for one attempt of an activity, around `next`."""
        return next

    def workflow_interceptor_class(
        self, input: WorkflowInterceptorClassInput
    ) -> type[WorkflowInboundInterceptor] | None:
        """The class of the inbound part for one run; it is made with the next one as its only argument."""
        del input
        return None

    def intercept_nexus_operation(self, next: NexusOperationInboundInterceptor) -> NexusOperationInboundInterceptor:
        """The inbound part for one request to a handler of a Nexus operation, around `next`."""
        return next
