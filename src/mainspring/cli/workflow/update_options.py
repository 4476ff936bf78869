"""`mainspring workflow update-options`."""

from __future__ import annotations

from temporalio.api.batch.v1 import BatchOperationUpdateWorkflowExecutionOptions
from temporalio.api.workflowservice.v1 import StartBatchOperationRequest, UpdateWorkflowExecutionOptionsRequest

from mainspring.cli import remote
from mainspring.cli.batches import start_batch
from mainspring.cli.payload_inputs import HEADERS
from mainspring.cli.session import Session
from mainspring.cli.workflow.selection import Selection, selection_options
from mainspring.cli.workflow.versioning_override import Override, override_options


@remote.command("update-options", failed="failed to update workflow options")
@selection_options()
@override_options("unspecified", "pinned", "one_time", "auto_upgrade", required=True)
@HEADERS
async def command(session: Session, selection: Selection, override: Override, headers: object) -> None:  # noqa: ARG001  # official scripts give them
    """Change on which version of a deployment a workflow runs, or those of a query."""
    options, mask = override.options
    if selection.target is None:
        operation = BatchOperationUpdateWorkflowExecutionOptions(
            identity=session.identity, workflow_execution_options=options, update_mask=mask
        )
        request = StartBatchOperationRequest(update_workflow_options_operation=operation)
        await start_batch(session, selection.batch, request)
        return
    await session.workflow.update_workflow_execution_options(
        UpdateWorkflowExecutionOptionsRequest(
            namespace=session.namespace,
            workflow_execution=selection.target,
            workflow_execution_options=options,
            update_mask=mask,
            identity=session.identity,
        )
    )
    session.output.line("Update workflow options succeeded")
