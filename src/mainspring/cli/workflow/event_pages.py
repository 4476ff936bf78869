"""Histories from the server, event by event."""

from __future__ import annotations

from collections.abc import AsyncIterator

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType, HistoryEventFilterType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflowservice.v1 import (
    GetWorkflowExecutionHistoryRequest,
    GetWorkflowExecutionHistoryReverseRequest,
)

from mainspring.cli.session import Session

ALL = HistoryEventFilterType.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT
CLOSE = HistoryEventFilterType.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT


async def events(
    session: Session, target: WorkflowExecution, *, follow: bool = False, only: HistoryEventFilterType.ValueType = ALL
) -> AsyncIterator[HistoryEvent]:
    """Events of a run, oldest first; with `follow` until it closes. A server that restarts meanwhile is waited for."""
    request = GetWorkflowExecutionHistoryRequest(
        namespace=session.namespace,
        execution=target,
        wait_new_event=follow,
        history_event_filter_type=only,
        skip_archival=follow,
    )
    is_first = True
    while is_first or request.next_page_token:
        page = await session.workflow.get_workflow_execution_history(request, retry=not is_first)
        for event in page.history.events:
            yield event
        request.next_page_token = page.next_page_token
        is_first = False


async def events_newest_first(session: Session, target: WorkflowExecution) -> AsyncIterator[HistoryEvent]:
    """Events of a run, newest first."""
    request = GetWorkflowExecutionHistoryReverseRequest(namespace=session.namespace, execution=target)
    is_first = True
    while is_first or request.next_page_token:
        page = await session.workflow.get_workflow_execution_history_reverse(request, retry=not is_first)
        for event in page.history.events:
            yield event
        request.next_page_token = page.next_page_token
        is_first = False


async def last_event(session: Session, target: WorkflowExecution, *, follow: bool) -> HistoryEvent | None:
    """The event that closed a run; with `follow` it is waited for. None while the run is open, without `follow`."""
    async for event in events(session, target, follow=follow, only=CLOSE):
        return event
    return None


async def final_event(session: Session, target: WorkflowExecution) -> HistoryEvent:
    """The event that ends the chain of runs which the target continues as; it is waited for."""
    continued: int = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW
    while True:
        event = await last_event(session, target, follow=True)
        if event is None:
            raise RuntimeError("the history of a closed run has no close event")
        if event.event_type != continued:
            return event
        run_id = event.workflow_execution_continued_as_new_event_attributes.new_execution_run_id
        target = WorkflowExecution(workflow_id=target.workflow_id, run_id=run_id)
