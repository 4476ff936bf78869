"""`mainspring activity complete` and `fail`: what a worker would say, said in its place."""

from __future__ import annotations

import click
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.api.failure.v1 import ApplicationFailureInfo, Failure
from temporalio.api.workflowservice.v1 import (
    RespondActivityTaskCompletedByIdRequest,
    RespondActivityTaskFailedByIdRequest,
)

from mainspring.cli import remote
from mainspring.cli.activity.target import RUN_ID, WORKFLOW_ID
from mainspring.cli.output.proto_json import is_json
from mainspring.cli.session import Session

ACTIVITY_ID = click.option("--activity-id", "-a", required=True, help="Activity. Required.")


@remote.command("complete", failed="unable to complete Activity")
@ACTIVITY_ID
@WORKFLOW_ID
@RUN_ID
@click.option("--result", required=True, help="Result as JSON. Required.")
async def complete(session: Session, activity_id: str, workflow_id: str, run_id: str, result: str) -> None:
    """Complete an activity with a result; what its worker says afterwards is not heard."""
    request = RespondActivityTaskCompletedByIdRequest(
        namespace=session.namespace,
        workflow_id=workflow_id,
        run_id=run_id,
        activity_id=activity_id,
        result=json_payloads(result),
        identity=session.identity,
    )
    await session.workflow.respond_activity_task_completed_by_id(request)
    session.output.line("Activity completed")


@remote.command("fail", failed="unable to fail Activity")
@ACTIVITY_ID
@WORKFLOW_ID
@RUN_ID
@click.option("--detail", default="", help="Details of the failure as JSON.")
@click.option("--reason", default="", help="Message of the failure.")
async def fail(session: Session, activity_id: str, *, workflow_id: str, run_id: str, detail: str, reason: str) -> None:
    """Fail an activity for good: it is not tried again."""
    details = json_payloads(detail) if detail else None
    failure = Failure(
        message=reason,
        source="CLI",
        application_failure_info=ApplicationFailureInfo(non_retryable=True, details=details),
    )
    request = RespondActivityTaskFailedByIdRequest(
        namespace=session.namespace,
        workflow_id=workflow_id,
        run_id=run_id,
        activity_id=activity_id,
        failure=failure,
        identity=session.identity,
    )
    await session.workflow.respond_activity_task_failed_by_id(request)
    session.output.line("Activity failed")


def json_payloads(text: str) -> Payloads:
    """The text as it is, if it is JSON.

    Raises: click.ClickException: it is not.
    """
    data = text.encode("utf-8", "surrogateescape")
    if not is_json(data):
        raise click.ClickException("input #1 is not valid JSON")
    return Payloads(payloads=[Payload(metadata={"encoding": b"json/plain"}, data=data)])
