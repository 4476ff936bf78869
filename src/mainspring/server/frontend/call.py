"""What a service method knows of its caller, and a reply that carries history bytes untouched.

    transport  --(request, Call)-->  frontend method  --> protobuf reply | RawReply

Every method of the services has this one shape: `async def snake_case_of_rpc(self, request, call)`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import final

import msgspec
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from mainspring.server.engine.wire import field_head


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One RPC as its transport saw it."""

    deadline_s: float | None = None  # of time.monotonic(); None: the caller set none
    metadata: Mapping[str, str] = {}  # lower-case keys; those in `-bin` hold bytes, and nobody reads them

    def remaining_s(self) -> float | None:
        """Seconds until the caller gives up; None if it set no deadline."""
        return None if self.deadline_s is None else self.deadline_s - time.monotonic()


@final
class RawReply(msgspec.Struct, frozen=True):
    """A reply whose message field `history_field` is appended as raw bytes: history is never re-encoded.

    `history` is a list of serialised `History` messages; concatenated they are a valid `History`.
    """

    message: Message  # everything else; its history field must be unset
    history_field: FieldDescriptor  # of the `temporal.api.history.v1.History` in `message`
    history: list[bytes]

    def serialize(self) -> bytes:
        """The whole reply as it goes over the wire."""
        size = sum(len(part) for part in self.history)
        return b"".join([self.message.SerializeToString(), field_head(self.history_field.number, size), *self.history])

    def to_message(self) -> Message:
        """The reply as an ordinary message, for in-process callers and HTTP. It is given away: ask for it once."""
        history = getattr(self.message, self.history_field.name)
        history.MergeFromString(b"".join(self.history))  # which sets it, even to nothing
        return self.message
