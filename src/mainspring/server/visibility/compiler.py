"""A query and the attributes of its namespace -> the condition that the store puts into its statements.

    compile_query(parse("K = 'x' AND NOT HistoryLength > 5"), attributes, namespace_id)
        -> VisibilityFilter(sql="json_extract(searchable, :p0) = :p1 AND NOT (CASE ... END > :p2)", ...)

The only place that writes SQL from parts: from the constants here and in `attributes`, never from what a client sent,
which is always bound. The SQL is SQLite's; another database gets a compiler of its own.

NULL is the real server's: a comparison with an attribute that a run lacks is neither true nor false, so `!=` and `NOT`
leave the run out. Not so for KeywordList and Text, where `=` asks whether a value is among those of the run, and `!=`
whether it is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from mainspring.server.engine.attribute_types import BOOL, DATETIME, KEYWORD, KEYWORD_LIST, TEXT, TYPE_NAMES
from mainspring.server.persistence.store import VisibilityFilter
from mainspring.server.visibility import text_match
from mainspring.server.visibility.attributes import DIVISION, STATUS, SYSTEM, Attribute, Attributes
from mainspring.server.visibility.conditions import (
    And,
    Bare,
    Between,
    Column,
    Comparison,
    Condition,
    Not,
    Nullity,
    Operand,
    Or,
    Query,
    Values,
    invalid_query,
)
from mainspring.server.visibility.values import NANOS_PER_MICRO, Scalar, value_of

_ORDERED: Final = frozenset({"=", "!=", "<", ">", "<=", ">=", "IN", "NOT IN"})
_PREFIXED: Final = frozenset({"STARTS_WITH", "NOT STARTS_WITH"})
_OPERATORS: Final[Mapping[int, frozenset[str]]] = {
    KEYWORD: _ORDERED | _PREFIXED,
    KEYWORD_LIST: frozenset({"=", "!=", "IN", "NOT IN"}),
    TEXT: frozenset({"=", "!="}),
}
_RANGELESS: Final[frozenset[int]] = frozenset({BOOL, KEYWORD_LIST, TEXT})
_PATTERN_BYTES: Final = 50_000  # the longest that SQLite matches
_GROUP_COLUMNS: Final = {STATUS: "status"}
_LAST_CHARACTER: Final = 0x10FFFF
_SURROGATES: Final = range(0xD800, 0xE000)


class Compiled(msgspec.Struct, frozen=True):
    """A query that the store can answer."""

    where: VisibilityFilter
    group_by: str = ""  # a column of `visibility`; "" = none


def compile_query(query: Query, attributes: Attributes, namespace_id: str) -> Compiled:
    """Check the query against the attributes and write its condition.

    Raises:
        InvalidArgument: in the real server's words and order: LIMIT, condition, GROUP BY, ORDER BY.
    """
    if query.has_limit:
        raise invalid_query("operation is not supported: 'LIMIT' clause")
    writer = _Writer(attributes)
    sql = writer.condition(query.where) if query.where is not None else ""
    group_by = _group_column(writer, query.group_by)
    for column in query.order_by:
        writer.column(column)
    if query.order_by:
        raise invalid_query("operation is not supported: 'ORDER BY' clause")
    if not writer.asked_for_division:
        sql = f"({sql}) AND {writer.no_division()}" if sql else writer.no_division()
    return Compiled(VisibilityFilter(namespace_id, sql, writer.parameters), group_by)


def _group_column(writer: _Writer, columns: tuple[Operand, ...]) -> str:
    if not columns:
        return ""
    only, *others = columns
    if others:
        raise invalid_query("operation is not supported: 'GROUP BY' clause supports only a single field")
    attribute = writer.column(only)
    if attribute.name not in _GROUP_COLUMNS:
        raise invalid_query(
            f"operation is not supported: 'GROUP BY' clause is not supported for search attribute {attribute.name}"
        )
    return _GROUP_COLUMNS[attribute.name]


class _Writer:
    """Writes conditions, and collects the values that they bind."""

    def __init__(self, attributes: Attributes) -> None:
        self._attributes = attributes
        self.parameters: dict[str, str | int | float | None] = {}
        self.asked_for_division = False

    def condition(self, condition: Condition) -> str:
        """SQL for a condition; its depth was bounded when it was read."""
        match condition:
            case And(parts=parts):
                return " AND ".join(map(self._part, parts))
            case Or(parts=parts):
                return " OR ".join(map(self._part, parts))
            case Not(inner=inner):
                return f"NOT ({self.condition(inner)})"
            case Comparison():
                return self._comparison(condition)
            case Between():
                return self._between(condition)
            case Nullity():
                return self._nullity(condition)
            case Bare(operand=Column()):
                raise invalid_query("invalid expression: incomplete expression")
            case Bare():
                raise invalid_query("operation is not supported: a value is not a condition")

    def column(self, operand: Operand) -> Attribute:
        """The attribute that stands where one must."""
        if not isinstance(operand, Column):
            raise invalid_query("invalid expression: must be a column name but was a value")
        attribute = self._attributes.find(operand.name)
        if attribute.name == DIVISION:
            self.asked_for_division = True
        return attribute

    def no_division(self) -> str:
        """Runs of the server's own divisions show only when asked for. Few rows name it at all, so few are decoded."""
        absent = f"instr(searchable, {self._bound(DIVISION)}) = 0"
        return f"({absent} OR {self._sql(SYSTEM[DIVISION])} IS NULL)"

    def _part(self, part: Condition) -> str:
        sql = self.condition(part)
        return f"({sql})" if isinstance(part, And | Or) else sql

    def _bound(self, value: Scalar) -> str:
        name = f"p{len(self.parameters)}"
        self.parameters[name] = value
        return f":{name}"

    def _path(self, attribute: Attribute) -> str:
        return self._bound(f'$."{attribute.name}"')

    def _sql(self, attribute: Attribute) -> str:
        """The attribute's value; times in microseconds."""
        sql = attribute.column or f"json_extract(searchable, {self._path(attribute)})"
        return f"({sql} / {NANOS_PER_MICRO})" if attribute.kind == DATETIME else sql

    # -- conditions over one attribute

    def _comparison(self, condition: Comparison) -> str:
        attribute = self.column(condition.left)
        operator, right = condition.operator, condition.right
        values = self._values(attribute, right)
        if operator not in _OPERATORS.get(attribute.kind, _ORDERED):
            raise invalid_query(
                f"operation is not supported: operator '{operator}' not supported for "
                f"{TYPE_NAMES[attribute.kind]} type search attribute '{attribute.name}'"
            )
        if isinstance(right, Values) and not operator.endswith("IN"):
            raise invalid_query(f"invalid expression: operator '{operator}' takes one value, got a list")
        if attribute.kind == KEYWORD_LIST:
            return self._contains(attribute, operator, values)
        if attribute.kind == TEXT:
            return self._has_word(attribute, operator, str(values[0]))
        if operator in _PREFIXED:
            return self._starts_with(attribute, operator, values[0])
        if isinstance(right, Values):
            return f"{self._sql(attribute)} {operator} ({self._list(values)})"
        return f"{self._sql(attribute)} {operator} {self._bound(values[0])}"

    def _values(self, attribute: Attribute, right: Operand) -> list[Scalar]:
        if isinstance(right, Values):
            return [value_of(attribute, item) for item in right.items]
        return [value_of(attribute, right)]

    def _list(self, values: list[Scalar]) -> str:
        return ", ".join(map(self._bound, values))

    def _contains(self, attribute: Attribute, operator: str, values: list[Scalar]) -> str:
        members = f"json_each(searchable, {self._path(attribute)})"
        sql = f"EXISTS (SELECT 1 FROM {members} WHERE value IN ({self._list(values)}))"  # noqa: S608  # bound values
        return sql if operator in {"=", "IN"} else f"NOT {sql}"

    def _has_word(self, attribute: Attribute, operator: str, text: str) -> str:
        found = text_match.patterns(text)
        if not found:
            raise invalid_query(
                f"invalid expression: no tokens found filtering on Text type search attribute {attribute.name}"
            )
        if any(len(pattern.encode()) > _PATTERN_BYTES for pattern in found):
            raise invalid_query(f"invalid expression: text too long for Text type search attribute {attribute.name}")
        value = f"(' ' || {self._sql(attribute)} || ' ')"
        sql = f"COALESCE({' OR '.join(f'{value} GLOB {self._bound(pattern)}' for pattern in found)}, 0)"
        return sql if operator == "=" else f"NOT {sql}"

    def _starts_with(self, attribute: Attribute, operator: str, prefix: Scalar) -> str:
        if attribute.name == STATUS:
            raise invalid_query(
                f"operation is not supported: operator '{operator}' not supported for search attribute '{STATUS}'"
            )
        sql = self._sql(attribute)
        within = f"{sql} >= {self._bound(prefix)}"
        after = _first_after(str(prefix))
        if after is not None:
            within = f"({within} AND {sql} < {self._bound(after)})"
        return within if operator == "STARTS_WITH" else f"NOT {within}"

    def _between(self, condition: Between) -> str:
        attribute = self.column(condition.left)
        if attribute.kind in _RANGELESS:
            raise invalid_query(
                f"invalid expression: cannot do range condition on search attribute '{attribute.name}' "
                f"of type {TYPE_NAMES[attribute.kind]}"
            )
        low, high = value_of(attribute, condition.low), value_of(attribute, condition.high)
        word = "NOT BETWEEN" if condition.is_negated else "BETWEEN"
        return f"{self._sql(attribute)} {word} {self._bound(low)} AND {self._bound(high)}"

    def _nullity(self, condition: Nullity) -> str:
        attribute = self.column(condition.left)
        if condition.word != "NULL":
            raise invalid_query("invalid expression: 'IS' operator can only be used as 'IS NULL' or 'IS NOT NULL'")
        return f"{self._sql(attribute)} IS {'NOT NULL' if condition.is_negated else 'NULL'}"


def _first_after(prefix: str) -> str | None:
    """The first text, in the order of databases, that is greater than all that begin with the prefix; None: all are."""
    kept = prefix.rstrip(chr(_LAST_CHARACTER))
    if not kept:
        return None
    following = ord(kept[-1]) + 1
    if following in _SURROGATES:
        following = _SURROGATES.stop
    return kept[:-1] + chr(following)
