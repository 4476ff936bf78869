"""A payload as a page shows it."""

from __future__ import annotations

from temporalio.api.common.v1 import Payload

from mainspring.explain.payload_text import payload_text


def payload_words(payload: Payload) -> str:
    """The text of a payload, never parsed, cut with a mark if it is very long."""
    return payload_text(payload).text
