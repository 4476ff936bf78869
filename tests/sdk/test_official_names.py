"""Our modules have the official SDK's public names in the official shapes, but for what is meant to differ."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from textwrap import dedent
from types import ModuleType
from unittest.mock import patch

import pytest

from tests.house import lines_of
from tests.official_exceptions import EXCEPTIONS, PENDING, WITHOUT_MODULES, compared_modules
from tests.official_names import Difference, covering, differences, differences_of, imported, is_there, official_modules

COMPARED = compared_modules()
COMPLETE = [name for name in COMPARED if name not in PENDING]


@pytest.mark.slow  # the first one imports the official SDK
@pytest.mark.parametrize("module", COMPLETE)
def test_names_and_shapes_are_the_official_ones(module: str) -> None:
    found = [str(difference) for difference in differences(module) if covering(difference.name, EXCEPTIONS) is None]
    assert not found, lines_of(found)


@pytest.mark.slow
def test_exceptions_are_still_needed() -> None:
    there = [module for module in COMPARED if is_there(module) and can_compare(module)]
    needed = {covering(name, EXCEPTIONS) for module in there for name, _ in differences(module)}
    decided = [name for name in EXCEPTIONS if module_of(name) in there]
    assert not set(decided) - needed


def module_of(name: str) -> str:
    return max((module for module in COMPARED if f"{name}.".startswith(f"{module}.")), key=len)


@pytest.mark.slow
def test_what_is_pending_lacks_something() -> None:
    """A module with nothing left to do comes off the list, so that it is held to what it has."""
    there = [module for module in PENDING if is_there(module) and can_compare(module)]
    assert not [module for module in there if all(covering(name, EXCEPTIONS) for name, _ in differences(module))]


def test_lists_name_modules_that_there_are() -> None:
    assert not (WITHOUT_MODULES.keys() | PENDING.keys()) - set(official_modules())
    assert not [module for module in WITHOUT_MODULES if is_there(module)]


def can_compare(module: str) -> bool:
    """Some official modules are made for a package that is not installed here."""
    return imported(f"temporalio.{module}") is not None


OFFICIAL = """
    import enum
    from dataclasses import dataclass, field
    from typing import Generic, NamedTuple, Protocol, TypedDict, TypeVar

    T = TypeVar("T")
    LIMIT = 3

    def call(arg, *, flag=False): ...
    async def wait(): ...

    class Base: ...

    class Thing(Base, Generic[T]):
        def __init__(self, size):
            self.size = size
        def method(self, a, b=1, /, *args, **rest): ...
        @staticmethod
        def made(a): ...
        @classmethod
        def read(cls, a): ...
        @property
        def length(self): ...
        def _private(self): ...

    @dataclass(frozen=True)
    class Record:
        a: int
        b: list = field(default_factory=list)

    class Keys(TypedDict, total=False):
        x: int

    class Pair(NamedTuple):
        first: int

    class Color(enum.IntEnum):
        RED = 1

    class Shape(Protocol):
        def area(self): ...
        async def grow(self, by={}): ...
"""
CHANGES = [  # what is replaced, by what, the name that then differs
    ("LIMIT = 3", "LIMIT = 4", "LIMIT"),
    ("LIMIT = 3", "from builtins import int as LIMIT", "LIMIT"),
    ("def call(arg, *, flag=False)", "def call(arg, flag=False)", "call"),
    ("def call(arg, *, flag=False)", "def call(arg, *, flag=True)", "call"),
    ("def call(arg, *, flag=False)", "def call(argument, *, flag=False)", "call"),
    ("def call(arg, *, flag=False): ...", "call = 3", "call"),
    ("def call(arg, *, flag=False)", "def _call()", "call"),
    ("async def wait()", "def wait()", "wait"),
    ("class Thing(Base, Generic[T])", "class Thing(Generic[T])", "Thing"),
    ("class Thing(Base, Generic[T])", "class Thing(Base)", "Thing"),
    ("self.size = size", "self.length_ = size", "Thing.size"),
    ("def __init__(self, size)", "def __init__(self, size=0)", "Thing.__init__"),
    ("def method(self, a, b=1, /, *args", "def method(self, a, b=1, *args", "Thing.method"),
    ("def method(self, a, b=1, /", "async def method(self, a, b=1, /", "Thing.method"),
    ("@staticmethod\n", "@property\n", "Thing.made"),
    ("@staticmethod\n", "\n", "Thing.made"),
    ("def read(cls, a)", "def read(cls)", "Thing.read"),
    ("    @property\n", "", "Thing.length"),
    ("def length(self)", "def width(self)", "Thing.length"),
    ("frozen=True", "frozen=False", "Record"),
    ("a: int\n", "a: int = 0\n", "Record.__init__"),
    ("x: int", "y: int", "Keys"),
    ("first: int", "second: int", "Pair.first"),
    ("RED = 1", "RED = 2", "Color.RED"),
    ("RED = 1", "BLUE = 1", "Color.RED"),
    ("def area(self)", "def volume(self)", "Shape.area"),
    ("async def grow(self, by={}): ...", "grow: 'Call'", "Shape.grow"),
    ("class Shape(Protocol):\n", "Shape = 1\nclass Solid(Protocol):\n", "Shape"),
]


@pytest.mark.parametrize("old, new, name", CHANGES, ids=[f"{name}: {new.strip()}" for _, new, name in CHANGES])
def test_a_difference_is_found(old: str, new: str, name: str, tmp_path: Path) -> None:
    source = dedent(OFFICIAL)
    assert old in source
    found = compare(source, source.replace(old, new), tmp_path)
    assert f"m.{name}" in [difference.name for difference in found]


def test_the_same_and_more_is_no_difference(tmp_path: Path) -> None:
    source = dedent(OFFICIAL)
    more = source.replace(
        "class Thing(Base, Generic[T]):\n", "class Thing(Base, Generic[T]):\n    def more(self): ...\n"
    )
    more = more.replace("call(arg, *, flag=False)", "call(arg, *, added=1, flag=False, **options)")
    more = more.replace("@property\n    def length(self): ...", "length: int").replace(
        "LIMIT = 3", "LIMIT = 3\nMORE = 1"
    )
    more = more.replace("async def grow(self, by={}): ...", "grow: 'Grow[int]'")
    more += "\nclass Grow(Generic[T]):\n    def __call__(self, by=..., *, added=1) -> 'Awaitable[int]': ...\n"
    assert compare(source, more + "\nclass Another: ...\n", tmp_path) == []


def test_an_exception_covers_what_belongs_to_it() -> None:
    table = {"client.Client": "reason"}
    assert covering("client.Client.connect", table) == "client.Client"
    assert covering("client.ClientConfig", table) is None


def compare(official: str, mine: str, folder: Path) -> list[Difference]:
    modules = {name: load(text, name, folder) for name, text in {"theirs": official, "ours": mine}.items()}
    with patch.dict(sys.modules, modules):
        return list(differences_of("m", modules["theirs"], modules["ours"]))


def load(source: str, name: str, folder: Path) -> ModuleType:
    path = folder / f"{name}.py"
    path.write_text(source, "utf-8")
    spec = spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    with patch.dict(sys.modules, {name: module}):
        spec.loader.exec_module(module)
    return module
