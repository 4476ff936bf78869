"""`mainspring workflow signal`."""

from __future__ import annotations

import uuid

import click
from temporalio.api.batch.v1 import BatchOperationSignal
from temporalio.api.workflowservice.v1 import SignalWorkflowExecutionRequest, StartBatchOperationRequest

from mainspring.cli import remote
from mainspring.cli.batches import start_batch
from mainspring.cli.payload_inputs import HEADERS, Inputs, header_of, input_options
from mainspring.cli.session import Session
from mainspring.cli.workflow.selection import Selection, selection_options

Pairs = tuple[tuple[str, str], ...]


@remote.command("signal", failed="failed signalling workflow")
@selection_options()
@click.option("--name", "--type", "name", required=True, help="Name of the signal. Required.")
@input_options()
@HEADERS
async def command(session: Session, selection: Selection, name: str, inputs: Inputs, headers: Pairs) -> None:
    """Send a signal to a workflow, or to those of a query. What it does with it is not waited for."""
    payloads, header = inputs.payloads(), header_of(headers)
    if selection.target is None:
        operation = BatchOperationSignal(signal=name, input=payloads, header=header, identity=session.identity)
        await start_batch(session, selection.batch, StartBatchOperationRequest(signal_operation=operation))
        return
    await session.workflow.signal_workflow_execution(
        SignalWorkflowExecutionRequest(
            namespace=session.namespace,
            workflow_execution=selection.target,
            signal_name=name,
            input=payloads,
            header=header,
            identity=session.identity,
            request_id=str(uuid.uuid4()),
        )
    )
    session.output.line("Signal workflow succeeded")
