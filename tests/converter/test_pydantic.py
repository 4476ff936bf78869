"""Pydantic models travel by the default converter, alone and inside of other types, without being asked for."""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from types import GenericAlias
from typing import Annotated, Any, Generic, Literal, TypeVar
from uuid import UUID

import pydantic
import pydantic.dataclasses
import pytest
import temporalio.contrib.pydantic as official_pydantic
from pydantic import AnyUrl, BaseModel, ConfigDict, Field, RootModel, SecretStr, field_serializer

from mainspring.contrib.pydantic import PydanticPayloadConverter, ToJsonOptions, pydantic_data_converter
from mainspring.converter import PayloadConverter

converter = PayloadConverter.default
official = official_pydantic.PydanticPayloadConverter()

T = TypeVar("T")


class Mood(Enum):
    GOOD = 1


class Cat(BaseModel):
    kind: Literal["cat"] = "cat"
    lives: int = 9


class Dog(BaseModel):
    kind: Literal["dog"] = "dog"
    lives: int = 1


Pet = Annotated[Cat | Dog, Field(discriminator="kind")]


class Home(BaseModel):
    model_config = ConfigDict(frozen=True)

    pets: list[Pet] = []
    street_name: str = Field(default="", alias="streetName")


class Ids(RootModel[list[int]]):
    pass


class Page(BaseModel, Generic[T]):
    items: list[T]


class Measured(BaseModel):
    nothing: None
    values: list[float]
    by_name: dict[str, float]
    text: str


class Everything(BaseModel):
    at: datetime
    day: date
    spent: timedelta
    price: Decimal
    id: UUID
    mood: Mood
    text: str
    content: bytes
    tags: set[str]
    by_id: dict[UUID, int]
    nothing: None = None
    maybe: float | None = None


@pydantic.dataclasses.dataclass
class Checked:
    size: Annotated[int, Field(gt=0)]
    spent: timedelta = timedelta(0)


@dataclass
class Plain:
    """A dataclass around models."""

    pet: Pet
    maybe: Cat | None
    homes: list[Home]
    by_name: dict[str, Dog | Cat]
    checked: Checked
    any_of: Cat | str
    content: bytes
    prices: dict[UUID, Decimal] = field(default_factory=dict[UUID, Decimal])


EVERYTHING = Everything(
    at=datetime(2026, 11, 25, tzinfo=UTC),
    day=date(2026, 1, 1),
    spent=timedelta(days=400, microseconds=1),
    price=Decimal("1.50"),
    id=UUID(int=5),
    mood=Mood.GOOD,
    text="käse",
    content=b"ab",
    tags={"a"},
    by_id={UUID(int=6): 1},
)
PLAIN = Plain(
    pet=Dog(lives=3),
    maybe=None,
    homes=[Home(pets=[Cat()], streetName="x")],
    by_name={"a": Cat(), "b": Dog()},
    checked=Checked(1, timedelta(seconds=1)),
    any_of="text",
    content=b"\xff",
    prices={UUID(int=1): Decimal(1)},
)

MODELS: list[tuple[Any, Any]] = [
    (Cat, Cat(lives=3)),
    (Pet, Dog()),
    (Cat | Dog, Dog(lives=9)),
    (Dog | None, None),
    (Home, Home(pets=[Cat(), Dog()], streetName="High Street")),
    (Ids, Ids([1, 2])),
    (Page[int], Page[int](items=[1])),
    (Page[Cat], Page[Cat](items=[Cat()])),
    (Everything, EVERYTHING),
    (Checked, Checked(3, timedelta(hours=1))),
]
INSIDE: list[tuple[Any, Any]] = [
    (list[Cat], [Cat(), Cat(lives=1)]),
    (list[Pet], [Cat(), Dog()]),
    (dict[str, Pet], {"a": Dog()}),
    (dict[UUID, Cat], {UUID(int=1): Cat()}),
    (tuple[Cat, int], (Cat(), 1)),
    (Plain, PLAIN),
    (list[Plain], [PLAIN]),
    (AnyUrl, AnyUrl("https://example.com/a")),
    (list[Ids], [Ids([1])]),
]


def name_of(value: object) -> str:
    return repr(value)[:60]


@pytest.mark.parametrize("hint, value", [*MODELS, *INSIDE], ids=name_of)
def test_models_come_back_as_they_were_sent(hint: Any, value: Any) -> None:
    got = converter.from_payload(converter.to_payload(value), hint)
    assert (got, type(got)) == (value, type(value))


@pytest.mark.parametrize("hint, value", MODELS, ids=name_of)
def test_a_model_has_the_bytes_of_the_official_pydantic_converter(hint: Any, value: Any) -> None:
    payload = converter.to_payload(value)
    assert payload == official.to_payload(value)
    assert official.from_payload(payload, hint) == value


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf], ids=str)
def test_floats_that_pydantic_would_make_null_are_kept(value: float) -> None:
    model = Measured(nothing=None, values=[1.0, value], by_name={"a": value}, text="käse")
    for sent, hint in ((model, Measured), ([model], list[Measured]), ((model,), tuple[Measured])):
        typed: Any = hint
        assert repr(converter.from_payload(converter.to_payload(sent), typed)) == repr(sent)


def test_a_model_that_cannot_be_written_is_refused_with_its_place() -> None:
    broken = EVERYTHING.model_copy(update={"content": b"\xff"})
    with pytest.raises(TypeError, match=r"^argument 2: Everything: .*invalid utf-8"):
        converter.to_payloads([1, broken])
    with pytest.raises(TypeError, match=r"^field \['a'\]\[1\]: .*utf-8"):
        converter.to_payload({"a": [1, broken]})


class Login(BaseModel):
    name: str
    passwords: list[SecretStr]


class OpenLogin(Login):
    @field_serializer("passwords", when_used="json")
    def open(self, passwords: list[SecretStr]) -> list[str]:
        return [password.get_secret_value() for password in passwords]


def test_a_secret_is_refused_as_pydantic_would_send_asterisks() -> None:
    login = Login(name="a", passwords=[SecretStr("b")])
    with pytest.raises(TypeError, match=r"^Login: pydantic writes a secret as asterisks"):
        converter.to_payload(login)
    with pytest.raises(TypeError, match=r"^field \[1\]: pydantic writes a secret as asterisks"):
        converter.to_payload([1, login])
    with pytest.raises(TypeError, match=r"^field \['a'\]: pydantic writes a secret as asterisks"):
        converter.to_payload({"a": SecretStr("b")})


@pytest.mark.parametrize(
    "model", [OpenLogin(name="a", passwords=[SecretStr("b")]), Login(name="**********", passwords=[])], ids=repr
)
def test_a_secret_that_its_field_writes_and_asterisks_that_hide_none_travel(model: BaseModel) -> None:
    for sent, hint in ((model, type(model)), ((model,), GenericAlias(tuple, (type(model),)))):
        typed: Any = hint
        assert converter.from_payload(converter.to_payload(sent), typed) == sent


def test_a_value_that_a_model_refuses_is_reported_with_its_place() -> None:
    payloads = converter.to_payloads([[[1, {"size": 0}]], {"size": 0}])
    with pytest.raises(TypeError, match=r"(?s)^argument 1: field \[0\]\[1\]: .*greater than 0"):
        converter.from_payloads(payloads, [list[tuple[int, Checked]]])
    with pytest.raises(TypeError, match=r"(?s)^argument 2: .*size\n.*greater than 0") as caught:
        converter.from_payloads(payloads, [object, Checked])
    assert isinstance(caught.value.__cause__, pydantic.ValidationError)


@pytest.mark.slow
def test_pydantic_is_not_imported_for_what_has_no_models() -> None:
    """It is optional, and takes time to import."""
    script = """
import sys
from dataclasses import dataclass
from mainspring.converter import PayloadConverter
@dataclass
class Disk:
    size: int
converter = PayloadConverter.default
assert converter.from_payload(converter.to_payload(Disk(1)), Disk) == Disk(1)
assert "pydantic" not in sys.modules and "nexusrpc" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", script], check=True)


VALUES: list[tuple[Any, Any]] = [
    *MODELS,
    *INSIDE[:5],
    (None, [1, {"a": (2,)}]),
    (datetime, datetime(2026, 1, 1, tzinfo=UTC)),
    (bytes, b"raw"),
    (set[int], {1}),
]


@pytest.mark.parametrize("hint, value", VALUES, ids=name_of)
def test_pydantics_own_converter_is_the_official_one(hint: Any, value: Any) -> None:
    own = pydantic_data_converter.payload_converter
    payload = own.to_payload(value)
    assert payload == official.to_payload(value)
    assert own.from_payload(payload, hint) == official.from_payload(payload, hint)


def test_fields_that_were_never_set_can_be_left_out() -> None:
    home = Home(streetName="x")
    own = PydanticPayloadConverter(ToJsonOptions(exclude_unset=True)).to_payload(home)
    theirs = official_pydantic.ToJsonOptions(exclude_unset=True)
    assert own == official_pydantic.PydanticPayloadConverter(theirs).to_payload(home)
    assert b"pets" not in own.data


def test_a_negative_number_of_adapters_is_refused() -> None:
    with pytest.raises(ValueError, match="max_cached_type_adapters cannot be negative"):
        PydanticPayloadConverter(max_cached_type_adapters=-1)
