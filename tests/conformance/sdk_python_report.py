"""What a run of the official Python SDK's own tests means: passed of required, per level, and why each gap.

Pure: text in, text out. `sdk_python.py` beside this runs the tests.

    sdk_python_tests.tsv -> required_tests -+
                                            +-> verdicts -> console_report, markdown_report
    junit XML of each round -> outcomes ----+

A test counts as passed if it passed in any round; one without any outcome (not found, session ended) failed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from xml.etree import ElementTree as ET

import msgspec

NO_OUTCOME = "no outcome: the test is not in this clone, or the session ended before it"
LINE_LIMIT = 220  # characters of an error in a report
BEGIN = "<!-- sdk-python: written by tests/conformance/sdk_python.py -->"
END = "<!-- sdk-python: end -->"


class RequiredTest(msgspec.Struct, frozen=True):
    """A test that passes on the real server, and what it asks of a server beyond starting and completing a workflow."""

    level: str
    node_id: str
    needs: tuple[str, ...]


class Outcome(msgspec.Struct, frozen=True):
    """How one test went in one round."""

    passed: bool
    first_error_line: str = ""


class Verdict(msgspec.Struct, frozen=True):
    """How one required test went over all rounds. `round_count` of a passed test is the round it passed in."""

    test: RequiredTest
    passed: bool
    round_count: int
    first_error_line: str


class Occasion(msgspec.Struct, frozen=True):
    """When and on what the tests ran: the head of a written report."""

    date: str
    server: str
    clone: str
    seconds: float


JunitKey = tuple[str, str]  # (classname, name) of a <testcase>


def required_tests(table: str, levels: Iterable[str] | None = None) -> list[RequiredTest]:
    """The rows of `sdk_python_tests.tsv` that belong to `levels` (None: all).

    Raises:
        ValueError: a level that no row has; a row without its three columns; a test listed twice.
    """
    rows = [line.split("\t") for line in table.splitlines()[1:]]
    tests = [_required_test(row) for row in rows]
    if len({test.node_id for test in tests}) != len(tests):
        raise ValueError("a test is listed twice")
    if levels is None:
        return tests
    wanted = set(levels)
    if unknown := wanted - {test.level for test in tests}:
        raise ValueError(f"expected levels of {sorted({test.level for test in tests})}, got {sorted(unknown)}")
    return [test for test in tests if test.level in wanted]


def _required_test(row: Sequence[str]) -> RequiredTest:
    if len(row) != 3:
        raise ValueError(f"expected level, node id and needs, got {row}")
    level, node_id, needs = row
    return RequiredTest(level, node_id, tuple(needs.split()))


def junit_key(node_id: str) -> JunitKey:
    """The name under which pytest's junit report holds a test: parameters may contain `::`, classes precede them."""
    head, bracket, parameters = node_id.partition("[")
    path, *classes, name = head.split("::")
    module = path.removesuffix(".py").replace("/", ".")
    return ".".join([module, *classes]), name + bracket + parameters


def outcomes(junit_xml: str) -> dict[JunitKey, Outcome]:
    """Outcomes by test. A test appears twice where its body and its teardown both failed: the first error stays."""
    found: dict[JunitKey, Outcome] = {}
    for case in ET.fromstring(junit_xml).iter("testcase"):
        key = (case.get("classname", ""), case.get("name", ""))
        if key not in found or found[key].passed:
            found[key] = _outcome(case)
    return found


def _outcome(case: ET.Element) -> Outcome:
    trouble = next((child for child in case if child.tag in {"failure", "error", "skipped"}), None)
    if trouble is None:
        return Outcome(passed=True)
    line = first_error_line(trouble.get("message", ""), trouble.text or "")
    return Outcome(passed=False, first_error_line=f"skipped: {line}" if trouble.tag == "skipped" else line)


def first_error_line(message: str, traceback: str) -> str:
    """What was raised and, if it was raised from something else, the first cause: pytest prints causes first."""
    raised = message.strip().partition("\n")[0]
    causes = re.findall(r"^E[ \t]+(\S.*)$", traceback, re.MULTILINE)
    if not causes or causes[0][:60] in raised or not raised:
        return _cut(raised or (causes[0] if causes else "no message"))
    return _cut(f"{_cut(raised, LINE_LIMIT // 2)} <- {causes[0]}")


def _cut(line: str, limit: int = LINE_LIMIT) -> str:
    return line if len(line) <= limit else line[: limit - 1] + "…"


def verdicts(tests: Iterable[RequiredTest], rounds: Sequence[Mapping[JunitKey, Outcome]]) -> list[Verdict]:
    """One verdict per required test. The error reported is that of the last round that had an outcome."""
    return [_verdict(test, rounds) for test in tests]


def _verdict(test: RequiredTest, rounds: Sequence[Mapping[JunitKey, Outcome]]) -> Verdict:
    key = junit_key(test.node_id)
    error = NO_OUTCOME
    for number, outcome_of in enumerate(rounds, 1):
        outcome = outcome_of.get(key)
        if outcome is not None and outcome.passed:
            return Verdict(test, passed=True, round_count=number, first_error_line="")
        error = outcome.first_error_line if outcome is not None else error
    return Verdict(test, passed=False, round_count=len(rounds), first_error_line=error)


def counts(all_verdicts: Iterable[Verdict]) -> dict[str, tuple[int, int]]:
    """(passed, required) by level, in the order of levels, and at last under `total`."""
    by_level: dict[str, tuple[int, int]] = {}
    for verdict in sorted(all_verdicts, key=lambda verdict: verdict.test.level):
        for name in (verdict.test.level, "total"):
            passed, required = by_level.get(name, (0, 0))
            by_level[name] = (passed + verdict.passed, required + 1)
    total = by_level.pop("total", (0, 0))
    return {**by_level, "total": total}


def reaches(all_verdicts: Sequence[Verdict], *, missing_percent: float) -> bool:
    """Whether at most `missing_percent` of the required tests failed. Nothing required is nothing reached."""
    missing = sum(not verdict.passed for verdict in all_verdicts)
    return bool(all_verdicts) and missing * 100 <= missing_percent * len(all_verdicts)


def console_report(all_verdicts: Sequence[Verdict]) -> str:
    """Each gap with its first error line, tests that needed another round, then the counts: the gist stands last."""
    lines: list[str] = []
    for verdict in all_verdicts:
        if not verdict.passed:
            lines += [f"{verdict.test.level} {verdict.test.node_id}", f"     {verdict.first_error_line}"]
            lines += [f"     needs {' '.join(verdict.test.needs)}"] if verdict.test.needs else []
    again = [verdict for verdict in all_verdicts if verdict.passed and verdict.round_count > 1]
    lines += [f"passed in round {verdict.round_count}: {verdict.test.node_id}" for verdict in again]
    lines += [f"{level:5} {passed}/{required}" for level, (passed, required) in counts(all_verdicts).items()]
    return "\n".join(lines)


def markdown_report(all_verdicts: Sequence[Verdict], occasion: Occasion) -> str:
    """The same for `docs/conformance.md`: head, table of levels, table of gaps; between the two marks."""
    again = sum(verdict.passed and verdict.round_count > 1 for verdict in all_verdicts)
    lines = [
        BEGIN,
        f"Run on {occasion.date} in {occasion.seconds / 60:.1f} minutes: {occasion.clone} against {occasion.server}.",
        f"Required are the tests that pass on the real server. {again} of those that passed did so when run again.",
        "",
        "| level | passed | required |",
        "|---|---|---|",
    ]
    lines += [f"| {level} | {passed} | {required} |" for level, (passed, required) in counts(all_verdicts).items()]
    gaps = [verdict for verdict in all_verdicts if not verdict.passed]
    if gaps:
        lines += ["", "| gap | level | first error | needs |", "|---|---|---|---|"]
        lines += [_gap_row(verdict) for verdict in gaps]
    return "\n".join([*lines, END, ""])


def _gap_row(verdict: Verdict) -> str:
    test = verdict.test
    name, error, needs = (_cell(text) for text in (test.node_id, verdict.first_error_line, " ".join(test.needs)))
    return f"| `{name}` | {test.level} | {error} | {needs} |"


def _cell(text: str) -> str:
    """Text that can't end a table cell or open a tag."""
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def put_into(page: str, report: str) -> str:
    """`page` with the part between the marks replaced by `report`; appended where the marks are missing.

    What people write around the marks, such as the reason of each gap, stays.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        return f"{page.rstrip()}\n\n{report}" if page.strip() else report
    return before + report.rstrip("\n") + after
