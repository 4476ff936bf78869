"""The decorators of handlers: `@workflow.signal`, `@workflow.query`, `@workflow.update`.

Each makes a definition and keeps it on the function, which stays the function that it was. What a definition can find
wrong with a handler, it says here, at import.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Literal, overload

from mainspring.activity._arity import check_parameters
from mainspring.types import CallableSyncOrAsyncReturnNoneType, CallableType, MultiParamSpec, ReturnType
from mainspring.workflow._handler_definitions import (
    HandlerUnfinishedPolicy,
    QueryDefinition,
    SignalDefinition,
    UpdateDefinition,
    UpdateMethodMultiParam,
    update_validator,
)

_WARN_AND_ABANDON = HandlerUnfinishedPolicy.WARN_AND_ABANDON


@overload
def signal(fn: CallableSyncOrAsyncReturnNoneType) -> CallableSyncOrAsyncReturnNoneType: ...


@overload
def signal(
    *, unfinished_policy: HandlerUnfinishedPolicy = _WARN_AND_ABANDON, description: str | None = None
) -> Callable[[CallableSyncOrAsyncReturnNoneType], CallableSyncOrAsyncReturnNoneType]: ...


@overload
def signal(
    *, name: str, unfinished_policy: HandlerUnfinishedPolicy = _WARN_AND_ABANDON, description: str | None = None
) -> Callable[[CallableSyncOrAsyncReturnNoneType], CallableSyncOrAsyncReturnNoneType]: ...


@overload
def signal(
    *,
    dynamic: Literal[True],
    unfinished_policy: HandlerUnfinishedPolicy = _WARN_AND_ABANDON,
    description: str | None = None,
) -> Callable[[CallableSyncOrAsyncReturnNoneType], CallableSyncOrAsyncReturnNoneType]: ...


def signal(
    fn: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    dynamic: bool | None = False,
    unfinished_policy: HandlerUnfinishedPolicy = _WARN_AND_ABANDON,
    description: str | None = None,
) -> Any:
    """Make a method the handler of a signal. What it returns is thrown away.

    Args:
        fn: The method, if the decorator has no parentheses.
        name: The signal's name; the method's own if it is left out.
        dynamic: Take all signals that no other handler takes: `(self, name: str, args: Sequence[RawValue])`.
        unfinished_policy: What to do if the workflow ends while the handler still runs.
        description: A line about the signal for user interfaces.
    """
    user = _levels_to_user(fn)

    def decorate(fn: Callable[..., Any]) -> Callable[..., Any]:
        check_parameters("signal handler", fn)
        definition = SignalDefinition(
            name=_name(fn, name, dynamic=dynamic),
            fn=fn,
            is_method=True,
            unfinished_policy=unfinished_policy,
            description=description,
        )
        setattr(fn, "__temporal_signal_definition", definition)
        if definition.dynamic_vararg:
            _deprecate("Dynamic signals with vararg third param is deprecated, use Sequence[RawValue]", user)
        return fn

    _check_name(name, dynamic=dynamic)
    return decorate if fn is None else decorate(fn)


@overload
def query(fn: CallableType) -> CallableType: ...


@overload
def query(*, name: str, description: str | None = None) -> Callable[[CallableType], CallableType]: ...


@overload
def query(*, dynamic: Literal[True], description: str | None = None) -> Callable[[CallableType], CallableType]: ...


@overload
def query(*, description: str) -> Callable[[CallableType], CallableType]: ...


def query(
    fn: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    dynamic: bool | None = False,
    description: str | None = None,
) -> Any:
    """Make a method the handler of a query. It reads the workflow's state, changes nothing and waits for nothing.

    Args:
        fn: The method, if the decorator has no parentheses.
        name: The query's name; the method's own if it is left out.
        dynamic: Take all queries that no other handler takes: `(self, name: str, args: Sequence[RawValue])`.
        description: A line about the query for user interfaces.
    """
    user = _levels_to_user(fn)

    def decorate(fn: Callable[..., Any]) -> Callable[..., Any]:
        check_parameters("query handler", fn)
        if inspect.iscoroutinefunction(fn):
            _deprecate("Queries as async def functions are deprecated", user)
        definition = QueryDefinition(
            name=_name(fn, name, dynamic=dynamic), fn=fn, is_method=True, description=description
        )
        setattr(fn, "__temporal_query_definition", definition)
        if definition.dynamic_vararg:
            _deprecate("Dynamic queries with vararg third param is deprecated, use Sequence[RawValue]", user)
        return fn

    _check_name(name, dynamic=dynamic)
    if fn is not None:
        return decorate(fn)
    if name is None and not dynamic and not description:
        raise RuntimeError("Cannot create query without function or name or dynamic")
    return decorate


@overload
def update(
    fn: Callable[MultiParamSpec, Awaitable[ReturnType]],
) -> UpdateMethodMultiParam[MultiParamSpec, ReturnType]: ...


@overload
def update(fn: Callable[MultiParamSpec, ReturnType]) -> UpdateMethodMultiParam[MultiParamSpec, ReturnType]: ...


@overload
def update(
    *, unfinished_policy: HandlerUnfinishedPolicy = _WARN_AND_ABANDON, description: str | None = None
) -> Callable[[Callable[MultiParamSpec, ReturnType]], UpdateMethodMultiParam[MultiParamSpec, ReturnType]]: ...


@overload
def update(
    *, name: str, unfinished_policy: HandlerUnfinishedPolicy = _WARN_AND_ABANDON, description: str | None = None
) -> Callable[[Callable[MultiParamSpec, ReturnType]], UpdateMethodMultiParam[MultiParamSpec, ReturnType]]: ...


@overload
def update(
    *,
    dynamic: Literal[True],
    unfinished_policy: HandlerUnfinishedPolicy = _WARN_AND_ABANDON,
    description: str | None = None,
) -> Callable[[Callable[MultiParamSpec, ReturnType]], UpdateMethodMultiParam[MultiParamSpec, ReturnType]]: ...


def update(
    fn: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    dynamic: bool | None = False,
    unfinished_policy: HandlerUnfinishedPolicy = _WARN_AND_ABANDON,
    description: str | None = None,
) -> Any:
    """Make a method the handler of an update: it may change the workflow, wait, and give a result to whoever sent it.

    `@handler.validator` decorates the method that may refuse an update before it is in the history.

    Args:
        fn: The method, if the decorator has no parentheses.
        name: The update's name; the method's own if it is left out.
        dynamic: Take all updates that no other handler takes: `(self, name: str, args: Sequence[RawValue])`.
        unfinished_policy: What to do if the workflow ends while the handler still runs.
        description: A line about the update for user interfaces.
    """

    def decorate(fn: Callable[..., Any]) -> Callable[..., Any]:
        check_parameters("update handler", fn)
        definition = UpdateDefinition(
            name=_name(fn, name, dynamic=dynamic),
            fn=fn,
            is_method=True,
            unfinished_policy=unfinished_policy,
            description=description,
        )
        vars(fn).update(_defn=definition, validator=partial(update_validator, definition))
        return fn

    _check_name(name, dynamic=dynamic)
    return decorate if fn is None else decorate(fn)


def _name(fn: Callable[..., Any], name: str | None, *, dynamic: bool | None) -> str | None:
    return name or (None if dynamic else fn.__name__)


def _check_name(name: str | None, *, dynamic: bool | None) -> None:
    if name is not None and dynamic:
        raise RuntimeError("Cannot provide name and dynamic boolean")


def _levels_to_user(fn: object) -> int:
    """How far above `_deprecate` the user's code stands: with parentheses, the decorator has returned already."""
    return 3 if fn is None else 4


def _deprecate(message: str, levels: int) -> None:
    warnings.warn(message, DeprecationWarning, stacklevel=levels)
