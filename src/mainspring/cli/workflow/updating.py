"""`mainspring workflow update start`, `execute`, `result` and `describe`.

`start` and `execute` send an update; `result` waits for one that was sent, and `describe` looks at it.
"""

from __future__ import annotations

import click
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import UpdateWorkflowExecutionLifecycleStage as Stage
from temporalio.api.update.v1 import UpdateRef
from temporalio.api.workflowservice.v1 import PollWorkflowExecutionUpdateRequest

from mainspring.cli import remote
from mainspring.cli.gathering import gathered
from mainspring.cli.output import Value
from mainspring.cli.output.proto_json import tree_of
from mainspring.cli.payload_inputs import HEADERS, Inputs, input_options
from mainspring.cli.session import Session
from mainspring.cli.workflow.target import target_options
from mainspring.cli.workflow.update_calls import (
    ACCEPTED,
    COMPLETED,
    REFUSED,
    Updating,
    accepted,
    fail_if_failed,
    failure_facts,
    outcome,
    result_of,
)

UPDATE_ID = click.option("--update-id", required=True, help="Update. Required.")

sending_options = gathered(
    "updating",
    Updating,
    click.option("--workflow-id", "-w", required=True, help="Workflow. Required."),
    click.option("--run-id", "-r", default="", help="Run; the current one unless it is given."),
    click.option(
        "--first-execution-run-id",
        default="",
        help="First run of the chain that the current run has to belong to.",
    ),
    click.option("--update-id", default="", help="Update; a random one unless it is given."),
    click.option("--name", "--type", "name", required=True, help="Name of the update. Required."),
    HEADERS,
)


@remote.command("start", failed=REFUSED)
@sending_options
@input_options()
@click.option(
    "--wait-for-stage",
    type=click.Choice(["accepted"]),
    required=True,
    help="Stage to wait for; there is but this one yet. Required.",
)
async def start(session: Session, updating: Updating, inputs: Inputs, wait_for_stage: str) -> None:  # noqa: ARG001  # has one value
    """Send an update to a workflow and wait until it is accepted. One that is refused is an error."""
    request = updating.request(session, inputs.payloads(), until=ACCEPTED)
    reply = await accepted(session, request)
    fail_if_failed(reply.outcome)
    session.output.record({"name": updating.name, "updateId": request.request.meta.update_id})


@remote.command("execute", failed=REFUSED)
@sending_options
@input_options()
async def execute(session: Session, updating: Updating, inputs: Inputs) -> None:
    """Send an update to a workflow, wait for its result, and print it."""
    request = updating.request(session, inputs.payloads(), until=COMPLETED)
    reply = await accepted(session, request)
    found = reply.outcome if reply.HasField("outcome") else await outcome(session, reply.update_ref)
    fail_if_failed(found)
    facts: dict[str, Value] = {"name": updating.name, "updateId": request.request.meta.update_id}
    session.output.record(facts | {"result": result_of(found)}, with_none=True)


@remote.command("result", failed="unable to fetch update result")
@target_options
@UPDATE_ID
async def result(session: Session, target: WorkflowExecution, update_id: str) -> None:
    """Wait for the result of an update and print it. The exit status is 1 if it failed."""
    found = await outcome(session, UpdateRef(workflow_execution=target, update_id=update_id))
    facts: dict[str, Value] = {"updateId": update_id}
    if not found.HasField("failure"):
        session.output.record(facts | {"result": result_of(found)})
        return
    failure = failure_facts(found.failure) if session.output.is_json else found.failure.message
    session.output.record(facts | {"failure": failure})
    raise click.ClickException("update is failed")


@remote.command("describe", failed="failed to describe update")
@target_options
@UPDATE_ID
async def describe(session: Session, target: WorkflowExecution, update_id: str) -> None:
    """Show the stage of an update, and its outcome if there is one. Waits for nothing."""
    request = PollWorkflowExecutionUpdateRequest(
        namespace=session.namespace,
        update_ref=UpdateRef(workflow_execution=target, update_id=update_id),
        identity=session.identity,
    )
    reply = await session.workflow.poll_workflow_execution_update(request)
    found, output = reply.outcome, session.output
    stage = Stage.Name(reply.stage).removeprefix("UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_").capitalize()
    if output.is_json and found.HasField("failure"):
        output.json(
            {"updateId": update_id, "failure": tree_of(found.failure, shorthand=output.shorthand), "stage": stage}
        )
        return
    failure = found.failure.message if found.HasField("failure") else None
    output.record({"updateId": update_id, "result": result_of(found), "failure": failure, "stage": stage})
