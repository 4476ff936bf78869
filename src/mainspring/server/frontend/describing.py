"""What a run and a task queue look like now: DescribeWorkflowExecution, DescribeTaskQueue, ListTaskQueuePartitions.

Checks and finding are here; `run_descriptions` and `queue_descriptions` build the answers.
"""

from __future__ import annotations

from temporalio.api.enums.v1 import DescribeTaskQueueMode, TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueuePartitionMetadata
from temporalio.api.workflowservice.v1 import (
    DescribeTaskQueueRequest,
    DescribeTaskQueueResponse,
    DescribeWorkflowExecutionRequest,
    DescribeWorkflowExecutionResponse,
    ListTaskQueuePartitionsRequest,
    ListTaskQueuePartitionsResponse,
)

from mainspring.server.engine import names
from mainspring.server.engine.changes import QueueKey, TaskKind
from mainspring.server.engine.errors import InvalidArgument
from mainspring.server.engine.limits import Limits
from mainspring.server.frontend import queue_descriptions, requests, run_descriptions
from mainspring.server.frontend.call import Call
from mainspring.server.frontend.namespaces import NamespaceRegistry
from mainspring.server.history import History
from mainspring.server.matching.matching import Matching
from mainspring.server.matching.records import QueueDescription

_KINDS: dict[int, TaskKind] = {
    TaskQueueType.TASK_QUEUE_TYPE_UNSPECIFIED: TaskKind.WORKFLOW,
    TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW: TaskKind.WORKFLOW,
    TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY: TaskKind.ACTIVITY,
}


class Describing:
    """See the module."""

    def __init__(self, history: History, matching: Matching, registry: NamespaceRegistry) -> None:
        self._history = history
        self._matching = matching
        self._registry = registry

    async def describe_workflow_execution(
        self, request: DescribeWorkflowExecutionRequest, _call: Call
    ) -> DescribeWorkflowExecutionResponse:
        """State, pending items and options of one run."""
        namespace_id, _ = self._namespace(request.namespace)
        requests.check_execution(request.execution, is_set=request.HasField("execution"))
        runs, execution = self._history.runs, request.execution
        key, response = await runs.look_named(
            namespace_id,
            execution.workflow_id,
            execution.run_id,
            lambda run: (run.key, run_descriptions.describe(run, runs.clock())),
        )
        run_descriptions.add_from_first_event(response, await runs.event(key, 1))
        return response

    async def describe_task_queue(self, request: DescribeTaskQueueRequest, _call: Call) -> DescribeTaskQueueResponse:
        """Pollers, backlog and rates of a queue, in one of two shapes."""
        namespace_id, limits = self._namespace(request.namespace)
        if not request.HasField("task_queue"):
            raise InvalidArgument("taskQueue is not set")
        if request.api_mode == DescribeTaskQueueMode.DESCRIBE_TASK_QUEUE_MODE_ENHANCED:
            names.check_task_queue(request.task_queue, limits)
            queue_descriptions.check_enhanced(request)
            described = {
                kind: self._described(namespace_id, request.task_queue.name, kind)
                for kind in queue_descriptions.types_of(request)
            }
            return queue_descriptions.enhanced(described, request)
        queue_descriptions.check_partition(request.task_queue, limits)
        if request.report_stats and not queue_descriptions.is_root(request.task_queue):
            raise InvalidArgument("DescribeTaskQueue stats are only supported for the root partition")
        one = self._described(namespace_id, request.task_queue.name, request.task_queue_type)
        return queue_descriptions.plain(one, request)

    async def list_task_queue_partitions(
        self, request: ListTaskQueuePartitionsRequest, _call: Call
    ) -> ListTaskQueuePartitionsResponse:
        """A queue is one partition of each kind, named like itself."""
        _, limits = self._namespace(request.namespace)
        if not request.HasField("task_queue"):
            raise InvalidArgument("taskQueue is not set")
        names.check_task_queue(request.task_queue, limits)
        partition = TaskQueuePartitionMetadata(key=request.task_queue.name)
        return ListTaskQueuePartitionsResponse(
            activity_task_queue_partitions=[partition], workflow_task_queue_partitions=[partition]
        )

    def _namespace(self, name: str) -> tuple[str, Limits]:
        record = self._registry.served(name)
        return record.id, self._history.runs.namespaces.settings(record.id).limits

    def _described(self, namespace_id: str, name: str, queue_type: int) -> QueueDescription:
        kind = _KINDS.get(queue_type)
        if kind is None:
            return queue_descriptions.NOTHING
        return self._matching.describe(QueueKey(namespace_id, name, kind))
