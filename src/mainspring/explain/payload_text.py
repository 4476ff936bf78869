"""A payload as a person reads it: the very bytes if they are text, else how many there are and how they begin.

Text is never parsed and written again, so that numbers of any size and precision stay as they are. A payload that only
says where another one is kept says so before all else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from temporalio.api.common.v1 import Payload

MOST_CHARACTERS: Final = 100_000
_MOST_HEX_BYTES: Final = 32
_LONGEST_ENCODING: Final = 100
_NULL: Final = "binary/null"
_ENCRYPTED: Final = "binary/encrypted"
_REFERENCE_TYPE: Final = "temporal.api.sdk.v1.ExternalStorageReference"
_REFERENCE_ENCODING: Final = "json/external-storage-reference"
_REFERENCE_MARK: Final = "__temporal_external_storage_reference"


class PayloadText(msgspec.Struct, frozen=True, kw_only=True):
    """A payload for people.

    `text` is the payload itself if `is_whole`, else a part of it or a description. `encoding` is empty if none is
    named. `note` says what the text alone does not: the type of a protobuf message, or that the data are encrypted.
    """

    text: str
    encoding: str
    size_bytes: int
    is_whole: bool
    note: str = ""


def payload_text(payload: Payload, most_characters: int = MOST_CHARACTERS) -> PayloadText:
    """The text of a payload, cut with a mark if it has more than `most_characters`."""
    encoding = _name(payload, "encoding")
    text, is_whole = _text(payload.data, encoding, most_characters)
    if _is_reference(payload, encoding):
        text, is_whole = f"{_kept_elsewhere(payload)} {text}", False
    return PayloadText(
        text=text,
        encoding=encoding,
        size_bytes=len(payload.data),
        is_whole=is_whole,
        note="encrypted" if encoding == _ENCRYPTED else _name(payload, "messageType"),
    )


def payloads_line(payloads: Sequence[Payload], most_characters: int = 200) -> str:
    """All of them in one line, with commas between, cut if the line gets longer than `most_characters`."""
    shown: list[str] = []
    left = most_characters
    for payload in payloads:
        if left <= 0:
            shown.append("…")
            break
        words = " ".join(payload_text(payload, left).text.split())
        shown.append(words if len(words) <= left else words[:left] + "…")
        left -= len(words)
    return ", ".join(shown)


def _name(payload: Payload, key: str) -> str:
    return payload.metadata.get(key, b"")[:_LONGEST_ENCODING].decode(errors="replace")


def _is_reference(payload: Payload, encoding: str) -> bool:
    return (
        encoding == _REFERENCE_ENCODING
        or _name(payload, "messageType") == _REFERENCE_TYPE
        or _name(payload, _REFERENCE_MARK) == "true"
    )


def _kept_elsewhere(payload: Payload) -> str:
    size_bytes = sum(each.size_bytes for each in payload.external_payloads)
    return f"(in external storage, {size_bytes:,} bytes)" if size_bytes else "(in external storage)"


def _text(data: bytes, encoding: str, most_characters: int) -> tuple[str, bool]:
    """The text, and whether it is the payload itself."""
    if not data:
        return ("null", True) if encoding == _NULL else (f"(empty, {encoding or 'no encoding'})", False)
    text = _decoded(data, most_characters)
    if text is None or encoding == _ENCRYPTED:
        start = data[:_MOST_HEX_BYTES].hex(" ")
        more = " …" if len(data) > _MOST_HEX_BYTES else ""
        return f"{len(data):,} bytes, {encoding or 'no encoding'}: {start}{more}", False
    if len(text) <= most_characters:
        return text, True
    return f"{text[:most_characters]}\n… {len(data):,} bytes in all", False


def _decoded(data: bytes, most_characters: int) -> str | None:
    """The data as text, at least so much of it as is shown; None if it is not UTF-8."""
    looked_at = data[: 4 * (most_characters + 1)]  # a character has at most four bytes
    try:
        return looked_at.decode()
    except UnicodeDecodeError as error:
        is_cut_character = len(looked_at) < len(data) and error.start >= len(looked_at) - 3
        return looked_at[: error.start].decode() if is_cut_character else None
