"""What a workflow asks of the world, as outbound interceptors see it: one input per call, and the interceptor itself.

    workflow code -> interceptor -> interceptor -> ... -> the tail, which the worker provides

Inputs can be changed on their way. They live here rather than among the worker's interceptors since the functions of
`mainspring.workflow` build them; `mainspring.worker` exports them under the official names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar

from temporalio.api.common.v1 import Payload

from mainspring.common import (
    Priority,
    RetryPolicy,
    SearchAttributes,
    TypedSearchAttributes,
    VersioningOverride,
    WorkflowIDReusePolicy,
)
from mainspring.common._nexus import operation_of
from mainspring.workflow._event_groups import EventGroup
from mainspring.workflow._options import (
    ActivityCancellationType,
    ChildWorkflowCancellationType,
    ContinueAsNewVersioningBehavior,
    NexusOperationCancellationType,
    ParentClosePolicy,
    VersioningIntent,
)

if TYPE_CHECKING:
    from mainspring.workflow._handles import ActivityHandle, ChildWorkflowHandle
    from mainspring.workflow._info import Info

InputT = TypeVar("InputT")
OutputT = TypeVar("OutputT")


@dataclass
class ContinueAsNewInput:
    """`workflow.continue_as_new`. None in `workflow` means the same type again."""

    workflow: str | None
    args: Sequence[Any]
    task_queue: str | None
    run_timeout: timedelta | None
    task_timeout: timedelta | None
    backoff_start_interval: timedelta | None
    retry_policy: RetryPolicy | None
    memo: Mapping[str, Any] | None
    search_attributes: SearchAttributes | TypedSearchAttributes | None
    headers: Mapping[str, Payload]
    versioning_intent: VersioningIntent | None
    initial_versioning_behavior: ContinueAsNewVersioningBehavior | None
    event_groups: Sequence[EventGroup] | None = None
    arg_types: list[type] | None = None


@dataclass
class SignalChildWorkflowInput:
    """`ChildWorkflowHandle.signal`."""

    signal: str
    args: Sequence[Any]
    child_workflow_id: str
    headers: Mapping[str, Payload]
    event_groups: Sequence[EventGroup] | None = None


@dataclass
class SignalExternalWorkflowInput:
    """`ExternalWorkflowHandle.signal`."""

    signal: str
    args: Sequence[Any]
    namespace: str
    workflow_id: str
    workflow_run_id: str | None
    headers: Mapping[str, Payload]
    event_groups: Sequence[EventGroup] | None = None


@dataclass
class StartActivityInput:
    """`workflow.start_activity`, `workflow.execute_activity` and plain calls of activities."""

    activity: str
    args: Sequence[Any]
    activity_id: str | None
    task_queue: str | None
    schedule_to_close_timeout: timedelta | None
    schedule_to_start_timeout: timedelta | None
    start_to_close_timeout: timedelta | None
    heartbeat_timeout: timedelta | None
    retry_policy: RetryPolicy | None
    cancellation_type: ActivityCancellationType
    headers: Mapping[str, Payload]
    disable_eager_execution: bool
    versioning_intent: VersioningIntent | None
    summary: str | None
    event_groups: Sequence[EventGroup] | None = field(default=None, kw_only=True)
    priority: Priority
    arg_types: list[type] | None
    ret_type: type | None


@dataclass
class StartChildWorkflowInput:
    """`workflow.start_child_workflow`, `workflow.execute_child_workflow` and plain calls of function workflows."""

    workflow: str
    args: Sequence[Any]
    id: str
    task_queue: str | None
    cancellation_type: ChildWorkflowCancellationType
    parent_close_policy: ParentClosePolicy
    execution_timeout: timedelta | None
    run_timeout: timedelta | None
    task_timeout: timedelta | None
    id_reuse_policy: WorkflowIDReusePolicy
    retry_policy: RetryPolicy | None
    cron_schedule: str
    memo: Mapping[str, Any] | None
    search_attributes: SearchAttributes | TypedSearchAttributes | None
    headers: Mapping[str, Payload]
    versioning_intent: VersioningIntent | None
    static_summary: str | None
    static_details: str | None
    versioning_override: VersioningOverride | None = field(default=None, kw_only=True)
    event_groups: Sequence[EventGroup] | None = field(default=None, kw_only=True)
    priority: Priority
    arg_types: list[type] | None
    ret_type: type | None


@dataclass
class StartLocalActivityInput:
    """`workflow.start_local_activity` and `workflow.execute_local_activity`."""

    activity: str
    args: Sequence[Any]
    activity_id: str | None
    schedule_to_close_timeout: timedelta | None
    schedule_to_start_timeout: timedelta | None
    start_to_close_timeout: timedelta | None
    retry_policy: RetryPolicy | None
    local_retry_threshold: timedelta | None
    cancellation_type: ActivityCancellationType
    headers: Mapping[str, Payload]
    summary: str | None
    event_groups: Sequence[EventGroup] | None = None
    arg_types: list[type] | None = None
    ret_type: type | None = None


@dataclass
class StartNexusOperationInput(Generic[InputT, OutputT]):
    """The start of a Nexus operation: one of a service definition, the method of a handler, or a name.

    Raises: ValueError: the operation is none of these.
    """

    endpoint: str
    service: str
    operation: Any
    input: InputT
    schedule_to_close_timeout: timedelta | None
    schedule_to_start_timeout: timedelta | None
    start_to_close_timeout: timedelta | None
    cancellation_type: NexusOperationCancellationType
    headers: Mapping[str, str] | None
    summary: str | None
    event_groups: Sequence[EventGroup] | None = None
    output_type: type[OutputT] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.operation, str):
            self.output_type = operation_of(self.operation).output_type

    @property
    def operation_name(self) -> str:
        """The operation's name, whichever way it was given."""
        return self.operation if isinstance(self.operation, str) else operation_of(self.operation).name


class WorkflowOutboundInterceptor:
    """What workflows ask of the world passes through here. Override what is of interest; the rest goes on to `next`."""

    next: WorkflowOutboundInterceptor

    def __init__(self, next: WorkflowOutboundInterceptor) -> None:
        self.next = next

    def continue_as_new(self, input: ContinueAsNewInput) -> NoReturn:
        self.next.continue_as_new(input)

    def info(self) -> Info:
        return self.next.info()

    async def signal_child_workflow(self, input: SignalChildWorkflowInput) -> None:
        await self.next.signal_child_workflow(input)

    async def signal_external_workflow(self, input: SignalExternalWorkflowInput) -> None:
        await self.next.signal_external_workflow(input)

    def start_activity(self, input: StartActivityInput) -> ActivityHandle[Any]:
        return self.next.start_activity(input)

    async def start_child_workflow(self, input: StartChildWorkflowInput) -> ChildWorkflowHandle[Any, Any]:
        return await self.next.start_child_workflow(input)

    def start_local_activity(self, input: StartLocalActivityInput) -> ActivityHandle[Any]:
        return self.next.start_local_activity(input)

    async def start_nexus_operation(self, input: StartNexusOperationInput[Any, Any]) -> Any:
        return await self.next.start_nexus_operation(input)

    async def start_system_nexus_operation(self, input: StartNexusOperationInput[Any, Any]) -> Any:
        return await self.next.start_system_nexus_operation(input)


def check_activity_timeouts(input: StartActivityInput | StartLocalActivityInput) -> None:
    """Refuse an activity that could run for ever; for the tail of the chain, since an interceptor may add a timeout.

    Raises:
        ValueError: neither of the two timeouts that bound an activity is there.
    """
    if input.start_to_close_timeout or input.schedule_to_close_timeout:
        return
    raise ValueError(
        "Activity must have start_to_close_timeout or schedule_to_close_timeout: "
        f"{input.activity!r} has neither; give one in the call or in @activity.defn(start_to_close_timeout=...)"
    )
