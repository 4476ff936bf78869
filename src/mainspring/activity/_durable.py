"""Plain calls of activities: durable inside a workflow, ordinary outside.

    vm = await create_vm(order)                                     async def: a durable call, and its result
    vm = await create_vm.execute(order)                             the same; of a plain `def`, the way to call it
    vm = await create_vm.with_options(task_queue="agents")(order)   options in place of the decorator's
    handle = create_vm.start(order)                                 a handle, which is a task

A decorated function stays a function: it pickles by its name, binds to objects, and is a coroutine function if it was
one. What type checkers see of it is a protocol, `AsyncActivity` or `SyncActivity`, with the parameters and the result
of the function.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Coroutine, Mapping
from types import CodeType
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, Protocol, Self, TypeVar, Unpack, overload

from mainspring.activity._arity import is_method
from mainspring.activity._definition import Definition
from mainspring.workflow._options import ACTIVITY_DEFAULTS, ActivityConfig, complete
from mainspring.workflow._runtime import Runtime
from mainspring.workflow._scheduling import Target, schedule_activity

if TYPE_CHECKING:
    from mainspring.workflow._handles import ActivityHandle

P = ParamSpec("P")
Q = ParamSpec("Q")
R_co = TypeVar("R_co", covariant=True)

# Coroutines are typed as `[object, None, R]` rather than `[Any, Any, R]`: with `Any` mypy gives up on `asyncio.gather`.


class ActivityCall(Generic[P, R_co]):
    """A durable call of an activity, with the options that it will have."""

    def __init__(self, definition: Definition, options: Mapping[str, Any]) -> None:
        self._definition = definition
        self._options = options

    def __repr__(self) -> str:
        return f"<activity {self._definition.name} with {dict(self._options)}>"

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Coroutine[object, None, R_co]:
        """Run the activity and wait for its result."""
        return self.execute(*args, **kwargs)

    def start(self, *args: P.args, **kwargs: P.kwargs) -> ActivityHandle[R_co]:
        """Start the activity; its handle is a task that gives its result.

        Raises:
            ValueError: it could run for ever, since no timeout bounds it.
            TypeError: the arguments do not fit.
        """
        definition = self._definition
        if not definition.name:
            raise ValueError("Cannot invoke dynamic activity explicitly")
        return schedule_activity(
            Target(definition.name, definition.arg_types, definition.ret_type),
            definition.fit(args, kwargs),
            complete(definition.name, ACTIVITY_DEFAULTS, definition.options, self._options),
        )

    async def execute(self, *args: P.args, **kwargs: P.kwargs) -> R_co:
        """Run the activity and wait for its result."""
        return await self.start(*args, **kwargs)

    def with_options(self, **options: Unpack[ActivityConfig]) -> ActivityCall[P, R_co]:
        """The same call with these options in place of those that it had."""
        merged = {**self._options, **options}
        complete("with_options", ACTIVITY_DEFAULTS, merged)
        return ActivityCall(self._definition, merged)


class _Activity(Protocol[P, R_co]):
    """What the two kinds of activities have in common."""

    __name__: str
    __qualname__: str
    __module__: str

    @property
    def __code__(self) -> CodeType: ...

    def start(self, *args: P.args, **kwargs: P.kwargs) -> ActivityHandle[R_co]:
        """Start the activity in the current workflow; its handle is a task that gives its result."""
        ...

    def execute(self, *args: P.args, **kwargs: P.kwargs) -> Coroutine[object, None, R_co]:
        """Run the activity from the current workflow and wait for its result."""
        ...

    def with_options(self, **options: Unpack[ActivityConfig]) -> ActivityCall[P, R_co]:
        """A call with options in place of those of the decorator."""
        ...


class AsyncActivity(_Activity[P, R_co], Protocol[P, R_co]):
    """An `async def` with `@activity.defn`, as type checkers see it. It is a function."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Coroutine[object, None, R_co]:
        """In a workflow, run the activity durably; elsewhere, run the function."""
        ...

    @overload
    def __get__(self, instance: None, owner: type, /) -> Self: ...
    @overload
    def __get__(
        self: AsyncActivity[Concatenate[Any, Q], R_co], instance: object, owner: type | None = None, /
    ) -> AsyncActivity[Q, R_co]: ...


class SyncActivity(_Activity[P, R_co], Protocol[P, R_co]):
    """A `def` with `@activity.defn`, as type checkers see it. It is a function; a workflow awaits its `execute`."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co:
        """Run the function. In a workflow that is an error: `execute` is the way there."""
        ...

    @overload
    def __get__(self, instance: None, owner: type, /) -> Self: ...
    @overload
    def __get__(
        self: SyncActivity[Concatenate[Any, Q], R_co], instance: object, owner: type | None = None, /
    ) -> SyncActivity[Q, R_co]: ...


def make_durable(function: Callable[..., Any], definition: Definition) -> Callable[..., Any]:
    """The function that knows whether it is called in a workflow; elsewhere it is the one given."""
    durable = ActivityCall[..., Any](definition, {})
    in_class = is_method(function)
    call = _async(function, durable, in_class=in_class) if definition.is_async else _sync(function, definition)
    vars(call).update(start=durable.start, execute=durable.execute, with_options=durable.with_options)
    dataclasses.replace(definition, fn=call, ordinary=function).put_on(call)
    return call


def _async(function: Callable[..., Any], durable: ActivityCall[..., Any], *, in_class: bool) -> Callable[..., Any]:
    @functools.wraps(function)
    async def call(*args: Any, **kwargs: Any) -> Any:
        if Runtime.maybe_current() is None:
            return await function(*args, **kwargs)
        return await durable.execute(*(args[1:] if in_class else args), **kwargs)

    return call


def _sync(function: Callable[..., Any], definition: Definition) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if Runtime.maybe_current() is not None:
            name = function.__name__
            raise RuntimeError(
                f"activity {definition.name} is a plain function, and a workflow cannot wait in one: "
                f"write `await {name}.execute(...)`, or `{name}.start(...)` for a handle"
            )
        return function(*args, **kwargs)

    return call
