"""The lives of what a run waits for: a `Stage` enum and the table of legal moves beside it.

Every change of a stage goes through `move`; a move that the table lacks is a bug of ours. The diagrams in
`docs/internals/state-machines.md` are these tables.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from enum import StrEnum
from typing import Protocol, TypeVar

from mainspring.server.engine.errors import InvariantError


class ActivityStage(StrEnum):
    """Life of one activity, over all its attempts."""

    SCHEDULED = "scheduled"  # waiting for a poller, or backing off before the next attempt
    STARTED = "started"  # a worker has it
    CLOSED = "closed"


ACTIVITY_MOVES: dict[ActivityStage, Set[ActivityStage]] = {
    ActivityStage.SCHEDULED: {ActivityStage.STARTED, ActivityStage.CLOSED},
    ActivityStage.STARTED: {ActivityStage.SCHEDULED, ActivityStage.CLOSED},  # SCHEDULED: another attempt
}


class ChildStage(StrEnum):
    """Life of one child workflow, as its parent sees it."""

    INITIATED = "initiated"  # the effect that starts it is under way
    STARTED = "started"
    CLOSED = "closed"


CHILD_MOVES: dict[ChildStage, Set[ChildStage]] = {
    ChildStage.INITIATED: {ChildStage.STARTED, ChildStage.CLOSED},  # CLOSED: it could not be started
    ChildStage.STARTED: {ChildStage.CLOSED},
}


class UpdateStage(StrEnum):
    """Life of one update. A rejected one is forgotten: it leaves no trace."""

    ADMITTED = "admitted"  # waits for a workflow task to carry it
    SENT = "sent"  # a worker has its request
    ACCEPTED = "accepted"
    COMPLETED = "completed"
    GONE = "gone"  # rejected, or aborted with its run


UPDATE_MOVES: dict[UpdateStage, Set[UpdateStage]] = {
    UpdateStage.ADMITTED: {UpdateStage.SENT, UpdateStage.GONE},
    UpdateStage.SENT: {UpdateStage.ADMITTED, UpdateStage.ACCEPTED, UpdateStage.GONE},  # ADMITTED: the task failed
    UpdateStage.ACCEPTED: {UpdateStage.COMPLETED, UpdateStage.GONE},
}

S = TypeVar("S", bound=StrEnum)


class Staged(Protocol[S]):
    """A record with a life."""

    stage: S


def move(record: Staged[S], to: S, moves: Mapping[S, Set[S]]) -> None:
    """Take `record` to another stage.

    Raises:
        InvariantError: the table has no such move.
    """
    if to not in moves.get(record.stage, frozenset()):
        raise InvariantError(f"{type(record).__name__}: {record.stage} -> {to}")
    record.stage = to
