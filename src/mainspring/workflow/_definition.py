"""What `@workflow.defn` knows of a workflow: made once, kept on the class, and all that a worker needs.

A function workflow is no other kind: its definition has a class that was made for it, whose run method calls the
function.

    @workflow.defn class AddNode: ...        Definition(cls=AddNode, run_fn=AddNode.run, function=None)
    @workflow.defn async def add_node(...)   Definition(cls=<made>,  run_fn=<made>.run,  function=add_node)
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mainspring.common import VersioningBehavior
from mainspring.common._arguments import type_hints_from_func
from mainspring.workflow._handler_definitions import (
    QueryDefinition,
    SignalDefinition,
    UpdateDefinition,
    set_fields,
    takes_raw_values,
)

_ON_CLASS = "__temporal_workflow_definition"


@dataclass(frozen=True)
class DynamicWorkflowConfig:
    """What a `@workflow.dynamic_config` method returns: options of `defn` for the type that is being run."""

    failure_exception_types: Sequence[type[BaseException]] | None = None
    """Exceptions that fail the workflow rather than its task; None leaves what `defn` says."""
    versioning_behavior: VersioningBehavior = VersioningBehavior.UNSPECIFIED
    """Always in place of what `defn` says."""


@dataclass(frozen=True)
class Definition:
    name: str | None
    cls: type
    run_fn: Callable[..., Awaitable[Any]]
    signals: Mapping[str | None, SignalDefinition]
    queries: Mapping[str | None, QueryDefinition]
    updates: Mapping[str | None, UpdateDefinition]
    sandboxed: bool
    failure_exception_types: Sequence[type[BaseException]]
    arg_types: list[type] | None = None
    ret_type: type | None = None
    versioning_behavior: VersioningBehavior | None = None
    dynamic_config_fn: Callable[..., DynamicWorkflowConfig] | None = None
    function: Callable[..., Awaitable[Any]] | None = None
    """The decorated function, as users see it, if a function is the workflow."""

    def __post_init__(self) -> None:
        """Read the types from the run method, unless they are given."""
        if self.arg_types is None and self.ret_type is None:
            arg_types, ret_type = type_hints_from_func(self.run_fn)
            set_fields(self, arg_types=arg_types, ret_type=ret_type)
        types = self.arg_types or []
        if self.name is None and (len(types) != 1 or not takes_raw_values(types[0])):
            raise TypeError("Dynamic workflow must accept a single Sequence[mainspring.common.RawValue]")

    @staticmethod
    def from_class(owner: Any) -> Definition | None:
        """The definition of exactly this class or function; a subclass has none of its parent's."""
        definition: Definition | None = getattr(owner, _ON_CLASS, None)
        if definition is not None and owner in {definition.cls, definition.function}:
            return definition
        return None

    @staticmethod
    def must_from_class(owner: Any) -> Definition:
        """The definition of this class or function.

        Raises:
            ValueError: it is no workflow.
        """
        definition = Definition.from_class(owner)
        if definition is None:
            name = getattr(owner, "__name__", "<unknown>")
            raise ValueError(f"Workflow {name} missing attributes, was it decorated with @workflow.defn?")
        return definition

    @staticmethod
    def from_run_fn(fn: Callable[..., Any]) -> Definition | None:
        """The definition that has this run method, or this function."""
        return getattr(fn, _ON_CLASS, None)

    @staticmethod
    def must_from_run_fn(fn: Callable[..., Any]) -> Definition:
        """The definition that has this run method, or this function.

        Raises:
            ValueError: it is no workflow's.
        """
        definition = Definition.from_run_fn(fn)
        if definition is None:
            name = getattr(fn, "__qualname__", "<unknown>")
            raise ValueError(
                f"Function {name} missing attributes, was it decorated with @workflow.run and was its class "
                "decorated with @workflow.defn? A function that is a workflow by itself takes @workflow.defn."
            )
        return definition

    @classmethod
    def get_name_and_result_type(cls, name_or_run_fn: str | Callable[..., Any]) -> tuple[str, type | None]:
        """The workflow type's name, and its result's type if a definition says it.

        Raises:
            ValueError: it is no workflow, or a dynamic one.
        """
        if isinstance(name_or_run_fn, str):
            return name_or_run_fn, None
        if not callable(name_or_run_fn):
            raise TypeError("Workflow must be a string or callable")
        definition = cls.must_from_run_fn(name_or_run_fn)
        if not definition.name:
            raise ValueError("Cannot invoke dynamic workflow explicitly")
        return definition.name, definition.ret_type

    def put_on(self, *owners: Any) -> None:
        """Keep the definition where `from_class` and `from_run_fn` look for it."""
        for owner in owners:
            setattr(owner, _ON_CLASS, self)
