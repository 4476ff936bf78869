"""What `waiting` is given, and what it answers with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

import msgspec
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflowservice.v1 import DescribeTaskQueueResponse, DescribeWorkflowExecutionResponse

from mainspring.explain.failure_text import FailureText
from mainspring.explain.times import Nanos

QueueKey = tuple[str, TaskQueueType.ValueType]
"""The name of a task queue, and which of its kinds of tasks."""


class Kind(StrEnum):
    """Why a run does not go on. In order: what stops it altogether and wants a person comes first."""

    CLOSED = "closed"
    PAUSED = "paused"
    NO_WORKER = "no_worker"
    WORKFLOW_TASK_FAILING = "workflow_task_failing"
    ACTIVITY_PAUSED = "activity_paused"
    ACTIVITY_NO_WORKER = "activity_no_worker"
    ACTIVITY_FAILING = "activity_failing"
    NEXUS_FAILING = "nexus_failing"
    START_DELAY = "start_delay"
    WORKFLOW_TASK_STARTED = "workflow_task_started"
    WORKFLOW_TASK_SCHEDULED = "workflow_task_scheduled"
    ACTIVITY_STARTED = "activity_started"
    ACTIVITY_SCHEDULED = "activity_scheduled"
    NEXUS = "nexus"
    CHILD = "child"
    TIMER = "timer"
    MESSAGE = "message"  # a signal or an update: nothing else is pending


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked of the server. Only `described` is needed; with the rest the answer says more.

    `newest`: the run's newest events, the newest first; as many as were read, with no gap between them.
    """

    described: DescribeWorkflowExecutionResponse
    newest: Sequence[HistoryEvent] = ()
    queues: Mapping[QueueKey, DescribeTaskQueueResponse] = {}


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a run waits for, or how it ended.

    `sentence` says it whole. `subject` is the name of the activity, child, timer, or task queue. `is_bad`: it will not
    get better by itself, or has failed at least once.
    """

    kind: Kind
    sentence: str
    subject: str = ""
    is_bad: bool = False
    since_at: Nanos | None = None
    until_at: Nanos | None = None
    attempt: int = 0
    failure: FailureText | None = None
    workflow_id: str = ""  # of the child that is waited for
    run_id: str = ""
