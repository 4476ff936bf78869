"""A workflow's update: its result, waited for.

handle = await workflow_handle.start_update(...)     it is accepted
await handle.result()                                 it is completed
"""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Mapping
from datetime import timedelta
from enum import IntEnum
from typing import TYPE_CHECKING, Generic, cast

from temporalio.api.enums.v1 import UpdateWorkflowExecutionLifecycleStage as Stage
from temporalio.api.update.v1 import Outcome, UpdateRef, WaitPolicy
from temporalio.api.workflowservice.v1 import PollWorkflowExecutionUpdateRequest

from mainspring.client._calls import execution, workflow_converter
from mainspring.client._exceptions import WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError
from mainspring.service import RPCError, RPCStatusCode
from mainspring.service._methods import NO_METADATA
from mainspring.types import LocalReturnType

if TYPE_CHECKING:
    from mainspring.client._client import Client


class WorkflowUpdateStage(IntEnum):
    """How far an update is to be before `start_update` returns. Values are those of the API's enum."""

    ADMITTED = Stage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ADMITTED
    ACCEPTED = Stage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ACCEPTED
    COMPLETED = Stage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED


class WorkflowUpdateHandle(Generic[LocalReturnType]):
    """An update that was sent, or that is known by its id."""

    def __init__(
        self,
        client: Client,
        id: str,
        workflow_id: str,
        *,
        workflow_run_id: str | None = None,
        result_type: type | None = None,
        known_outcome: Outcome | None = None,
    ) -> None:
        """Made by `WorkflowHandle.start_update` and `WorkflowHandle.get_update_handle`, not by users."""
        self._client = client
        self._id = id
        self._workflow_id = workflow_id
        self._workflow_run_id = workflow_run_id
        self._result_type = result_type
        self._known_outcome = known_outcome

    @property
    def id(self) -> str:
        """The update's id."""
        return self._id

    @property
    def workflow_id(self) -> str:
        """The workflow that it was sent to."""
        return self._workflow_id

    @property
    def workflow_run_id(self) -> str | None:
        """The run that it was sent to, if one is known."""
        return self._workflow_run_id

    async def result(
        self,
        *,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        rpc_timeout: timedelta | None = None,
    ) -> LocalReturnType:
        """Wait for the update's result; no call is made if it is known. The timeout is for each call, not for all.

        Raises:
            WorkflowUpdateFailedError: the update was rejected, or its handler failed.
            WorkflowUpdateRPCTimeoutOrCancelledError: waiting ended; the update may go on.
            RPCError: the result could not be had for another reason.
        """
        outcome = await self.poll(rpc_metadata=rpc_metadata, rpc_timeout=rpc_timeout)
        converter = workflow_converter(self._client, self._workflow_id)
        if outcome.HasField("failure"):
            raise WorkflowUpdateFailedError(await converter.decode_failure(outcome.failure))
        hints = [self._result_type] if self._result_type else None
        results = await converter.decode(outcome.success.payloads, hints) if outcome.success.payloads else []
        if len(results) > 1:
            warnings.warn(f"Expected single update result, got {len(results)}", stacklevel=2)
        return cast("LocalReturnType", results[0] if results else None)

    async def poll(
        self,
        *,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        rpc_timeout: timedelta | None = None,
    ) -> Outcome:
        """Wait until the update is completed, and remember how.

        Raises: as `result`, but for the update's own failure.
        """
        if self._known_outcome is not None:
            return self._known_outcome
        request = PollWorkflowExecutionUpdateRequest(
            namespace=self._client.namespace,
            update_ref=UpdateRef(
                workflow_execution=execution(self._workflow_id, self._workflow_run_id), update_id=self._id
            ),
            identity=self._client.identity,
            wait_policy=WaitPolicy(lifecycle_stage=Stage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED),
        )
        poll = self._client.workflow_service.poll_workflow_execution_update
        while True:
            with waiting_for_update():
                reply = await poll(request, retry=True, metadata=rpc_metadata, timeout=rpc_timeout)
            if reply.HasField("outcome"):
                self._known_outcome = reply.outcome
                return reply.outcome


class waiting_for_update:  # noqa: N801 - reads as what it does, `with waiting_for_update():`
    """Within it, a call that ends early says that the wait ended, not the update."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        gave_up = (RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED)
        if isinstance(error, asyncio.CancelledError) or (isinstance(error, RPCError) and error.status in gave_up):
            raise WorkflowUpdateRPCTimeoutOrCancelledError from error
