"""Points of a history that a workflow can be reset to, by name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, NamedTuple

import click
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent

from mainspring.cli.session import Session
from mainspring.cli.workflow.event_pages import events, events_newest_first

SCHEDULED: Final = EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED
TASK_COMPLETED: Final = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED


class Point(NamedTuple):
    """A run, '' for the current one, and the event to go back to."""

    run_id: str
    event_id: int


async def last_workflow_task(session: Session, target: WorkflowExecution) -> Point:
    """The end of the last workflow task that was completed; if none was, where the first one's would be."""
    event_id = 0
    async for event in events_newest_first(session, target):
        if event.event_type == TASK_COMPLETED:
            return Point(target.run_id, event.event_id)
        event_id = expected_end(event) or event_id
    return found(Point(target.run_id, event_id))


async def first_workflow_task(session: Session, target: WorkflowExecution) -> Point:
    """The end of the first workflow task that was completed; if none was, where the first one's would be."""
    event_id = 0
    async for event in events(session, target):
        if event.event_type == TASK_COMPLETED:
            return Point(target.run_id, event.event_id)
        event_id = event_id or expected_end(event)
    return found(Point(target.run_id, event_id))


async def last_continued_as_new(session: Session, target: WorkflowExecution) -> Point:
    """The end of the last workflow task of the run that the target was continued from."""
    previous = ""
    async for event in events(session, target):
        previous = event.workflow_execution_started_event_attributes.continued_execution_run_id
        break
    if not previous:
        raise click.ClickException(
            "cannot use LastContinuedAsNew for workflow; workflow was not continued from another"
        )
    before = WorkflowExecution(workflow_id=target.workflow_id, run_id=previous)
    async for event in events_newest_first(session, before):
        if event.event_type == TASK_COMPLETED:
            return Point(previous, event.event_id)
    raise click.ClickException("unable to find WorkflowTaskCompleted event for previous execution")


def expected_end(event: HistoryEvent) -> int:
    """The event after that which schedules a workflow task; 0 for another event."""
    return event.event_id + 1 if event.event_type == SCHEDULED else 0


def found(point: Point) -> Point:
    """The point itself.

    Raises: click.ClickException: there is none.
    """
    if not point.event_id:
        raise click.ClickException("unable to find any scheduled or completed task")
    return point


POINTS: Final[Mapping[str, Callable[[Session, WorkflowExecution], Awaitable[Point]]]] = {
    "FirstWorkflowTask": first_workflow_task,
    "LastWorkflowTask": last_workflow_task,
    "LastContinuedAsNew": last_continued_as_new,
}
