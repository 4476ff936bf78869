"""Search attributes <-> payloads: JSON, with the attribute's type in the metadata.

Always by the default converter and never encoded by a codec, as the server has to read them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from temporalio.api.common.v1 import Payload
from temporalio.api.common.v1 import SearchAttributes as ApiSearchAttributes

from mainspring.common import (
    SearchAttributeIndexedValueType,
    SearchAttributeKey,
    SearchAttributePair,
    SearchAttributes,
    SearchAttributeValue,
    SearchAttributeValues,
    SearchAttributeValueType,
    TypedSearchAttributes,
)
from mainspring.converter._kinds import is_list
from mainspring.converter._payload_converter import PayloadConverter


def encode_search_attributes(attributes: SearchAttributes | TypedSearchAttributes, api: ApiSearchAttributes) -> None:
    """Add the attributes to the message. The mapping from names to lists is the older form."""
    if isinstance(attributes, TypedSearchAttributes):
        for key, value in attributes:
            api.indexed_fields[key.name].CopyFrom(encode_typed_search_attribute_value(key, value))
    else:
        for name, values in attributes.items():
            api.indexed_fields[name].CopyFrom(encode_search_attribute_values(values))


def encode_typed_search_attribute_value(
    key: SearchAttributeKey[SearchAttributeValueType], value: SearchAttributeValue | None
) -> Payload:
    """The payload of one value, with its type; None takes the attribute away.

    Raises: TypeError: the value is not of the key's type. ValueError: a time without a zone.
    """
    if value is None:
        return PayloadConverter.default.to_payload(None)  # with a type, the server would not take it away
    if not isinstance(value, key.origin_value_type):
        raise TypeError(f"Value of type {value} not suitable for indexed value type {key.indexed_value_type}")
    if isinstance(value, Sequence) and not all(isinstance(item, str) for item in cast("Sequence[object]", value)):
        raise TypeError("All values of a keyword list must be strings")
    payload = PayloadConverter.default.to_payload(_zoned(value) if isinstance(value, datetime) else value)
    payload.metadata["type"] = key._metadata_type.encode()  # the official name
    return payload


def encode_search_attribute_values(vals: SearchAttributeValues) -> Payload:
    """The payload of the values of one attribute, in the older form.

    Raises: TypeError: no list, or values of other or of several types. ValueError: a time without a zone.
    """
    if not isinstance(vals, list):  # pyright: ignore[reportUnnecessaryIsInstance]  # callers may be untyped
        raise TypeError("Search attribute values must be lists")
    values: list[object] = []
    kind: type | None = None
    for value in vals:
        if isinstance(value, datetime):
            values.append(_zoned(value))
            continue
        kind = kind or type(value)
        _check_kind(value, kind)
        values.append(value)
    return PayloadConverter.default.to_payload(values)


def _check_kind(value: object, kind: type) -> None:
    if not isinstance(value, (str, int, float, bool)):
        name = type(value).__name__
        raise TypeError(f"Search attribute value of type {name} not one of str, int, float, bool, or datetime")
    if type(value) is not kind:
        raise TypeError("Search attribute values must have the same type for the same key")


def _zoned(value: datetime) -> str:
    if value.tzinfo is None:
        raise ValueError("Timezone must be present on all search attribute dates")
    return value.isoformat()


def _encode_maybe_typed_search_attributes(  # pyright: ignore[reportUnusedFunction]  # the client's and the worker's
    non_typed_attributes: SearchAttributes | None,
    typed_attributes: TypedSearchAttributes | None,
    api: ApiSearchAttributes,
) -> None:
    """Add attributes of either form. Raises: ValueError: of both."""
    has_typed = typed_attributes is not None and len(typed_attributes.search_attributes) > 0
    if non_typed_attributes and has_typed:
        raise ValueError("Cannot provide both deprecated search attributes and typed search attributes")
    if non_typed_attributes:
        encode_search_attributes(non_typed_attributes, api)
    elif typed_attributes is not None:
        encode_search_attributes(typed_attributes, api)


def decode_search_attributes(api: ApiSearchAttributes) -> SearchAttributes:
    """The attributes in the older form: name -> list of values."""
    decoded: dict[str, Any] = {}
    for name, payload in api.indexed_fields.items():
        value = PayloadConverter.default.from_payload(payload)
        values = value if is_list(value) else [value]
        is_time = payload.metadata.get("type") == b"Datetime"
        decoded[name] = [datetime.fromisoformat(text) for text in values] if is_time else values
    return decoded


def decode_typed_search_attributes(api: ApiSearchAttributes) -> TypedSearchAttributes:
    """The attributes by key. Those whose type is missing or unknown, or whose value is not of it, are left out."""
    pairs: list[SearchAttributePair[Any]] = []
    for name, payload in api.indexed_fields.items():
        metadata_type = payload.metadata.get("type", b"").decode()
        key = SearchAttributeKey._from_metadata_type(name, metadata_type)  # the official name
        if key is None:
            continue
        value = _typed_value(key.indexed_value_type, PayloadConverter.default.from_payload(payload))
        if isinstance(value, key.origin_value_type):
            pairs.append(SearchAttributePair(key, value))
    return TypedSearchAttributes(pairs)


def _typed_value(kind: SearchAttributeIndexedValueType, value: Any) -> Any:
    """The value as its type has it; None if it has no single one."""
    if is_list(value) and kind is not SearchAttributeIndexedValueType.KEYWORD_LIST:
        if len(value) != 1:
            return None
        value = value[0]
    if kind is SearchAttributeIndexedValueType.DATETIME:
        return datetime.fromisoformat(cast("str", value))
    if kind is SearchAttributeIndexedValueType.DOUBLE and type(value) is int:
        return float(value)  # servers list whole numbers without a point
    return value


def _decode_search_attribute_value(  # pyright: ignore[reportUnusedFunction]  # the client's and the worker's
    payload: Payload,
) -> SearchAttributeValue:
    """The value of an attribute, as its payload has it."""
    value: Any = PayloadConverter.default.from_payload(payload)
    is_time = isinstance(value, str) and payload.metadata.get("type") == b"Datetime"
    return datetime.fromisoformat(value) if is_time else value
