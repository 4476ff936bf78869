"""The tree that a run belongs to: its root, and all below it that the server still keeps.

/run/tree?id=...&run=...
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
from starlette.exceptions import HTTPException
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflow.v1 import WorkflowExecutionInfo
from temporalio.api.workflowservice.v1 import (
    DescribeWorkflowExecutionRequest,
    DescribeWorkflowExecutionResponse,
    ListWorkflowExecutionsRequest,
    ListWorkflowExecutionsResponse,
)

from mainspring.server.ui import columns, times
from mainspring.server.ui.filters import quoted
from mainspring.server.ui.page import Nanos, Page, Visit

_MOST: Final = 500
_DEEPEST: Final = 100


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """One run of the tree. `depth`: 0 for the root."""

    depth: int
    workflow_id: str
    workflow_type: str
    status: str
    started_at: Nanos | None
    duration: str
    href: str
    is_here: bool


class Tree(msgspec.Struct, frozen=True, kw_only=True):
    """What the page shows. `is_cut`: there are more runs than are shown."""

    workflow_id: str
    run_href: str
    nodes: tuple[Node, ...]
    is_cut: bool


async def show(visit: Visit) -> Page:
    """The tree, parents above their children, the oldest first."""
    execution = WorkflowExecution(workflow_id=visit.query.one("id"), run_id=visit.query.one("run"))
    if not execution.workflow_id:
        raise HTTPException(400, "The address names no workflow.")
    described = await visit.service.call(
        DescribeWorkflowExecutionRequest(namespace=visit.namespace, execution=execution),
        DescribeWorkflowExecutionResponse,
    )
    info = described.workflow_execution_info
    root_id = info.root_execution.workflow_id or info.execution.workflow_id
    listed = await visit.service.call(
        ListWorkflowExecutionsRequest(
            namespace=visit.namespace, page_size=_MOST, query=f"RootWorkflowId = {quoted(root_id)}"
        ),
        ListWorkflowExecutionsResponse,
    )
    runs = {run.execution.run_id: run for run in listed.executions}
    runs[info.execution.run_id] = info  # the list may be behind
    root_run_id = info.root_execution.run_id or info.execution.run_id
    kept = [run for run in runs.values() if run.root_execution.run_id in {"", root_run_id}]
    ordered = sorted(kept, key=lambda run: (times.instant_of(run.start_time) or 0, run.execution.run_id))
    model = Tree(
        workflow_id=info.execution.workflow_id,
        run_href=_href(visit, info.execution),
        nodes=tuple(_node(visit, depth, run, info.execution.run_id) for depth, run in nested(ordered)),
        is_cut=bool(listed.next_page_token),
    )
    return Page("run_tree.html", model, title=f"Tree of {model.workflow_id}", section="workflows")


def nested(runs: Sequence[WorkflowExecutionInfo]) -> Iterator[tuple[int, WorkflowExecutionInfo]]:
    """Each run after its parent, with its depth; a run whose parent is not among them stands at the top."""
    known = {run.execution.run_id for run in runs}
    children: dict[str, list[WorkflowExecutionInfo]] = {}
    for run in runs:
        parent = run.parent_execution.run_id
        children.setdefault(parent if parent in known else "", []).append(run)
    stack = [(0, run) for run in reversed(children.get("", []))]
    while stack:
        depth, run = stack.pop()
        yield depth, run
        stack.extend((depth + 1, child) for child in reversed(children.get(run.execution.run_id, [])))


def _node(visit: Visit, depth: int, run: WorkflowExecutionInfo, here: str) -> Node:
    return Node(
        depth=min(depth, _DEEPEST),
        workflow_id=run.execution.workflow_id,
        workflow_type=run.type.name,
        status=columns.status_name(run.status),
        started_at=times.instant_of(run.start_time),
        duration=columns.duration_text(run, visit.now),
        href=_href(visit, run.execution),
        is_here=run.execution.run_id == here,
    )


def _href(visit: Visit, execution: WorkflowExecution) -> str:
    return visit.link("/run", id=execution.workflow_id, run=execution.run_id)
