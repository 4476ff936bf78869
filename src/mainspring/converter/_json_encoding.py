"""Writing JSON: the encoder that users derive from, and the way around what it cannot write.

    value -> json.JSONEncoder, in C                              the way of almost every value
          -> plain(value) -> json.JSONEncoder                    if that fails: keys that JSON lacks are made text,
                                                                 or the fault's place is named

What both this and the official SDK can write has the same bytes.
"""

from __future__ import annotations

import dataclasses
import json
import json.encoder
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from typing import Any

from mainspring.converter._kinds import class_of, is_array, is_dict, is_iterable
from mainspring.converter._placed_errors import UnserializableValue, raise_under
from mainspring.converter._pydantic_models import is_known, is_model, model_plain
from mainspring.converter._scalars import text_of

C_ENCODER: Callable[..., Callable[[object, int], Iterable[str]]] | None = getattr(json.encoder, "c_make_encoder", None)
"""What `json` itself makes its encoders with; some Pythons have none."""


class AdvancedJSONEncoder(json.JSONEncoder):
    """Writes, besides what `json` can, dataclasses, pydantic models, iterables, dates, times, decimals, UUIDs, paths.

    Derive from it, override `default` for types of your own and call `super().default(o)` for the rest.
    """

    def default(self, o: Any) -> Any:
        """One level of the value as JSON has it.

        Raises: TypeError: there is no form of it that could be read back.
        """
        kind: type[Any] = class_of(o)
        if is_model(kind):
            return model_plain(o)
        if dataclasses.is_dataclass(kind):
            return {field.name: getattr(o, field.name) for field in dataclasses.fields(o)}
        text = text_of(o)
        if text is not None:
            return text
        own_dict = getattr(o, "dict", None)  # pydantic 1, and what imitates it
        if callable(own_dict):
            return own_dict()
        if is_iterable(o):
            return list(o)
        if is_known(kind):
            return model_plain(o)
        raise TypeError(_refusal(o))


def _refusal(value: object) -> str:
    name = type(value).__name__
    if isinstance(value, Enum):
        return (
            f"Object of type {name} is not JSON serializable: {value} says nothing of the kind of its value; "
            f"make {name} a StrEnum or an IntEnum, or send {value}.value"
        )
    return f"Object of type {name} is not JSON serializable: make it a dataclass, or give the converter an encoder"


class JsonWriter:
    """Writes values in JSON by an encoder, one after the other."""

    def __init__(self, encoder: json.JSONEncoder) -> None:
        self._encoder = encoder
        self._encode = _made_once(encoder)

    def text(self, value: object) -> str:
        """The value in JSON.

        Raises: UnserializableValue: it has no JSON that could be read back; says which part of it.
        """
        try:
            return self._encode(value)
        except (TypeError, ValueError, RecursionError):
            pure = plain(value, self._encoder.default)
        try:
            return self._encoder.encode(pure)
        except ValueError as error:  # an int of more digits than Python writes, nan for an encoder that allows none
            raise UnserializableValue(str(error)) from error


def _made_once(encoder: json.JSONEncoder) -> Callable[[object], str]:
    """`encoder.encode`, unless it is overridden less what that does anew for each value: it makes an encoder in C.

    A value that contains itself is a RecursionError rather than a ValueError.
    """
    kind = type(encoder)
    is_overridden = (kind.encode, kind.iterencode) != (json.JSONEncoder.encode, json.JSONEncoder.iterencode)
    is_indented = getattr(encoder, "indent", None) is not None  # which type stubs say it always is
    if is_overridden or is_indented or C_ENCODER is None:
        return encoder.encode
    quoted = json.encoder.encode_basestring_ascii if encoder.ensure_ascii else json.encoder.encode_basestring
    chunks = C_ENCODER(
        *(None, encoder.default, quoted, None, encoder.key_separator, encoder.item_separator),
        *(encoder.sort_keys, encoder.skipkeys, encoder.allow_nan),
    )
    by_itself: dict[type, Callable[[Any], str]] = {int: int.__repr__, str: quoted}  # as the encoder writes them

    def encode(value: object) -> str:
        write = by_itself.get(type(value))
        return "".join(chunks(value, 0)) if write is None else write(value)

    return encode


def plain(value: object, default: Callable[[Any], Any]) -> object:
    """The value as dicts with keys that JSON has, lists, text, numbers; `default` turns other objects into these.

    Raises: UnserializableValue: it has none.
    """
    return _Plain(default).plain(value)


class _Plain:
    """One walk over a value."""

    def __init__(self, default: Callable[[Any], Any]) -> None:
        self._default = default
        self._open: set[int] = set()  # ids of what stands around the current value

    def plain(self, value: Any) -> object:
        if value is None or isinstance(value, (str, int, float)):
            return value
        if id(value) in self._open:
            raise UnserializableValue(f"{class_of(value).__name__} contains itself")
        self._open.add(id(value))
        try:
            if is_dict(value):
                return self._mapping(value, "[{!r}]")
            if is_array(value):
                return self._items(value)
            return self._object(value)
        finally:
            self._open.discard(id(value))

    def _object(self, value: Any) -> object:
        cls = class_of(value)
        if isinstance(value, Iterator):
            raise UnserializableValue(f"{cls.__name__} can be read only once: send a list of it")
        try:
            converted = self._default(value)
        except UnserializableValue:
            raise
        except (TypeError, ValueError) as error:
            raise UnserializableValue(str(error)) from error
        has_fields = dataclasses.is_dataclass(cls) or is_model(cls)
        if has_fields and is_dict(converted):
            return self._mapping(converted, ".{}")
        return self.plain(converted)

    def _items(self, values: Iterable[Any]) -> list[object]:
        items: list[object] = []
        for value in values:
            try:
                items.append(self.plain(value))
            except UnserializableValue as error:
                raise_under(f"[{len(items)}]", error, UnserializableValue)
        return items

    def _mapping(self, values: dict[Any, Any], step: str) -> dict[object, object]:
        written: dict[object, object] = {}
        for key, value in values.items():
            try:
                text = _key(key)
                if text in written:
                    raise UnserializableValue(f"two of its keys are {text!r} in JSON")
                written[text] = self.plain(value)
            except UnserializableValue as error:
                raise_under(step.format(key), error, UnserializableValue)
        _check_kinds(written)
        return written


def _key(key: object) -> object:
    """A key that `json` takes; others become the text that their values travel as."""
    if key is None or isinstance(key, (str, int, float)):
        return key
    try:
        text = text_of(key)
    except TypeError as error:
        raise UnserializableValue(str(error)) from error
    if text is None:
        raise UnserializableValue(
            f"keys of type {type(key).__name__} are not JSON serializable: send a list of pairs, or text as keys"
        )
    return text


def _check_kinds(keys: Iterable[object]) -> None:
    """Text, numbers and None all become text as keys, so that one dict can have only one of them."""
    kinds = {str if isinstance(key, str) else type(None) if key is None else float for key in keys}
    if len(kinds) > 1:
        raise UnserializableValue("its keys are of several kinds, which cannot be told apart in JSON")
