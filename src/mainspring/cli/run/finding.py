"""Which workflows and activities a module has.

    @workflow.defn classes and functions                     workflows
    @activity.defn functions                                 activities
    machines = Machines(session)                             its methods with @activity.defn, as those of this object
    class Machines without an object of it                   told: nobody could call its activities

Names that a module imports are its own, so one module may gather what others define.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from types import FunctionType, MethodType, ModuleType
from typing import Any, Final, cast

import msgspec

from mainspring.activity._definition import Definition as ActivityDefinition
from mainspring.workflow._definition import Definition as WorkflowDefinition

_WRAPPERS: Final = {staticmethod, classmethod, MethodType}


class Found(msgspec.Struct, frozen=True):
    """What a worker is made of."""

    workflows: list[Callable[..., Any]]
    activities: list[Callable[..., Any]]
    idle_classes: list[str]
    """Names of classes that have activities and no object."""

    @property
    def workflow_names(self) -> list[str]:
        definitions = [WorkflowDefinition.from_class(one) for one in self.workflows]
        return sorted(one.name or "(dynamic)" for one in definitions if one is not None)

    @property
    def activity_names(self) -> list[str]:
        definitions = [ActivityDefinition.from_callable(one) for one in self.activities]
        return sorted(one.name or "(dynamic)" for one in definitions if one is not None)

    @property
    def is_empty(self) -> bool:
        return not self.workflows and not self.activities


def found_in(named: object) -> Found:
    """What a module has; of anything else, that alone, or the members of a list of them."""
    members = members_of(named)
    workflows = [one for one in members if is_workflow(one)]
    activities = [activity for one in members for activity in activities_of(one)]
    used = {type(one) for one in members}
    idle = [one.__name__ for one in members if isinstance(one, type) and has_activities(one) and one not in used]
    return Found(cast("list[Callable[..., Any]]", workflows), activities, idle)


def members_of(named: object) -> list[object]:
    """Each once, in the order of their definition."""
    if isinstance(named, ModuleType):
        members: Iterable[object] = vars(named).values()
    elif isinstance(named, list | tuple):
        members = cast("Iterable[object]", named)
    else:
        members = [named]
    return list({id(one): one for one in members}.values())


def is_workflow(one: object) -> bool:
    return isinstance(one, type | FunctionType) and WorkflowDefinition.from_class(one) is not None


def activities_of(one: object) -> Iterator[Callable[..., Any]]:
    """A function, a bound method, or the activities of an object.

    Attributes of an object are never asked for blindly: a proxy that has no target yet would fail.
    """
    if isinstance(one, FunctionType | MethodType):
        if is_activity(one):
            yield one
    elif not isinstance(one, type | ModuleType):
        if is_activity(type(one)):
            yield cast("Callable[..., Any]", one)
        for name in methods_of(type(one)):
            yield getattr(one, name)


def methods_of(kind: type) -> list[str]:
    """Names of a class's activities, its parents' first."""
    names = dict.fromkeys(name for base in reversed(kind.__mro__) for name in vars(base))
    return [name for name in names if is_activity(inspect.getattr_static(kind, name))]


def has_activities(kind: type) -> bool:
    return bool(methods_of(kind))


def is_activity(one: object) -> bool:
    """A function or class that the decorator has marked."""
    bare: object = getattr(one, "__func__", one) if type(one) in _WRAPPERS else one
    return isinstance(bare, FunctionType | type) and ActivityDefinition.from_callable(bare) is not None
