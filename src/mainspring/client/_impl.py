"""The end of the chain of interceptors: each call becomes a request, in the file of its kind.

OutboundInterceptor's methods -> functions of _impl_workflow, _impl_update, _impl_activity, _impl_schedule, ...
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from temporalio.api.enums.v1 import TaskReachability
from temporalio.api.workflowservice.v1 import (
    CountWorkflowExecutionsRequest,
    DescribeWorkflowExecutionRequest,
    GetWorkerBuildIdCompatibilityRequest,
    GetWorkerTaskReachabilityRequest,
)

from mainspring.client import _activity_inputs as activities
from mainspring.client import (
    _impl_activity,
    _impl_async_activity,
    _impl_nexus,
    _impl_schedule,
    _impl_update,
    _impl_workflow,
)
from mainspring.client import _inputs as workflows
from mainspring.client import _nexus_inputs as nexus
from mainspring.client import _schedule_inputs as schedules
from mainspring.client._calls import call, execution, workflow_converter
from mainspring.client._execution import (
    WorkflowExecutionAsyncIterator,
    WorkflowExecutionCount,
    WorkflowExecutionDescription,
    count_of,
    description_of,
)
from mainspring.client._handle import WorkflowHandle
from mainspring.client._history import WorkflowHistoryEventAsyncIterator
from mainspring.client._interceptor import OutboundInterceptor
from mainspring.client._schedule_description import ScheduleAsyncIterator, ScheduleDescription
from mainspring.client._schedule_handle import ScheduleHandle
from mainspring.client._update_handle import WorkflowUpdateHandle
from mainspring.client._worker_versioning import (
    WorkerBuildIdVersionSets,
    WorkerTaskReachability,
    task_reachability_of,
    version_sets_of,
)

if TYPE_CHECKING:
    from mainspring.client._activity_description import (
        ActivityExecutionAsyncIterator,
        ActivityExecutionCount,
        ActivityExecutionDescription,
    )
    from mainspring.client._activity_handle import ActivityHandle
    from mainspring.client._activity_options import ActivityExecutionOptions
    from mainspring.client._client import Client
    from mainspring.client._nexus_description import (
        NexusOperationExecutionAsyncIterator,
        NexusOperationExecutionCount,
        NexusOperationExecutionDescription,
    )
    from mainspring.client._nexus_handle import NexusOperationHandle


class ClientImpl(OutboundInterceptor):
    """Sends what it gets."""

    def __init__(self, client: Client) -> None:  # pyright: ignore[reportMissingSuperCall] # there is no next one
        self._client = client

    async def start_workflow(self, input: workflows.StartWorkflowInput) -> WorkflowHandle[Any, Any]:
        return await _impl_workflow.start_workflow(self._client, input)

    async def cancel_workflow(self, input: workflows.CancelWorkflowInput) -> None:
        await _impl_workflow.cancel_workflow(self._client, input)

    async def describe_workflow(self, input: workflows.DescribeWorkflowInput) -> WorkflowExecutionDescription:
        client = self._client
        request = DescribeWorkflowExecutionRequest(
            namespace=client.namespace, execution=execution(input.id, input.run_id)
        )
        reply = await call(client.workflow_service.describe_workflow_execution, request, input)
        return description_of(reply, client.namespace, workflow_converter(client, input.id))

    def fetch_workflow_history_events(
        self, input: workflows.FetchWorkflowHistoryEventsInput
    ) -> WorkflowHistoryEventAsyncIterator:
        return WorkflowHistoryEventAsyncIterator(self._client, input)

    def list_workflows(self, input: workflows.ListWorkflowsInput) -> WorkflowExecutionAsyncIterator:
        return WorkflowExecutionAsyncIterator(self._client, input)

    async def count_workflows(self, input: workflows.CountWorkflowsInput) -> WorkflowExecutionCount:
        request = CountWorkflowExecutionsRequest(namespace=self._client.namespace, query=input.query or "")
        return count_of(await call(self._client.workflow_service.count_workflow_executions, request, input))

    async def query_workflow(self, input: workflows.QueryWorkflowInput) -> Any:
        return await _impl_workflow.query_workflow(self._client, input)

    async def signal_workflow(self, input: workflows.SignalWorkflowInput) -> None:
        await _impl_workflow.signal_workflow(self._client, input)

    async def terminate_workflow(self, input: workflows.TerminateWorkflowInput) -> None:
        await _impl_workflow.terminate_workflow(self._client, input)

    async def start_workflow_update(self, input: workflows.StartWorkflowUpdateInput) -> WorkflowUpdateHandle[Any]:
        return await _impl_update.start_workflow_update(self._client, input)

    async def start_update_with_start_workflow(
        self, input: workflows.StartWorkflowUpdateWithStartInput
    ) -> WorkflowUpdateHandle[Any]:
        return await _impl_update.start_update_with_start_workflow(self._client, input)

    async def start_activity(self, input: activities.StartActivityInput) -> ActivityHandle[Any]:
        return await _impl_activity.start_activity(self._client, input)

    async def cancel_activity(self, input: activities.CancelActivityInput) -> None:
        await _impl_activity.cancel_activity(self._client, input)

    async def terminate_activity(self, input: activities.TerminateActivityInput) -> None:
        await _impl_activity.terminate_activity(self._client, input)

    async def pause_activity(self, input: activities.PauseActivityInput) -> None:
        await _impl_activity.pause_activity(self._client, input)

    async def unpause_activity(self, input: activities.UnpauseActivityInput) -> None:
        await _impl_activity.unpause_activity(self._client, input)

    async def update_activity_options(self, input: activities.UpdateActivityOptionsInput) -> ActivityExecutionOptions:
        return await _impl_activity.update_activity_options(self._client, input)

    async def describe_activity(self, input: activities.DescribeActivityInput) -> ActivityExecutionDescription:
        return await _impl_activity.describe_activity(self._client, input)

    def list_activities(self, input: activities.ListActivitiesInput) -> ActivityExecutionAsyncIterator:
        return _impl_activity.list_activities(self._client, input)

    async def count_activities(self, input: activities.CountActivitiesInput) -> ActivityExecutionCount:
        return await _impl_activity.count_activities(self._client, input)

    async def heartbeat_async_activity(self, input: activities.HeartbeatAsyncActivityInput) -> None:
        await _impl_async_activity.heartbeat_async_activity(self._client, input)

    async def complete_async_activity(self, input: activities.CompleteAsyncActivityInput) -> None:
        await _impl_async_activity.complete_async_activity(self._client, input)

    async def fail_async_activity(self, input: activities.FailAsyncActivityInput) -> None:
        await _impl_async_activity.fail_async_activity(self._client, input)

    async def report_cancellation_async_activity(self, input: activities.ReportCancellationAsyncActivityInput) -> None:
        await _impl_async_activity.report_cancellation_async_activity(self._client, input)

    async def create_schedule(self, input: schedules.CreateScheduleInput) -> ScheduleHandle:
        return await _impl_schedule.create_schedule(self._client, input)

    def list_schedules(self, input: schedules.ListSchedulesInput) -> ScheduleAsyncIterator:
        return ScheduleAsyncIterator(self._client, input)

    async def backfill_schedule(self, input: schedules.BackfillScheduleInput) -> None:
        await _impl_schedule.backfill_schedule(self._client, input)

    async def delete_schedule(self, input: schedules.DeleteScheduleInput) -> None:
        await _impl_schedule.delete_schedule(self._client, input)

    async def describe_schedule(self, input: schedules.DescribeScheduleInput) -> ScheduleDescription:
        return await _impl_schedule.describe_schedule(self._client, input)

    async def pause_schedule(self, input: schedules.PauseScheduleInput) -> None:
        await _impl_schedule.pause_schedule(self._client, input)

    async def trigger_schedule(self, input: schedules.TriggerScheduleInput) -> None:
        await _impl_schedule.trigger_schedule(self._client, input)

    async def unpause_schedule(self, input: schedules.UnpauseScheduleInput) -> None:
        await _impl_schedule.unpause_schedule(self._client, input)

    async def update_schedule(self, input: schedules.UpdateScheduleInput) -> None:
        await _impl_schedule.update_schedule(self._client, input)

    async def update_worker_build_id_compatibility(
        self, input: workflows.UpdateWorkerBuildIdCompatibilityInput
    ) -> None:
        request = input.operation._as_partial_proto()  # pyright: ignore[reportPrivateUsage] # the official name
        request.namespace = self._client.namespace
        request.task_queue = input.task_queue
        await call(self._client.workflow_service.update_worker_build_id_compatibility, request, input)

    async def get_worker_build_id_compatibility(
        self, input: workflows.GetWorkerBuildIdCompatibilityInput
    ) -> WorkerBuildIdVersionSets:
        request = GetWorkerBuildIdCompatibilityRequest(
            namespace=self._client.namespace, task_queue=input.task_queue, max_sets=input.max_sets or 0
        )
        service = self._client.workflow_service
        return version_sets_of(await call(service.get_worker_build_id_compatibility, request, input))

    async def get_worker_task_reachability(
        self, input: workflows.GetWorkerTaskReachabilityInput
    ) -> WorkerTaskReachability:
        request = GetWorkerTaskReachabilityRequest(
            namespace=self._client.namespace,
            build_ids=input.build_ids,
            task_queues=input.task_queues,
            reachability=TaskReachability.ValueType(input.reachability or 0),
        )
        service = self._client.workflow_service
        return task_reachability_of(await call(service.get_worker_task_reachability, request, input))

    async def start_nexus_operation(self, input: nexus.StartNexusOperationInput) -> NexusOperationHandle[Any]:
        return await _impl_nexus.start_nexus_operation(self._client, input)

    async def describe_nexus_operation(
        self, input: nexus.DescribeNexusOperationInput
    ) -> NexusOperationExecutionDescription:
        return await _impl_nexus.describe_nexus_operation(self._client, input)

    async def get_nexus_operation_result(self, input: nexus.GetNexusOperationResultInput) -> Any:
        return await _impl_nexus.get_nexus_operation_result(self._client, input)

    async def cancel_nexus_operation(self, input: nexus.CancelNexusOperationInput) -> None:
        await _impl_nexus.cancel_nexus_operation(self._client, input)

    async def terminate_nexus_operation(self, input: nexus.TerminateNexusOperationInput) -> None:
        await _impl_nexus.terminate_nexus_operation(self._client, input)

    def list_nexus_operations(self, input: nexus.ListNexusOperationsInput) -> NexusOperationExecutionAsyncIterator:
        return _impl_nexus.list_nexus_operations(self._client, input)

    async def count_nexus_operations(self, input: nexus.CountNexusOperationsInput) -> NexusOperationExecutionCount:
        return await _impl_nexus.count_nexus_operations(self._client, input)
