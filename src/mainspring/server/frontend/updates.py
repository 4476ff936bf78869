"""UpdateWorkflowExecution and PollWorkflowExecutionUpdate: the checks, the wait, the answer.

An update without a run id follows a workflow that continues as new: it is sent again to the next run.
"""

from __future__ import annotations

import asyncio
import time
import uuid

from temporalio.api.common.v1 import Link
from temporalio.api.enums.v1 import EventType, UpdateWorkflowExecutionLifecycleStage
from temporalio.api.workflowservice.v1 import (
    PollWorkflowExecutionUpdateRequest,
    PollWorkflowExecutionUpdateResponse,
    UpdateWorkflowExecutionRequest,
    UpdateWorkflowExecutionResponse,
)

from mainspring.server.engine.changes import RunKey
from mainspring.server.engine.errors import InvalidArgument, NotFound, PermissionDenied, WorkflowClosing
from mainspring.server.engine.limits import Limits
from mainspring.server.engine.run import Run
from mainspring.server.frontend import requests, waits
from mainspring.server.frontend.call import Call
from mainspring.server.frontend.namespaces import NamespaceRegistry
from mainspring.server.frontend.starts import event_link
from mainspring.server.history import History
from mainspring.server.history.updates import UpdateStatus

Stage = UpdateWorkflowExecutionLifecycleStage
CLOSING_RETRY_S = 0.05


class Updates:
    """See the module."""

    def __init__(self, history: History, registry: NamespaceRegistry) -> None:
        self._history = history
        self._registry = registry

    async def update_workflow_execution(
        self, request: UpdateWorkflowExecutionRequest, _call: Call
    ) -> UpdateWorkflowExecutionResponse:
        """Send an update and wait for the asked stage."""
        record = self._registry.served(request.namespace)
        limits = self._history.runs.namespaces.settings(record.id).limits
        prepare(request, limits)
        until_s = waits.own_wait_until_s(limits)
        while True:
            execution = request.workflow_execution
            named = RunKey(record.id, execution.workflow_id, execution.run_id)
            try:
                return answer(request, await self.send(request, named, until_s))
            except WorkflowClosing:
                if execution.run_id or time.monotonic() >= until_s:
                    raise
                await asyncio.sleep(CLOSING_RETRY_S)

    async def send(self, request: UpdateWorkflowExecutionRequest, named: RunKey, until_s: float) -> UpdateStatus:
        """Send a checked update and wait; without a run id in `named`, to the current run."""

        def check(run: Run) -> None:
            if request.first_execution_run_id and run.state.first_run_id != request.first_execution_run_id:
                raise NotFound("workflow execution not found")

        return await self._history.updates.admit(
            named, request.request, wait_for=request.wait_policy.lifecycle_stage, until_s=until_s, check=check
        )

    async def poll_workflow_execution_update(
        self, request: PollWorkflowExecutionUpdateRequest, _call: Call
    ) -> PollWorkflowExecutionUpdateResponse:
        """Wait for the outcome of an update that was sent before."""
        record = self._registry.served(request.namespace)
        limits = self._history.runs.namespaces.settings(record.id).limits
        if not request.HasField("update_ref"):
            raise InvalidArgument("UpdateRef is not set on request.")
        ref = request.update_ref
        if not ref.workflow_execution.workflow_id:
            raise InvalidArgument("Can't load workflow execution.  WorkflowId not set.")
        requests.check_execution(ref.workflow_execution, bad_run_id="RunId is not valid UUID.")
        status = await self._history.updates.wait(
            RunKey(record.id, ref.workflow_execution.workflow_id, ref.workflow_execution.run_id),
            ref.update_id,
            wait_for=request.wait_policy.lifecycle_stage,
            until_s=waits.own_wait_until_s(limits),
        )
        response = PollWorkflowExecutionUpdateResponse(stage=status.stage, outcome=status.outcome)
        response.update_ref.workflow_execution.workflow_id = status.key.workflow_id
        response.update_ref.workflow_execution.run_id = status.key.run_id
        response.update_ref.update_id = ref.update_id
        return response


def prepare(request: UpdateWorkflowExecutionRequest, limits: Limits) -> None:
    """Check an update request and fill in its defaults, in place."""
    is_set = request.HasField("workflow_execution")
    requests.check_execution(request.workflow_execution, is_set=is_set)
    update = request.request
    if not update.HasField("meta"):
        raise InvalidArgument("Update meta is not set on request.")
    requests.check_length(update.meta.update_id, "UpdateId", limits)
    update.meta.update_id = update.meta.update_id or str(uuid.uuid4())
    if not update.HasField("input"):
        raise InvalidArgument("Update input is not set on request.")
    if not update.input.name:
        raise InvalidArgument("Update name is not set on request.")
    stage = request.wait_policy.lifecycle_stage
    if stage == Stage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_UNSPECIFIED:
        request.wait_policy.lifecycle_stage = Stage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED
    elif stage == Stage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ADMITTED:
        raise PermissionDenied(
            "UpdateWorkflowExecution issued asynchronously and waiting on update admitted is not supported."
        )
    requests.check_links(update.links, limits)


def answer(request: UpdateWorkflowExecutionRequest, status: UpdateStatus) -> UpdateWorkflowExecutionResponse:
    """The reply for an update that has come so far."""
    response = UpdateWorkflowExecutionResponse(stage=status.stage, outcome=status.outcome)
    response.update_ref.workflow_execution.workflow_id = status.key.workflow_id
    response.update_ref.workflow_execution.run_id = status.key.run_id
    response.update_ref.update_id = request.request.meta.update_id
    link = _link(request, status)
    if link is not None:
        response.link.CopyFrom(link)
    return response


def _link(request: UpdateWorkflowExecutionRequest, status: UpdateStatus) -> Link | None:
    key = status.key
    if status.outcome is not None and status.outcome.HasField("failure"):
        return Link(
            workflow=Link.Workflow(
                namespace=request.namespace,
                workflow_id=key.workflow_id,
                run_id=key.run_id,
                reason="Update rejected",
            )
        )
    if status.stage >= Stage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ACCEPTED:
        event_type = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED
        return event_link(request.namespace, key, event_type, request.request.request_id)
    return None
