"""Arguments of calls: `arg` or `args`, and the types that a function says of its own."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast, get_type_hints

from google.protobuf.internal.containers import MessageMap
from temporalio.api.common.v1 import Payload

POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
WITHOUT_CODE = (  # callables that have no Python function behind `__call__`
    types.WrapperDescriptorType,
    types.MethodWrapperType,
    types.ClassMethodDescriptorType,
    types.BuiltinFunctionType,
)

arg_unset = object()
"""The default of `arg`: None is a value that a caller may pass."""


def arg_or_args(arg: Any, args: Sequence[Any]) -> Sequence[Any]:
    """The arguments of a call that takes either one or a sequence.

    Raises: ValueError: both were given.
    """
    if arg is arg_unset:
        return args
    if args:
        raise ValueError("Cannot have arg and args")
    return [arg]


def apply_headers(source: Mapping[str, Payload] | None, dest: MessageMap[str, Payload]) -> None:
    """Add the headers to a map of a message, which takes copies only."""
    for name, payload in (source or {}).items():
        dest[name].CopyFrom(payload)


def type_hints_from_func(func: Callable[..., Any]) -> tuple[list[type] | None, type | None]:
    """The types of the parameters, less a bare `self`, and of the result; None for each that the function does not say.

    Parameters by keyword only are left out, since payloads come by position. After `*args` it is not known how many
    there are: then there are no types of parameters at all, as in the official SDK. Forward references are resolved.
    """
    func = _callable_with_code(func)
    hints = get_type_hints(func)
    result = hints.get("return")
    parameters = list(inspect.signature(func).parameters.values())
    if parameters and _is_bare_self(parameters[0]):
        del parameters[0]
    if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters):
        return None, result
    by_position = [parameter for parameter in parameters if parameter.kind in POSITIONAL]
    return [cast("type", hints.get(parameter.name)) for parameter in by_position], result


def _callable_with_code(func: Callable[..., Any]) -> Callable[..., Any]:
    """The method `__call__` of an object or a class that has one of its own; else the callable itself."""
    if inspect.isfunction(func) or isinstance(func, (*WITHOUT_CODE, types.MethodType)):
        return func
    owner = func if isinstance(func, type) else type(func)
    call = getattr(owner, "__call__", None)  # noqa: B004  # the method itself is wanted
    return cast("Callable[..., Any]", call) if call is not None else func


def _is_bare_self(parameter: inspect.Parameter) -> bool:
    return parameter.name == "self" and (
        parameter.annotation is inspect.Parameter.empty or str(parameter.annotation) == "typing.Self"
    )
