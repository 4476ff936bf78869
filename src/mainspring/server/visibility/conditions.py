"""A query as a tree: conditions over operands. Knows no attribute and no type; made by `syntax`, read by `compiler`.

    And(parts=(Comparison(Column("K"), "=", Text("x")), Not(Comparison(Column("I"), "IN", Values(...)))))

Each node knows how deep and how big it is, so that bounds are checked while a tree grows, before anything recurses over
it. Chains of AND and of OR are one flat node.
"""

from __future__ import annotations

from typing import Final

import msgspec

from mainspring.server.engine.errors import InvalidArgument

MAX_CONDITIONS: Final = 500  # the deepest expression that SQLite takes has 1,000 levels, and a chain is one
MAX_VALUES: Final = 5_000  # in all lists together
MAX_DEPTH: Final = 20  # SQLite's parser has 100 places, and a level of ours takes three

# -- operands


class Column(msgspec.Struct, frozen=True):
    """The name of an attribute."""

    name: str


class Text(msgspec.Struct, frozen=True):
    """A quoted text, unquoted."""

    text: str


class Number(msgspec.Struct, frozen=True):
    """A number as written, with its sign."""

    digits: str


class Truth(msgspec.Struct, frozen=True):
    """TRUE or FALSE."""

    is_true: bool


class Null(msgspec.Struct, frozen=True):
    """NULL where a value should stand."""


class Values(msgspec.Struct, frozen=True):
    """A list in parentheses. `count` includes those of inner lists."""

    items: tuple[Operand, ...]
    count: int


Operand = Column | Text | Number | Truth | Null | Values


# -- conditions


class _Node(msgspec.Struct, frozen=True, kw_only=True):
    depth: int = 0
    condition_count: int = 1
    value_count: int = 0


class Comparison(_Node, frozen=True):
    """`operator` is in upper case: `=`, `!=`, `NOT IN`, `STARTS_WITH`, `LIKE`, ..."""

    left: Operand
    operator: str
    right: Operand


class Between(_Node, frozen=True):
    """BETWEEN, both ends included, or NOT BETWEEN."""

    left: Operand
    low: Operand
    high: Operand
    is_negated: bool


class Nullity(_Node, frozen=True):
    """IS NULL, IS NOT NULL, or what is refused: `word` is TRUE or FALSE."""

    left: Operand
    word: str
    is_negated: bool


class Bare(_Node, frozen=True):
    """An operand alone, which is no condition."""

    operand: Operand


class Not(_Node, frozen=True):
    """The opposite."""

    inner: Condition


class And(_Node, frozen=True):
    """All parts hold."""

    parts: tuple[Condition, ...]


class Or(_Node, frozen=True):
    """Some part holds."""

    parts: tuple[Condition, ...]


Condition = Comparison | Between | Nullity | Bare | Not | And | Or


class Query(msgspec.Struct, frozen=True):
    """One query, read."""

    where: Condition | None = None
    group_by: tuple[Operand, ...] = ()
    order_by: tuple[Operand, ...] = ()
    has_limit: bool = False


def invalid_query(text: str) -> InvalidArgument:
    """The error for a query that cannot be answered."""
    return InvalidArgument(f"invalid query: {text}")


# -- building; each raises InvalidArgument if the result is over a bound


def comparison(left: Operand, operator: str, right: Operand) -> Condition:
    """One comparison."""
    count = right.count if isinstance(right, Values) else 1
    return _bounded(Comparison(left=left, operator=operator, right=right, value_count=count))


def equals(name: str, text: str) -> Condition:
    """The named attribute has this value."""
    return comparison(Column(name), "=", Text(text))


def opposite(inner: Condition) -> Condition:
    """NOT."""
    return _bounded(
        Not(
            inner=inner,
            depth=inner.depth + 1,
            condition_count=inner.condition_count,
            value_count=inner.value_count,
        )
    )


def joined(kind: type[And | Or], parts: tuple[Condition, ...]) -> Condition:
    """One flat node: parts that are of the same kind give theirs. A single part stays as it is."""
    if len(parts) == 1:
        return parts[0]
    flat: list[Condition] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, And | Or) and isinstance(part, kind) else [part])
    return _bounded(
        kind(
            parts=tuple(flat),
            depth=max(part.depth for part in flat) + 1,
            condition_count=sum(part.condition_count for part in flat),
            value_count=sum(part.value_count for part in flat),
        )
    )


def _bounded(condition: Condition) -> Condition:
    if condition.depth > MAX_DEPTH:
        raise invalid_query(f"operation is not supported: conditions nested deeper than {MAX_DEPTH} levels")
    if condition.condition_count > MAX_CONDITIONS:
        raise invalid_query(f"operation is not supported: more than {MAX_CONDITIONS} conditions")
    if condition.value_count > MAX_VALUES:
        raise invalid_query(f"operation is not supported: more than {MAX_VALUES} values")
    return condition
