"""From what the reader asked for to one query of the API, and back from an error to its place."""

from __future__ import annotations

import pytest

from mainspring.server.ui.filters import Filter, Mistake, filter_of, quoted, toggled
from mainspring.server.ui.page import Fields
from mainspring.server.visibility.syntax import unquoted

NOW = 1_795_675_512_345_678_900  # 2026-11-26T06:45:12 and a bit


@pytest.mark.parametrize(
    "given, text",
    [
        (Filter(), ""),
        (Filter(query="  A = 1 "), "A = 1"),
        (Filter(statuses=("Failed",)), 'ExecutionStatus = "Failed"'),
        (Filter(statuses=("Failed", "TimedOut")), 'ExecutionStatus IN ("Failed", "TimedOut")'),
        (Filter(query="A = 1 OR B = 2", workflow_type='a"b\\'), '(A = 1 OR B = 2) AND WorkflowType = "a\\"b\\\\"'),
        (Filter(query="A = 1 -- why", statuses=("Failed",)), '(A = 1 -- why\n) AND ExecutionStatus = "Failed"'),
        (Filter(query="A = 1", is_stuck=True), '(A = 1) AND ExecutionStatus IN ("Running", "Paused")'),
        (Filter(since="1h"), 'StartTime >= "2026-11-26T05:45:00.000Z"'),
    ],
)
def test_a_filter_is_one_query(given: Filter, text: str) -> None:
    assert given.fixed(NOW).text() == text


def test_counts_by_status_leave_the_chosen_statuses_out() -> None:
    given = Filter(query="A = 1", statuses=("Failed",))
    assert given.text(with_status=False) == "A = 1"


def test_a_moving_span_stands_still_within_a_minute() -> None:
    given = Filter(since="24h")
    assert given.fixed(NOW) == given.fixed(NOW + 40_000_000_000) != given.fixed(NOW + 60_000_000_000)


def test_a_query_string_holds_all_of_a_filter() -> None:
    given = Filter(query="A = 1", statuses=("Running", "Failed"), workflow_type="Order", since="7d")
    items = [
        (name, each)
        for name, value in given.fields().items()
        for each in ((value,) if isinstance(value, str) else value)
        if each
    ]
    assert filter_of(Fields(items)) == given


def test_what_is_no_status_or_span_is_dropped() -> None:
    assert filter_of(Fields([("status", "<b>"), ("since", "1y")])).is_empty


def test_a_status_is_switched_on_and_off() -> None:
    on = toggled(Filter(statuses=("Failed",)), "Running")
    assert on.statuses == ("Running", "Failed")
    assert toggled(on, "Running").statuses == ("Failed",)
    assert toggled(Filter(is_stuck=True), "Failed") == Filter(statuses=("Failed",))


@pytest.mark.parametrize(
    "query, position, marked",
    [
        ("A == 1", 32, Mistake("A =", "=", " 1")),
        ("A = 1 ANDD B = 2", 38, Mistake("A = 1 ", "ANDD", " B = 2")),
        ("ü = 1 ANDD B", 39, Mistake("ü = 1 ", "ANDD", " B")),
        ("A = 1", 99, Mistake("A = ", "1", "")),
    ],
)
def test_a_position_in_the_services_statement_is_one_in_the_readers_query(
    query: str, position: int, marked: Mistake
) -> None:
    message = f"invalid query: malformed SQL query: syntax error at position {position} near 'x'"
    assert Filter(query=query).mistake(message) == marked
    joined = message.replace(str(position), str(position + 1))  # the parenthesis before it
    assert Filter(query=query, statuses=("Failed",)).mistake(joined) == marked


def test_an_error_without_a_place_marks_nothing() -> None:
    assert Filter(query="Nope = 1").mistake("invalid query: column name 'Nope' is not a valid search attribute") is None


@pytest.mark.parametrize("text", ["", "plain", 'a"b', "back\\slash", "both\\\"'", "ü\n"])
def test_a_quoted_text_is_read_back_as_it_was(text: str) -> None:
    assert unquoted(quoted(text)) == text
