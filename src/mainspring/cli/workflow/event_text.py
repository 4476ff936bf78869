"""Events as text: a line each, or a section with all attributes.

   5  2026-01-02T03:04:05Z  TimerStarted
--------------- [5] TimerStarted ---------------
startToFireTimeout: 10s
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterable, Iterator
from typing import Any, Final

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent

from mainspring.cli.output import Cell, Output
from mainspring.cli.output.proto_json import encoded, tree_of
from mainspring.cli.output.words import enum_words, instant, iso
from mainspring.cli.session import Session
from mainspring.cli.workflow.closing import STATUSES
from mainspring.cli.workflow.event_pages import events

_ENDINGS: Final = {"Failed": "red", "TimedOut": "yellow", "Canceled": "magenta"}
_WIDTHS: Final = (5, 20)
HEADING: Final = "bold magenta"
PROGRESS: Final = "Progress:"

CONTINUED: Final = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW


async def follow_history(session: Session, target: WorkflowExecution, *, detailed: bool) -> HistoryEvent | None:
    """Print the events of a run and of those that it continues as, until they close. Returns the last one."""
    heading = PROGRESS
    while True:
        found = events(session, target, follow=True)
        last = await show_events(session.output, found, detailed=detailed, heading=heading)
        if last is None or last.event_type != CONTINUED:
            return last
        heading = ""
        run_id = last.workflow_execution_continued_as_new_event_attributes.new_execution_run_id
        target = WorkflowExecution(workflow_id=target.workflow_id, run_id=run_id)


async def show_events(
    output: Output, found: AsyncIterable[HistoryEvent], *, detailed: bool, heading: str = PROGRESS
) -> HistoryEvent | None:
    """Print events as they come, under a heading. Returns the one that closes the run, if it is among them."""
    closing: HistoryEvent | None = None
    is_first = True
    async for event in found:
        if is_first:
            show_heading(output, heading, detailed=detailed)
            is_first = False
        if detailed:
            show_section(output, event)
        else:
            output.row(row(event))
        output.flush()
        if event.event_type in STATUSES:
            closing = event
    return closing


def show_heading(output: Output, heading: str, *, detailed: bool) -> None:
    if heading:
        output.heading(heading)
    if not detailed:
        output.row(padded("ID", "Time", Cell("Type", HEADING)))


def row(event: HistoryEvent) -> list[Cell]:
    moment = instant(event.event_time)
    words = enum_words(EventType, event.event_type)
    return padded(str(event.event_id), iso(moment) if moment else "", Cell(words, style_of(event.event_type, words)))


def padded(event_id: str, time: str, kind: Cell) -> list[Cell]:
    """In columns of fixed width, since events are printed one by one."""
    return [Cell(event_id.rjust(_WIDTHS[0])), Cell(time.ljust(_WIDTHS[1])), kind]


def style_of(number: int, words: str) -> str:
    if number in STATUSES:
        return STATUSES[EventType.ValueType(number)][1]
    return next((style for ending, style in _ENDINGS.items() if words.endswith(ending)), "")


def show_section(output: Output, event: HistoryEvent) -> None:
    """All attributes of an event, one on each line."""
    words = enum_words(EventType, event.event_type)
    output.heading(f"--------------- [{event.event_id}] {words} ---------------")
    for name, value in sorted(flattened(output, event)):
        output.line(f"{name}: {value}")


def flattened(output: Output, event: HistoryEvent) -> Iterator[tuple[str, str]]:
    """Dotted names and values of all that the event has; attributes without the name that they are under."""
    text = encoded(tree_of(event, shorthand=output.shorthand), indent=False)
    tree: dict[str, Any] = json.loads(text, parse_int=str, parse_float=str)  # all digits stay
    for name, value in tree.items():
        if name in {"eventId", "eventType"}:
            continue
        yield from leaves("" if name.endswith("Attributes") else name, value)


def leaves(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for inner, item in value.items():  # pyright: ignore[reportUnknownVariableType]  # what JSON holds
            yield from leaves(f"{name}.{inner}" if name else str(inner), item)  # pyright: ignore[reportUnknownArgumentType]  # as above
    elif isinstance(value, list):
        for place, item in enumerate(value):  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]  # as above
            yield from leaves(f"{name}[{place}]", item)
    else:
        yield name, value if isinstance(value, str) else json.dumps(value)
