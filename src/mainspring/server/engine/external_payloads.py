"""What a history keeps elsewhere: how many payloads, and how large they are.

Large payloads are kept in external storage by clients and workers, which send references in their place. A reference
says how large the payload is that it stands for; `DescribeWorkflowExecution` shows the sums over all events, and lists
show them of closed runs. Counted from the serialized batches of a transition: most have no reference, and a look at
their bytes shows that.

Reference: tests/differential/test_external_payloads.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, cast

import msgspec
from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload, SearchAttributes
from temporalio.api.history.v1 import History

from mainspring.server.engine.changes import EventBatch

IN_EVERY_REFERENCE: Final = b"xternal"
"""Of its message's type, of its encoding before there was one, or of the mark that it has if a codec encoded it."""

COUNT: Final = "TemporalExternalPayloadCount"
SIZE: Final = "TemporalExternalPayloadSizeBytes"


class Kept(msgspec.Struct, frozen=True, array_like=True):
    """What is kept elsewhere."""

    count: int = 0
    size_bytes: int = 0

    def with_more(self, batches: Sequence[EventBatch]) -> Kept:
        """This, and what the payloads of new events refer to."""
        kept = self
        for batch in batches:
            if batch.blob.find(IN_EVERY_REFERENCE) >= 0:  # `in` first makes, and drops, an error that it is no number
                sizes = list(_sizes(History.FromString(batch.blob)))
                kept = Kept(kept.count + len(sizes), kept.size_bytes + sum(sizes))
        return kept

    def search_attributes(self) -> dict[str, int]:
        """As attributes of a closed run; none if there is nothing elsewhere."""
        return {COUNT: self.count, SIZE: self.size_bytes} if self.count else {}


def with_numbers(attributes: SearchAttributes, numbers: Mapping[str, int]) -> SearchAttributes:
    """Search attributes with these numbers among them."""
    if not numbers:
        return attributes
    more = SearchAttributes()
    more.CopyFrom(attributes)
    for name, number in numbers.items():
        payload = Payload(metadata={"encoding": b"json/plain", "type": b"Int"}, data=str(number).encode())
        more.indexed_fields[name].CopyFrom(payload)
    return more


def _sizes(message: Message) -> Iterator[int]:
    """Of all that payloads anywhere in a message stand for."""
    if isinstance(message, Payload):
        yield from (each.size_bytes for each in message.external_payloads)
        return
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if field.message_type.GetOptions().map_entry:
            parts = list(cast("Mapping[object, object]", value).values())
        else:
            parts = list(cast("Sequence[object]", value)) if field.is_repeated else [value]
        for part in parts:
            if isinstance(part, Message):
                yield from _sizes(part)
