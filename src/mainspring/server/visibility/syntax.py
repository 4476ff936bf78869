"""The text of a query -> `conditions.Query`, by a generated LALR(1) parser, which does not recurse.

    'K = "x" AND NOT I IN (1, 2)'  --parse-->  Query(where=And(parts=(Comparison(...), Not(...))))

Errors are the real server's: they tell a position, in bytes, in the SQL statement that it makes of a query.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final, cast

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedInput, UnexpectedToken
from lark import v_args as _v_args  # pyright: ignore[reportUnknownVariableType]  # lark leaves one parameter untyped

from mainspring.server.engine.errors import InvalidArgument
from mainspring.server.visibility.conditions import (
    And,
    Bare,
    Between,
    Column,
    Condition,
    Null,
    Nullity,
    Number,
    Operand,
    Or,
    Query,
    Text,
    Truth,
    Values,
    comparison,
    invalid_query,
    joined,
    opposite,
)

MAX_LENGTH: Final = 64 * 1024
LONG: Final = 4 * 1024
"""A query longer than this is better not parsed on the event loop: at worst it takes 6 ms per KiB."""

_CACHED_LENGTH: Final = 2_000
_CACHED_COUNT: Final = 256
# What stands before a query in the statement whose positions errors tell.
_STATEMENT: Final = "select * from table1 "
_CONDITION: Final = "where "
_ESCAPES: Final = {"0": "\0", "b": "\b", "n": "\n", "r": "\r", "t": "\t", "Z": "\x1a"}


def parse(text: str) -> Query:
    """Read a query; an empty one asks for everything.

    Raises:
        InvalidArgument: it is malformed, or over a bound.
    """
    text = text.strip()
    if len(text) > MAX_LENGTH:
        raise invalid_query(f"operation is not supported: query longer than {MAX_LENGTH} characters, got {len(text)}")
    return _parse_cached(text) if len(text) <= _CACHED_LENGTH else _parse(text)


def _parse(text: str) -> Query:
    try:
        tree = _PARSER.parse(text)  # pyright: ignore[reportUnknownMemberType]  # lark takes other input too, untyped
    except UnexpectedInput as error:
        raise _malformed(text, error) from error
    return cast(Query, tree)


_parse_cached = lru_cache(_CACHED_COUNT)(_parse)


# -- the tree, built while the text is parsed


@_v_args(inline=True)
class _Builder(Transformer[Token, Query]):
    """One method for each rule of the grammar; children are built before their parents."""

    def start(
        self,
        where: Condition | None,
        group_by: tuple[Operand, ...] | None,
        order_by: tuple[Operand, ...] | None,
        limit: Token | None,
    ) -> Query:
        return Query(where, group_by or (), order_by or (), limit is not None)

    def disjunction(self, *parts: Condition) -> Condition:
        return joined(Or, parts)

    def conjunction(self, *parts: Condition) -> Condition:
        return joined(And, parts)

    def negation(self, _word: Token, inner: Condition) -> Condition:
        return opposite(inner)

    def comparison(self, left: Operand, operator: str, right: Operand) -> Condition:
        return comparison(left, "!=" if operator == "<>" else operator, right)

    def membership(self, left: Operand, negation: Token | None, word: Token, right: Operand) -> Condition:
        return comparison(left, self.operator(negation, word), right)

    def beginning(self, left: Operand, negation: Token | None, word: Token, right: Operand) -> Condition:
        return comparison(left, self.operator(negation, word), right)

    def between(self, left: Operand, negation: Token | None, low: Operand, high: Operand) -> Condition:
        return Between(left=left, low=low, high=high, is_negated=negation is not None)

    def nullity(self, left: Operand, negation: Token | None, word: Token) -> Condition:
        return Nullity(left=left, word=word.upper(), is_negated=negation is not None)

    def bare(self, operand: Operand) -> Condition:
        return Bare(operand=operand)

    def operator(self, *words: Token | None) -> str:
        return " ".join(word.upper() for word in words if word is not None)

    def list(self, *items: Operand) -> Operand:
        return Values(items, sum(item.count if isinstance(item, Values) else 1 for item in items))

    def name(self, token: Token) -> Operand:
        return Column(token.strip("`"))

    def text(self, token: Token) -> Operand:
        return Text(unquoted(token))

    def number(self, sign: Token | None, digits: Token) -> Operand:
        return Number(f"-{digits}" if sign == "-" else str(digits))

    def truth(self, token: Token) -> Operand:
        return Truth(token.upper() == "TRUE")

    def null(self, _token: Token) -> Operand:
        return Null()

    def group_by(self, *columns: Operand) -> tuple[Operand, ...]:
        return columns

    def order_by(self, *columns: Operand) -> tuple[Operand, ...]:
        return columns

    def limit(self, count: Token) -> Token:
        return count


def unquoted(literal: str) -> str:
    """The text that a quoted literal stands for: doubled quotes and backslash escapes undone, as in MySQL."""
    quote, inner = literal[0], literal[1:-1]
    if "\\" not in inner:
        return inner.replace(quote * 2, quote)
    out: list[str] = []
    characters = iter(inner)
    for character in characters:
        if character == "\\":
            escaped = next(characters)
            out.append(_ESCAPES.get(escaped, escaped))
        else:
            out.append(character)
            if character == quote:
                next(characters)  # its double
    return "".join(out)


# -- errors


def _malformed(text: str, error: UnexpectedInput) -> InvalidArgument:
    """The error with where reading ended and, if it can be told in words, what was read last."""
    end, near = len(text), ""
    if isinstance(error, UnexpectedToken):
        token = cast(Token, error.token)  # pyright: ignore[reportUnknownMemberType]  # lark leaves it untyped
        if token.type != "$END" and token.end_pos is not None:
            end, near = token.end_pos, _shown(token)
    elif isinstance(error, UnexpectedCharacters):
        at = cast(int, error.pos_in_stream)  # pyright: ignore[reportUnknownMemberType]  # lark leaves it untyped
        if text[at] in "'\"`":  # never closed
            near = text[at + 1 :]
        else:
            end = at + 1
    before = _STATEMENT if text[:8].lower() in {"order by", "group by"} else _STATEMENT + _CONDITION
    position = len((before + text[:end]).encode()) + 1
    return invalid_query(
        f"malformed SQL query: syntax error at position {position}" + (f" near '{near}'" if near else "")
    )


def _shown(token: Token) -> str:
    if token[:1] in {"'", '"', "`"}:
        return unquoted(token)
    return str(token) if token[:1].isalnum() else ""


_PARSER: Final = Lark(
    Path(__file__).with_name("grammar.lark").read_text("utf-8"), parser="lalr", lexer="basic", transformer=_Builder()
)
