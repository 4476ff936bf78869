"""Readers of single values: scalars, enums, literals, unions, keys of objects, pydantic models.

A union takes the first member that fits, as the official SDK does, unless that would change the value: `5.5` as
`int | float` is 5.5, and an object is of the class that has just its fields.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping, Set
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from operator import itemgetter
from types import NoneType, UnionType
from typing import Any, Literal, Union

import typing_extensions

from mainspring.converter._hint import Decode, Hint
from mainspring.converter._kinds import is_class, is_dict
from mainspring.converter._placed_errors import UnconvertibleValue
from mainspring.converter._pydantic_models import is_known, is_of_models, model_reader
from mainspring.converter._scalars import scalar_reader


def model_decoder(hint: Hint) -> Decode | None:
    if not is_of_models(hint.whole):
        return None
    read = model_reader(hint.whole)
    return lambda value: read(json.dumps(value))


def known_decoder(hint: Hint) -> Decode | None:
    """Of classes that are no models but tell pydantic how to read them."""
    if not is_known(hint.origin):
        return None
    read = model_reader(hint.whole)
    return lambda value: read(json.dumps(value))


def scalar_decoder(hint: Hint) -> Decode | None:
    """Of any value, of one number, text or truth value, of an enum, of a literal."""
    if hint.whole in (Any, object):
        return _as_it_is
    if hint.origin is Literal or hint.origin is typing_extensions.Literal:
        return _literal(hint.arguments)
    if hint.whole is None or hint.whole is NoneType:
        return _none
    if not is_class(hint.whole):
        return None
    if issubclass(hint.whole, Enum):
        return _enum(hint.whole)
    return _primitive(hint.whole) or scalar_reader(hint.whole) or _old_model(hint.whole)


def _as_it_is(value: Any) -> Any:
    return value


def _none(value: Any) -> None:
    if value is not None:
        raise UnconvertibleValue(f"Expected None, got value of type {type(value)}")


def _primitive(cls: Any) -> Decode | None:
    for base, (accepted, name) in PRIMITIVES.items():
        if issubclass(cls, base):
            return _checked(cls, accepted, name)
    return None


PRIMITIVES: dict[type, tuple[tuple[type, ...], str]] = {  # bool before int, which it derives from
    bool: ((bool,), "bool"),
    int: ((int, float), "int|float"),
    float: ((int, float), "int|float"),
    str: ((str,), "str"),
    bytes: ((bytes, list), "bytes"),
    bytearray: ((bytes, list), "bytes"),
}
"""Type -> the JSON values that are of it."""


def _checked(cls: type[Any], accepted: tuple[type, ...], name: str) -> Decode:
    def decode(value: Any) -> Any:
        if type(value) is cls:
            return value
        if not isinstance(value, accepted):
            raise UnconvertibleValue(f"Expected value to be {name}, was {type(value)}")
        try:
            return cls(value)
        except (ValueError, ArithmeticError) as error:
            raise UnconvertibleValue(f"Expected value to be {cls}, was {value!r}: {error}") from error

    return decode


def _enum(cls: type[Enum]) -> Decode:
    kinds: tuple[type, ...] = (int, str)
    kind = next((kind for kind in kinds if issubclass(cls, kind)), None)

    def decode(value: Any) -> Any:
        if kind is not None and not isinstance(value, kind):
            what = "an integer" if kind is int else "a string"
            raise UnconvertibleValue(f"Cannot convert to enum {cls}, value not {what}, value is {type(value)}")
        try:
            return cls(value)
        except ValueError as error:
            raise UnconvertibleValue(str(error)) from error

    return decode


def _literal(allowed: tuple[Any, ...]) -> Decode:
    def decode(value: Any) -> Any:
        for literal in allowed:
            if literal == value and isinstance(literal, bool) == isinstance(value, bool):
                return literal
        raise UnconvertibleValue(f"Value {value} not in literal values {allowed}")

    return decode


def _old_model(cls: Any) -> Decode | None:
    """A model of pydantic 1, or what imitates one."""
    if not isinstance(vars_of(cls).get("parse_obj"), (classmethod, staticmethod)):
        return None

    def decode(value: Any) -> Any:
        if not isinstance(value, dict):
            raise UnconvertibleValue(f"Cannot convert to {cls}, value is {type(value)} not dict")
        return cls.parse_obj(value)

    return decode


def vars_of(cls: type) -> Mapping[str, Any]:
    """The class's attributes as they are declared, inherited ones too."""
    return {name: value for owner in reversed(cls.__mro__) for name, value in vars(owner).items()}


def union_decoder(hint: Hint) -> Decode | None:
    if hint.origin is not Union and hint.origin is not UnionType:
        return None
    members = hint.parts

    def decode(value: Any) -> Any:
        fitting: list[tuple[_Fit, Any]] = []
        faults: list[Exception] = []
        for member in members:
            try:
                typed = member(value)
            except Exception as error:  # noqa: BLE001  # constructors of users' types raise what they like
                faults.append(error)
                continue
            fit = _fit(typed, value)
            if fit is _Fit.WHOLE or (fit is _Fit.OTHER and not fitting):
                return typed
            fitting.append((fit, typed))
        if fitting:
            return max(fitting, key=itemgetter(0))[1]
        raise UnconvertibleValue(f"Failed converting to {hint.whole} from {value}") from faults[0]

    return decode


class _Fit(IntEnum):
    """How much of a JSON value its typed value keeps."""

    OTHER = 0  # not known, as for a dict or a model: good enough, unless a dataclass before it fits
    PART = 1  # it would be written as another value, or lacks fields
    ALL = 2  # it has all the fields that were sent, and more
    WHOLE = 3  # it would be written as this value


def _fit(typed: Any, value: Any) -> _Fit:
    if isinstance(value, list):
        return _Fit.WHOLE
    if is_dict(value):
        return _fields_fit(typed, value.keys())
    if isinstance(value, str):
        is_day = isinstance(typed, datetime) and typed.date().isoformat() == value
        return _Fit.PART if is_day else _Fit.WHOLE  # as a time it would have been sent with its hour
    if isinstance(typed, (int, float)):
        kinds_differ = any(isinstance(typed, kind) != isinstance(value, kind) for kind in (bool, float))
        return _Fit.PART if kinds_differ or typed != value else _Fit.WHOLE
    return _Fit.PART if isinstance(typed, (Decimal, timedelta)) else _Fit.WHOLE  # these would have been sent as text


def _fields_fit(typed: Any, sent: Set[str]) -> _Fit:
    if not dataclasses.is_dataclass(typed):
        return _Fit.OTHER
    own = {field.name for field in dataclasses.fields(typed)}
    if sent == own:
        return _Fit.WHOLE
    return _Fit.ALL if sent < own else _Fit.PART


def key_decoder(hint: Hint) -> Decode:
    """Reads text as a number, a truth value or None where the type is one; else as a value of the type."""
    decode = hint.types.decoder(hint.whole)
    read = _key_text(hint)
    if read is None:
        return decode
    return lambda key: decode(read(key) if isinstance(key, str) else key)


def _key_text(hint: Hint) -> Callable[[str], Any] | None:
    if hint.origin is Literal or hint.origin is typing_extensions.Literal:
        by_text = {_json_key(literal): literal for literal in hint.arguments}
        return lambda key: by_text.get(key, key)
    if hint.whole is NoneType:
        return {"null": None}.__getitem__
    if hint.is_a(bool):
        return {"true": True, "false": False}.__getitem__
    if hint.is_a(int):
        return int
    return float if hint.is_a(float) else None


def _json_key(value: Any) -> str:
    """What JSON has as the key for a literal."""
    return value if isinstance(value, str) else json.dumps(value)
