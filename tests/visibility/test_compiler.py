"""Which runs a query finds, by type of attribute, with NULL as in the real server; and what it refuses."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainspring.server.engine.errors import InvalidArgument
from mainspring.server.persistence.sqlite import open_sqlite
from mainspring.server.visibility.attributes import Attribute, Attributes
from mainspring.server.visibility.compiler import compile_query
from mainspring.server.visibility.conditions import MAX_CONDITIONS, MAX_DEPTH, MAX_VALUES
from mainspring.server.visibility.syntax import parse
from tests.visibility.rows import (
    ATTRIBUTES,
    CUSTOM,
    NAMESPACE,
    NOON,
    TIMED_OUT,
    Searchable,
    a_list,
    closed,
    run,
)


def refusal(query: str) -> str:
    with pytest.raises(InvalidArgument) as refused:
        compile_query(parse(query), ATTRIBUTES, NAMESPACE)
    return refused.value.message.removeprefix("invalid query: ")


async def test_an_empty_query_finds_all_of_the_namespace_open_ones_first() -> None:
    async with a_list(closed(run("a")), run("b"), run("c"), run("other", namespace="elsewhere")) as found:
        assert await found("") == "c b a"


@pytest.mark.parametrize(
    "query, expected",
    [
        ("K = 'red'", "red"),
        ("K = 'RED'", ""),
        ("K != 'red'", "quote blue"),
        ("NOT K = 'red'", "quote blue"),
        ("NOT (NOT K = 'red')", "red"),
        ("K > 'blue'", "quote red"),
        ("K IN ('red', 'blue', 'green')", "blue red"),
        ("K NOT IN ('red')", "quote blue"),
        ("K BETWEEN 'a' AND 'c'", "blue"),
        ("K NOT BETWEEN 'a' AND 'c'", "quote red"),
        ("K IS NULL", "none"),
        ("K IS NOT NULL", "quote blue red"),
        ("K STARTS_WITH 're'", "red"),
        ("K STARTS_WITH ''", "quote blue red"),
        ("K NOT STARTS_WITH 're'", "quote blue"),
        ("K = 'it\\'s \\\\ %_ ? \U0001f600'", "quote"),
        ("K STARTS_WITH 'it''s \\\\ %'", "quote"),
        ("K STARTS_WITH 'it''s \\\\ _'", ""),
    ],
)
async def test_keywords(query: str, expected: str) -> None:
    quote = "it's \\ %_ ? \U0001f600"
    async with a_list(
        run("none"), run("red", {"K": "red"}), run("blue", {"K": "blue"}), run("quote", {"K": quote})
    ) as found:
        assert await found(query) == expected


@pytest.mark.parametrize(
    "query, expected",
    [
        ("L = 'one'", "a"),
        ("L = 'ONE'", ""),
        ("L != 'one'", "none b"),
        ("NOT L = 'one'", "none b"),
        ("L IN ('one', 'three')", "b a"),
        ("L NOT IN ('one', 'three')", "none"),
        ("L IS NULL", "none"),
        ("L IS NOT NULL", "b a"),
        ("L = 'say \"hi\"'", "b"),
    ],
)
async def test_keyword_lists_are_searched_and_a_run_without_one_has_none_of_the_values(
    query: str, expected: str
) -> None:
    async with a_list(
        run("a", {"L": ["one", "two"]}), run("b", {"L": ["two", "three", 'say "hi"']}), run("none")
    ) as found:
        assert await found(query) == expected


@pytest.mark.parametrize(
    "query, expected",
    [
        ("T = 'hello'", "b a"),
        ("T = 'brave nothing'", "a"),
        ("T != 'brave'", "none b"),
        ("NOT T = 'brave'", "none b"),
        ("T IS NULL", "none"),
    ],
)
async def test_texts_are_searched_for_words(query: str, expected: str) -> None:
    async with a_list(run("a", {"T": "hello brave World"}), run("b", {"T": "Hello there"}), run("none")) as found:
        assert await found(query) == expected


@pytest.mark.parametrize(
    "query, expected",
    [
        ("I = 5", "five"),
        ("I = 5.0", "five"),
        ("I != 5", "minus"),
        ("I < 5.5", "minus five"),
        ("I BETWEEN -3 AND 4", "minus"),
        ("I IN (5, 7)", "five"),
        ("I IS NULL", "none"),
        ("D > 1", "five"),
        ("D = 1.5", "five"),
        ("D < 0", "minus"),
        ("B = true", "five"),
        ("B != true", "minus"),
        ("B IN (true, FALSE)", "minus five"),
        ("B IS NULL", "none"),
        ("`odd name` = 'x'", "five"),
    ],
)
async def test_numbers_and_booleans(query: str, expected: str) -> None:
    five: Searchable = {"I": 5, "D": 1.5, "B": True, "odd name": "x"}
    async with a_list(run("five", five), run("minus", {"I": -3, "D": -1.0, "B": False}), run("none")) as found:
        assert await found(query) == expected


@pytest.mark.parametrize(
    "query, expected",
    [
        ("M = '2024-01-01T12:00:00.000001Z'", "noon"),
        ("M = '2024-01-01T12:00:00.000001999Z'", "noon"),
        ("M > '2024-01-01T12:00:00Z'", "noon"),
        ("M > '2024-01-01T12:00:00.000001Z'", ""),
        ("M >= '2024-01-01T14:00:00+02:00'", "noon"),
        ("M >= '2024-01-01'", "noon"),
        ("M < '2024-01-02'", "noon"),
        ("M <= '9999-12-31T23:59:59Z'", "noon"),
        (f"M = {NOON + 1_500}", "noon"),
        ("M IN ('2024-01-01T12:00:00.000001Z')", "noon"),
        ("M BETWEEN '2024-01-01' AND '2024-01-02'", "noon"),
        ("M IS NULL", "none"),
    ],
)
async def test_times_are_compared_by_the_microsecond(query: str, expected: str) -> None:
    async with a_list(run("none"), run("noon", {"M": NOON + 1_500})) as found:
        assert await found(query) == expected


@pytest.mark.parametrize(
    "query, expected",
    [
        ("WorkflowId = 'open'", "open"),
        ("WorkflowId STARTS_WITH 'o'", "open"),
        ("RunId = 'run-of-open'", "open"),
        ("WorkflowType = 'Order' AND TaskQueue = 'orders'", "open closed"),
        ("ExecutionStatus = 'Running'", "open"),
        ("ExecutionStatus != 'running'", "closed"),
        ("ExecutionStatus IN ('RUNNING', 7)", "open closed"),
        ("ExecutionStatus = 'TIMED_OUT'", "closed"),
        ("StartTime >= '2024-01-01T12:00:00Z'", "open closed"),
        ("CloseTime > '2024-01-01T12:00:00Z'", "closed"),
        ("CloseTime IS NULL", "open"),
        ("CloseTime != '2020-01-01'", "closed"),
        ("ExecutionDuration = '1m'", "closed"),
        ("ExecutionDuration < '00:02:00'", "closed"),
        ("ExecutionDuration IS NULL", "open"),
        ("HistoryLength = 11", "closed"),
        ("HistoryLength != 5", "closed"),
        ("HistoryLength IS NULL", "open"),
        ("HistorySizeBytes > 10 AND StateTransitionCount > 1", "closed"),
        ("ParentWorkflowId = ''", ""),
        ("ParentWorkflowId != 'x'", ""),
        ("ParentWorkflowId IS NULL AND ParentRunId IS NULL", "open closed"),
        ("RootWorkflowId = 'open'", "open"),
        ("BuildIds = 'unversioned'", "closed"),
        ("BuildIds IS NULL", "open"),
        ("ScheduleId = 'open'", "open"),
        ("TemporalWorkflowId = 'open'", "open"),
        ("ChangeVersion IS NULL", "open closed"),
        ("BatcherNamespace IS NULL", "open closed"),
    ],
)
async def test_system_attributes(query: str, expected: str) -> None:
    timed_out = closed(run("closed", {"BuildIds": ["unversioned"]}), after_s=60, status=TIMED_OUT)
    async with a_list(timed_out, run("open")) as found:
        assert await found(query) == expected


async def test_runs_of_a_division_show_only_when_asked_for() -> None:
    async with a_list(
        run("a", {"K": "TemporalNamespaceDivision"}), run("b", {"TemporalNamespaceDivision": "x"})
    ) as found:
        assert await found("") == "a"
        assert await found("WorkflowId IN ('a', 'b') OR K = 'y'") == "a"
        assert await found("TemporalNamespaceDivision = 'x'") == "b"
        assert await found("NamespaceDivision IS NULL OR NamespaceDivision IS NOT NULL") == "b a"


@pytest.mark.parametrize(
    "prefix, inside, outside",
    [
        ("a", ["a", "a\U0010ffff", "ab"], ["A", "b"]),
        ("\ud7ff", ["\ud7ff", "\ud7ffx"], ["\ue000", "\ud7fe"]),
        ("a\U0010ffff", ["a\U0010ffff", "a\U0010ffffz"], ["a", "b"]),
        ("\U0010ffff", ["\U0010ffff!"], ["z"]),
    ],
)
async def test_a_prefix_ends_where_the_next_text_begins(prefix: str, inside: list[str], outside: list[str]) -> None:
    records = [run(f"{number}", {"K": text}) for number, text in enumerate([*inside, *outside])]
    async with a_list(*records) as found:
        assert set((await found(f"K STARTS_WITH '{prefix}'")).split()) == {f"{n}" for n in range(len(inside))}


async def test_fields_of_the_real_server_name_the_attributes_that_have_them() -> None:
    fields = {"Keyword01": Attribute("K", CUSTOM["K"]), "Keyword02": Attribute("Keyword02", CUSTOM["K"])}
    attributes = Attributes(CUSTOM, fields)

    assert attributes.find("Keyword01") == attributes.find("K")
    assert attributes.find("Keyword02").name == "Keyword02"


@pytest.mark.parametrize(
    "query, text",
    [
        ("Nope = 'x'", "invalid search attribute: Nope"),
        ("k = 'x'", "invalid search attribute: k"),
        ("NamespaceId = 'x'", "invalid search attribute: NamespaceId"),
        ("`a.b` = 'x'", "invalid search attribute: a.b"),
        ("K", "invalid expression: incomplete expression"),
        (
            "K LIKE 'x'",
            "operation is not supported: operator 'LIKE' not supported for Keyword type search attribute 'K'",
        ),
        ("L > 'x'", "operation is not supported: operator '>' not supported for KeywordList type search attribute 'L'"),
        ("T IN ('x')", "operation is not supported: operator 'IN' not supported for Text type search attribute 'T'"),
        (
            "I STARTS_WITH 5",
            "operation is not supported: operator 'STARTS_WITH' not supported for Int type search attribute 'I'",
        ),
        ("T = ' '", "invalid expression: no tokens found filtering on Text type search attribute T"),
        (
            "B BETWEEN true AND false",
            "invalid expression: cannot do range condition on search attribute 'B' of type Bool",
        ),
        ("K IS TRUE", "invalid expression: 'IS' operator can only be used as 'IS NULL' or 'IS NOT NULL'"),
        ("'red' = K", "invalid expression: must be a column name but was a value"),
        ("K = ('a', 'b')", "invalid expression: operator '=' takes one value, got a list"),
        ("K = 'x' LIMIT 1", "operation is not supported: 'LIMIT' clause"),
        ("ORDER BY StartTime", "operation is not supported: 'ORDER BY' clause"),
        ("K = 'x' ORDER BY Nope", "invalid search attribute: Nope"),
        ("GROUP BY Nope", "invalid search attribute: Nope"),
        ("GROUP BY K", "operation is not supported: 'GROUP BY' clause is not supported for search attribute K"),
        ("GROUP BY ExecutionStatus, K", "operation is not supported: 'GROUP BY' clause supports only a single field"),
    ],
)
def test_refusals_are_in_the_real_servers_words(query: str, text: str) -> None:
    assert refusal(query) == text


def test_a_name_that_no_json_path_can_hold_is_refused() -> None:
    attributes = Attributes({'a"b': CUSTOM["K"]})

    with pytest.raises(InvalidArgument, match="quote or backslash"):
        compile_query(parse("`a\"b` = 'x'"), attributes, NAMESPACE)


def test_no_text_of_the_client_is_in_the_sql() -> None:
    secret = "zzsecretzz"
    query = (
        f"K = '{secret}' AND L IN ('{secret}') AND T = '{secret}' AND WorkflowId STARTS_WITH '{secret}' "
        f"AND WorkflowType BETWEEN '{secret}' AND '{secret}' AND `odd name` != '{secret}'"
    )
    where = compile_query(parse(query), ATTRIBUTES, NAMESPACE).where

    assert secret not in where.sql
    assert "odd name" not in where.sql
    assert sum(secret in str(value) for value in where.parameters.values()) >= 6


async def test_sqlite_takes_the_deepest_and_the_longest_queries() -> None:
    store = await open_sqlite(None)
    deepest = "NOT (L IN ('x') OR K = 'x' AND " * (MAX_DEPTH // 3) + "T = 'x'" + ")" * (MAX_DEPTH // 3)
    longest = " OR ".join(["L = 'x'", "T = 'x'"] * (MAX_CONDITIONS // 2))
    most_values = "WorkflowId IN (" + ",".join(["'x'"] * MAX_VALUES) + ")"
    try:
        for query in (deepest, "NOT " * MAX_DEPTH + "L = 'x'", longest, most_values):
            where = compile_query(parse(query), ATTRIBUTES, NAMESPACE).where
            assert await store.count_executions(where) == 0
    finally:
        await store.close()


NAMES = st.sampled_from(
    [*CUSTOM, "WorkflowId", "ExecutionStatus", "StartTime", "CloseTime", "ExecutionDuration", "Nope"]
)
VALUES = st.sampled_from(["'x'", "5", "-1.5", "true", "'Running'", "'2024-01-01'", "'1h'", "NULL", "K", "''"])
LEAVES = st.one_of(
    st.tuples(NAMES, st.sampled_from(["=", "!=", "<", ">=", "STARTS_WITH", "NOT STARTS_WITH"]), VALUES).map(
        lambda part: f"`{part[0]}` {part[1]} {part[2]}"
    ),
    st.tuples(NAMES, st.sampled_from(["IN", "NOT IN"]), st.lists(VALUES, min_size=1, max_size=3)).map(
        lambda part: f"`{part[0]}` {part[1]} ({', '.join(part[2])})"
    ),
    NAMES.map(lambda name: f"`{name}` IS NULL"),
    st.tuples(NAMES, VALUES, VALUES).map(lambda part: f"`{part[0]}` BETWEEN {part[1]} AND {part[2]}"),
)
QUERIES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["AND", "OR"]), inner).map(lambda part: f"({' '.join(part)})"),
        inner.map(lambda part: f"NOT ({part})"),
    ),
    max_leaves=12,
)


@settings(max_examples=50, deadline=None)
@given(query=QUERIES)
async def test_any_query_is_refused_or_runs_and_partitions_the_runs(query: str) -> None:
    async with a_list(run("a", {"K": "x", "I": 5}), closed(run("b", {"L": ["x"], "T": "x"}))) as found:
        try:
            matching = (await found(query)).split()
        except InvalidArgument:
            return
        opposite = (await found(f"NOT ({query})")).split()

        assert not set(matching) & set(opposite)
        assert {*matching, *opposite} <= {"a", "b"}
