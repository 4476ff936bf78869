"""Updates as calls: sent until they are accepted, waited for until they have an outcome.

options  --Updating.request-->  UpdateWorkflowExecutionRequest  --accepted-->  reply  --outcome-->  Outcome
"""

from __future__ import annotations

import uuid
from typing import Final

import click
import msgspec
from temporalio.api.common.v1 import Payload, Payloads, WorkflowExecution
from temporalio.api.enums.v1 import UpdateWorkflowExecutionLifecycleStage as Stage
from temporalio.api.failure.v1 import Failure
from temporalio.api.update.v1 import Input, Meta, Outcome, Request, UpdateRef, WaitPolicy
from temporalio.api.workflowservice.v1 import (
    PollWorkflowExecutionUpdateRequest,
    UpdateWorkflowExecutionRequest,
    UpdateWorkflowExecutionResponse,
)

from mainspring.cli.output import Value
from mainspring.cli.payload_inputs import header_of
from mainspring.cli.session import Session

ACCEPTED: Final = Stage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ACCEPTED
COMPLETED: Final = Stage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED
REFUSED: Final = "unable to update workflow"


class Updating(msgspec.Struct, frozen=True, kw_only=True):
    """What to send, and to which run."""

    workflow_id: str
    run_id: str
    first_execution_run_id: str
    update_id: str
    name: str
    headers: tuple[tuple[str, str], ...] = ()

    def request(self, session: Session, args: Payloads, *, until: Stage.ValueType) -> UpdateWorkflowExecutionRequest:
        """The request to send it, with a random id if none was given; the server may answer at the stage `until`.

        Raises: click.ClickException: a header is no JSON.
        """
        return UpdateWorkflowExecutionRequest(
            namespace=session.namespace,
            workflow_execution=WorkflowExecution(workflow_id=self.workflow_id, run_id=self.run_id),
            first_execution_run_id=self.first_execution_run_id,
            wait_policy=WaitPolicy(lifecycle_stage=until),
            request=Request(
                meta=Meta(update_id=self.update_id or str(uuid.uuid4()), identity=session.identity),
                input=Input(name=self.name, args=args if args.payloads else None, header=header_of(self.headers)),
            ),
        )


async def accepted(session: Session, request: UpdateWorkflowExecutionRequest) -> UpdateWorkflowExecutionResponse:
    """Send an update until a worker has taken it or refused it; the server may answer before."""
    while True:
        reply = await session.workflow.update_workflow_execution(request)
        if reply.stage >= ACCEPTED:
            return reply


async def outcome(session: Session, update: UpdateRef) -> Outcome:
    """Wait for the outcome of an update that was accepted. A server that restarts meanwhile is waited for."""
    request = PollWorkflowExecutionUpdateRequest(
        namespace=session.namespace,
        update_ref=update,
        identity=session.identity,
        wait_policy=WaitPolicy(lifecycle_stage=COMPLETED),
    )
    is_first = True
    while True:
        reply = await session.workflow.poll_workflow_execution_update(request, retry=not is_first)
        if reply.HasField("outcome"):
            return reply.outcome
        is_first = False


def fail_if_failed(found: Outcome) -> None:
    """An update that failed, or was refused, makes the command fail.

    Raises: click.ClickException: it was.
    """
    if found.HasField("failure"):
        raise click.ClickException(f"{REFUSED}: {found.failure.message}")


def result_of(found: Outcome) -> Payload | None:
    """The result; None if the update returned nothing."""
    return found.success.payloads[0] if found.success.payloads else None


def failure_facts(failure: Failure) -> dict[str, Value]:
    """A failure as JSON has it: in the words of the official command line, whose SDK adds type and cause."""
    application = failure.application_failure_info
    text = failure.message
    if application.type:
        text += f" (type: {application.type}, retryable: {str(not application.non_retryable).lower()})"
    if failure.HasField("cause"):
        text += f": {failure.cause.message}"
    facts: dict[str, Value] = {"message": text, "type": application.type or None}
    if application.details.payloads:
        facts["details"] = application.details.payloads[0]
    return {name: value for name, value in facts.items() if value is not None}
