"""`mainspring workflow query` and `stack`."""

from __future__ import annotations

import json

import click
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import QueryRejectCondition, WorkflowExecutionStatus
from temporalio.api.query.v1 import WorkflowQuery
from temporalio.api.workflowservice.v1 import QueryWorkflowRequest, QueryWorkflowResponse

from mainspring.cli import remote
from mainspring.cli.output.words import enum_words
from mainspring.cli.payload_inputs import HEADERS, Inputs, header_of, input_options
from mainspring.cli.session import Session
from mainspring.cli.workflow.closing import payloads_value
from mainspring.cli.workflow.target import target_options

Pairs = tuple[tuple[str, str], ...]
FAILED = "querying workflow failed"
REJECT = click.option(
    "--reject-condition",
    type=click.Choice(["not_open", "not_completed_cleanly"]),
    help="Workflows that are not asked.",
)


@remote.command("query", failed=FAILED)
@target_options
@click.option("--name", "--type", "name", required=True, help="Name of the query. Required.")
@input_options()
@HEADERS
@REJECT
async def query(
    session: Session,
    target: WorkflowExecution,
    *,
    name: str,
    inputs: Inputs,
    headers: Pairs,
    reject_condition: str | None,
) -> None:
    """Ask a workflow, running or closed, and print its answer. A worker has to be there."""
    asked = WorkflowQuery(query_type=name, query_args=inputs.payloads(), header=header_of(headers))
    reply = await ask(session, target, asked, reject_condition)
    session.output.message(reply)
    session.output.heading("Query result:")
    session.output.card({"QueryResult": payloads_value(reply.query_result)})


@remote.command("stack", failed=FAILED)
@target_options
@REJECT
async def stack(session: Session, target: WorkflowExecution, reject_condition: str | None) -> None:
    """Show where the code of a workflow waits."""
    reply = await ask(session, target, WorkflowQuery(query_type="__stack_trace"), reject_condition)
    session.output.message(reply)
    session.output.heading("Query result:")
    session.output.line(plain_text(session.output.cell(payloads_value(reply.query_result)).text))


def plain_text(encoded: str) -> str:
    """A string that is written as JSON, by itself, so that its lines are lines; anything else stays as it is."""
    return str(json.loads(encoded)) if encoded.startswith('"') else encoded


async def ask(
    session: Session, target: WorkflowExecution, asked: WorkflowQuery, reject_condition: str | None
) -> QueryWorkflowResponse:
    """The answer to a query.

    Raises: click.ClickException: the workflow is one that was not to be asked.
    """
    conditions = {
        None: QueryRejectCondition.QUERY_REJECT_CONDITION_UNSPECIFIED,
        "not_open": QueryRejectCondition.QUERY_REJECT_CONDITION_NOT_OPEN,
        "not_completed_cleanly": QueryRejectCondition.QUERY_REJECT_CONDITION_NOT_COMPLETED_CLEANLY,
    }
    reply = await session.workflow.query_workflow(
        QueryWorkflowRequest(
            namespace=session.namespace,
            execution=target,
            query=asked,
            query_reject_condition=conditions[reject_condition],
        )
    )
    if reply.HasField("query_rejected"):
        status = enum_words(WorkflowExecutionStatus, reply.query_rejected.status)
        raise click.ClickException(f"query was rejected, workflow has status: {status}")
    return reply
