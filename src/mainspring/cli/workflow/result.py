"""`mainspring workflow result`."""

from __future__ import annotations

from temporalio.api.common.v1 import WorkflowExecution

from mainspring.cli import remote
from mainspring.cli.session import Session
from mainspring.cli.workflow.closing import ending_json, fail_unless_completed, show_ending
from mainspring.cli.workflow.event_pages import final_event
from mainspring.cli.workflow.target import target_options


@remote.command("result", failed="failed getting close event")
@target_options
async def command(session: Session, target: WorkflowExecution) -> None:
    """Wait for the result of a workflow and print it. The exit status is 1 if it does not complete."""
    event = await final_event(session, target)
    session.output.json(
        {
            "workflowId": target.workflow_id,
            "runId": target.run_id,
            "namespace": session.namespace,
            **ending_json(session.output, event),
        }
    )
    show_ending(session.output, event)
    fail_unless_completed(event)
