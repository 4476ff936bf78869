"""A request of each RPC that would be served as it stands, for a workflow that is alive and its tasks.

Living(service).make(workflow_id, name)  ->  what the RPC needs: a started run, a task of it, an activity of it
requests(living)                         ->  every RPC's request, by its path
"""

from __future__ import annotations

from typing import TypedDict

import msgspec
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from temporalio.api.command import v1 as commands
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import (
    CommandType,
    IndexedValueType,
    TaskQueueType,
    UpdateWorkflowExecutionLifecycleStage,
    WorkflowIdConflictPolicy,
)
from temporalio.api.filter.v1 import StartTimeFilter, WorkflowExecutionFilter
from temporalio.api.operatorservice import v1 as operator
from temporalio.api.query.v1 import WorkflowQuery
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.update.v1 import Input, Meta, Request, UpdateRef, WaitPolicy
from temporalio.api.worker.v1 import WorkerHeartbeat
from temporalio.api.workflowservice import v1 as api

from benchmarks import lean

ACTIVITY = "a"
SERVICE = "/temporal.api.workflowservice.v1.WorkflowService/"
OPERATOR = "/temporal.api.operatorservice.v1.OperatorService/"
_STAGE = UpdateWorkflowExecutionLifecycleStage
TIMEOUT = Duration(seconds=60)


class ActivityIds(TypedDict):
    """An activity by its ids."""

    namespace: str
    workflow_id: str
    activity_id: str


class Living(msgspec.Struct, frozen=True, kw_only=True):
    """A run as far as an RPC needs it."""

    workflow_id: str
    workflow_token: bytes = b""
    activity_token: bytes = b""

    @property
    def queue(self) -> str:
        """Its own, so that no other run's tasks come in between."""
        return self.workflow_id

    @property
    def execution(self) -> WorkflowExecution:
        return WorkflowExecution(workflow_id=self.workflow_id)


async def bring_to_life(service: lean.RawService, workflow_id: str, path: str) -> Living:
    """Start a run, and bring it to where the RPC has something to do."""
    await service.start_workflow(lean.start_request(workflow_id, workflow_id))
    needs_activity = "Activity" in path and "Poll" not in path
    if not needs_activity and "RespondWorkflowTask" not in path:
        return Living(workflow_id=workflow_id)
    task = await service.poll_workflow_task(lean.workflow_poll(workflow_id))
    if not needs_activity:
        return Living(workflow_id=workflow_id, workflow_token=task.task_token)
    await service.complete_workflow_task(lean.task_completed(task, [lean.schedule_activity(ACTIVITY, workflow_id)]))
    activity = await service.poll_activity_task(lean.activity_poll(workflow_id))
    return Living(workflow_id=workflow_id, activity_token=activity.task_token)


def requests(living: Living) -> dict[str, Message]:
    """By path."""
    found: dict[str, Message] = {}
    for prefix, messages in (
        (SERVICE, [*of_clients(living), *of_looking(living), *of_workers(living), *of_namespaces()]),
        (OPERATOR, of_operators()),
    ):
        found |= {prefix + message.DESCRIPTOR.name.removesuffix("Request"): message for message in messages}
    return found


def of_clients(living: Living) -> list[Message]:
    namespace, execution = lean.NAMESPACE, living.execution
    update = api.UpdateWorkflowExecutionRequest(
        namespace=namespace,
        workflow_execution=execution,
        request=Request(meta=Meta(update_id="u"), input=Input(name="change")),
    )
    both = api.ExecuteMultiOperationRequest(namespace=namespace)
    start = lean.start_request(living.workflow_id, living.queue)
    both.operations.add().start_workflow.CopyFrom(start)
    both.operations[
        0
    ].start_workflow.workflow_id_conflict_policy = WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING
    both.operations.add().update_workflow.CopyFrom(update)
    with_start = api.SignalWithStartWorkflowExecutionRequest(
        namespace=namespace,
        workflow_id=living.workflow_id,
        workflow_type=start.workflow_type,
        task_queue=start.task_queue,
        signal_name="s",
    )
    return [
        lean.start_request(f"{living.workflow_id}-new", living.queue),
        api.SignalWorkflowExecutionRequest(
            namespace=namespace, workflow_execution=execution, signal_name="s", input=lean.text_payloads("x")
        ),
        with_start,
        update,
        both,
        api.PollWorkflowExecutionUpdateRequest(
            namespace=namespace,
            update_ref=UpdateRef(workflow_execution=execution, update_id="u"),
            wait_policy=WaitPolicy(lifecycle_stage=_STAGE.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED),
        ),
        api.QueryWorkflowRequest(namespace=namespace, execution=execution, query=WorkflowQuery(query_type="q")),
        api.RequestCancelWorkflowExecutionRequest(namespace=namespace, workflow_execution=execution, reason="r"),
        api.TerminateWorkflowExecutionRequest(
            namespace=namespace, workflow_execution=execution, reason="r", details=lean.text_payloads("d")
        ),
        api.DeleteWorkflowExecutionRequest(namespace=namespace, workflow_execution=execution),
    ]


def of_looking(living: Living) -> list[Message]:
    namespace, execution = lean.NAMESPACE, living.execution
    query = "WorkflowType = 'Lean'"
    return [
        api.DescribeWorkflowExecutionRequest(namespace=namespace, execution=execution),
        api.GetWorkflowExecutionHistoryRequest(namespace=namespace, execution=execution),
        api.GetWorkflowExecutionHistoryReverseRequest(namespace=namespace, execution=execution),
        api.ListWorkflowExecutionsRequest(namespace=namespace, query=query, page_size=2),
        api.ScanWorkflowExecutionsRequest(namespace=namespace, query=query, page_size=2),
        api.CountWorkflowExecutionsRequest(namespace=namespace, query="GROUP BY ExecutionStatus"),
        api.ListOpenWorkflowExecutionsRequest(
            namespace=namespace,
            start_time_filter=StartTimeFilter(),
            execution_filter=WorkflowExecutionFilter(workflow_id=living.workflow_id),
        ),
        api.ListClosedWorkflowExecutionsRequest(
            namespace=namespace,
            start_time_filter=StartTimeFilter(),
            execution_filter=WorkflowExecutionFilter(workflow_id=living.workflow_id),
        ),
    ]


def of_workers(living: Living) -> list[Message]:
    namespace, workflow_id = lean.NAMESPACE, living.workflow_id
    task, activity = living.workflow_token, living.activity_token
    ids: ActivityIds = {"namespace": namespace, "workflow_id": workflow_id, "activity_id": ACTIVITY}
    details = lean.text_payloads("details")
    found: list[Message] = [
        lean.workflow_poll(living.queue),
        lean.activity_poll(living.queue),
        api.RespondWorkflowTaskCompletedRequest(
            namespace=namespace, task_token=task, identity="fuzz", commands=all_commands(workflow_id)
        ),
        api.RespondWorkflowTaskFailedRequest(namespace=namespace, task_token=task, identity="fuzz"),
        api.RespondActivityTaskCompletedRequest(namespace=namespace, task_token=activity, result=details),
        api.RespondActivityTaskFailedRequest(
            namespace=namespace, task_token=activity, last_heartbeat_details=details, identity="fuzz"
        ),
        api.RespondActivityTaskCanceledRequest(namespace=namespace, task_token=activity, details=details),
        api.RecordActivityTaskHeartbeatRequest(namespace=namespace, task_token=activity, details=details),
        api.RespondActivityTaskCompletedByIdRequest(**ids, result=details),
        api.RespondActivityTaskFailedByIdRequest(**ids, last_heartbeat_details=details),
        api.RespondActivityTaskCanceledByIdRequest(**ids, details=details),
        api.RecordActivityTaskHeartbeatByIdRequest(**ids, details=details),
        api.ResetStickyTaskQueueRequest(namespace=namespace, execution=living.execution),
        api.ShutdownWorkerRequest(namespace=namespace, sticky_task_queue="sticky", identity="fuzz"),
        api.RecordWorkerHeartbeatRequest(
            namespace=namespace, worker_heartbeat=[WorkerHeartbeat(worker_instance_key="k", task_queue=living.queue)]
        ),
        api.DescribeTaskQueueRequest(
            namespace=namespace,
            task_queue=TaskQueue(name=living.queue),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
        ),
    ]
    return found


def all_commands(workflow_id: str) -> list[commands.Command]:
    """One command of each kind that needs nothing else, the end of the run last."""
    child = commands.StartChildWorkflowExecutionCommandAttributes(workflow_id=f"{workflow_id}-child")
    child.workflow_type.name = "Lean"
    other = WorkflowExecution(workflow_id=f"{workflow_id}-other")
    return [
        lean.schedule_activity(ACTIVITY, workflow_id),
        lean.start_timer("t", 60_000),
        commands.Command(
            command_type=CommandType.COMMAND_TYPE_RECORD_MARKER,
            record_marker_command_attributes=commands.RecordMarkerCommandAttributes(marker_name="m"),
        ),
        commands.Command(
            command_type=CommandType.COMMAND_TYPE_START_CHILD_WORKFLOW_EXECUTION,
            start_child_workflow_execution_command_attributes=child,
        ),
        commands.Command(
            command_type=CommandType.COMMAND_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION,
            signal_external_workflow_execution_command_attributes=commands.SignalExternalWorkflowExecutionCommandAttributes(
                execution=other, signal_name="s"
            ),
        ),
        commands.Command(
            command_type=CommandType.COMMAND_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION,
            request_cancel_external_workflow_execution_command_attributes=commands.RequestCancelExternalWorkflowExecutionCommandAttributes(
                workflow_id=other.workflow_id
            ),
        ),
        lean.complete_workflow(),
    ]


def of_namespaces() -> list[Message]:
    return [
        api.RegisterNamespaceRequest(
            namespace="fuzzed", workflow_execution_retention_period=Duration(seconds=86_400), description="d"
        ),
        api.DescribeNamespaceRequest(namespace=lean.NAMESPACE),
        api.ListNamespacesRequest(page_size=2),
    ]


def of_operators() -> list[Message]:
    attributes = {"Fuzzed": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD}
    return [
        operator.AddSearchAttributesRequest(namespace=lean.NAMESPACE, search_attributes=attributes),
        operator.ListSearchAttributesRequest(namespace=lean.NAMESPACE),
        operator.RemoveSearchAttributesRequest(namespace=lean.NAMESPACE, search_attributes=["Fuzzed"]),
        operator.ListClustersRequest(page_size=2),
    ]
