"""What a handler of a Nexus operation calls by a client knows of the operation, and the operation's caller of that.

    caller's workflow  --link-->  handler  --links of the request-->  what it starts, signals or updates
                       <--links of the answer--          <--link of the reply--

The one thing that stands behind the operation gets more: the operation's request id, so that a repeated request starts
nothing twice, and the callback by which the server delivers its result to the caller.
"""

from __future__ import annotations

import functools
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeAlias

from google.protobuf.message import Message
from nexusrpc.handler import StartOperationContext
from temporalio.api.common.v1 import Callback, Link
from temporalio.api.enums.v1 import EventType
from temporalio.api.update.v1 import Request as UpdateRequest
from temporalio.api.workflowservice.v1 import (
    QueryWorkflowResponse,
    SignalWithStartWorkflowExecutionRequest,
    SignalWithStartWorkflowExecutionResponse,
    SignalWorkflowExecutionRequest,
    SignalWorkflowExecutionResponse,
    StartActivityExecutionRequest,
    StartActivityExecutionResponse,
    StartWorkflowExecutionRequest,
    StartWorkflowExecutionResponse,
    UpdateWorkflowExecutionRequest,
    UpdateWorkflowExecutionResponse,
)

from mainspring.nexus._links import link_of, nexus_link_of
from mainspring.nexus._token import OperationToken, OperationTokenType

CalledBack: TypeAlias = StartWorkflowExecutionRequest | StartActivityExecutionRequest | UpdateRequest
Linked: TypeAlias = CalledBack | SignalWorkflowExecutionRequest | SignalWithStartWorkflowExecutionRequest

_is_backing: ContextVar[bool] = ContextVar("nexus_is_backing", default=False)


@contextmanager
def backing() -> Generator[None]:
    """What is started in the block stands behind the operation."""
    token = _is_backing.set(True)
    try:
        yield
    finally:
        _is_backing.reset(token)


class HandlerOfStart:
    """A handler that starts an operation, as the caller of what it calls: see the module."""

    def __init__(self, operation: StartOperationContext) -> None:
        self._operation = operation

    @functools.cached_property
    def _links(self) -> Sequence[Link]:
        """To whoever called the operation."""
        links = [link_of(link) for link in self._operation.inbound_links]
        return [link for link in links if link is not None]

    def prepare(self, request: Message) -> None:
        is_backing = _is_backing.get()
        match request:
            case StartWorkflowExecutionRequest():
                self._prepare_workflow(request, is_backing=is_backing)
            case StartActivityExecutionRequest():
                self._prepare_activity(request, is_backing=is_backing)
            case UpdateWorkflowExecutionRequest() if is_backing:
                self._prepare_update(request)
            case SignalWorkflowExecutionRequest():
                _put_links(request, self._links)
            case SignalWithStartWorkflowExecutionRequest() if not is_backing:
                _put_links(request, self._links)
            case _:
                return

    def _prepare_workflow(self, request: StartWorkflowExecutionRequest, *, is_backing: bool) -> None:
        _put_links(request, self._links)
        if is_backing:
            request.request_id = self._operation.request_id
            token = OperationToken(
                type=OperationTokenType.WORKFLOW, namespace=request.namespace, workflow_id=request.workflow_id
            )
            self._put_callback(request, token)
        self._attach_on_conflict(request)

    def _prepare_activity(self, request: StartActivityExecutionRequest, *, is_backing: bool) -> None:
        request.request_id = self._operation.request_id
        if is_backing:
            token = OperationToken(
                type=OperationTokenType.ACTIVITY, namespace=request.namespace, activity_id=request.activity_id
            )
            self._put_callback(request, token)
        else:
            _put_links(request, self._links)
        self._attach_on_conflict(request)

    def _prepare_update(self, request: UpdateWorkflowExecutionRequest) -> None:
        update, execution = request.request, request.workflow_execution
        update.request_id = self._operation.request_id
        _put_links(update, self._links)
        token = OperationToken(
            type=OperationTokenType.UPDATE_WORKFLOW,
            namespace=request.namespace,
            workflow_id=execution.workflow_id,
            run_id=execution.run_id or None,
            update_id=update.meta.update_id,
        )
        self._put_callback(update, token)

    def _put_callback(self, request: CalledBack, token: OperationToken) -> None:
        operation = self._operation
        if not operation.callback_url:
            return
        headers = {**operation.callback_headers, "nexus-operation-token": token.encode()}
        nexus = Callback.Nexus(url=operation.callback_url, header=headers)
        del request.completion_callbacks[:]  # those of the same request, when it was prepared before
        request.completion_callbacks.add(nexus=nexus, links=self._links)

    def _attach_on_conflict(self, request: StartWorkflowExecutionRequest | StartActivityExecutionRequest) -> None:
        """What runs under the id already, and is used, gets to know of this operation, too."""
        if self._links or request.completion_callbacks:
            request.on_conflict_options.attach_request_id = True
            request.on_conflict_options.attach_completion_callbacks = True
            request.on_conflict_options.attach_links = True

    def answered(self, request: Message, reply: Message) -> None:
        link = _link_to(request, reply)
        made = nexus_link_of(link) if link is not None else None
        if made is not None:
            self._operation.outbound_links.append(made)


def _put_links(request: Linked, links: Sequence[Link]) -> None:
    """In place of those that are there, since a request may be prepared again."""
    del request.links[:]
    request.links.extend(links)


def _link_to(request: Message, reply: Message) -> Link | None:
    """To what was called: the server's, or for what was started on an older server one that is made here."""
    match reply:
        case SignalWithStartWorkflowExecutionResponse():
            return reply.signal_link if reply.HasField("signal_link") else None
        case (
            StartWorkflowExecutionResponse()
            | StartActivityExecutionResponse()
            | SignalWorkflowExecutionResponse()
            | UpdateWorkflowExecutionResponse()
            | QueryWorkflowResponse()
        ) if reply.HasField("link"):
            return reply.link
        case StartWorkflowExecutionResponse() if isinstance(request, StartWorkflowExecutionRequest):
            return _link_to_start(request, reply)
        case StartActivityExecutionResponse() if isinstance(request, StartActivityExecutionRequest):
            activity = Link.Activity(namespace=request.namespace, activity_id=request.activity_id, run_id=reply.run_id)
            return Link(activity=activity)
        case _:
            return None


def _link_to_start(request: StartWorkflowExecutionRequest, reply: StartWorkflowExecutionResponse) -> Link:
    event = Link.WorkflowEvent(
        namespace=request.namespace,
        workflow_id=request.workflow_id,
        run_id=reply.first_execution_run_id or reply.run_id,
    )
    event.request_id_ref.request_id = request.request_id
    event.request_id_ref.event_type = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED
    return Link(workflow_event=event)
