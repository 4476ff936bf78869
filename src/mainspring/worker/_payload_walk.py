"""All payloads in a message, whatever kind of message: found by a plan that is made once for each type.

    await change_payloads(message, change, headers=True)        change: payloads -> payloads in their place
    any_payload(message, is_meant, headers=True)                whether there is one of which that is true

A plan names the fields through which payloads can be reached, and nothing else is looked at. Search attributes are left
alone, and headers where they are not wanted. What is packed into an `Any` is unpacked, changed and packed again.
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Sequence
from enum import Enum, auto
from typing import Any, TypeAlias

import msgspec
from google.protobuf import symbol_database
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from temporalio.api.common.v1 import Header, Payload, SearchAttributes

Change: TypeAlias = Callable[[Sequence[Payload]], Awaitable[list[Payload]]]
Check: TypeAlias = Callable[[Payload], bool]

PAYLOAD = Payload.DESCRIPTOR.full_name
HEADER = Header.DESCRIPTOR.full_name
SEARCH_ATTRIBUTES = SearchAttributes.DESCRIPTOR.full_name
ANY = AnyMessage.DESCRIPTOR.full_name


class Kind(Enum):
    """What a field holds."""

    PAYLOAD = auto()
    PAYLOADS = auto()  # repeated
    PAYLOAD_MAP = auto()
    MESSAGE = auto()
    MESSAGES = auto()
    MESSAGE_MAP = auto()
    ANY = auto()


class Step(msgspec.Struct, frozen=True):
    """One field to look at."""

    name: str
    kind: Kind
    is_header: bool
    is_single: bool  # and so may be absent


async def change_payloads(message: Message, change: Change, *, headers: bool) -> None:
    """Change all payloads in a message. Several in one list are changed together, and may become more or fewer."""
    for step in plan_of(message.DESCRIPTOR):
        if step.is_header and not headers:
            continue
        await _change_field(message, step, change, headers=headers)


async def _change_field(message: Message, step: Step, change: Change, *, headers: bool) -> None:
    if step.is_single and not message.HasField(step.name):
        return
    value: Any = getattr(message, step.name)
    match step.kind:
        case Kind.PAYLOADS:
            await _change_list(value, change)
        case Kind.PAYLOAD_MAP:
            for key in list(value):
                value[key].CopyFrom((await change([value[key]]))[0])
        case Kind.PAYLOAD:
            value.CopyFrom((await change([value]))[0])
        case Kind.ANY:
            await _change_packed(value, change, headers=headers)
        case Kind.MESSAGE:
            await change_payloads(value, change, headers=headers)
        case Kind.MESSAGES | Kind.MESSAGE_MAP:
            for part in value.values() if step.kind == Kind.MESSAGE_MAP else value:
                await change_payloads(part, change, headers=headers)


async def _change_list(payloads: Any, change: Change) -> None:
    if payloads:
        changed = await change(list(payloads))
        del payloads[:]
        payloads.extend(changed)


async def _change_packed(packed: AnyMessage, change: Change, *, headers: bool) -> None:
    """A message of a type that nobody here knows stays as it is."""
    inner = _unpacked(packed)
    if inner is not None:
        await change_payloads(inner, change, headers=headers)
        packed.Pack(inner)


def _unpacked(packed: AnyMessage) -> Message | None:
    try:
        inner: Message = symbol_database.Default().GetSymbol(packed.TypeName())()
    except KeyError:
        return None
    packed.Unpack(inner)
    return inner


def any_payload(message: Message, is_meant: Check, *, headers: bool) -> bool:
    """Whether there is such a payload in a message."""
    for step in plan_of(message.DESCRIPTOR):
        if step.is_single and not message.HasField(step.name):
            continue
        if (headers or not step.is_header) and _any_in(getattr(message, step.name), step, is_meant, headers=headers):
            return True
    return False


def _any_in(value: Any, step: Step, is_meant: Check, *, headers: bool) -> bool:
    match step.kind:
        case Kind.MESSAGE:
            return any_payload(value, is_meant, headers=headers)
        case Kind.PAYLOADS:
            return any(map(is_meant, value))
        case Kind.PAYLOAD:
            return is_meant(value)
        case Kind.PAYLOAD_MAP:
            return any(map(is_meant, value.values()))
        case Kind.MESSAGES:
            return any(any_payload(part, is_meant, headers=headers) for part in value)
        case Kind.MESSAGE_MAP:
            return any(any_payload(part, is_meant, headers=headers) for part in value.values())
        case Kind.ANY:
            inner = _unpacked(value)
            return inner is not None and any_payload(inner, is_meant, headers=headers)


@functools.cache
def plan_of(descriptor: Descriptor) -> tuple[Step, ...]:
    """The fields of a type through which payloads can be reached."""
    return tuple(step for field in descriptor.fields if (step := _step(field)) is not None)


def _step(field: FieldDescriptor) -> Step | None:
    target = field.message_type
    is_map = target is not None and target.GetOptions().map_entry
    if target is not None and is_map:
        target = target.fields_by_name["value"].message_type
    if target is None or not _reaches_payloads(target):
        return None
    name = target.full_name
    if name == PAYLOAD:
        kind = Kind.PAYLOAD_MAP if is_map else Kind.PAYLOADS if field.is_repeated else Kind.PAYLOAD
    elif name == ANY:
        kind = Kind.ANY
    else:
        kind = Kind.MESSAGE_MAP if is_map else Kind.MESSAGES if field.is_repeated else Kind.MESSAGE
    return Step(field.name, kind, name == HEADER, is_single=not field.is_repeated)


@functools.cache
def _reaches_payloads(descriptor: Descriptor) -> bool:
    """Whether a payload may be anywhere in a message of this type. Types may hold themselves."""
    seen: set[str] = set()
    open_ends = [descriptor]
    while open_ends:
        one = open_ends.pop()
        if one.full_name in {PAYLOAD, ANY}:
            return True
        if one.full_name in seen or one.full_name == SEARCH_ATTRIBUTES:
            continue
        seen.add(one.full_name)
        open_ends += [field.message_type for field in one.fields if field.message_type is not None]
    return False
