"""What the parser reads, what it refuses and where, and that no input can hurt it."""

from __future__ import annotations

import sys

import pytest

from mainspring.server.engine.errors import InvalidArgument
from mainspring.server.visibility import syntax
from mainspring.server.visibility.conditions import (
    MAX_CONDITIONS,
    MAX_DEPTH,
    MAX_VALUES,
    And,
    Bare,
    Between,
    Column,
    Comparison,
    Condition,
    Not,
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
    joined,
    opposite,
)
from mainspring.server.visibility.syntax import parse


def where(query: str) -> Condition | None:
    return parse(query).where


def refusal(query: str) -> str:
    with pytest.raises(InvalidArgument) as refused:
        parse(query)
    return refused.value.message.removeprefix("invalid query: ")


def malformed(query: str) -> str:
    return refusal(query).removeprefix("malformed SQL query: syntax error at position ")


A, B, C = (comparison(Column(name), "=", Number("1")) for name in "ABC")


def test_an_empty_query_asks_for_everything() -> None:
    assert parse("") == parse("  \n") == Query()


@pytest.mark.parametrize(
    "text, operand",
    [
        ("'x'", Text("x")),
        ('"x"', Text("x")),
        ("'it''s'", Text("it's")),
        (r"'it\'s'", Text("it's")),
        ('"say ""hi"""', Text('say "hi"')),
        (r'"say \"hi\""', Text('say "hi"')),
        (r"'a\\b\n\%'", Text("a\\b\n%")),
        ("'\U0001f600 ?'", Text("\U0001f600 ?")),
        ("''", Text("")),
        ("5", Number("5")),
        ("-5", Number("-5")),
        ("- 5", Number("-5")),
        ("+.5e-3", Number(".5e-3")),
        ("0x1F", Number("0x1F")),
        ("TRUE", Truth(is_true=True)),
        ("false", Truth(is_true=False)),
        ("Null", Null()),
        ("x", Column("x")),
        ("`x y`", Column("x y")),
        ("android", Column("android")),
    ],
)
def test_operands(text: str, operand: Operand) -> None:
    assert where(f"A = {text}") == Comparison(left=Column("A"), operator="=", right=operand, value_count=1)


@pytest.mark.parametrize(
    "operator", ["=", "!=", "<", ">", "<=", ">=", "STARTS_WITH", "NOT STARTS_WITH", "LIKE", "NOT LIKE", "REGEXP", "<=>"]
)
def test_operators_are_read_in_any_case(operator: str) -> None:
    expected = comparison(Column("A"), operator, Text("x"))

    assert where(f"A {operator} 'x'") == where(f"A {operator.lower()} 'x'") == expected


def test_the_other_spelling_of_unequal() -> None:
    assert where("A <> 1") == comparison(Column("A"), "!=", Number("1"))


def test_lists_ranges_and_null() -> None:
    one_two = Values((Number("1"), Number("2")), 2)

    def between(*, is_negated: bool) -> Condition:
        return Between(left=Column("A"), low=Number("1"), high=Number("2"), is_negated=is_negated)

    assert where("A IN (1, 2)") == comparison(Column("A"), "IN", one_two)
    assert where("A not in (1, 2)") == comparison(Column("A"), "NOT IN", one_two)
    assert where("A between 1 and 2") == between(is_negated=False)
    assert where("A NOT BETWEEN 1 AND 2") == between(is_negated=True)
    assert where("A is null") == Nullity(left=Column("A"), word="NULL", is_negated=False)
    assert where("A IS NOT NULL") == Nullity(left=Column("A"), word="NULL", is_negated=True)
    assert where("A") == Bare(operand=Column("A"))


def test_not_binds_tighter_than_and_and_and_tighter_than_or() -> None:
    expected = joined(Or, (A, joined(And, (opposite(B), C))))

    assert where("A = 1 OR NOT B = 1 AND C = 1") == where("A=1 || not B=1 && C=1") == expected
    assert where("(A = 1 OR NOT B = 1) AND C = 1") == joined(And, (joined(Or, (A, opposite(B))), C))
    assert where("NOT NOT A = 1") == opposite(opposite(A))


def test_chains_are_flat_however_they_are_put_in_parentheses() -> None:
    expected = joined(And, (A, B, C))

    assert isinstance(expected, And)
    assert len(expected.parts) == 3
    assert where("(A = 1 AND B = 1) AND C = 1") == where("A = 1 AND (((B = 1) AND C = 1))") == expected


def test_what_stands_after_the_condition() -> None:
    assert parse("A = 1 GROUP BY B, C") == Query(A, group_by=(Column("B"), Column("C")))
    assert parse("group by `B`;") == Query(group_by=(Column("B"),))
    assert parse("A = 1 order by B desc, C") == Query(A, order_by=(Column("B"), Column("C")))
    assert parse("A = 1 limit 5").has_limit


def test_comments_are_passed_over() -> None:
    assert where("A /* one */ = 1 -- and so on") == A


@pytest.mark.parametrize(
    "query, position",
    [
        ("K =", "31"),
        ("= 'red'", "29"),
        ("K == 'red'", "32"),
        ("K ~ 'red'", "31"),
        ("K = 'red", "36 near 'red'"),
        ("K = 'a' 'b'", "39 near 'b'"),
        ("K in ()", "35"),
        ("K in 'red'", "38 near 'red'"),
        ("K in ('red',)", "41"),
        ("K between 'a'", "41"),
        ("K is not", "36"),
        ("(K = 'red'", "38"),
        ("K = 'red')", "38"),
        ("K = 'red' and", "41"),
        ("K='ü' and", "38"),
        ("and", "31 near 'and'"),
        ("K = 'red' xor I = 5", "41 near 'xor'"),
        ("K = 'red'; drop table x", "43 near 'drop'"),
        ("order by", "30"),
        ("`K = 'red'", "38 near 'K = 'red''"),
    ],
)
def test_positions_of_errors_are_the_real_servers(query: str, position: str) -> None:
    assert malformed(query) == position


def test_deep_parentheses_cost_nothing_and_deep_conditions_are_refused() -> None:
    depth = sys.getrecursionlimit() * 5
    level = "NOT (A = 1 AND "

    assert where("(" * depth + "A = 1" + ")" * depth) == A
    assert "nested deeper" in refusal("NOT " * depth + "A = 1")
    assert "nested deeper" in refusal(level * 100 + "A = 1" + ")" * 100)
    assert malformed("(" * depth)


def test_the_deepest_conditions_are_read() -> None:
    condition = where("NOT " * MAX_DEPTH + "A = 1")

    assert isinstance(condition, Not)
    assert condition.depth == MAX_DEPTH


def test_conditions_values_and_length_are_bounded() -> None:
    conditions = ["A = 1"] * MAX_CONDITIONS
    values = ["1"] * MAX_VALUES

    assert where(" OR ".join(conditions)) is not None
    assert where(f"A IN ({','.join(values)})") is not None
    assert "more than 500 conditions" in refusal(" OR ".join([*conditions, "B = 1"]))
    assert "more than 5000 values" in refusal(f"A IN ({','.join([*values, '1'])})")
    assert "more than 5000 values" in refusal(f"A IN ({','.join(values)}) OR B IN (1)")
    assert "query longer than" in refusal("A = '" + "x" * syntax.MAX_LENGTH + "'")
