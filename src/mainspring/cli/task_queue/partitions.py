"""`mainspring task-queue list-partition`."""

from __future__ import annotations

from temporalio.api.workflowservice.v1 import ListTaskQueuePartitionsRequest

from mainspring.cli import remote
from mainspring.cli.session import Session
from mainspring.cli.task_queue.kinds import NAME, normal


@remote.command("list-partition", failed="unable to list task queues")
@NAME
async def command(session: Session, task_queue: str) -> None:
    """List the partitions that a task queue is kept in."""
    request = ListTaskQueuePartitionsRequest(namespace=session.namespace, task_queue=normal(task_queue))
    reply = await session.workflow.list_task_queue_partitions(request)
    output = session.output
    output.message(reply)
    partitions = {
        "Workflow Task Queue Partitions": reply.workflow_task_queue_partitions,
        "Activity Task Queue Partitions": reply.activity_task_queue_partitions,
    }
    for title, found in partitions.items():
        output.heading(title)
        output.table(("Key", "OwnerHostName"), [[one.key, one.owner_host_name] for one in found])
