"""Histories by hand, and a scripted workflow: what it is told and what it asks for.

history().started().task().activity_scheduled("1", "greet").activity_completed(...).task().events
played = play(events, [StartTimer(seq=1, ...)], [Terminal(...)])        requests of each activation in turn
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from temporalio.api.command.v1 import Command, ScheduleActivityTaskCommandAttributes
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.api.enums.v1 import CommandType, EventType
from temporalio.api.history.v1 import HistoryEvent

from mainspring.replay import requests
from mainspring.replay.activation import Activation, Job
from mainspring.replay.core import Replay
from mainspring.replay.requests import Completion, Request
from mainspring.replay.task import Answer, Task

SECOND = 1_000_000_000


class History:
    """A history that grows; one second passes with each event."""

    def __init__(self) -> None:
        self.events: list[HistoryEvent] = []

    def add(self, kind: str, **attributes: Any) -> Self:
        """An event by the name of its type, with its attributes."""
        event = HistoryEvent(event_id=len(self.events) + 1, event_type=EventType.Value(f"EVENT_TYPE_{kind.upper()}"))
        event.event_time.FromNanoseconds(event.event_id * SECOND)
        holder = getattr(event, f"{kind}_event_attributes")
        holder.SetInParent()
        holder.MergeFrom(type(holder)(**attributes))
        self.events.append(event)
        return self

    def started(self) -> Self:
        return self.add("workflow_execution_started", original_execution_run_id="run")

    def task(self, *, ended: str = "completed", **completed: Any) -> Self:
        """A workflow task; `ended` = "" leaves it with the worker."""
        self.add("workflow_task_scheduled").add("workflow_task_started")
        return self.add(f"workflow_task_{ended}", **completed) if ended else self

    def activity_scheduled(self, activity_id: str, name: str = "greet") -> Self:
        return self.add("activity_task_scheduled", activity_id=activity_id, activity_type={"name": name})

    def activity_completed(self, scheduled: int, result: str = "done") -> Self:
        return self.add(
            "activity_task_completed", scheduled_event_id=scheduled, result=Payloads(payloads=[pay(result)])
        )

    def timer_started(self, timer_id: str) -> Self:
        return self.add("timer_started", timer_id=timer_id)

    def timer_fired(self, timer_id: str, started: int) -> Self:
        return self.add("timer_fired", timer_id=timer_id, started_event_id=started)

    def signaled(self, name: str) -> Self:
        return self.add("workflow_execution_signaled", signal_name=name)

    def marker(self, name: str, **details: bytes) -> Self:
        kept = {
            key.replace("_", "-") if key != "patch_id" else key: Payloads(payloads=[Payload(data=data)])
            for key, data in details.items()
        }
        return self.add("marker_recorded", marker_name=name, details=kept)

    def patched(self, patch_id: str, *, deprecated: bool = False) -> Self:
        flag = "true" if deprecated else "false"
        return self.marker("core_patch", patch_data=f'{{"id":"{patch_id}","deprecated":{flag}}}'.encode())


def history() -> History:
    return History()


def pay(text: str) -> Payload:
    return Payload(metadata={"encoding": b"json/plain"}, data=f'"{text}"'.encode())


def schedule_activity(seq: int, name: str = "greet", cancellation: int = 0) -> requests.ScheduleActivity:
    request = requests.ScheduleActivity(
        seq=seq,
        attributes=ScheduleActivityTaskCommandAttributes(activity_id=str(seq)),
        cancellation=requests.ActivityCancellation(cancellation),
    )
    request.attributes.activity_type.name = name
    return request


def start_timer(seq: int) -> requests.StartTimer:
    return requests.StartTimer(seq=seq, wait_ns=SECOND)


def complete() -> requests.Terminal:
    return requests.Terminal(command=Command(command_type=CommandType.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION))


class Played:
    """What happened in a replay."""

    def __init__(self, replay: Replay) -> None:
        self.replay = replay
        self.activations: list[Activation] = []

    @property
    def jobs(self) -> list[list[str]]:
        """The kinds of jobs of each activation."""
        return [[type(job).__name__ for job in activation.jobs] for activation in self.activations]

    def all_jobs(self) -> list[Job]:
        return [job for activation in self.activations for job in activation.jobs]

    def go(self, task: Task, *scripts: Sequence[Request]) -> Answer:
        """Do a task; each activation asks for what the next script says, and for nothing when there is no more."""
        self.replay.begin(task)
        waiting = list(scripts)
        while (activation := self.replay.next_activation()) is not None:
            self.activations.append(activation)
            self.replay.apply(Completion(requests=list(waiting.pop(0)) if waiting else []))
        assert not waiting, "the workflow was not activated as often as it was scripted"
        return self.replay.answer()


def play(events: Sequence[HistoryEvent], *scripts: Sequence[Request], previous: int = 0) -> Played:
    played = Played(Replay("default"))
    played.go(Task(events=events, previous_started_event_id=previous), *scripts)
    return played


def names(commands: Sequence[Command]) -> list[str]:
    return [CommandType.Name(command.command_type).removeprefix("COMMAND_TYPE_") for command in commands]
