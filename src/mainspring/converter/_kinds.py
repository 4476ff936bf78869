"""Questions about values of unknown type that tell type checkers what the answer means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeGuard


def is_dict(value: object) -> TypeGuard[dict[Any, Any]]:
    return isinstance(value, dict)


def is_list(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def is_array(value: object) -> TypeGuard[Sequence[Any]]:
    """Whether `json` writes it as an array."""
    return isinstance(value, (list, tuple))


def is_mapping(value: object) -> TypeGuard[Mapping[Any, Any]]:
    return isinstance(value, Mapping)


def is_iterable(value: object) -> TypeGuard[Iterable[Any]]:
    return isinstance(value, Iterable)


def is_class(value: object) -> TypeGuard[type[Any]]:
    return isinstance(value, type)


def class_of(value: object) -> type[Any]:
    """The value's class, whatever its type variables are."""
    return type(value)
