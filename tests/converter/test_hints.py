"""Which hint reads which argument, what hints may look like, and that the reader of a type is made once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from types import GenericAlias
from typing import Annotated, Any, Literal, TypeVar
from unittest.mock import patch
from uuid import UUID

import pytest
from temporalio.api.common.v1 import Payload

import mainspring.converter._record_decoding as record_decoding
from mainspring.common import RawValue
from mainspring.converter import (
    AdvancedJSONEncoder,
    CompositePayloadConverter,
    DefaultPayloadConverter,
    JSONPlainPayloadConverter,
    JSONTypeConverter,
    JSONTypeConverterUnhandled,
    PayloadConverter,
    create_payload_validation_error,
    value_to_type,
)
from mainspring.converter._generics import field_types
from mainspring.exceptions import ApplicationError

converter = PayloadConverter.default


@dataclass
class Disk:
    size: int


@pytest.mark.parametrize(
    "values, hints, read",
    [
        ([Disk(1)], [Disk, UUID], [Disk(1)]),  # an optional parameter was left out
        ([Disk(1), 2], [Disk], [Disk(1), 2]),  # a newer sender has one more argument
        ([Disk(1), Disk(2)], [Disk, None], [Disk(1), {"size": 2}]),  # a parameter without a type
        ([Disk(1)], [], [{"size": 1}]),
        ([Disk(1)], None, [{"size": 1}]),
        ([], [Disk], []),
    ],
)
def test_each_argument_is_read_by_the_hint_in_its_place(values: list[Any], hints: Any, read: list[Any]) -> None:
    assert converter.from_payloads(converter.to_payloads(values), hints) == read


def test_a_raw_value_is_taken_and_given_as_it_is() -> None:
    raw = RawValue(Payload(metadata={"encoding": b"mine"}, data=b"x"))
    assert converter.to_payloads([1, raw])[1] == raw.payload
    assert converter.from_payloads([raw.payload], [RawValue]) == [raw]


@pytest.mark.parametrize(
    "hint, value, typed",
    [
        (int, 5.5, 5),  # as the official converter has it
        (float, 5, 5.0),
        (float | None, 5, 5.0),
        (Literal[1, 2], 1.0, 1),
        (timedelta, "P1Y2W3DT4H5M6.5S", timedelta(days=382, hours=4, minutes=5, seconds=6, microseconds=500_000)),
        (timedelta, "-PT90M", timedelta(minutes=-90)),
        (timedelta, 1.5, timedelta(seconds=1.5)),
        (datetime, "2026-01-01T00:00:00Z", datetime(2026, 1, 1, tzinfo=UTC)),
        (datetime | str, "2026-01-01T00:00:00Z", datetime(2026, 1, 1, tzinfo=UTC)),
        (UUID, str(UUID(int=5)).upper(), UUID(int=5)),
        (dict[None, str], {"null": "1"}, {"null": "1"}),
        (dict[int | str, str], {"1": "a"}, {"1": "a"}),
    ],
)
def test_what_others_send_is_read(hint: Any, value: object, typed: object) -> None:
    got = value_to_type(hint, value)
    assert (got, type(got)) == (typed, type(typed))


@pytest.mark.parametrize("text", ["P", "PT", "1D", "P1H", "", "P1DT", "PT1.S"])
def test_no_duration_is_refused(text: str) -> None:
    with pytest.raises(TypeError, match="Expected an ISO 8601 duration"):
        value_to_type(timedelta, text)


@dataclass
class Older:
    name: str


@dataclass
class Newer:
    name: str
    size: int = 0
    tags: list[str] = field(default_factory=list[str])


@pytest.mark.parametrize(
    "hint, value, typed",
    [
        (Older | Newer, {"name": "a", "size": 1, "tags": []}, Newer("a", 1, [])),
        (Newer | Older, {"name": "a"}, Older("a")),
        (Newer, {"name": "a"}, Newer("a")),
        (Older | Newer, {"name": "a", "size": 1}, Newer("a", 1)),
        (Older | Newer, {"name": "a", "colour": 1}, Older("a")),  # none has it: the first
        (int | Literal["5"], "5", "5"),
        (Newer | list[str], {"name": "a"}, Newer("a")),
        (Newer | dict[str, str], {"name": "a", "colour": "red"}, Newer("a")),
        (dict[str, str] | Older, {"name": "a"}, {"name": "a"}),
    ],
)
def test_a_union_takes_the_member_that_keeps_most(hint: Any, value: object, typed: object) -> None:
    assert value_to_type(hint, value) == typed


def test_unions_that_differ_only_in_order_are_not_confused() -> None:
    first: Any = datetime | str
    second: Any = str | datetime
    text = "2026-01-01T00:00:00"
    assert value_to_type(first, text) == datetime(2026, 1, 1)  # noqa: DTZ001  # no zone was sent
    assert value_to_type(second, text) == text
    assert value_to_type(list[first], [text]) == [datetime(2026, 1, 1)]  # noqa: DTZ001  # no zone was sent
    assert value_to_type(list[second], [text]) == [text]


def test_hints_that_cannot_be_hashed_are_read_too() -> None:
    assert value_to_type(Annotated[list[int], []], [1]) == [1]  # type: ignore[arg-type]  # no plain type


Item = TypeVar("Item", bound=Disk)
Choice = TypeVar("Choice", int, str)


def test_type_variables_stand_for_what_is_known_of_them() -> None:
    hints: list[Any] = [Item, GenericAlias(list, (Choice,))]
    assert converter.from_payloads(converter.to_payloads([Disk(1), [1, "a"]]), hints) == [Disk(1), [1, "a"]]


class Kind(Enum):
    FAST = "fast"


def test_an_enum_that_others_sent_by_its_value_is_read() -> None:
    assert value_to_type(Kind, "fast") is Kind.FAST


@dataclass
class Late:
    """Names a type that is defined after it."""

    next: Later | None = None


@dataclass
class Later:
    late: Late


def test_types_are_resolved_when_they_are_needed() -> None:
    value = Late(Later(Late()))
    assert converter.from_payload(converter.to_payload(value), Late) == value


@dataclass
class Fresh:
    """Nobody has read one before."""

    size: int


def test_the_reader_of_a_type_is_made_once() -> None:
    payload = converter.to_payload(Fresh(1))
    with patch.object(record_decoding, "field_types", wraps=field_types) as resolve:
        for _ in range(3):
            assert converter.from_payloads([payload], [Fresh]) == [Fresh(1)]
    assert resolve.call_count == 1


class Celsius:
    """A type of the user's own."""

    def __init__(self, degrees: float) -> None:
        self.degrees = degrees

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Celsius) and other.degrees == self.degrees

    def __hash__(self) -> int:
        return hash(self.degrees)


class CelsiusEncoder(AdvancedJSONEncoder):
    def default(self, o: Any) -> Any:
        return o.degrees if isinstance(o, Celsius) else super().default(o)


class CelsiusReader(JSONTypeConverter):
    def to_typed_value(self, hint: type, value: Any) -> Any | JSONTypeConverterUnhandled | None:
        return Celsius(value) if hint is Celsius else JSONTypeConverter.Unhandled


class CelsiusPayloadConverter(CompositePayloadConverter):
    def __init__(self) -> None:
        own = JSONPlainPayloadConverter(encoder=CelsiusEncoder, custom_type_converters=[CelsiusReader()])
        super().__init__(*DefaultPayloadConverter.default_encoding_payload_converters[:-1], own)


@dataclass
class Reading:
    by_id: dict[UUID, Celsius]
    highest: Celsius | None


def test_types_of_the_users_own_travel_at_any_depth() -> None:
    own = CelsiusPayloadConverter()
    value = Reading({UUID(int=1): Celsius(20.5)}, Celsius(30))
    payload = own.to_payload(value)
    assert json.loads(payload.data) == {"by_id": {str(UUID(int=1)): 20.5}, "highest": 30}
    assert own.from_payload(payload, Reading) == value


class NoHash(CelsiusReader):
    __hash__ = None  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]  # that is the point


class Refusal(JSONTypeConverter):
    """Says how the workflow or activity is to fail."""

    def to_typed_value(self, hint: type, value: Any) -> Any | JSONTypeConverterUnhandled | None:
        if hint is Celsius:
            raise create_payload_validation_error({"celsius": value})
        return JSONTypeConverter.Unhandled


def test_a_type_converter_decides_how_a_workflow_fails() -> None:
    with pytest.raises(ApplicationError) as caught:
        value_to_type(dict[str, list[Celsius]], {"a": [5]}, [Refusal()])
    assert caught.value.details == ({"celsius": 5},)


def test_a_union_takes_types_of_the_users_own_in_order() -> None:
    hint: Any = Celsius | float
    assert value_to_type(hint, 1.5, [CelsiusReader()]) == Celsius(1.5)


def test_type_converters_need_not_be_hashable() -> None:
    readers: Sequence[JSONTypeConverter] = [NoHash()]
    assert value_to_type(list[Celsius], [1], readers) == [Celsius(1)]
