"""Classes of a module without `from __future__ import annotations`: newer Pythons make their hints on demand."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from mainspring.converter import value_to_type
from mainspring.converter._generics import field_types

T = TypeVar("T")


@dataclass
class Box(Generic[T]):
    content: T


@dataclass
class Labelled(Box[int], Generic[T]):
    label: T


def test_a_field_has_the_type_that_its_own_class_gives_it() -> None:
    assert field_types(Labelled[str]) == {"content": int, "label": str}


def test_a_value_is_read_by_it() -> None:
    assert value_to_type(Labelled[list[str]], {"content": 1, "label": ["a"]}) == Labelled(1, ["a"])
