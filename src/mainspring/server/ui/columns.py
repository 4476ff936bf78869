"""The columns of the list of workflows: those of every run, and the namespace's own search attributes.

run -> Cell     text, an instant, or a link; a cell is all that the template needs to print it
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

import msgspec
from temporalio.api.enums.v1 import WorkflowExecutionStatus
from temporalio.api.workflow.v1 import WorkflowExecutionInfo

from mainspring.server.ui import times
from mainspring.server.ui.page import Nanos, url

DEFAULT: Final = ("WorkflowType", "StartTime", "ExecutionDuration", "TaskQueue")
_MOST_COLUMNS: Final = 20
_MOST_TEXT: Final = 300
_VALUE: Final = msgspec.json.Decoder(str | list[str])


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in one place of the table."""

    label: str  # the column's heading, for narrow screens
    text: str = ""
    at: Nanos | None = None  # an instant, shown in place of the text
    href: str = ""
    is_number: bool = False


class Column(msgspec.Struct, frozen=True):
    """One column that can be chosen."""

    name: str  # of the search attribute
    heading: str

    @property
    def is_number(self) -> bool:
        """Its cells stand on the right."""
        return self.name in _NUMBERS


_NUMBERS: Final = {"ExecutionDuration", "HistoryLength", "HistorySizeBytes", "StateTransitionCount"}

_Reader = Callable[[WorkflowExecutionInfo, str, Nanos], Cell]


def _id_of_parent(run: WorkflowExecutionInfo, namespace: str, _now: Nanos) -> Cell:
    parent = run.parent_execution
    href = url("/run", namespace=namespace, id=parent.workflow_id, run=parent.run_id) if parent.workflow_id else ""
    return Cell(label="Parent", text=parent.workflow_id, href=href)


def _duration(run: WorkflowExecutionInfo, _namespace: str, now: Nanos) -> Cell:
    return Cell(label="Duration", text=duration_text(run, now), is_number=True)


def duration_text(run: WorkflowExecutionInfo, now: Nanos) -> str:
    """How long a run took, or has been running, or when it will begin."""
    began = times.instant_of(run.execution_time) or times.instant_of(run.start_time) or now
    ended = times.instant_of(run.close_time)
    if ended is None and began > now:
        return f"starts {times.ago(began, now)}"
    return times.span((now if ended is None else ended) - began)


def _number(label: str, number: int) -> Cell:
    return Cell(label=label, text=f"{number:,}" if number else "", is_number=True)


_READERS: Final[Mapping[str, tuple[str, _Reader]]] = {
    "WorkflowType": ("Type", lambda run, _n, _t: Cell(label="Type", text=run.type.name)),
    "RunId": ("Run", lambda run, _n, _t: Cell(label="Run", text=run.execution.run_id)),
    "StartTime": ("Started", lambda run, _n, _t: Cell(label="Started", at=times.instant_of(run.start_time))),
    "CloseTime": ("Closed", lambda run, _n, _t: Cell(label="Closed", at=times.instant_of(run.close_time))),
    "ExecutionTime": ("Began", lambda run, _n, _t: Cell(label="Began", at=times.instant_of(run.execution_time))),
    "ExecutionDuration": ("Duration", _duration),
    "TaskQueue": ("Task queue", lambda run, _n, _t: Cell(label="Task queue", text=run.task_queue)),
    "ParentWorkflowId": ("Parent", _id_of_parent),
    "HistoryLength": ("Events", lambda run, _n, _t: _number("Events", run.history_length)),
    "HistorySizeBytes": ("Size (bytes)", lambda run, _n, _t: _number("Size (bytes)", run.history_size_bytes)),
    "StateTransitionCount": ("Transitions", lambda run, _n, _t: _number("Transitions", run.state_transition_count)),
}


def offered(custom: Iterable[str]) -> list[Column]:
    """All columns that can be chosen."""
    own = sorted(name for name in custom if name not in _READERS)
    return [*(Column(name, heading) for name, (heading, _) in _READERS.items()), *(Column(name, name) for name in own)]


def chosen(names: Iterable[str], custom: Iterable[str]) -> list[Column]:
    """The columns to show, in the order asked for; names that there are not are dropped."""
    known = {column.name: column for column in offered(custom)}
    found = [known[name] for name in dict.fromkeys(names) if name in known][:_MOST_COLUMNS]
    return found or [known[name] for name in DEFAULT]


def cell(column: Column, run: WorkflowExecutionInfo, namespace: str, now: Nanos) -> Cell:
    """What a run shows in a column."""
    reader = _READERS.get(column.name)
    if reader is not None:
        return reader[1](run, namespace, now)
    payload = run.search_attributes.indexed_fields.get(column.name)
    return Cell(label=column.heading, text="" if payload is None else search_attribute_text(payload.data))


def search_attribute_text(data: bytes) -> str:
    """A value of a search attribute: text without its quotes, lists with commas, all else as it was sent."""
    text = data.decode(errors="replace")[:_MOST_TEXT]
    try:
        value = _VALUE.decode(data)
    except msgspec.MsgspecError:
        return text
    shown = value if isinstance(value, str) else ", ".join(value)
    return shown[:_MOST_TEXT]


def status_name(status: WorkflowExecutionStatus.ValueType) -> str:
    """`TimedOut`, as queries write it."""
    if status not in WorkflowExecutionStatus.values():
        return f"Status{status}"
    name = WorkflowExecutionStatus.Name(status).removeprefix("WORKFLOW_EXECUTION_STATUS_")
    return "".join(word.capitalize() for word in name.split("_"))
