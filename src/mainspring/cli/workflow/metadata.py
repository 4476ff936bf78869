"""`mainspring workflow metadata`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import click
from google.protobuf.json_format import Parse, ParseError
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.query.v1 import WorkflowQuery
from temporalio.api.sdk.v1 import WorkflowInteractionDefinition, WorkflowMetadata

from mainspring.cli import remote
from mainspring.cli.output import Branch
from mainspring.cli.payload_inputs import HEADERS, header_of
from mainspring.cli.session import Session
from mainspring.cli.workflow.query import FAILED, REJECT, Pairs, ask
from mainspring.cli.workflow.target import target_options

QUERY: Final = "__temporal_workflow_metadata"


@remote.command("metadata", failed=FAILED)
@target_options
@HEADERS
@REJECT
async def command(session: Session, target: WorkflowExecution, headers: Pairs, reject_condition: str | None) -> None:
    """Ask a workflow which queries, signals and updates it takes, and what it says of itself."""
    asked = WorkflowQuery(query_type=QUERY, header=header_of(headers))
    reply = await ask(session, target, asked, reject_condition)
    session.output.message(reply)
    if not session.output.is_text:
        return
    try:
        found = Parse(reply.query_result.payloads[0].data, WorkflowMetadata(), ignore_unknown_fields=True)
    except (IndexError, ParseError) as error:
        raise click.ClickException(f"failed to unmarshal metadata: {error}") from error
    session.output.tree(tree(found))


def tree(found: WorkflowMetadata) -> Branch:
    definition = found.definition
    kinds = {
        "Query Definitions:": definition.query_definitions,
        "Signal Definitions:": definition.signal_definitions,
        "Update Definitions:": definition.update_definitions,
    }
    root = Branch("Metadata:", "bold magenta", [branch(title, kind) for title, kind in kinds.items() if kind])
    if found.current_details:
        root.children.append(Branch("Current Details:", "magenta", [Branch(found.current_details)]))
    return root


def branch(title: str, definitions: Iterable[WorkflowInteractionDefinition]) -> Branch:
    named = [Branch(f"{one.name}  {one.description}".rstrip()) for one in definitions]
    return Branch(title, "magenta", named)
