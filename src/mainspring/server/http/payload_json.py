"""Payloads in JSON by their value: `"hello"` for what is otherwise metadata and data in base64.

shortened  a message's JSON -> the same with the values of its payloads, where all of a list can be shown so
expanded   the other way, before the JSON is read as a message

json/plain       the value               binary/null    null
json/protobuf    the object, with its message's type as `_protoMessageType`
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Final, cast

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.json_format import ParseDict, ParseError
from temporalio.api.common.v1 import Payload

from mainspring.server.http.json_text import strictly_parsed
from mainspring.server.http.text_values import bytes_of

Json = dict[str, object] | list[object] | str | int | float | bool | None
Object = dict[str, object]

PAYLOAD: Final = "temporal.api.common.v1.Payload"
PAYLOADS: Final = "temporal.api.common.v1.Payloads"
_WELL_KNOWN: Final = "google.protobuf."
_TYPE: Final = "_protoMessageType"
_NAMES: Final = frozenset({"metadata", "data"})
_ALL_NAMES: Final = _NAMES | {"externalPayloads"}


class _NotShort(Exception):
    """A payload whose value cannot stand for it."""


def shortened(descriptor: Descriptor, tree: object) -> object:
    """The JSON of a message, by its descriptor, with its payloads by their values."""
    return _mapped(descriptor, tree, _short)


def expanded(descriptor: Descriptor, tree: object) -> object:
    """The JSON of a message in which payloads may stand by their values, as protobuf reads it."""
    return _mapped(descriptor, tree, _long)


def is_opaque(descriptor: Descriptor) -> bool:
    """Whether a message's JSON is something else than an object of its fields."""
    return descriptor.full_name.startswith(_WELL_KNOWN)


def _mapped(descriptor: Descriptor, tree: object, change: Callable[[str, object], object]) -> object:
    if descriptor.full_name in {PAYLOAD, PAYLOADS}:
        return change(descriptor.full_name, tree)
    if not isinstance(tree, dict) or is_opaque(descriptor):
        return tree  # pyright: ignore[reportUnknownVariableType] - JSON
    return {key: _mapped_field(field_of(descriptor, key), value, change) for key, value in cast("Object", tree).items()}


def _mapped_field(field: FieldDescriptor | None, value: object, change: Callable[[str, object], object]) -> object:
    if field is None or field.message_type is None:
        return value
    kind = field.message_type
    if kind.GetOptions().map_entry:
        held = kind.fields_by_name["value"].message_type
        if held is None or not isinstance(value, dict):
            return value
        return {key: _mapped(held, each, change) for key, each in cast("Object", value).items()}
    if field.is_repeated:
        return (
            [_mapped(kind, each, change) for each in cast("list[object]", value)] if isinstance(value, list) else value
        )
    return _mapped(kind, value, change)


def field_of(descriptor: Descriptor, key: str) -> FieldDescriptor | None:
    """The field that a key of JSON names, in either spelling."""
    return descriptor.fields_by_camelcase_name.get(key) or descriptor.fields_by_name.get(key)


def _short(kind: str, tree: object) -> object:
    if kind == PAYLOAD:
        return _value_or_whole(cast("Object", tree))[0]
    shown = [
        _value_or_whole(cast("Object", each)) for each in cast("list[object]", cast("Object", tree).get("payloads", []))
    ]
    values = [value for value, _ in shown]
    return values if all(is_value for _, is_value in shown) else {"payloads": values}


def _value_or_whole(payload: Object) -> tuple[object, bool]:
    """What stands for a payload, and whether that is its value."""
    try:
        return _value(payload), True
    except _NotShort:
        return {**payload, "data": payload.get("data", "")}, False


def _value(payload: Object) -> object:
    metadata = {key: _text(value) for key, value in cast("dict[str, str]", payload.get("metadata", {})).items()}
    encoding = metadata.pop("encoding", "")
    data = cast("str", payload.get("data", ""))
    if encoding == "binary/null" and not metadata and not data:
        return None
    if encoding == "json/plain" and not metadata:
        value = _parsed(data)
        if not _would_be_read_otherwise(value):
            return value
    if encoding == "json/protobuf" and metadata.keys() == {"messageType"}:
        value = _parsed(data)
        if isinstance(value, dict) and _TYPE not in value:
            return {_TYPE: metadata["messageType"], **cast("Object", value)}
    raise _NotShort


def _would_be_read_otherwise(value: object) -> bool:
    return value is None or (
        isinstance(value, dict) and (_TYPE in cast("Object", value) or _is_whole(cast("Object", value)))
    )


def _text(value: str) -> str:
    try:
        return base64.b64decode(value).decode()
    except ValueError as error:
        raise _NotShort from error


def _parsed(data: str) -> object:
    try:
        return strictly_parsed(base64.b64decode(data))
    except (ValueError, RecursionError) as error:
        raise _NotShort from error


def _long(kind: str, tree: object) -> object:
    if kind == PAYLOAD:
        return _payload(tree)
    if isinstance(tree, list):
        return {"payloads": [_payload(each) for each in cast("list[object]", tree)]}
    if isinstance(tree, dict) and tree.keys() == {"payloads"}:
        held = cast("Object", tree)["payloads"]
        return _long(kind, cast("object", held)) if isinstance(held, list) else cast("Object", tree)
    return tree  # pyright: ignore[reportUnknownVariableType] - JSON


def _payload(value: object) -> object:
    if value is None:
        return _whole({"encoding": "binary/null"}, b"")
    if isinstance(value, dict):
        entries = cast("Object", value)
        if _is_whole(entries):
            return entries
        kind = entries.get(_TYPE)
        if isinstance(kind, str):
            rest = {key: each for key, each in entries.items() if key != _TYPE}
            return _whole({"encoding": "json/protobuf", "messageType": kind}, _encoded(rest))
    return _whole({"encoding": "json/plain"}, _encoded(value))  # pyright: ignore[reportUnknownArgumentType] - JSON


def _is_whole(entries: Object) -> bool:
    """Whether an object is a payload as protobuf writes it, and not a value."""
    metadata = entries.get("metadata")
    if not _NAMES <= entries.keys() <= _ALL_NAMES or not isinstance(metadata, dict) or not metadata:
        return False
    try:
        for each in (*cast("Object", metadata).values(), entries["data"]):
            bytes_of(each)
        ParseDict(entries, Payload())
    except (ValueError, ParseError):
        return False
    return True


def _whole(metadata: dict[str, str], data: bytes) -> Object:
    return {
        "metadata": {key: base64.b64encode(value.encode()).decode() for key, value in metadata.items()},
        "data": base64.b64encode(data).decode(),
    }


def _encoded(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
