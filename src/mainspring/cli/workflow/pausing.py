"""`mainspring workflow pause` and `unpause`."""

from __future__ import annotations

import click
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import PauseWorkflowExecutionRequest, UnpauseWorkflowExecutionRequest

from mainspring.cli import remote
from mainspring.cli.session import Session
from mainspring.cli.workflow.target import target_options

REASON = click.option("--reason", default="", help="Why.")


@remote.command("pause", failed="failed to pause workflow")
@target_options
@REASON
async def pause(session: Session, target: WorkflowExecution, reason: str) -> None:
    """Pause a workflow: none of its tasks is given to workers any more."""
    await session.workflow.pause_workflow_execution(
        PauseWorkflowExecutionRequest(
            namespace=session.namespace,
            workflow_id=target.workflow_id,
            run_id=target.run_id,
            identity=session.identity,
            reason=reason,
        )
    )
    session.output.line("Workflow Execution paused")


@remote.command("unpause", failed="failed to unpause workflow")
@target_options
@REASON
async def unpause(session: Session, target: WorkflowExecution, reason: str) -> None:
    """Let a paused workflow go on."""
    await session.workflow.unpause_workflow_execution(
        UnpauseWorkflowExecutionRequest(
            namespace=session.namespace,
            workflow_id=target.workflow_id,
            run_id=target.run_id,
            identity=session.identity,
            reason=reason,
        )
    )
    session.output.line("Workflow Execution unpaused")
