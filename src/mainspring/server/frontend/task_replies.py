"""Tasks as workers get them: the API's poll replies, made of what the history room started.

History travels as bytes (`RawReply`): it is never decoded or encoded again on its way.
"""

from __future__ import annotations

import msgspec
from temporalio.api.common.v1 import Payloads
from temporalio.api.enums.v1 import task_queue_pb2
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.query.v1 import WorkflowQuery
from temporalio.api.workflowservice.v1 import PollActivityTaskQueueResponse, PollWorkflowTaskQueueResponse

from mainspring.server.engine import retry
from mainspring.server.engine.changes import RunKey
from mainspring.server.engine.records import Activity, Priority
from mainspring.server.engine.times import set_duration, set_instant
from mainspring.server.frontend.call import RawReply
from mainspring.server.frontend.page_tokens import HistoryToken
from mainspring.server.history.activity_tasks import StartedActivity, activity_token
from mainspring.server.history.workflow_tasks import StartedTask, history_bytes

NO_PRIORITY = Priority()
HISTORY_FIELD = PollWorkflowTaskQueueResponse.DESCRIPTOR.fields_by_name["history"]


class QueryTask(msgspec.Struct, frozen=True, kw_only=True):
    """A query as its worker gets it, on a task of its own."""

    token: bytes
    key: RunKey
    workflow_type: str
    task_queue: str
    query: WorkflowQuery
    previous_started_event_id: int
    started_event_id: int
    history: list[bytes]
    next_page_token: bytes
    backlog: int


def workflow_task(task: StartedTask, *, backlog: int = 0) -> RawReply:
    """The reply to a poll that got a workflow task."""
    reply = PollWorkflowTaskQueueResponse(
        task_token=task.token,
        previous_started_event_id=task.previous_started_event_id,
        started_event_id=task.started_event_id,
        attempt=task.attempt,
    )
    if backlog:
        reply.backlog_count_hint = backlog
    if task.next_event_id:
        reply.next_page_token = _next_page(task)
    if task.messages:
        reply.messages.extend(task.messages)
    set_instant(reply.scheduled_time, task.scheduled_at)
    set_instant(reply.started_time, task.started_at)
    _name(reply, task.key, task.workflow_type, task.task_queue)
    for query_id, query in task.queries.items():
        reply.queries[query_id].CopyFrom(query)
    return RawReply(reply, HISTORY_FIELD, history_bytes(task))


def whole(reply: RawReply) -> PollWorkflowTaskQueueResponse:
    """A poll reply as a message, to stand inside another one."""
    message = reply.to_message()
    assert isinstance(message, PollWorkflowTaskQueueResponse), "the reply to a workflow task poll"
    return message


def _name(reply: PollWorkflowTaskQueueResponse, key: RunKey, workflow_type: str, queue: str) -> None:
    execution, normal_queue = reply.workflow_execution, reply.workflow_execution_task_queue
    execution.workflow_id = key.workflow_id
    execution.run_id = key.run_id
    reply.workflow_type.name = workflow_type
    normal_queue.name = queue
    normal_queue.kind = task_queue_pb2.TASK_QUEUE_KIND_NORMAL


def _next_page(task: StartedTask) -> bytes:
    return HistoryToken(
        run_id=task.key.run_id,
        next_event_id=task.next_event_id,
        before_event_id=task.before_event_id,
        is_for_task=True,
    ).encode()


def query_task(task: QueryTask) -> RawReply:
    """The reply to a poll that got a query."""
    reply = PollWorkflowTaskQueueResponse(
        task_token=task.token,
        previous_started_event_id=task.previous_started_event_id,
        started_event_id=task.started_event_id,
        attempt=1,
        backlog_count_hint=task.backlog,
        query=task.query,
        next_page_token=task.next_page_token,
    )
    _name(reply, task.key, task.workflow_type, task.task_queue)
    return RawReply(reply, HISTORY_FIELD, task.history)


def activity_task(started: StartedActivity) -> PollActivityTaskQueueResponse:
    """The reply to a poll that got an activity task."""
    reply = PollActivityTaskQueueResponse()
    fill_activity_task(
        reply,
        (started.key, started.activity, started.scheduled),
        namespace=started.namespace,
        workflow_type=started.workflow_type,
    )
    return reply


def fill_activity_task(
    reply: PollActivityTaskQueueResponse,
    task: tuple[RunKey, Activity, HistoryEvent],
    *,
    namespace: str,
    workflow_type: str,
) -> None:
    """Make a reply to a poll out of an empty one, which may stand in the reply to a workflow task completion."""
    key, activity, scheduled = task
    attributes = scheduled.activity_task_scheduled_event_attributes
    reply.task_token = activity_token(key, activity)
    reply.workflow_namespace = namespace
    reply.activity_id = activity.activity_id
    reply.attempt = activity.attempt
    set_instant(reply.scheduled_time, activity.first_scheduled_at)
    set_instant(reply.current_attempt_scheduled_time, activity.scheduled_at)
    set_instant(reply.started_time, activity.started_at)
    set_duration(reply.schedule_to_close_timeout, activity.schedule_to_close_ns)
    set_duration(reply.start_to_close_timeout, activity.start_to_close_ns)
    set_duration(reply.heartbeat_timeout, activity.heartbeat_ns)
    reply.retry_policy.CopyFrom(retry.policy_of(activity.retry))
    execution = reply.workflow_execution
    execution.workflow_id = key.workflow_id
    execution.run_id = key.run_id
    reply.workflow_type.name = workflow_type
    reply.activity_type.name = activity.activity_type
    if activity.priority != NO_PRIORITY:
        reply.priority.priority_key = activity.priority.key
        reply.priority.fairness_key = activity.priority.fairness_key
        reply.priority.fairness_weight = activity.priority.fairness_weight
    if attributes.HasField("header"):
        reply.header.CopyFrom(attributes.header)
    if attributes.HasField("input"):
        reply.input.CopyFrom(attributes.input)
    if activity.heartbeat_details_bytes:
        reply.heartbeat_details.CopyFrom(Payloads.FromString(activity.heartbeat_details_bytes))
