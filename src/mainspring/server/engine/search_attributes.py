"""Search attributes of a run: checked against the namespace's types, kept as payloads and as plain JSON for queries.

    SearchAttributes (payloads)  --check-->  ok | InvalidArgument
                                 --merge-->  run.search_attributes + run.searchable

A null payload, or an empty list, unsets an attribute. Names that the server sets itself cannot be set by clients.
Reference: FEATURES 4.6; tests/differential/test_visibility.py.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import cast

import msgspec
from temporalio.api.common.v1 import Payload, SearchAttributes
from temporalio.api.enums.v1 import IndexedValueType

from mainspring.server.engine.attribute_types import CLIENT_SETTABLE, SYSTEM, TYPE_NAMES
from mainspring.server.engine.errors import InvalidArgument
from mainspring.server.engine.run import Run, Searchable
from mainspring.server.engine.settings import NamespaceSettings

_T = IndexedValueType

UNVERSIONED = "unversioned"
"""Stands first among the `BuildIds` of each run that a worker without worker versioning has served."""

# -- checks


def check(attributes: SearchAttributes, settings: NamespaceSettings) -> None:
    """All names are known and may be set by clients, all values fit their types and the limits.

    Raises:
        InvalidArgument: in the real server's words.
    """
    limits = settings.limits
    fields = attributes.indexed_fields
    if not fields:
        return
    for name in sorted(fields):
        type_of(name, settings)
    if len(fields) > limits.search_attributes_count:
        raise InvalidArgument(
            f"number of search attributes {len(fields)} exceeds limit {limits.search_attributes_count}"
        )
    for name, payload in sorted(fields.items()):
        _check_value(name, payload, type_of(name, settings))
    check_sizes(attributes, settings)


def check_sizes(attributes: SearchAttributes, settings: NamespaceSettings) -> None:
    """No value, and not all of them together, are over the limits."""
    limits = settings.limits
    for name, payload in sorted(attributes.indexed_fields.items()):
        if len(payload.data) > limits.search_attribute_value_bytes:
            raise InvalidArgument(
                f"search attribute {name} value size {len(payload.data)} exceeds size limit "
                f"{limits.search_attribute_value_bytes}"
            )
    if attributes.ByteSize() > limits.search_attributes_total_bytes:
        raise InvalidArgument(
            f"total size of search attributes {attributes.ByteSize()} exceeds size limit "
            f"{limits.search_attributes_total_bytes}"
        )


def type_of(name: str, settings: NamespaceSettings) -> int:
    """The IndexedValueType of an attribute that clients may set.

    Raises:
        InvalidArgument: there is none of that name, or only the server sets it.
    """
    if name in SYSTEM and name not in CLIENT_SETTABLE:
        raise InvalidArgument(f"{name} attribute can't be set in SearchAttributes")
    known = settings.search_attributes.get(name) or CLIENT_SETTABLE.get(name)
    if known is None:
        raise InvalidArgument(f"Namespace {settings.name} has no mapping defined for search attribute {name}")
    return known


def _check_value(name: str, payload: Payload, value_type: int) -> None:
    try:
        value = decode(payload, value_type)
    except ValueError as error:
        raise InvalidArgument(
            f"invalid value for search attribute {name} of type {TYPE_NAMES[value_type]}: {_as_go(payload.data)}"
        ) from error
    texts = value if isinstance(value, list) else [value]
    if any(isinstance(text, str) and "\0" in text for text in texts):
        raise InvalidArgument(f"invalid value for search attribute {name}: it holds a NUL character")


def _as_go(data: bytes) -> str:
    """A value as the real server prints it: lists in brackets without commas, what is not JSON as its bytes."""
    try:
        value: object = msgspec.json.decode(data)
    except ValueError:
        return f"[{' '.join(map(str, data))}]"
    if isinstance(value, list):
        return f"[{' '.join(map(str, cast('list[object]', value)))}]"
    return data.decode("utf-8", "replace").strip('"')


# -- values


def decode(payload: Payload, value_type: int) -> Searchable:
    """A payload as a JSON value for queries; datetimes as nanoseconds since the epoch; None = unset.

    Raises:
        ValueError: it does not fit the type.
    """
    if payload.metadata.get("encoding") == b"binary/null" or not payload.data:
        return None
    value: object = msgspec.json.decode(payload.data)
    if value_type == _T.INDEXED_VALUE_TYPE_KEYWORD_LIST:
        return _keyword_list(value)
    if isinstance(value, list):
        value = _only(cast("list[object]", value))
    return None if value is None else _scalar(value, value_type)


def _only(values: list[object]) -> object:
    """The one value of a list; None if it is empty."""
    if len(values) > 1:
        raise ValueError("list of values not allowed")
    return values[0] if values else None


def _keyword_list(value: object) -> list[str] | None:
    if value is None or value == []:
        return None
    if not isinstance(value, list):
        raise ValueError(f"expected a list of strings, got {type(value).__name__}")
    return [_text(item) for item in cast("list[object]", value)]


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"expected a string, got {type(value).__name__}")
    return value


def _scalar(value: object, value_type: int) -> Searchable:
    if value_type in (_T.INDEXED_VALUE_TYPE_KEYWORD, _T.INDEXED_VALUE_TYPE_TEXT):
        return _text(value)
    if value_type == _T.INDEXED_VALUE_TYPE_BOOL and isinstance(value, bool):
        return value
    if value_type == _T.INDEXED_VALUE_TYPE_INT and isinstance(value, int) and not isinstance(value, bool):
        if not -(2**63) <= value < 2**63:
            raise ValueError("integer out of range")
        return value
    if value_type == _T.INDEXED_VALUE_TYPE_DOUBLE and isinstance(value, int | float) and not isinstance(value, bool):
        if not math.isfinite(value):
            raise ValueError("number out of range")
        return float(value)
    if value_type == _T.INDEXED_VALUE_TYPE_DATETIME and isinstance(value, str):
        return instant_of(value)
    raise ValueError(f"expected {TYPE_NAMES.get(value_type, value_type)}, got {type(value).__name__}")


def instant_of(text: str) -> int:
    """An RFC 3339 time as nanoseconds since the epoch.

    Raises:
        ValueError: it is not one, or has no time zone.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("time zone is missing")
    if text[11:13] == "24":  # the next day's midnight, for newer Pythons
        raise ValueError("hour must be in 0..23")
    whole = int(moment.replace(microsecond=0).astimezone(UTC).timestamp())
    fraction = ""
    if "." in text:
        digits = text.split(".", 1)[1]
        fraction = digits[: next((i for i, c in enumerate(digits) if not c.isdigit()), len(digits))]
    return whole * 1_000_000_000 + int((fraction + "0" * 9)[:9])


def mark_types(attributes: SearchAttributes, settings: NamespaceSettings) -> None:
    """Say in each payload of which type it is, in place, as histories and lists show it."""
    for name, payload in attributes.indexed_fields.items():
        value_type = settings.search_attributes.get(name) or int(CLIENT_SETTABLE.get(name, 0))
        payload.metadata["type"] = TYPE_NAMES[value_type].encode()


# -- the run's own


def merge(run: Run, attributes: Mapping[str, Payload]) -> None:
    """Set (or unset) attributes of the run that were checked before."""
    for name, payload in attributes.items():
        value_type = run.settings.search_attributes.get(name) or int(CLIENT_SETTABLE.get(name, 0))
        value = decode(payload, value_type)
        if value is None:
            run.search_attributes.indexed_fields.pop(name, None)
            run.searchable.pop(name, None)
            continue
        kept = run.search_attributes.indexed_fields[name]
        kept.CopyFrom(payload)
        kept.metadata["type"] = TYPE_NAMES[value_type].encode()
        run.searchable[name] = value
    _written(run)


def put_keywords(run: Run, name: str, words: list[str]) -> None:
    """Set an attribute of the server's own to a list of keywords."""
    payload = run.search_attributes.indexed_fields[name]
    payload.metadata["encoding"] = b"json/plain"
    payload.metadata["type"] = b"KeywordList"
    payload.data = msgspec.json.encode(words)
    run.searchable[name] = words
    _written(run)


def remove(run: Run, name: str) -> None:
    """Unset an attribute of the server's own."""
    run.search_attributes.indexed_fields.pop(name, None)
    run.searchable.pop(name, None)
    _written(run)


def _written(run: Run) -> None:
    run.put_blob("search_attributes", run.search_attributes.SerializeToString())
    run.put_blob("searchable", msgspec.json.encode(run.searchable))
    run.show()


def note_build(run: Run, build_id: str, checksums: list[str]) -> None:
    """A worker of that build completed a workflow task: keep `BuildIds` (and `BinaryChecksums`) in step."""
    known = run.searchable.get("BuildIds")
    words = known if isinstance(known, list) else []
    label = f"unversioned:{build_id}" if build_id else UNVERSIONED
    if not words or words[0] != UNVERSIONED or label not in words:
        others = dict.fromkeys([*words, label])  # each once, in the order in which they came
        others.pop(UNVERSIONED, None)
        put_keywords(run, "BuildIds", [UNVERSIONED, *others])
    if checksums:
        put_keywords(run, "BinaryChecksums", checksums)
