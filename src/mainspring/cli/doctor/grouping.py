"""Runs that wait for the same thing, as one group.

no worker polls task queue vms           12 runs, the oldest since 10:02
activity pay fails: no such account …     3 runs            errors that differ by numbers are the same
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import msgspec

from mainspring.cli.open_runs import Answer
from mainspring.explain.reasons import Kind, Reason
from mainspring.explain.times import Nanos

MOST_LETTERS: Final = 120
OFTEN_HEALED: Final = 5  # failures in a row; with the usual retry policy, half a minute of them

_NUMBERS: Final = re.compile(r"\b(?=[0-9a-f-]*\d)[0-9a-f][0-9a-f-]*\b|\d+")
_RUNS_OF_THEM: Final = re.compile(r"…(?:[-.:/_]…)+")
_KINDS: Final = list(Kind)
_TRIED_AGAIN: Final = {Kind.ACTIVITY_FAILING, Kind.NEXUS_FAILING}


class Group(msgspec.Struct, frozen=True):
    """Runs with one reason, the one that has waited longest first."""

    kind: Kind
    title: str
    needs_somebody: bool
    answers: Sequence[Answer]

    @property
    def count(self) -> int:
        return len(self.answers)

    @property
    def oldest(self) -> Answer:
        return self.answers[0]

    @property
    def since_at(self) -> Nanos:
        return self.oldest.since_at


def grouped(answers: Iterable[Answer]) -> list[Group]:
    """Groups that need somebody first, then by what stops runs most, then by how many there are."""
    found: dict[tuple[Kind, bool, str], list[Answer]] = {}
    for answer in answers:
        reason = answer.reason
        found.setdefault((reason.kind, needs_somebody(reason), title_of(answer)), []).append(answer)
    groups = [
        Group(kind, title, needs_somebody, sorted(of_it, key=lambda one: (one.since_at, one.info.execution.run_id)))
        for (kind, needs_somebody, title), of_it in found.items()
    ]
    groups.sort(key=lambda group: (not group.needs_somebody, _KINDS.index(group.kind), -group.count, group.title))
    return groups


def needs_somebody(reason: Reason) -> bool:
    """Whether it will not get better by itself, as far as one can tell: what is tried again heals most often."""
    return reason.is_bad and not (reason.kind in _TRIED_AGAIN and reason.attempt <= OFTEN_HEALED)


def title_of(answer: Answer) -> str:
    """What runs of a group have in common."""
    return _TITLES[answer.reason.kind](answer)


def error_of(reason: Reason) -> str:
    """`: ValueError: no room in hall …`, without what differs from run to run."""
    if reason.failure is None:
        return ""
    line = _RUNS_OF_THEM.sub("…", _NUMBERS.sub("…", " ".join(reason.failure.root.line.split())))
    return f": {line if len(line) <= MOST_LETTERS else line[:MOST_LETTERS] + '…'}"


_TITLES: Final[Mapping[Kind, Callable[[Answer], str]]] = {
    Kind.CLOSED: lambda _: "closed",
    Kind.PAUSED: lambda _: "paused",
    Kind.NO_WORKER: lambda one: f"no worker polls task queue {one.reason.subject}",
    Kind.WORKFLOW_TASK_FAILING: lambda one: f"workflow task of {one.info.type.name} fails{error_of(one.reason)}",
    Kind.ACTIVITY_PAUSED: lambda one: f"activity {one.reason.subject} is paused",
    Kind.ACTIVITY_NO_WORKER: lambda one: f"no worker polls the task queue of activity {one.reason.subject}",
    Kind.ACTIVITY_FAILING: lambda one: f"activity {one.reason.subject} fails{error_of(one.reason)}",
    Kind.NEXUS_FAILING: lambda one: f"Nexus operation {one.reason.subject} fails{error_of(one.reason)}",
    Kind.START_DELAY: lambda _: "starts later",
    Kind.WORKFLOW_TASK_STARTED: lambda one: f"a worker of {one.reason.subject} has its workflow task",
    Kind.WORKFLOW_TASK_SCHEDULED: lambda one: f"waits for a worker of {one.reason.subject}",
    Kind.ACTIVITY_STARTED: lambda one: f"activity {one.reason.subject} runs",
    Kind.ACTIVITY_SCHEDULED: lambda one: f"activity {one.reason.subject} waits for a worker",
    Kind.NEXUS: lambda one: f"waits for Nexus operation {one.reason.subject}",
    Kind.CHILD: lambda _: "waits for a child",
    Kind.TIMER: lambda _: "waits for a timer",
    Kind.MESSAGE: lambda _: "waits for a signal or an update",
}
