"""What the event that closes a run means for who waits for the workflow's result."""

from __future__ import annotations

import warnings
from typing import Any

from temporalio.api.history.v1 import HistoryEvent

from mainspring.client._exceptions import WorkflowContinuedAsNewError, WorkflowFailureError
from mainspring.converter import DataConverter
from mainspring.exceptions import CancelledError, TerminatedError, TimeoutType
from mainspring.exceptions import TimeoutError as WorkflowTimeoutError

_FOLLOWED = {
    "workflow_execution_completed_event_attributes",
    "workflow_execution_failed_event_attributes",
    "workflow_execution_timed_out_event_attributes",
    "workflow_execution_continued_as_new_event_attributes",
}


def next_run_id(event: HistoryEvent) -> str | None:
    """The run that follows: by continue-as-new, a retry or the next turn of a cron; None if the workflow is over."""
    kind = event.WhichOneof("attributes")
    if kind not in _FOLLOWED:
        return None
    return getattr(event, kind).new_execution_run_id or None


async def result_of(event: HistoryEvent, converter: DataConverter, result_type: type | None) -> Any:
    """The result that a run has by this closing event.

    Raises:
        WorkflowFailureError: it has none.
        WorkflowContinuedAsNewError: another run has it.
    """
    if event.HasField("workflow_execution_completed_event_attributes"):
        completed = event.workflow_execution_completed_event_attributes
        results = await converter.decode_wrapper(completed.result, [result_type] if result_type else None)
        if len(results) > 1:
            warnings.warn(f"Expected single result, got {len(results)}", stacklevel=3)
        return results[0] if results else None
    if event.HasField("workflow_execution_continued_as_new_event_attributes"):
        continued = event.workflow_execution_continued_as_new_event_attributes
        if not continued.new_execution_run_id:
            raise RuntimeError("Unexpectedly missing new run ID from continue as new")
        raise WorkflowContinuedAsNewError(continued.new_execution_run_id)
    raise WorkflowFailureError(cause=await _failure(event, converter))


async def _failure(event: HistoryEvent, converter: DataConverter) -> BaseException:
    match event.WhichOneof("attributes"):
        case "workflow_execution_failed_event_attributes":
            return await converter.decode_failure(event.workflow_execution_failed_event_attributes.failure)
        case "workflow_execution_canceled_event_attributes":
            cancelled = event.workflow_execution_canceled_event_attributes
            return CancelledError("Workflow cancelled", *await converter.decode_wrapper(cancelled.details))
        case "workflow_execution_terminated_event_attributes":
            terminated = event.workflow_execution_terminated_event_attributes
            details = await converter.decode_wrapper(terminated.details)
            return TerminatedError(terminated.reason or "Workflow terminated", *details)
        case "workflow_execution_timed_out_event_attributes":
            return WorkflowTimeoutError(
                "Workflow timed out", type=TimeoutType.START_TO_CLOSE, last_heartbeat_details=[]
            )
        case other:
            raise RuntimeError(f"No completion event found, but one with {other}")
