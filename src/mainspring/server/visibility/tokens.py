"""Page tokens of lists: where the next page begins, good for one query only. Opaque to clients, checked on return."""

from __future__ import annotations

import hashlib

import msgspec

from mainspring.server.engine.errors import InvalidArgument
from mainspring.server.persistence.store import VisibilityFilter

_ENCODER = msgspec.msgpack.Encoder()


class _Token(msgspec.Struct, frozen=True, array_like=True):
    query: bytes
    position: bytes


_DECODER = msgspec.msgpack.Decoder(_Token)


def page_token(where: VisibilityFilter, position: bytes | None) -> bytes:
    """The token for the page that begins at a position of the store's; empty if there is none."""
    return b"" if position is None else _ENCODER.encode(_Token(_mark(where), position))


def position_of(where: VisibilityFilter, token: bytes) -> bytes | None:
    """The position in a token of a request; None for the first page.

    Raises:
        InvalidArgument: it is no token, or one of another query or namespace.
    """
    if not token:
        return None
    try:
        decoded = _DECODER.decode(token)
    except msgspec.MsgspecError as error:
        raise InvalidArgument("Invalid NextPageToken.") from error
    if decoded.query != _mark(where):
        raise InvalidArgument("Invalid NextPageToken.")
    return decoded.position


def _mark(where: VisibilityFilter) -> bytes:
    return hashlib.blake2b(_ENCODER.encode(where), digest_size=12).digest()
