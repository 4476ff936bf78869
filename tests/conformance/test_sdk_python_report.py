"""Reports about the official Python SDK's tests: from a table and junit XML to counts, gaps and a page."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.sdk_python_report import (
    BEGIN,
    END,
    NO_OUTCOME,
    Occasion,
    Outcome,
    RequiredTest,
    Verdict,
    console_report,
    counts,
    first_error_line,
    junit_key,
    markdown_report,
    outcomes,
    put_into,
    reaches,
    required_tests,
    verdicts,
)

TABLE = (
    "level\tnode_id\tneeds\n"
    "L0\ttests/test_a.py::test_one\t\n"
    "L2\ttests/b/test_b.py::test_two[x]\tQueryWorkflow START_TIMER\n"
)
ONE = RequiredTest("L0", "tests/test_a.py::test_one", ())
TWO = RequiredTest("L2", "tests/b/test_b.py::test_two[x]", ("QueryWorkflow", "START_TIMER"))
ONE_KEY, TWO_KEY = junit_key(ONE.node_id), junit_key(TWO.node_id)
PASSED = Outcome(passed=True)
OCCASION = Occasion(date="2026-11-25", server="a server", clone="sdk-python at abc", seconds=90)


def failed(line: str) -> Outcome:
    return Outcome(passed=False, first_error_line=line)


def gap(test: RequiredTest, line: str) -> Verdict:
    return Verdict(test, passed=False, round_count=3, first_error_line=line)


def junit(*cases: str) -> str:
    return f"<testsuites><testsuite>{''.join(cases)}</testsuite></testsuites>"


def case(name: str, inside: str = "") -> str:
    return f'<testcase classname="tests.b.test_b" name="{name}">{inside}</testcase>'


def test_table_rows_become_required_tests() -> None:
    assert required_tests(TABLE) == [ONE, TWO]


def test_levels_choose_rows() -> None:
    assert required_tests(TABLE, ["L2"]) == [TWO]


def test_a_level_that_no_row_has_is_refused() -> None:
    with pytest.raises(ValueError, match=r"got \['L7'\]"):
        required_tests(TABLE, ["L2", "L7"])


@pytest.mark.parametrize(
    "row, complaint",
    [
        ("L0\ttests/test_a.py::test_one\t", "listed twice"),
        ("L1\ttests/test_c.py::test_three", "level, node id and needs"),
    ],
)
def test_a_wrong_row_is_refused(row: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        required_tests(f"{TABLE}{row}\n")


def test_the_stored_table_holds_the_411_tests() -> None:
    tests = required_tests(Path(__file__).with_name("sdk_python_tests.tsv").read_text("utf-8"))

    assert counts(verdicts(tests, [])) == {
        "L0": (0, 13),
        "L1": (0, 160),
        "L2": (0, 130),
        "L3": (0, 108),
        "total": (0, 411),
    }
    assert len({junit_key(test.node_id) for test in tests}) == 411


@pytest.mark.parametrize(
    "node_id, key",
    [
        ("tests/b/test_b.py::test_two", ("tests.b.test_b", "test_two")),
        ("tests/test_a.py::TestThing::test_two", ("tests.test_a.TestThing", "test_two")),
        ("tests/test_a.py::test_two[a::b/c.py-[x]]", ("tests.test_a", "test_two[a::b/c.py-[x]]")),
    ],
)
def test_node_id_names_its_testcase(node_id: str, key: tuple[str, str]) -> None:
    assert junit_key(node_id) == key


def test_a_testcase_passes_unless_something_is_said_against_it() -> None:
    report = junit(
        case("test_passes", "<system-out>talk</system-out>"),
        case("test_fails", '<failure message="AssertionError: no&#10;more">E   AssertionError: no</failure>'),
        case("test_errs", '<error message="failed on setup">x</error>'),
        case("test_skips", '<skipped message="not today">x</skipped>'),
    )

    assert {name: outcome for (_, name), outcome in outcomes(report).items()} == {
        "test_passes": PASSED,
        "test_fails": failed("AssertionError: no"),
        "test_errs": failed("failed on setup"),
        "test_skips": failed("skipped: not today"),
    }


def test_an_error_in_teardown_does_not_hide_the_failure_before_it() -> None:
    report = junit(
        case("test_two[x]", '<failure message="the failure"/>'), case("test_two[x]", '<error message="the teardown"/>')
    )

    assert outcomes(report) == {TWO_KEY: failed("the failure")}


def test_an_error_in_teardown_fails_a_test_whose_body_passed() -> None:
    assert outcomes(junit(case("test_two[x]"), case("test_two[x]", '<error message="late"/>'))) == {
        TWO_KEY: failed("late")
    }


@pytest.mark.parametrize(
    "message, traceback, line",
    [
        ("ValueError: bad\nmore", "    raise\nE   ValueError: bad\nE   more", "ValueError: bad"),
        ("Failed: outer", "E   RPCError: inner\n\nThe above...\nE   Failed: outer", "Failed: outer <- RPCError: inner"),
        ("", "E   \nE   KeyError: 1", "KeyError: 1"),
        ("", "", "no message"),
    ],
)
def test_first_error_line_names_what_was_raised_and_its_cause(message: str, traceback: str, line: str) -> None:
    assert first_error_line(message, traceback) == line


def test_a_long_error_is_cut() -> None:
    line = first_error_line("x" * 500, "E   " + "y" * 500)

    assert len(line) == 220
    assert line.startswith("x" * 100)
    assert "… <- yyy" in line


def test_a_test_passes_if_it_passed_in_any_round() -> None:
    rounds = [{ONE_KEY: PASSED, TWO_KEY: failed("first")}, {TWO_KEY: PASSED}]

    assert verdicts([ONE, TWO], rounds) == [Verdict(ONE, True, 1, ""), Verdict(TWO, True, 2, "")]


def test_a_gap_reports_the_error_of_its_last_round() -> None:
    rounds = [{TWO_KEY: failed("first")}, {TWO_KEY: failed("second")}, {}]

    assert verdicts([TWO], rounds) == [gap(TWO, "second")]


def test_a_test_without_outcome_is_a_gap() -> None:
    assert verdicts([ONE], [{TWO_KEY: PASSED}]) == [Verdict(ONE, False, 1, NO_OUTCOME)]


def test_counts_are_per_level_and_total() -> None:
    found = [Verdict(TWO, True, 1, ""), Verdict(ONE, True, 1, ""), gap(TWO, "x")]

    assert list(counts(found).items()) == [("L0", (1, 1)), ("L2", (1, 2)), ("total", (2, 3))]


@pytest.mark.parametrize("gap_count, reached", [(0, True), (8, True), (9, False)])
def test_two_percent_of_411_is_eight_gaps(gap_count: int, reached: bool) -> None:
    found = [gap(ONE, "x")] * gap_count + [Verdict(ONE, True, 1, "")] * (411 - gap_count)

    assert reaches(found, missing_percent=2) is reached


def test_nothing_required_is_not_reached() -> None:
    assert not reaches([], missing_percent=2)


def test_console_report_lists_gaps_then_reruns_then_counts() -> None:
    found = [gap(TWO, "RPCError: no"), Verdict(ONE, True, 2, "")]

    assert console_report(found).splitlines() == [
        "L2 tests/b/test_b.py::test_two[x]",
        "     RPCError: no",
        "     needs QueryWorkflow START_TIMER",
        "passed in round 2: tests/test_a.py::test_one",
        "L0    1/1",
        "L2    0/1",
        "total 1/2",
    ]


def test_markdown_report_is_marked_and_escaped() -> None:
    report = markdown_report([gap(TWO, "a | b <c>"), Verdict(ONE, True, 2, "")], OCCASION)

    assert report.startswith(BEGIN)
    assert report.endswith(END + "\n")
    assert "Run on 2026-11-25 in 1.5 minutes: sdk-python at abc against a server." in report
    assert "1 of those that passed did so when run again." in report
    assert "| total | 1 | 2 |" in report
    assert "| `tests/b/test_b.py::test_two[x]` | L2 | a \\| b &lt;c> | QueryWorkflow START_TIMER |" in report


def test_markdown_report_without_gaps_has_no_table_of_them() -> None:
    assert "| gap |" not in markdown_report([Verdict(ONE, True, 1, "")], OCCASION)


def test_a_page_keeps_what_people_wrote_around_the_report() -> None:
    old = put_into("# Conformance\n\nBefore.", f"{BEGIN}\nold\n{END}\n") + "\nAfter.\n"

    page = put_into(old, f"{BEGIN}\nnew\n{END}\n")

    assert page == f"# Conformance\n\nBefore.\n\n{BEGIN}\nnew\n{END}\n\nAfter.\n"


def test_an_empty_page_becomes_the_report() -> None:
    assert put_into("", "report\n") == "report\n"
