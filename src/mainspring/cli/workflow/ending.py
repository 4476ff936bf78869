"""`mainspring workflow cancel`, `terminate` and `delete`."""

from __future__ import annotations

import uuid

from temporalio.api.batch.v1 import BatchOperationCancellation, BatchOperationDeletion, BatchOperationTermination
from temporalio.api.workflowservice.v1 import (
    DeleteWorkflowExecutionRequest,
    RequestCancelWorkflowExecutionRequest,
    StartBatchOperationRequest,
    TerminateWorkflowExecutionRequest,
)

from mainspring.cli import remote
from mainspring.cli.asking import confirm, warn_if_global
from mainspring.cli.batches import start_batch
from mainspring.cli.payload_inputs import HEADERS
from mainspring.cli.session import Session
from mainspring.cli.workflow.selection import Selection, selection_options


@remote.command("cancel", failed="failed to cancel workflow")
@selection_options()
@HEADERS
async def cancel(session: Session, selection: Selection, headers: object) -> None:  # noqa: ARG001  # official scripts give them
    """Ask a workflow, or those of a query, to end. Its code hears of it and may clean up, or go on."""
    if selection.target is None:
        operation = BatchOperationCancellation(identity=session.identity)
        await start_batch(session, selection.batch, StartBatchOperationRequest(cancellation_operation=operation))
        return
    await session.workflow.request_cancel_workflow_execution(
        RequestCancelWorkflowExecutionRequest(
            namespace=session.namespace,
            workflow_execution=selection.target,
            identity=session.identity,
            request_id=str(uuid.uuid4()),
        )
    )
    session.output.line("Canceled workflow")


@remote.command("terminate", failed="failed to terminate workflow")
@selection_options("reason")
async def terminate(session: Session, selection: Selection) -> None:
    """End a workflow, or those of a query, by force. Its code does not hear of it."""
    if selection.target is None:
        operation = BatchOperationTermination(identity=session.identity)
        await start_batch(session, selection.batch, StartBatchOperationRequest(termination_operation=operation))
        return
    await session.workflow.terminate_workflow_execution(
        TerminateWorkflowExecutionRequest(
            namespace=session.namespace,
            workflow_execution=selection.target,
            reason=selection.reason or session.default_reason,
            identity=session.identity,
        )
    )
    session.output.line("Workflow terminated")


@remote.command("delete", failed="failed to delete workflow")
@selection_options("yes")
@HEADERS
async def delete(session: Session, selection: Selection, headers: object) -> None:  # noqa: ARG001  # official scripts give them
    """Delete a workflow and its history, or those of a query. One that is running is terminated."""
    await warn_if_global(session)
    target = selection.target
    if target is None:
        operation = BatchOperationDeletion(identity=session.identity)
        await start_batch(session, selection.batch, StartBatchOperationRequest(deletion_operation=operation))
        return
    run = f' with Run ID "{target.run_id}"' if target.run_id else ""
    confirm(session.output, f'Delete Workflow "{target.workflow_id}"{run}?', yes=selection.yes)
    request = DeleteWorkflowExecutionRequest(namespace=session.namespace, workflow_execution=target)
    await session.workflow.delete_workflow_execution(request)
    session.output.line("Delete workflow succeeded")
