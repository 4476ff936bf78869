"""Memos and the summaries that people see: values of their own, each a payload."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from temporalio.api.common.v1 import Memo, Payload
from temporalio.api.sdk.v1 import UserMetadata

from mainspring.client._sending import encode_named
from mainspring.common._arguments import arg_unset
from mainspring.converter import DataConverter


async def encode_memo(converter: DataConverter, source: Mapping[str, Any], to: Memo) -> None:
    """Put values into a memo; a payload goes as it is.

    Raises: UnserializableValue: a value cannot be converted.
    """
    for key, value in source.items():
        payload = value if isinstance(value, Payload) else await encode_named(converter, value, f"memo field {key!r}")
        to.fields[key].CopyFrom(payload)


async def decode_memo(converter: DataConverter, memo: Memo) -> Mapping[str, Any]:
    """All values of a memo."""
    return {key: (await converter.decode([payload]))[0] for key, payload in memo.fields.items()}


async def decode_memo_value(
    converter: DataConverter, memo: Memo, key: str, default: Any, type_hint: type | None
) -> Any:
    """One value of a memo.

    Raises: KeyError: there is none of this name, and no default.
    """
    if key not in memo.fields:
        if default is arg_unset:
            raise KeyError(f"Memo does not have a value for key {key}")
        return default
    return (await converter.decode([memo.fields[key]], [type_hint] if type_hint else None))[0]


async def encode_user_metadata(
    converter: DataConverter, summary: str | Payload | None, details: str | Payload | None
) -> UserMetadata | None:
    """What people see of a workflow or activity; None if there is nothing to see."""
    if summary is None and details is None:
        return None
    found = UserMetadata()
    if summary is not None:
        found.summary.CopyFrom(await _text(converter, summary))
    if details is not None:
        found.details.CopyFrom(await _text(converter, details))
    return found


async def _text(converter: DataConverter, text: str | Payload) -> Payload:
    return text if isinstance(text, Payload) else (await converter.encode([text]))[0]


async def decode_user_metadata(
    converter: DataConverter, metadata: UserMetadata | None
) -> tuple[str | None, str | None]:
    """Summary and details, each None if it is not there."""
    if metadata is None:
        return None, None
    summary = (await converter.decode([metadata.summary]))[0] if metadata.HasField("summary") else None
    details = (await converter.decode([metadata.details]))[0] if metadata.HasField("details") else None
    return summary, details
