"""Which of the waiting tasks of a queue goes first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from temporalio.api.common.v1 import Priority as PriorityMessage


@dataclass(frozen=True)
class Priority:
    """Order among tasks that wait in one queue: `priority_key` first, then fairness between keys.

    None, 0 or an empty string means: what the workflow has that starts this, else the default.
    """

    priority_key: int | None = None
    """1 goes first. The server decides on the largest, normally 5; the default lies in the middle."""

    fairness_key: str | None = None
    """Whose turn it is, such as a tenant's name; at most 64 bytes. Keys get their turns as their weights say."""

    fairness_weight: float | None = None
    """Weight of the fairness key, from 0.001 to 1000; 1 by default. What the task queue's configuration says wins."""

    default: ClassVar[Priority]
    """Nothing said."""

    def __post_init__(self) -> None:
        if self.priority_key is None:
            return
        if not isinstance(self.priority_key, int):  # pyright: ignore[reportUnnecessaryIsInstance]  # callers without types
            raise TypeError("priority_key must be an integer")
        if self.priority_key < 1:
            raise ValueError("priority_key must be a positive integer")

    @staticmethod
    def _from_proto(proto: PriorityMessage) -> Priority:
        return Priority(
            priority_key=proto.priority_key or None,
            fairness_key=proto.fairness_key or None,
            fairness_weight=proto.fairness_weight or None,
        )

    def _to_proto(self) -> PriorityMessage:
        message = PriorityMessage()
        self._apply_to_proto(message)
        return message

    def _apply_to_proto(self, message: PriorityMessage) -> None:
        """Write it into an empty message, which is there even if nothing is said."""
        message.SetInParent()
        if self.priority_key:
            message.priority_key = self.priority_key
        if self.fairness_key:
            message.fairness_key = self.fairness_key
        if self.fairness_weight:
            message.fairness_weight = self.fairness_weight


Priority.default = Priority()
