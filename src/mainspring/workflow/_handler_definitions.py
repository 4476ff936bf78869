"""What the decorators of handlers know of a signal, a query or an update.

A definition is made once, by the decorator, and is kept on the function. A name of None is the dynamic handler's. Types
are read from the annotations unless they are given.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any, Protocol, cast, runtime_checkable

from mainspring.common import RawValue
from mainspring.common._arguments import type_hints_from_func
from mainspring.types import MultiParamSpec, ProtocolReturnType


class HandlerUnfinishedPolicy(Enum):
    """What to do if the workflow ends while a handler still runs."""

    WARN_AND_ABANDON = 1
    """Warn, and let the handler go."""
    ABANDON = 2
    """Let the handler go; the caller of an update gets an error."""


class UnfinishedUpdateHandlersWarning(RuntimeWarning):
    """The workflow ended while handlers of updates were still running."""


class UnfinishedSignalHandlersWarning(RuntimeWarning):
    """The workflow ended while handlers of signals were still running."""


def set_fields(definition: object, **fields: object) -> None:
    """Fill in fields of a frozen definition, on its way into the world."""
    for name, value in fields.items():
        object.__setattr__(definition, name, value)


def bind_method(obj: Any, fn: Callable[..., Any]) -> Callable[..., Any]:
    """A handler's function with its workflow object; still a coroutine function if it was one."""
    if not inspect.iscoroutinefunction(fn):
        return partial(fn, obj)
    coroutine_function = cast("Callable[..., Awaitable[Any]]", fn)

    async def with_object(*args: Any, **kwargs: Any) -> Any:
        return await coroutine_function(obj, *args, **kwargs)

    return with_object


def assert_dynamic_handler_args(fn: Callable[..., Any], arg_types: list[type] | None, is_method: bool) -> bool:
    """Whether a dynamic handler has today's shape (name, Sequence[RawValue]); False for the older (name, *args).

    Raises:
        RuntimeError: it has neither.
    """
    kinds = [one.kind for one in inspect.signature(fn).parameters.values()]
    old = [inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.VAR_POSITIONAL]
    if len(kinds) == (3 if is_method else 2) and kinds[-2:] == old:
        return False
    if not arg_types or len(arg_types) != 2 or arg_types[0] is not str or not takes_raw_values(arg_types[1]):
        raise RuntimeError("Dynamic handler must have 3 arguments: self, str, and Sequence[RawValue]")
    return True


def takes_raw_values(hint: object) -> bool:
    """Whether an annotation says `Sequence[RawValue]`, from either module that has a Sequence."""
    return getattr(hint, "__origin__", None) is Sequence and getattr(hint, "__args__", None) == (RawValue,)


@dataclass(frozen=True)
class SignalDefinition:
    name: str | None
    fn: Callable[..., Awaitable[None] | None]
    is_method: bool
    unfinished_policy: HandlerUnfinishedPolicy = HandlerUnfinishedPolicy.WARN_AND_ABANDON
    description: str | None = None
    arg_types: list[type] | None = None
    dynamic_vararg: bool = False

    @staticmethod
    def from_fn(fn: Callable[..., Any]) -> SignalDefinition | None:
        return getattr(fn, "__temporal_signal_definition", None)

    @staticmethod
    def must_name_from_fn_or_str(signal: str | Callable[..., Any]) -> str:
        """The signal's name.

        Raises:
            RuntimeError: the function is no handler of a signal, or a dynamic one.
        """
        if not callable(signal):
            return str(signal)
        definition = SignalDefinition.from_fn(signal)
        if definition is None:
            raise RuntimeError(
                f"Signal definition not found on {signal.__qualname__}, is it decorated with @workflow.signal?"
            )
        if not definition.name:
            raise RuntimeError("Cannot invoke dynamic signal definition")
        return definition.name

    def __post_init__(self) -> None:
        if self.arg_types is not None:
            return
        arg_types, _ = type_hints_from_func(self.fn)
        if not self.name:
            set_fields(self, dynamic_vararg=not assert_dynamic_handler_args(self.fn, arg_types, self.is_method))
        set_fields(self, arg_types=arg_types)

    def bind_fn(self, obj: Any) -> Callable[..., Any]:
        return bind_method(obj, self.fn)


@dataclass(frozen=True)
class QueryDefinition:
    name: str | None
    fn: Callable[..., Any]
    is_method: bool
    description: str | None = None
    arg_types: list[type] | None = None
    ret_type: type | None = None
    dynamic_vararg: bool = False

    @staticmethod
    def from_fn(fn: Callable[..., Any]) -> QueryDefinition | None:
        return getattr(fn, "__temporal_query_definition", None)

    def __post_init__(self) -> None:
        if self.arg_types is not None or self.ret_type is not None:
            return
        arg_types, ret_type = type_hints_from_func(self.fn)
        if not self.name:
            set_fields(self, dynamic_vararg=not assert_dynamic_handler_args(self.fn, arg_types, self.is_method))
        set_fields(self, arg_types=arg_types, ret_type=ret_type)

    def bind_fn(self, obj: Any) -> Callable[..., Any]:
        return bind_method(obj, self.fn)


@dataclass(frozen=True)
class UpdateDefinition:
    name: str | None
    fn: Callable[..., Any | Awaitable[Any]]
    is_method: bool
    unfinished_policy: HandlerUnfinishedPolicy = HandlerUnfinishedPolicy.WARN_AND_ABANDON
    description: str | None = None
    arg_types: list[type] | None = None
    ret_type: type | None = None
    validator: Callable[..., None] | None = None
    dynamic_vararg: bool = False

    def __post_init__(self) -> None:
        if self.arg_types is not None:
            return
        arg_types, ret_type = type_hints_from_func(self.fn)
        if not self.name and not assert_dynamic_handler_args(self.fn, arg_types, self.is_method):
            raise RuntimeError("Dynamic updates do not support a vararg third param, use Sequence[RawValue]")
        set_fields(self, arg_types=arg_types, ret_type=ret_type)

    def bind_fn(self, obj: Any) -> Callable[..., Any]:
        return bind_method(obj, self.fn)

    def bind_validator(self, obj: Any) -> Callable[..., Any]:
        """The validator with its workflow object; one that lets everything pass if there is none."""
        return bind_method(obj, self.validator) if self.validator is not None else _accept

    def set_validator(self, validator: Callable[..., None]) -> None:
        """Remember the validator, once.

        Raises:
            ValueError: it is async: nobody would await it, so it would let everything pass.
            RuntimeError: there is one already.
        """
        if inspect.iscoroutinefunction(validator):
            raise ValueError("Update validator must not be an async function")
        if self.validator is not None:
            raise RuntimeError(f"Validator already set for update {self.name}")
        set_fields(self, validator=validator)

    @classmethod
    def get_name_and_result_type(cls, name_or_update_fn: str | Callable[..., Any]) -> tuple[str, type | None]:
        """The update's name, and its result's type if a handler says it.

        Raises:
            RuntimeError: the handler is the dynamic one.
        """
        definition = update_definition(name_or_update_fn)
        if definition is None:
            return str(name_or_update_fn), None
        if not definition.name:
            raise RuntimeError("Cannot invoke dynamic update definition")
        return definition.name, definition.ret_type


def _accept(*args: Any, **kwargs: Any) -> None:
    """Let every update pass."""
    del args, kwargs


@runtime_checkable
class UpdateMethodMultiParam(Protocol[MultiParamSpec, ProtocolReturnType]):
    """An update handler, as `@workflow.update` returns it: a method that can be called and given a validator."""

    _defn: UpdateDefinition

    def __call__(
        self, *args: MultiParamSpec.args, **kwargs: MultiParamSpec.kwargs
    ) -> ProtocolReturnType | Awaitable[ProtocolReturnType]: ...

    def validator(self, vfunc: Callable[MultiParamSpec, None]) -> Callable[MultiParamSpec, None]:
        """Decorate the function that says whether the update's arguments are acceptable. It raises if not.

        Raises:
            ValueError: the function is async.
        """
        ...


def update_definition(fn: object) -> UpdateDefinition | None:
    """The definition that `@workflow.update` put on a method."""
    definition = getattr(fn, "_defn", None)
    return definition if isinstance(definition, UpdateDefinition) else None


def update_validator(update_def: UpdateDefinition, fn: Callable[..., None] | None = None) -> Callable[..., None] | None:
    """`@handler.validator`."""
    if fn is not None:
        update_def.set_validator(fn)
    return fn
