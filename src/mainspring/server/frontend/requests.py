"""Checks that many requests share: executions, names, links, sizes. The real server's words, and its order of checks.

Every method checks its namespace first (`NamespaceRegistry.served`), then what stands here, then the run.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from temporalio.api.common.v1 import Link, WorkflowExecution
from temporalio.api.taskqueue.v1 import TaskQueue

from mainspring.server.engine import names
from mainspring.server.engine.errors import InvalidArgument
from mainspring.server.engine.limits import BLOB_TOO_LARGE, Limits

MEMO_TOO_LARGE = "Memo size exceeds limit."


def check_execution(execution: WorkflowExecution, *, is_set: bool = True, bad_run_id: str = "Invalid RunId.") -> None:
    """A workflow id is there, a run id is a UUID. An id that is too long is one that is not found."""
    if not is_set:
        raise InvalidArgument("Execution is not set on request.")
    if not execution.workflow_id:
        raise InvalidArgument("WorkflowId is not set on request.")
    if execution.run_id and not names.is_uuid(execution.run_id):
        raise InvalidArgument(bad_run_id)


def check_workflow_id(workflow_id: str, limits: Limits) -> None:
    """The workflow id of a start."""
    if not workflow_id:
        raise InvalidArgument("WorkflowId is not set on request.")
    check_start_name(workflow_id, "WorkflowId", limits)


def check_start_name(text: str, what: str, limits: Limits) -> None:
    """A name in a start is not too long; starts say it in words of their own."""
    size, limit = names.size_of(text), limits.id_length_bytes
    if size > limit:
        raise InvalidArgument(f"{what} exceeds maximum allowed length ({size}/{limit})")


def check_length(text: str, what: str, limits: Limits) -> None:
    """A name or id is not too long."""
    if names.size_of(text) > limits.id_length_bytes:
        raise InvalidArgument(f"{what} length exceeds limit.")


def check_queue(queue: TaskQueue, limits: Limits, *, is_set: bool) -> None:
    """The queue of a request: a poll, a start."""
    if not is_set:
        raise InvalidArgument("taskQueue is not set")
    names.check_task_queue(queue, limits)


def request_id_or_new(request_id: str, limits: Limits) -> str:
    """The request's id, or one of ours if it has none."""
    check_length(request_id, "RequestId", limits)
    return request_id or str(uuid.uuid4())


def check_links(links: Sequence[Link], limits: Limits) -> None:
    """Not too many, none too big, each of a known kind."""
    if len(links) > limits.links_per_request_count:
        raise InvalidArgument(
            f"cannot attach more than {limits.links_per_request_count} links per request, got {len(links)}"
        )
    for link in links:
        if link.ByteSize() > limits.link_size_bytes:
            raise InvalidArgument(f"link exceeds allowed size of {limits.link_size_bytes}, got {link.ByteSize()}")
        kind = link.WhichOneof("variant")
        if kind == "workflow_event":
            event = link.workflow_event
            if not event.namespace or not event.workflow_id or not event.run_id:
                raise InvalidArgument("workflow event link must not have an empty namespace, workflow ID or run ID")
        elif kind is None:
            raise InvalidArgument("unsupported link variant")


def check_blob(size_bytes: int, limits: Limits) -> None:
    """A payload field is not over the limit."""
    if size_bytes > limits.blob_size_error_bytes:
        raise InvalidArgument(BLOB_TOO_LARGE)


def check_memo(size_bytes: int, limits: Limits) -> None:
    """A memo is not over the limit."""
    if size_bytes > limits.memo_size_error_bytes:
        raise InvalidArgument(MEMO_TOO_LARGE)
