"""Eager activities: those that a workflow task schedules, and that the server gives to this worker with its answer.

    asked = eager.ask(commands) -> the answer goes to the server -> eager.begin(asked, tasks in the reply)

Only activities that this worker has are asked for, and only as many as there are free slots; the slots are held from
the question to the reply.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from temporalio.api.command.v1 import Command
from temporalio.api.workflowservice.v1 import PollActivityTaskQueueResponse

from mainspring.worker._slots import Permit


class ActivitySide(Protocol):
    """The worker's side that runs activities."""

    def has_activity(self, name: str) -> bool:
        """Whether it can run activities of this type."""
        ...

    def try_reserve(self) -> Permit | None:
        """A slot, if there is one now."""
        ...

    def release(self, permit: Permit) -> None:
        """The slot was not needed."""
        ...

    def start_eagerly(self, task: PollActivityTaskQueueResponse, permit: Permit) -> None:
        """Run an activity that came with an answer."""
        ...


class EagerActivities:
    """See the module. Without an activity side, or with `most` 0, nothing is asked for."""

    def __init__(self, activities: ActivitySide | None, most: int) -> None:
        self._activities = activities
        self._most = most  # for one workflow task

    def ask(self, commands: Iterable[Command]) -> list[Permit]:
        """Leave the wish in as many commands as this worker could run, and take it out of the others."""
        permits: list[Permit] = []
        for command in commands:
            attributes = command.schedule_activity_task_command_attributes
            if not attributes.request_eager_execution:
                continue
            permit = self._reserve(attributes.activity_type.name) if len(permits) < self._most else None
            if permit is None:
                attributes.request_eager_execution = False
            else:
                permits.append(permit)
        return permits

    def begin(self, permits: Sequence[Permit], tasks: Sequence[PollActivityTaskQueueResponse]) -> None:
        """Run what the server gave, and release the slots of what it did not give."""
        if self._activities is None:
            return
        for permit, task in zip(permits, tasks, strict=False):
            self._activities.start_eagerly(task, permit)
        for permit in permits[len(tasks) :]:
            self._activities.release(permit)

    def _reserve(self, activity_type: str) -> Permit | None:
        if self._activities is None or not self._activities.has_activity(activity_type):
            return None
        return self._activities.try_reserve()
