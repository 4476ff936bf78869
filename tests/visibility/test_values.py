"""Literals as values: times, durations, statuses and numbers, each in all its spellings, and what is no value."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from temporalio.api.enums.v1 import WorkflowExecutionStatus

from mainspring.server.engine.errors import InvalidArgument
from mainspring.server.visibility.conditions import Column, Null, Number, Operand, Text, Truth, Values
from mainspring.server.visibility.values import duration_ns_of, micros_of, status_name, value_of
from tests.visibility.rows import ATTRIBUTES

STATUS = ATTRIBUTES.find("ExecutionStatus")
DURATION = ATTRIBUTES.find("ExecutionDuration")
HOUR_NS = 3_600 * 1_000_000_000


def refusal(name: str, literal: Operand) -> str:
    with pytest.raises(InvalidArgument) as refused:
        value_of(ATTRIBUTES.find(name), literal)
    return refused.value.message.removeprefix("invalid query: ")


@pytest.mark.parametrize(
    "text, micros",
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01", 0),
        ("1970-01-01T00:00:01.5Z", 1_500_000),
        ("1970-01-01T00:00:00.000001999Z", 1),
        ("1969-12-31T23:59:59.999999Z", -1),
        ("1970-01-01T02:00:00+02:00", 0),
        ("1969-12-31T19:30:00-04:30", 0),
        ("9999-12-31T23:59:59.999999999Z", 253_402_300_799_999_999),
        ("0001-01-01T00:00:00+14:00", -62_135_646_800_000_000 + 50_000_000_000 - 50_400_000_000),
    ],
)
def test_times(text: str, micros: int) -> None:
    assert micros_of(text) == micros


@pytest.mark.parametrize(
    "text",
    [
        *("", "x", "2024", "2024-13-01", "2024-02-30T00:00:00Z", "2024-01-01T24:00:00Z", "2024-01-01T00:00:60Z"),
        *("2024-01-01T00:00:00", "2024-01-01 00:00:00Z", "2024-01-01T00:00Z", "2024-01-01T00:00:00+0200"),
        *("2024-01-01t00:00:00z", "2024-01-01T00:00:00+02:60", "\u0662024-01-01"),
    ],
)
def test_what_is_no_time(text: str) -> None:
    assert micros_of(text) is None
    assert refusal("StartTime", Text(text)) == f"invalid expression: unable to parse datetime '{text}'"


@pytest.mark.parametrize(
    "text, nanos",
    [
        ("5", 5),
        ("-5", -5),
        ("1h30m", HOUR_NS * 3 // 2),
        ("1.5h", HOUR_NS * 3 // 2),
        ("-1h", -HOUR_NS),
        ("1d", 24 * HOUR_NS),
        (".5s", 500_000_000),
        ("300ms", 300_000_000),
        ("1us", 1_000),
        ("1µs", 1_000),
        ("1ns", 1),
        ("01:30:00", HOUR_NS * 3 // 2),
        ("100:00:00", 100 * HOUR_NS),
    ],
)
def test_durations(text: str, nanos: int) -> None:
    assert duration_ns_of(text) == value_of(DURATION, Text(text)) == nanos


@pytest.mark.parametrize(
    "text", ["", "x", "1 h", "1h 30m", "1:2", "01:60:00", "00:00:60", "99999999999999999999", "9" * 5_000, "300000d"]
)
def test_what_is_no_duration(text: str) -> None:
    expected = f"invalid expression: invalid duration value for search attribute ExecutionDuration: {text}"

    assert duration_ns_of(text) is None
    assert refusal("ExecutionDuration", Text(text)) == expected


@pytest.mark.parametrize("status", [each for each in WorkflowExecutionStatus.values() if each])
def test_a_status_is_known_by_number_and_by_name_in_any_case(status: int) -> None:
    name = status_name(status)
    long_name = WorkflowExecutionStatus.Name(WorkflowExecutionStatus.ValueType(status))
    spellings = [name, name.lower(), name.upper(), long_name, long_name.removeprefix("WORKFLOW_EXECUTION_STATUS_")]

    assert {value_of(STATUS, Text(spelling)) for spelling in spellings} == {status}
    assert value_of(STATUS, Number(str(status))) == status


def test_what_is_no_status() -> None:
    assert refusal("ExecutionStatus", Text("Open")) == "invalid expression: invalid ExecutionStatus value 'Open'"
    assert refusal("ExecutionStatus", Number("77")) == "invalid expression: invalid ExecutionStatus value 77"
    assert "unexpected value type float64" in refusal("ExecutionStatus", Number("1.5"))


@pytest.mark.parametrize(
    "digits, value",
    [
        ("5", 5),
        ("-9223372036854775808", -(2**63)),
        ("9223372036854775808", 2.0**63),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("5.", 5.0),
    ],
)
def test_numbers(digits: str, value: float) -> None:
    read = value_of(ATTRIBUTES.find("I"), Number(digits))

    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize("digits", ["0x10", "1e999", "9" * 401])
def test_what_is_no_number(digits: str) -> None:
    assert refusal("I", Number(digits)) == f'invalid expression: unable to parse value "{digits}"'


@pytest.mark.parametrize(
    "name, kind, literal, shown",
    [
        ("K", "Keyword", Number("5"), "5 (type: int64)"),
        ("K", "Keyword", Number("5.5"), "5.5 (type: float64)"),
        ("K", "Keyword", Truth(is_true=True), "true (type: bool)"),
        ("L", "KeywordList", Number("5"), "5 (type: int64)"),
        ("T", "Text", Number("5"), "5 (type: int64)"),
        ("I", "Int", Text("5"), '"5" (type: string)'),
        ("I", "Int", Truth(is_true=True), "true (type: bool)"),
        ("D", "Double", Text("1.5"), '"1.5" (type: string)'),
        ("B", "Bool", Text("true"), '"true" (type: string)'),
        ("B", "Bool", Number("1"), "1 (type: int64)"),
        ("M", "Datetime", Number("1.5"), "1.5 (type: float64)"),
        ("M", "Datetime", Truth(is_true=True), "true (type: bool)"),
        ("ExecutionStatus", "Keyword", Truth(is_true=True), "true (type: bool)"),
        ("ExecutionDuration", "Int", Truth(is_true=True), "true (type: bool)"),
    ],
)
def test_a_value_of_a_wrong_type_is_told_in_the_real_servers_words(
    name: str, kind: str, literal: Operand, shown: str
) -> None:
    expected = f"invalid expression: invalid value type for search attribute {name} of type {kind}: {shown}"

    assert refusal(name, literal) == expected


def test_what_is_no_value_at_all() -> None:
    assert refusal("K", Column("red")) == (
        "operation is not supported: column name on the right side of comparison expression "
        '(did you forget to quote "red"?)'
    )
    assert "use IS NULL" in refusal("K", Null())
    assert "a list of values" in refusal("K", Values((), 0))


@given(name=st.sampled_from(["K", "I", "M", "ExecutionDuration", "ExecutionStatus"]), text=st.text(max_size=30))
def test_any_text_is_a_value_or_refused(name: str, text: str) -> None:
    try:
        value = value_of(ATTRIBUTES.find(name), Text(text))
    except InvalidArgument:
        value = None

    assert value is None or isinstance(value, str) == (name == "K")
