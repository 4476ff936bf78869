"""Serialization contexts: for whom a payload is made or read, told to the converters and codecs that want to know."""

from __future__ import annotations

from abc import ABC
from dataclasses import dataclass
from typing import Self


class SerializationContext(ABC):  # noqa: B024  # a family, told apart by isinstance
    """For whom a payload is. One of the classes below; the same on the side that writes and on the side that reads."""


@dataclass(frozen=True)
class WorkflowSerializationContext(SerializationContext):
    """A workflow's own payloads: arguments, result, signals, queries, updates, memo, failure.

    For a child it is the child's id, not its parent's. For a schedule it may be the id that run ids are made from.
    """

    namespace: str
    workflow_id: str


@dataclass(frozen=True)
class ActivitySerializationContext(SerializationContext):
    """An activity's payloads: arguments, heartbeats, result, failure. What is not known is None."""

    namespace: str
    activity_id: str | None
    activity_type: str | None
    activity_task_queue: str | None
    workflow_id: str | None
    workflow_type: str | None
    is_local: bool


@dataclass(frozen=True)
class NexusSerializationContext(SerializationContext):
    """A Nexus operation's payloads. Some paths lack it, so what is written must say itself how to read it."""

    endpoint: str
    service: str
    operation: str


class WithSerializationContext(ABC):  # noqa: B024  # the default body raises, as the official one does
    """What payload converters, encoding payload converters, failure converters and codecs implement to be told."""

    def with_context(self, context: SerializationContext) -> Self:
        """A copy that knows the context, or the object itself if that makes no difference."""
        raise NotImplementedError


def subject_of(context: SerializationContext | None) -> str:
    """For whom the payload is, in the words of an error: `activity create_vm`; empty if nobody knows."""
    match context:
        case (
            ActivitySerializationContext(activity_type=str(name)) | ActivitySerializationContext(activity_id=str(name))
        ):
            return f"activity {name}"
        case WorkflowSerializationContext():
            return f"workflow {context.workflow_id}"
        case NexusSerializationContext():
            return f"Nexus operation {context.service}.{context.operation}"
        case _:
            return ""
