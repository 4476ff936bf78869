"""Functions as workflows, and plain calls of them.

    await add_node(order)                              in a workflow: a child, and its result; elsewhere: a call
    await add_node.with_options(id="n1")(order)        a child with options
    handle = await add_node.start(order)               a child's handle

A function workflow is a workflow whose class is made here: its run method calls the function as it was written, while
the name in the module is bound to the function that knows where it is called.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Generic, ParamSpec, Protocol, TypeVar, Unpack

from mainspring.activity._arity import Arity
from mainspring.common._arguments import type_hints_from_func
from mainspring.workflow._definition import Definition
from mainspring.workflow._handles import ChildWorkflowHandle
from mainspring.workflow._options import CHILD_WORKFLOW_DEFAULTS, ChildWorkflowConfig, complete
from mainspring.workflow._runtime import Runtime
from mainspring.workflow._scheduling import Target, schedule_child_workflow

P = ParamSpec("P")
R_co = TypeVar("R_co", covariant=True)

# Coroutines are typed as `[object, None, R]` rather than `[Any, Any, R]`: with `Any` mypy gives up on `asyncio.gather`.


class ChildWorkflowCall(Generic[P, R_co]):
    """A call of a function workflow as a child, with the options that it will have."""

    def __init__(self, function: Callable[..., Any], arity: Arity, options: Mapping[str, Any]) -> None:
        self._function = function
        self._arity = arity
        self._options = options

    def __repr__(self) -> str:
        return f"<child workflow {self._function.__qualname__} with {dict(self._options)}>"

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Coroutine[object, None, R_co]:
        """Start a child and wait for its result."""
        return self.execute(*args, **kwargs)

    async def start(self, *args: P.args, **kwargs: P.kwargs) -> ChildWorkflowHandle[Any, R_co]:
        """Start a child; the handle gives its result."""
        definition = Definition.must_from_run_fn(self._function)
        if not definition.name:
            raise TypeError("Cannot invoke dynamic workflow explicitly")
        return await schedule_child_workflow(
            Target(definition.name, definition.arg_types, definition.ret_type),
            self._arity.fit(f"workflow {definition.name}", args, kwargs),
            complete(definition.name, CHILD_WORKFLOW_DEFAULTS, self._options),
        )

    async def execute(self, *args: P.args, **kwargs: P.kwargs) -> R_co:
        """Start a child and wait for its result."""
        return await (await self.start(*args, **kwargs))

    def with_options(self, **options: Unpack[ChildWorkflowConfig]) -> ChildWorkflowCall[P, R_co]:
        """The same call with these options in place of those that it had."""
        merged = {**self._options, **options}
        complete("with_options", CHILD_WORKFLOW_DEFAULTS, merged)
        return ChildWorkflowCall(self._function, self._arity, merged)


class WorkflowFunction(Protocol[P, R_co]):
    """A function decorated with `@workflow.defn`, as type checkers see it. It is a function."""

    __name__: str
    __qualname__: str
    __module__: str

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Coroutine[object, None, R_co]:
        """In a workflow, start a child and wait for its result; elsewhere, run the function."""
        ...

    def start(self, *args: P.args, **kwargs: P.kwargs) -> Coroutine[object, None, ChildWorkflowHandle[Any, R_co]]:
        """Start a child; the handle gives its result."""
        ...

    def execute(self, *args: P.args, **kwargs: P.kwargs) -> Coroutine[object, None, R_co]:
        """Start a child and wait for its result."""
        ...

    def with_options(self, **options: Unpack[ChildWorkflowConfig]) -> ChildWorkflowCall[P, R_co]:
        """A call with options."""
        ...


def make_durable(function: Callable[..., Coroutine[Any, Any, Any]]) -> Callable[..., Any]:
    """The function that starts a child where it is called in a workflow, and else is the one given."""

    @functools.wraps(function)
    async def call(*args: Any, **kwargs: Any) -> Any:
        if Runtime.maybe_current() is None:
            return await function(*args, **kwargs)
        return await child.execute(*args, **kwargs)

    child = ChildWorkflowCall[..., Any](call, Arity.of(function, without_self=False), {})
    vars(call).update(start=child.start, execute=child.execute, with_options=child.with_options)
    return call


def run_of(
    function: Callable[..., Coroutine[Any, Any, Any]],
) -> tuple[type, Callable[..., Any], list[type] | None, type | None]:
    """The class made for a function workflow, its run method, and the types of arguments and result."""

    @functools.wraps(function, updated=())
    async def run(self: object, *args: Any) -> Any:
        del self  # a function has no state but its variables
        return await function(*args)

    del run.__wrapped__  # the two differ by `self`
    cls = type(function.__name__, (), {"run": run, "__module__": function.__module__, "__doc__": function.__doc__})
    arg_types, ret_type = type_hints_from_func(function)
    return cls, run, arg_types, ret_type
