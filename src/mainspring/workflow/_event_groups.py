"""Event groups: labels on commands, by which a user interface shows together what belongs together.

    group = workflow.create_event_group("node-1", label="Node 1")
    with group.scope():
        await create_vm(...)                       # by where the code stands
    await attach_vip(..., event_groups=[group])    # by hand

A handler of a signal or an update has a group of its own, made by the runtime, and starts outside all other scopes. The
active groups live in a context variable, so tasks inherit the scope that they were started in.
"""

from __future__ import annotations

import contextvars
from abc import ABC, abstractmethod
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import NamedTuple

from temporalio.api.sdk.v1 import EventGroupMarker

from mainspring.converter import PayloadConverter
from mainspring.workflow._runtime import Runtime


class EventGroup(ABC):
    """A group that commands, and the events that they make, can belong to. Made by `create_event_group`."""

    @contextmanager
    def scope(self) -> Generator[None]:
        """Put every command of the block into this group, and into those of the blocks around it."""
        Runtime.current()
        token = _active.set(self._applied_over(_active.get()))
        try:
            yield
        finally:
            # A coroutine that is closed rather than resumed unwinds in another context, which is thrown away anyway.
            with suppress(ValueError):
                _active.reset(token)

    @abstractmethod
    def _applied_over(self, active: _Active) -> _Active:
        """The groups that are active inside this one's scope."""

    @abstractmethod
    def _to_proto(self) -> EventGroupMarker | None:
        """The marker on a command; None for none."""


class _Active(NamedTuple):
    """The groups of the current scope: the handler's own, and those that the code named, by id."""

    handler: EventGroup | None
    named: Mapping[str, EventGroup]


NONE_ACTIVE = _Active(None, {})  # nothing ever changes this mapping
_active: contextvars.ContextVar[_Active] = contextvars.ContextVar(
    "__temporal_active_event_groups",
    default=NONE_ACTIVE,
)


class _LabelEventGroup(EventGroup):
    """A group that workflow code made."""

    def __init__(self, id: str, label: str | None) -> None:
        self.id = id
        self.label = label

    def _applied_over(self, active: _Active) -> _Active:
        return active._replace(named={**active.named, self.id: self})

    def _to_proto(self) -> EventGroupMarker:
        label = EventGroupMarker.Label(id=self.id)
        if self.label is not None:
            # Shown by user interfaces, which know the default converter only.
            label.label.CopyFrom(PayloadConverter.default.to_payload(self.label))
        return EventGroupMarker(label=label)


class _HandlerEventGroup(EventGroup):
    """The group of one signal or update."""

    def __init__(self, marker: EventGroupMarker | None) -> None:
        self.marker = marker

    def _applied_over(self, active: _Active) -> _Active:
        del active  # a handler is no part of what stood open where it was registered
        return _Active(self, {})

    def _to_proto(self) -> EventGroupMarker | None:
        return self.marker


def create_event_group(id: str, *, label: str | None = None) -> EventGroup:
    """Make a group for commands of this workflow. The same id is the same group.

    The id stands in the history as plain text; the label goes through the payload codec.
    """
    Runtime.current()
    if not id:
        raise ValueError("Event group id cannot be empty")
    if label is not None and not label:
        raise ValueError("Event group label cannot be empty")
    return _LabelEventGroup(id, label)


def signal_event_group(event_id: int) -> EventGroup:
    """The group of the signal whose event has this id; without an id, one that marks nothing."""
    if event_id <= 0:
        return _HandlerEventGroup(None)
    return _HandlerEventGroup(EventGroupMarker(inbound_event=EventGroupMarker.InboundEvent(inbound_event_id=event_id)))


def update_event_group(update_id: str) -> EventGroup:
    """The group of an update."""
    return _HandlerEventGroup(
        EventGroupMarker(inbound_update=EventGroupMarker.InboundUpdate(inbound_update_id=update_id))
    )


def event_group_markers(given: Sequence[EventGroup] | None) -> list[EventGroupMarker]:
    """The markers of a command that is asked for here and now, with the groups that its caller named.

    Raises:
        TypeError: a group that `create_event_group` did not make.
    """
    active = _active.get()
    if not given and active is NONE_ACTIVE:
        return []
    groups = {**active.named}
    for group in given or ():
        if not isinstance(group, _LabelEventGroup):
            raise TypeError("Event groups must be created with workflow.create_event_group()")
        groups[group.id] = group
    handler = [active.handler] if active.handler is not None else []
    markers = (group._to_proto() for group in [*handler, *groups.values()])
    return [marker for marker in markers if marker is not None]
