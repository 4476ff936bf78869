"""What a type hint stands for, once its wrappers are off and its type variables are filled in.

bare(NotRequired[UserId])         -> int           UserId = NewType("UserId", int)
variables_of(IntBox)              -> {IntBox: {}, Box: {T: int}}         class IntBox(Box[int])
filled(list[T], {T: int})         -> list[int]
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Mapping
from typing import Annotated, Any, Final, NotRequired, Required, TypeVar, Union, get_args, get_origin

import typing_extensions

from mainspring.converter._kinds import is_class
from mainspring.converter._pydantic_models import is_of_models

WRAPPERS: set[Any] = {Annotated, Final, Required, NotRequired, typing_extensions.ReadOnly}
NO_BASES = {typing.Generic, typing.Protocol, typing_extensions.Protocol}
ALIAS_TYPES = (typing_extensions.TypeAliasType, getattr(typing, "TypeAliasType", typing_extensions.TypeAliasType))

Variables = Mapping[Any, Any]
"""Type variable -> what it stands for."""


def bare(hint: Any) -> Any:
    """The hint less NewType, Annotated, Required, ... and aliases; as it is if pydantic needs the annotation."""
    while True:
        origin: Any = get_origin(hint)
        if hasattr(hint, "__supertype__"):
            hint = hint.__supertype__
        elif origin in WRAPPERS and not (origin is Annotated and is_of_models(hint)):
            hint = get_args(hint)[0]
        elif isinstance(hint, ALIAS_TYPES):
            hint = hint.__value__
        elif isinstance(origin, ALIAS_TYPES):
            hint = filled(origin.__value__, dict(zip(origin.__type_params__, get_args(hint), strict=False)))
        elif isinstance(hint, TypeVar):
            hint = _bound(hint)
        else:
            return hint


def _bound(variable: TypeVar) -> Any:
    """What is known of a variable that nothing stands for."""
    if variable.__constraints__:
        union: Any = Union
        return union[variable.__constraints__]
    return Any if variable.__bound__ is None else variable.__bound__


def filled(hint: Any, variables: Variables) -> Any:
    """The hint with its type variables replaced; those that stand for nothing are left."""
    if isinstance(hint, TypeVar):
        return variables.get(hint, hint)
    parameters = getattr(hint, "__parameters__", ())
    is_open = bool(get_args(hint)) and any(parameter in variables for parameter in parameters)
    if not is_open:
        return hint
    return hint[tuple(variables.get(parameter, parameter) for parameter in parameters)]


def variables_of(hint: Any) -> dict[type, Variables]:
    """Each class among the hint's bases -> what its type variables stand for, given the hint's arguments."""
    origin = get_origin(hint) or hint
    found: dict[type, Variables] = {origin: dict(zip(_parameters(origin), get_args(hint), strict=False))}
    for base in getattr(origin, "__orig_bases__", ()):
        if is_class(get_origin(base) or base) and get_origin(base) not in NO_BASES:
            found = {**variables_of(filled(base, found[origin])), **found}
    return found


def _parameters(origin: Any) -> tuple[Any, ...]:
    return tuple(getattr(origin, "__parameters__", ()))


def field_types(hint: Any) -> dict[str, Any]:
    """The fields of a class -> their types, forward references resolved and type variables filled in.

    Raises: NameError: a type that is written as text cannot be found.
    """
    origin = get_origin(hint) or hint
    types = typing_extensions.get_type_hints(origin, include_extras=True)
    variables = variables_of(hint)
    if not any(variables.values()):
        return types
    owners = [owner for owner in getattr(origin, "__mro__", ()) if owner in variables] or [origin]
    return {name: filled(declared, _owned(name, owners, variables)) for name, declared in types.items()}


def _owned(name: str, owners: list[type], variables: Mapping[type, Variables]) -> Variables:
    """The variables of the class that declares the field."""
    for owner in owners:
        if name in inspect.get_annotations(owner):
            return variables[owner]
    return variables[owners[0]]
