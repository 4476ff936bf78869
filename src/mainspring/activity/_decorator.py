"""`@activity.defn`, with what type checkers know of it.

Three overloads, tried in this order: a class stays what it is, an `async def` becomes an `AsyncActivity`, any other
callable a `SyncActivity`. At run time only functions are wrapped, so that a call can be a durable one.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, Protocol, TypeVar, Unpack, overload

from mainspring.activity._definition import define
from mainspring.activity._durable import AsyncActivity, SyncActivity, make_durable
from mainspring.workflow._options import ACTIVITY_DEFAULTS, ActivityConfig, complete

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


class _Decorator(Protocol):
    """`@activity.defn(...)`, which waits for its function."""

    @overload
    def __call__(self, fn: type[T], /) -> type[T]: ...  # type: ignore[overload-overlap]  # the first that fits is meant
    @overload
    def __call__(  # type: ignore[overload-overlap]  # the first that fits is meant
        self, fn: Callable[P, Coroutine[Any, Any, R]], /
    ) -> AsyncActivity[P, R]: ...
    @overload
    def __call__(self, fn: Callable[P, R], /) -> SyncActivity[P, R]: ...


@overload
def defn(fn: type[T]) -> type[T]: ...  # type: ignore[overload-overlap]  # the first that fits is meant


@overload
def defn(  # type: ignore[overload-overlap]  # the first that fits is meant
    fn: Callable[P, Coroutine[Any, Any, R]],
) -> AsyncActivity[P, R]: ...


@overload
def defn(fn: Callable[P, R]) -> SyncActivity[P, R]: ...


@overload
def defn(
    *,
    name: str | None = None,
    no_thread_cancel_exception: bool = False,
    auto_heartbeat: bool = False,
    **options: Unpack[ActivityConfig],
) -> _Decorator: ...


@overload
def defn(*, no_thread_cancel_exception: bool = False, dynamic: bool = False) -> _Decorator: ...


def defn(
    fn: Any = None,
    *,
    name: str | None = None,
    no_thread_cancel_exception: bool = False,
    dynamic: bool = False,
    auto_heartbeat: bool = False,
    **options: Unpack[ActivityConfig],
) -> Any:
    """Make a function, a class with `__call__` or an object with `__call__` an activity.

    Inside a workflow a call of a decorated function is a durable call: `await create_vm(order)`, or for a plain `def`
    `await create_vm.execute(order)`. Outside it just runs.

    Args:
        fn: The function, if the decorator has no parentheses.
        name: The activity type's name; the function's own if it is left out.
        no_thread_cancel_exception: Raise nothing in a threaded activity that is cancelled; it asks `is_cancelled`.
        dynamic: Run all types that no other activity has; it takes one `Sequence[RawValue]`.
        auto_heartbeat: Let the worker send heartbeats while the activity runs, so that it need not. Then a heartbeat
            says that the worker lives, not that the activity comes on.
        **options: Those of calls that give none themselves: `start_to_close_timeout=timedelta(minutes=5)`, ...

    Raises:
        ValueError: the function is an activity already.
        TypeError: it can be no activity, or there is no such option.
    """
    own = {option: value for option, value in options.items() if value is not None}
    complete("defn", ACTIVITY_DEFAULTS, own)

    def decorate(fn: Any) -> Any:
        definition = define(
            fn,
            name=None if dynamic else name or fn.__name__,
            no_thread_cancel_exception=no_thread_cancel_exception,
            auto_heartbeat=auto_heartbeat,
            options=own,
        )
        if inspect.isfunction(fn):
            return make_durable(fn, definition)
        definition.put_on(fn)
        return fn

    return decorate if fn is None else decorate(fn)
