"""A payload as a person reads it: the very bytes if they are text, else how many there are."""

from __future__ import annotations

from typing import Final

from temporalio.api.common.v1 import Payload

_MOST_TEXT: Final = 100_000


def payload_words(payload: Payload) -> str:
    """The text of a payload, never parsed, cut with a mark if it is very long."""
    encoding = payload.metadata.get("encoding", b"").decode(errors="replace")
    if not payload.data:
        return "null" if encoding == "binary/null" else f"(empty, {encoding or 'no encoding'})"
    try:
        text = payload.data.decode()
    except UnicodeDecodeError:
        start = payload.data[:32].hex(" ")
        return (
            f"{len(payload.data):,} bytes, {encoding or 'no encoding'}: {start}{' …' if len(payload.data) > 32 else ''}"
        )
    return text if len(text) <= _MOST_TEXT else f"{text[:_MOST_TEXT]}\n… {len(text):,} characters in all"
