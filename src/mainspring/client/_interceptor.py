"""Interceptors: what a program puts between its client and the requests.

Client(interceptors=[A, B])      client -> A's outbound -> B's outbound -> ClientImpl -> RPC
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mainspring.client import _activity_inputs as activities
    from mainspring.client import _inputs as workflows
    from mainspring.client import _nexus_inputs as nexus
    from mainspring.client import _schedule_inputs as schedules
    from mainspring.client._activity_description import (
        ActivityExecutionAsyncIterator,
        ActivityExecutionCount,
        ActivityExecutionDescription,
    )
    from mainspring.client._activity_handle import ActivityHandle
    from mainspring.client._activity_options import ActivityExecutionOptions
    from mainspring.client._execution import (
        WorkflowExecutionAsyncIterator,
        WorkflowExecutionCount,
        WorkflowExecutionDescription,
    )
    from mainspring.client._handle import WorkflowHandle
    from mainspring.client._history import WorkflowHistoryEventAsyncIterator
    from mainspring.client._nexus_description import (
        NexusOperationExecutionAsyncIterator,
        NexusOperationExecutionCount,
        NexusOperationExecutionDescription,
    )
    from mainspring.client._nexus_handle import NexusOperationHandle
    from mainspring.client._schedule_description import ScheduleAsyncIterator, ScheduleDescription
    from mainspring.client._schedule_handle import ScheduleHandle
    from mainspring.client._update_handle import WorkflowUpdateHandle
    from mainspring.client._worker_versioning import WorkerBuildIdVersionSets, WorkerTaskReachability


@dataclass
class Interceptor:
    """What `Client(interceptors=...)` takes. One that is a worker's interceptor too is used by the client's workers."""

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:
        """The interceptor that sees each call before `next`; `next` itself if there is nothing to see."""
        return next


class OutboundInterceptor:
    """Sees every call of a client. Each method hands the call on; a subclass overrides those that it cares for."""

    def __init__(self, next: OutboundInterceptor) -> None:
        """`next` gets the calls after this one."""
        self.next = next

    # Workflows

    async def start_workflow(self, input: workflows.StartWorkflowInput) -> WorkflowHandle[Any, Any]:
        """`Client.start_workflow`, `Client.execute_workflow`."""
        return await self.next.start_workflow(input)

    async def cancel_workflow(self, input: workflows.CancelWorkflowInput) -> None:
        """`WorkflowHandle.cancel`."""
        await self.next.cancel_workflow(input)

    async def describe_workflow(self, input: workflows.DescribeWorkflowInput) -> WorkflowExecutionDescription:
        """`WorkflowHandle.describe`."""
        return await self.next.describe_workflow(input)

    def fetch_workflow_history_events(
        self, input: workflows.FetchWorkflowHistoryEventsInput
    ) -> WorkflowHistoryEventAsyncIterator:
        """`WorkflowHandle.fetch_history_events`, and what `WorkflowHandle.result` waits with."""
        return self.next.fetch_workflow_history_events(input)

    def list_workflows(self, input: workflows.ListWorkflowsInput) -> WorkflowExecutionAsyncIterator:
        """`Client.list_workflows`."""
        return self.next.list_workflows(input)

    async def count_workflows(self, input: workflows.CountWorkflowsInput) -> WorkflowExecutionCount:
        """`Client.count_workflows`."""
        return await self.next.count_workflows(input)

    async def query_workflow(self, input: workflows.QueryWorkflowInput) -> Any:
        """`WorkflowHandle.query`."""
        return await self.next.query_workflow(input)

    async def signal_workflow(self, input: workflows.SignalWorkflowInput) -> None:
        """`WorkflowHandle.signal`."""
        await self.next.signal_workflow(input)

    async def terminate_workflow(self, input: workflows.TerminateWorkflowInput) -> None:
        """`WorkflowHandle.terminate`."""
        await self.next.terminate_workflow(input)

    async def start_workflow_update(self, input: workflows.StartWorkflowUpdateInput) -> WorkflowUpdateHandle[Any]:
        """`WorkflowHandle.start_update`, `WorkflowHandle.execute_update`."""
        return await self.next.start_workflow_update(input)

    async def start_update_with_start_workflow(
        self, input: workflows.StartWorkflowUpdateWithStartInput
    ) -> WorkflowUpdateHandle[Any]:
        """`Client.start_update_with_start_workflow`, `Client.execute_update_with_start_workflow`."""
        return await self.next.start_update_with_start_workflow(input)

    # Activities

    async def start_activity(self, input: activities.StartActivityInput) -> ActivityHandle[Any]:
        """`Client.start_activity`, `Client.execute_activity` and their kin."""
        return await self.next.start_activity(input)

    async def cancel_activity(self, input: activities.CancelActivityInput) -> None:
        """`ActivityHandle.cancel`."""
        await self.next.cancel_activity(input)

    async def terminate_activity(self, input: activities.TerminateActivityInput) -> None:
        """`ActivityHandle.terminate`."""
        await self.next.terminate_activity(input)

    async def pause_activity(self, input: activities.PauseActivityInput) -> None:
        """`ActivityHandle.pause`."""
        await self.next.pause_activity(input)

    async def unpause_activity(self, input: activities.UnpauseActivityInput) -> None:
        """`ActivityHandle.unpause`."""
        await self.next.unpause_activity(input)

    async def update_activity_options(self, input: activities.UpdateActivityOptionsInput) -> ActivityExecutionOptions:
        """`ActivityHandle.update_options`, `ActivityHandle.restore_original_options`."""
        return await self.next.update_activity_options(input)

    async def describe_activity(self, input: activities.DescribeActivityInput) -> ActivityExecutionDescription:
        """`ActivityHandle.describe`."""
        return await self.next.describe_activity(input)

    def list_activities(self, input: activities.ListActivitiesInput) -> ActivityExecutionAsyncIterator:
        """`Client.list_activities`."""
        return self.next.list_activities(input)

    async def count_activities(self, input: activities.CountActivitiesInput) -> ActivityExecutionCount:
        """`Client.count_activities`."""
        return await self.next.count_activities(input)

    async def heartbeat_async_activity(self, input: activities.HeartbeatAsyncActivityInput) -> None:
        """`AsyncActivityHandle.heartbeat`."""
        await self.next.heartbeat_async_activity(input)

    async def complete_async_activity(self, input: activities.CompleteAsyncActivityInput) -> None:
        """`AsyncActivityHandle.complete`."""
        await self.next.complete_async_activity(input)

    async def fail_async_activity(self, input: activities.FailAsyncActivityInput) -> None:
        """`AsyncActivityHandle.fail`."""
        await self.next.fail_async_activity(input)

    async def report_cancellation_async_activity(self, input: activities.ReportCancellationAsyncActivityInput) -> None:
        """`AsyncActivityHandle.report_cancellation`."""
        await self.next.report_cancellation_async_activity(input)

    # Schedules

    async def create_schedule(self, input: schedules.CreateScheduleInput) -> ScheduleHandle:
        """`Client.create_schedule`."""
        return await self.next.create_schedule(input)

    def list_schedules(self, input: schedules.ListSchedulesInput) -> ScheduleAsyncIterator:
        """`Client.list_schedules`."""
        return self.next.list_schedules(input)

    async def backfill_schedule(self, input: schedules.BackfillScheduleInput) -> None:
        """`ScheduleHandle.backfill`."""
        await self.next.backfill_schedule(input)

    async def delete_schedule(self, input: schedules.DeleteScheduleInput) -> None:
        """`ScheduleHandle.delete`."""
        await self.next.delete_schedule(input)

    async def describe_schedule(self, input: schedules.DescribeScheduleInput) -> ScheduleDescription:
        """`ScheduleHandle.describe`."""
        return await self.next.describe_schedule(input)

    async def pause_schedule(self, input: schedules.PauseScheduleInput) -> None:
        """`ScheduleHandle.pause`."""
        await self.next.pause_schedule(input)

    async def trigger_schedule(self, input: schedules.TriggerScheduleInput) -> None:
        """`ScheduleHandle.trigger`."""
        await self.next.trigger_schedule(input)

    async def unpause_schedule(self, input: schedules.UnpauseScheduleInput) -> None:
        """`ScheduleHandle.unpause`."""
        await self.next.unpause_schedule(input)

    async def update_schedule(self, input: schedules.UpdateScheduleInput) -> None:
        """`ScheduleHandle.update`."""
        await self.next.update_schedule(input)

    # Versions of workers

    async def update_worker_build_id_compatibility(
        self, input: workflows.UpdateWorkerBuildIdCompatibilityInput
    ) -> None:
        """`Client.update_worker_build_id_compatibility`."""
        await self.next.update_worker_build_id_compatibility(input)

    async def get_worker_build_id_compatibility(
        self, input: workflows.GetWorkerBuildIdCompatibilityInput
    ) -> WorkerBuildIdVersionSets:
        """`Client.get_worker_build_id_compatibility`."""
        return await self.next.get_worker_build_id_compatibility(input)

    async def get_worker_task_reachability(
        self, input: workflows.GetWorkerTaskReachabilityInput
    ) -> WorkerTaskReachability:
        """`Client.get_worker_task_reachability`."""
        return await self.next.get_worker_task_reachability(input)

    # Nexus operations

    async def start_nexus_operation(self, input: nexus.StartNexusOperationInput) -> NexusOperationHandle[Any]:
        """`NexusClient.start_operation`, `NexusClient.execute_operation`."""
        return await self.next.start_nexus_operation(input)

    async def describe_nexus_operation(
        self, input: nexus.DescribeNexusOperationInput
    ) -> NexusOperationExecutionDescription:
        """`NexusOperationHandle.describe`."""
        return await self.next.describe_nexus_operation(input)

    async def get_nexus_operation_result(self, input: nexus.GetNexusOperationResultInput) -> Any:
        """`NexusOperationHandle.result`."""
        return await self.next.get_nexus_operation_result(input)

    async def cancel_nexus_operation(self, input: nexus.CancelNexusOperationInput) -> None:
        """`NexusOperationHandle.cancel`."""
        await self.next.cancel_nexus_operation(input)

    async def terminate_nexus_operation(self, input: nexus.TerminateNexusOperationInput) -> None:
        """`NexusOperationHandle.terminate`."""
        await self.next.terminate_nexus_operation(input)

    def list_nexus_operations(self, input: nexus.ListNexusOperationsInput) -> NexusOperationExecutionAsyncIterator:
        """`Client.list_nexus_operations`."""
        return self.next.list_nexus_operations(input)

    async def count_nexus_operations(self, input: nexus.CountNexusOperationsInput) -> NexusOperationExecutionCount:
        """`Client.count_nexus_operations`."""
        return await self.next.count_nexus_operations(input)
