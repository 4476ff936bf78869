"""What a workflow class has: its run method, its handlers, and all that is wrong with them.

All complaints about a class are collected and raised as one error.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mainspring.workflow._definition import DynamicWorkflowConfig
from mainspring.workflow._handler_definitions import (
    QueryDefinition,
    SignalDefinition,
    UpdateDefinition,
    update_definition,
)

IS_RUN = "__temporal_workflow_run"
IS_INIT = "__temporal_workflow_init"
IS_DYNAMIC_CONFIG = "__temporal_workflow_dynamic_config"

_Handler = SignalDefinition | QueryDefinition | UpdateDefinition


@dataclass
class Members:
    """What was found on a class."""

    run_fn: Callable[..., Awaitable[Any]] | None = None
    init_fn: Callable[..., None] | None = None
    dynamic_config_fn: Callable[..., DynamicWorkflowConfig] | None = None
    signals: dict[str | None, SignalDefinition] = field(default_factory=dict[str | None, SignalDefinition])
    queries: dict[str | None, QueryDefinition] = field(default_factory=dict[str | None, QueryDefinition])
    updates: dict[str | None, UpdateDefinition] = field(default_factory=dict[str | None, UpdateDefinition])
    issues: list[str] = field(default_factory=list[str])

    @classmethod
    def of(cls, owner: type, *, workflow_name: str | None) -> Members:
        """All members of a class and what is wrong with them; a name of None is a dynamic workflow's."""
        found = cls()
        has_run = False
        for name, member in inspect.getmembers(owner):
            has_run |= found._add(owner, name, member)
        if found.dynamic_config_fn is not None and workflow_name is not None:
            found.issues.append(
                "@workflow.dynamic_config can only be used in dynamic workflows, but "
                f"workflow class {workflow_name} ({owner.__name__}) is not dynamic"
            )
        for base in inspect.getmro(owner)[1:]:
            for member in _own_functions(base):
                has_run |= found._compare(member)
        if not has_run:
            found.issues.append("Missing @workflow.run method")
        if found.init_fn and found.run_fn and not parameters_identical_up_to_naming(found.init_fn, found.run_fn):
            found.issues.append("@workflow.init and @workflow.run method parameters do not match")
        return found

    def _add(self, owner: type, name: str, member: Any) -> bool:
        """Take note of a member. Returns: whether it is a run method, even a wrong one."""
        if hasattr(member, IS_RUN):
            self._add_run(owner, name, member)
            return True
        if name == "__init__" and hasattr(member, IS_INIT):
            self.init_fn = member
        elif hasattr(member, IS_DYNAMIC_CONFIG):
            if self.dynamic_config_fn is not None:
                self.issues.append("@workflow.dynamic_config can only be defined once per workflow")
            self.dynamic_config_fn = member
        elif (signal := SignalDefinition.from_fn(member)) is not None:
            self._add_handler("signal", self.signals, signal, name)
        elif (query := QueryDefinition.from_fn(member)) is not None:
            self._add_handler("query", self.queries, query, name)
        elif (update := update_definition(member)) is not None:
            self._add_handler("update", self.updates, update, name)
            self._check_validator(update)
        return False

    def _add_run(self, owner: type, name: str, member: Any) -> None:
        if not is_unbound_method_on_cls(member, owner):
            self.issues.append(f"@workflow.run method {name} must be defined on {owner.__qualname__}")
        elif self.run_fn is not None:
            first = self.run_fn.__name__
            self.issues.append(f"Multiple @workflow.run methods found (at least on {name} and {first})")
        else:
            self.run_fn = member

    def _add_handler(self, kind: str, handlers: dict[str | None, Any], definition: _Handler, name: str) -> None:
        if definition.name not in handlers:
            handlers[definition.name] = definition
            return
        first = handlers[definition.name].fn.__name__
        shown = definition.name or "<dynamic>"
        self.issues.append(f"Multiple {kind} methods found for {shown} (at least on {name} and {first})")

    def _check_validator(self, update: UpdateDefinition) -> None:
        if update.validator and not parameters_identical_up_to_naming(update.fn, update.validator):
            self.issues.append(
                f"Update validator method {update.validator.__name__} parameters "
                f"do not match update method {update.fn.__name__} parameters"
            )

    def _compare(self, base_member: Callable[..., Any]) -> bool:
        """Complain if a method of a base class lost its decorator on the way. Returns: whether it is a run method."""
        if hasattr(base_member, IS_RUN):
            if self.run_fn is None or base_member.__name__ != self.run_fn.__name__:
                self._complain_of_override("run", base_member)
            return True
        kinds: list[tuple[str, _Handler | None, Mapping[str | None, _Handler]]] = [
            ("signal", SignalDefinition.from_fn(base_member), self.signals),
            ("query", QueryDefinition.from_fn(base_member), self.queries),
            ("update", update_definition(base_member), self.updates),
        ]
        for kind, definition, handlers in kinds:
            if definition is not None and definition.name not in handlers:
                self._complain_of_override(kind, base_member)
        return False

    def _complain_of_override(self, kind: str, base_member: Callable[..., Any]) -> None:
        self.issues.append(f"@workflow.{kind} defined on {base_member.__qualname__} but not on the override")


def _own_functions(owner: type) -> list[Callable[..., Any]]:
    members = [member for _, member in inspect.getmembers(owner) if inspect.isfunction(member)]
    return [member for member in members if is_unbound_method_on_cls(member, owner)]


def is_unbound_method_on_cls(fn: Callable[..., Any], cls: type) -> bool:
    """Whether a function was written in the body of exactly this class."""
    return (
        inspect.isfunction(fn)
        and inspect.getmodule(fn) is inspect.getmodule(cls)
        and fn.__qualname__.rsplit(".", 1)[0] == cls.__name__
    )


def parameters_identical_up_to_naming(fn1: Callable[..., Any], fn2: Callable[..., Any]) -> bool:
    """Whether two functions take the same: kinds, defaults and annotations, whatever the names."""

    def nameless(fn: Callable[..., Any]) -> list[inspect.Parameter]:
        return [one.replace(name="x") for one in inspect.signature(fn).parameters.values()]

    return nameless(fn1) == nameless(fn2)
