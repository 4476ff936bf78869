"""What is asked of the server to tell why runs do not go on, for one run or for all of a list.

    runs --describe--> descriptions --queues, each once--> Known --explain--> Reason

What a visitor may not see, or what does not answer, is left out: the rest is told without it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import TaskQueueType, WorkflowExecutionStatus
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflow.v1 import WorkflowExecutionInfo
from temporalio.api.workflowservice.v1 import (
    DescribeTaskQueueRequest,
    DescribeTaskQueueResponse,
    DescribeWorkflowExecutionRequest,
    DescribeWorkflowExecutionResponse,
    GetWorkflowExecutionHistoryReverseRequest,
    GetWorkflowExecutionHistoryReverseResponse,
)

from mainspring.explain.reasons import Known, QueueKey, Reason
from mainspring.explain.waiting import reasons
from mainspring.server.ui.page import Visit
from mainspring.server.ui.service import Refused

RUNNING: Final = WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING
PAUSED: Final = WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_PAUSED
WORKFLOW: Final = TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW
_ACTIVITY: Final = TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY
_OPEN: Final = {RUNNING, PAUSED}
_MOST_QUEUES: Final = 10  # of one run
_AT_A_TIME: Final = 20
_NEWEST: Final = 10  # events, enough to hold the first failure of a workflow task in a row


async def answers(visit: Visit, runs: Sequence[WorkflowExecutionInfo]) -> dict[str, Reason]:
    """Why each open run does not go on, by run id."""
    executions = [run.execution for run in runs if run.status in _OPEN]
    turns = asyncio.Semaphore(_AT_A_TIME)
    found = await asyncio.gather(*(_described(visit, execution, turns) for execution in executions))
    described = [each for each in found if each is not None]
    queues = await queues_of(visit, described)
    histories = await asyncio.gather(*(_newest_if_failing(visit, each) for each in described))
    return {
        each.workflow_execution_info.execution.run_id: _answer(visit, Known(described=each, newest=newest), queues)
        for each, newest in zip(described, histories, strict=True)
    }


async def queues_of(
    visit: Visit, described: Sequence[DescribeWorkflowExecutionResponse]
) -> dict[QueueKey, DescribeTaskQueueResponse]:
    """The queues that the tasks of open runs are in: the workflows', and those of their pending activities."""
    asked = list(dict.fromkeys(key for each in described for key in _keys(each)))
    found = await asyncio.gather(*(_queue(visit, key) for key in asked))
    return {key: queue for key, queue in zip(asked, found, strict=True) if queue is not None}


def _keys(described: DescribeWorkflowExecutionResponse) -> list[QueueKey]:
    info = described.workflow_execution_info
    if info.status not in _OPEN:
        return []
    keys: dict[QueueKey, None] = {(info.task_queue, WORKFLOW): None}
    for activity in described.pending_activities:
        keys[activity.activity_options.task_queue.name or info.task_queue, _ACTIVITY] = None
    return list(keys)[:_MOST_QUEUES]


async def _queue(visit: Visit, key: QueueKey) -> DescribeTaskQueueResponse | None:
    name, kind = key
    request = DescribeTaskQueueRequest(namespace=visit.namespace, task_queue=TaskQueue(name=name), task_queue_type=kind)
    try:
        return await visit.service.call(request, DescribeTaskQueueResponse)
    except Refused:
        return None


async def _described(
    visit: Visit, execution: WorkflowExecution, turns: asyncio.Semaphore
) -> DescribeWorkflowExecutionResponse | None:
    request = DescribeWorkflowExecutionRequest(namespace=visit.namespace, execution=execution)
    async with turns:
        try:
            return await visit.service.call(request, DescribeWorkflowExecutionResponse)
        except Refused:  # gone since it was listed
            return None


async def _newest_if_failing(visit: Visit, described: DescribeWorkflowExecutionResponse) -> Sequence[HistoryEvent]:
    """The newest events of a run whose workflow task fails: they say why. None of any other."""
    if described.pending_workflow_task.attempt <= 1:
        return ()
    request = GetWorkflowExecutionHistoryReverseRequest(
        namespace=visit.namespace,
        execution=described.workflow_execution_info.execution,
        maximum_page_size=_NEWEST,
    )
    try:
        reply = await visit.service.call(request, GetWorkflowExecutionHistoryReverseResponse)
    except Refused:
        return ()
    return reply.history.events[:_NEWEST]


def _answer(visit: Visit, known: Known, queues: Mapping[QueueKey, DescribeTaskQueueResponse]) -> Reason:
    return reasons(Known(described=known.described, newest=known.newest, queues=queues), visit.now)[0]
