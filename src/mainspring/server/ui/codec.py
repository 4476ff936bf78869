"""The codec server between payloads and people, and what of a page it could decode.

    messages --opened--> Recoded      .message(m)   a copy with decoded payloads      .note   what the reader is told

What is stored stays as it is: pages keep the messages of the service for what is sent on and for JSON, and show copies.
What cannot be decoded is shown as it is stored, and the page says why.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeVar

import msgspec
from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload

from mainspring.server.ui.page import Visit
from mainspring.server.ui.payload_walk import SEARCH_ATTRIBUTES, payloads_in
from mainspring.server.ui.service import CodecFailed

MOST_BYTES: Final = 8 * 1024 * 1024  # of one page's payloads

M = TypeVar("M", bound=Message)


class Recoded(msgspec.Struct, frozen=True, kw_only=True):
    """What the codec server made of payloads, by the bytes that they were."""

    by_bytes: Mapping[bytes, Payload] = {}
    note: str = ""  # for the reader; empty if no codec server is set
    is_bad: bool = False

    def payloads(self, payloads: Iterable[Payload]) -> list[Payload]:
        """The same payloads, recoded as far as they could be."""
        return [self.by_bytes.get(_key(each), each) for each in payloads]

    def message(self, message: M) -> M:
        """The same message with recoded payloads."""
        if not self.by_bytes:
            return message
        copy = type(message)()
        copy.CopyFrom(message)
        for _, payload in payloads_in(copy, without=SEARCH_ATTRIBUTES):
            payload.CopyFrom(self.by_bytes.get(_key(payload), payload))
        return copy


async def opened(visit: Visit, messages: Iterable[Message]) -> Recoded:
    """All payloads of these messages, decoded in one request; search attributes are never encoded."""
    codec = visit.codec
    if codec is None:
        return Recoded()
    found = {_key(each): each for message in messages for _, each in payloads_in(message, without=SEARCH_ATTRIBUTES)}
    asked = _within(found)
    if not asked:
        return Recoded()
    try:
        decoded = await codec.decode(visit.namespace, list(asked.values()))
    except CodecFailed as error:
        return Recoded(note=f"Payloads are shown as they are stored: codec server {codec.host} {error}.", is_bad=True)
    left = len(found) - len(asked)
    more = f" {left:,} are too many for one page, and are shown as they are stored." if left else ""
    return Recoded(by_bytes=dict(zip(asked, decoded, strict=True)), note=f"Payloads decoded by {codec.host}.{more}")


async def encoded(visit: Visit, payloads: Sequence[Payload]) -> list[Payload]:
    """Payloads that a reader wrote, as they are to be sent.

    Raises:
        CodecFailed: Nothing may be sent: what was to be encoded would be stored as it is.
    """
    if visit.codec is None or not payloads:
        return list(payloads)
    try:
        return await visit.codec.encode(visit.namespace, payloads)
    except CodecFailed as error:
        raise CodecFailed(f"not sent, since codec server {visit.codec.host} {error}") from error


async def sealed(visit: Visit, message: Message) -> Recoded:
    """All payloads of a request, which are the reader's, encoded.

    Raises:
        CodecFailed: Nothing may be sent.
    """
    found = {_key(payload): payload for _, payload in payloads_in(message)}
    return Recoded(by_bytes=dict(zip(found, await encoded(visit, list(found.values())), strict=True)))


def _within(found: Mapping[bytes, Payload]) -> dict[bytes, Payload]:
    """The first of them, as many as one page may ask for."""
    asked: dict[bytes, Payload] = {}
    left = MOST_BYTES
    for key, payload in found.items():
        left -= len(key)
        if left >= 0:
            asked[key] = payload
    return asked


def _key(payload: Payload) -> bytes:
    return payload.SerializeToString(deterministic=True)
