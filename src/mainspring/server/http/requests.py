"""From the parts of an HTTP request to a message: body first, then the query, then the path, which wins."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final, cast

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.json_format import ParseDict
from google.protobuf.message import Message

from mainspring.server.http.bindings import Binding
from mainspring.server.http.payload_json import Object, expanded

_DEEPEST: Final = 100  # what protobuf reads of nested messages


def request_message(
    binding: Binding,
    values: Mapping[str, str],
    query: Sequence[tuple[str, str]],
    body: bytes,
    *,
    is_short: bool,
) -> Message:
    """The request. Names in the query that are no fields are ignored, as the real server does.

    Raises:
        ValueError: A part of it cannot be read; ParseError is one.
    """
    message = binding.request_type()
    descriptor = cast("Descriptor", message.DESCRIPTOR)
    tree = _tree(body) if binding.has_body else {}
    if is_short:
        tree = cast("Object", expanded(descriptor, tree))
    ParseDict(tree, message, max_recursion_depth=_DEEPEST)
    named = query if not binding.has_body else ()
    for name, text in (*named, *values.items()):
        found = _path_of(descriptor, name)
        if found:
            ParseDict(_nested(found, text), message, max_recursion_depth=_DEEPEST)
    return message


def _tree(body: bytes) -> Object:
    tree: object = json.loads(body) if body.strip() else {}
    if not isinstance(tree, dict):
        raise ValueError("expected a JSON object")
    return cast("Object", tree)


def _path_of(descriptor: Descriptor, name: str) -> list[FieldDescriptor]:
    """The fields of `a.b`; none if there is no such field."""
    path: list[FieldDescriptor] = []
    kind: Descriptor | None = descriptor
    for part in name.split("."):
        field = None if kind is None else kind.fields_by_name.get(part) or kind.fields_by_camelcase_name.get(part)
        if field is None:
            return []
        path.append(field)
        kind = field.message_type
    return path


def _nested(path: Sequence[FieldDescriptor], text: str) -> Object:
    value: object = _value(path[-1], text)
    for field in reversed(path):
        value = {field.name: value}
    return cast("Object", value)


def _value(field: FieldDescriptor, text: str) -> object:
    value: object = text
    if field.type == FieldDescriptor.TYPE_BOOL:
        if text not in {"true", "false"}:
            raise ValueError(f'parsing field "{field.name}": expected true or false, got {text[:100]!r}')
        value = text == "true"
    elif field.type == FieldDescriptor.TYPE_ENUM and text.lstrip("-").isdecimal():
        value = int(text)
    return [value] if field.is_repeated else value
