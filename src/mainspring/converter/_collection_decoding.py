"""Readers of collections: lists, tuples, sets, deques, and mappings of all kinds.

Classes that JSON cannot tell from a list or an object come back by the hint; interfaces such as `Sequence` come back as
the plainest class that has them.
"""

from __future__ import annotations

import collections
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from itertools import chain, repeat
from typing import Any, cast, get_args, get_origin

from typing_extensions import Unpack

from mainspring.converter._hint import Decode, Hint
from mainspring.converter._kinds import is_iterable, is_mapping
from mainspring.converter._placed_errors import UnconvertibleValue, raise_under

Items = Callable[[Any], list[Any]]


def collection_decoder(hint: Hint) -> Decode | None:
    if hint.is_a(Mapping):
        return _mapping(hint)
    if hint.is_a(tuple):
        return _tuple(hint)
    if not hint.is_a(Iterable):
        return None
    make = _maker(hint)
    items = _items(hint)
    return items if make is list else lambda value: make(items(value))


def _maker(hint: Hint) -> Callable[[list[Any]], Any]:
    """What makes the collection; interfaces that say no more than that there are items get a list."""
    if hint.is_a(Set):
        return set if hint.origin.__module__ == "collections.abc" else hint.origin
    return collections.deque if hint.is_a(collections.deque) else list


def _checked(hint: Hint, value: Any) -> Iterable[Any]:
    if not is_iterable(value):
        raise UnconvertibleValue(f"Expected {hint.whole}, value was {type(value)}")
    return value


def _items(hint: Hint) -> Items:
    decode = hint.part(0)
    if decode is None:
        return lambda value: list(_checked(hint, value))

    def decode_items(value: Any) -> list[Any]:
        items: list[Any] = []
        try:
            for item in _checked(hint, value):
                items.append(decode(item))  # noqa: PERF401  # how many there are says which one failed
        except Exception as error:  # noqa: BLE001  # raised again, with its place
            raise_under(f"[{len(items)}]", error, UnconvertibleValue)
        return items

    return decode_items


def _tuple(hint: Hint) -> Decode:
    """`tuple[int, str]`, `tuple[int, ...]`, `tuple[int, *tuple[str, ...]]`; a bare `tuple` takes anything."""
    shape = _Shape(hint)
    if hint.whole is tuple or hint.whole is typing.Tuple:  # noqa: UP006  # the alias, as it may stand in a hint
        return lambda value: tuple(_checked(hint, value))

    def decode_items(value: Any) -> tuple[Any, ...]:
        given = list(_checked(hint, value))
        decoders = shape.decoders(len(given))
        items: list[Any] = []
        try:
            for decode, item in zip(decoders, given, strict=True):
                items.append(decode(item))  # how many there are says which one failed
        except Exception as error:  # noqa: BLE001  # raised again, with its place
            raise_under(f"[{len(items)}]", error, UnconvertibleValue)
        return tuple(items)

    return decode_items


class _Shape:
    """Which reader each item of a tuple has: some at the start, one for any number of them, some at the end."""

    def __init__(self, hint: Hint) -> None:
        arguments = list(hint.arguments)
        middle = next((at for at, argument in enumerate(arguments) if _is_unbounded(argument)), None)
        if arguments[1:2] == [...]:
            arguments, middle = [_many(arguments[0])], 0
        ends = arguments if middle is None else arguments[:middle] + arguments[middle + 1 :]
        readers = [hint.types.decoder(argument) for argument in ends]
        self._hint = hint
        self._start = readers[:middle]
        self._any = None if middle is None else hint.types.decoder(_unbounded_item(arguments[middle]))
        self._end = [] if middle is None else readers[middle:]

    def decoders(self, count: int) -> Iterable[Decode]:
        """One reader for each of `count` items. Raises: UnconvertibleValue: the tuple has not as many."""
        fixed = len(self._start) + len(self._end)
        if count < fixed or (self._any is None and count > fixed):
            least = "" if self._any is None else "at least "
            raise UnconvertibleValue(f"Type {self._hint.whole} expects {least}{fixed} values, got {count}")
        between: Iterable[Decode] = () if self._any is None else repeat(self._any, count - fixed)
        return chain(self._start, between, self._end)


def _many(item: Any) -> Any:
    """`*tuple[item, ...]`"""
    unpack: Any = Unpack
    return unpack[tuple.__class_getitem__((item, ...))]


def _is_unbounded(argument: Any) -> bool:
    """Whether it is `*tuple[X, ...]`."""
    inner = get_args(argument)[0] if get_origin(argument) is Unpack else argument
    return getattr(argument, "__unpacked__", inner is not argument) and get_args(inner)[1:2] == (...,)


def _unbounded_item(argument: Any) -> Any:
    inner = get_args(argument)[0] if get_origin(argument) is Unpack else argument
    return get_args(inner)[0]


def _mapping(hint: Hint) -> Decode:
    decode_key = _key(hint)
    decode_value = hint.part(1)
    make = _mapping_maker(hint)

    def decode(value: Any) -> Any:
        if not is_mapping(value):
            raise UnconvertibleValue(f"Expected {hint.whole}, value was {type(value)}")
        typed: dict[Any, Any] = {}
        for key, item in value.items():
            try:
                typed_key = key if decode_key is None else decode_key(key)
                typed[typed_key] = item if decode_value is None else decode_value(item)
            except Exception as error:  # noqa: BLE001  # raised again, with its place
                raise_under(f"[{key!r}]", error, UnconvertibleValue)
        return typed if make is None else make(typed)

    return decode


def _key(hint: Hint) -> Decode | None:
    """The reader of keys; None if the hint says nothing of them, as `dict[None, X]` does."""
    if not hint.arguments or hint.arguments[0] in (None, Any):
        return None
    return hint.types.key_decoder(hint.arguments[0])


def _mapping_maker(hint: Hint) -> Callable[[dict[Any, Any]], Any] | None:
    """What makes the mapping; None leaves it a dict."""
    if hint.origin in (collections.OrderedDict, collections.Counter):
        return cast("Callable[[dict[Any, Any]], Any]", hint.origin)
    if hint.origin is collections.defaultdict:
        factory = _factory(hint.arguments)
        return lambda typed: collections.defaultdict(factory, typed)
    return None


def _factory(arguments: Sequence[Any]) -> Callable[[], Any] | None:
    """What the values of a defaultdict are made by: their own class, which JSON cannot carry."""
    origin = get_origin(arguments[1]) or arguments[1] if len(arguments) > 1 else None
    return origin if origin in (int, float, str, list, dict, set, tuple) else None
