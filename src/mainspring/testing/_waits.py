"""Calls that wait for a workflow or an update to end: while they do, time may skip.

    client -> SkippingEngine -> engine         unlock, the call, lock: if the call waits for an end and nobody objects

Decided for each call, so that it holds for every handle, however it was made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

from google.protobuf.message import Message
from temporalio.api.enums.v1 import HistoryEventFilterType, UpdateWorkflowExecutionLifecycleStage
from temporalio.api.testservice.v1 import LockTimeSkippingRequest, UnlockTimeSkippingRequest
from temporalio.api.update.v1 import WaitPolicy
from temporalio.api.workflowservice.v1 import (
    ExecuteMultiOperationRequest,
    GetWorkflowExecutionHistoryRequest,
    PollWorkflowExecutionUpdateRequest,
    PollWorkflowTaskQueueRequest,
    UpdateWorkflowExecutionRequest,
)

from mainspring.service import Engine
from mainspring.service._client import TaskToCome
from mainspring.service._direct import Serve

_COMPLETED: Final = UpdateWorkflowExecutionLifecycleStage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED
_CLOSE_EVENT: Final = HistoryEventFilterType.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT


class SkippingEngine:
    """An engine whose time skips while somebody waits. A `service.Engine`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.skips_for_results = True

    def bind(self, service: str, rpc: str) -> Serve:
        """See `service.Engine`."""
        serve = self._engine.bind(service, rpc)
        unlock = self._engine.bind("test", "unlock_time_skipping")
        lock = self._engine.bind("test", "lock_time_skipping")

        async def skipping(request: Message, metadata: Mapping[str, str | bytes], timeout: timedelta | None) -> Message:
            if not (self.skips_for_results and waits_for_an_end(request)):
                return await serve(request, metadata, timeout)
            await unlock(UnlockTimeSkippingRequest(), {}, None)
            try:
                return await serve(request, metadata, timeout)
            finally:
                await lock(LockTimeSkippingRequest(), {}, None)

        return skipping

    def listen(
        self, request: PollWorkflowTaskQueueRequest, has_room: Callable[[], bool], take: Callable[[TaskToCome], None]
    ) -> Callable[[], None] | None:
        """See `service.Engine`."""
        return self._engine.listen(request, has_room, take)


def waits_for_an_end(request: Message) -> bool:
    """Whether a call is answered when a workflow or an update has ended."""
    match request:
        case GetWorkflowExecutionHistoryRequest():
            return request.wait_new_event and request.history_event_filter_type == _CLOSE_EVENT
        case UpdateWorkflowExecutionRequest() | PollWorkflowExecutionUpdateRequest():
            return _waits_for_completion(request.wait_policy)
        case ExecuteMultiOperationRequest():
            return any(_waits_for_completion(each.update_workflow.wait_policy) for each in request.operations)
        case _:
            return False


def _waits_for_completion(policy: WaitPolicy) -> bool:
    return policy.lifecycle_stage == _COMPLETED
