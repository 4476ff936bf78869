"""Types of task queues, in words."""

from __future__ import annotations

from typing import Final

import click
from temporalio.api.enums.v1 import TaskQueueKind, TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue

TYPES: Final = {
    "workflow": TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    "activity": TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
    "nexus": TaskQueueType.TASK_QUEUE_TYPE_NEXUS,
}
NAME = click.option("--task-queue", "-t", required=True, help="Task queue. Required.")
TYPE = click.option("--task-queue-type", required=True, type=click.Choice(list(TYPES)), help="Its type. Required.")


def type_words(number: int) -> str:
    return next((word for word, kind in TYPES.items() if kind == number), "unspecified")


def normal(name: str) -> TaskQueue:
    return TaskQueue(name=name, kind=TaskQueueKind.TASK_QUEUE_KIND_NORMAL)
