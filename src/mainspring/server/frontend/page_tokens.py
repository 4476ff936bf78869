"""Page tokens of history: where the next page begins. Opaque to clients, checked when they come back."""

from __future__ import annotations

import msgspec

from mainspring.server.engine.errors import InvalidArgument

_ENCODER = msgspec.msgpack.Encoder()


class HistoryToken(msgspec.Struct, frozen=True, array_like=True):
    """The rest of a history that was read up to `next_event_id`."""

    run_id: str
    next_event_id: int
    before_event_id: int = 0  # 0: up to the end as it is then
    is_for_task: bool = False  # the pages of a workflow task: its unrecorded events close the last one
    waits: bool = False  # a long poll goes on

    def encode(self) -> bytes:
        return _ENCODER.encode(self)


_DECODER = msgspec.msgpack.Decoder(HistoryToken)


def history_token(token: bytes) -> HistoryToken:
    """The token of a request. Raises: InvalidArgument."""
    try:
        return _DECODER.decode(token)
    except msgspec.MsgspecError as error:
        raise InvalidArgument("Invalid NextPageToken.") from error
