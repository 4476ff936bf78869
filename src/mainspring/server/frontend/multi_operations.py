"""ExecuteMultiOperation: start a workflow, or join the running one, and update it, as one request.

A new run gets the update in the commit that makes it; a running one gets it as if it had been sent alone. Either
operation's fault fails both: the reply then has one status per operation, the innocent one aborted.
Reference: tests/differential/test_update_with_start.py; CASES "Update-with-start, same IDs, client retry".
"""

from __future__ import annotations

import asyncio
import time

from google.rpc.status_pb2 import Status
from temporalio.api.failure.v1 import MultiOperationExecutionAborted
from temporalio.api.workflowservice.v1 import (
    ExecuteMultiOperationRequest,
    ExecuteMultiOperationResponse,
    StartWorkflowExecutionRequest,
    UpdateWorkflowExecutionRequest,
)

from mainspring.server.engine import update
from mainspring.server.engine.errors import (
    Aborted,
    InvalidArgument,
    MultiOperationFailed,
    ServiceError,
    WorkflowClosing,
    WorkflowCompleted,
)
from mainspring.server.engine.limits import Limits
from mainspring.server.engine.run import Run
from mainspring.server.engine.stages import UpdateStage
from mainspring.server.engine.times import length_ns
from mainspring.server.frontend import updates, waits
from mainspring.server.frontend.call import Call
from mainspring.server.frontend.namespaces import NamespaceRegistry
from mainspring.server.frontend.starts import Starts, start_link
from mainspring.server.frontend.updates import Updates
from mainspring.server.history import History
from mainspring.server.history.starts import StartOutcome, StartSpec
from mainspring.server.history.updates import UpdateStatus

FAILED = "Update-with-Start could not be executed."


class MultiOperations:
    """See the module."""

    def __init__(self, history: History, starts: Starts, updates_: Updates, registry: NamespaceRegistry) -> None:
        self._history = history
        self._starts = starts
        self._updates = updates_
        self._registry = registry

    async def execute_multi_operation(
        self, request: ExecuteMultiOperationRequest, call: Call
    ) -> ExecuteMultiOperationResponse:
        """Update-with-start."""
        record = self._registry.served(request.namespace)
        limits = self._history.runs.namespaces.settings(record.id).limits
        start_request, update_request = _operations(request)
        spec = self._checked(request.namespace, start_request, update_request, limits)
        until_s = waits.wait_until_s(call, limits)
        while True:
            try:
                outcome, status = await self._execute(spec, update_request, until_s)
            except WorkflowClosing as error:
                if time.monotonic() >= until_s:
                    raise _update_failed(error) from error
                await asyncio.sleep(updates.CLOSING_RETRY_S)
                continue
            return _response(start_request, update_request, outcome, status)

    def _checked(
        self,
        namespace: str,
        start_request: StartWorkflowExecutionRequest,
        update_request: UpdateWorkflowExecutionRequest,
        limits: Limits,
    ) -> StartSpec:
        start_fault: ServiceError | None = None
        update_fault: ServiceError | None = None
        spec: StartSpec | None = None
        try:
            spec = self._checked_start(namespace, start_request)
        except ServiceError as error:
            start_fault = error
        try:
            _check_update(namespace, update_request)
            updates.prepare(update_request, limits)
            _check_update_target(update_request)
            if not start_fault and update_request.workflow_execution.workflow_id != start_request.workflow_id:
                raise InvalidArgument("WorkflowId is not consistent with previous operation(s).")
        except ServiceError as error:
            update_fault = error
        if start_fault or update_fault or spec is None:
            raise failed(start_fault or _aborted(), update_fault or _aborted())
        return spec

    def _checked_start(self, namespace: str, request: StartWorkflowExecutionRequest) -> StartSpec:
        if request.namespace and request.namespace != namespace:
            raise InvalidArgument("Operation namespace did not match request's namespace.")
        request.namespace = namespace
        asks_eager = request.request_eager_execution
        spec = self._starts.checked_spec(request)
        if request.cron_schedule:
            raise InvalidArgument("CronSchedule is not allowed.")
        if asks_eager:
            raise InvalidArgument("RequestEagerExecution is not supported.")
        if length_ns(request.workflow_start_delay):
            raise InvalidArgument("WorkflowStartDelay is not supported.")
        return spec

    async def _execute(
        self, spec: StartSpec, request: UpdateWorkflowExecutionRequest, until_s: float
    ) -> tuple[StartOutcome, UpdateStatus]:
        known = await self._known_update(spec, request, until_s)
        if known is not None:
            return known

        def admit(run: Run) -> None:
            try:
                update.admit(run, request.request)
            except ServiceError as error:
                raise _UpdateFault(error) from error

        spec.on_new = admit
        spec.on_existing = None
        try:
            outcome = await self._history.starts.start(spec)
        except _UpdateFault as fault:
            raise _update_failed(fault.error) from fault
        except ServiceError as error:
            raise failed(error, _aborted()) from error
        try:
            status = await self._updates.send(request, outcome.key, until_s)
        except WorkflowClosing:
            raise
        except WorkflowCompleted as error:
            if outcome.is_new:
                raise _update_failed(error) from error
            raise WorkflowClosing from error  # since it was joined: see what is current now
        except ServiceError as error:
            raise _update_failed(error) from error
        return outcome, status

    async def _known_update(
        self, spec: StartSpec, request: UpdateWorkflowExecutionRequest, until_s: float
    ) -> tuple[StartOutcome, UpdateStatus] | None:
        """A retry of a request whose update the current run knows gets its outcome, whatever the policies say."""
        current = await self._history.runs.current(spec.namespace_id, spec.workflow_id)
        if current is None:
            return None
        update_id = request.request.meta.update_id
        is_known = await self._history.runs.look(current.key, lambda run: _can_answer(run, update_id))
        if not is_known:
            return None
        status = await self._updates.send(request, current.key, until_s)
        outcome = StartOutcome(
            key=current.key, first_run_id=current.first_run_id, is_new=False, was_known=True, status=current.status
        )
        return outcome, status


def _can_answer(run: Run, update_id: str) -> bool:
    """The run knows the update, and it is not one that the run's close left without an outcome."""
    known = update.find(run, update_id)
    return known is not None and (run.is_running or known.stage is UpdateStage.COMPLETED)


class _UpdateFault(Exception):
    """The update half failed while the start half was being decided."""

    def __init__(self, error: ServiceError) -> None:
        super().__init__(error.message)
        self.error = error


def _operations(
    request: ExecuteMultiOperationRequest,
) -> tuple[StartWorkflowExecutionRequest, UpdateWorkflowExecutionRequest]:
    kinds = [operation.WhichOneof("operation") for operation in request.operations]
    if kinds != ["start_workflow", "update_workflow"]:
        raise InvalidArgument("Operations have to be exactly [Start, Update].")
    return request.operations[0].start_workflow, request.operations[1].update_workflow


def _check_update(namespace: str, request: UpdateWorkflowExecutionRequest) -> None:
    if request.namespace and request.namespace != namespace:
        raise InvalidArgument("Operation namespace did not match request's namespace.")
    request.namespace = namespace


def _check_update_target(request: UpdateWorkflowExecutionRequest) -> None:
    if request.first_execution_run_id:
        raise InvalidArgument("FirstExecutionRunId is not allowed.")
    if request.workflow_execution.run_id:
        raise InvalidArgument("RunId is not allowed.")


def _aborted() -> ServiceError:
    """Stands for the operation that was not at fault."""
    return Aborted("Operation was aborted.", [MultiOperationExecutionAborted()])


def _update_failed(error: ServiceError) -> MultiOperationFailed:
    return failed(_aborted(), error)


def failed(start_error: ServiceError, update_error: ServiceError) -> MultiOperationFailed:
    """Both halves' statuses as one error; its code is that of the half at fault."""
    guilty = update_error if isinstance(start_error, Aborted) else start_error
    statuses: list[Status] = [start_error.status(), update_error.status()]
    return MultiOperationFailed(FAILED, guilty.code, statuses)


def _response(
    start_request: StartWorkflowExecutionRequest,
    update_request: UpdateWorkflowExecutionRequest,
    outcome: StartOutcome,
    status: UpdateStatus,
) -> ExecuteMultiOperationResponse:
    response = ExecuteMultiOperationResponse()
    started = response.responses.add().start_workflow
    started.run_id = outcome.key.run_id
    started.started = outcome.is_new
    started.status = outcome.status  # type: ignore[assignment]  # an enum's number
    if outcome.is_new:
        started.first_execution_run_id = outcome.first_run_id
    updated = response.responses.add().update_workflow
    updated.CopyFrom(updates.answer(update_request, status))
    if outcome.was_known:
        updated.ClearField("link")  # nothing was made by this call
        return response
    is_attached = start_request.on_conflict_options.attach_request_id
    link = start_link(start_request.namespace, outcome, start_request.request_id, is_attached=is_attached)
    started.link.CopyFrom(link)
    return response
