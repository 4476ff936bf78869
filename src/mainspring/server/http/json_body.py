"""A body as JSON, read as strictly as the real server reads it: Python's own readers let more pass.

parsed    no NaN, no number that is too large to be kept
check     no name twice, no field under both its names, no base64 that is none, no number in the text of an enum
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, cast

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from mainspring.server.http.json_text import NamedTwice, strictly_parsed
from mainspring.server.http.payload_json import PAYLOAD, PAYLOADS, Object, field_of, is_opaque
from mainspring.server.http.text_values import bytes_of

_NUMBER_IN_TEXT: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_NUMBERS: Final = frozenset(
    {
        *(FieldDescriptor.CPPTYPE_INT32, FieldDescriptor.CPPTYPE_INT64),
        *(FieldDescriptor.CPPTYPE_UINT32, FieldDescriptor.CPPTYPE_UINT64),
    }
)


def parsed(body: bytes) -> Object:
    """The JSON object of a body; an empty body is an empty object.

    Raises:
        ValueError: It is none.
    """
    if not body.strip():
        return {}
    tree = strictly_parsed(body)
    if not isinstance(tree, dict):
        raise ValueError("expected a JSON object")
    return cast("Object", tree)


def check(kind: Descriptor, tree: Object, *, is_short: bool) -> None:
    """Look at a message's JSON; at that of payloads too, unless they may stand by their values (`is_short`).

    Raises:
        ValueError: Something is written as it may not be, although protobuf would read it.
    """
    _refuse_twice(tree)
    seen: set[str] = set()
    for key, value in tree.items():
        field = field_of(kind, key)
        if field is None:
            continue  # refused when it is read
        if field.name in seen:
            raise ValueError(f'duplicate field "{field.name}"')
        seen.add(field.name)
        _check_field(field, value, is_short=is_short)


def _check_field(field: FieldDescriptor, value: object, *, is_short: bool) -> None:
    kind = field.message_type
    if kind is not None and kind.GetOptions().map_entry:
        held = kind.fields_by_name["value"]
        _refuse_twice(value)
        for each in cast("Object", value).values() if isinstance(value, dict) else ():
            _check_value(held, each, is_short=is_short)
    elif field.is_repeated:
        for each in cast("Sequence[object]", value) if isinstance(value, list) else ():
            _check_value(field, each, is_short=is_short)
    else:
        _check_value(field, value, is_short=is_short)


def _check_value(field: FieldDescriptor, value: object, *, is_short: bool) -> None:
    kind = field.message_type
    if kind is not None:
        if is_opaque(kind) or (is_short and kind.full_name in {PAYLOAD, PAYLOADS}) or value is None:
            return
        if not isinstance(value, dict):
            raise ValueError(f"invalid value for field {field.name}: expected an object")
        check(kind, cast("Object", value), is_short=is_short)
    elif field.enum_type is not None and isinstance(value, float) and not value.is_integer():
        raise ValueError(f"invalid value for enum field {field.name}: {value}")
    elif isinstance(value, str):
        _check_text(field, value)


def _check_text(field: FieldDescriptor, text: str) -> None:
    if field.type == FieldDescriptor.TYPE_BYTES:
        try:
            bytes_of(text)
        except ValueError as error:
            raise ValueError(f"invalid value for bytes field {field.name}: {error}") from error
    elif field.enum_type is not None:
        if text not in field.enum_type.values_by_name:
            raise ValueError(f"invalid value for enum field {field.name}: {text[:100]!r}")
    elif field.cpp_type in _NUMBERS and not _NUMBER_IN_TEXT.fullmatch(text):
        raise ValueError(f"invalid value for field {field.name}: expected a number, got {text[:100]!r}")


def _refuse_twice(tree: object) -> None:
    if isinstance(tree, NamedTwice):
        raise ValueError("a name stands twice in one object")
