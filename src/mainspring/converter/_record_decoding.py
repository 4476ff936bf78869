"""Readers of records: dataclasses, TypedDicts, NamedTuples.

Their fields are resolved when the first value is read, so that a record may contain itself and need not be complete
when a function that takes it is defined.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from typing_extensions import is_typeddict

from mainspring.converter._generics import field_types
from mainspring.converter._hint import Decode, Hint
from mainspring.converter._kinds import is_dict, is_list, is_mapping
from mainspring.converter._placed_errors import UnconvertibleValue, raise_under


def record_decoder(hint: Hint) -> Decode | None:
    if is_typeddict(hint.origin):
        return _TypedDict(hint).decode
    if hint.is_a(tuple) and hasattr(hint.origin, "_fields"):
        return _NamedTuple(hint).decode
    if isinstance(hint.origin, type) and dataclasses.is_dataclass(hint.origin):
        return _Dataclass(hint).decode
    return None


class _Record:
    def __init__(self, hint: Hint) -> None:
        self._hint = hint

    @cached_property
    def _fields(self) -> dict[str, Decode]:
        """Each field that has a type -> its reader."""
        types = field_types(self._hint.whole)
        return {name: self._hint.types.decoder(declared) for name, declared in types.items()}


class _Dataclass(_Record):
    @cached_property
    def _by_init(self) -> tuple[tuple[str, Decode], ...]:
        """What `__init__` takes."""
        return self._where(is_init=True)

    @cached_property
    def _set_after(self) -> tuple[tuple[str, Decode], ...]:
        """What it does not take; these travel too, and are set afterwards."""
        return self._where(is_init=False)

    def _where(self, *, is_init: bool) -> tuple[tuple[str, Decode], ...]:
        own = dataclasses.fields(self._hint.origin)
        return tuple((field.name, self._fields[field.name]) for field in own if field.init is is_init)

    def decode(self, value: Any) -> Any:
        """The dataclass; fields that it lacks are left out, as a sender may be newer."""
        if not is_dict(value):
            what = f"Cannot convert to dataclass {self._hint.whole}, value is {type(value)} not dict"
            raise UnconvertibleValue(what)
        later = _typed(value, self._set_after) if self._set_after else {}
        try:
            record = self._hint.origin(**_typed(value, self._by_init))
        except UnconvertibleValue:
            raise
        except (TypeError, ValueError) as error:
            raise UnconvertibleValue(f"Cannot convert to dataclass {self._hint.whole}: {error}") from error
        for name, typed in later.items():
            object.__setattr__(record, name, typed)  # works on frozen ones
        return record


def _typed(value: Mapping[str, Any], fields: tuple[tuple[str, Decode], ...]) -> dict[str, Any]:
    typed: dict[str, Any] = {}
    name = ""
    try:
        for name, decode in fields:
            if name in value:
                typed[name] = decode(value[name])
    except Exception as error:  # noqa: BLE001  # raised again, with its place
        raise_under(f".{name}", error, UnconvertibleValue)
    return typed


class _TypedDict(_Record):
    def decode(self, value: Any) -> Any:
        """The dict; keys that are missing or unknown are left to type checkers, as Python itself does."""
        if not is_mapping(value):
            raise UnconvertibleValue(f"Expected {self._hint.whole}, value was {type(value)}")
        typed = dict(value)
        typed.update(_typed(value, tuple(self._fields.items())))
        return typed


class _NamedTuple(_Record):
    def decode(self, value: Any) -> Any:
        """The tuple, from a list in order of its fields."""
        names = self._hint.origin._fields
        if not is_list(value) or len(value) > len(names):
            raise UnconvertibleValue(f"Expected a list of at most {len(names)} for {self._hint.whole}, was {value!r}")
        by_name = dict(zip(names, value, strict=False))
        typed = {**by_name, **_typed(by_name, tuple(self._fields.items()))}
        try:
            return self._hint.origin(**typed)
        except TypeError as error:
            raise UnconvertibleValue(f"Cannot convert to {self._hint.whole}: {error}") from error
