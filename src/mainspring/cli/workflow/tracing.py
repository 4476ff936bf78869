"""What is known of a run from its events: its activities, timers and children, in the order in which they began.

HistoryEvent  --Traced.apply-->  Traced (a run with its steps; a child is a `Traced` too)  --branch-->  Branch
                                                                                           --in_json-->  JSON

Nothing here waits or asks a server.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from temporalio.api.enums.v1 import EventType
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import HistoryEvent

from mainspring.cli.output import Branch, Value
from mainspring.cli.output.words import duration, enum_words, instant, span

MARKS: Final = {
    "Scheduled": ("•", ""),
    "Running": ("▷", "blue"),
    "Completed": ("✓", "green"),
    "Failed": ("!", "red"),
    "TimedOut": ("⏱", "red"),
    "CancelRequested": ("▷", "yellow"),
    "Canceled": ("x", "yellow"),
    "Terminated": ("x", "red"),
    "ContinuedAsNew": ("»", "green"),
    "Waiting": ("⧖", "blue"),
    "Fired": ("⧖", "green"),
}
"""A sign and a colour for each status."""

_OWN: Final = "WorkflowExecution"
_CHILD: Final = "ChildWorkflowExecution"
_ENDS: Final = ("Completed", "Failed", "TimedOut", "Canceled", "Terminated", "ContinuedAsNew")


@dataclass
class Step:
    """An activity, a timer or a run, as far as it is known."""

    name: str
    status: str
    began_at: datetime | None = None
    ended_at: datetime | None = None
    attempt: int = 1
    failure: Failure | None = None
    kind: str = "activity"
    """What it is, as JSON says it: `activity`, `timer` or `workflow`."""

    def end(self, status: str, event: HistoryEvent) -> None:
        self.status = status
        self.ended_at = self.ended_at or instant(event.event_time)
        attributes: Any = attributes_of(event)
        if "failure" in attributes.DESCRIPTOR.fields_by_name and attributes.HasField("failure"):
            self.failure = attributes.failure


@dataclass
class Traced(Step):
    """A run with all that it began, by the id of the event that began it."""

    kind: str = "workflow"
    workflow_id: str = ""
    run_id: str = ""
    depth: int = 0
    notes: list[str] = field(default_factory=list[str])
    next_run_id: str = ""
    """The run that it continues as."""
    steps: dict[int, Step] = field(default_factory=dict[int, Step])
    last_event_id: int = 0

    @property
    def is_closed(self) -> bool:
        return self.status in _ENDS

    @property
    def children(self) -> Iterator[Traced]:
        return (step for step in self.steps.values() if isinstance(step, Traced))

    def apply(self, event: HistoryEvent) -> None:
        """Take in one more event; one that was taken in before, or that says nothing here, is passed over."""
        if event.event_id <= self.last_event_id:
            return
        self.last_event_id = event.event_id
        words = enum_words(EventType, event.event_type)
        if words.startswith(_OWN):
            self._own(words.removeprefix(_OWN), event)
        elif words.startswith("ActivityTask"):
            self._activity(words.removeprefix("ActivityTask"), event)
        elif words.startswith("Timer"):
            self._timer(words.removeprefix("Timer"), event)
        elif "ChildWorkflowExecution" in words:
            self._child(words, event)

    def _own(self, words: str, event: HistoryEvent) -> None:
        attributes: Any = attributes_of(event)
        if words == "Started":
            self.name, self.status = attributes.workflow_type.name, "Running"
            self.began_at, self.attempt = instant(event.event_time), attributes.attempt
        elif words == "CancelRequested":
            self.status = "CancelRequested"
            self.notes.append(f"Cancel requested: {attributes.cause or attributes.identity}")
        elif words in _ENDS:
            self.end(words, event)
            if words == "Terminated":
                self.notes.append(f"Terminated: {attributes.reason or attributes.identity}")
            if words in {"ContinuedAsNew", "Completed", "Failed", "TimedOut"}:
                self.next_run_id = attributes.new_execution_run_id

    def _activity(self, words: str, event: HistoryEvent) -> None:
        attributes: Any = attributes_of(event)
        if words == "Scheduled":
            self.steps[event.event_id] = Step(attributes.activity_type.name, "Scheduled")
            return
        step = self.steps.get(attributes.scheduled_event_id)
        if step is None:
            return
        if words == "Started":
            step.status, step.attempt = "Running", attributes.attempt
            step.began_at = instant(event.event_time)
        elif words == "CancelRequested":
            step.status = words
        else:
            step.end(words, event)

    def _timer(self, words: str, event: HistoryEvent) -> None:
        attributes: Any = attributes_of(event)
        if words == "Started":
            length = duration(attributes.start_to_fire_timeout)
            name = "Timer" if attributes.timer_id.isdecimal() else attributes.timer_id  # SDKs count, people name
            step = Step(f"{name} ({length})", "Waiting", began_at=instant(event.event_time), kind="timer")
            self.steps[event.event_id] = step
        elif attributes.started_event_id in self.steps:
            self.steps[attributes.started_event_id].end(words, event)

    def _child(self, words: str, event: HistoryEvent) -> None:
        attributes: Any = attributes_of(event)
        if words == "StartChildWorkflowExecutionInitiated":
            name = attributes.workflow_type.name
            child = Traced(name, "Scheduled", workflow_id=attributes.workflow_id, depth=self.depth + 1)
            self.steps[event.event_id] = child
            return
        found = self.steps.get(getattr(attributes, "initiated_event_id", 0))
        if not isinstance(found, Traced):
            return
        ending = words.removeprefix(_CHILD)
        if ending == "Started":
            found.run_id = attributes.workflow_execution.run_id
            found.status, found.began_at = "Running", found.began_at or instant(event.event_time)
        elif words == "StartChildWorkflowExecutionFailed":
            found.end("Failed", event)
        elif ending in _ENDS:
            found.end(ending, event)


def attributes_of(event: HistoryEvent) -> Any:
    """The attributes that the event has."""
    return getattr(event, event.WhichOneof("attributes") or "workflow_task_started_event_attributes")


def branch(root: Traced, folded: Collection[str], now: datetime | None = None) -> Branch:
    """The run as a tree; a child whose status is among the folded ones is shown without its steps."""
    now = now or datetime.now(UTC)
    top = Branch(title(root, now), MARKS[root.status][1])
    waiting: list[tuple[Branch, Step]] = [(top, root)]
    while waiting:
        place, step = waiting.pop()
        place.children += [Branch(line) for line in remarks(step)]
        if not isinstance(step, Traced):
            continue
        if step is not root and step.status in folded:
            place.children.append(Branch("↳ execution folded"))
            continue
        for inner in step.steps.values():
            below = Branch(title(inner, now), MARKS[inner.status][1])
            place.children.append(below)
            waiting.append((below, inner))
    return top


def in_json(root: Traced, folded: Collection[str]) -> dict[str, Value]:
    """The run with its steps, in the order in which they began; those of folded children are left out."""
    top = facts(root)
    waiting: list[tuple[dict[str, Value], Step]] = [(top, root)]
    while waiting:
        place, step = waiting.pop()
        if not isinstance(step, Traced) or (step is not root and step.status in folded):
            continue
        inner = list(step.steps.values())
        below = [facts(one) for one in inner]
        place["steps"] = below
        waiting += zip(below, inner, strict=True)
    return top


def facts(step: Step) -> dict[str, Value]:
    """What is known of a step itself."""
    found: dict[str, Value] = {"kind": step.kind, "name": step.name, "status": step.status, "attempt": step.attempt}
    if isinstance(step, Traced):
        found |= {"workflowId": step.workflow_id, "runId": step.run_id, "nextRunId": step.next_run_id or None}
        found |= {"notes": list(step.notes) or None}
    found |= {"startTime": exactly(step.began_at), "closeTime": exactly(step.ended_at)}
    found |= {"failure": step.failure.message if step.failure is not None else None}
    return {name: value for name, value in found.items() if value is not None}


def exactly(moment: datetime | None) -> str | None:
    """RFC 3339 with all that is known of the second: steps may take no longer."""
    return None if moment is None else f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat()}Z"


def title(step: Step, now: datetime) -> str:
    """`✓ AddNode (3 seconds, 2 attempts)`."""
    if step.began_at is None:
        return f"{MARKS[step.status][0]} {step.name}"
    took = max(0.0, ((step.ended_at or now) - step.began_at).total_seconds())
    length = duration_words(took) if step.ended_at else f"{span(took)} ago"
    attempts = f", {step.attempt} attempts" if step.attempt > 1 else ""
    return f"{MARKS[step.status][0]} {step.name} ({length}{attempts})"


def duration_words(seconds: float) -> str:
    return span(seconds) if seconds >= 1 else f"{seconds * 1_000:.0f}ms"


def remarks(step: Step) -> Iterator[str]:
    """Lines below the title: which run it is, and what went wrong."""
    if isinstance(step, Traced):
        yield f"wfId: {step.workflow_id}, runId: {step.run_id}"
        yield from step.notes
        if step.next_run_id:
            yield f"Next run: {step.next_run_id}"
    if step.failure is not None:
        yield f"Failure: {step.failure.message}"
