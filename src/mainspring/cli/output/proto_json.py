"""Messages as JSON, as the official command line prints them: proto3 JSON, with payloads in shorthand.

    {"metadata": {"encoding": "anNvbi9wbGFpbg=="}, "data": "WzFd"}      in full
    [1]                                                                 in shorthand: the payload's own JSON

A payload's JSON is spliced in as it is, so numbers keep all their digits. What shorthand cannot show is shown in full.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from typing import Any, Final, TypeAlias, cast

import msgspec
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | msgspec.Raw | None"

_PAYLOAD: Final = "temporal.api.common.v1.Payload"
_PAYLOADS: Final = "temporal.api.common.v1.Payloads"
_MESSAGE_TYPE: Final = "_protoMessageType"
_LONG: Final = frozenset(
    {
        *(FieldDescriptor.TYPE_INT64, FieldDescriptor.TYPE_SINT64, FieldDescriptor.TYPE_SFIXED64),
        *(FieldDescriptor.TYPE_UINT64, FieldDescriptor.TYPE_FIXED64),
    }
)


def tree_of(message: Message, *, shorthand: bool) -> Json:
    """The message as a tree that `encoded` takes."""
    name = message.DESCRIPTOR.full_name
    if name.startswith("google.protobuf."):
        return cast("Json", MessageToDict(message))
    if shorthand and name in {_PAYLOAD, _PAYLOADS}:
        found = payload_shorthand(message) if name == _PAYLOAD else payloads_shorthand(message)
        if found is not None:
            return found
    return {field.json_name: field_tree(field, value, shorthand=shorthand) for field, value in message.ListFields()}


def field_tree(field: FieldDescriptor, value: Any, *, shorthand: bool) -> Json:
    """A field's value; of a map or a list all of them."""
    entry = field.message_type
    if entry is not None and entry.GetOptions().map_entry:
        inner = entry.fields_by_name["value"]
        keys = sorted(value)
        return {str(key): single_tree(inner, value[key], shorthand=shorthand) for key in keys}
    if field.is_repeated:
        return [single_tree(field, item, shorthand=shorthand) for item in value]
    return single_tree(field, value, shorthand=shorthand)


def single_tree(field: FieldDescriptor, value: Any, *, shorthand: bool) -> Json:
    if isinstance(value, Message):
        return tree_of(value, shorthand=shorthand)
    if field.enum_type is not None:
        known = field.enum_type.values_by_number.get(value)
        return int(value) if known is None else known.name
    if field.type in _LONG:
        return str(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, float):
        return float_tree(field, value)
    return cast("Json", value)


def float_tree(field: FieldDescriptor, value: float) -> Json:
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if value.is_integer() and abs(value) < 1e15:
        return int(value)
    return float(f"{value:.8g}") if field.type == FieldDescriptor.TYPE_FLOAT else value


def payloads_shorthand(payloads: Message) -> Json:
    """All payloads in shorthand; None if one of them cannot be."""
    found = [payload_shorthand(payload) for payload in cast("Any", payloads).payloads]
    return None if None in found else cast("Json", found)


def payload_shorthand(payload: Message) -> Json:
    """The payload's own JSON; None if it is none, or shorthand would lose metadata."""
    data: bytes = cast("Any", payload).data
    metadata: Mapping[str, bytes] = cast("Any", payload).metadata
    encoding = metadata.get("encoding", b"")
    if encoding == b"json/plain" and len(metadata) == 1 and is_json(data):
        return msgspec.Raw(data)
    if encoding == b"json/protobuf" and set(metadata) == {"encoding", "messageType"}:
        return typed_object(data, metadata["messageType"].decode("utf-8", "replace"))
    return None


def typed_object(data: bytes, message_type: str) -> Json:
    """A JSON object with the type of its message; None if it is no object."""
    try:
        found = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return {**found, _MESSAGE_TYPE: message_type}


def is_json(data: bytes) -> bool:
    try:
        data.decode("utf-8")
        msgspec.json.format(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True


def encoded(tree: Json, *, indent: bool) -> bytes:
    """JSON text in UTF-8: with two spaces for each level, or on one line."""
    return msgspec.json.format(msgspec.json.encode(tree), indent=2 if indent else -1)
