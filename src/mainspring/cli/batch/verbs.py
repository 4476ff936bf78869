"""`mainspring batch describe`, `list` and `terminate`."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

import click
from temporalio.api.batch.v1 import BatchOperationInfo
from temporalio.api.enums.v1 import BatchOperationState, BatchOperationType
from temporalio.api.workflowservice.v1 import (
    DescribeBatchOperationRequest,
    ListBatchOperationsRequest,
    StopBatchOperationRequest,
)

from mainspring.cli import remote
from mainspring.cli.output import Value
from mainspring.cli.output.words import enum_words, instant
from mainspring.cli.paging import pages, show_list
from mainspring.cli.session import Session
from mainspring.service import RPCError, RPCStatusCode

COLUMNS: Final = ("JobId", "State", "StartTime", "CloseTime")
JOB_ID = click.option("--job-id", required=True, help="Batch operation. Required.")


@remote.command("describe", failed="failed to describe batch job")
@JOB_ID
async def describe(session: Session, job_id: str) -> None:
    """Show how far a batch operation is."""
    request = DescribeBatchOperationRequest(namespace=session.namespace, job_id=job_id)
    with found(job_id):
        reply = await session.workflow.describe_batch_operation(request)
    output, total = session.output, reply.total_operation_count
    output.message(reply)
    output.card(
        {
            "State": enum_words(BatchOperationState, reply.state),
            "Type": enum_words(BatchOperationType, reply.operation_type),
            "StartTime": instant(reply.start_time),
            "CloseTime": instant(reply.close_time),
            "CompletedCount": f"{reply.complete_operation_count}/{total}",
            "FailureCount": f"{reply.failure_operation_count}/{total}",
        }
    )


@remote.command("list", failed="failed to list batch jobs")
@click.option("--limit", type=click.IntRange(min=0), default=0, help="Show that many at most.")
async def list_(session: Session, limit: int) -> None:
    """List batch operations."""
    request = ListBatchOperationsRequest(namespace=session.namespace)
    listed = pages(session.workflow.list_batch_operations, request, "operation_info")
    await show_list(session.output, listed, COLUMNS, row, limit=limit)


def row(info: BatchOperationInfo) -> list[Value]:
    state = enum_words(BatchOperationState, info.state)
    return [info.job_id, state, instant(info.start_time), instant(info.close_time)]


@remote.command("terminate", failed="failed to terminate batch job")
@JOB_ID
@click.option("--reason", required=True, help="Why. Required.")
async def terminate(session: Session, job_id: str, reason: str) -> None:
    """Stop a batch operation; what it has done already stays done."""
    request = StopBatchOperationRequest(
        namespace=session.namespace, job_id=job_id, reason=reason, identity=session.identity
    )
    with found(job_id):
        await session.workflow.stop_batch_operation(request)
    session.output.line(f"Terminated Batch Job '{job_id}'")


@contextmanager
def found(job_id: str) -> Generator[None]:
    """Name the operation if there is none of that id.

    Raises: click.ClickException: so it is.
    """
    try:
        yield
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        raise click.ClickException(f"could not find Batch Job '{job_id}'") from error
