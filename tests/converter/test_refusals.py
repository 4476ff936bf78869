"""A value that would not come back is refused where it is sent, and the error says which part of which argument."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from mainspring.converter import (
    ActivitySerializationContext,
    DataConverter,
    NexusSerializationContext,
    PayloadConverter,
    SerializationContext,
    UnserializableValue,
    WorkflowSerializationContext,
)

converter = PayloadConverter.default


class Mood(Enum):
    GOOD = 1


class Opaque:
    """Nothing of it can be written."""


@dataclass
class Disk:
    size: Any


@dataclass
class Machine:
    disks: list[Disk] = field(default_factory=list[Disk])
    labels: dict[object, object] = field(default_factory=dict[object, object])


def circle() -> list[object]:
    items: list[object] = []
    items.append([items])
    return items


def self_containing() -> Machine:
    machine = Machine()
    machine.labels["self"] = machine
    return machine


REFUSED = [
    (Opaque(), "Object of type Opaque is not JSON serializable: make it a dataclass"),
    (Mood.GOOD, "Object of type Mood is not JSON serializable: Mood.GOOD says nothing of the kind"),
    (complex(1, 2), "Object of type complex is not JSON serializable"),
    (Decimal("NaN"), "Decimal('NaN') is not a finite number"),
    (Machine([Disk(1), Disk(Decimal("-Infinity"))]), "field .disks[1].size: Decimal('-Infinity') is not a finite"),
    ([{"a": (1, Opaque())}], "field [0]['a'][1]: Object of type Opaque"),
    (Machine(labels={"when": time(1, tzinfo=ZoneInfo("Europe/Berlin"))}), "field .labels['when']: datetime.time(1, 0"),
    ({(1, 2): "a"}, "field [(1, 2)]: keys of type tuple are not JSON serializable"),
    ({Mood.GOOD: 1}, "field [<Mood.GOOD: 1>]: keys of type Mood"),
    ({b"a": 1}, "field [b'a']: keys of type bytes"),
    ({Decimal("NaN"): 1}, "field [Decimal('NaN')]: Decimal('NaN') is not a finite number"),
    ({1: "a", "1": "b"}, "its keys are of several kinds"),
    ({None: "a", "null": "b"}, "its keys are of several kinds"),
    ([{date(2026, 1, 1): 1, "2026-01-01": 2}], "field [0]['2026-01-01']: two of its keys are '2026-01-01' in JSON"),
    ([10**5_000], "Exceeds the limit (4300 digits) for integer string conversion"),
    (circle(), "field [0][0]: list contains itself"),
    (self_containing(), "field .labels['self']: Machine contains itself"),
    ([iter([1, 2]), {UUID(int=1): 2}], "field [0]: list_iterator can be read only once"),
]


@pytest.mark.parametrize("value, message", REFUSED, ids=[message for _, message in REFUSED])
def test_the_place_and_the_reason_are_named(value: object, message: str) -> None:
    with pytest.raises(TypeError) as caught:
        converter.to_payload(value)
    assert str(caught.value).startswith(message)


def activity(activity_type: str | None) -> ActivitySerializationContext:
    return ActivitySerializationContext(
        namespace="default",
        activity_id="7",
        activity_type=activity_type,
        activity_task_queue="q",
        workflow_id="w",
        workflow_type="W",
        is_local=False,
    )


class OtherContext(SerializationContext):
    pass


SUBJECTS = [
    (activity("create_vm"), "argument 2 of activity create_vm: field .size: Decimal('NaN') is not a finite number"),
    (activity(None), "argument 2 of activity 7: field .size: Decimal('NaN')"),
    (WorkflowSerializationContext("default", "order-1"), "argument 2 of workflow order-1: field .size: "),
    (NexusSerializationContext("e", "Service", "op"), "argument 2 of Nexus operation Service.op: field .size: "),
    (OtherContext(), "argument 2: field .size: "),
]


@pytest.mark.parametrize("context, message", SUBJECTS, ids=[message for _, message in SUBJECTS])
async def test_the_argument_and_whose_it_is_are_named(context: SerializationContext, message: str) -> None:
    told = DataConverter.default.with_context(context)
    with pytest.raises(TypeError) as caught:
        await told.encode([Disk(1), Disk(Decimal("NaN"))])
    assert str(caught.value).startswith(message)


async def test_a_single_value_has_no_number_as_it_may_be_a_result() -> None:
    told = DataConverter.default.with_context(activity("create_vm"))
    with pytest.raises(TypeError, match=r"^value for activity create_vm: field \.size: Decimal"):
        await told.encode([Disk(Decimal("NaN"))])


def test_the_receiver_names_the_place_too() -> None:
    payloads = converter.to_payloads([1, Machine([Disk("big")])])
    with pytest.raises(TypeError, match=r"^argument 2: field \.disks\[0\]\.size: Expected value to be int\|float"):
        converter.from_payloads(payloads, [int, Sized])


@dataclass
class SizedDisk:
    size: int


@dataclass
class Sized:
    disks: list[SizedDisk]


@dataclass
class Even:
    number: int

    def __post_init__(self) -> None:
        if self.number % 2:
            raise ValueError("odd")


WRONG: list[tuple[Any, Any, str]] = [
    (int, "1", "Expected value to be int|float, was <class 'str'>"),
    (list[int], [1, "2"], "field [1]: Expected value to be int|float"),
    (tuple[int, str], [1], "Type tuple[int, str] expects 2 values, got 1"),
    (tuple[int, *tuple[int, ...]], [], "Type tuple[int, *tuple[int, ...]] expects at least 1 values, got 0"),
    (dict[int, str], {"a": "b"}, "field ['a']: invalid literal for int()"),
    (dict[str, date], {"a": "x"}, "field ['a']: Expected a date in ISO 8601, got 'x'"),
    (SizedDisk, {}, "Cannot convert to dataclass"),
    (Sized, {"disks": [{"size": 1}, {"size": None}]}, "field .disks[1].size: Expected value to be int|float"),
    (Mood, 2, "2 is not a valid Mood"),
    (type, "int", "Unserializable type during conversion: <class 'type'>"),
    (UUID, "a", "Expected a UUID, got 'a': badly formed"),
    (int, float("nan"), "Expected value to be <class 'int'>, was nan: cannot convert"),
    (int, float("inf"), "Expected value to be <class 'int'>, was inf: cannot convert"),
    (list[bytes], [[256]], "field [0]: Expected value to be <class 'bytes'>, was [256]"),
    (Even, {"number": 1}, "Cannot convert to dataclass <class 'tests.converter.test_refusals.Even'>: odd"),
    (int | None, "1", "Failed converting to int | None from 1"),
    (Decimal, "a", "Expected a decimal number, got 'a'"),
    (Decimal, True, "Expected a decimal number, got <class 'bool'>"),
]


@pytest.mark.parametrize("hint, value, message", WRONG, ids=[message for *_, message in WRONG])
def test_a_value_of_another_type_is_refused_with_its_place(hint: Any, value: object, message: str) -> None:
    with pytest.raises(TypeError) as caught:
        converter.from_payload(converter.to_payload(value), hint)
    assert str(caught.value).startswith(message)


def test_errors_can_be_pickled_with_their_place() -> None:
    error = UnserializableValue("no", ".a")
    error.argument, error.subject = 3, "activity b"
    assert str(pickle.loads(pickle.dumps(error))) == "argument 3 of activity b: field .a: no"
