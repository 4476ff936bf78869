"""Requests as no client should send them, made from the descriptors: every field, every kind, every way to be odd.

    odd(random, descriptor)            a message whose fields are missing, normal, oversized, malformed, contradictory
    with_one_odd_field(random, m)      a valid message in which one field, at any depth, is spoilt

All is drawn from one seeded `random.Random`, so a failure is found again by its seed.
"""

from __future__ import annotations

from random import Random
from typing import TypeVar, cast

from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.timestamp_pb2 import Timestamp

M = TypeVar("M", bound=Message)

DEEPEST = 6
CHANCE_OF_A_FIELD = 0.6
MOST_REPEATED = 4

TEXTS = [
    "",
    " ",
    "x",
    "default",
    "workflow",
    "queue",
    "temporal-system",
    "00000000-0000-0000-0000-000000000000",
    "not-a-uuid",
    "\0",
    "a\0b",
    "line\nbreak",
    "🙂" * 3,
    "../../etc/passwd",
    "'; DROP TABLE runs; --",
    "%s%n{}{0}",
    "* * * * *",
    "@every 1s",
    "9" * 400,
    "WorkflowId = 'x' OR",
    "((((((((((",
    "x" * 1_001,
    "x" * 70_000,
]
BLOBS = [b"", b"\0", b"\xff\xfe\xfd", b"null", b"{", b"[1,2]", b'"text"', b"1e999", b"NaN", b"x" * 70_000]
INTS = [0, 1, -1, 2, 7, 100, 2**31 - 1, -(2**31)]
LONGS = [*INTS, 2**63 - 1, -(2**63), 253402300800]
FLOATS = [0.0, 1.0, -1.0, 0.5, 1e308, -1e308, float("inf"), float("-inf"), float("nan")]
ENUMS = [0, 1, 2, 3, 99, -1, 2**31 - 1]


def odd(random: Random, descriptor: Descriptor, depth: int = 0) -> Message:
    """A message of that type with anything in it."""
    message = GetMessageClass(descriptor)()
    for field in descriptor.fields:
        if random.random() < CHANCE_OF_A_FIELD:
            _fill(random, message, field, depth)
    return message


def with_one_odd_field(random: Random, message: M) -> M:
    """A copy in which one field is spoilt, or gone."""
    copy = type(message)()
    copy.CopyFrom(message)
    holder = _some_part(random, copy)
    field = cast("FieldDescriptor", random.choice(list(holder.DESCRIPTOR.fields)))
    holder.ClearField(field.name)
    if random.random() < 0.8:
        _fill(random, holder, field, DEEPEST - 2)
    return copy


def _some_part(random: Random, message: Message) -> Message:
    """The message itself, or some message within it."""
    parts = [
        part
        for field, value in message.ListFields()
        if field.message_type is not None and not _is_map(field)
        for part in (value if field.is_repeated else [value])
    ]
    if not parts or random.random() < 0.5:
        return message
    return _some_part(random, cast("Message", random.choice(parts)))


def _is_map(field: FieldDescriptor) -> bool:
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def _fill(random: Random, message: Message, field: FieldDescriptor, depth: int) -> None:
    if _is_map(field):
        _fill_map(random, message, field, depth)
    elif field.is_repeated:
        for _ in range(random.randrange(MOST_REPEATED)):
            if field.message_type is None:
                getattr(message, field.name).append(_scalar(random, field))
            elif depth < DEEPEST:
                getattr(message, field.name).add().CopyFrom(_message(random, field, depth + 1))
    elif field.message_type is None:
        setattr(message, field.name, _scalar(random, field))
    elif depth < DEEPEST:
        getattr(message, field.name).CopyFrom(_message(random, field, depth + 1))
        getattr(message, field.name).SetInParent()


def _fill_map(random: Random, message: Message, field: FieldDescriptor, depth: int) -> None:
    assert field.message_type is not None
    values = field.message_type.fields_by_name["value"]
    target = getattr(message, field.name)
    for _ in range(random.randrange(MOST_REPEATED)):
        key = _scalar(random, field.message_type.fields_by_name["key"])
        if values.message_type is None:
            target[key] = _scalar(random, values)
        elif depth < DEEPEST:
            target[key].CopyFrom(_message(random, values, depth + 1))


def _message(random: Random, field: FieldDescriptor, depth: int) -> Message:
    descriptor = field.message_type
    assert descriptor is not None
    if descriptor is Duration.DESCRIPTOR or descriptor.full_name == Duration.DESCRIPTOR.full_name:
        return Duration(seconds=random.choice(LONGS), nanos=random.choice(INTS))
    if descriptor.full_name == Timestamp.DESCRIPTOR.full_name:
        return Timestamp(seconds=random.choice(LONGS), nanos=random.choice(INTS))
    if descriptor.full_name == AnyMessage.DESCRIPTOR.full_name:
        return AnyMessage(type_url=random.choice(TEXTS), value=random.choice(BLOBS))
    return odd(random, descriptor, depth)


def _scalar(random: Random, field: FieldDescriptor) -> str | bytes | int | float | bool:
    kind = field.cpp_type
    if kind == FieldDescriptor.CPPTYPE_STRING:
        return random.choice(BLOBS) if field.type == FieldDescriptor.TYPE_BYTES else random.choice(TEXTS)
    if kind == FieldDescriptor.CPPTYPE_ENUM:
        return random.choice(ENUMS)
    if kind == FieldDescriptor.CPPTYPE_BOOL:
        return random.random() < 0.5
    if kind in (FieldDescriptor.CPPTYPE_DOUBLE, FieldDescriptor.CPPTYPE_FLOAT):
        return random.choice(FLOATS)
    if kind == FieldDescriptor.CPPTYPE_INT32:
        return random.choice(INTS)
    if kind == FieldDescriptor.CPPTYPE_INT64:
        return random.choice(LONGS)
    return abs(random.choice(INTS))
