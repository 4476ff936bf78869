"""What clients send to runs: signals, cancel requests, terminations, deletions.

Each is one transition of one run, durable when it is answered. Without a run id the workflow id's current run is meant.
"""

from __future__ import annotations

from collections.abc import Callable

from temporalio.api.common.v1 import Payloads
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import (
    DeleteWorkflowExecutionRequest,
    DeleteWorkflowExecutionResponse,
    RequestCancelWorkflowExecutionRequest,
    RequestCancelWorkflowExecutionResponse,
    SignalWorkflowExecutionRequest,
    SignalWorkflowExecutionResponse,
    TerminateWorkflowExecutionRequest,
    TerminateWorkflowExecutionResponse,
)

from mainspring.server.engine import close, signal
from mainspring.server.engine.errors import InvalidArgument, NotFound
from mainspring.server.engine.limits import Limits
from mainspring.server.engine.run import Run
from mainspring.server.frontend import requests
from mainspring.server.frontend.call import Call
from mainspring.server.frontend.namespaces import NamespaceRegistry
from mainspring.server.frontend.starts import event_link
from mainspring.server.history import History

AboutOneRun = (
    SignalWorkflowExecutionRequest
    | RequestCancelWorkflowExecutionRequest
    | TerminateWorkflowExecutionRequest
    | DeleteWorkflowExecutionRequest
)


class Messages:
    """See the module."""

    def __init__(self, history: History, registry: NamespaceRegistry) -> None:
        self._history = history
        self._registry = registry

    async def signal_workflow_execution(
        self, request: SignalWorkflowExecutionRequest, _call: Call
    ) -> SignalWorkflowExecutionResponse:
        """Append a signal to a running workflow, once per request id."""
        namespace_id, limits = self._checked(request)
        if not request.signal_name:
            raise InvalidArgument("SignalName is not set on request.")
        requests.check_length(request.signal_name, "SignalName", limits)
        requests.check_length(request.request_id, "RequestId", limits)
        requests.check_links(request.links, limits)
        requests.check_blob(request.input.ByteSize(), limits)
        execution = request.workflow_execution
        key, _ = await self._history.runs.change_named(
            namespace_id, execution.workflow_id, execution.run_id, lambda run: signal.signal(run, request)
        )
        event_type = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
        return SignalWorkflowExecutionResponse(link=event_link(request.namespace, key, event_type, request.request_id))

    async def request_cancel_workflow_execution(
        self, request: RequestCancelWorkflowExecutionRequest, _call: Call
    ) -> RequestCancelWorkflowExecutionResponse:
        """Ask a run to cancel itself. Asking a closed one is no error."""
        namespace_id, limits = self._checked(request)
        requests.check_links(request.links, limits)

        def cancel(run: Run) -> None:
            _check_chain(run, request.first_execution_run_id)
            if run.is_running:
                signal.request_cancel(run, request)

        await self._change_in_chain(namespace_id, request, cancel)
        return RequestCancelWorkflowExecutionResponse()

    async def terminate_workflow_execution(
        self, request: TerminateWorkflowExecutionRequest, _call: Call
    ) -> TerminateWorkflowExecutionResponse:
        """End a run at once."""
        namespace_id, limits = self._checked(request)
        requests.check_links(request.links, limits)
        details: Payloads | None = request.details if request.HasField("details") else None

        def terminate(run: Run) -> None:
            signal.check_running(run)
            _check_chain(run, request.first_execution_run_id)
            close.terminate(
                run,
                reason=request.reason or "terminated by user via frontend",
                details=details,
                identity=request.identity or "frontend-service",
                links=request.links,
            )

        await self._change_in_chain(namespace_id, request, terminate)
        return TerminateWorkflowExecutionResponse()

    async def delete_workflow_execution(
        self, request: DeleteWorkflowExecutionRequest, _call: Call
    ) -> DeleteWorkflowExecutionResponse:
        """Forget a run; a running one is terminated first. Gone when this returns."""
        namespace_id, _ = self._checked(request)
        execution = request.workflow_execution
        key = await self._history.runs.resolve(namespace_id, execution.workflow_id, execution.run_id)
        await self._history.delete(key)
        return DeleteWorkflowExecutionResponse()

    def _checked(self, request: AboutOneRun) -> tuple[str, Limits]:
        """The namespace's id and limits, once it and the execution of the request are checked."""
        record = self._registry.served(request.namespace)
        limits = self._history.runs.namespaces.settings(record.id).limits
        is_set = request.HasField("workflow_execution")
        requests.check_execution(request.workflow_execution, is_set=is_set)
        return record.id, limits

    async def _change_in_chain(
        self,
        namespace_id: str,
        request: RequestCancelWorkflowExecutionRequest | TerminateWorkflowExecutionRequest,
        decide: Callable[[Run], None],
    ) -> None:
        """A request that names the first run of a chain means the chain's current run, whatever run it names."""
        run_id = "" if request.first_execution_run_id else request.workflow_execution.run_id
        await self._history.runs.change_named(namespace_id, request.workflow_execution.workflow_id, run_id, decide)


def _check_chain(run: Run, first_run_id: str) -> None:
    """A request that names the first run of a chain means that chain and no other."""
    if first_run_id and run.state.first_run_id != first_run_id:
        raise NotFound("workflow execution not found")
