"""The types that people pass to activities and workflows, with values of each: what must come back as it was sent.

for case in CASES: case.hint, case.value, case.is_official
"""

from __future__ import annotations

import math
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Mapping, MutableMapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum, IntFlag, StrEnum
from pathlib import Path, PurePosixPath
from typing import (
    Annotated,
    Any,
    Generic,
    Literal,
    NamedTuple,
    NewType,
    NotRequired,
    Optional,
    Required,
    TypedDict,
    TypeVar,
    Union,
)
from uuid import UUID
from zoneinfo import ZoneInfo

import typing_extensions

T = TypeVar("T")
K = TypeVar("K")

ID = UUID("00000000-0000-4000-8000-00000000002a")
OTHER_ID = UUID("00000000-0000-4000-8000-00000000002b")
NOON = datetime(2026, 11, 25, 12, 0, 0, 125_000)  # noqa: DTZ001  # a time without a zone is one of the types
UserId = NewType("UserId", int)
Name = NewType("Name", str)
Alias = typing_extensions.TypeAliasType("Alias", list[int])


class Color(StrEnum):
    RED = "red"
    BLUE = "blue"


class OldColor(str, Enum):  # noqa: UP042  # what programs from before 3.11 have
    RED = "red"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Right(IntFlag):
    READ = 1
    WRITE = 2


class Ratio(float, Enum):
    HALF = 0.5


@dataclass
class Disk:
    name: str
    size: int
    kind: Color = Color.RED


@dataclass(frozen=True)
class Frozen:
    name: str
    tags: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class Slotted:
    name: str
    level: Level = Level.LOW


@dataclass
class Machine:
    disks: list[Disk] = field(default_factory=list[Disk])
    labels: dict[str, str] = field(default_factory=dict[str, str])
    parent: Machine | None = None


@dataclass
class Base:
    name: str


@dataclass
class Derived(Base):
    size: int = 0


@dataclass
class Box(Generic[T]):
    item: T
    more: list[T] = field(default_factory=list[T])


@dataclass
class IntBox(Box[int]):
    label: str = ""


@dataclass
class Pair(Box[K], Generic[K, T]):
    other: T | None = None


@dataclass
class Node(Generic[T]):
    value: T
    children: tuple[Node[T], ...] = ()


@dataclass
class Blob:
    content: bytes
    parts: list[bytes] = field(default_factory=list[bytes])


@dataclass
class Counted:
    name: str
    length: int = field(init=False)

    def __post_init__(self) -> None:
        self.length = len(self.name)


@dataclass
class Everything:
    at: datetime
    day: date
    hour: time
    spent: timedelta
    price: Decimal
    id: UUID
    path: Path
    color: Color
    level: Level
    ratio: float
    huge: int
    by_id: dict[UUID, Decimal]
    chosen: Literal["a", "b"] | None


class Point(NamedTuple):
    x: int
    y: int = 0


class Span(NamedTuple, Generic[T]):
    start: T
    end: T


class Movie(TypedDict):
    title: str
    year: NotRequired[int]
    shown: NotRequired[date]


class Loose(TypedDict, total=False):
    title: Required[str]
    disk: Disk


class ExtendedMovie(typing_extensions.TypedDict):
    title: typing_extensions.ReadOnly[str]
    by: typing_extensions.NotRequired[UUID]


class Label(str):
    """Text of a kind of its own."""

    __slots__ = ()


class Case(NamedTuple):
    """A type and a value of it. `is_official`: the official converter writes and reads it back as well."""

    hint: Any
    value: Any
    is_official: bool = True


OURS = False  # the official converter refuses it, or loses something

SCALARS = [
    Case(Any, 5),
    Case(None, None),
    Case(int, 2**63 + 1),
    Case(int, -(2**70)),
    Case(float, 0.1 + 0.2),
    Case(float, math.nan),
    Case(float, -math.inf),
    Case(float, 1e308),
    Case(float, -0.0),
    Case(bool, True),
    Case(str, "käse \u2028 \U0001f9c0 \ud800 \x00"),
    Case(bytes, b"\x00\xff"),
    Case(bytearray, bytearray(b"\x00\xff"), OURS),
    Case(Label, Label("x"), OURS),
    Case(Color, Color.BLUE),
    Case(OldColor, OldColor.RED),
    Case(Level, Level.HIGH),
    Case(Right, Right.READ | Right.WRITE),
    Case(Ratio, Ratio.HALF, OURS),
    Case(Literal["a", 1, False], False),
    Case(Literal[1, True], True),
    Case(Literal[Color.RED], Color.RED, OURS),
    Case(UserId, UserId(7)),
    Case(Annotated[int, "unit: bytes"], 7, OURS),
    Case(Alias, [1, 2], OURS),
    Case(object, 5, OURS),
    Case(T, 5, OURS),
    Case(datetime, NOON),
    Case(datetime, NOON.replace(tzinfo=UTC)),
    Case(datetime, NOON.replace(tzinfo=timezone(timedelta(hours=-3, minutes=-30)))),
    Case(datetime, NOON.replace(tzinfo=ZoneInfo("Europe/Berlin"))),
    Case(date, date(2026, 11, 25), OURS),
    Case(time, time(1, 2, 3, 4), OURS),
    Case(time, time(1, 2, 3, tzinfo=UTC), OURS),
    Case(timedelta, timedelta(days=400, hours=25, microseconds=1), OURS),
    Case(timedelta, timedelta(microseconds=-1), OURS),
    Case(timedelta, timedelta(days=-3, hours=5), OURS),
    Case(timedelta, timedelta.max, OURS),
    Case(timedelta, timedelta.min, OURS),
    Case(timedelta, timedelta(), OURS),
    Case(Decimal, Decimal("1.50"), OURS),
    Case(Decimal, Decimal("1E+400"), OURS),
    Case(Decimal, Decimal("-0"), OURS),
    Case(UUID, ID),
    Case(Path, Path("/srv/a b/ö"), OURS),
    Case(PurePosixPath, PurePosixPath("a/../b"), OURS),
]

UNIONS = [
    Case(Optional[int], None),  # noqa: UP045  # the older spelling
    Case(Union[int, str], "5"),  # noqa: UP007  # the older spelling
    Case(int | str, 5),
    Case(int | float, 5.5, OURS),
    Case(float | int, 5, OURS),
    Case(int | bool, True, OURS),
    Case(datetime | date, date(2026, 11, 25), OURS),
    Case(datetime | date, NOON),
    Case(Level | str, "1"),
    Case(UUID | str, ID),
    Case(UUID | str, "no id"),
    Case(Decimal | int, 5, OURS),
    Case(Base | Derived, Derived("a", 3), OURS),
    Case(Disk | Frozen, Frozen("a", ("x",))),
    Case(Disk | str | None, None),
    Case(list[Disk | Derived], [Disk("a", 1), Derived("b", 2)], OURS),
    Case(dict[str, int | None], {"a": None, "b": 1}),
]

COLLECTIONS = [
    Case(list, [1, "a", None]),
    Case(list[int], []),
    Case(list[Disk], [Disk("a", 1)]),
    Case(Sequence[int], [1, 2]),
    Case(tuple, (1, "a"), OURS),
    Case(tuple[int, str], (1, "a")),
    Case(tuple[int, ...], (1, 2, 3)),
    Case(tuple[int, ...], ()),
    Case(tuple[()], (), OURS),
    Case(tuple[int, *tuple[str, ...]], (1, "a", "b"), OURS),
    Case(tuple[int, *tuple[str, ...], bool], (1, "a", "b", True), OURS),
    Case(set[int], {1, 2}),
    Case(Set[int], {1, 2}, OURS),
    Case(set[UUID], {ID}),
    Case(set[Frozen], {Frozen("a", ("b",))}),
    Case(frozenset[str], frozenset({"a"})),
    Case(deque[int], deque([1, 2])),
    Case(dict[str, list[Any]], {"a": [1, {"b": None}]}),
    Case(dict[int, str], {-10: "b", 1: "a"}),
    Case(dict[float, str], {1.5: "a"}),
    Case(dict[bool, str], {True: "a"}),
    Case(dict[Level, int], {Level.HIGH: 1}),
    Case(dict[Color, int], {Color.RED: 1}),
    Case(dict[OldColor, int], {OldColor.RED: 1}),
    Case(dict[UUID, int], {ID: 1, OTHER_ID: 2}, OURS),
    Case(dict[UserId, str], {UserId(1): "a"}, OURS),
    Case(dict[Name, str], {Name("a"): "a"}),
    Case(dict[date, int], {date(2026, 1, 2): 1}, OURS),
    Case(dict[datetime, int], {NOON: 1}, OURS),
    Case(dict[Decimal, int], {Decimal("1.0"): 1}, OURS),
    Case(dict[Path, int], {Path("a"): 1}, OURS),
    Case(dict[timedelta, int], {timedelta(hours=1): 1}, OURS),
    Case(dict[Literal[1, 2], str], {2: "a"}, OURS),
    Case(dict[UUID, dict[int, list[Disk]]], {ID: {1: [Disk("a", 1)]}}, OURS),
    Case(Mapping[str, Disk], {"a": Disk("a", 1)}),
    Case(MutableMapping[int, int], {1: 2}),
    Case(OrderedDict[str, int], OrderedDict(a=1, b=2), OURS),
    Case(Counter[str], Counter("aab"), OURS),
    Case(defaultdict[str, list[int]], defaultdict(list, {"a": [1]}), OURS),
]

RECORDS = [
    Case(Disk, Disk("a", 1, Color.BLUE)),
    Case(Frozen, Frozen("a", ("x", "y"))),
    Case(Slotted, Slotted(name="a", level=Level.HIGH)),
    Case(Machine, Machine([Disk("a", 1)], {"k": "v"}, Machine())),
    Case(Derived, Derived("a", 3)),
    Case(Box[int], Box(1, [2]), OURS),
    Case(Box[Disk], Box(Disk("a", 1), [Disk("b", 2)]), OURS),
    Case(Box[Box[UUID]], Box(Box(ID)), OURS),
    Case(Box, Box(1, [2]), OURS),
    Case(IntBox, IntBox(1, [2], "x"), OURS),
    Case(Pair[int, date], Pair(1, [2], date(2026, 1, 1)), OURS),
    Case(Node[Level], Node(Level.LOW, (Node(Level.HIGH),)), OURS),
    Case(Blob, Blob(b"\x00\xff", [b"", b"a"])),
    Case(Counted, Counted("abc")),
    Case(
        Everything,
        Everything(
            at=NOON,
            day=date(2026, 1, 1),
            hour=time(1),
            spent=timedelta(seconds=90),
            price=Decimal("9.90"),
            id=ID,
            path=Path("/srv"),
            color=Color.RED,
            level=Level.HIGH,
            ratio=math.inf,
            huge=2**63 + 1,
            by_id={ID: Decimal("0.1")},
            chosen="a",
        ),
        OURS,
    ),
    Case(Point, Point(1, 2), OURS),
    Case(list[Point], [Point(1)], OURS),
    Case(Span[date], Span(date(2026, 1, 1), date(2026, 1, 2)), OURS),
    Case(Movie, Movie(shown=date(2026, 1, 1), title="a"), OURS),
    Case(Movie, Movie(title="a", year=1999)),
    Case(Movie, Movie(title="a")),
    Case(Loose, Loose(disk=Disk("a", 1), title="a")),
    Case(ExtendedMovie, ExtendedMovie(by=ID, title="a"), OURS),
]

CASES = [*SCALARS, *UNIONS, *COLLECTIONS, *RECORDS]
OFFICIAL_CASES = [case for case in CASES if case.is_official]


def name_of(case: Case) -> str:
    return f"{case.hint} {case.value!r}"[:120].encode("ascii", "replace").decode()


def is_same(got: object, sent: object) -> bool:
    """Equal, of the same class, and printed alike, so that nested classes, nan and -0.0 count too."""
    return type(got) is type(sent) and (repr(got) == repr(sent) or (is_unordered(sent) and got == sent))


def is_unordered(value: object) -> bool:
    return isinstance(value, (set, frozenset))
