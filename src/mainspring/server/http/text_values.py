"""A field's value from the text that stands for it in a path or a query, read as strictly as the real server does."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Final

from google.protobuf.descriptor import FieldDescriptor

_TRUTHS: Final[Mapping[str, bool]] = {
    **dict.fromkeys(("1", "t", "T", "TRUE", "true", "True"), True),
    **dict.fromkeys(("0", "f", "F", "FALSE", "false", "False"), False),
}
_WHOLE_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,20}")
_NUMBER: Final = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_FLOATS: Final = frozenset({FieldDescriptor.TYPE_FLOAT, FieldDescriptor.TYPE_DOUBLE})
_BY_TEXT: Final = frozenset({"google.protobuf.Timestamp", "google.protobuf.Duration", "google.protobuf.FieldMask"})
_LONGEST_SHOWN: Final = 100


def is_named_by_text(field: FieldDescriptor) -> bool:
    """Whether a text can stand for what a field holds, or for each of what it holds."""
    return field.message_type is None or field.message_type.full_name in _BY_TEXT


def from_text(field: FieldDescriptor, text: str) -> object:
    """The value in JSON.

    Raises:
        ValueError: The text does not stand for one.
    """
    expected = _refused(field, text)
    if expected:
        raise ValueError(f'parsing field "{field.name}": {expected}')
    if field.type == FieldDescriptor.TYPE_BOOL:
        return _TRUTHS[text]
    if field.enum_type is not None and _WHOLE_NUMBER.fullmatch(text):
        return int(text)
    return text


def bytes_of(value: object) -> bytes:
    """What a JSON text in base64 stands for, in either alphabet, with or without the `=` at its end.

    Raises:
        ValueError: It is none.
    """
    if not isinstance(value, str):
        raise ValueError("expected base64")
    padded = value + "=" * (-len(value) % 4)
    return base64.b64decode(padded, altchars=b"-_" if "-" in value or "_" in value else None, validate=True)


def _refused(field: FieldDescriptor, text: str) -> str | None:
    """What was expected, if the text is not that."""
    if field.message_type is not None:
        kind = field.message_type.full_name
        return None if kind in _BY_TEXT else f'unsupported message type: "{kind}"'
    if field.enum_type is not None:
        return None if _names_value(field, text) else f"{_shown(text)} is not a valid value"
    if field.type == FieldDescriptor.TYPE_BOOL:
        return None if text in _TRUTHS else f"expected true or false, got {_shown(text)}"
    if field.type == FieldDescriptor.TYPE_BYTES:
        return None if _is_base64(text) else "illegal base64 data"
    if field.type in _FLOATS:
        return None if _NUMBER.fullmatch(text) else f"expected a number, got {_shown(text)}"
    if field.type == FieldDescriptor.TYPE_STRING or _WHOLE_NUMBER.fullmatch(text):
        return None
    return f"expected a whole number, got {_shown(text)}"


def _names_value(field: FieldDescriptor, text: str) -> bool:
    enum = field.enum_type
    assert enum is not None
    return text in enum.values_by_name or (
        _WHOLE_NUMBER.fullmatch(text) is not None and int(text) in enum.values_by_number
    )


def _is_base64(text: str) -> bool:
    """Unlike in a body, the `=` must be there."""
    try:
        bytes_of(text)
    except ValueError:
        return False
    return len(text) % 4 == 0


def _shown(text: str) -> str:
    return repr(text[:_LONGEST_SHOWN])
