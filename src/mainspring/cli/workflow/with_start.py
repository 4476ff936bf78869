"""`mainspring workflow signal-with-start`, `start-update-with-start` and `execute-update-with-start`.

A message to a workflow, which is started first if it is not running: both or neither, in one request.
"""

from __future__ import annotations

from typing import Any

import click
import msgspec
from temporalio.api.enums.v1 import UpdateWorkflowExecutionLifecycleStage as Stage
from temporalio.api.update.v1 import Outcome
from temporalio.api.workflowservice.v1 import (
    ExecuteMultiOperationRequest,
    SignalWithStartWorkflowExecutionRequest,
    StartWorkflowExecutionRequest,
    UpdateWorkflowExecutionRequest,
)

from mainspring.cli import remote
from mainspring.cli.gathering import gathered
from mainspring.cli.output import Value
from mainspring.cli.payload_inputs import Inputs, input_options
from mainspring.cli.session import Session
from mainspring.cli.workflow.start_options import Start, start_options
from mainspring.cli.workflow.update_calls import (
    ACCEPTED,
    COMPLETED,
    REFUSED,
    Updating,
    fail_if_failed,
    outcome,
    result_of,
)

Sent = tuple[UpdateWorkflowExecutionRequest, str, Outcome]
"""The update, the run that has it, and its outcome as far as it is known."""


class UpdateOptions(msgspec.Struct, frozen=True):
    """The options as click gives them."""

    update_name: str
    update_first_execution_run_id: str
    update_id: str
    run_id: str


update_options = gathered(
    "update",
    UpdateOptions,
    click.option("--update-name", "--update-type", "update_name", required=True, help="Name of the update. Required."),
    click.option(
        "--update-first-execution-run-id",
        default="",
        help="First run of the chain that the current run has to belong to.",
    ),
    click.option("--update-id", default="", help="Update; a random one unless it is given."),
    click.option("--run-id", "-r", default="", help="Run; the current one unless it is given."),
)
update_inputs = input_options("update_inputs", prefix="update-", short=False, of="Input of the update")


@remote.command("signal-with-start", failed="failed signalling workflow")
@start_options
@input_options()
@click.option("--signal-name", "--signal-type", "signal_name", required=True, help="Name of the signal. Required.")
@input_options("signal_inputs", prefix="signal-", short=False, of="Input of the signal")
async def signal_with_start(
    session: Session, start: Start, inputs: Inputs, signal_name: str, signal_inputs: Inputs
) -> None:
    """Send a signal to a workflow, and start it before if it is not running."""
    need_id(start)
    request = SignalWithStartWorkflowExecutionRequest(
        signal_name=signal_name, signal_input=signal_inputs.payloads("--signal-input")
    )
    copy_fields(start.request(session, inputs), request)
    reply = await session.workflow.signal_with_start_workflow_execution(request)
    session.output.heading("Running execution:")
    session.output.record(execution_facts(session, start, reply.run_id))


@remote.command("start-update-with-start", failed=REFUSED)
@start_options
@input_options()
@update_options
@update_inputs
@click.option(
    "--update-wait-for-stage",
    type=click.Choice(["accepted"]),
    required=True,
    help="Stage of the update to wait for; there is but this one yet. Required.",
)
async def start_update(
    session: Session,
    start: Start,
    inputs: Inputs,
    *,
    update: UpdateOptions,
    update_inputs: Inputs,
    update_wait_for_stage: str,  # noqa: ARG001  # has one value
) -> None:
    """Send an update to a workflow, which is started before if it is not running, and wait until it is accepted."""
    starting = checked_request(session, start, inputs)
    request, run_id, found = await sent(
        session, starting, update_request(session, start, update, update_inputs, ACCEPTED)
    )
    fail_if_failed(found)
    session.output.heading("Running execution:")
    facts = execution_facts(session, start, run_id)
    session.output.record(facts | {"updateName": update.update_name, "updateId": request.request.meta.update_id})


@remote.command("execute-update-with-start", failed=REFUSED)
@start_options
@input_options()
@update_options
@update_inputs
async def execute_update(
    session: Session, start: Start, inputs: Inputs, *, update: UpdateOptions, update_inputs: Inputs
) -> None:
    """Send an update to a workflow, which is started before if it is not running, and print the update's result."""
    starting = checked_request(session, start, inputs)
    request, run_id, found = await sent(
        session, starting, update_request(session, start, update, update_inputs, COMPLETED)
    )
    fail_if_failed(found)
    facts = execution_facts(session, start, run_id)
    facts |= {"updateName": update.update_name, "updateId": request.request.meta.update_id}
    session.output.heading("Running execution:")
    session.output.record(facts | {"updateResult": result_of(found)}, with_none=True)


def checked_request(session: Session, start: Start, inputs: Inputs) -> StartWorkflowExecutionRequest:
    """The request to start.

    Raises: click.ClickException: what has to be said of the workflow was not, or an input is not what it is said to be.
    """
    need_id(start)
    if start.id_conflict_policy is None:
        raise click.ClickException("--id-conflict-policy flag must be provided")
    return start.request(session, inputs)


def need_id(start: Start) -> None:
    if not start.workflow_id:
        raise click.ClickException("--workflow-id flag must be provided")


def update_request(
    session: Session, start: Start, update: UpdateOptions, inputs: Inputs, until: Stage.ValueType
) -> UpdateWorkflowExecutionRequest:
    updating = Updating(
        workflow_id=start.workflow_id or "",
        run_id=update.run_id,
        first_execution_run_id=update.update_first_execution_run_id,
        update_id=update.update_id,
        name=update.update_name,
        headers=start.headers,
    )
    return updating.request(session, inputs.payloads("--update-input"), until=until)


async def sent(session: Session, start: StartWorkflowExecutionRequest, update: UpdateWorkflowExecutionRequest) -> Sent:
    """Send both until the update is accepted, and wait for its outcome if that was asked for."""
    operation = ExecuteMultiOperationRequest.Operation
    request = ExecuteMultiOperationRequest(
        namespace=session.namespace, operations=[operation(start_workflow=start), operation(update_workflow=update)]
    )
    while True:
        reply = await session.workflow.execute_multi_operation(request)
        started, updated = reply.responses[0].start_workflow, reply.responses[1].update_workflow
        if updated.stage >= ACCEPTED:
            break
    found = updated.outcome
    if not updated.HasField("outcome") and update.wait_policy.lifecycle_stage == COMPLETED:
        found = await outcome(session, updated.update_ref)
    return update, started.run_id, found


def execution_facts(session: Session, start: Start, run_id: str) -> dict[str, Value]:
    return {"workflowId": start.workflow_id, "runId": run_id, "type": start.type, "namespace": session.namespace}


def copy_fields(source: StartWorkflowExecutionRequest, target: SignalWithStartWorkflowExecutionRequest) -> None:
    """Copy the fields that both messages have."""
    fields = target.DESCRIPTOR.fields_by_name
    for field, value in source.ListFields():
        if field.name not in fields:
            continue
        if field.message_type is None:
            setattr(target, field.name, value)
        else:
            inner: Any = getattr(target, field.name)
            inner.CopyFrom(value)
