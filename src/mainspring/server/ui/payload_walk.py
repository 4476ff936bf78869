"""Where the payloads are in a message of the API, each with a label for people.

HistoryEvent(activity scheduled)  ->  ("Input 1", payload), ("Input 2", payload), ("Header: trace", payload)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final, cast

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload, SearchAttributes
from temporalio.api.failure.v1 import Failure

FAILURES: Final = frozenset({Failure.DESCRIPTOR.full_name})
SEARCH_ATTRIBUTES: Final = frozenset({SearchAttributes.DESCRIPTOR.full_name})
_WRAPPERS: Final = {"payloads", "fields", "indexed_fields"}  # the field around them has the better name


def payloads_in(
    message: Message, *, without: AbstractSet[str] = frozenset(), label: str = ""
) -> Iterator[tuple[str, Payload]]:
    """Every payload in a message, in order of its fields; messages of the types named in `without` are passed over."""
    for field, value in message.ListFields():
        target = field.message_type
        if target is None:
            continue
        name = label if field.name in _WRAPPERS else field.name.replace("_", " ").capitalize()
        for part_name, part in _parts(name, field, value):
            if isinstance(part, Payload):
                yield part_name, part
            elif isinstance(part, Message) and part.DESCRIPTOR.full_name not in without:
                yield from payloads_in(part, without=without, label=part_name)


def _parts(name: str, field: FieldDescriptor, value: object) -> Iterator[tuple[str, object]]:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        parts = cast("Mapping[object, object]", value)
        yield from ((f"{name}: {key}", parts[key]) for key in sorted(parts, key=str))
    elif field.is_repeated:
        items = cast("Sequence[object]", value)
        yield from ((f"{name} {number}" if len(items) > 1 else name, each) for number, each in enumerate(items, 1))
    else:
        yield name, value
