"""How many arguments a function takes, and whether a call fits: asked where a call is made, not where it is run.

Arity.of(create_vm).fit("activity create_vm", args, kwargs)  ->  the arguments by position, or TypeError
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple


class Arity(NamedTuple):
    """The positional parameters of a function, less a method's `self`."""

    parameters: tuple[inspect.Parameter, ...]
    least: int
    most: int | None  # None: any number

    @classmethod
    def of(cls, function: Callable[..., Any], *, without_self: bool) -> Arity:
        parameters = tuple(inspect.signature(function).parameters.values())[1 if without_self else 0 :]
        by_position = [one for one in parameters if one.kind in {one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD}]
        takes_any = any(one.kind is one.VAR_POSITIONAL for one in parameters)
        least = sum(one.default is one.empty for one in by_position)
        return cls(parameters, least, None if takes_any else len(by_position))

    def fit(self, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Sequence[Any]:
        """The arguments by position, with the defaults of those that a keyword skipped.

        Raises:
            TypeError: they do not fit the parameters.
        """
        if not kwargs and self.least <= len(args) and (self.most is None or len(args) <= self.most):
            return args
        try:
            bound = inspect.Signature(self.parameters).bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{name} takes {self.in_words()}: {error}") from None
        if kwargs:
            bound.apply_defaults()
        return bound.args

    def in_words(self) -> str:
        """How many arguments there may be, in words."""
        if self.most is None:
            return f"at least {self.least} arguments"
        number = str(self.least) if self.least == self.most else f"{self.least} to {self.most}"
        return f"{number} argument{'' if self.most == 1 else 's'}"


def is_method(function: Callable[..., Any]) -> bool:
    """Whether a function was written in a class, with a `self` that nobody passes by hand."""
    parameters = list(inspect.signature(function).parameters.values())
    return bool(parameters) and parameters[0].name == "self" and parameters[0].annotation is inspect.Parameter.empty


def mutable_defaults(function: Callable[..., Any]) -> list[str]:
    """Parameters whose default is one object for all calls, and can change: in a workflow, runs would share it."""
    parameters = inspect.signature(function).parameters.values()
    return [one.name for one in parameters if isinstance(one.default, list | dict | set | bytearray)]


def needed_by_keyword(function: Callable[..., Any]) -> list[str]:
    """Parameters that every call must name: arguments that come as payloads cannot, they have places only."""
    parameters = inspect.signature(function).parameters.values()
    return [one.name for one in parameters if one.kind is one.KEYWORD_ONLY and one.default is one.empty]


def check_parameters(what: str, function: Callable[..., Any]) -> None:
    """Refuse defaults that runs would share, and parameters that no call could fill.

    Raises:
        ValueError: a parameter's default is a list, a dictionary or a set, or a parameter must be named.
    """
    shared = mutable_defaults(function)
    if shared:
        raise ValueError(
            f"{what} {function.__qualname__} has a mutable default for parameter {shared[0]!r}, "
            "which all runs in a worker would share: default to None and make the object inside"
        )
    named = needed_by_keyword(function)
    if named:
        raise ValueError(
            f"{what} {function.__qualname__} has the keyword-only parameter {named[0]!r}, "
            "but arguments come by position: drop the `*`, or give it a default"
        )
