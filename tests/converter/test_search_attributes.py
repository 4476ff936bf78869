"""Search attributes have the official payloads, and come back as the official converter has them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import temporalio.common as official_common
import temporalio.converter as official
from temporalio.api.common.v1 import Payload
from temporalio.api.common.v1 import SearchAttributes as ApiSearchAttributes

from mainspring import common, converter
from mainspring.converter._search_attributes import (
    _decode_search_attribute_value,
    _encode_maybe_typed_search_attributes,
)

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


def typed(of: Any) -> Any:
    """One attribute of each type, from either module."""
    key = of.SearchAttributeKey
    pairs = [
        (key.for_text("text"), "a b"),
        (key.for_keyword("keyword"), "a"),
        (key.for_int("int"), 1),
        (key.for_float("float"), 1.5),
        (key.for_bool("bool"), True),
        (key.for_datetime("datetime"), NOON),
        (key.for_keyword_list("keywords"), ["a", "b"]),
    ]
    return of.TypedSearchAttributes([of.SearchAttributePair(key, value) for key, value in pairs])


UNTYPED: Any = {"a": ["x", "y"], "b": [1], "c": [NOON, NOON], "d": []}


def test_payloads_are_the_official_ones() -> None:
    for ours, theirs in ((typed(common), typed(official_common)), (UNTYPED, UNTYPED)):
        written, expected = ApiSearchAttributes(), ApiSearchAttributes()
        converter.encode_search_attributes(ours, written)
        official.encode_search_attributes(theirs, expected)
        assert written == expected
        assert written.indexed_fields


def test_attributes_come_back_with_their_types() -> None:
    api = ApiSearchAttributes()
    converter.encode_search_attributes(typed(common), api)
    assert converter.decode_typed_search_attributes(api) == typed(common)


def payload(data: bytes, metadata_type: bytes | None = None) -> Payload:
    metadata = {"encoding": b"json/plain"} | ({"type": metadata_type} if metadata_type else {})
    return Payload(metadata=metadata, data=data)


ODD = ApiSearchAttributes(
    indexed_fields={
        "whole": payload(b"3", b"Double"),
        "single": payload(b'["a"]', b"Keyword"),
        "several": payload(b'["a","b"]', b"Keyword"),
        "long name": payload(b'["a"]', b"INDEXED_VALUE_TYPE_KEYWORD_LIST"),
        "no type": payload(b'"a"'),
        "new type": payload(b'"a"', b"Geo"),
        "other value": payload(b'"a"', b"Int"),
        "times": payload(b'["2026-01-01T00:00:00Z"]', b"Datetime"),
        "time": payload(b'"2026-01-01T00:00:00+02:00"', b"Datetime"),
    }
)


def test_odd_attributes_are_read_as_the_official_converter_reads_them() -> None:
    ours = {pair.key.name: pair.value for pair in converter.decode_typed_search_attributes(ODD)}
    expected: Any = official.decode_typed_search_attributes(ODD)
    theirs = {pair.key.name: pair.value for pair in expected}
    assert ours == theirs
    assert type(ours["whole"]) is float
    assert converter.decode_search_attributes(ODD) == official.decode_search_attributes(ODD)
    moment = datetime.fromisoformat("2026-01-01T00:00+02:00")
    assert _decode_search_attribute_value(ODD.indexed_fields["time"]) == moment
    assert _decode_search_attribute_value(ODD.indexed_fields["single"]) == ["a"]


def test_none_takes_an_attribute_away() -> None:
    key = common.SearchAttributeKey.for_int("n")
    assert converter.encode_typed_search_attribute_value(key, None) == Payload(metadata={"encoding": b"binary/null"})


WRONG: list[tuple[Any, Any, type[Exception], str]] = [
    (common.SearchAttributeKey.for_int("n"), "a", TypeError, "not suitable for indexed value type"),
    (common.SearchAttributeKey.for_keyword_list("n"), [1], TypeError, "must be strings"),
    (common.SearchAttributeKey.for_datetime("n"), NOON.replace(tzinfo=None), ValueError, "Timezone must be present"),
    (None, ("a",), TypeError, "must be lists"),
    (None, [("a",)], TypeError, "of type tuple not one of str, int, float, bool, or datetime"),
    (None, [NOON.replace(tzinfo=None)], ValueError, "Timezone must be present"),
    (None, ["a", 1], TypeError, "must have the same type for the same key"),
]


@pytest.mark.parametrize("key, value, error, message", WRONG, ids=[message for *_, message in WRONG])
def test_a_wrong_value_is_refused(key: Any, value: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        encode(key, value)


def encode(key: Any, value: Any) -> Payload:
    if key is None:
        return converter.encode_search_attribute_values(value)
    return converter.encode_typed_search_attribute_value(key, value)


def test_attributes_of_one_form_are_taken_of_both_refused() -> None:
    written = ApiSearchAttributes()
    _encode_maybe_typed_search_attributes(None, typed(common), written)
    assert set(written.indexed_fields) == {pair.key.name for pair in typed(common)}
    untyped = ApiSearchAttributes()
    _encode_maybe_typed_search_attributes(UNTYPED, None, untyped)
    assert set(untyped.indexed_fields) == set(UNTYPED)
    nothing = ApiSearchAttributes()
    _encode_maybe_typed_search_attributes(None, None, nothing)
    assert not nothing.indexed_fields
    with pytest.raises(ValueError, match="Cannot provide both"):
        _encode_maybe_typed_search_attributes(UNTYPED, typed(common), ApiSearchAttributes())
