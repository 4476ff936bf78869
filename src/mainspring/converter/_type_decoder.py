"""Reading JSON values as types: each type's reader is made once and kept.

decoder_with(()).decoder(list[Disk])       -> Decode          Decode(value) -> [Disk(...), ...]

TypeDecoder      keeps readers by type, asks the user's type converters first at every level
├── _value_decoding       scalars, enums, literals, unions
├── _collection_decoding  lists, tuples, sets, mappings
└── _record_decoding      dataclasses, TypedDicts, NamedTuples; resolved at the first value, so they may be recursive
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, get_args, get_origin

from mainspring.converter._collection_decoding import collection_decoder
from mainspring.converter._generics import bare
from mainspring.converter._hint import Decode, Hint
from mainspring.converter._json_type_converter import JSONTypeConverter
from mainspring.converter._placed_errors import UnconvertibleValue
from mainspring.converter._pydantic_models import is_of_models, model_reader
from mainspring.converter._record_decoding import record_decoder
from mainspring.converter._value_decoding import (
    key_decoder,
    known_decoder,
    model_decoder,
    scalar_decoder,
    union_decoder,
)

MOST_TYPES = 4096  # kept; types made at run time must not grow the process

MAKERS: tuple[Callable[[Hint], Decode | None], ...] = (
    model_decoder,
    union_decoder,
    record_decoder,
    scalar_decoder,
    collection_decoder,
    known_decoder,
)
"""In order: the first that knows the type makes its reader."""


class Reader(NamedTuple):
    """How one type is read."""

    hint: Any  # as it was when the reader was made
    decode: Decode
    read_json: Callable[[bytes | str], Any] | None  # reads JSON in one go; None: JSON is parsed, then decoded


class TypeDecoder:
    """Makes and keeps the readers of types, given the user's type converters."""

    def __init__(self, custom: Sequence[JSONTypeConverter] = ()) -> None:
        self._custom = tuple(custom)
        self._kept = lru_cache(MOST_TYPES)(self._make)
        self._kept_key = lru_cache(MOST_TYPES)(self._make_key)

    def reader(self, hint: Any) -> Reader:
        return _of(hint, self._kept, self._make)

    def decoder(self, hint: Any) -> Decode:
        """What reads values as the type. Raises, when it is called: TypeError."""
        return _of(hint, self._kept, self._make).decode

    def key_decoder(self, hint: Any) -> Decode:
        """What reads keys of JSON objects, which are always text, as the type."""
        return _of(hint, self._kept_key, self._make_key).decode

    def _make(self, hint: Any) -> Reader:
        read_json = model_reader(hint) if is_of_models(hint) and not self._custom else None
        return Reader(hint, self._asking_custom_first(hint, _first_decoder(self._hint(hint))), read_json)

    def _make_key(self, hint: Any) -> Reader:
        return Reader(hint, self._asking_custom_first(hint, key_decoder(self._hint(hint))), None)

    def _hint(self, hint: Any) -> Hint:
        whole = bare(hint)
        return Hint(whole, get_origin(whole) or whole, get_args(whole), self)

    def _asking_custom_first(self, hint: Any, decode: Decode) -> Decode:
        if not self._custom:
            return decode

        def ask(value: Any) -> Any:
            for converter in self._custom:
                typed = converter.to_typed_value(hint, value)
                if typed is not JSONTypeConverter.Unhandled:
                    return typed
            return decode(value)

        return ask


def _of(hint: Any, kept: Callable[[Any], Reader], make: Callable[[Any], Reader]) -> Reader:
    """The reader of the hint, from the cache if it was made for really the same hint."""
    try:
        reader = kept(hint)
    except TypeError:  # a hint that cannot be hashed: Literal[[]], Annotated[int, []]
        return make(hint)
    if reader.hint is hint or repr(reader.hint) == repr(hint):
        return reader
    return make(hint)  # equal in another order: `int | str == str | int`, but the first that fits is taken


def _first_decoder(hint: Hint) -> Decode:
    for make in MAKERS:
        decode = make(hint)
        if decode is not None:
            return decode

    def refuse(_value: Any) -> Any:
        raise UnconvertibleValue(f"Unserializable type during conversion: {hint.whole}")

    return refuse


@lru_cache(256)
def _decoder_with(custom: tuple[JSONTypeConverter, ...]) -> TypeDecoder:
    return TypeDecoder(custom)


def decoder_with(custom: Sequence[JSONTypeConverter]) -> TypeDecoder:
    """The decoder that asks these type converters, in order."""
    try:
        return _decoder_with(tuple(custom))
    except TypeError:  # converters that cannot be hashed
        return TypeDecoder(custom)
