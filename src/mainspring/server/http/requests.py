"""From the parts of an HTTP request to a message: body first, then the query, then the path, which wins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, cast

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.json_format import ParseDict
from google.protobuf.message import Message

from mainspring.server.http.bindings import Binding
from mainspring.server.http.json_body import check, parsed
from mainspring.server.http.payload_json import Object, expanded, field_of
from mainspring.server.http.text_values import from_text

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
    if binding.has_body:
        tree = parsed(body)
        check(descriptor, tree, is_short=is_short)
        _read(cast("Object", expanded(descriptor, tree)) if is_short else tree, message)
    else:
        for path, texts in _named_in(descriptor, query).items():
            if ".".join(field.name for field in path) not in values:
                _read(_nested(path, texts), message)
    for name, text in values.items():
        _read(_nested(_path_of(descriptor, name), [text]), message)
    return message


def _read(tree: Object, message: Message) -> None:
    ParseDict(tree, message, max_recursion_depth=_DEEPEST)


def _named_in(descriptor: Descriptor, query: Sequence[tuple[str, str]]) -> dict[tuple[FieldDescriptor, ...], list[str]]:
    found: dict[tuple[FieldDescriptor, ...], list[str]] = {}
    for name, text in query:
        path = _path_of(descriptor, name)
        if path:
            found.setdefault(path, []).append(text)
    return found


def _path_of(descriptor: Descriptor, name: str) -> tuple[FieldDescriptor, ...]:
    """The fields of `a.b`; none if there is no such field."""
    path: list[FieldDescriptor] = []
    kind = descriptor
    for part in name.split("."):
        if path:
            held = path[-1].message_type
            if held is None or path[-1].is_repeated:
                raise ValueError(f'invalid path: "{path[-1].name}" is not a message')
            kind = held
        field = field_of(kind, part)
        if field is None:
            return ()
        path.append(field)
    return tuple(path)


def _nested(path: Sequence[FieldDescriptor], texts: Sequence[str]) -> Object:
    last = path[-1]
    values = [from_text(last, text) for text in texts]
    if not last.is_repeated and len(values) > 1:
        raise ValueError(f'too many values for field "{last.name}": {", ".join(texts)[:100]}')
    value: object = values if last.is_repeated else values[0]
    for field in reversed(path):
        value = {field.name: value}
    return cast("Object", value)
