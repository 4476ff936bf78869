"""Types put together at random: what they hold comes back, with the official bytes wherever there are any."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import pytest
import temporalio.converter as official
from hypothesis import given
from hypothesis import strategies as st

from mainspring.converter import PayloadConverter
from tests.converter.matrix import Box, Color, Disk, Level, Point

ours = PayloadConverter.default
theirs = official.DataConverter.default.payload_converter


class Typed(NamedTuple):
    """A type, and what makes values of it."""

    hint: Any
    values: st.SearchStrategy[Any]


TEXT = st.text('a"\\/\n\x00é\u2028\ud800\U0001f9c0', max_size=4)
DISKS = st.builds(Disk, name=TEXT, size=st.integers(), kind=st.sampled_from(Color))
KEYS = [
    Typed(int, st.integers()),
    Typed(bool, st.booleans()),
    Typed(str, TEXT),
    Typed(Color, st.sampled_from(Color)),
    Typed(Level, st.sampled_from(Level)),
    Typed(UUID, st.uuids()),
    Typed(date, st.dates()),
    Typed(timedelta, st.timedeltas()),
    Typed(Decimal, st.decimals(allow_nan=False, allow_infinity=False)),
]
SCALARS = [
    *KEYS,
    Typed(float, st.floats(allow_nan=False)),
    Typed(datetime, st.datetimes(timezones=st.sampled_from([None, UTC]))),
    Typed(time, st.times()),
    Typed(Disk, DISKS),
    Typed(Point, st.builds(Point, st.integers(), st.integers())),
]


def alias(origin: Any, *arguments: Any) -> Any:
    return origin[arguments]


def lists(item: Typed) -> Typed:
    return Typed(alias(list, item.hint), st.lists(item.values, max_size=3))


def tuples(item: Typed) -> Typed:
    return Typed(alias(tuple, item.hint, ...), st.lists(item.values, max_size=3).map(tuple))


def optionals(item: Typed) -> Typed:
    return Typed(item.hint | None, st.none() | item.values)


def boxes(item: Typed) -> Typed:
    return Typed(alias(Box, item.hint), st.builds(Box, item.values, st.lists(item.values, max_size=2)))


def mappings(key: Typed, item: Typed) -> Typed:
    return Typed(alias(dict, key.hint, item.hint), st.dictionaries(key.values, item.values, max_size=3))


def larger(parts: st.SearchStrategy[Typed]) -> st.SearchStrategy[Typed]:
    return st.one_of(
        *(parts.map(make) for make in (lists, tuples, optionals, boxes)),
        st.builds(mappings, st.sampled_from(KEYS), parts),
    )


TYPES = st.recursive(st.sampled_from(SCALARS), larger, max_leaves=3)


@pytest.mark.slow
@given(st.data())
def test_values_of_any_type_come_back(data: st.DataObject) -> None:
    typed = data.draw(TYPES)
    value = data.draw(typed.values)
    payload = ours.to_payload(value)
    back = ours.from_payload(payload, typed.hint)
    assert (type(back), back) == (type(value), value)
    try:
        expected = theirs.to_payload(value)
    except TypeError:
        return  # the official converter has no form of it
    assert payload == expected
