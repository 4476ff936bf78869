"""What `@activity.defn` knows of an activity: made once, kept on the function, and all that a worker needs.

Fields and methods have the official names. `options` and `auto_heartbeat` are what the decorator takes beyond those;
`arity` is there so that a call with the wrong arguments fails where it is made.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MethodType
from typing import Any

from mainspring.activity._arity import Arity, is_method
from mainspring.common import RawValue
from mainspring.common._arguments import type_hints_from_func

_ON_FUNCTION = "__temporal_activity_definition"


@dataclass(frozen=True)
class Definition:
    name: str | None
    fn: Callable[..., Any]
    is_async: bool
    no_thread_cancel_exception: bool
    arg_types: list[type] | None = None
    ret_type: type | None = None
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Options of calls that give none themselves: those of `workflow.ActivityConfig`."""
    auto_heartbeat: bool = False
    arity: Arity | None = None
    """None in a definition that was not made by the decorator: then calls are not checked."""
    ordinary: Callable[..., Any] | None = None
    """What `fn` is where no workflow runs, for those who know that none does; None: it is not known."""

    def __post_init__(self) -> None:
        """Read the types from the function, unless they are given."""
        if self.arg_types is not None or self.ret_type is not None:
            return
        arg_types, ret_type = type_hints_from_func(self.fn)
        is_dynamic = self.name is None
        if is_dynamic and (arg_types is None or len(arg_types) != 1 or not _takes_raw_values(arg_types[0])):
            raise TypeError("Dynamic activity must accept a single Sequence[mainspring.common.RawValue]")
        object.__setattr__(self, "arg_types", arg_types)
        object.__setattr__(self, "ret_type", ret_type)

    @staticmethod
    def from_callable(fn: Callable[..., Any]) -> Definition | None:
        """The definition on a function, with `fn` in it as it was given: it may be a bound method."""
        definition = getattr(fn, _ON_FUNCTION, None)
        if not isinstance(definition, Definition):
            return None
        return definition if definition.fn is fn else definition._of(fn)

    @staticmethod
    def must_from_callable(fn: Callable[..., Any]) -> Definition:
        """The definition on a function.

        Raises:
            TypeError: it is no activity.
        """
        definition = Definition.from_callable(fn)
        if definition is None:
            name = getattr(fn, "__name__", "<unknown>")
            raise TypeError(f"Activity {name} missing attributes, was it decorated with @activity.defn?")
        return definition

    @classmethod
    def get_name_and_result_type(cls, name_or_run_fn: str | Callable[..., Any]) -> tuple[str, type | None]:
        """The activity type's name, and its result's type if a definition says it.

        Raises:
            TypeError: it is no activity.
            ValueError: it is the dynamic one.
        """
        if isinstance(name_or_run_fn, str):
            return name_or_run_fn, None
        if not callable(name_or_run_fn):
            raise TypeError("Activity must be a string or callable")
        definition = cls.must_from_callable(name_or_run_fn)
        if not definition.name:
            raise ValueError(f"Activity {name_or_run_fn} definition has no name")
        return definition.name, definition.ret_type

    def fit(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Sequence[Any]:
        """The arguments of a call by position.

        Raises:
            TypeError: they do not fit the activity's parameters.
        """
        if self.arity is None or self.name is None:
            return args
        return self.arity.fit(f"activity {self.name}", args, kwargs)

    def _of(self, fn: Callable[..., Any]) -> Definition:
        """The same for a method that is bound, or for what another decorator made of the function."""
        ordinary = None
        if self.ordinary is not None and isinstance(fn, MethodType) and fn.__func__ is self.fn:
            ordinary = MethodType(self.ordinary, fn.__self__)
        return dataclasses.replace(self, fn=fn, ordinary=ordinary)

    def put_on(self, owner: Callable[..., Any]) -> None:
        """Keep the definition where `from_callable` looks for it."""
        setattr(owner, _ON_FUNCTION, self)


def define(
    fn: Callable[..., Any],
    *,
    name: str | None,
    no_thread_cancel_exception: bool,
    auto_heartbeat: bool,
    options: Mapping[str, Any],
) -> Definition:
    """The definition of a function, a callable class or a callable object; a name of None makes it the dynamic one.

    Raises:
        ValueError: it has one already.
        TypeError: it can be no activity.
    """
    if hasattr(fn, _ON_FUNCTION):
        raise ValueError("Function already contains activity definition")
    if not callable(fn):
        raise TypeError("Activity is not callable")
    called: Callable[..., Any] = fn if inspect.isroutine(fn) else getattr(fn, "__call__")  # noqa: B004, B009 - the method
    if any(one.kind is one.KEYWORD_ONLY for one in inspect.signature(called).parameters.values()):
        raise TypeError("Activity cannot have keyword-only arguments")
    return Definition(
        name=name,
        fn=fn,
        is_async=inspect.iscoroutinefunction(called),
        no_thread_cancel_exception=no_thread_cancel_exception,
        options=options,
        auto_heartbeat=auto_heartbeat,
        arity=Arity.of(called, without_self=is_method(called)),
    )


def _takes_raw_values(hint: object) -> bool:
    return getattr(hint, "__origin__", None) is Sequence and getattr(hint, "__args__", None) == (RawValue,)
