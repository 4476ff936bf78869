"""Operations on all that a query finds, done by the server: the question before, the request, and its id."""

from __future__ import annotations

import uuid

import msgspec
from temporalio.api.workflowservice.v1 import (
    CountActivityExecutionsRequest,
    CountWorkflowExecutionsRequest,
    StartBatchOperationRequest,
)

from mainspring.cli import remote
from mainspring.cli.asking import confirm
from mainspring.cli.session import Session


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be operated on, and how."""

    query: str
    reason: str = ""
    """Names the user unless it is given."""
    rps: float = 0
    """How many a second at most; 0 is as many as the server can."""
    yes: bool = False
    """Whether the question is answered already."""
    is_of_activities: bool = False
    """Standalone activities instead of workflows."""


async def start_batch(session: Session, batch: Batch, operation: StartBatchOperationRequest) -> None:
    """Ask, and let the server do the operation for each that the query finds.

    Raises: click.ClickException: the answer was no, or the server does not do it.
    """
    await confirm_batch(session, batch)
    request = StartBatchOperationRequest(
        namespace=session.namespace,
        job_id=str(uuid.uuid4()),
        visibility_query=batch.query,
        reason=batch.reason or session.default_reason,
        max_operations_per_second=batch.rps,
    )
    request.MergeFrom(operation)
    with remote.failing("failed starting batch operation"):
        await session.workflow.start_batch_operation(request)
    session.output.json({"batchJobId": request.job_id})
    session.output.line(f"Started batch for job ID: {request.job_id}")


async def confirm_batch(session: Session, batch: Batch) -> None:
    """Ask whether the operation is meant, with the number of those that the query finds.

    Raises: click.ClickException: it is not.
    """
    of_all = "standalone activities" if batch.is_of_activities else "workflows"
    if batch.yes:
        confirm(session.output, f"Start batch against {of_all} matching query {batch.query!r}?", yes=True)
        return
    with remote.failing(f"failed counting {of_all} from query"):
        count = await count_of(session, batch)
    of_some = of_all if batch.is_of_activities else "workflow(s)"
    confirm(session.output, f"Start batch against approximately {count} {of_some}?", yes=False)


async def count_of(session: Session, batch: Batch) -> int:
    if batch.is_of_activities:
        activities = CountActivityExecutionsRequest(namespace=session.namespace, query=batch.query)
        return (await session.workflow.count_activity_executions(activities)).count
    workflows = CountWorkflowExecutionsRequest(namespace=session.namespace, query=batch.query)
    return (await session.workflow.count_workflow_executions(workflows)).count
