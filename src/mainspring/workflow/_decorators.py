"""The decorators of workflows: `@workflow.defn` on a class or a function, and those of a class's own methods.

@workflow.defn                              @workflow.defn
class AddNode:                              async def add_node(order: Order) -> Node: ...
    @workflow.run
    async def run(self, order: Order) -> Node: ...
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, ParamSpec, Protocol, TypeVar, overload

from mainspring.activity._arity import check_parameters
from mainspring.common import VersioningBehavior
from mainspring.types import CallableAsyncType, CallableType, ClassType, MethodSyncNoParam, SelfType
from mainspring.workflow._definition import Definition, DynamicWorkflowConfig
from mainspring.workflow._functions import WorkflowFunction, make_durable, run_of
from mainspring.workflow._members import IS_DYNAMIC_CONFIG, IS_INIT, IS_RUN, Members

P = ParamSpec("P")
R = TypeVar("R")


class _Decorator(Protocol):
    """`@workflow.defn(...)`, which waits for its class or function."""

    @overload
    def __call__(self, cls: ClassType, /) -> ClassType: ...
    @overload
    def __call__(self, cls: Callable[P, Coroutine[Any, Any, R]], /) -> WorkflowFunction[P, R]: ...


@dataclass(frozen=True)
class _Wishes:
    """The options of `defn`."""

    name: str | None
    sandboxed: bool
    dynamic: bool
    failure_exception_types: Sequence[type[BaseException]]
    versioning_behavior: VersioningBehavior

    def name_of(self, decorated: Any) -> str | None:
        """The workflow type's name; None if it is the dynamic one."""
        if self.dynamic:
            return None
        return self.name or str(decorated.__name__)


@overload
def defn(cls: ClassType) -> ClassType: ...


@overload
def defn(cls: Callable[P, Coroutine[Any, Any, R]]) -> WorkflowFunction[P, R]: ...


@overload
def defn(
    *,
    name: str | None = None,
    sandboxed: bool = True,
    failure_exception_types: Sequence[type[BaseException]] = [],
    versioning_behavior: VersioningBehavior = VersioningBehavior.UNSPECIFIED,
) -> _Decorator: ...


@overload
def defn(
    *,
    sandboxed: bool = True,
    dynamic: bool = False,
    failure_exception_types: Sequence[type[BaseException]] = [],
    versioning_behavior: VersioningBehavior = VersioningBehavior.UNSPECIFIED,
) -> _Decorator: ...


def defn(
    cls: Any = None,
    *,
    name: str | None = None,
    sandboxed: bool = True,
    dynamic: bool = False,
    failure_exception_types: Sequence[type[BaseException]] = [],
    versioning_behavior: VersioningBehavior = VersioningBehavior.UNSPECIFIED,
) -> Any:
    """Make a class, or an `async def` function, a workflow.

    A decorated function can be called: in a workflow that starts a child and waits for its result, elsewhere it just
    runs. `add_node.with_options(id="n1")(order)` says how, and `add_node.start(order)` gives a handle.

    Args:
        cls: The class or function, if the decorator has no parentheses.
        name: The workflow type's name; that of the class or function if it is left out.
        sandboxed: Whether the code is guarded: it gets time and chance that a replay repeats, and errors for calls that
            it must not make (docs/guide/determinism.md). Nothing is imported a second time.
        dynamic: Run all types that no other workflow has; it takes one `Sequence[RawValue]`.
        failure_exception_types: Exceptions that fail the workflow, where others fail its task, which is tried again.
        versioning_behavior: How the workflow moves between versions of its worker deployment.

    Raises:
        ValueError: what is wrong with the class or function, all of it.
    """
    wishes = _Wishes(name, sandboxed, dynamic, failure_exception_types, versioning_behavior)

    def decorate(decorated: Any) -> Any:
        return _define_class(decorated, wishes) if isinstance(decorated, type) else _define_function(decorated, wishes)

    return decorate if cls is None else decorate(cls)


def _define_class(cls: type, wishes: _Wishes) -> type:
    if Definition.from_class(cls):
        raise ValueError("Class already contains workflow definition")
    name = wishes.name_of(cls)
    members = Members.of(cls, workflow_name=name)
    if members.issues or members.run_fn is None:
        count = f"for {len(members.issues)} reasons: " if len(members.issues) > 1 else ": "
        raise ValueError(
            f"Invalid workflow class{' ' if len(members.issues) > 1 else ''}{count}{', '.join(members.issues)}"
        )
    definition = Definition(
        name=name,
        cls=cls,
        run_fn=members.run_fn,
        signals=members.signals,
        queries=members.queries,
        updates=members.updates,
        sandboxed=wishes.sandboxed,
        failure_exception_types=wishes.failure_exception_types,
        versioning_behavior=wishes.versioning_behavior,
        dynamic_config_fn=members.dynamic_config_fn,
    )
    definition.put_on(cls, members.run_fn)
    if wishes.sandboxed:
        _read_class(cls, definition)
    return cls


def _define_function(function: Any, wishes: _Wishes) -> Any:
    if Definition.from_run_fn(function):
        raise ValueError("Function already contains workflow definition")
    _check_function(function)
    durable = make_durable(function)
    cls, run_fn, arg_types, ret_type = run_of(function)
    definition = Definition(
        name=wishes.name_of(function),
        cls=cls,
        run_fn=run_fn,
        signals={},
        queries={},
        updates={},
        sandboxed=wishes.sandboxed,
        failure_exception_types=wishes.failure_exception_types,
        arg_types=arg_types,
        ret_type=ret_type,
        versioning_behavior=wishes.versioning_behavior,
        function=durable,
    )
    definition.put_on(cls, run_fn, durable)
    if wishes.sandboxed:
        _read_function(function)
    return durable


def _read_class(cls: type, definition: Definition) -> None:
    """Warn of what would not repeat itself in a replay."""
    from mainspring.determinism._registration import registered_class  # it needs this package

    signals = [handler.fn for handler in definition.signals.values()]
    queries = [handler.fn for handler in definition.queries.values()]
    updates = [handler.fn for handler in definition.updates.values()]
    registered_class(cls, [definition.run_fn, *signals, *queries, *updates])


def _read_function(function: Any) -> None:
    """As `_read_class`."""
    from mainspring.determinism._registration import registered_function

    registered_function(function)


def _check_function(function: Any) -> None:
    """Refuse what can be no workflow.

    Raises:
        ValueError: it is no `async def`, or its parameters cannot be passed by position.
    """
    name = getattr(function, "__qualname__", repr(function))
    if not inspect.iscoroutinefunction(function):
        raise ValueError(
            f"Workflow {name} must be a class or an async function: write `async def`, "
            "or decorate it with @activity.defn if it has effects"
        )
    if any(one.kind is one.KEYWORD_ONLY for one in inspect.signature(function).parameters.values()):
        raise ValueError(f"Workflow {name} cannot have keyword-only parameters")
    check_parameters("workflow", function)


def init(init_fn: CallableType) -> CallableType:
    """Let `__init__` take the workflow's arguments: its parameters are those of the run method."""
    if init_fn.__name__ != "__init__":
        raise ValueError("@workflow.init may only be used on the __init__ method")
    check_parameters("workflow", init_fn)
    setattr(init_fn, IS_INIT, True)
    return init_fn


def run(fn: CallableAsyncType) -> CallableAsyncType:
    """Make an async method the one that runs the workflow. Each workflow class has one of its own.

    Raises:
        ValueError: it is not async, or its class is made inside a function, where nobody could find it by name.
    """
    decorated = fn
    if not inspect.iscoroutinefunction(fn):
        raise ValueError("Workflow run method must be an async function")
    if "<locals>" in fn.__qualname__:
        raise ValueError("Local classes unsupported, @workflow.run cannot be on a local class")
    check_parameters("workflow", fn)
    vars(fn)[IS_RUN] = True
    return decorated


def dynamic_config(
    fn: MethodSyncNoParam[SelfType, DynamicWorkflowConfig],
) -> MethodSyncNoParam[SelfType, DynamicWorkflowConfig]:
    """Let a dynamic workflow choose its options when it is started: after `__init__`, before the run method."""
    if inspect.iscoroutinefunction(fn):
        raise ValueError("Workflow dynamic_config method must be synchronous")
    if len(inspect.signature(fn).parameters) != 1:
        raise ValueError("Workflow dynamic_config method must only take self parameter")
    setattr(fn, IS_DYNAMIC_CONFIG, True)
    return fn
