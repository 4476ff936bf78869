"""How many polls a worker has out at once: a fixed number, or as many as the server suggests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from temporalio.api.taskqueue.v1 import PollerScalingDecision


@dataclass(frozen=True)
class PollerBehaviorSimpleMaximum:
    """So many polls, as long as there are slots. At least two for workflow tasks of which some are sticky."""

    maximum: int = 5


@dataclass(frozen=True)
class PollerBehaviorAutoscaling:
    """As many polls as the server suggests, as long as there are slots."""

    minimum: int = 1
    """Polls that are always out."""
    maximum: int = 100
    """Polls that are out at most; not less than `minimum`."""
    initial: int = 5
    """Polls until the server suggested something."""


PollerBehavior: TypeAlias = PollerBehaviorSimpleMaximum | PollerBehaviorAutoscaling


class PollScale:
    """How many polls are wanted on one queue, by what came of the polls before.

    Raises:
        ValueError: The bounds are no bounds.
    """

    def __init__(self, behavior: PollerBehavior) -> None:
        self._is_told = False  # the server has suggested something before
        if isinstance(behavior, PollerBehaviorSimpleMaximum):
            if behavior.maximum < 1:
                raise ValueError(f"maximum of a poller behavior must be at least 1, not {behavior.maximum}")
            self._least = self._most = self.wanted = behavior.maximum
            return
        if not 1 <= behavior.minimum <= behavior.initial <= behavior.maximum:
            raise ValueError(f"expected 1 <= minimum <= initial <= maximum, got {behavior}")
        self._least, self._most, self.wanted = behavior.minimum, behavior.maximum, behavior.initial

    def polled(self, decision: PollerScalingDecision | None, *, is_task: bool) -> None:
        """A poll was answered, with a suggestion or without. Nothing to do, unsuggested, means: one poll less."""
        if decision is not None:
            self._is_told = True
            self._set(self.wanted + decision.poll_request_delta_suggestion)
        elif not is_task and self._is_told:
            self._set(self.wanted - 1)

    def failed(self, *, is_exhausted: bool) -> None:
        """A poll failed: `is_exhausted`, since there are too many."""
        self._set(self.wanted // 2 if is_exhausted else self.wanted - 1)

    def _set(self, wanted: int) -> None:
        self.wanted = max(self._least, min(self._most, wanted))
