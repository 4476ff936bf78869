"""`mainspring activity cancel`, `terminate` and `delete`, of activities that stand alone."""

from __future__ import annotations

import uuid

from temporalio.api.batch.v1 import (
    BatchOperationCancelActivities,
    BatchOperationDeleteActivities,
    BatchOperationTerminateActivities,
)
from temporalio.api.workflowservice.v1 import (
    DeleteActivityExecutionRequest,
    RequestCancelActivityExecutionRequest,
    StartBatchOperationRequest,
    TerminateActivityExecutionRequest,
)

from mainspring.cli import remote
from mainspring.cli.activity.target import Selection, standalone_options
from mainspring.cli.asking import confirm, warn_if_global
from mainspring.cli.batches import start_batch
from mainspring.cli.session import Session


@remote.command("cancel", failed="failed to request activity cancellation")
@standalone_options("reason")
async def cancel(session: Session, selection: Selection) -> None:
    """Ask a standalone activity, or those of a query, to end. Its code hears of it and may clean up, or go on."""
    if selection.query:
        operation = BatchOperationCancelActivities(identity=session.identity, reason=selection.reason)
        request = StartBatchOperationRequest(cancel_activities_operation=operation)
        await start_batch(session, selection.batch(is_of_activities=True), request)
        return
    await session.workflow.request_cancel_activity_execution(
        RequestCancelActivityExecutionRequest(
            namespace=session.namespace,
            activity_id=selection.activity_id,
            run_id=selection.run_id,
            identity=session.identity,
            request_id=str(uuid.uuid4()),
            reason=selection.reason,
        )
    )
    session.output.line("Cancellation requested")


@remote.command("terminate", failed="failed to terminate activity")
@standalone_options("reason")
async def terminate(session: Session, selection: Selection) -> None:
    """End a standalone activity, or those of a query, by force. Its code does not hear of it."""
    reason = selection.reason or session.default_reason
    if selection.query:
        operation = BatchOperationTerminateActivities(identity=session.identity, reason=reason)
        request = StartBatchOperationRequest(terminate_activities_operation=operation)
        await start_batch(session, selection.batch(is_of_activities=True), request)
        return
    await session.workflow.terminate_activity_execution(
        TerminateActivityExecutionRequest(
            namespace=session.namespace,
            activity_id=selection.activity_id,
            run_id=selection.run_id,
            identity=session.identity,
            request_id=str(uuid.uuid4()),
            reason=reason,
        )
    )
    session.output.line("Activity terminated")


@remote.command("delete", failed="failed to delete standalone activity")
@standalone_options("reason", "yes")
async def delete(session: Session, selection: Selection) -> None:
    """Delete a standalone activity, or those of a query. One that is running is terminated."""
    await warn_if_global(session)
    if selection.query:
        request = StartBatchOperationRequest(delete_activities_operation=BatchOperationDeleteActivities())
        await start_batch(session, selection.batch(is_of_activities=True), request)
        return
    run = f' with Run ID "{selection.run_id}"' if selection.run_id else ""
    confirm(session.output, f'Delete Standalone Activity "{selection.activity_id}"{run}?', yes=selection.yes)
    await session.workflow.delete_activity_execution(
        DeleteActivityExecutionRequest(
            namespace=session.namespace, activity_id=selection.activity_id, run_id=selection.run_id
        )
    )
    session.output.line("Delete activity succeeded")
