"""The whole history of a run as a file: JSON as the official tools write it, and as replay takes it.

GET /run/history.json?id=...&run=...      {"events": [...]}      payloads as they are stored
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from typing import Final

from google.protobuf import json_format
from starlette.exceptions import HTTPException
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflowservice.v1 import (
    DescribeWorkflowExecutionRequest,
    DescribeWorkflowExecutionResponse,
    GetWorkflowExecutionHistoryRequest,
    GetWorkflowExecutionHistoryResponse,
)

from mainspring.server.ui.page import Download, Visit

_AT_ONCE: Final = 200  # events: making JSON of them holds up the server for so long
_LONGEST_NAME: Final = 100


async def history(visit: Visit) -> Download:
    """The history, read and sent in pages."""
    execution = WorkflowExecution(workflow_id=visit.query.one("id"), run_id=visit.query.one("run"))
    if not execution.workflow_id:
        raise HTTPException(400, "The address names no workflow.")
    described = await visit.service.call(
        DescribeWorkflowExecutionRequest(namespace=visit.namespace, execution=execution),
        DescribeWorkflowExecutionResponse,
    )
    execution = described.workflow_execution_info.execution
    first = await _page(visit, execution, b"")
    return Download(file_name(execution), "application/json", _parts(visit, execution, first))


def file_name(execution: WorkflowExecution) -> str:
    """A name that every system takes: of the ids, with other characters left out."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", execution.workflow_id).strip("-")[:_LONGEST_NAME]
    return f"{plain or 'workflow'}-{execution.run_id}.json"


async def _parts(
    visit: Visit, execution: WorkflowExecution, first: GetWorkflowExecutionHistoryResponse
) -> AsyncIterator[bytes]:
    yield b'{"events":[\n'
    yield _json(first.history.events)
    token = first.next_page_token
    while token:
        page = await _page(visit, execution, token)
        if page.history.events:
            yield b",\n" + _json(page.history.events)
        token = page.next_page_token
    yield b"\n]}\n"


async def _page(visit: Visit, execution: WorkflowExecution, token: bytes) -> GetWorkflowExecutionHistoryResponse:
    request = GetWorkflowExecutionHistoryRequest(
        namespace=visit.namespace, execution=execution, maximum_page_size=_AT_ONCE, next_page_token=token
    )
    return await visit.service.call(request, GetWorkflowExecutionHistoryResponse)


def _json(events: Sequence[HistoryEvent]) -> bytes:
    return ",\n".join(json_format.MessageToJson(event, indent=None) for event in events).encode()
