"""Keys of search attributes, collections of them, and the older form."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from temporalio.api.enums.v1 import IndexedValueType

from mainspring.common import (
    SearchAttributeIndexedValueType,
    SearchAttributeKey,
    SearchAttributePair,
    TypedSearchAttributes,
    _warn_on_deprecated_search_attributes,
)

NAMES = SearchAttributeKey.for_keyword_list("Names")
COUNT = SearchAttributeKey.for_int("Count")
KEYS: list[SearchAttributeKey[Any]] = [
    SearchAttributeKey.for_text("x"),
    SearchAttributeKey.for_keyword("x"),
    COUNT,
    SearchAttributeKey.for_float("x"),
    SearchAttributeKey.for_bool("x"),
    SearchAttributeKey.for_datetime("x"),
    NAMES,
]


def pairs(count: int = 0) -> TypedSearchAttributes:
    return TypedSearchAttributes([SearchAttributePair(NAMES, ["a"]), SearchAttributePair(COUNT, count)])


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_a_key_is_read_back_from_both_spellings_of_its_type(key: SearchAttributeKey[Any]) -> None:
    long = f"INDEXED_VALUE_TYPE_{key.indexed_value_type.name}"
    assert SearchAttributeKey._from_metadata_type(key.name, key._metadata_type) == key
    assert SearchAttributeKey._from_metadata_type(key.name, long) == key


def test_there_is_no_key_for_an_unknown_type() -> None:
    assert SearchAttributeKey._from_metadata_type("x", "Unspecified") is None


def test_there_is_a_key_for_each_type_of_the_api() -> None:
    prefix = "INDEXED_VALUE_TYPE_"
    api = {name.removeprefix(prefix): number for name, number in IndexedValueType.items() if number}
    assert {kind.name: kind.value for kind in SearchAttributeIndexedValueType} == api
    assert {key.indexed_value_type for key in KEYS} == set(SearchAttributeIndexedValueType)


def test_a_value_type_serves_isinstance_without_its_parameters() -> None:
    assert NAMES.value_type == Sequence[str]
    assert (NAMES.origin_value_type, COUNT.origin_value_type) == (Sequence, int)


@pytest.mark.parametrize(
    "values, key",
    [
        (["a"], SearchAttributeKey.for_keyword("x")),
        (["a", "b"], SearchAttributeKey.for_keyword_list("x")),
        ([1], SearchAttributeKey.for_int("x")),
        ([1.5], SearchAttributeKey.for_float("x")),
        ([True], SearchAttributeKey.for_bool("x")),
        ([datetime(2026, 1, 1, tzinfo=UTC)], SearchAttributeKey.for_datetime("x")),
        ([], None),
        ([1, 2], None),
    ],
)
def test_a_key_is_guessed_from_values(values: Any, key: SearchAttributeKey[Any] | None) -> None:
    assert SearchAttributeKey._guess_from_untyped_values("x", values) == key


def test_attributes_stand_in_order_of_name() -> None:
    assert [pair.key.name for pair in pairs()] == ["Count", "Names"]
    assert len(pairs()) == 2


def test_an_attribute_is_found_by_name_and_type_whatever_its_value() -> None:
    assert COUNT in pairs(count=0)  # type: ignore[comparison-overlap]  # asks for keys, holds pairs
    assert (pairs(count=0)[COUNT], pairs().get(NAMES)) == (0, ["a"])
    other = SearchAttributeKey.for_float("Count")
    assert other not in pairs()  # type: ignore[comparison-overlap]  # the same
    assert (pairs().get(other), pairs().get(other, 7)) == (None, 7)
    with pytest.raises(KeyError):
        pairs()[other]


def test_two_attributes_of_one_name_are_refused() -> None:
    same = SearchAttributePair(SearchAttributeKey.for_float("Count"), 1.5)
    with pytest.raises(ValueError, match="Duplicate search attribute entries found for key Count"):
        TypedSearchAttributes([SearchAttributePair(COUNT, 1), same])


def test_an_update_replaces_by_name() -> None:
    new = SearchAttributePair(SearchAttributeKey.for_float("Count"), 1.5)
    assert list(pairs().updated(new)) == [new, SearchAttributePair(NAMES, ["a"])]
    assert list(TypedSearchAttributes.empty.updated(new)) == [new]


def test_changes_say_key_and_value() -> None:
    assert (COUNT.value_set(4).key, COUNT.value_set(4).value) == (COUNT, 4)
    assert COUNT.value_unset().value is None


def test_the_older_form_is_warned_of() -> None:
    with pytest.warns(DeprecationWarning, match="Dictionary-based search attributes are deprecated"):
        _warn_on_deprecated_search_attributes({"Count": [1]})
    _warn_on_deprecated_search_attributes(pairs())
    _warn_on_deprecated_search_attributes({})
